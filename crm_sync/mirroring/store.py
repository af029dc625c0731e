"""`customers.crm.<connection>`: what is to be pushed, what was, and what nobody tries any more."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

from crm_sync.mapping.echoes import Wrote
from crm_sync.mapping.synced import Synced
from crm_sync.mirroring.marking import path_of
from crm_sync.mirroring.model import (
    NOTHING_FOUND,
    Found,
    Link,
    Mark,
    Mirrored,
    Parked,
    link_document,
    mirrored_from,
    parked_document,
    synced_document,
    wrote_document,
)
from crm_sync.mirroring.pipelines import is_done, literal, or_gone
from inbox.clock import Clock
from inbox.mongo.client import Document, Mongo, Session
from inbox.mongo.due import Claimed, DueWork, Pace, due

_OF_WORK = ("work", "dirty", "since")
"""What is there only while something is to be done."""
_SIGNS = ("phones", "emails")
"""By what a customer's record is found besides its id."""
_LOCKS = 256
"""Of one connection: records that share one are linked one after the other."""


class LostLease(Exception):
    """Another worker has the customer now, or nobody: nothing more may be written by this one."""


class OtherRecord(Exception):
    """The customer was given another record meanwhile: begin anew, with that one."""


class MirrorStore:
    """One connection's part of the customers. Every write of a worker asks for its lease.

    Needs indexes on `work.due_at`, `link.id`, `since` and `parked.at` of `crm.<connection>`,
    which `ensure_indexes` makes: connections are named in the configuration.
    """

    def __init__(
        self, mongo: Mongo, connection: str, clock: Clock, *, pace: Pace | None = None
    ) -> None:
        self.mongo = mongo
        self.connection = connection
        self.path = path_of(connection)
        self._customers = mongo["customers"]
        self._locks = mongo["crm_locks"]
        self._clock = clock
        self.due = DueWork(mongo, "customers", f"{self.path}.work", clock, pace=pace)

    async def ensure_indexes(self) -> None:
        """Partial: customers who were never mirrored cost nothing. Safe to repeat."""
        for name in ("work.due_at", "link.id", "since", "parked.at"):
            path = f"{self.path}.{name}"
            await self._customers.create_index(
                path,
                name=path.replace(".", "_"),
                partialFilterExpression={path: {"$exists": True}},
            )

    def of(self, document: Mapping[str, Any]) -> Mirrored:
        """How far the connection is with a customer."""
        return mirrored_from(part_of(document, self.connection))

    async def get(self, customer_id: str, *, session: Session | None = None) -> Document | None:
        return await self._customers.find_one({"_id": customer_id}, session=session)

    async def set(
        self,
        customer_id: str,
        marks: Mapping[str, Any],
        *,
        unset: Sequence[str] = (),
        session: Session,
    ) -> None:
        """Write marks (marking.py) of a customer who was read in this transaction."""
        update: Document = {"$set": dict(marks)} if marks else {}
        if unset:
            update["$unset"] = dict.fromkeys(unset, "")
        if update:
            await self._customers.update_one({"_id": customer_id}, update, session=session)

    async def linked_to(
        self, record_ids: Collection[str], *, session: Session | None = None
    ) -> list[Document]:
        """The customers whose records these are; index (crm.<connection>.link.id)."""
        query = {f"{self.path}.link.id": {"$in": list(record_ids)}}
        return await self._customers.find(query, session=session).to_list()

    async def is_after_another(self, claimed: Claimed) -> bool:
        """Whether somebody with the same phone or address is to be given a record first.

        Two who come at once would find none and make one each. First is whoever a worker is at
        already, then who has waited longest; of those claimed together it is the latter too.
        Indexes (phones), (emails).
        """
        customer = claimed.document
        shared = [{name: {"$in": customer[name]}} for name in _SIGNS if customer.get(name)]
        if not shared:
            return False
        work, since = f"{self.path}.work", f"{self.path}.since"
        mine = part_of(customer, self.connection).get("since", self._clock.now())
        first: list[Document] = [
            {f"{work}.lease_until": {"$gt": self._clock.now()}, f"{work}.token": _other(claimed)},
            {since: {"$lt": mine}},
            {since: mine, "_id": {"$lt": claimed.id}},
        ]
        query = {
            "$and": [{"$or": shared}, {"$or": first}],
            "_id": {"$ne": claimed.id},
            f"{work}.due_at": {"$exists": True},
            f"{self.path}.link": {"$exists": False},
        }
        return await self._customers.find_one(query, {"_id": 1}) is not None

    async def is_to_lose_a_sign(self, customer_id: str) -> bool:
        """Whether a customer's phone or address here is not yet what their record says."""
        waits = {f"{self.path}.work.due_at": {"$exists": True}}
        signs = {f"{self.path}.dirty.field": {"$in": list(_SIGNS)}}
        query = {"_id": customer_id, **waits, **signs}
        return await self._customers.find_one(query, {"_id": 1}) is not None

    async def waiting_since(self) -> datetime | None:
        """When the oldest edit was made that is not in the CRM; index (crm.<connection>.since)."""
        since = f"{self.path}.since"
        found = await self._customers.find_one(
            {since: {"$exists": True}}, {since: 1}, sort=[(since, 1)]
        )
        if found is None:
            return None
        at: datetime = found["crm"][self.connection]["since"]
        return at

    async def next_due(self) -> datetime | None:
        """When something may be tried next."""
        due_at = f"{self.path}.work.due_at"
        found = await self._customers.find_one(
            {due_at: {"$exists": True}}, {due_at: 1}, sort=[(due_at, 1)]
        )
        if found is None:
            return None
        at: datetime = found["crm"][self.connection]["work"]["due_at"]
        return at

    async def will_write(self, claimed: Claimed, wrote: Sequence[Wrote]) -> bool:
        """Keep what is about to be written, so that nobody takes it for news when it comes back.

        False when the lease was lost: then it must not be written.
        """
        return await self._write(
            claimed, {"$set": {f"{self.path}.wrote": wrote_document(wrote)}}, may_be_same=True
        )

    async def linked(self, claimed: Claimed, link: Link) -> str | None:
        """Take a record for a customer, before anything is written into it.

        Another customer who has it keeps it, and is answered. Two who take it at once write the
        same lock, so that the second one sees the first. What was agreed on with another record
        goes: it says nothing of this one. Raises LostLease, OtherRecord.
        """
        had = self._is_linked(self.of(claimed.document).link)

        async def work(session: Session) -> str | None:
            owner = await self.other_owner(claimed.id, link.record_id, session=session)
            if owner is not None:
                return owner
            change: Document = {
                "$set": {f"{self.path}.link": link_document(link)},
                "$unset": {f"{self.path}.synced": ""},
            }
            if not await self._write(claimed, change, session=session, may_be_same=True, also=had):
                raise await self._refused(claimed, session)
            return None

        return await self.mongo.transaction(work)

    async def other_owner(
        self, customer_id: str, record_id: str, *, session: Session
    ) -> str | None:
        """Another customer who has the record; whoever takes it for theirs has to ask first.

        Two transactions that ask for one record follow each other.
        """
        lock = {"_id": f"{self.connection}:{_lock_of(record_id)}"}
        await self._locks.update_one(lock, {"$inc": {"taken": 1}}, upsert=True, session=session)
        held = {f"{self.path}.link.id": record_id, "_id": {"$ne": customer_id}}
        other = await self._customers.find_one(held, {"_id": 1}, session=session)
        return None if other is None else str(other["_id"])

    async def left_behind(self, customer_id: str, link: Link, synced: Mapping[str, Synced]) -> bool:
        """A record was written for somebody who was merged meanwhile: whoever they are now has
        it. Without a record of their own it is found by our external id, with the next push.

        False when they are nobody any more: they were erased.
        """
        redirect = await self.mongo["redirects"].find_one({"_id": customer_id})
        if redirect is None:
            return await self.get(customer_id) is not None
        await self._put_aside({"_id": redirect["to"]}, link, synced)
        return True

    async def _put_aside(
        self, who: Mapping[str, Any], link: Link, synced: Mapping[str, Synced]
    ) -> None:
        """Remember a record besides the one that the customer has. Repeating is harmless."""
        row = {"id": link.record_id, "synced": synced_document(synced)}
        merged = f"{self.path}.merged"
        known = await self._customers.update_one(
            {**who, f"{merged}.id": link.record_id}, {"$set": {f"{merged}.$": row}}
        )
        if known.matched_count:
            return
        await self._customers.update_one(
            {
                **who,
                f"{self.path}.link.id": {"$exists": True, "$ne": link.record_id},
                f"{merged}.id": {"$ne": link.record_id},
            },
            {"$push": {merged: row}},
        )

    async def taken(
        self, claimed: Claimed, synced: Mapping[str, Synced], link: Link | None, *, session: Session
    ) -> None:
        """Keep how both sides agree now, in the transaction of what was taken from the CRM.

        `link` is the record that it was taken from. Raises LostLease, OtherRecord.
        """
        update = {"$set": {f"{self.path}.synced": synced_document(synced)}}
        still = self._is_linked(link)
        if not await self._write(claimed, update, session=session, may_be_same=True, also=still):
            raise await self._refused(claimed, session)

    async def pushed(
        self,
        claimed: Claimed,
        pushed: Mapping[str, Mark],
        link: Link,
        synced: Mapping[str, Synced],
        found: Found = NOTHING_FOUND,
        *,
        began_with: Link | None = None,
    ) -> bool:
        """Keep what both sides have now. False when the lease was lost.

        `pushed` says of which edit of each field the value was: a newer one stays dirty, and is
        due at once. Who was given another record than `began_with` meanwhile, by a person or a
        merge, keeps that one, and is due for it with everything; `link` is put aside.
        """
        before = await self._customers.find_one({"_id": claimed.id}, {self.path: 1})
        known = self.of(before or {})
        values = dict(known.synced) | dict(synced)
        still = [one for one in known.parked if one.is_left(pushed.keys(), found.compared)]
        done = [{"field": name, "rev": mark.rev} for name, mark in sorted(pushed.items())]
        sets = self._left(is_done(done))
        sets[f"{self.path}.link"] = {"$literal": link_document(link)}
        sets[f"{self.path}.synced"] = {"$literal": synced_document(values)}
        sets[f"{self.path}.parked"] = literal([*still, *found.parked])
        sets[f"{self.path}.pushed_at"] = {"$literal": self._clock.now()}
        sets[f"{self.path}.wrote"] = or_gone(wrote_document(found.wrote))
        same = {"$or": [self._is_linked(began_with), self._is_linked(link)]}
        if await self._write(claimed, [{"$set": sets}], also=same):
            return True
        if not await self.linked_to([link.record_id]):  # else it is somebody else's by now
            await self._put_aside(self._held(claimed), link, synced)
        return await self.release(claimed)

    async def park(self, claimed: Claimed, parked: Parked) -> bool:
        """Nobody tries any more until the customer is edited or somebody asks for it; what was
        edited stays marked until then.

        An edit that came meanwhile is tried at once.
        """
        return await self._end(
            claimed,
            {
                "$push": {f"{self.path}.parked": parked_document(parked)},
                "$unset": {f"{self.path}.{name}": "" for name in ("work", "since")},
            },
        )

    async def park_fields(self, claimed: Claimed, parked: Parked) -> bool:
        """These fields wait for an edit; what else is dirty is due at once."""
        dirty = self.of(claimed.document).dirty
        done = [{"field": name, "rev": dirty[name].rev} for name in parked.fields if name in dirty]
        sets = self._left(is_done(done))
        known = {"$ifNull": [f"${self.path}.parked", []]}
        sets[f"{self.path}.parked"] = {"$concatArrays": [known, literal([parked])]}
        return await self._write(claimed, [{"$set": sets}])

    async def drop(self, claimed: Claimed) -> bool:
        """Nothing is to be pushed after all: no bot of the customer has its switch on any more."""
        gone = {f"{self.path}.{name}": "" for name in _OF_WORK}
        return await self._end(claimed, {"$unset": gone})

    async def _end(self, claimed: Claimed, update: Document) -> bool:
        """Nothing is to be done any more, but for edits that nobody has looked at yet."""
        rev = self.of(claimed.document).rev
        seen = {f"{self.path}.rev": rev} if rev else {}
        if await self._write(claimed, update, also=seen):
            return True
        await self.release(claimed)
        return False

    async def release(self, claimed: Claimed, *, after: timedelta = timedelta()) -> bool:
        """Due again, and this try is not counted: it was not the customer's fault."""
        work = {
            **due(self._clock.now() + after),
            "fence": claimed.fence,
            "attempts": claimed.attempts - 1,
        }
        return await self._write(claimed, {"$set": {f"{self.path}.work": work}})

    def _left(self, done: Document) -> Document:
        """What to set when some of the dirty fields are done: whatever is left is due at once."""
        dirty = {"$ifNull": [f"${self.path}.dirty", []]}
        left = {"$filter": {"input": dirty, "as": "one", "cond": {"$not": [done]}}}
        is_all = {"$eq": [left, []]}
        again = {"$literal": due(self._clock.now())}
        first = {"$min": {"$map": {"input": left, "as": "one", "in": "$$one.at"}}}
        return {
            f"{self.path}.work": {"$cond": [is_all, "$$REMOVE", again]},
            f"{self.path}.since": {"$cond": [is_all, "$$REMOVE", first]},
            f"{self.path}.dirty": left,
        }

    def _is_linked(self, link: Link | None) -> Document:
        """Asks for those who have this record, or none."""
        if link is None:
            return {f"{self.path}.link": {"$exists": False}}
        return {f"{self.path}.link.id": link.record_id}

    def _held(self, claimed: Claimed) -> Document:
        return {"_id": claimed.id, f"{self.path}.work.token": claimed.token}

    async def _refused(self, claimed: Claimed, session: Session) -> LostLease | OtherRecord:
        """Why a write did not find its customer."""
        query = self._held(claimed)
        found = await self._customers.find_one(query, {"_id": 1}, session=session)
        return LostLease() if found is None else OtherRecord()

    async def _write(
        self,
        claimed: Claimed,
        update: Document | list[Document],
        *,
        session: Session | None = None,
        may_be_same: bool = False,
        also: Mapping[str, Any] | None = None,
    ) -> bool:
        held = {**self._held(claimed), **(also or {})}
        done = await self._customers.update_one(held, update, session=session)
        return (done.matched_count if may_be_same else done.modified_count) == 1


def part_of(customer: Mapping[str, Any], connection: str) -> Mapping[str, Any]:
    """What lies under `crm.<connection>`; empty: nothing yet."""
    crm = customer.get("crm")
    found = crm.get(connection) if isinstance(crm, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _other(claimed: Claimed) -> Document:
    """The token of a claim that is not the same one."""
    return {"$exists": True, "$ne": claimed.token}


def _lock_of(record_id: str) -> int:
    return crc32(record_id.encode()) % _LOCKS
