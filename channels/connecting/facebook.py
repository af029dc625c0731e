"""Facebook Login: from the dialog's code to the pages (and their Instagram accounts) with tokens.

Sources: https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow
https://developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from channels.config import FacebookConfig
from channels.connecting.errors import AppRefused, CodeRefused, NothingGranted, PlatformSilent
from channels.connecting.model import FoundAccount, Grant, LoginFailed, granter
from channels.facebook.answers import JsonObject, result_of
from channels.facebook.client import GraphClient, PageAccess, objects
from channels.facebook.failures import GraphError, failure_of
from channels.http import Call, HttpClient, MaybeSent, NotSent, Timeouts
from inbox.errors import InboxError
from inbox.ports import SendUnavailable, SendUncertain

SCOPES: tuple[str, ...] = (
    "pages_show_list",
    "pages_messaging",
    "pages_manage_metadata",
    "pages_read_engagement",
    "pages_read_user_content",
    "pages_manage_engagement",
    "business_management",
    "instagram_basic",
    "instagram_manage_messages",
    "instagram_manage_comments",
)
"""What the dialog asks for: list pages, receive and send, subscribe, read and answer comments, and
the same for Instagram; pages of a business portfolio are listed with business_management only.
https://developers.facebook.com/docs/permissions"""
NEEDED = frozenset({"pages_show_list", "pages_messaging", "pages_manage_metadata"})
"""Without these a page can neither be listed, nor answer, nor be subscribed."""
MOST_PAGES_OF_LIST = 50
"""Of 100 accounts each: a list that goes on beyond is cut, so that no answer keeps us for ever."""
_LIST_LIMIT = "100"
_PAGE_FIELDS = "id,name,access_token,instagram_business_account{id,username}"
_INVALID_PARAMETER = 100


