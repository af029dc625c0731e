"""Where reading of changes goes on: `crm_connections.{read_to, page?: {at, record_id, begun_at},
poll: due work, polled_at?, hints: [{id, n}], hinted: number of the newest hint}`.

Everything before `read_to` was read; `page` is where a round goes on that was broken off, and when
that round was begun. `polled_at` is when the last one was over.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from crm_sync.connectors.model import Place
from inbox.clock import Clock
from inbox.mongo.client import Document, Mongo
from inbox.mongo.due import Claimed, DueWork, Pace, due

CLOCKS = timedelta(minutes=10)
"""How far the clock of a CRM may be behind ours: what it changes now may look as old as that."""
MOST_HINTS = 500
"""Beyond it the poll finds them anyway."""
LONGEST_ID = 100
"""Characters. Ids of CRMs are numbers or UUIDs; a longer one is not worth keeping."""
HINTED_AFTER = timedelta(seconds=10)
"""Between two rounds, however many hints there are."""
UNKNOWN_AFTER = timedelta(hours=1)
"""A process with another configuration, that of tomorrow perhaps, knows the connection."""
_UNKNOWN = "unknown"


class PollStore:
    """The polls of all connections; every write of a worker asks for its lease."""

    def __init__(self, mongo: Mongo, clock: Clock, *, pace: Pace | None = None) -> None:
        self._connections = mongo["crm_connections"]
        self._clock = clock
        self.due = DueWork(mongo, "crm_connections", "poll", clock, pace=pace)

    async def begin(self, name: str) -> None:
        """Poll from now on; what was changed before is for reconciliation. Safe to repeat."""
        now = self._clock.now()
        await self._connections.update_one(
            {"_id": name}, {"$setOnInsert": {"failures": 0}}, upsert=True
        )
        await self._connections.update_one(
            {"_id": name, "poll": {"$exists": False}},
            {"$set": {"poll": due(now), "read_to": now - CLOCKS}},
        )

    async def unknown(self, claimed: Claimed) -> None:
        """Nothing is pulled of it, as far as this process knows; its place stays as it is."""
        await self.due.retry(claimed, _UNKNOWN, after=UNKNOWN_AFTER)

    async def advance(self, claimed: Claimed, page: Place, begun_at: datetime) -> bool:
        """The page before `page` has been dealt with. False: the lease was lost.

        What is dated in the future says nothing of what was changed before it.
        """
        there = {"at": page.at, "record_id": page.record_id, "begun_at": begun_at}
        update: Document = {"$set": {"page": there}}
        if page.at <= self._clock.now():
            update["$max"] = {"read_to": page.at}
        return await self._write(claimed, update)

    async def end(self, claimed: Claimed, begun_at: datetime, next_at: datetime) -> bool:
        """The round is over, and the hints that it was claimed with were looked at.

        All that was changed before it was begun has been read, whatever the newest record says:
        what came in at once is not read again in every round.
        """
        seen = claimed.document.get("hinted", 0)
        return await self._write(
            claimed,
            {
                "$set": {"poll": due(next_at), "polled_at": self._clock.now()},
                "$unset": {"page": ""},
                "$max": {"read_to": begun_at - CLOCKS},
                "$pull": {"hints": {"n": {"$lte": seen}}},
            },
        )

    async def hint(self, name: str, record_ids: Collection[str]) -> None:
        """Somebody says that records were changed: they are looked at soon. Safe to repeat.

        A poll that is running keeps its lease; the hints wait for the next one then. One that
        has failed is not tried sooner for them, and a connection that is not polled has none.
        """
        ids = sorted({one for one in record_ids if 0 < len(one) <= LONGEST_ID})
        polled = {"poll": {"$exists": True}, "poll.error": {"$ne": _UNKNOWN}}
        found = await self._connections.find_one_and_update({"_id": name, **polled}, _hinted(ids))
        if found is None:
            return
        now = self._clock.now()
        last: datetime | None = found.get("polled_at")
        at = now if last is None else max(now, last + HINTED_AFTER)
        free = {"poll.token": {"$exists": False}, "poll.error": {"$exists": False}}
        await self._connections.update_one(
            {"_id": name, "poll.due_at": {"$gt": at}, **free}, {"$set": {"poll.due_at": at}}
        )
        self.due.wake()

    async def _write(self, claimed: Claimed, update: Document) -> bool:
        held = {"_id": claimed.id, "poll.token": claimed.token}
        return (await self._connections.update_one(held, update)).matched_count == 1


def hints_of(document: Mapping[str, Any]) -> list[str]:
    """The records that somebody has told of."""
    return [one["id"] for one in document.get("hints") or ()]


def beginning_of(document: Mapping[str, Any], overlap: timedelta) -> Place:
    """Where to read on: within a round that was broken off, or before the end of the last one."""
    page = document.get("page")
    if page is not None:
        return Place(page["at"], page["record_id"])
    read_to: datetime = document["read_to"]
    return Place(read_to - overlap)


def begun_at_of(document: Mapping[str, Any], now: datetime) -> datetime:
    """When the round was begun that goes on: now, unless one was broken off."""
    page = document.get("page")
    begun_at: datetime = now if page is None else page["begun_at"]
    return begun_at


def _hinted(ids: Sequence[str]) -> list[Document]:
    """An update that keeps these hints under a new number, so that whoever has looked at an
    older one of the same record does not take them away.
    """
    given = {"$literal": list(ids)}
    known = {"$ifNull": ["$hints", []]}
    is_other = {"$not": [{"$in": ["$$one.id", given]}]}
    others = {"$filter": {"input": known, "as": "one", "cond": is_other}}
    rows = {"$map": {"input": given, "as": "id", "in": {"id": "$$id", "n": "$hinted"}}}
    every = {"$concatArrays": [others, rows]}
    return [
        {"$set": {"hinted": {"$add": [{"$ifNull": ["$hinted", 0]}, 1]}}},
        {"$set": {"hints": {"$slice": [every, MOST_HINTS]}}},
    ]
