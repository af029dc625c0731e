"""Keeps the calls of each account within Meta's rates, and leaves alone who is in trouble."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from channels.breaker import Breakers
from channels.facebook import limits
from channels.facebook.failures import RateLimited
from inbox.mongo.buckets import Buckets
from inbox.mongo.failures import is_passing
from inbox.ports import SendError, SendUnavailable, SendUncertain

log = structlog.get_logger(__name__)

PATIENCE_S = 0.5
"""How long a send waits for its turn before it goes back into the queue. It is marked as being
sent already: who dies while it waits leaves a doubt behind."""
READING_PATIENCE_S = 3.0
"""The same for calls that only read."""

Pause = Callable[[float], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Lane:
    """One published rate: in any second (hour) at most rate + burst calls."""

    name: str
    rate_per_s: float
    burst: int


SENDS = Lane("send", limits.SENDS_PER_S - 10, 10)
MEDIA = Lane("media", limits.PAGE_MEDIA_PER_S - 2, 2)
HISTORY = Lane("history", limits.PAGE_HISTORY_PER_S - 1, 1)
PRIVATE_REPLIES = Lane("private", (limits.PAGE_PRIVATE_REPLIES_PER_H - 50) / 3600, 50)


class Traffic:
    """Rates are shared by all processes, breakers are this process's own. Keys are account keys."""

    def __init__(
        self, buckets: Buckets, breakers: Breakers, *, pause: Pause = asyncio.sleep
    ) -> None:
        self._buckets = buckets
        self._breakers = breakers
        self._pause = pause
        self._throttled: dict[str, int] = {}

    async def admit(self, key: str, *lanes: Lane) -> None:
        """Return when a call may be made; then `note` how it went.

        Raises:
            SendUnavailable: not within PATIENCE_S, or too many calls have failed in a row.
        """
        await self.turn(key, *lanes, within_s=PATIENCE_S)
        if (wait_s := self._breakers.wait_s(key)) > 0:
            raise SendUnavailable("too many failures in a row", retry_after_s=wait_s, tried=False)

    async def turn(self, key: str, *lanes: Lane, within_s: float = READING_PATIENCE_S) -> None:
        """Wait for a turn in every lane: all that a call needs that only reads.

        Raises:
            SendUnavailable: not within `within_s`.
        """
        waited_s = 0.0
        for lane in lanes:
            while (wait_s := await self._take(key, lane)) > 0:
                waited_s += wait_s
                if waited_s > within_s:
                    raise RateLimited("our own limit", retry_after_s=wait_s, tried=False)
                await self._pause(wait_s)

    async def has_room(self, key: str, lane: Lane) -> bool:
        """Whether a call that nobody waits for may be made right now."""
        if self._breakers.is_open(key):
            return False
        return await self._take(key, lane) == 0

    async def note(self, key: str, error: SendError | None) -> None:
        """How an admitted call went; who was throttled is told when to come again."""
        if isinstance(error, RateLimited):
            await self._throttle(key, error)
            return
        self._throttled.pop(key, None)
        if isinstance(error, SendUnavailable | SendUncertain):
            self._breakers.failed(key)
        else:
            self._breakers.succeeded(key)

    def note_reading(self, key: str, error: SendError | None) -> None:
        """How an admitted call went that only read: being throttled there holds up no message."""
        if isinstance(error, RateLimited):
            return
        if isinstance(error, SendUnavailable | SendUncertain):
            self._breakers.failed(key)
        else:
            self._breakers.succeeded(key)

    async def _take(self, key: str, lane: Lane) -> float:
        """Raises SendUnavailable when the database is away: nothing has been sent yet."""
        try:
            return await self._buckets.take(f"{key}:{lane.name}", lane.rate_per_s, lane.burst)
        except Exception as error:
            if is_passing(error):
                raise SendUnavailable("database") from error
            raise

    async def _throttle(self, key: str, error: RateLimited) -> None:
        """All processes pause for as long as Meta says, else longer from time to time."""
        times = self._throttled.get(key, 0)
        self._throttled[key] = times + 1
        if error.retry_after_s is None:
            ladder = limits.THROTTLED_FOR_S
            error.retry_after_s = ladder[min(times, len(ladder) - 1)]
        log.warning("an account is throttled", account=key, for_s=error.retry_after_s)
        try:
            await self._buckets.pause(f"{key}:{SENDS.name}", error.retry_after_s)
        except Exception as trouble:
            if not is_passing(trouble):  # away: this message waits all the same
                raise
