"""Starts servers of a test, kills them, and finds those that live."""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import Any

from tests.crash.server import Start, run
from tests.waiting import until

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.crash.server"])  # importing takes longer than a storm


@dataclass(slots=True, eq=False)
class Server:
    """A process of the service. `url` is empty until it is ready."""

    process: ForkServerProcess
    _from_process: Connection
    url: str = ""

    async def ready(self) -> None:
        """Return when it serves.

        Raises:
            EOFError: it ended before.
        """
        self.url = await self._told()

    async def _told(self) -> Any:
        await until(self._from_process.poll, within_s=60)
        return self._from_process.recv()

    @property
    def alive(self) -> bool:
        return self.process.exitcode is None

    def kill(self) -> None:
        """End it at once, with signal 9."""
        if self.alive:
            assert self.process.pid is not None
            os.kill(self.process.pid, signal.SIGKILL)

    async def killed(self) -> None:
        """As `kill`; returns when it is gone."""
        self.kill()
        await self.ended()

    async def stopped(self) -> Sequence[str]:
        """Stop it gracefully; the kinds of database commands that it had sent."""
        self.process.terminate()
        kinds: Sequence[str] = await self._told()
        await self.ended()
        assert self.process.exitcode == 0
        return kinds

    async def ended(self, *, within_s: float = 30.0) -> None:
        await until(lambda: not self.alive, within_s=within_s)


class Fleet:
    """The servers of one test."""

    def __init__(self) -> None:
        self._servers: list[Server] = []

    async def start(self, start: Start) -> Server:
        """A new server; returns when it serves."""
        ours, theirs = _FORKS.Pipe(duplex=False)
        process = _FORKS.Process(target=run, args=(start, theirs), daemon=True)
        await asyncio.to_thread(process.start)
        theirs.close()
        server = Server(process, ours)
        self._servers.append(server)
        await server.ready()
        return server

    def urls(self) -> list[str]:
        """Of the servers that live."""
        return [server.url for server in self._servers if server.alive and server.url]

    def end(self) -> None:
        for server in self._servers:
            server.kill()
            server.process.join()
            server.process.close()
            server._from_process.close()
        self._servers.clear()


@contextmanager
def fleet() -> Iterator[Fleet]:
    """Servers that are all gone at the end."""
    servers = Fleet()
    try:
        yield servers
    finally:
        servers.end()
