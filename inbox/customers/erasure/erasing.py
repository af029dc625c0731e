"""The worker that carries out erasures, step by step, from wherever the last one stopped."""

import asyncio
from datetime import timedelta

import structlog

from inbox.clock import Clock
from inbox.customers.erasure.store import ErasureStore
from inbox.customers.erasure.sweeping import Sweeping
from inbox.mongo.client import Mongo
from inbox.mongo.due import Claimed

log = structlog.get_logger(__name__)

SETTLE = timedelta(minutes=2)
"""After it every transaction that was open when the erasure began has ended (the server ends
them after 60 s), so a second sweep finds whatever one of them still wrote."""


class Erasing:
    """Erases whoever is due. Repeating any part changes nothing."""

    def __init__(self, mongo: Mongo, store: ErasureStore, clock: Clock) -> None:
        self._mongo = mongo
        self._store = store
        self._clock = clock

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; the erasure in hand is finished or given back first."""
        await self._store.due.keep_at(self.run_one, stop, full=1)

    async def run_one(self) -> bool:
        """Carry out one due erasure; False when none is due.

        The first sweep erases everything; the erasure stays due for a second one, which empties
        the webhook bodies that were still waiting to be applied.
        """
        claimed = await self._store.due.claim(1)
        for one in claimed:
            try:
                await self._erase(one)
            except Exception as error:
                await self._store.due.retry(one, type(error).__name__)
                raise
        return bool(claimed)

    async def _erase(self, claimed: Claimed) -> None:
        scope = await self._store.begin(claimed)

        async def still_mine() -> None:
            await self._store.due.renew([claimed])

        with self._store.patiently():
            applied = await Sweeping(self._mongo, self._store, still_mine).sweep(scope)
        if scope.is_first_pass:
            await self._store.forget_patterns(claimed)
        if applied and self._clock.now() >= scope.begun_at + SETTLE:
            await self._store.finish(claimed)
            log.info("person erased", erasure_id=claimed.id, attempts=claimed.attempts)
        else:
            await self._store.due.retry(claimed, "settling", after=SETTLE)
