"""Reads what a customer wrote lately, and keeps what was declined."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inbox.customers.attributes.builtin import ADDRESS
from inbox.customers.store import CustomerStore
from inbox.customers.suggesting.finding import Found, Kind, found_in
from inbox.errors import VersionClash
from inbox.mongo.client import Document, Mongo
from inbox.staff.model import Actor

LOOKED_AT = 200
"""Messages of the customer, the newest ones."""
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Something found, with the newest message that says it; `replaces` is what would go."""

    kind: Kind
    value: str
    message_id: str
    conversation_id: str
    at: datetime
    replaces: str | None = None


class SuggestionStore:
    """Nothing found is stored: reading the messages anew cannot be out of date."""

    def __init__(self, mongo: Mongo, customers: CustomerStore) -> None:
        self._mongo = mongo
        self._customers = customers

    async def of(self, customer: Document, conversation_ids: Sequence[str]) -> list[Suggestion]:
        """What these conversations of the customer tell and is neither known nor declined.

        Newest first. Index (conversation_id, -at, -seq).
        """
        query: Document = {
            "conversation_id": {"$in": list(conversation_ids)},
            "at": {"$type": "date"},
            "direction": "in",
            "removed_at": {"$exists": False},
        }
        fields = {"text": 1, "edit.text": 1, "conversation_id": 1, "at": 1}
        messages = self._mongo["messages"].find(query, fields).sort("at", -1).limit(LOOKED_AT)
        known = _known(customer)
        suggestions: dict[Found, Suggestion] = {}
        async for message in messages:
            text = message.get("edit", {}).get("text") or message.get("text") or ""
            for found in found_in(text):
                if found not in known and found not in suggestions:
                    suggestions[found] = _suggestion(found, message, customer)
        return list(suggestions.values())

    async def save(self, customer_id: str, found: Found, actor: Actor) -> Document:
        """Add it to the customer; what is there stays, but an address replaces the other.

        Raises:
            InvalidInput: the shop takes no such address (any more).
            NotFound, NotAllowed: as CustomerStore.get.
        """
        for attempt in range(1, _TRIES + 1):
            customer = await self._customers.get(customer_id, actor)
            if found in _known(customer):
                return customer
            try:
                return await self._customers.edit(
                    customer_id,
                    _with(customer, found),
                    actor,
                    version=customer.get("version", 1),
                )
            except VersionClash:
                if attempt == _TRIES:
                    raise
        raise AssertionError("unreachable")

    async def decline(self, customer_id: str, found: Found, actor: Actor) -> None:
        """Never offer it again for this customer.

        Raises:
            NotFound, NotAllowed: as CustomerStore.get.
        """
        customer = await self._customers.get(customer_id, actor)
        await self._mongo["customers"].update_one(
            {"_id": customer["_id"]},
            {"$addToSet": {"declined": {"kind": found.kind, "value": found.value}}},
        )


def _known(customer: Document) -> set[Found]:
    declined = customer.get("declined", [])
    address = customer.get("attributes", {}).get(ADDRESS)
    return {
        *(Found("phone", phone) for phone in customer.get("phones", [])),
        *(Found("email", email) for email in customer.get("emails", [])),
        *((Found("address", address),) if isinstance(address, str) else ()),
        *(Found(one["kind"], one["value"]) for one in declined),
    }


def _with(customer: Document, found: Found) -> dict[str, Any]:
    if found.kind == "phone":
        return {"phones": [*customer.get("phones", []), found.value]}
    if found.kind == "email":
        return {"emails": [*customer.get("emails", []), found.value]}
    return {f"attributes.{ADDRESS}": found.value}


def _suggestion(found: Found, message: Document, customer: Document) -> Suggestion:
    address = customer.get("attributes", {}).get(ADDRESS) if found.kind == "address" else None
    return Suggestion(
        found.kind,
        found.value,
        message["_id"],
        message["conversation_id"],
        message["at"],
        address,
    )
