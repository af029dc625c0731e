"""Downloads media over HTTPS from the platforms' hosts: never from inside our network.

What a webhook calls a link is the word of a stranger. It is followed only to hosts of its
channel (what a program of ours names: to any public host); the name is resolved once, the
addresses are checked, and it is those that are connected to; each redirect is a link of its own.
No cookies, no credentials, no proxy of the environment.
"""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin

import aiohttp
from aiohttp import ClientResponse, ClientSession, ClientTimeout, hdrs
from aiohttp.abc import AbstractResolver, ResolveResult

from channels.config import MediaFetchConfig
from channels.media.hosts import HostRules, Target
from inbox.addresses import is_loopback, is_public
from inbox.conversations.model import Channel
from inbox.media.source import MediaGone, MediaRefused, MediaStream, MediaTooLarge, MediaUnavailable

MOST_REDIRECTS = 3
MOST_PER_HOST = 4
"""Connections to one host at a time, per process."""
MOST_CONNECTIONS = 32
_LONGEST_HEADER = 8190
_MOST_HEADERS = 64
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PASSING = frozenset({408, 425, 429})
_LONGEST_RETRY_AFTER_S = 3600.0
_HEADERS = {
    hdrs.ACCEPT: "*/*",
    hdrs.ACCEPT_ENCODING: "identity",  # nothing to unpack: no bomb in the transport
    hdrs.USER_AGENT: "chat-inbox",
}


class AddressRefused(OSError):
    """A name led, or a socket would have been opened, to an address that is not public."""


class MediaClient:
    """Implements MediaSource. Made inside the running event loop; `close` it at the end."""

    def __init__(
        self, config: MediaFetchConfig, *, resolver: AbstractResolver | None = None
    ) -> None:
        self._rules = HostRules(config.allow_hosts)
        self._resolver = CheckedResolver(resolver or aiohttp.DefaultResolver(), self._rules)
        self._session = ClientSession(
            connector=aiohttp.TCPConnector(
                limit=MOST_CONNECTIONS,
                limit_per_host=MOST_PER_HOST,
                resolver=self._resolver,
                use_dns_cache=False,
                socket_factory=self._socket,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=ClientTimeout(
                total=config.timeout.total_seconds(),
                sock_connect=config.connect_timeout.total_seconds(),
                sock_read=config.idle_timeout.total_seconds(),
            ),
            trust_env=False,
            auto_decompress=False,
            max_line_size=_LONGEST_HEADER,
            max_field_size=_LONGEST_HEADER,
            max_headers=_MOST_HEADERS,
        )

    async def close(self) -> None:
        await self._session.close()
        await self._resolver.close()

    def _socket(self, address: tuple[Any, Any, int, str, tuple[Any, ...]]) -> socket.socket:
        """The last look, at the very address that is about to be connected to."""
        family, kind, protocol, _, place = address
        _check_address(str(place[0]), is_local=self._rules.is_local(str(place[0]), place[1]))
        return socket.socket(family, kind, protocol)

    @asynccontextmanager
    async def fetch(
        self, channel: Channel, url: str, *, most_bytes: int
    ) -> AsyncIterator[MediaStream]:
        """Open what is at `url`; see MediaSource."""
        async with self._fetch(channel, url, most_bytes) as stream:
            yield stream

    @asynccontextmanager
    async def fetch_public(self, url: str, *, most_bytes: int) -> AsyncIterator[MediaStream]:
        """The same from any host of the public internet: links that programs name."""
        async with self._fetch(None, url, most_bytes) as stream:
            yield stream

    @asynccontextmanager
    async def _fetch(
        self, channel: Channel | None, url: str, most_bytes: int
    ) -> AsyncIterator[MediaStream]:
        response = await self._open(channel, self._rules.check(channel, url))
        try:
            yield _stream(response, most_bytes)
        finally:
            response.close()  # what is unread is cut off, never drained

    async def _open(self, channel: Channel | None, target: Target) -> ClientResponse:
        """The answer at the end of the redirects, which is a success."""
        for _ in range(MOST_REDIRECTS + 1):
            response = await self._get(target)
            if response.status == HTTPStatus.OK:
                return response
            response.close()
            if response.status not in _REDIRECTS:
                raise _refusal(response)
            location = response.headers.get(hdrs.LOCATION, "")
            target = self._rules.check(channel, urljoin(str(target.url), location))
        raise MediaRefused("redirects")

    async def _get(self, target: Target) -> ClientResponse:
        try:
            return await self._session.get(target.url, headers=_HEADERS, allow_redirects=False)
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, AddressRefused):
                raise MediaRefused("address") from None
            raise MediaUnavailable(type(error).__name__) from None
        except aiohttp.InvalidURL:
            raise MediaRefused("not_a_link") from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            # its text holds the link, which is as good as the picture
            raise MediaUnavailable(type(error).__name__) from None


class CheckedResolver(AbstractResolver):
    """Resolves names once per connection; one address that is not public refuses the name."""

    def __init__(self, inner: AbstractResolver, rules: HostRules) -> None:
        self._inner = inner
        self._rules = rules

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        for one in found:
            _check_address(one["host"], is_local=self._rules.is_local(host, port))
        return found

    async def close(self) -> None:
        await self._inner.close()


def _check_address(address: str, *, is_local: bool) -> None:
    if not (is_loopback(address) if is_local else is_public(address)):
        raise AddressRefused("address is not public")


def _stream(response: ClientResponse, most_bytes: int) -> MediaStream:
    """Raises MediaRefused: it is packed; MediaTooLarge: it says that it is too large."""
    if response.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        raise MediaRefused("encoded")
    size = response.content_length
    if size is not None and size > most_bytes:
        raise MediaTooLarge("too_large")
    declared = hdrs.CONTENT_TYPE in response.headers
    return MediaStream(
        mime=response.content_type.lower() if declared else None,
        size=size,
        chunks=_chunks(response, most_bytes),
    )


async def _chunks(response: ClientResponse, most_bytes: int) -> AsyncIterator[bytes]:
    size = 0
    try:
        async for chunk in response.content.iter_any():
            size += len(chunk)
            if size > most_bytes:
                raise MediaTooLarge("too_large")
            yield chunk
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise MediaUnavailable(type(error).__name__) from None


def _refusal(response: ClientResponse) -> Exception:
    status = response.status
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _PASSING:
        return MediaUnavailable(f"status_{status}", retry_after_s=_retry_after_s(response))
    return MediaGone(f"status_{status}")


def _retry_after_s(response: ClientResponse) -> float | None:
    """Seconds; the header may also hold a date, which is not worth reading."""
    told = response.headers.get(hdrs.RETRY_AFTER, "")
    if not (told.isascii() and told.isdigit()):
        return None
    return min(float(told), _LONGEST_RETRY_AFTER_S)
