"""The worker that moves what began for a merged record while it was merged."""

import asyncio

from inbox.customers.merging.store import MergeStore

_TOGETHER = 20


class MergeSettling:
    """Looks once at every merge, when no transaction from before it can still be open."""

    def __init__(self, store: MergeStore) -> None:
        self._store = store

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set."""
        await self._store.due.keep_at(self.step, stop, full=1)

    async def step(self) -> int:
        """Settle what is due; how many merges."""
        claimed = await self._store.due.claim(_TOGETHER)
        for one in claimed:
            await self._store.settle(one)
        return len(claimed)
