"""The worker that moves what began for a merged record while it was merged."""

import asyncio

import structlog

from inbox.customers.merging.store import MergeStore
from inbox.mongo.failures import is_passing

log = structlog.get_logger(__name__)

_TOGETHER = 20


class MergeSettling:
    """Looks once at every merge, when no transaction from before it can still be open."""

    def __init__(self, store: MergeStore) -> None:
        self._store = store

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set."""
        while not stop.is_set():
            done = 0
            try:
                done = await self.step()
            except Exception as error:
                if not is_passing(error):
                    log.exception("a merge could not be settled")
            if not done:
                await self._store.due.wait(stop)

    async def step(self) -> int:
        """Settle what is due; how many merges."""
        claimed = await self._store.due.claim(_TOGETHER)
        for one in claimed:
            await self._store.settle(one)
        return len(claimed)
