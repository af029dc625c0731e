"""A client that delivers webhooks like Meta: signed, again and again until the answer is 200."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import aiohttp

from tests.waiting import until
from tests.webhook_signing import signed

Delivery = tuple[str, bytes]
"""Channel of the endpoint, and body."""
_GIVES_UP_AFTER_S = 120.0
_LONGEST_S = 5.0
"""Meta and Zalo wait no longer for an answer."""


@dataclass(slots=True)
class Sender:
    """Posts to whichever of `urls` is next.

    `posted` counts the tries; `acknowledged` are the bodies that were answered 200; `refusals`
    counts the other answers by status, 0 for none at all.
    """

    urls: Callable[[], Sequence[str]]
    posted: int = 0
    acknowledged: list[Delivery] = field(default_factory=list)
    refusals: Counter[int] = field(default_factory=Counter)
    _turn: "itertools.count[int]" = field(default_factory=itertools.count)

    async def deliver(self, deliveries: Sequence[Delivery], *, connections: int) -> None:
        """Return when every body was acknowledged.

        Raises:
            TimeoutError: one of them never was.
        """
        waiting = iter(deliveries)
        timeout = aiohttp.ClientTimeout(total=_LONGEST_S)
        async with aiohttp.ClientSession(timeout=timeout) as session:

            async def connection() -> None:
                for delivery in waiting:
                    post = partial(self._post, session, delivery)
                    await until(post, within_s=_GIVES_UP_AFTER_S)

            await asyncio.gather(*(connection() for _ in range(connections)))

    async def _post(self, session: aiohttp.ClientSession, delivery: Delivery) -> bool:
        channel, body = delivery
        urls = self.urls()
        if not urls:
            return False
        url = f"{urls[next(self._turn) % len(urls)]}/webhooks/{channel}"
        self.posted += 1
        try:
            async with session.post(url, data=body, headers=signed(channel, body)) as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError):
            status = 0
        if status == 200:
            self.acknowledged.append(delivery)
            return True
        self.refusals[status] += 1
        return False
