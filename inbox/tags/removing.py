"""The worker that takes deleted tags from their customers, and has renamed ones mirrored."""

import asyncio
from datetime import timedelta

from inbox.mongo.due import Claimed
from inbox.tags.store import TagStore

BATCH = 200
"""Customers per transaction."""
SETTLED_AFTER = timedelta(seconds=90)
"""Somebody may be attaching the tag just now: their transaction has read the catalogue before the
tag left it, and commits within the 60 s that MongoDB lets one live. Looked at again then.
Source: https://www.mongodb.com/docs/manual/core/transactions-production-consideration/"""


class TagRemoving:
    """A killed worker's removal goes on where it stood: what is gone is found no more."""

    def __init__(self, store: TagStore) -> None:
        self._store = store

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; a batch that has begun is ended first."""
        await self._store.due.keep_at(lambda: self.step(stop), stop, full=1)

    async def step(self, stop: asyncio.Event | None = None) -> int:
        """Remove and mark what is due; how many tags were claimed."""
        removed = await self._store.due.claim(1)
        for one in removed:
            await self._remove(one, stop)
        renamed = await self._store.renamed.claim(1)
        for one in renamed:
            await self._mark(one, stop)
        return len(removed) + len(renamed)

    async def _mark(self, claimed: Claimed, stop: asyncio.Event | None) -> None:
        """A killed worker's successor goes on behind the last customer that was marked."""
        renamed = self._store.renamed
        if await renamed.work_off(claimed, lambda: self._store.mark_some(claimed, BATCH), stop):
            await renamed.finish(claimed)

    async def _remove(self, claimed: Claimed, stop: asyncio.Event | None) -> None:
        settled_at = claimed.document["removed_at"] + SETTLED_AFTER
        if await self._store.due.work_off(
            claimed,
            lambda: self._store.detach_some(claimed, BATCH),
            stop,
            settled_at=settled_at,
        ):
            await self._store.finish_removal(claimed)
