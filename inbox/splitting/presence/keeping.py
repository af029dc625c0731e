"""Keeps presence: extends it while inboxes are open, ends it in time, sends the idle to a break."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime

import structlog

from inbox.clock import Clock
from inbox.config import PresenceConfig
from inbox.mongo.failures import is_passing
from inbox.splitting.presence.model import Connected
from inbox.splitting.presence.store import PresenceStore
from inbox.waiting import either

log = structlog.get_logger(__name__)

_EXPIRED_TOGETHER = 100

Idle = Callable[[datetime], Awaitable[Mapping[str, datetime]]]
"""Bots that send the idle to a break, each with the moment since when nobody may be idle."""


SignedIn = Callable[[str], Awaitable[bool]]
"""Whether somebody has a session that has not ended."""


async def _everybody(_: str) -> bool:
    return True


class PresenceKeeping:
    """Who has an inbox open in this process is here.

    Whether a connection lives is known to the live feed, which pings it; a browser answers those
    pings in a hidden tab too, where its timers hardly run.
    """

    def __init__(
        self,
        store: PresenceStore,
        connected: Callable[[], Iterable[Connected]],
        clock: Clock,
        config: PresenceConfig,
        signed_in: SignedIn = _everybody,
    ) -> None:
        self._store = store
        self._connected = connected
        self._signed_in = signed_in
        self._clock = clock
        self._config = config
        self._arrived = asyncio.Event()

    def arrived(self) -> None:
        """Somebody has just connected: do not wait for the next round."""
        self._arrived.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Extend until `stop`."""
        while not stop.is_set():
            self._arrived.clear()
            try:
                await self.extend()
            except Exception as error:
                if not is_passing(error):
                    log.exception("presence could not be extended")
            await either(self._arrived, stop, self._config.extend_every.total_seconds())

    async def extend(self) -> None:
        """One round: everybody who is connected is here for another while."""
        now = self._clock.now()
        lasts = {True: now + self._config.phone_lasts, False: now + self._config.lasts}
        if until := {one.staff_id: lasts[one.by_phone] for one in self._connected()}:
            for staff_id in await self._store.extend(until):
                # the connection of who has just signed out may be closing still
                if not await self._signed_in(staff_id):
                    await self._store.leave(staff_id)


class PresenceEnding:
    """Notes, as due work, that somebody is not here any more, or lets customers wait."""

    def __init__(self, store: PresenceStore, clock: Clock, idle: Idle) -> None:
        self._store = store
        self._clock = clock
        self._idle = idle

    async def run(self, stop: asyncio.Event) -> None:
        """Look again and again until `stop`."""
        await self._store.due.keep_at(self.step, stop)

    async def step(self) -> int:
        """End what is over; how many went or were sent to a break."""
        ended = 0
        for claimed in await self._store.due.claim(_EXPIRED_TOGETHER):
            ended += await self._store.expire(claimed)
        for staff_id in sorted(await self._store.idle(await self._idle(self._clock.now()))):
            ended += await self._store.take_break(staff_id, "auto")
        return ended
