"""Where reading of changes goes on: `crm_connections.{read_to, page?: {at, record_id, begun_at},
poll: due work, hints: [record ids]}`.

Everything before `read_to` was read; `page` is where a round goes on that was broken off, and when
that round was begun.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from crm_sync.connectors.model import Place
from inbox.clock import Clock
from inbox.mongo.client import Document, Mongo
from inbox.mongo.due import Claimed, DueWork, Pace, due

CLOCKS = timedelta(minutes=10)
"""How far the clock of a CRM may be behind ours: what it changes now may look as old as that."""
MOST_HINTS = 1000
"""Beyond it the poll finds them anyway."""


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

    async def stop(self, name: str) -> None:
        """Nothing is pulled any more."""
        await self._connections.update_one(
            {"_id": name}, {"$unset": {"poll": "", "hints": "", "page": ""}}
        )

    async def advance(self, claimed: Claimed, page: Place, begun_at: datetime) -> bool:
        """The page before `page` has been dealt with. False: the lease was lost.

        What is dated in the future says nothing of what was changed before it.
        """
        there = {"at": page.at, "record_id": page.record_id, "begun_at": begun_at}
        update: Document = {"$set": {"page": there}}
        if page.at <= self._clock.now():
            update["$max"] = {"read_to": page.at}
        return await self._write(claimed, update)

    async def end(
        self, claimed: Claimed, hints: Collection[str], begun_at: datetime, next_at: datetime
    ) -> bool:
        """The round is over, and these hints were looked at.

        All that was changed before it was begun has been read, whatever the newest record says:
        what came in at once is not read again in every round.
        """
        return await self._write(
            claimed,
            {
                "$set": {"poll": due(next_at)},
                "$unset": {"page": ""},
                "$max": {"read_to": begun_at - CLOCKS},
                "$pull": {"hints": {"$in": list(hints)}},
            },
        )

    async def hint(self, name: str, record_ids: Collection[str]) -> None:
        """Somebody says that records were changed: they are looked at now. Safe to repeat.

        A poll that is running keeps its lease; the hints wait for the next one then.
        """
        await self._connections.update_one(
            {"_id": name, f"hints.{MOST_HINTS}": {"$exists": False}},
            {"$addToSet": {"hints": {"$each": sorted(record_ids)}}},
        )
        await self._connections.update_one(
            {"_id": name, "poll": {"$exists": True}, "poll.token": {"$exists": False}},
            {"$set": {"poll.due_at": self._clock.now()}},
        )
        self.due.wake()

    async def _write(self, claimed: Claimed, update: Document) -> bool:
        held = {"_id": claimed.id, "poll.token": claimed.token}
        return (await self._connections.update_one(held, update)).matched_count == 1


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
