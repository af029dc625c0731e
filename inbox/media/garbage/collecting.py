"""The worker that deletes stored objects which nothing refers to, and sweeps up after crashes."""

import asyncio
from datetime import timedelta

import structlog
from obstore.exceptions import BaseError

from inbox import metrics
from inbox.clock import Clock
from inbox.media.files import MediaFiles
from inbox.media.garbage.store import LEASE, GarbageStore, StoredObjects
from inbox.mongo.due import Claimed

log = structlog.get_logger(__name__)

AT_ONCE = 20
LEFT_BEHIND_AFTER = timedelta(days=1)
"""What lies about for longer belongs to no writer that is still alive."""
_DELETE_WITHIN_S = LEASE.total_seconds() / 4


class Collecting:
    """Deletes what is not needed. Repeating any part changes nothing."""

    def __init__(
        self, store: GarbageStore, objects: StoredObjects, files: MediaFiles, clock: Clock
    ) -> None:
        self._store = store
        self._objects = objects
        self._files = files
        self._clock = clock

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; the batch in hand is always finished first."""
        await self._store.due.keep_at(self.step, stop, full=AT_ONCE)

    async def step(self) -> int:
        """Look at the objects that are due, and delete what is not needed; how many were due."""
        claimed = await self._store.due.claim(AT_ONCE)
        await asyncio.gather(*(self._look_at(one) for one in claimed))
        return len(claimed)

    async def _look_at(self, claimed: Claimed) -> None:
        """Delete an object if nothing refers to it.

        The time limit is what keeps a slow deletion from hitting an object that was written anew
        after the lease: see decision 13.
        """
        if not await self._store.condemn(claimed):
            return
        try:
            async with asyncio.timeout(_DELETE_WITHIN_S):
                await self._files.delete(claimed.id)
        except (BaseError, OSError, TimeoutError) as error:  # tried again when the lease ends
            log.warning("could not delete a stored object", error=type(error).__name__)
            return
        await self._store.forget(claimed)
        metrics.media_objects_deleted_total.inc()

    async def sweep(self) -> None:
        """Find what crashes left behind: bytes that were never moved, objects nobody knows of."""
        before = self._clock.now() - LEFT_BEHIND_AFTER
        async for places in self._files.left_aside(before):
            for place in places:
                await self._files.discard(place)
        async for objects in self._files.objects(before):
            await self._objects.let_go(await self._objects.unknown(objects), self._clock.now())
