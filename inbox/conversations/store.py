"""What applying a batch reads and writes: messages, threads, customers, timeline, live events."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from pymongo import UpdateOne

from inbox.conversations.model import IdentityRef
from inbox.conversations.sheet import Document, Sheet, Tracked
from inbox.mongo.client import Collection as MongoCollection
from inbox.mongo.client import Mongo, Session
from inbox.mongo.due import due


class ApplyStore:
    """Loads a sheet and writes it back, inside the transaction of one batch.

    Everything is read before anything is written, so a document that somebody else changes
    meanwhile makes the transaction collide and be repeated, never a lost update.
    """

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def tombstones(self, ids: Collection[str], session: Session) -> dict[str, datetime]:
        """Which of these people and messages were erased, and when; read by `_id`."""
        cursor = self._mongo["erased"].find({"_id": {"$in": list(ids)}}, session=session)
        return {one["_id"]: one["erased_at"] async for one in cursor}

    async def messages(self, ids: Collection[str], session: Session) -> list[Document]:
        return await self._by_id(self._mongo["messages"], ids, session)

    async def threads(self, ids: Collection[str], session: Session) -> list[Document]:
        return await self._by_id(self._mongo["conversations"], ids, session)

    async def people(self, identity_ids: Collection[str], session: Session) -> list[Document]:
        """The customers that have one of these channel identities; index (identities.id)."""
        if not identity_ids:
            return []
        query = {"identities.id": {"$in": list(identity_ids)}}
        return await self._mongo["customers"].find(query, session=session).to_list(None)

    async def _by_id(
        self, collection: MongoCollection, ids: Collection[str], session: Session
    ) -> list[Document]:
        if not ids:
            return []
        return await collection.find({"_id": {"$in": list(ids)}}, session=session).to_list(None)

    async def first_inbound_after(
        self, conversation_id: str, after: datetime, session: Session
    ) -> datetime | None:
        """When the customer first wrote after `after`; index (conversation_id, -at, -seq)."""
        found = await self._mongo["messages"].find_one(
            {"conversation_id": conversation_id, "direction": "in", "at": {"$gt": after}},
            {"at": 1},
            sort=[("at", 1)],
            session=session,
        )
        return None if found is None else found["at"]

    async def write(self, sheet: Sheet, live_events: Sequence[Document], session: Session) -> None:
        """Everything that changed. Repeating it on what it left behind writes nothing."""
        await self._write("messages", sheet.messages.values(), session)
        await self._write("conversations", sheet.threads.values(), session)
        await self._write("customers", sheet.customers.values(), session)
        await self._add("interactions", _if_absent(sheet.interactions.values()), session)
        await self._add("account_events", _if_absent(sheet.account_events.values()), session)
        await self._add("erasures", _erasures(sheet), session)
        if live_events:
            await self._mongo["live_events"].insert_many(live_events, session=session)

    async def _write(self, collection: str, tracked: Iterable[Tracked], session: Session) -> None:
        """Insert what is new, update what changed.

        Plain inserts and no upserts: the documents were read before in this transaction, and
        one that another process inserted since makes the whole transaction repeat.
        """
        new = [one.document for one in tracked if not one.stored]
        changed = [
            UpdateOne({"_id": one.id}, update)
            for one in tracked
            if one.stored and (update := one.update())
        ]
        if new:
            await self._mongo[collection].insert_many(new, session=session)
        await self._add(collection, changed, session)

    async def _add(self, collection: str, updates: Sequence[UpdateOne], session: Session) -> None:
        if updates:
            await self._mongo[collection].bulk_write(updates, ordered=False, session=session)


def _if_absent(documents: Iterable[Document]) -> list[UpdateOne]:
    """Timeline rows are never changed: the first writer of a row wins."""
    return [
        UpdateOne(
            {"_id": one["_id"]},
            {"$setOnInsert": {key: value for key, value in one.items() if key != "_id"}},
            upsert=True,
        )
        for one in documents
    ]


def _erasures(sheet: Sheet) -> list[UpdateOne]:
    return [
        UpdateOne(
            {"_id": erasure_id(person, at)},
            {
                "$setOnInsert": {
                    "identity_ids": [person.id],
                    "erase_up_to": at,
                    "requested_at": sheet.now,
                    "by": "platform",
                    "run": due(sheet.now),
                }
            },
            upsert=True,
        )
        for person, at in sheet.erasures
    ]


def erasure_id(person: IdentityRef, at: datetime) -> str:
    """One request of the platform is one erasure, however often it is delivered."""
    return f"{person.id}:{at.isoformat()}"
