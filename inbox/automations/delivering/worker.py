"""Tells automations what happened: in order per conversation, again and again until it is taken.

Each automation has places of its own, so that one that is slow, or away, is slow for itself alone.
"""

import asyncio
import time
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from inbox import metrics
from inbox.automations.delivering.client import Outcome, ReceiverClient
from inbox.automations.delivering.shapes import Shape
from inbox.automations.delivering.store import PAGE, DeliveryStore, Receiver, Try, TryState
from inbox.automations.model import Automation, AutomationKind, Event
from inbox.automations.store import AutomationStore
from inbox.cancelling import end
from inbox.clock import Clock
from inbox.mongo.client import Document
from inbox.mongo.due import Backoff, Claimed, DueWork
from inbox.mongo.failures import is_passing
from inbox.waiting import either

log = structlog.get_logger(__name__)

AT_ONCE = 8
"""Conversations of one automation that are told at a time, per process."""
LOOK_EVERY_S = 1.0
"""Between looks whether automations were made or switched."""
KEPT_EVERY_S = 0.5
"""How much of what was told may be told once more after a kill, beside a page of events."""
FAILURES_BEFORE_REST = 3
REST = Backoff(timedelta(seconds=2), timedelta(minutes=1))
"""After as many failures in a row a receiver is left alone, then asked with a single event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What every automation is told with."""

    store: DeliveryStore
    automations: AutomationStore
    shapes: Mapping[AutomationKind, Shape]
    client: ReceiverClient
    clock: Clock
    give_up_after: timedelta


class Telling:
    """The deliveries of one automation."""

    def __init__(self, automation_id: str, means: Means) -> None:
        self._id = automation_id
        self._means = means
        self._store = means.store
        self._clock = means.clock
        self._failures = 0
        self._rest_until = means.clock.now()
        self._stop = asyncio.Event()
        self.due: DueWork = means.store.due(automation_id)

    async def run(self, stop: asyncio.Event) -> None:
        """Tell until `stop` is set; each call that has begun is ended first."""
        self._stop = stop
        await self.due.keep_filled(self._begin, stop, AT_ONCE)

    async def step(self) -> int:
        """Tell what is due, once; how many conversations."""
        begun = await self._begin(AT_ONCE)
        await asyncio.gather(*begun)
        return len(begun)

    async def _begin(self, free: int) -> Sequence[Coroutine[Any, Any, None]]:
        """Whoever does not answer is asked with one event at a time, and not all the time."""
        if self._clock.now() < self._rest_until:
            return ()
        receiver = await self._store.receiver(self._id)
        if receiver is None:
            return ()
        claimed = await self.due.claim(free if self._failures < FAILURES_BEFORE_REST else 1)
        return [
            self.due.attempt(one, lambda claim: self._tell_all(claim, receiver)) for one in claimed
        ]

    async def _tell_all(self, claimed: Claimed, receiver: Receiver) -> None:
        async with self.due.held([claimed]):
            progress = _Progress(self._store, claimed)
            queue: Document | None = claimed.document
            now: Receiver | None = receiver
            while queue is not None:
                events = await self._store.waiting(queue)
                for event in events:
                    if now is None or self._stop.is_set():
                        await self._leave(progress)
                        return
                    if not await self._tell(progress, now, event):
                        return
                if len(events) < PAGE and await progress.end(queue):
                    return
                if not await progress.keep():
                    return
                queue = await self._store.queue(claimed)
                now = await self._store.receiver(self._id)  # it may be off, or elsewhere by now

    async def _tell(self, progress: "_Progress", receiver: Receiver, event: Event) -> bool:
        """Whether the next event of the conversation may be told now."""
        automation, now = receiver.automation, self._clock.now()
        shape = self._means.shapes.get(automation.kind)
        call = await shape.call(automation, receiver.secrets, event, now) if shape else None
        if call is None:  # there is no word for it in the automation's language
            return await progress.behind(event)
        began = time.perf_counter()
        outcome = await self._means.client.post(automation.url, call)
        took_ms = round((time.perf_counter() - began) * 1000)
        metrics.automation_calls_total.labels("taken" if outcome.is_taken else "failed").inc()
        state = await self._state_after(event, outcome)
        progress.tries.append(
            Try(event=event, state=state, outcome=outcome, at=now, took_ms=took_ms)
        )
        if outcome.is_taken:
            await self._note_answer()
        else:
            self._note_failure()
        if state != "failing":
            return await progress.behind(event)
        await progress.keep()
        await self._give_way(progress.claimed, outcome, automation)
        return False

    async def _leave(self, progress: "_Progress") -> None:
        """The rest of a long queue is another process's, or told after the next start."""
        await progress.keep()
        await self.due.retry(progress.claimed, "stopping", after=timedelta())

    async def _state_after(self, event: Event, outcome: Outcome) -> TryState:
        if outcome.is_taken:
            return "delivered"
        relayed_at = await self._store.relayed_at(event.id)
        over = relayed_at is None or relayed_at + self._means.give_up_after <= self._clock.now()
        return "parked" if over and not outcome.is_gone else "failing"

    async def _give_way(self, claimed: Claimed, outcome: Outcome, automation: Automation) -> None:
        if outcome.is_gone:
            await self.due.retry(claimed, outcome.reason, after=timedelta())
            await self._means.automations.gone(automation)
            return
        after = outcome.retry_after_s
        pause = None if after is None else timedelta(seconds=after)
        await self.due.retry(claimed, outcome.reason, after=pause)

    async def _note_answer(self) -> None:
        if self._failures >= FAILURES_BEFORE_REST:
            await self._store.wake_all(self._id)
            self.due.wake()
        self._failures = 0

    def _note_failure(self) -> None:
        self._failures += 1
        over = self._failures - FAILURES_BEFORE_REST
        if over >= 0:
            self._rest_until = self._clock.now() + REST.pause(over + 1)


