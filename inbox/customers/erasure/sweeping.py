"""Everything outside the first transaction of an erasure; each step may be repeated."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Any

from inbox.customers.erasure.files import ErasedFiles
from inbox.customers.erasure.scope import Scope
from inbox.customers.erasure.store import FOREVER, ErasureStore
from inbox.customers.erasure.traces import Mentions
from inbox.mongo.client import Document, Mongo, Session

_BATCH = 500
_PERSONAL = (
    "author.id",
    "author.name",
    "text",
    "tok",
    "edit",
    "payload",
    "referral",
    "data",
    "metadata",
    "reactions",
    "parts",
    "content",
    "copying",
)
"""Fields of a message that may hold what its author said or is called."""
_PARKED_INDEX = "parked_account__id"
"""Asked for by name: nothing but being in it is asked, and a week of bodies is the alternative."""


class Sweeping:
    """Erases what a scope names. `still_mine` is awaited between batches to keep the lease."""

    def __init__(
        self, mongo: Mongo, store: ErasureStore, still_mine: Callable[[], Awaitable[None]]
    ) -> None:
        self._mongo = mongo
        self._store = store
        self._still_mine = still_mine

    async def sweep(self, scope: Scope) -> bool:
        """Erase; False when webhook bodies that speak of the person still wait to be applied."""
        await self._delete_messages(scope)
        await self._redact_shared(scope)
        await self._clear_records(scope)
        await self._redact_applied({"subjects": {"$in": list(scope.identity_ids)}}, scope)
        return await self._redact_waiting(scope)

    async def _delete_messages(self, scope: Scope) -> None:
        """The messages of the person's own threads, ours included."""
        when: list[Document] = [{"at": {"$lte": scope.up_to}}]
        if scope.is_first_pass:  # facts whose message has not come yet
            when.append({"at": {"$exists": False}})
        query = {"conversation_id": {"$in": list(scope.conversation_ids)}, "$or": when}
        async for ids in self._message_ids(query):
            await self._forget_bodies(ids, scope)
            await self._remove(ids, scope)
        threads = {"conversation_id": {"$in": list(scope.conversation_ids)}}
        await self._mongo["platform_ids"].delete_many(threads)

    async def _remove(self, ids: list[str], scope: Scope) -> None:
        async def remove(session: Session) -> None:
            await self._mongo["messages"].delete_many({"_id": {"$in": ids}}, session=session)

        await ErasedFiles(self._mongo, scope.begun_at).go_with(ids, remove)

    async def _redact_shared(self, scope: Scope) -> None:
        """In comment threads and groups: what the person wrote, and what names them."""
        theirs: Document = {"author.id": {"$in": list(scope.identity_ids)}}
        await self._redact_messages({**theirs, "at": {"$lte": scope.up_to}}, scope)
        for pattern in scope.patterns or ():
            either = [{"text": pattern.query()}, {"edit.text": pattern.query()}]
            either.append({"author.name": pattern.query()})
            named = {"conversation_id": {"$in": list(scope.shared_ids)}, "$or": either}
            await self._redact_messages(named, scope)
        for identity_id in scope.identity_ids:
            reaction = f"reactions.{identity_id}"
            await self._mongo["messages"].update_many(
                {"conversation_id": {"$in": list(scope.shared_ids)}, reaction: {"$exists": True}},
                {"$unset": {reaction: 1}},
            )

    async def _redact_messages(self, query: Document, scope: Scope) -> None:
        async for ids in self._message_ids(query):
            await self._forget_bodies(ids, scope)
            await self._empty(ids, scope)
            await self._mongo["conversations"].update_many(
                {"_id": {"$in": list(scope.shared_ids)}, "last.message_id": {"$in": ids}},
                {"$set": {"last.text": None, "last.kind": "removed"}},
            )

    async def _empty(self, ids: list[str], scope: Scope) -> None:
        async def empty(session: Session) -> None:
            await self._mongo["messages"].update_many(
                {"_id": {"$in": ids}},
                {
                    "$set": {"attachments": [], "removed_at": scope.begun_at},
                    "$unset": dict.fromkeys(_PERSONAL, 1),
                },
                session=session,
            )

        await ErasedFiles(self._mongo, scope.begun_at).go_with(ids, empty)

    async def _message_ids(self, query: Document) -> AsyncIterator[list[str]]:
        """Ids of what matches, in batches."""
        last = ""
        while True:
            after = {"$and": [query, {"_id": {"$gt": last}}]}
            found = self._mongo["messages"].find(after, {"_id": 1}).sort("_id", 1).limit(_BATCH)
            ids: list[str] = [message["_id"] async for message in found]
            if not ids:
                return
            await self._still_mine()
            yield ids
            last = ids[-1]

    async def _forget_bodies(self, message_ids: list[str], scope: Scope) -> None:
        """Webhook bodies that name a message alone, such as an edit of it."""
        await self._store.bury(message_ids, FOREVER)
        await self._redact_applied({"subjects": {"$in": message_ids}}, scope)

    async def _clear_records(self, scope: Scope) -> None:
        people = [*scope.identity_ids, *([scope.customer_id] if scope.customer_id else ())]
        threads = [*scope.conversation_ids, *scope.shared_ids]
        about = {"$or": [{"conversation_id": {"$in": threads}}, {"customer_id": {"$in": people}}]}
        own = {"conversation_id": {"$in": list(scope.conversation_ids)}}
        ended = {"at": {"$lte": scope.up_to if scope.came_back else scope.begun_at}}
        edits = {"type": "edited", "at": {"$lte": scope.begun_at}}
        await self._mongo["interactions"].delete_many(
            {"$and": [{"$or": [own, {"customer_id": {"$in": people}}]}, {"$or": [ended, edits]}]}
        )
        await self._mongo["receipts"].delete_many({**own, **ended})
        await self._mongo["receipts"].update_many(
            {"conversation_id": {"$in": list(scope.shared_ids)}, **ended},
            {"$set": {"reason": None}},  # what a colleague wrote may name the person
        )
        await self._mongo["notices"].delete_many(
            {"conversation_id": {"$in": threads}, "at": {"$lte": scope.begun_at}}
        )
        await self._mongo["live_events"].delete_many(
            {**about, "type": {"$ne": "conversation_removed"}, "at": {"$lte": scope.begun_at}}
        )
        await self._forget_automations(people, own, scope)
        await self._mongo["merges"].delete_many({"people": {"$in": people}})
        await self._mongo["redirects"].delete_many(
            {"$or": [{"_id": {"$in": people}}, {"to": {"$in": people}}]}
        )
        await self._mongo["account_events"].update_many(
            {"subjects": {"$in": list(scope.identity_ids)}, "at": {"$lte": scope.up_to}},
            {
                "$set": {"data": {}, "redacted_at": scope.begun_at},
                "$pull": {"subjects": {"$in": list(scope.identity_ids)}},
            },
        )
        await self._mongo["audit"].update_many(
            {"target.id": {"$in": [*threads, *people]}}, {"$set": {"changes": {}}}
        )

    async def _forget_automations(self, people: list[str], own: Document, scope: Scope) -> None:
        """What ran for them, and what was still to be heeded of them.

        A platform's clock may be ahead of ours, which `up_to` knows of.
        """
        until = scope.up_to if scope.came_back else max(scope.up_to, scope.begun_at)
        theirs: Document = {"customer_id": {"$in": people}}
        await self._mongo["signals"].delete_many({**theirs, "at": {"$lte": until}})
        either = {"$or": [theirs, own]}
        await self._mongo["enrolments"].delete_many({**either, "started_at": {"$lte": until}})
        await self._forget_told(either, until)

    async def _forget_told(self, about: Document, until: datetime) -> None:
        """What programs were told of them, and were still to be told; that they took it stays."""
        await self._mongo["automation_events"].delete_many({**about, "at": {"$lte": until}})
        await self._mongo["automation_answers"].delete_many({**about, "at": {"$lte": until}})
        streams = await self._mongo["automation_streams"].distinct("_id", about)
        left = await self._mongo["automation_events"].distinct(
            "stream_id", {"stream_id": {"$in": streams}}
        )
        over = {"$in": sorted(set(streams) - set(left))}
        await self._mongo["automation_queues"].delete_many({"stream_id": over})
        await self._mongo["automation_streams"].delete_many({"_id": over})

    async def _redact_applied(self, query: Document, scope: Scope) -> None:
        """Empty applied bodies; the entry stays to tell that and when something came."""
        await self._mongo["webhook_journal"].update_many(
            {
                **query,
                "applied_at": {"$exists": True},
                "received_at": {"$lte": scope.begun_at},
                "redacted_at": {"$exists": False},
            },
            {"$set": {"body": b"", "redacted_at": scope.begun_at}},
        )

    async def _redact_waiting(self, scope: Scope) -> bool:
        """Cut the person out of parked bodies; False while unapplied ones speak of them.

        Those are left to be applied, for the sake of everybody else in them: the tombstone
        drops this person's share, and the next sweep empties them.
        """
        mentions = Mentions(scope.external_ids)
        journal = self._mongo["webhook_journal"]
        before = {"received_at": {"$lte": scope.begun_at}, "redacted_at": {"$exists": False}}
        parked = journal.find(
            {**before, "parked": {"$exists": True}}, {"body": 1}, hint=_PARKED_INDEX
        )
        async for entry in parked:
            body = bytes(entry["body"])
            if mentions.is_in(body):
                await journal.update_one(
                    {"_id": entry["_id"]}, {"$set": _cut(mentions.cut_from(body), scope)}
                )
        waiting = journal.find({**before, "apply.due_at": {"$exists": True}}, {"body": 1})
        async for entry in waiting:
            if mentions.is_in(bytes(entry["body"])):
                return False
        return True


def _cut(body: bytes, scope: Scope) -> dict[str, Any]:
    """An emptied entry is never applied again; a cut one still may be."""
    changed = "trimmed_at" if body else "redacted_at"
    return {"body": body, changed: scope.begun_at}
