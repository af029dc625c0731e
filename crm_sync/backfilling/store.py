"""Whom a back-fill reaches, and how far it is: `crm_connections.<name>.backfill {due work,
bot_id, everyone, asked_at, marked, after, ended_at?}`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crm_sync.backfilling.model import Progress, Wanted
from crm_sync.mirroring.marking import path_of
from inbox.clock import Clock
from inbox.mongo.client import Document, Mongo
from inbox.mongo.due import Claimed, DueWork, Pace, due


@dataclass(frozen=True, slots=True)
class Reached:
    """Customers in the order of their ids; the next page begins after `last`, None: that is all."""

    customer_ids: tuple[str, ...]
    last: str | None


class ReachStore:
    """Pages through the customers whose edits a connection would get. Reads only."""

    def __init__(self, mongo: Mongo, connection: str) -> None:
        self._customers = mongo["customers"]
        self._conversations = mongo["conversations"]
        self._bots = mongo["bots"]
        self._path = path_of(connection)

    async def page(self, wanted: Wanted, *, after: str = "", limit: int = 200) -> Reached:
        """Those among the next `limit` customers; indexes (_id) and (customer_id)."""
        query: Document = {
            "_id": {"$gt": after},
            f"{self._path}.work": {"$exists": False},
            f"{self._path}.parked": {"$not": {"$elemMatch": {"fields": []}}},
        }
        if not wanted.everyone:
            query[f"{self._path}.link"] = {"$exists": False}
        found = await self._customers.find(query, {"_id": 1}).sort("_id", 1).limit(limit).to_list()
        ids = [one["_id"] for one in found]
        of_bots = set(
            await self._conversations.distinct(
                "customer_id",
                {"customer_id": {"$in": ids}, "bot_id": {"$in": await self._switched_on(wanted)}},
            )
        )
        reached = tuple(one for one in ids if one in of_bots)
        return Reached(reached, ids[-1] if len(ids) == limit else None)

    async def count(self, wanted: Wanted) -> int:
        """How many there are; every customer is looked at, page by page."""
        total, after = 0, ""
        while True:
            page = await self.page(wanted, after=after, limit=1000)
            total += len(page.customer_ids)
            if page.last is None:
                return total
            after = page.last

    async def waiting(self, most: int) -> int:
        """How many customers wait for the CRM, counted up to `most`."""
        query = {f"{self._path}.work.due_at": {"$exists": True}}
        return await self._customers.count_documents(query, limit=most)

    async def _switched_on(self, wanted: Wanted) -> list[str]:
        query: Document = {"crm_sync": True}
        if wanted.bot_id is not None:
            query["_id"] = wanted.bot_id
        return [one["_id"] async for one in self._bots.find(query, {"_id": 1})]


class BackfillStore:
    """The back-fills of all connections, one each; every write of a worker asks for its lease."""

    def __init__(self, mongo: Mongo, clock: Clock, *, pace: Pace | None = None) -> None:
        self._mongo = mongo
        self._connections = mongo["crm_connections"]
        self._clock = clock
        self.due = DueWork(mongo, "crm_connections", "backfill", clock, pace=pace)

    def reach(self, connection: str) -> ReachStore:
        return ReachStore(self._mongo, connection)

    async def ask(self, name: str, wanted: Wanted) -> Progress:
        """Begin from the first customer; what was asked for before ends."""
        now = self._clock.now()
        state = {
            **due(now),
            "bot_id": wanted.bot_id,
            "everyone": wanted.everyone,
            "asked_at": now,
            "marked": 0,
            "after": "",
        }
        await self._connections.update_one(
            {"_id": name}, {"$set": {"backfill": state}}, upsert=True
        )
        self.due.wake()
        return Progress(wanted, now)

    async def get(self, name: str) -> Progress | None:
        """How far it is; None: nobody has ever asked for one."""
        found = await self._connections.find_one({"_id": name}, {"backfill": 1})
        return progress_of(found or {})

    async def advance(self, claimed: Claimed, marked: int, after: str) -> bool:
        """All up to `after` were dealt with, `marked` more. False: the lease was lost."""
        update: Document = {
            "$set": {"backfill.after": after, "backfill.due_at": self._clock.now()},
            "$unset": {"backfill.token": "", "backfill.lease_until": ""},
            "$inc": {"backfill.marked": marked},
        }
        return await self._write(claimed, update)

    async def end(self, claimed: Claimed, marked: int) -> bool:
        """The last page was dealt with. False: the lease was lost."""
        gone = ("due_at", "token", "lease_until", "error")
        update: Document = {
            "$set": {"backfill.ended_at": self._clock.now()},
            "$unset": {f"backfill.{name}": "" for name in gone},
            "$inc": {"backfill.marked": marked},
        }
        return await self._write(claimed, update)

    async def _write(self, claimed: Claimed, update: Document) -> bool:
        held = {"_id": claimed.id, "backfill.token": claimed.token}
        return (await self._connections.update_one(held, update)).matched_count == 1


def progress_of(document: Mapping[str, Any]) -> Progress | None:
    """From the document of a connection; None: nobody has ever asked for a back-fill."""
    found = document.get("backfill")
    if found is None:
        return None
    return Progress(
        Wanted(found["bot_id"], found["everyone"]),
        found["asked_at"],
        found["marked"],
        found["after"],
        found.get("ended_at"),
    )
