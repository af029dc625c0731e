"""What applying a batch reads and writes: messages, threads, customers, timeline, live events."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from pymongo import DeleteOne, UpdateMany, UpdateOne

from inbox.conversations.changes import Change, KeepMessage
from inbox.conversations.model import IdentityRef
from inbox.conversations.nesting import joined
from inbox.conversations.sheet import Document, Sheet, Tracked
from inbox.mongo.client import Collection as MongoCollection
from inbox.mongo.client import Mongo, Session
from inbox.mongo.due import due
from inbox.search.tokens import FIELD, customer_tokens, message_tokens

_QUOTED_AFTER = timedelta(minutes=-5)
"""Nobody quotes a message before it was written, but clocks differ."""


class Written(NamedTuple):
    """When a customer wrote."""

    first: datetime | None
    last: datetime | None


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

    async def aliases(self, keys: Collection[str], session: Session) -> list[Document]:
        """Those of these platform messages that are parts of ours."""
        return await self._by_id(self._mongo["platform_ids"], keys, session)

    async def pending(self, thread_ids: Collection[str], session: Session) -> list[Document]:
        """Messages of ours that an echo may still be of; index (conversation_id, seq), partial."""
        if not thread_ids:
            return []
        query = {"conversation_id": {"$in": list(thread_ids)}, "pending": True}
        return await self._mongo["messages"].find(query, session=session).to_list(None)

    async def newest(
        self, conversation_id: str, *, but: Collection[str], session: Session
    ) -> Document | None:
        """The newest message of a thread that was said to the customer or by them."""
        return await self._mongo["messages"].find_one(
            {
                "conversation_id": conversation_id,
                "at": {"$type": "date"},
                "internal": {"$ne": True},
                "_id": {"$nin": list(but)},
            },
            sort=[("at", -1), ("_id", -1)],
            session=session,
        )

    async def threads(self, ids: Collection[str], session: Session) -> list[Document]:
        return await self._by_id(self._mongo["conversations"], ids, session)

    async def people(self, identity_ids: Collection[str], session: Session) -> list[Document]:
        """The customers that have one of these channel identities; index (identities.id)."""
        if not identity_ids:
            return []
        query = {"identities.id": {"$in": list(identity_ids)}}
        return await self._mongo["customers"].find(query, session=session).to_list(None)

    async def in_their_threads(
        self, changes: Sequence[Change], session: Session
    ) -> Sequence[Change]:
        """Replies to replies in the thread of the comment that began it all.

        The platform names the comment that was replied to, and no root: a reply to a reply looks
        like the start of a thread of its own.
        """
        replied_to = {
            change.reply_to.id
            for change in changes
            if isinstance(change, KeepMessage)
            and change.thread.kind == "comment"
            and change.reply_to is not None
        }
        if not replied_to:
            return changes
        return joined(changes, await self._roots(replied_to, session))

    async def _roots(self, ids: Collection[str], session: Session) -> dict[str, str]:
        """The platform's ids of the comments that began the threads of these comments."""
        aliases = await self.aliases(ids, session)
        threads = {one["_id"]: one["conversation_id"] for one in aliases}
        for one in await self.messages(ids, session):
            if one.get("conversation_id") is not None:
                threads[one["_id"]] = one["conversation_id"]
        known = await self.threads(set(threads.values()), session)
        roots = {one["_id"]: one["external_id"] for one in known if one["kind"] == "comment"}
        return {id_: roots[thread] for id_, thread in threads.items() if thread in roots}

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

    async def replied_at(
        self, conversation_id: str, *, but: Collection[str], session: Session
    ) -> datetime | None:
        """When a person of the shop last answered; index (conversation_id, -at, -seq)."""
        found = await self._mongo["messages"].find_one(
            {
                "conversation_id": conversation_id,
                "at": {"$type": "date"},
                "direction": "out",
                "author.kind": "staff",
                "internal": {"$ne": True},
                "cancelled": {"$ne": True},
                "_id": {"$nin": list(but)},
            },
            {"at": 1},
            sort=[("at", -1)],
            session=session,
        )
        return None if found is None else found["at"]

    async def written_at(
        self,
        conversation_id: str,
        *,
        but: Collection[str],
        after: datetime | None,
        session: Session,
    ) -> Written:
        """When the customer first wrote after `after`, and last at all; same index."""
        written = {
            "conversation_id": conversation_id,
            "at": {"$type": "date"},
            "direction": "in",
            "_id": {"$nin": list(but)},
        }
        later = written if after is None else {**written, "at": {"$gt": after}}
        find = self._mongo["messages"].find_one
        first = await find(later, {"at": 1}, sort=[("at", 1)], session=session)
        last = await find(written, {"at": 1}, sort=[("at", -1)], session=session)
        return Written(None if first is None else first["at"], None if last is None else last["at"])

    async def write(self, sheet: Sheet, live_events: Sequence[Document], session: Session) -> None:
        """Everything that changed. Repeating it on what it left behind writes nothing."""
        _index(sheet.messages.values(), message_tokens)
        _index(sheet.customers.values(), customer_tokens)
        await self._forget_gone(sheet, session)
        await self._write("messages", sheet.messages.values(), session)
        await self._write("conversations", sheet.threads.values(), session)
        await self._write("customers", sheet.customers.values(), session)
        await self._add("interactions", _if_absent(sheet.interactions.values()), session)
        await self._add("automation_answers", _if_absent(sheet.answers.values()), session)
        await self._add("account_events", _if_absent(sheet.account_events.values()), session)
        await self._add("erasures", _erasures(sheet), session)
        await self._write("platform_ids", sheet.aliases.values(), session)
        await self._add("platform_ids", [DeleteOne({"_id": id_}) for id_ in sheet.parted], session)
        if live_events:
            await self._mongo["live_events"].insert_many(live_events, session=session)

    async def _forget_gone(self, sheet: Sheet, session: Session) -> None:
        """What was kept under platform ids that are known as ours now, and what quotes them.

        Written even where nothing was: a fact about that id that is being applied right now
        inserts a placeholder, and only a write of the same id makes the transactions collide.
        """
        placeholders, removals = list[UpdateOne](), list[DeleteOne]()
        quotes: list[UpdateMany] = []
        for key, kept in sheet.gone.items():
            alias = sheet.aliases[key]
            ours = sheet.messages[alias.get("message_id")]
            if kept is None or not kept.stored:
                gone = {"$set": {"gone": True}}
                placeholders.append(UpdateOne({"_id": key}, gone, upsert=True))
            removals.append(DeleteOne({"_id": key}))
            quoting = {
                "conversation_id": alias.get("conversation_id"),
                "at": {"$gte": ours.get("at") + _QUOTED_AFTER},
                "reply_to": key,
            }
            quotes.append(UpdateMany(quoting, {"$set": {"reply_to": ours.id}}))
        await self._add("messages", placeholders, session)
        await self._add("messages", [*removals, *quotes], session)

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

    async def _add(
        self,
        collection: str,
        updates: Sequence[UpdateOne | UpdateMany | DeleteOne],
        session: Session,
    ) -> None:
        if updates:
            await self._mongo[collection].bulk_write(updates, ordered=False, session=session)


def _index(changed: Iterable[Tracked], tokens: Callable[[Document], list[str]]) -> None:
    """Have what is written found by the words that it has now."""
    for one in changed:
        if one.changed or not one.stored:
            one.put(FIELD, tokens(one.document) or None)


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
