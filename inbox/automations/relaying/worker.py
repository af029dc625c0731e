"""The relay: of all processes one follows the live feed and queues what automations are told.

The feed is written in the transaction of whatever it tells of, so it is the outbox as well: what
has happened is told, whoever dies when, and in the order in which it was committed.
"""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta

import structlog

from inbox.automations.relaying.store import MARK, LostRelay, Place, RelayStore
from inbox.cancelling import end
from inbox.clock import Clock
from inbox.live.model import LiveEvent
from inbox.live.store import Feed, FeedInterrupted, FeedLost, LiveStore
from inbox.mongo.failures import is_passing
from inbox.mongo.leases import Leases
from inbox.waiting import either

log = structlog.get_logger(__name__)

BATCH = 100
"""Live events per transaction."""
LEASE = timedelta(seconds=15)
RENEWED_EVERY_S = 4.0
"""Also how often the place is kept while nothing is to be told."""
RETRY_S = 0.5

Item = tuple[str | None, LiveEvent | None]
"""A token and its event; without an event only the place has moved."""


class Relay:
    """Follows the feed, under a lease; `wake` is called when something was queued."""

    def __init__(
        self,
        store: RelayStore,
        live: LiveStore,
        leases: Leases,
        clock: Clock,
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._live = live
        self._leases = leases
        self._clock = clock
        self._wake = wake

    async def run(self, stop: asyncio.Event) -> None:
        """Relay until `stop` is set, whenever no other process does."""
        while not stop.is_set():
            try:
                fence = await self._leases.acquire(MARK, LEASE)
                if fence is not None:
                    await self._relay(fence, stop)
            except LostRelay:
                log.info("another process relays")
            except Exception as error:
                if not is_passing(error):
                    log.exception("relaying failed")
            await either(stop, stop, RETRY_S)
        with contextlib.suppress(Exception):  # the lease ends by itself
            await self._leases.release(MARK)

    async def _relay(self, fence: int, stop: asyncio.Event) -> None:
        place = await self._store.place()
        try:
            async with self._live.watch(place.token) as feed:
                if place.token is None:
                    place = await self._catch_up(place, feed, fence)
                await self._follow(feed, place, fence, stop)
        except FeedLost:
            log.warning("the place in the live feed is lost, what it still holds is read again")
            reached = await self._store.place()
            await self._store.relay([], Place(None, reached.at), fence)
        except FeedInterrupted:
            log.info("live feed interrupted")

    async def _catch_up(self, place: Place, feed: Feed, fence: int) -> Place:
        """What came before the feed was opened; what was told already has its id and is left."""
        async with contextlib.aclosing(self._store.missed(place.at, BATCH)) as missed:
            async for batch in missed:
                await self._hold(fence)
                await self._store.relay(batch, Place(None, batch[-1].at), fence)
        place = Place(feed.token, self._clock.now())
        await self._store.relay([], place, fence)
        self._wake()
        return place

    async def _follow(self, feed: Feed, place: Place, fence: int, stop: asyncio.Event) -> None:
        items: asyncio.Queue[Item] = asyncio.Queue(maxsize=BATCH * 5)
        reading = asyncio.create_task(_read(feed, items))
        loop = asyncio.get_running_loop()
        kept_at = loop.time()
        try:
            while not stop.is_set():
                batch = await _taken(items, reading)
                events = [event for _, event in batch if event is not None]
                if batch:
                    place = Place(batch[-1][0], events[-1].at if events else place.at)
                if events and await self._store.is_of_automations(events):
                    await self._store.relay(events, place, fence)
                    self._wake()
                if loop.time() - kept_at >= RENEWED_EVERY_S:
                    await self._keep(place, fence)
                    kept_at = loop.time()
        finally:
            await end([reading])

    async def _keep(self, place: Place, fence: int) -> None:
        """Hold the lease; while nothing is to be told, the place in the feed moves on too."""
        await self._hold(fence)
        await self._store.relay([], place, fence)

    async def _hold(self, fence: int) -> None:
        if await self._leases.acquire(MARK, LEASE) != fence:
            raise LostRelay


async def _read(feed: Feed, items: "asyncio.Queue[Item]") -> None:
    while True:
        found = await feed.next()
        await items.put((feed.token, None) if found is None else found)


async def _taken(items: "asyncio.Queue[Item]", reading: "asyncio.Task[None]") -> list[Item]:
    """What is here, at most a batch; waits for the first, and raises what reading has raised."""
    getting = asyncio.create_task(items.get())
    try:
        await asyncio.wait(
            {getting, reading}, timeout=RENEWED_EVERY_S, return_when=asyncio.FIRST_COMPLETED
        )
        if not getting.done():
            if reading.done():
                reading.result()
            return []
        batch = [getting.result()]
    finally:
        getting.cancel()
    while len(batch) < BATCH and not items.empty():
        batch.append(items.get_nowait())
    return batch
