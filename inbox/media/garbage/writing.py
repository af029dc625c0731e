"""Writing an object so that it is there when the reference to it is stored."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

from inbox.clock import Clock
from inbox.errors import Unavailable
from inbox.media.files import MediaFiles, StoredFile
from inbox.media.garbage.store import ObjectGone, Pin, StoredObjects

_TRIES = 20
_PAUSE = timedelta(milliseconds=100)
"""Deleting takes milliseconds; whoever writes equal content at that moment waits for it."""


class StorageBusy(Unavailable):
    """Equal content is being deleted, and that takes long."""

    code = "storage_busy"
    vi = "Kho tệp đang bận, vui lòng thử lại sau ít phút."
    en = "The file storage is busy, please try again in a few minutes."


class ObjectWriter:
    """Streams content into the store and pins it until its reference is stored."""

    def __init__(self, files: MediaFiles, objects: StoredObjects, clock: Clock) -> None:
        self._files = files
        self._objects = objects
        self._clock = clock

    async def write(self, chunks: AsyncIterator[bytes]) -> tuple[StoredFile, Pin]:
        """Store what `chunks` yields; hand the pin to `refer`, or to `unpin`.

        When `chunks` raises, nothing is kept and the error goes on.

        Raises:
            StorageBusy: try again in some minutes.
        """
        aside, stored = await self._files.write_aside(chunks)
        try:
            pin = await self._pin(stored.sha256)
            await self._files.settle(aside, stored)
        except BaseException:
            await self._files.discard(aside)
            raise
        return stored, pin

    async def _pin(self, sha256: str) -> Pin:
        for _ in range(_TRIES):
            try:
                return await self._objects.pin(sha256, self._clock.now())
            except ObjectGone:
                await asyncio.sleep(_PAUSE.total_seconds())
        raise StorageBusy
