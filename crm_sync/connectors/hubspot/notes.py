"""Notes of a contact. HubSpot makes one for every call, so each carries a mark of our own.

The mark is text that is not shown: markup may be cleaned away, text stays. Before a note is made
those of the contact are read, which unlike a search sees what was written a moment ago; so a note
whose answer was lost is found again.

Source: https://developers.hubspot.com/docs/api-reference/crm-notes-v3/guide
"""

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from crm_sync.connectors.errors import CrmAway, InvalidValue
from crm_sync.connectors.hubspot.client import HubSpot
from crm_sync.connectors.hubspot.values import TEXT_MAX, as_html

NOTES = "/crm/v3/objects/notes"
BODY = "hs_note_body"
_ON_CONTACT = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 202}
"""A note's link to its contact.

Source: https://developers.hubspot.com/docs/api-reference/crm-associations-v4/guide
"""
_PAGE, _BATCH = 500, 100
"""The most associations of one answer, and the most notes of one `batch/read`."""


class Notes:
    """Notes by our own id; `instance` tells them from another inbox's."""

    def __init__(self, hubspot: HubSpot, instance: str) -> None:
        self._hubspot = hubspot
        self._instance = instance

    async def put(self, contact_id: str, note_id: str, text: str, at: datetime) -> str:
        """Add the note, or replace the one that is there; its id in HubSpot.

        Raises:
            InvalidValue: it is longer than HubSpot takes. It is not cut, nor made two: either
                would be read wrong. What our own notes may hold is far less.
        """
        mark = self._mark(note_id)
        body = f'{as_html(text)}<span style="display:none">{mark}</span>'
        if len(body) > TEXT_MAX:
            raise InvalidValue("too_long", fields=(BODY,))
        properties = {BODY: body, "hs_timestamp": _time_text(at)}
        found = await self._find(contact_id, mark)
        if found is not None:
            told = await self._hubspot.patch(f"{NOTES}/{found}", {"properties": properties})
        else:
            links = [{"to": {"id": contact_id}, "types": [_ON_CONTACT]}]
            new = {"properties": properties, "associations": links}
            told = await self._hubspot.post(NOTES, new)
        if "id" not in told:
            raise CrmAway("no_note_in_the_answer")
        return str(told["id"])

    async def _find(self, contact_id: str, mark: str) -> str | None:
        async for ids in self._ids(contact_id):
            newest_first = sorted(ids, key=int, reverse=True)
            for start in range(0, len(newest_first), _BATCH):
                some = newest_first[start : start + _BATCH]
                for note in await self._read(some):
                    if mark in (note["properties"].get(BODY) or ""):
                        return str(note["id"])
        return None

    async def _ids(self, contact_id: str) -> AsyncIterator[list[str]]:
        path = f"/crm/v4/objects/contacts/{contact_id}/associations/notes"
        after: str | None = None
        while True:
            query = {"limit": str(_PAGE)} | ({"after": after} if after else {})
            told = await self._hubspot.get(path, query)
            yield [str(one["toObjectId"]) for one in told.get("results") or ()]
            following = ((told.get("paging") or {}).get("next") or {}).get("after")
            if following is None or str(following) == after:
                return
            after = str(following)

    async def _read(self, ids: list[str]) -> list[dict[str, Any]]:
        body = {"properties": [BODY], "inputs": [{"id": one} for one in ids]}
        told = await self._hubspot.post(f"{NOTES}/batch/read", body)
        return list(told.get("results") or ())

    def _mark(self, note_id: str) -> str:
        both = f"{self._instance}\0{note_id}".encode("utf-8", "replace")
        return f"chat-inbox-note-{hashlib.blake2b(both, digest_size=12).hexdigest()}"


def _time_text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
