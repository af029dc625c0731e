"""Finds the customer behind a phone number, an e-mail address or an id of somewhere else."""

from collections.abc import Sequence
from dataclasses import dataclass

from inbox.conversations.visibility import visible
from inbox.customers.phones import phones_in
from inbox.ids import identity_key
from inbox.mongo.client import Document, Mongo
from inbox.staff.model import Actor

MOST_LOOKED_AT = 20
"""Customers with the same phone number, say, of which the actor perhaps sees one."""


@dataclass(frozen=True, slots=True)
class Located:
    """A customer, and their newest conversation among those that the actor sees."""

    customer_id: str
    conversation_id: str


class LocatingStore:
    """Only who has a conversation that the actor sees is ever found."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def by_identifier(self, identifier: str, actor: Actor) -> Located | None:
        """By our id, also that of a merged customer, or by the id that a channel has for them.

        Index (identities.id); accounts are few.
        """
        accounts = self._mongo["accounts"].find({}, {"channel": 1, "account_id": 1})
        identities = [
            identity_key(one["channel"], one["account_id"], identifier) async for one in accounts
        ]
        redirect = await self._mongo["redirects"].find_one({"_id": identifier})
        ours = identifier if redirect is None else redirect["to"]
        return await self._newest(
            {"$or": [{"_id": ours}, {"identities.id": {"$in": identities}}]}, actor
        )

    async def by_phone(self, text: str, actor: Actor) -> Located | None:
        """By a phone number in any spelling; index (phones)."""
        phones = phones_in(text)
        return await self._newest({"phones": {"$in": phones}}, actor) if phones else None

    async def by_email(self, text: str, actor: Actor) -> Located | None:
        """By an e-mail address as it is stored, or in lower case; index (emails)."""
        spellings = sorted({text.strip(), text.strip().lower()})
        return await self._newest({"emails": {"$in": spellings}}, actor)

    async def _newest(self, query: Document, actor: Actor) -> Located | None:
        found = self._mongo["customers"].find(query, {"_id": 1}).limit(MOST_LOOKED_AT)
        ids: Sequence[str] = [one["_id"] async for one in found]
        if not ids:
            return None
        newest = await self._mongo["conversations"].find_one(
            {
                "$and": [
                    {"customer_id": {"$in": ids}, "last.at": {"$type": "date"}},
                    visible(actor),
                ]
            },
            {"customer_id": 1},
            sort=[("last.at", -1), ("_id", -1)],
        )
        return None if newest is None else Located(newest["customer_id"], newest["_id"])
