"""Who may still need a stored object: those who are writing it now, and what refers to it.

`stored_objects {_id: sha256, pins: {token: until}, check: due work, deleting}`. Whoever writes
an object pins it first, and takes the pin off in the transaction that stores the reference.
Deleting begins with a transaction that finds neither pin nor reference and writes `deleting`
into the same document: of two transactions that both write it one goes first, so an object is
never deleted under a reference.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError

from inbox.clock import Clock
from inbox.ids import random_id
from inbox.mongo.client import Document, Mongo, Session
from inbox.mongo.due import Claimed, DueWork, Pace, due

PINNED_FOR = timedelta(hours=1)
"""No writer takes longer between having the bytes and storing the reference."""
LEASE = timedelta(minutes=2)
"""A delete takes a fraction of it: nobody writes an object while it may be being deleted."""
_REFERENCES = (
    ("messages", "attachments.copy.sha256"),
    ("messages", "attachments.copy.thumbnail.sha256"),
    ("uploads", "sha256"),
    ("customers", "identities.avatar.sha256"),
)
"""Every place where the database names an object; each has an index."""


class ObjectGone(Exception):
    """The object is being deleted, or was: its bytes must be written again."""


@dataclass(frozen=True, slots=True)
class Pin:
    """A stored object that stays while its writer stores the reference to it."""

    sha256: str
    token: str


class StoredObjects:
    """Collection `stored_objects`, for those who store and drop references."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self._objects = mongo["stored_objects"]

    async def pin(self, sha256: str, now: datetime) -> Pin:
        """Keep an object from being deleted; call it before its bytes are in place.

        A writer that dies leaves the object to be looked at when the pin has run out.

        Raises:
            ObjectGone: it is being deleted right now; try again in a moment.
        """
        token, until = random_id(), now + PINNED_FOR
        try:
            await self._objects.update_one(
                {"_id": sha256, "deleting": {"$exists": False}},
                {"$set": {f"pins.{token}": until, "check": due(until)}},
                upsert=True,
            )
        except DuplicateKeyError as error:
            raise ObjectGone from error
        return Pin(sha256, token)

    async def refer(self, pins: Iterable[Pin], *, session: Session) -> None:
        """Take the pins off, in the transaction that stores the references.

        Raises:
            ObjectGone: an object has lost its pin; nothing may refer to it.
        """
        for pin in pins:
            at = f"pins.{pin.token}"
            result = await self._objects.update_one(
                {"_id": pin.sha256, at: {"$exists": True}, "deleting": {"$exists": False}},
                {"$unset": {at: 1, "check": 1}},
                session=session,
            )
            if result.matched_count == 0:
                raise ObjectGone

    async def refer_again(self, sha256: str, now: datetime, *, session: Session) -> None:
        """As `refer`, for an object that something read in this transaction refers to already.

        Raises:
            ObjectGone: it is being deleted.
        """
        found = await self._objects.find_one({"_id": sha256}, session=session)
        if found is not None and "deleting" in found:
            raise ObjectGone
        await self._objects.update_one(
            {"_id": sha256}, {"$set": {"referred_at": now}}, upsert=True, session=session
        )

    async def unpin(self, pins: Iterable[Pin], now: datetime) -> None:
        """The references were not stored: what else refers to the objects decides."""
        loose = list(pins)
        for pin in loose:
            await self._objects.update_one(
                {"_id": pin.sha256}, {"$unset": {f"pins.{pin.token}": 1}}
            )
        await self.let_go({pin.sha256 for pin in loose}, now)

    async def let_go(
        self, objects: Collection[str], now: datetime, *, session: Session | None = None
    ) -> None:
        """References to these objects go: look soon whether any is left.

        Call it in the transaction that removes them. What is being deleted is left alone.
        """
        fresh = {"$cond": [{"$ifNull": ["$deleting", False]}, "$check", due(now)]}
        writes = [
            UpdateOne({"_id": sha256}, [{"$set": {"check": fresh}}], upsert=True)
            for sha256 in sorted(objects)
        ]
        if writes:
            await self._objects.bulk_write(writes, ordered=False, session=session)

    async def unknown(self, objects: Collection[str]) -> set[str]:
        """Those of which there is no document: written by a process that died, or long ago."""
        found = self._objects.find({"_id": {"$in": list(objects)}}, {"_id": 1})
        return set(objects) - {one["_id"] async for one in found}


class GarbageStore:
    """Objects whose references are to be looked for, and the end of those without any."""

    def __init__(self, mongo: Mongo, clock: Clock, *, pace: Pace | None = None) -> None:
        self._mongo = mongo
        self._clock = clock
        self._objects = mongo["stored_objects"]
        self.due = DueWork(mongo, "stored_objects", "check", clock, pace=pace or Pace(lease=LEASE))

    async def condemn(self, claimed: Claimed) -> bool:
        """Whether the object is ours to delete now: nothing refers to it and nobody writes it.

        One that is still needed is done with; one that is pinned is looked at again later.
        """
        return await self._mongo.transaction(lambda session: self._condemn(claimed, session))

    async def _condemn(self, claimed: Claimed, session: Session) -> bool:
        held = {"_id": claimed.id, "check.token": claimed.token}
        found = await self._objects.find_one(held, session=session)
        if found is None:
            return False
        if "deleting" in found:
            return True
        pinned = [until for until in found.get("pins", {}).values() if until > self._clock.now()]
        if pinned:
            change: Document = {"$set": {"check": due(max(pinned))}}
        elif await self._is_referred_to(claimed.id, session):
            change = {"$unset": {"check": 1, "pins": 1}}
        else:
            change = {"$set": {"deleting": True}, "$unset": {"pins": 1}}
        await self._objects.update_one(held, change, session=session)
        return "deleting" in change.get("$set", {})

    async def _is_referred_to(self, sha256: str, session: Session) -> bool:
        for collection, path in _REFERENCES:
            found = await self._mongo[collection].find_one(
                {path: sha256}, {"_id": 1}, session=session
            )
            if found is not None:
                return True
        return False

    async def forget(self, claimed: Claimed) -> None:
        """Its bytes are deleted: from now on it may be written anew."""
        await self._objects.delete_one({"_id": claimed.id, "check.token": claimed.token})
