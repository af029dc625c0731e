"""The webhook journal: a body is durable here before its sender is answered.

Requests that wait together are written together (group commit): one `insert_many`, acknowledged
by a majority and the journal of MongoDB, then all of them are answered.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import pymongo
import structlog
from bson import Binary, ObjectId
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from inbox import metrics
from inbox.clock import Clock
from inbox.config import JournalConfig
from inbox.errors import Unavailable
from inbox.mongo.client import Document, Mongo, Session

log = structlog.get_logger(__name__)

EntryId = ObjectId
Origin = Literal["history"]
"""Where a body comes from that no webhook brought: the platform's history, read back."""

_DUPLICATE_KEY = 11000
_LAST_SECOND = 2**32 - 1
"""That an ObjectId can hold."""
_MANY_REQUESTS = 12
"""At the same time. A thousand webhooks a second are six on an idle machine."""

_DUE_AT_ONCE = 1000
"""A week of webhooks in one update would take longer than any operation may."""

_PARKED: Document = {"parked": {"$exists": True}, "parked.account": {"$exists": True}}
"""Both, because the second lets the index of parked entries answer: (parked.account, _id)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One webhook body as it was received. `channel` is the endpoint: facebook or zalo.

    `origin` is None for what a webhook brought.
    """

    id: ObjectId
    channel: str
    body: bytes
    received_at: datetime
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class ReadBack:
    """A body in the shape of a webhook's, made of what was read back; `key` tells it apart."""

    key: str
    at: datetime
    body: bytes


@dataclass(frozen=True, slots=True)
class ParkedEvent:
    """An event of a body that could not be applied: its place, a stable reason, its account."""

    index: int
    reason: str
    account: tuple[str, str, str] | None = None
    """(account key, channel, account id) where the account is not connected."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How applying an entry ended. `subjects` are the people and messages that it speaks of.

    `redact`: it speaks of somebody who was erased since; its body must not stay.
    """

    entry_id: ObjectId
    subjects: frozenset[str] = frozenset()
    parked: tuple[ParkedEvent, ...] = ()
    redact: bool = False


@dataclass(slots=True)
class _Pending:
    entry: Entry
    kept: "asyncio.Future[None]"
    since: float


class Journal:
    """Keeps webhook bodies. `owner` names this process: entries are born leased to it.

    `on_kept` gets every batch once it is durable, `on_refused` every body that was not kept.
    """

    def __init__(
        self,
        mongo: Mongo,
        clock: Clock,
        *,
        owner: str,
        on_kept: Callable[[Sequence[Entry]], None],
        on_refused: Callable[[str, bytes], None],
        limits: JournalConfig | None = None,
    ) -> None:
        self._collection = mongo["webhook_journal"]
        self._clock = clock
        self._owner = owner
        self._on_kept = on_kept
        self._on_refused = on_refused
        self._limits = limits or JournalConfig()
        self._pending: deque[_Pending] = deque()
        self._pending_bytes = 0
        self._waiting = 0
        self._flushes: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def busy(self) -> bool:
        """Whether so many requests wait for their bodies to be written that others feel it."""
        return self._waiting >= _MANY_REQUESTS

    async def keep(self, channel: str, body: bytes) -> None:
        """Return when `body` is durable.

        Raises:
            Unavailable: the database is slow or away, or too much is waiting. The body may be
                durable all the same when the answer of the database was lost: applying a
                redelivered body changes nothing.
        """
        if self._closed or self._pending_bytes + len(body) > self._limits.pending_bytes_max:
            self._on_refused(channel, body)
            raise Unavailable
        loop = asyncio.get_running_loop()
        entry = Entry(ObjectId(), channel, body, self._clock.now())
        pending = _Pending(entry, loop.create_future(), loop.time())
        self._pending.append(pending)
        self._pending_bytes += len(body)
        self._waiting += 1
        if len(self._flushes) < self._limits.in_flight:
            flush = loop.create_task(self._flush())
            self._flushes.add(flush)
            flush.add_done_callback(self._flushes.discard)
        try:
            await pending.kept
        finally:
            self._waiting -= 1

    async def _flush(self) -> None:
        """Write what waits, batch after batch, until nothing waits."""
        while batch := self._next_batch():
            try:
                await self._write([one.entry for one in batch])
            except Exception as error:  # noqa: BLE001 - nobody may wait for an answer for ever
                # not its message, which may hold the bodies
                what = type(error).__name__
                log.warning("webhook bodies were not kept", count=len(batch), error=what)
                self._refuse(batch)
            else:
                metrics.journal_batch_size.observe(len(batch))
                for one in batch:
                    if not one.kept.done():
                        one.kept.set_result(None)
                self._on_kept([one.entry for one in batch])

    def _next_batch(self) -> list[_Pending]:
        stale_before = asyncio.get_running_loop().time() - self._limits.stale_after.total_seconds()
        batch: list[_Pending] = []
        stale: list[_Pending] = []
        while self._pending and len(batch) < self._limits.max_batch:
            one = self._pending.popleft()
            self._pending_bytes -= len(one.entry.body)
            (stale if one.since < stale_before else batch).append(one)
        self._refuse(stale)
        return batch

    def _refuse(self, batch: Sequence[_Pending]) -> None:
        for one in batch:
            if not one.kept.done():
                one.kept.set_exception(Unavailable())
        for one in batch:
            self._on_refused(one.entry.channel, one.entry.body)

    async def _write(self, entries: Sequence[Entry]) -> None:
        with pymongo.timeout(self._limits.write_timeout.total_seconds()):
            await self._collection.insert_many([self._document(e) for e in entries], ordered=False)

    def _document(self, entry: Entry) -> Document:
        return {
            "_id": entry.id,
            "channel": entry.channel,
            "body": Binary(entry.body),
            "received_at": entry.received_at,
            "apply": {
                "due_at": entry.received_at + self._limits.lease,
                "token": self._owner,
                "fence": 0,
                "attempts": 0,
            },
        }

    async def close(self) -> None:
        """Refuse new bodies and finish writing what waits."""
        self._closed = True
        while self._flushes:
            await asyncio.wait(self._flushes)


