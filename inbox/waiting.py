"""Waiting for whichever comes first."""

import asyncio


async def either(first: asyncio.Event, second: asyncio.Event, timeout_s: float) -> None:
    """Until one of the events is set, or the time is over."""
    waiting = [asyncio.ensure_future(first.wait()), asyncio.ensure_future(second.wait())]
    try:
        await asyncio.wait(waiting, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waiting:
            one.cancel()
