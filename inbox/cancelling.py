"""Ending tasks for certain: one cancellation may get lost on its way."""

import asyncio
from collections.abc import Iterable
from typing import Any

_AGAIN_AFTER_S = 0.25


async def end(tasks: Iterable["asyncio.Task[Any]"]) -> None:
    """Cancel tasks until all of them have ended, however they end.

    When a result arrives at the same moment, asyncio.wait_for (before Python 3.12), on which the
    driver relies, returns the result and forgets the cancellation: the task would go on.
    """
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        ended, left = await asyncio.wait(left, timeout=_AGAIN_AFTER_S)
        for task in ended:
            if not task.cancelled():
                task.exception()  # asked for, so that asyncio does not complain about it