class JournalEntries:
    """Reading and marking kept entries: applied, parked, due again."""

    def __init__(self, mongo: Mongo, clock: Clock) -> None:
        self._collection = mongo["webhook_journal"]
        self._clock = clock

    async def add(self, channel: str, source: str, bodies: Sequence[ReadBack]) -> None:
        """Keep bodies that were read back, due at once and in this order, for any process.

        Their ids follow from (source, key), so that a repeat changes nothing.
        """
        if not bodies:
            return
        now = self._clock.now()
        writes = []
        for place, one in enumerate(bodies, start=1):
            due_at = now - timedelta(milliseconds=len(bodies) - place)
            entry = {
                "channel": channel,
                "body": Binary(one.body),
                "received_at": now,
                "origin": "history",
                "source": source,
                "apply": {"due_at": due_at, "fence": 0, "attempts": 0},
            }
            id_ = _entry_id(source, one)
            writes.append(UpdateOne({"_id": id_}, {"$setOnInsert": entry}, upsert=True))
        try:
            await self._collection.bulk_write(writes, ordered=False)
        except BulkWriteError as error:  # somebody else adds the same at this moment
            if any(one["code"] != _DUPLICATE_KEY for one in error.details["writeErrors"]):
                raise

    async def count_added(self, source: str) -> int:
        """How many bodies `add` has kept for this source; index (source)."""
        return await self._collection.count_documents({"source": source})

    async def mark(self, outcomes: Sequence[Outcome], *, session: Session | None = None) -> None:
        """Write how applying ended; in the transaction that applied, so both or neither hold."""
        if not outcomes:
            return
        now = self._clock.now()
        await self._collection.bulk_write(
            [
                UpdateOne({"_id": outcome.entry_id}, _mark(outcome, now), hint="_id_")
                for outcome in outcomes
            ],
            ordered=False,
            session=session,
        )

    async def renew(self, ids: Sequence[ObjectId], *, owner: str, until: datetime) -> None:
        """Keep entries that wait in this process from being taken for abandoned."""
        await self._collection.update_many(
            {"_id": {"$in": list(ids)}, "apply.token": owner},
            {"$set": {"apply.due_at": until}},
            hint="_id_",
        )

    async def release(self, ids: Sequence[ObjectId], *, owner: str) -> None:
        """Let any process take these entries at once."""
        await self.renew(ids, owner=owner, until=self._clock.now())

    async def make_due(self, query: Document) -> int:
        """Have every entry that matches applied again; the number of them. Repeating is harmless.

        Entries whose body was redacted by an erasure stay as they are.
        """
        wanted = {**query, "redacted_at": {"$exists": False}}
        due = {
            "$set": {"apply": {"due_at": self._clock.now(), "fence": 0, "attempts": 0}},
            "$unset": {"applied_at": 1, "parked": 1},
        }
        # All ids first: what is made due is applied at once, and must not be found again.
        with pymongo.timeout(None):
            ids = [one["_id"] async for one in self._collection.find(wanted, {"_id": 1})]
        count = 0
        for start in range(0, len(ids), _DUE_AT_ONCE):
            some = {**wanted, "_id": {"$in": ids[start : start + _DUE_AT_ONCE]}}
            result = await self._collection.update_many(some, due, hint="_id_")
            count += result.modified_count
        return count

    async def replay_range(self, since: datetime, until: datetime) -> int:
        """Have everything received in [since, until) applied again; the number of entries."""
        return await self.make_due({"received_at": {"$gte": since, "$lt": until}})

    async def replay_parked(self) -> int:
        """Have everything parked applied again, after a parser fix; the number of entries."""
        return await self.make_due(_PARKED)

    async def replay_one(self, entry_id: str) -> bool:
        """Have one parked entry applied again. False when there is no such parked entry."""
        if not ObjectId.is_valid(entry_id):
            return False
        query = {"_id": ObjectId(entry_id), "parked": {"$exists": True}}
        return await self.make_due(query) == 1

    async def parked_account_keys(self) -> list[str]:
        """Keys of the accounts that parked entries wait for."""
        keys = await self._collection.distinct("parked.account", _PARKED)
        return [key for key in keys if isinstance(key, str)]

    async def replay_account(self, account_key: str) -> int:
        """Have what waits for this account applied; called when it is connected."""
        return await self.make_due({"parked": {"$exists": True}, "parked.account": account_key})

    async def list_parked(self, *, after: str | None, limit: int) -> list[Document]:
        """Parked entries, newest first, without their bodies; index (parked.account, _id)."""
        query = dict(_PARKED)
        if after is not None and ObjectId.is_valid(after):
            query["_id"] = {"$lt": ObjectId(after)}
        cursor = self._collection.find(query, {"body": 0}).sort("_id", -1).limit(limit)
        return [document async for document in cursor]

    async def count_parked(self) -> int:
        return await self._collection.count_documents(_PARKED)

    async def lag(self) -> timedelta:
        """Age of the oldest entry that is not applied and not parked; zero when all are."""
        oldest = await self._collection.find_one(
            {"apply.due_at": {"$exists": True}},
            {"received_at": 1},
            sort=[("apply.due_at", 1)],
        )
        if oldest is None:
            return timedelta(0)
        lag: timedelta = self._clock.now() - oldest["received_at"]
        return max(timedelta(0), lag)