class FacebookLogin:
    """Implements Login of channels/connecting/model.py."""

    def __init__(self, http: HttpClient, graph: GraphClient, config: FacebookConfig) -> None:
        self._http = http
        self._graph = graph
        self._config = config

    @property
    def is_set_up(self) -> bool:
        return bool(self._config.app_id and self._config.app_secrets)

    def dialog_url(self, *, redirect_uri: str, state: str, challenge: str) -> str:
        """Meta's dialog takes no PKCE from a server that has the app secret."""
        del challenge
        config = self._config
        asked = {
            "client_id": config.app_id or "",
            "redirect_uri": redirect_uri,
            "state": state,
            "response_type": "code",
        }
        if config.login_config_id is not None:  # Login for Business keeps its permissions itself
            asked["config_id"] = config.login_config_id
        else:
            asked["scope"] = ",".join(SCOPES)
            asked["auth_type"] = "rerequest"  # ask again for what was declined before
        base = config.login_url.rstrip("/")
        return f"{base}/{config.api_version}/dialog/oauth?{urlencode(asked)}"

    async def complete(self, *, code: str, redirect_uri: str, verifier: str | None) -> Grant:
        """The pages that were ticked, with tokens that have no end of their own.

        Raises:
            LoginFailed: the code, the app or Meta is in the way, or nothing was ticked.
        """
        del verifier
        try:
            token = await self._exchange({"code": code, "redirect_uri": redirect_uri})
            user = PageAccess("me", await self._lengthened(token))
            who = await self._graph.get(user, "me", {"fields": "id"})
            permissions = await self._graph.get(user, "me/permissions", {})
            accounts = [found async for found in self._accounts(user)]
        except GraphError as error:
            raise LoginFailed(_reason(error)) from error
        except (NotSent, MaybeSent) as error:
            raise LoginFailed(PlatformSilent) from error
        if not accounts:
            raise LoginFailed(NothingGranted)
        user_id = str(who.get("id") or "")
        granted_by = granter(user_id) if user_id else None
        return Grant(tuple(accounts), granted_by, _left_out(permissions))

    async def inspect(self, token: str) -> JsonObject:
        """`debug_token`: what a token is: app_id, type, is_valid, scopes, profile_id, user_id.

        Raises:
            GraphError, NotSent, MaybeSent: as GraphClient.

        Source: https://developers.facebook.com/docs/graph-api/reference/debug_token
        """
        found = await self._get("debug_token", {"input_token": token, **self._app_token()})
        data = found.get("data")
        return data if isinstance(data, dict) else {}

    async def people_of_pages(self, app_scoped_id: str) -> list[tuple[str, str]]:
        """(page id, id of the person for that page) of a user of our app, as far as Meta tells.

        Works where the pages and the app belong to one business; empty otherwise.

        Raises:
            GraphError, NotSent, MaybeSent: as GraphClient.

        Source: https://developers.facebook.com/docs/messenger-platform/identity/id-matching
        """
        access = PageAccess("me", self._app_token()["access_token"])
        found = await self._graph.get(access, f"{app_scoped_id}/ids_for_pages", {"limit": "100"})
        return [
            (str(page.get("id")), str(one.get("id")))
            for one in objects(found.get("data"))
            if isinstance(page := one.get("page"), dict)
        ]

    async def _exchange(self, asked: Mapping[str, str]) -> str:
        secret = self._config.app_secrets[0].get_secret_value()
        app = {"client_id": self._config.app_id or "", "client_secret": secret}
        token = (await self._get("oauth/access_token", {**app, **asked})).get("access_token")
        if not isinstance(token, str) or not token:
            raise MaybeSent("NoAccessToken")
        return token

    async def _lengthened(self, token: str) -> str:
        """A token of some sixty days: only the pages' tokens that it gives do not end.

        A system user's token of Login for Business is long already, and is refused here.
        """
        asked = {"grant_type": "fb_exchange_token", "fb_exchange_token": token}
        try:
            return await self._exchange(asked)
        except GraphError:
            if self._config.login_config_id is None:
                raise
            return token

    async def _accounts(self, user: PageAccess) -> AsyncIterator[FoundAccount]:
        after: str | None = None
        for _ in range(MOST_PAGES_OF_LIST):
            query = {"fields": _PAGE_FIELDS, "limit": _LIST_LIMIT}
            if after is not None:
                query["after"] = after
            listed = await self._graph.get(user, "me/accounts", query)
            for page in objects(listed.get("data")):
                for found in _found(page):
                    yield found
            after = _next(listed)
            if after is None:
                return

    def _app_token(self) -> dict[str, str]:
        secret = self._config.app_secrets[0].get_secret_value()
        return {"access_token": f"{self._config.app_id}|{secret}"}

    async def _get(self, path: str, query: Mapping[str, str]) -> JsonObject:
        """A call in the name of the app."""
        config = self._config
        call = Call(
            method="GET",
            url=f"{config.api_url.rstrip('/')}/{config.api_version}/{path}",
            query=query,
            timeouts=Timeouts(config.connect_timeout, config.timeout, config.timeout),
        )
        return result_of(await self._http.call(call))


def _found(page: JsonObject) -> Iterator[FoundAccount]:
    """A page, and the Instagram account that is linked with it; nothing without a token."""
    page_id, token = str(page.get("id") or ""), page.get("access_token")
    if not page_id or not isinstance(token, str) or not token:
        return
    credentials = {"access_token": token, "page_id": page_id}
    yield FoundAccount("facebook", page_id, _text(page.get("name")) or page_id, credentials)
    linked = page.get("instagram_business_account")
    if isinstance(linked, dict) and linked.get("id"):
        own_id = str(linked["id"])
        name = _text(linked.get("username")) or own_id
        yield FoundAccount("instagram", own_id, name, credentials)


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _next(listed: JsonObject) -> str | None:
    """Where the list goes on; None at its end."""
    paging = listed.get("paging")
    if not isinstance(paging, dict) or not paging.get("next"):
        return None
    cursors = paging.get("cursors")
    after = cursors.get("after") if isinstance(cursors, dict) else None
    return after if isinstance(after, str) and after else None


def _left_out(permissions: JsonObject) -> tuple[str, ...]:
    granted = {
        one.get("permission")
        for one in objects(permissions.get("data"))
        if one.get("status") == "granted"
    }
    return tuple(name for name in SCOPES if name not in granted)


def _reason(error: GraphError) -> type[InboxError]:
    """100 is about the code, 1 and 101 about the app; the rest as anywhere."""
    code = error.fault.code
    if code == _INVALID_PARAMETER:
        return CodeRefused
    if code in (1, 101) and not error.fault.transient:
        return AppRefused
    passing = isinstance(failure_of(error.fault), SendUnavailable | SendUncertain)
    return PlatformSilent if passing else CodeRefused
