"""Asks Meta whether the token of a page or of an Instagram account lives, and until when."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import structlog

from channels.config import FacebookConfig
from channels.facebook.access import PageAccounts
from channels.facebook.answers import JsonObject
from channels.facebook.client import GraphClient, PageAccess
from channels.facebook.failures import GraphError, GraphFault, TokenDead, failure_of
from channels.facebook.traffic import HISTORY, Traffic
from channels.http import MaybeSent, NotSent
from channels.watching.model import DATA_ACCESS_ENDS, TOKEN_ENDS, WARN_AHEAD, Probed
from inbox.bots.credentials.model import Health
from inbox.clock import Clock
from inbox.ports import AccountRef, AccountUnusable, SendError, SendUnavailable

log = structlog.get_logger(__name__)

_A_LIVING_TOKEN = frozenset({"token_dead", "wrong_secret_key", "account_unusable"})
_A_CALL_WITH_PROOF = _A_LIVING_TOKEN | {"app_misconfigured"}
_MESSAGING = frozenset(
    {"pages_messaging", "instagram_manage_messages", "instagram_business_manage_messages"}
)
"""https://developers.facebook.com/docs/permissions"""
_WARNINGS = (("expires_at", TOKEN_ENDS), ("data_access_expires_at", DATA_ACCESS_ENDS))


class PageProbe:
    """Implements `Probe`: debug_token with the app's own token, else the page about itself.

    Source: https://developers.facebook.com/docs/graph-api/reference/debug_token
    """

    def __init__(
        self,
        client: GraphClient,
        accounts: PageAccounts,
        traffic: Traffic,
        config: FacebookConfig,
        clock: Clock,
    ) -> None:
        self._client = client
        self._accounts = accounts
        self._traffic = traffic
        self._clock = clock
        self._app = _app_access(config)

    async def probe(self, account: AccountRef) -> Probed:
        access = await self._accounts.access(account)
        await self._traffic.admit(account.key, HISTORY)
        try:
            found = await self._ask(access)
        except SendError as error:
            await self._traffic.note(account.key, error)
            raise
        await self._traffic.note(account.key, None)
        return found

    async def _ask(self, access: PageAccess) -> Probed:
        if self._app is not None:
            told = await self._debugged(self._app, access.token)
            if told is not None:
                return self._judged(told)
        await self._get(access, "me", {"fields": "id"})
        return Probed(proves=_A_CALL_WITH_PROOF)

    async def _debugged(self, app: PageAccess, token: str) -> JsonObject | None:
        """What Meta knows of a token; None when it does not take the app's own credentials."""
        try:
            answer = await self._get(app, "debug_token", {"input_token": token})
        except SendUnavailable:
            raise
        except SendError as error:  # it says nothing of the page
            log.warning("debug_token refuses the app", number=error.platform_code)
            return None
        data = answer.get("data")
        return data if isinstance(data, dict) and "is_valid" in data else None

    async def _get(self, access: PageAccess, path: str, query: Mapping[str, str]) -> JsonObject:
        """Raises SendError; no answer only means to ask again."""
        try:
            return await self._client.get(access, path, query)
        except GraphError as error:
            failure = failure_of(error.fault)
            if isinstance(failure, AccountUnusable | SendUnavailable):
                raise failure from error
            raise SendUnavailable(failure.code, platform_code=failure.platform_code) from error
        except (NotSent, MaybeSent) as error:
            raise SendUnavailable(str(error)) from error

    def _judged(self, told: JsonObject) -> Probed:
        if told["is_valid"] is not True:
            raise _death(told.get("error"))
        scopes = told.get("scopes")
        proves = _A_LIVING_TOKEN
        if isinstance(scopes, list) and _MESSAGING & {str(scope) for scope in scopes}:
            proves |= {"permission_missing"}
        return Probed(self._warning(told), proves)

    def _warning(self, told: JsonObject) -> Health | None:
        """What ends first, if it ends soon; 0 never ends."""
        soon = self._clock.now() + WARN_AHEAD
        ends = [(_moment(told.get(name)), reason) for name, reason in _WARNINGS]
        ending = [(at, reason) for at, reason in ends if at is not None and at < soon]
        if not ending:
            return None
        ends_at, reason = min(ending)
        return Health("expiring", reason, ends_at=ends_at)


def _app_access(config: FacebookConfig) -> PageAccess | None:
    """The app itself, as a caller of Graph.

    Source: https://developers.facebook.com/docs/facebook-login/guides/access-tokens#apptokens
    """
    if config.app_id is None or not config.app_secrets:
        return None
    secret = config.app_secrets[0].get_secret_value()
    return PageAccess(config.app_id, f"{config.app_id}|{secret}")


def _death(error: Any) -> AccountUnusable:
    told = error if isinstance(error, dict) else {}
    code, subcode = told.get("code"), told.get("subcode")
    fault = GraphFault(
        status=400,
        code=code if isinstance(code, int) else 190,
        subcode=subcode if isinstance(subcode, int) else None,
    )
    failure = failure_of(fault)
    if isinstance(failure, AccountUnusable):
        return failure
    return TokenDead(platform_code=fault.number)


def _moment(seconds: Any) -> datetime | None:
    if not isinstance(seconds, int) or isinstance(seconds, bool) or seconds <= 0:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None