class _Progress:
    """How far one queue is; written together, but never long after it has happened."""

    def __init__(self, store: DeliveryStore, claimed: Claimed) -> None:
        self._store = store
        self.claimed = claimed
        self.tries: list[Try] = []
        self._up_to: int | None = None
        self._kept_at = time.monotonic()

    async def behind(self, event: Event) -> bool:
        """It need not be told any more. False when the lease was lost."""
        self._up_to = event.sequence
        is_time = time.monotonic() - self._kept_at > KEPT_EVERY_S
        return await self.keep() if is_time else True

    async def end(self, queue: Document) -> bool:
        """All of `queue` was told. False: more has come since it was read."""
        tries, self.tries = self.tries, []
        await self._store.log(self.claimed, tries)
        return await self._store.finish(self.claimed, queue)

    async def keep(self) -> bool:
        """Write what is new. False when the lease was lost."""
        self._kept_at = time.monotonic()
        if not self.tries and self._up_to is None:
            return True
        tries, up_to = self.tries, self._up_to
        self.tries, self._up_to = [], None
        return await self._store.keep(self.claimed, tries, up_to)


class Delivering:
    """Runs a `Telling` for each automation that is switched on."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._tellings: dict[str, tuple[Telling, asyncio.Event, asyncio.Task[None]]] = {}
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Something was queued here, or an automation was made."""
        self._woken.set()
        for telling, _, _ in self._tellings.values():
            telling.due.wake()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; what has begun is ended first."""
        try:
            while not stop.is_set():
                self._woken.clear()
                try:
                    await self._look()
                except Exception as error:
                    if not is_passing(error):
                        log.exception("automations could not be read")
                await either(self._woken, stop, LOOK_EVERY_S)
            for _, own_stop, _ in self._tellings.values():
                own_stop.set()
            await asyncio.gather(*(task for _, _, task in self._tellings.values()))
        finally:
            await end([task for _, _, task in self._tellings.values()])

    async def _look(self) -> None:
        """Begin with automations that are new, end with those that were switched off."""
        wanted = set(await self._means.store.enabled_ids())
        for id_, (_, own_stop, task) in list(self._tellings.items()):
            if id_ not in wanted:
                own_stop.set()
            if task.done():
                del self._tellings[id_]
        for id_ in wanted - self._tellings.keys():
            telling, own_stop = Telling(id_, self._means), asyncio.Event()
            task = asyncio.create_task(telling.run(own_stop))
            self._tellings[id_] = (telling, own_stop, task)
