"""Posts deliveries as the platforms do: again after a failure, some twice, some out of order."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from http import HTTPStatus
from random import Random
from types import TracebackType
from typing import Self

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector

from app.demo.delivery import Delivery, Platform

log = structlog.get_logger(__name__)

Pace = Callable[[float], Awaitable[object]]
"""Waits for so many seconds; a test passes one that does not."""

_AT_ONCE = 8
_ANSWER_WITHIN_S: dict[Platform, float] = {"facebook": 5, "zalo": 2}
_TRY_AGAIN_AFTER_S: dict[Platform, tuple[float, ...]] = {
    # Meta tries at once, then some more times, and unsubscribes after an hour of failures.
    "facebook": (0, 2, 5, 15, 30, 60, 120, 240, 480, 900, 1500),
    "zalo": (30, 300, 900, 1800, 3600),
}
_LATER = 0.04
_TWICE = 0.04


class Courier:
    """Delivers in the background; leaving its context forgets what is not delivered yet."""

    def __init__(self, base_url: str, pace: Pace) -> None:
        self._base_url = base_url.rstrip("/")
        self._pace = pace
        self._session: ClientSession | None = None
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._under_way: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._session = ClientSession(connector=TCPConnector(limit=_AT_ONCE))
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def move(self, base_url: str) -> None:
        """The server is elsewhere now; what is under way is tried there the next time."""
        self._base_url = base_url.rstrip("/")

    @property
    def waiting(self) -> int:
        """How many deliveries have not arrived yet."""
        return len(self._under_way)

    def post(self, deliveries: Iterable[Delivery]) -> list[asyncio.Task[None]]:
        """Begin to deliver, in this order as long as nothing fails; each task is one delivery."""
        tasks = [asyncio.create_task(self._deliver(delivery)) for delivery in deliveries]
        for task in tasks:
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return tasks

    async def settle(self) -> None:
        """Wait until everything has arrived or was given up."""
        while self._under_way:
            await asyncio.gather(*self._under_way)

    async def _deliver(self, delivery: Delivery) -> None:
        if await self._arrives(delivery, attempt=0):
            return
        for attempt, wait in enumerate(_TRY_AGAIN_AFTER_S[delivery.platform], start=1):
            await self._pace(wait)
            if await self._arrives(delivery, attempt):
                return
        log.warning("simulated delivery given up", platform=delivery.platform)

    async def _arrives(self, delivery: Delivery, attempt: int) -> bool:
        """Whether the server answers 200 in time; no connection at all is one of the failures."""
        assert self._session is not None, "the courier delivers inside its context only"
        headers = delivery.headers
        if attempt and delivery.platform == "zalo":
            headers = {**headers, "num_retry": str(attempt)}
        timeout = ClientTimeout(total=_ANSWER_WITHIN_S[delivery.platform])
        with suppress(ClientError, TimeoutError):
            async with (
                self._free,
                self._session.post(
                    self._base_url + delivery.path,
                    data=delivery.body,
                    headers=headers,
                    timeout=timeout,
                ) as response,
            ):
                return response.status == HTTPStatus.OK
        return False


class Disorder:
    """Makes some deliveries come later than the one after them, and some a second time."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._held: list[Delivery] = []

    def arrange(self, deliveries: Iterable[Delivery]) -> list[Delivery]:
        """The deliveries as they arrive; some may stay behind until the next call."""
        arriving: list[Delivery] = []
        for delivery in deliveries:
            chance = self._random.random()
            held, self._held = self._held, []
            if chance < _LATER + _TWICE:
                self._held = [delivery]
            if chance >= _LATER:
                arriving.append(delivery)
            arriving += held
        return arriving

    def rest(self) -> list[Delivery]:
        """What stayed behind."""
        held, self._held = self._held, []
        return held
