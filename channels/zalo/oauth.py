"""Zalo's token endpoint: a code or a refresh token becomes a pair of tokens.

Errors come with HTTP 200 too, and some without a number: success is an access token that is
there. Source: https://developers.zalo.me/docs/official-account/bat-dau/xac-thuc-va-uy-quyen-cho-ung-dung-new
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from channels.config import ZaloConfig
from channels.http import Call, HttpClient, MaybeSent, NotSent, Timeouts
from channels.zalo.answers import error_number, payload_of
from channels.zalo.limits import ACCESS_TOKEN_LIFETIME, REFRESH_TOKEN_LIFETIME
from channels.zalo.wire import optional_text
from inbox.ports import SendUnavailable, SendUncertain

_GRANT_GONE_NUMBERS = frozenset({-14014, -118})
"""Invalid refresh token, invalid grant."""
_GRANT_GONE_WORDS = ("refresh token", "refresh_token", "grant", "authorization code")


class GrantRefused(Exception):
    """Zalo gives no tokens. `final`: this code or refresh token will never work (again);
    otherwise the app is in the way (not active, not approved, wrong secret).
    """

    def __init__(self, number: int | None, *, final: bool) -> None:
        super().__init__(f"zalo refuses to give tokens: {number}")
        self.number = number
        self.final = final


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What the endpoint gives. `refresh_token` is None if the answer had none."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    lifetime: timedelta = ACCESS_TOKEN_LIFETIME
    refresh_lifetime: timedelta = REFRESH_TOKEN_LIFETIME

    def credentials(self, now: datetime) -> dict[str, str]:
        """As they are kept, with the moments of their end."""
        kept = {
            "access_token": self.access_token,
            "expires_at": (now + self.lifetime).isoformat(),
        }
        if self.refresh_token is not None:
            kept["refresh_token"] = self.refresh_token
            kept["refresh_expires_at"] = (now + self.refresh_lifetime).isoformat()
        return kept


class ZaloOAuth:
    """The token endpoint, version 4."""

    def __init__(self, http: HttpClient, config: ZaloConfig) -> None:
        self._http = http
        self._config = config

    async def exchange(self, code: str, verifier: str | None) -> TokenPair:
        """The pair for the code of a consent (10 minutes, once); `verifier` is PKCE's.

        Raises:
            GrantRefused, SendUnavailable (nothing was sent), SendUncertain (the code may be used).
        """
        proof = {"code_verifier": verifier} if verifier is not None else {}
        return await self._ask({"grant_type": "authorization_code", "code": code, **proof})

    async def refresh(self, refresh_token: str) -> TokenPair:
        """A new pair for a refresh token, which works once; the old access token dies at once.

        Raises:
            GrantRefused, SendUnavailable (nothing was sent), SendUncertain (it may be used up).
        """
        return await self._ask({"grant_type": "refresh_token", "refresh_token": refresh_token})

    async def _ask(self, form: Mapping[str, str]) -> TokenPair:
        config = self._config
        secret = config.app_secret.get_secret_value() if config.app_secret else ""
        call = Call(
            method="POST",
            url=f"{config.oauth_url.rstrip('/')}/v4/oa/access_token",
            headers={"secret_key": secret},
            form={"app_id": config.app_id or "", **form},
            timeouts=Timeouts(config.connect_timeout, config.timeout, config.timeout),
        )
        try:
            answer = await self._http.call(call)
        except NotSent as error:
            raise SendUnavailable(f"no connection: {error}") from error
        except MaybeSent as error:
            raise SendUncertain(f"no answer: {error}") from error
        return _pair(payload_of(answer), answer.status)


def _pair(payload: Mapping[str, Any], status: int) -> TokenPair:
    access_token = payload.get("access_token")
    if isinstance(access_token, str) and access_token:
        refresh_token = payload.get("refresh_token")
        return TokenPair(
            access_token,
            refresh_token if isinstance(refresh_token, str) and refresh_token else None,
            _seconds(payload.get("expires_in")) or ACCESS_TOKEN_LIFETIME,
            _seconds(payload.get("refresh_token_expires_in")) or REFRESH_TOKEN_LIFETIME,
        )
    if error_number(payload) is None and "error_name" not in payload:
        raise SendUncertain("gateway", platform_code=f"http_{status}")
    raise _refusal(payload)


def _refusal(payload: Mapping[str, Any]) -> GrantRefused:
    number = error_number(payload)
    if number:
        return GrantRefused(number, final=number in _GRANT_GONE_NUMBERS)
    said = [optional_text(payload.get(f"error_{word}")) for word in ("name", "description")]
    text = " ".join(filter(None, said)).lower()
    return GrantRefused(None, final=any(word in text for word in _GRANT_GONE_WORDS))


def _seconds(value: Any) -> timedelta | None:
    """A number of seconds, which Zalo writes as text; None for anything else."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return timedelta(seconds=int(text)) if text.isdecimal() and 0 < int(text) < 10**9 else None
