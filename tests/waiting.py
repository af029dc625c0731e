"""Waiting for a condition with a deadline, which is not sleeping."""

import asyncio
from collections.abc import Awaitable, Callable
from inspect import isawaitable

_LOOK_EVERY_S = 0.01


async def until(condition: Callable[[], bool | Awaitable[bool]], *, within_s: float = 30.0) -> None:
    """Return as soon as `condition` holds.

    Raises:
        TimeoutError: it does not hold within `within_s` seconds.
    """
    async with asyncio.timeout(within_s):
        while True:
            found = condition()
            if await found if isawaitable(found) else found:
                return
            await asyncio.sleep(_LOOK_EVERY_S)
