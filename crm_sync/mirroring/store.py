"""`customers.crm.<connection>`: what is to be pushed, what was, and what nobody tries any more."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from crm_sync.mapping.synced import Synced
from crm_sync.mirroring.marking import path_of
from crm_sync.mirroring.model import (
    Link,
    Mirrored,
    Parked,
    link_document,
    mirrored_from,
    parked_document,
    synced_document,
)
from inbox.clock import Clock
from inbox.mongo.client import Document, Mongo
from inbox.mongo.due import Claimed, DueWork, Pace, due


class MirrorStore:
    """One connection's part of the customers. Every write of a worker asks for its lease.

    Needs indexes on `crm.<connection>.work.due_at` and `crm.<connection>.link.id`, which
    `ensure_indexes` makes: connections are named in the configuration.
    """

    def __init__(
        self, mongo: Mongo, connection: str, clock: Clock, *, pace: Pace | None = None
    ) -> None:
        self._customers = mongo["customers"]
        self._connection = connection
        self._path = path_of(connection)
        self._clock = clock
        self.due = DueWork(mongo, "customers", f"{self._path}.work", clock, pace=pace)

    async def ensure_indexes(self) -> None:
        """Partial: customers who were never mirrored cost nothing. Safe to repeat."""
        for path in (f"{self._path}.work.due_at", f"{self._path}.link.id"):
            await self._customers.create_index(
                path,
                name=path.replace(".", "_"),
                partialFilterExpression={path: {"$exists": True}},
            )

    def of(self, document: Mapping[str, object]) -> Mirrored:
        """How far the connection is with a customer."""
        crm = document.get("crm")
        return mirrored_from(crm.get(self._connection) if isinstance(crm, dict) else None)

    async def linked_to(self, record_id: str) -> Document | None:
        """The customer whose record this is; index (crm.<connection>.link.id)."""
        return await self._customers.find_one({f"{self._path}.link.id": record_id})

    async def oldest_dirty(self) -> datetime | None:
        """Since when the oldest edit waits, whether or not it may be tried now."""
        waiting = {f"{self._path}.work.due_at": {"$exists": True}}
        found = await self._customers.find_one(
            waiting, {f"{self._path}.work.due_at": 1}, sort=[(f"{self._path}.work.due_at", 1)]
        )
        if found is None:
            return None
        at: datetime = found["crm"][self._connection]["work"]["due_at"]
        return at

    async def pushed(
        self,
        claimed: Claimed,
        pushed: Mapping[str, int],
        link: Link,
        synced: Mapping[str, Synced],
        parked: Sequence[Parked] = (),
    ) -> bool:
        """Keep what both sides have now. False when the lease was lost.

        `pushed` says of which edit of each field the value was: a newer one stays dirty, and is
        due at once.
        """
        before = await self._customers.find_one({"_id": claimed.id}, {self._path: 1})
        known = self.of(before or {})
        values = dict(known.synced) | dict(synced)
        still = [one for one in known.parked if one.fields and not {*one.fields} & pushed.keys()]
        done = [{"field": name, "rev": rev} for name, rev in sorted(pushed.items())]
        left = {
            "$filter": {
                "input": {"$ifNull": [f"${self._path}.dirty", []]},
                "as": "one",
                "cond": {"$not": [_is_done(done)]},
            }
        }
        again = {"$cond": [{"$eq": [left, []]}, "$$REMOVE", {"$literal": due(self._clock.now())}]}
        sets: Document = {
            f"{self._path}.work": again,
            f"{self._path}.dirty": left,
            f"{self._path}.link": {"$literal": link_document(link)},
            f"{self._path}.synced": {"$literal": synced_document(values)},
            f"{self._path}.parked": {
                "$literal": [parked_document(one) for one in [*still, *parked]]
            },
        }
        return await self._write(claimed, [{"$set": sets}])

    async def park(self, claimed: Claimed, parked: Parked) -> bool:
        """Nobody tries any more until the customer is edited or somebody asks for it."""
        return await self._write(
            claimed,
            {
                "$push": {f"{self._path}.parked": parked_document(parked)},
                "$unset": {f"{self._path}.work": "", f"{self._path}.dirty": ""},
            },
        )

    async def park_fields(self, claimed: Claimed, parked: Parked) -> bool:
        """These fields wait for an edit; what else is dirty is due at once."""
        left = {
            "$filter": {
                "input": {"$ifNull": [f"${self._path}.dirty", []]},
                "as": "one",
                "cond": {"$not": [{"$in": ["$$one.field", list(parked.fields)]}]},
            }
        }
        now = self._clock.now()
        again = {"$cond": [{"$eq": [left, []]}, "$$REMOVE", {"$literal": due(now)}]}
        known = {"$ifNull": [f"${self._path}.parked", []]}
        added = {"$literal": [parked_document(parked)]}
        sets: Document = {
            f"{self._path}.work": again,
            f"{self._path}.dirty": left,
            f"{self._path}.parked": {"$concatArrays": [known, added]},
        }
        return await self._write(claimed, [{"$set": sets}])

    async def release(self, claimed: Claimed, *, after: timedelta = timedelta()) -> bool:
        """Due again, and no try was used up: it was not this customer's fault."""
        at = self._clock.now() + after
        return await self._write(claimed, {"$set": {f"{self._path}.work": due(at)}})

    async def unlink(self, claimed: Claimed) -> bool:
        """The record is not there any more: it is looked for anew, at once."""
        return await self._write(
            claimed,
            {
                "$set": {f"{self._path}.work": due(self._clock.now())},
                "$unset": {f"{self._path}.link": "", f"{self._path}.synced": ""},
            },
        )

    async def _write(self, claimed: Claimed, update: Document | list[Document]) -> bool:
        held = {"_id": claimed.id, f"{self._path}.work.token": claimed.token}
        done = await self._customers.update_one(held, update)
        return done.modified_count == 1


def _is_done(done: Sequence[Document]) -> Document:
    """Whether `$$one` is an edit that was pushed, or one before it."""
    return {
        "$or": [
            {
                "$and": [
                    {"$eq": ["$$one.field", {"$literal": one["field"]}]},
                    {"$lte": ["$$one.rev", one["rev"]]},
                ]
            }
            for one in done
        ]
        or [False]
    }
