"""Calls to CRMs: JSON over HTTP, and by its failure whether a request may have been carried out.

Nothing of a URL, a header or a body gets into an error: addresses of some CRMs hold a secret.
"""

import email.utils
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any

import aiohttp
import orjson
from aiohttp import ClientSession, ClientTimeout, TraceConfig

from crm_sync.connectors.errors import AuthRefused, CrmAway, CrmBusy, CrmError, CrmUncertain
from inbox.addresses import AddressRefused, guarded

MAX_ANSWER_BYTES = 16 * 1024 * 1024
"""A page of a hundred records with notes of 70 kB is 7 MB."""
MAX_RETRY_AFTER_S = 24 * 3600.0
"""A CRM whose clock is wrong must not silence a connection for a year."""
KEEP_ALIVE_S = 15
"""A request on a connection that the other side is just closing has an unknown fate."""
ADDRESS_REFUSED = "address_refused"
"""The `detail` of a CrmAway: `may_reach` has said no."""
_CONNECTIONS = 10
"""To one CRM, which people use at the same time."""
_NOT_TAKEN = frozenset({HTTPStatus.LOCKED, HTTPStatus.SERVICE_UNAVAILABLE})
"""Locked, and out of service: what answers so has done nothing."""

_REDIRECT, _BROKEN = 3, 5
"""The hundreds of a status."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """`connect`: until there is a connection; `total`: the whole call. Odoo takes 50 ms for each
    of up to 50 records of a call, HubSpot at most 10 s; a large shop's search takes longer.
    """

    connect: timedelta = timedelta(seconds=5)
    total: timedelta = timedelta(seconds=30)

    def client(self) -> ClientTimeout:
        connect_s = self.connect.total_seconds()
        return ClientTimeout(
            total=self.total.total_seconds(), connect=connect_s, sock_connect=connect_s
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. `json` is None when it is something else, such as a gateway's error page.

    The names of `headers` are in lower case; `size` is that of the body, in bytes.
    """

    status: int
    json: Any = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    size: int = 0

    @property
    def retry_after_s(self) -> float | None:
        """How long it asks us to wait; a date is taken relative to the answer's own."""
        raw = self.headers.get("retry-after", "").strip()
        if raw.isascii() and raw.isdigit():
            return min(float(raw), MAX_RETRY_AFTER_S)
        until, now = _date(raw), _date(self.headers.get("date", ""))
        if until is None or now is None:
            return None
        return min(max(until - now, 0.0), MAX_RETRY_AFTER_S)


Explain = Callable[[Answer], CrmError | None]
"""What a CRM's own error means, asked before the status is taken for what it means everywhere."""


class JsonClient:
    """One session for one CRM: pooled connections, no cookies, no redirects, no repeats.

    `may_reach` says of an address, such as "10.0.0.7", whether it may be connected to; by default
    every one may. Made inside the running event loop; `close` it at the end.
    """

    def __init__(
        self,
        *,
        headers: Mapping[str, str] | None = None,
        timeouts: Timeouts | None = None,
        may_reach: Callable[[str], bool] | None = None,
    ) -> None:
        self._timeouts = timeouts or Timeouts()
        self._session = _session(headers or {}, may_reach)

    async def call(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make one request, once; any status that is about the request itself is an answer.

        Raises:
            CrmAway: it was not carried out, for no fault of its own; CrmBusy: with a limit.
            CrmUncertain: it may have been carried out.
            AuthRefused: 401.
        """
        answer = await self.ask(method, url, json=json, query=query, headers=headers)
        raise_for(answer)
        return answer

    async def ask(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The same, but every status is an answer: for a CRM that says more of its limits in the
        body; hand over to `raise_for` what it does not say.

        Raises:
            CrmAway: there was no connection. CrmUncertain: there was no answer.
        """
        progress = _Progress()
        body = None if json is None else orjson.dumps(json)
        types = {} if body is None else {"Content-Type": "application/json"}
        try:
            async with self._session.request(
                method,
                url,
                params=query,
                headers={**types, **(headers or {})},
                data=body,
                timeout=self._timeouts.client(),
                allow_redirects=False,
                trace_request_ctx=progress,
            ) as response:
                return await _read(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            reason = _reason(error)
            raise (CrmUncertain(reason) if progress.begun else CrmAway(reason)) from None

    async def close(self) -> None:
        await self._session.close()


def _reason(error: Exception) -> str:
    """Nothing of its text, which holds the address."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else None
    return ADDRESS_REFUSED if isinstance(cause, AddressRefused) else type(error).__name__


def raise_for(answer: Answer) -> None:
    """By the meaning that a status has everywhere. Raises what `JsonClient.call` does."""
    status, said = answer.status, f"http_{answer.status}"
    limited = status == HTTPStatus.TOO_MANY_REQUESTS
    if limited or (status in _NOT_TAKEN and answer.retry_after_s is not None):
        raise CrmBusy(said, retry_after_s=answer.retry_after_s)
    if status in _NOT_TAKEN or status // 100 == _REDIRECT:
        raise CrmAway(said)
    if status == HTTPStatus.UNAUTHORIZED:
        raise AuthRefused(said)
    if status // 100 == _BROKEN and answer.json is None:  # a gateway that lost the CRM's answer
        raise CrmUncertain(said)


async def _read(response: aiohttp.ClientResponse) -> Answer:
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > MAX_ANSWER_BYTES:
            response.close()
            raise CrmUncertain("answer_too_large")
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status, _parsed(bytes(body)), headers, len(body))


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _date(raw: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(raw).timestamp()
    except ValueError:
        return None


@dataclass(slots=True)
class _Progress:
    """Whether the head of the request has been given to a connection."""

    begun: bool = False


async def _note_begun(_session: ClientSession, context: SimpleNamespace, _params: object) -> None:
    context.trace_request_ctx.begun = True


def _session(headers: Mapping[str, str], may_reach: Callable[[str], bool] | None) -> ClientSession:
    tracing = TraceConfig()
    tracing.on_request_headers_sent.append(_note_begun)
    session = ClientSession(
        headers=headers,
        connector=aiohttp.TCPConnector(
            limit=_CONNECTIONS, keepalive_timeout=KEEP_ALIVE_S, socket_factory=guarded(may_reach)
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        trace_configs=[tracing],
        trust_env=False,
    )
    # aiohttp sends a PUT again by itself when the connection was cut; there is no public switch
    session._retry_connection = False  # noqa: SLF001
    return session
