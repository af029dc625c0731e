"""Looks whose a pasted token is before it is kept: a wrong one would be found out by a customer."""

from collections.abc import Mapping
from dataclasses import dataclass

from channels.connecting.errors import (
    PlatformSilent,
    permission_missing,
    token_missing,
    token_refused,
    wrong_account,
    wrong_app,
)
from channels.connecting.facebook import NEEDED, FacebookLogin
from channels.connecting.model import granter
from channels.connecting.zalo import oa_id_of
from channels.facebook.answers import JsonObject
from channels.facebook.client import GraphClient, PageAccess
from channels.facebook.failures import GraphError, failure_of
from channels.http import MaybeSent, NotSent
from channels.zalo.client import ZaloApi
from inbox.conversations.model import Channel
from inbox.ports import SendError, SendUnavailable, SendUncertain

_LISTED = frozenset({"pages_show_list"})
"""Of the needed permissions, what only the dialog's list needs."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Credentials that work, with what was learnt: the page of an Instagram account, and who gave
    permission (`granter`), where Meta tells.
    """

    credentials: Mapping[str, str]
    granted_by: str | None = None


class Checking:
    """Asks the platform about a token, once, before it is kept."""

    def __init__(
        self, login: FacebookLogin, graph: GraphClient, zalo: ZaloApi, *, app_id: str | None
    ) -> None:
        """`app_id` is that of our app at Meta; without it nobody can tell whose a token is."""
        self._login = login
        self._graph = graph
        self._zalo = zalo
        self._app_id = app_id

    async def check(
        self, channel: Channel, account_id: str, credentials: Mapping[str, str], field: str
    ) -> Checked:
        """These credentials, if they are those of this account.

        `field` is where they stand in the request.

        Raises:
            InvalidInput: the platform refuses the token, or it is another account's or app's.
            PlatformSilent: the platform does not answer, so nothing is known and nothing kept.
        """
        token = credentials.get("access_token", "").strip()
        if not token:
            raise token_missing(f"{field}.access_token")
        given = {**credentials, "access_token": token}
        if channel == "zalo":
            return await self._zalo_pair(account_id, given, f"{field}.access_token")
        try:
            return await self._page_token(channel, account_id, given, f"{field}.access_token")
        except GraphError as error:
            if isinstance(failure_of(error.fault), SendUnavailable | SendUncertain):
                raise PlatformSilent from error
            raise token_refused(f"{field}.access_token") from error
        except (NotSent, MaybeSent) as error:
            raise PlatformSilent from error

    async def _page_token(
        self, channel: Channel, account_id: str, given: dict[str, str], field: str
    ) -> Checked:
        token = given["access_token"]
        fields = {"fields": "id,name"}
        if channel == "instagram":
            fields = {"fields": "id,name,instagram_business_account"}
        page = await self._graph.get(PageAccess("me", token), "me", fields)
        page_id = str(page.get("id") or "")
        if account_id != (page_id if channel == "facebook" else _instagram_id(page)):
            raise wrong_account(field)
        granted_by = await self._granter(token, field)
        return Checked(given | {"page_id": page_id}, granted_by)

    async def _granter(self, token: str, field: str) -> str | None:
        """Who gave permission. Raises InvalidInput: to another app, or not enough."""
        if self._app_id is None or not self._login.is_set_up:
            return None
        told = await self._login.inspect(token)
        if told.get("is_valid") is False:
            raise token_refused(field)
        if str(told.get("app_id")) != self._app_id:
            raise wrong_app(field)
        scopes = told.get("scopes")
        missing = NEEDED - _LISTED - set(scopes) if isinstance(scopes, list) else frozenset()
        if missing:
            raise permission_missing(field, ", ".join(sorted(missing)))
        user_id = told.get("user_id")
        return granter(str(user_id)) if user_id else None

    async def _zalo_pair(self, account_id: str, given: dict[str, str], field: str) -> Checked:
        try:
            owner = await self._zalo.account_info(given["access_token"])
        except (SendUnavailable, SendUncertain) as error:
            raise PlatformSilent from error
        except SendError as error:
            raise token_refused(field) from error
        if oa_id_of(owner) != account_id:
            raise wrong_account(field)
        return Checked(given)


def _instagram_id(page: JsonObject) -> str | None:
    linked = page.get("instagram_business_account")
    return str(linked.get("id")) if isinstance(linked, dict) else None
