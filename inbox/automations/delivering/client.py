"""Calls of receivers over HTTP: once, without redirects, and never into our own network.

The names that lead to a receiver are resolved by whoever owns them, so it is the very address that
is about to be connected to which is looked at (inbox/addresses.py).
"""

from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

import aiohttp
from aiohttp import ClientSession, ClientTimeout

from inbox.addresses import AddressRefused, guarded, is_public
from inbox.automations.model import Call

CONNECT_WITHIN = timedelta(seconds=5)
KEEP_ALIVE_S = 15
LONGEST_RETRY_AFTER_S = 3600.0
ADDRESS_REFUSED = "address_refused"
_MOST_ANSWER_BYTES = 64 * 1024
"""What a receiver answers is not looked at; it is read so that the connection can be used again."""
_SUCCESS = 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt: a status, or in `error` a stable word why there is none."""

    status: int | None = None
    error: str | None = None
    retry_after_s: float | None = None

    @property
    def is_taken(self) -> bool:
        return self.status is not None and self.status // 100 == _SUCCESS

    @property
    def is_gone(self) -> bool:
        """The receiver wants nothing any more."""
        return self.status == HTTPStatus.GONE

    @property
    def reason(self) -> str:
        return self.error or f"http_{self.status}"


class ReceiverClient:
    """One session for all receivers, opened by the first call; `close` it at the end."""

    def __init__(self, timeout: timedelta, *, allow_private: bool = False) -> None:
        """`timeout`: of a whole call. `allow_private`: receivers may stand in our own network."""
        self._timeout = timeout
        self._may_reach = None if allow_private else is_public
        self._session: ClientSession | None = None

    async def post(self, url: str, call: Call) -> Outcome:
        """Make one request; nothing is raised, and nothing of the answer's text is kept."""
        try:
            async with self._opened().post(
                url, data=call.body, headers=call.headers, allow_redirects=False
            ) as response:
                await response.content.read(_MOST_ANSWER_BYTES)
                return Outcome(response.status, retry_after_s=_retry_after_s(response))
        except TimeoutError:
            return Outcome(error="timeout")
        except aiohttp.ClientConnectorError as error:
            refused = isinstance(error.os_error, AddressRefused)
            return Outcome(error=ADDRESS_REFUSED if refused else "no_connection")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Outcome(error=type(error).__name__)

    async def get(self, url: str) -> tuple[int, bytes]:
        """Status of an answer, and its body up to 64 kB.

        Raises:
            OSError: there was no answer.
        """
        try:
            async with self._opened().get(url, allow_redirects=False) as response:
                return response.status, await response.content.read(_MOST_ANSWER_BYTES)
        except (aiohttp.ClientError, ValueError) as error:
            raise OSError(type(error).__name__) from None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> ClientSession:
        if self._session is None:
            connect_s = CONNECT_WITHIN.total_seconds()
            self._session = ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,  # every automation has so many places, and waits for no other's
                    keepalive_timeout=KEEP_ALIVE_S,
                    socket_factory=guarded(self._may_reach),
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=ClientTimeout(
                    total=self._timeout.total_seconds(), connect=connect_s, sock_connect=connect_s
                ),
                headers={"User-Agent": "chat-inbox"},
                trust_env=False,
            )
        return self._session


def _retry_after_s(response: aiohttp.ClientResponse) -> float | None:
    raw = response.headers.get("Retry-After", "").strip()
    is_seconds = raw.isascii() and raw.isdigit()
    return min(float(raw), LONGEST_RETRY_AFTER_S) if is_seconds else None
