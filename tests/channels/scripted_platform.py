"""A real HTTP server on loopback that answers each request as the script of a test says."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.test_utils import TestServer


@dataclass(frozen=True)
class Reply:
    """Answer with `body`: JSON, or raw bytes."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Stall:
    """Read the request, then say nothing until the test is over."""


@dataclass(frozen=True)
class Reset:
    """Cut the connection: before the body of the request is read, or after it."""

    after_reading: bool


@dataclass(frozen=True)
class Truncate:
    """Begin an answer with this status and cut the connection in the middle of its body."""

    status: int = 200


Step = Reply | Stall | Reset | Truncate


@dataclass(frozen=True)
class Received:
    """A request as it came. `form` holds the fields, `file` (name, mime, bytes) of a multipart."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    json: Any = None
    form: dict[str, str] = field(default_factory=dict)
    file: tuple[str | None, str | None, bytes] | None = None


class ScriptedPlatform:
    """Answers with the next step of the script; an unexpected request is a 418."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self._script: list[Step] = []
        self._over = asyncio.Event()
        application = web.Application(client_max_size=64 * 1024 * 1024)
        application.router.add_route("*", "/{path:.*}", self._answer)
        self._server = TestServer(application)

    @property
    def url(self) -> str:
        return str(self._server.make_url("")).rstrip("/")

    def will(self, *steps: Step) -> None:
        """Add steps to the script."""
        self._script.extend(steps)

    @property
    def unused(self) -> int:
        return len(self._script)

    async def start(self) -> None:
        await self._server.start_server()

    async def stop(self) -> None:
        self._over.set()
        await self._server.close()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        step: Step = self._script.pop(0) if self._script else Reply({}, status=418)
        if step == Reset(after_reading=False):
            self.received.append(Received(request.method, request.path, {}, {}))
            return _cut(request)
        self.received.append(await _read(request))
        match step:
            case Reply(bytes() as body, status, headers):
                return web.Response(body=body, status=status, headers=headers)
            case Reply(body, status, headers):
                return web.Response(
                    body=orjson.dumps(body),
                    status=status,
                    headers=headers,
                    content_type="application/json",
                )
            case Stall():
                await self._over.wait()
                return web.Response()
            case Reset():
                return _cut(request)
            case Truncate(status):
                response = web.StreamResponse(status=status, headers={"Content-Length": "1000"})
                await response.prepare(request)
                await response.write(b'{"message_id":"m_1')
                _cut(request)
                return response


@asynccontextmanager
async def scripted_platform() -> AsyncIterator[ScriptedPlatform]:
    platform = ScriptedPlatform()
    await platform.start()
    try:
        yield platform
    finally:
        await platform.stop()


def _cut(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def _read(request: web.Request) -> Received:
    query, headers = dict(request.query), dict(request.headers)
    given = (request.method, request.path, query, headers)
    if request.content_type.startswith("multipart/"):
        form, file = await _multipart(await request.multipart())
        return Received(*given, form=form, file=file)
    if request.content_type == "application/json":
        return Received(*given, json=await request.json(loads=orjson.loads))
    form = {name: str(value) for name, value in (await request.post()).items()}
    return Received(*given, form=form)


async def _multipart(
    reader: MultipartReader,
) -> tuple[dict[str, str], tuple[str | None, str | None, bytes] | None]:
    form: dict[str, str] = {}
    file = None
    async for part in reader:
        assert isinstance(part, BodyPartReader)
        content = bytes(await part.read())
        if part.filename is not None:
            file = (part.filename, part.headers.get("Content-Type"), content)
        else:
            form[part.name or ""] = content.decode()
    return form, file
