"""A server in a thread of its own, for clients that are not asynchronous (fuzzers, browsers)."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, contextmanager
from threading import Thread

from aiohttp import web

_LONGEST_LINE = 64 * 1024
"""Fuzzers write long addresses; a real server answers those before any route sees them."""

Application = AbstractAsyncContextManager[web.Application]


@contextmanager
def served(application: Callable[[], Application]) -> Iterator[str]:
    """Serve what `application` yields on loopback; gives the base URL.

    `application` is entered and left in the server's own event loop, so what belongs to a loop
    (database clients) is made and closed there.
    """
    ready: Future[tuple[str, Callable[[], None]]] = Future()
    thread = Thread(target=lambda: asyncio.run(_serve(application, ready)), name="served")
    thread.start()
    try:
        url, stop = ready.result(timeout=60)
        try:
            yield url
        finally:
            stop()
    finally:
        thread.join(timeout=60)


async def _serve(
    application: Callable[[], Application],
    ready: "Future[tuple[str, Callable[[], None]]]",
) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        loop.call_soon_threadsafe(stopping.set)

    try:
        async with application() as app:
            runner = web.AppRunner(app, max_line_size=_LONGEST_LINE, max_field_size=_LONGEST_LINE)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            host, port = runner.addresses[0][:2]
            ready.set_result((f"http://{host}:{port}", stop))
            await stopping.wait()
            await runner.cleanup()
    except BaseException as error:
        if not ready.done():
            ready.set_exception(error)
        raise
