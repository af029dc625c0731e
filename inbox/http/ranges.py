"""Bytes over HTTP: whole or a range of them, as something that no browser runs in our origin."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from inbox.errors import InboxError
from inbox.http.problems import language_of, problem_response


class RangeNotSatisfiable(InboxError):
    """The part of the file that was asked for lies behind its end."""

    code = "range_not_satisfiable"
    status = 416
    vi = "Phần được yêu cầu nằm ngoài tệp."
    en = "The requested range lies outside the file."


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What is sent. `etag` names these bytes and no others; `size` in bytes.

    `open` gives the bytes at start <= position < end, at least one, and raises what the client is
    to be told when they are not there. `disposition` and `cache` are header values.
    """

    etag: str
    size: int
    mime: str
    disposition: str
    cache: str
    open: Callable[[int, int], Awaitable[AsyncIterator[bytes]]]


@dataclass(frozen=True, slots=True)
class _Part:
    """Which bytes to send: `start` <= position < `end`; `is_whole` unless a range was asked."""

    start: int
    end: int
    is_whole: bool


async def send(request: web.Request, content: Content) -> web.StreamResponse:
    """Answer a GET or a HEAD with `content`: 200, 206, 304 or 416.

    One range is served; several, or what is no range, give the whole (RFC 9110, 14.2).
    """
    headers = _headers(content)
    if any(tag.value in {"*", content.etag} for tag in request.if_none_match or ()):
        return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    part = _part(request, content)
    if part is None:
        return problem_response(
            RangeNotSatisfiable(),
            language_of(request),
            headers={"Content-Range": f"bytes */{content.size}"},
        )
    status = HTTPStatus.OK
    if not part.is_whole:
        status = HTTPStatus.PARTIAL_CONTENT
        headers["Content-Range"] = f"bytes {part.start}-{part.end - 1}/{content.size}"
    chunks = await content.open(part.start, part.end) if content.size else None
    response = web.StreamResponse(status=status, headers=headers)
    response.content_type = content.mime
    response.content_length = part.end - part.start
    await response.prepare(request)
    if chunks is not None and request.method != "HEAD":
        async for chunk in chunks:
            await response.write(chunk)
    await response.write_eof()
    return response


def _headers(content: Content) -> dict[str, str]:
    """Staff may get a file from a customer's hands: it must not run in our origin."""
    return {
        "Accept-Ranges": "bytes",
        "Cache-Control": content.cache,
        "Content-Disposition": content.disposition,
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
        "ETag": f'"{content.etag}"',
        "X-Content-Type-Options": "nosniff",
    }


def _part(request: web.Request, content: Content) -> _Part | None:
    """What was asked for; None when it lies behind the end. HEAD knows no ranges."""
    whole = _Part(0, content.size, is_whole=True)
    tag = f'"{content.etag}"'
    if request.method == "HEAD" or request.headers.get("If-Range", tag) != tag:
        return whole
    try:
        asked = request.http_range
    except ValueError:
        return whole
    if asked.start is None and asked.stop is None:
        return whole
    start, end, _ = asked.indices(content.size)
    return _Part(start, end, is_whole=False) if start < end else None
