"""A proxy between a connector and its CRM that does what no CRM does when a test asks it to."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer


@dataclass(frozen=True)
class DropAnswer:
    """Let the CRM carry it out and answer, then cut the connection instead."""


@dataclass(frozen=True)
class Refuse:
    """Answer ourselves; the CRM hears nothing."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"<html>busy</html>"


@dataclass(frozen=True)
class Stall:
    """Say nothing until the test is over; the CRM hears nothing."""


@dataclass(frozen=True)
class Reset:
    """Cut the connection; the CRM hears nothing."""


@dataclass(frozen=True)
class Overtaken:
    """Hold it back until a request that came later has been answered."""


Fault = DropAnswer | Refuse | Stall | Reset | Overtaken
_OF_THE_WAY = {"host", "content-length", "transfer-encoding", "connection", "accept-encoding"}


class FaultProxy:
    """Forwards to `target`, but for requests that a fault waits for."""

    def __init__(self, target: str) -> None:
        self._target = target.rstrip("/")
        self._waiting: list[tuple[bytes, Fault]] = []
        self._over = asyncio.Event()
        self._answered = asyncio.Condition()
        self._answers = 0
        self._held = asyncio.Event()
        self._bodies: list[bytes] = []
        self.is_down = False
        application = web.Application(client_max_size=64 * 1024 * 1024)
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._server = TestServer(application)
        self._client: aiohttp.ClientSession | None = None

    @property
    def url(self) -> str:
        return str(self._server.make_url("")).rstrip("/")

    @property
    def unused(self) -> int:
        """How many faults have not happened."""
        return len(self._waiting)

    def requests(self, on: bytes = b"") -> int:
        """How many there were whose body holds `on`."""
        return sum(on in body for body in self._bodies)

    async def held(self) -> None:
        """Until a request is being held back."""
        await asyncio.wait_for(self._held.wait(), 30)

    def will(self, *faults: Fault, on: bytes = b"") -> None:
        """Each happens once, in order, to a request whose body holds `on`."""
        self._waiting += [(on, fault) for fault in faults]

    async def start(self) -> None:
        self._client = aiohttp.ClientSession(auto_decompress=False)
        await self._server.start_server()

    async def stop(self) -> None:
        self._over.set()
        await self._server.close()
        if self._client is not None:
            await self._client.close()

    def _fault(self, body: bytes) -> Fault | None:
        if self.is_down:
            return Reset()
        for index, (on, fault) in enumerate(self._waiting):
            if on in body:
                del self._waiting[index]
                return fault
        return None

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self._bodies.append(body)
        match self._fault(body):
            case DropAnswer():
                await self._forward(request, body)
                return _cut(request)
            case Refuse(status, headers, answer):
                return web.Response(status=status, headers=headers, body=answer)
            case Stall():
                await self._over.wait()
                return _cut(request)
            case Reset():
                return _cut(request)
            case Overtaken():
                await self._wait_for_another()
            case None:
                pass
        return await self._forward(request, body)

    async def _wait_for_another(self) -> None:
        async with self._answered:
            seen = self._answers
            self._held.set()
            await self._answered.wait_for(lambda: self._answers > seen)

    async def _forward(self, request: web.Request, body: bytes) -> web.Response:
        assert self._client is not None, "started"
        headers = _end_to_end(request.headers)
        url = f"{self._target}{request.path_qs}"
        async with self._client.request(
            request.method, url, headers=headers, data=body, allow_redirects=False
        ) as answer:
            content = await answer.read()
            response = web.Response(
                status=answer.status, headers=_end_to_end(answer.headers), body=content
            )
        async with self._answered:
            self._answers += 1
            self._answered.notify_all()
        return response


@asynccontextmanager
async def fault_proxy(target: str) -> AsyncIterator[FaultProxy]:
    proxy = FaultProxy(target)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()


def _end_to_end(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _OF_THE_WAY}


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
