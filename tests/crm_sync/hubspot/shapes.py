"""What the pretended HubSpot's answers look like.

Source: https://developers.hubspot.com/docs/api-reference/crm-contacts-v3/guide
"""

from typing import Any

from tests.crm_sync.hubspot.portal import HUB_ID, Thing, iso, told_times
from tests.crm_sync.hubspot.refusals import bad_request

MOST_INPUTS = 100
"""Of one batch."""


def inputs(body: Any) -> list[Any]:
    found: list[Any] = body.get("inputs") or []
    if not 1 <= len(found) <= MOST_INPUTS:
        raise bad_request(f"The maximum batch size is {MOST_INPUTS}")
    return found


def batch(results: list[Any], errors: list[Any]) -> dict[str, Any]:
    whole = {"status": "COMPLETE", "results": results}
    if not errors:
        return whole
    return {**whole, "numErrors": len(errors), "errors": errors, "_status": 207}


def absent(ids: list[str]) -> dict[str, Any]:
    message = "Could not get some CONTACT objects, they may be deleted or not exist."
    category, context = "OBJECT_NOT_FOUND", {"ids": ids}
    return {"status": "error", "category": category, "message": message, "context": context}


def told(thing: Thing, names: Any) -> dict[str, Any]:
    """Properties that do not exist are left out without a word."""
    return {
        "id": str(thing.id),
        "properties": {
            **{name: thing.properties.get(name) for name in names},
            **told_times(thing),
        },
        "createdAt": iso(thing.created),
        "updatedAt": iso(thing.changed),
        "archived": thing.archived,
        "url": f"https://app.hubspot.com/contacts/{HUB_ID}/record/0-1/{thing.id}",
    }
