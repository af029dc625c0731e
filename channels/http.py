"""Calls to platforms over HTTP, so that it is always known whether a request may have got there."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import aiohttp
import orjson
from aiohttp import ClientSession, ClientTimeout, TraceConfig
from aiohttp.payload import AsyncIterablePayload, StringPayload

MAX_ANSWER_BYTES = 4 * 1024 * 1024
"""An answer of a platform's API is a few kB, a page of history a few hundred."""
KEEP_ALIVE_S = 15
"""Shorter than any platform's: a request on a connection that the other side is just closing
has an unknown fate."""
_CONNECTIONS = 200
_CONNECTIONS_PER_HOST = 100


@dataclass(frozen=True, slots=True)
class Timeouts:
    """`connect`: until there is a connection, waiting for a free one included; `read`: between
    two pieces of the answer; `total`: the whole call.
    """

    connect: timedelta = timedelta(seconds=5)
    read: timedelta = timedelta(seconds=10)
    total: timedelta = timedelta(seconds=15)

    def client(self) -> ClientTimeout:
        connect_s = self.connect.total_seconds()
        return ClientTimeout(
            total=self.total.total_seconds(),
            connect=connect_s,
            sock_connect=connect_s,
            sock_read=self.read.total_seconds(),
        )


class NotSent(Exception):
    """The request never left: no connection, no such host, a refused certificate."""


class MaybeSent(Exception):
    """The request was on its way and no whole answer came: its fate is unknown."""


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file in the field `name` of a multipart form; `chunks` are its `size` bytes."""

    name: str
    filename: str
    mime: str
    size: int
    chunks: AsyncIterator[bytes] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. `query`, `headers`, `body` and `form` may hold secrets: none is shown or logged.

    At most one of `json` (sent as JSON) and `form` (url-encoded, or multipart with `file`).
    """

    method: str
    url: str
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: Any = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    file: FilePart | None = None
    timeouts: Timeouts | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, whatever its status. The names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """The body as JSON; None when it is something else, such as a gateway's error page."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None


class HttpClient:
    """One session for one platform: pooled connections, no cookies, no redirects, no repeats
    (but of a GET whose kept connection turns out to be closed).

    Made inside the running event loop; `close` it at the end.
    """

    def __init__(self, timeouts: Timeouts | None = None) -> None:
        self._timeouts = timeouts or Timeouts()
        self._session = _session(self._timeouts)

    async def call(self, call: Call) -> Answer:
        """Make one request, once.

        Raises:
            NotSent: it never left.
            MaybeSent: it may have been taken.
        """
        progress = _Progress()
        try:
            return await self._call(call, progress)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            reason = type(error).__name__  # its text may hold the URL with its secrets
            raise (MaybeSent(reason) if progress.begun else NotSent(reason)) from None

    async def _call(self, call: Call, progress: "_Progress") -> Answer:
        timeouts = call.timeouts or self._timeouts
        async with self._session.request(
            call.method,
            call.url,
            params=call.query or None,
            headers=_headers(call),
            data=_data(call),
            timeout=timeouts.client(),
            allow_redirects=False,
            trace_request_ctx=progress,
        ) as response:
            body = bytearray()
            async for piece in response.content.iter_any():
                body += piece
                if len(body) > MAX_ANSWER_BYTES:
                    response.close()
                    raise MaybeSent("AnswerTooLarge")
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, headers, bytes(body))

    async def close(self) -> None:
        await self._session.close()


@dataclass(slots=True)
class _Progress:
    """Whether the head of the request has been given to a connection."""

    begun: bool = False


async def _note_begun(_session: ClientSession, context: SimpleNamespace, _params: object) -> None:
    context.trace_request_ctx.begun = True


def _session(timeouts: Timeouts) -> ClientSession:
    tracing = TraceConfig()
    tracing.on_request_headers_sent.append(_note_begun)
    return ClientSession(
        connector=aiohttp.TCPConnector(
            limit=_CONNECTIONS,
            limit_per_host=_CONNECTIONS_PER_HOST,
            keepalive_timeout=KEEP_ALIVE_S,
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=timeouts.client(),
        trace_configs=[tracing],
        trust_env=False,
        auto_decompress=True,
    )


def _headers(call: Call) -> dict[str, str]:
    json = {"Content-Type": "application/json"} if call.json is not None else {}
    return {**call.headers, **json}


def _data(call: Call) -> Any:
    if call.json is not None:
        return orjson.dumps(call.json)
    if call.file is None:
        return dict(call.form) if call.form is not None else None
    multipart = aiohttp.MultipartWriter("form-data")
    for name, value in (call.form or {}).items():
        part = StringPayload(value)
        part.set_content_disposition("form-data", quote_fields=False, name=name)
        multipart.append_payload(part)
    file = _SizedFile(call.file)
    file.set_content_disposition(
        "form-data", quote_fields=False, name=call.file.name, filename=call.file.filename
    )
    multipart.append_payload(file)
    return multipart


class _SizedFile(AsyncIterablePayload):
    """Tells its size, so that the request has a Content-Length: not every server takes chunks."""

    def __init__(self, file: FilePart) -> None:
        super().__init__(file.chunks, content_type=file.mime)
        self._size = file.size
