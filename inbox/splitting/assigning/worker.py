"""The assigner: of all processes one per bot, which decides what waits and follows it up."""

import asyncio
from collections import defaultdict
from datetime import timedelta

import structlog

from inbox import metrics
from inbox.mongo.client import Session
from inbox.mongo.failures import is_passing
from inbox.mongo.leases import Leases
from inbox.splitting.assigning.alerting import Alerts
from inbox.splitting.assigning.backlog import Backlog
from inbox.splitting.assigning.following import FollowUps
from inbox.splitting.assigning.holding import HeldBots, lease_name
from inbox.splitting.assigning.outcome import Wish
from inbox.splitting.assigning.queues import Queues
from inbox.splitting.assigning.store import AssignStore, Change, Confirm, LeaseLost
from inbox.waiting import either

log = structlog.get_logger(__name__)

BATCH = 100
"""Conversations per transaction."""
LOOK_EVERY = timedelta(seconds=0.1)
"""Between looks for what other processes received."""
SWEEP_EVERY = timedelta(seconds=1)
"""Between looks at what waits: a shift has begun, somebody is back, a cap is free."""
_REST_S = 30.0
"""Until a conversation that could not be decided is tried again."""
_MOST_RESTING = 1000


class Assigner:
    """Gives conversations to people, one bot at a time, under a lease per bot."""

    def __init__(
        self,
        store: AssignStore,
        queues: Queues,
        follow_ups: FollowUps,
        alerts: Alerts,
        leases: Leases,
        held: HeldBots,
    ) -> None:
        self._store = store
        self._queues = queues
        self._follow_ups = follow_ups
        self._alerts = alerts
        self._leases = leases
        self._held = held
        self._backlog = Backlog(queues, self._assign)
        self._woken = asyncio.Event()
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._resting: dict[str, float] = {}

    def wake(self) -> None:
        """A conversation has just come in here."""
        self._woken.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then let others take over.

        A long sweep does not keep new conversations waiting.
        """
        await asyncio.gather(self._decide_new(stop), self._sweep_again(stop))
        try:
            await self._held.release()
        except Exception as error:
            if not is_passing(error):  # the leases end by themselves
                raise

    async def _decide_new(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._woken.clear()
            busy = False
            try:
                busy = await self.step()
            except Exception as error:
                if not is_passing(error):
                    log.exception("splitting failed")
            if not busy:
                await either(self._woken, stop, LOOK_EVERY.total_seconds())

    async def _sweep_again(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self.sweep()
            except Exception as error:
                if not is_passing(error):
                    log.exception("following up failed")
            await either(stop, stop, SWEEP_EVERY.total_seconds())

    async def step(self) -> bool:
        """Decide what has just come in; whether there was any."""
        busy = False
        resting = self._still_resting()
        for bot_id, ids in (await self._queues.pending(BATCH * 5, but=resting)).items():
            changes = await self._assign(bot_id, [Wish(id_) for id_ in ids])
            busy = busy or bool(changes)
        return busy

    async def sweep(self) -> None:
        """Try again what waits, follow up what nobody answers, alert."""
        watched = await self._queues.bots_to_watch()
        waiting = await self._queues.bots_with_waiting()
        for bot_id in sorted({*watched, *waiting}):
            fence = await self._held.take(bot_id)
            if fence is None:
                continue
            try:
                if bot_id in waiting:
                    await self._backlog.sweep(bot_id)
                await self._assign(bot_id, await self._follow_ups.due(bot_id))
                await self._alerts.tell(bot_id, self._confirm(bot_id, fence))
            except LeaseLost:
                self._held.forget(bot_id)
            except Exception as error:  # of one bot: the others have nothing to do with it
                if is_passing(error):
                    raise
                log.exception("following up failed", bot_id=bot_id)

    async def _assign(self, bot_id: str, wishes: list[Wish]) -> list[Change] | None:
        """What changed; None while another process assigns for the bot."""
        changes: list[Change] = []
        resting = self._still_resting()
        wishes = [one for one in wishes if one.conversation_id not in resting]
        for start in range(0, len(wishes), BATCH):
            async with self._turns[bot_id]:
                fence = await self._held.take(bot_id)
                if fence is None:
                    return None
                try:
                    changes += await self._batch(bot_id, wishes[start : start + BATCH], fence)
                except LeaseLost:
                    self._held.forget(bot_id)
                    return None
        return changes

    async def _batch(self, bot_id: str, wishes: list[Wish], fence: int) -> list[Change]:
        """One transaction; if it cannot be done, halves of it, until one stands alone."""
        try:
            with metrics.split_seconds.time():
                changes = await self._store.assign(bot_id, wishes, self._confirm(bot_id, fence))
        except LeaseLost:
            raise
        except Exception as error:
            if is_passing(error):
                raise
            if len(wishes) == 1:
                log.exception("not decided", conversation_id=wishes[0].conversation_id)
                self._rest(wishes[0].conversation_id)
                return []
            middle = len(wishes) // 2
            first = await self._batch(bot_id, wishes[:middle], fence)
            return first + await self._batch(bot_id, wishes[middle:], fence)
        for change in changes:
            kind = change.receipt.kind if change.receipt is not None else "let_go"
            metrics.split_decisions_total.labels(kind).inc()
        return changes

    def _confirm(self, bot_id: str, fence: int) -> Confirm:
        async def confirm(session: Session) -> None:
            if not await self._leases.confirm(lease_name(bot_id), fence, session=session):
                raise LeaseLost(bot_id)

        return confirm

    def _rest(self, conversation_id: str) -> None:
        if len(self._resting) < _MOST_RESTING:
            self._resting[conversation_id] = asyncio.get_running_loop().time() + _REST_S

    def _still_resting(self) -> set[str]:
        now = asyncio.get_running_loop().time()
        self._resting = {id_: until for id_, until in self._resting.items() if until > now}
        return set(self._resting)
