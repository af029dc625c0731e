"""Leases by name: one process at a time does a job that must not be done twice at once."""

from datetime import timedelta

from pymongo.errors import DuplicateKeyError

from inbox.clock import Clock
from inbox.mongo.client import Mongo, Session


class Leases:
    """Named leases in `leases {_id: name, owner, fence, expires_at}`."""

    def __init__(self, mongo: Mongo, clock: Clock, *, owner: str) -> None:
        self._collection = mongo["leases"]
        self._clock = clock
        self._owner = owner

    async def acquire(self, name: str, duration: timedelta) -> int | None:
        """Take or renew the lease; its fence, or None while another process holds it.

        The fence grows whenever the holder changes, so a write that carries an older fence
        comes from a process that has lost the lease.
        """
        now = self._clock.now()
        ours_or_over = {
            "_id": name,
            "$or": [{"owner": self._owner}, {"expires_at": {"$lte": now}}],
        }
        grow = {"$cond": [{"$eq": ["$owner", self._owner]}, "$fence", {"$add": ["$fence", 1]}]}
        held = await self._collection.find_one_and_update(
            ours_or_over,
            [{"$set": {"fence": grow, "owner": self._owner, "expires_at": now + duration}}],
            return_document=True,
        )
        if held is not None:
            fence: int = held["fence"]
            return fence
        try:
            await self._collection.insert_one(
                {"_id": name, "owner": self._owner, "fence": 1, "expires_at": now + duration}
            )
        except DuplicateKeyError:
            return None  # somebody else holds it
        return 1

    async def confirm(self, name: str, fence: int, *, session: Session) -> bool:
        """Whether the lease is still ours, in a transaction: whoever takes it over collides."""
        held = await self._collection.update_one(
            {"_id": name, "owner": self._owner, "fence": fence},
            {"$set": {"confirmed_at": self._clock.now()}},
            session=session,
        )
        return held.matched_count == 1

    async def release(self, name: str) -> None:
        """Give the lease back early; harmless when it is not ours any more."""
        await self._collection.update_one(
            {"_id": name, "owner": self._owner}, {"$set": {"expires_at": self._clock.now()}}
        )