def _entry_id(source: str, body: ReadBack) -> ObjectId:
    """An id that sorts by time, as all ids of entries do."""
    digest = hashlib.blake2b(f"{source}\0{body.key}".encode(), digest_size=8).digest()
    seconds = min(max(0, int(body.at.timestamp())), _LAST_SECOND)
    return ObjectId(seconds.to_bytes(4, "big") + digest)


def _mark(outcome: Outcome, now: datetime) -> Document:
    subjects = sorted(outcome.subjects)
    if not outcome.parked:
        applied: Document = {"applied_at": now, "subjects": subjects}
        if outcome.redact:
            applied |= {"body": Binary(b""), "redacted_at": now}
        return {"$set": applied, "$unset": {"apply": 1, "parked": 1}}
    accounts = {event.account for event in outcome.parked if event.account is not None}
    parked = {
        "at": now,
        "reason": outcome.parked[0].reason,
        "events": [{"index": event.index, "reason": event.reason} for event in outcome.parked],
        "account": sorted(key for key, _, _ in accounts),
        "accounts": [
            {"key": key, "channel": channel, "account_id": account_id}
            for key, channel, account_id in sorted(accounts)
        ],
    }
    unset = {"apply": 1, "applied_at": 1}  # it must not expire
    return {"$set": {"parked": parked, "subjects": subjects}, "$unset": unset}
