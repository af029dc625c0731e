"""The assigner: of all processes one per bot, which decides what waits and follows it up."""

import asyncio
from datetime import timedelta

import structlog

from inbox import metrics
from inbox.clock import Clock
from inbox.mongo.client import Session
from inbox.mongo.failures import is_passing
from inbox.mongo.leases import Leases
from inbox.splitting.assigning.following import FollowUps
from inbox.splitting.assigning.outcome import Wish
from inbox.splitting.assigning.store import AssignStore, Confirm, LeaseLost
from inbox.splitting.store import SplitStore

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=5)
"""Until another process assigns for the bots of a dead one."""
BATCH = 100
"""Conversations per transaction."""
LOOK_EVERY = timedelta(seconds=0.1)
"""Between looks for what other processes received."""
SWEEP_EVERY = timedelta(seconds=1)
"""Between looks at what waits: a shift has begun, somebody is back, a cap is free."""
MOST_WAITING = 2000
"""Waiting conversations of a bot that one sweep tries, the oldest ones."""


class Assigner:
    """Gives conversations to people, one bot at a time, under a lease per bot."""

    def __init__(
        self,
        store: AssignStore,
        follow_ups: FollowUps,
        split: SplitStore,
        leases: Leases,
        clock: Clock,
    ) -> None:
        self._store = store
        self._follow_ups = follow_ups
        self._split = split
        self._leases = leases
        self._clock = clock
        self._woken = asyncio.Event()
        self._held: set[str] = set()

    def wake(self) -> None:
        """A conversation has just come in here."""
        self._woken.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then let others take over."""
        swept_at = self._clock.now() - SWEEP_EVERY
        while not stop.is_set():
            self._woken.clear()
            busy = False
            try:
                busy = await self.step()
                if self._clock.now() >= swept_at + SWEEP_EVERY:
                    swept_at = self._clock.now()
                    await self.sweep()
            except Exception as error:
                if not is_passing(error):
                    log.exception("splitting failed")
                await asyncio.sleep(LOOK_EVERY.total_seconds())
            if not busy:
                await self._wait(stop)
        for name in sorted(self._held):
            await self._leases.release(name)

    async def step(self) -> bool:
        """Decide what has just come in; whether there was any."""
        busy = False
        for bot_id, ids in (await self._store.pending(BATCH * 5)).items():
            for start in range(0, len(ids), BATCH):
                together = [Wish(id_) for id_ in ids[start : start + BATCH]]
                busy |= await self._assign(bot_id, together) is not None
        return busy

    async def sweep(self) -> None:
        """Try again what waits, and follow up what nobody answers."""
        waiting = await self._store.bots_with_waiting()
        for bot_id in waiting:
            ids = await self._store.waiting(bot_id, MOST_WAITING)
            for start in range(0, len(ids), BATCH):
                await self._assign(bot_id, [Wish(id_) for id_ in ids[start : start + BATCH]])
        for bot_id in await self._split.splitting_bots():
            wishes = await self._follow_ups.due(bot_id)
            for start in range(0, len(wishes), BATCH):
                await self._assign(bot_id, wishes[start : start + BATCH])

    async def _assign(self, bot_id: str, wishes: list[Wish]) -> int | None:
        """How many conversations changed; None while another process assigns for the bot."""
        name = f"split:{bot_id}"
        fence = await self._leases.acquire(name, LEASE)
        if fence is None:
            self._held.discard(name)
            return None
        self._held.add(name)
        try:
            changes = await self._store.assign(bot_id, wishes, self._confirm(name, fence))
        except LeaseLost:
            self._held.discard(name)
            return None
        for change in changes:
            metrics.split_decisions_total.labels(change.receipt.kind).inc()
        if changes:
            await self._follow_ups.tell(bot_id, changes)
        return len(changes)

    def _confirm(self, name: str, fence: int) -> Confirm:
        async def confirm(session: Session) -> None:
            if not await self._leases.confirm(name, fence, session=session):
                raise LeaseLost(name)

        return confirm

    async def _wait(self, stop: asyncio.Event) -> None:
        waiting = [asyncio.ensure_future(self._woken.wait()), asyncio.ensure_future(stop.wait())]
        try:
            await asyncio.wait(
                waiting,
                timeout=LOOK_EVERY.total_seconds(),
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            for one in waiting:
                one.cancel()
