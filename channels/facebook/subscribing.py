"""Makes a page send us its webhooks, and looks whether it still does.

Meta unsubscribes an app whose endpoint failed for an hour, and a new field never reaches pages
that were connected before; so whoever connects, re-authorises or watches an account comes here.
Instagram accounts are subscribed through the page that they are linked with.
Source: https://developers.facebook.com/docs/graph-api/reference/page/subscribed_apps/
"""

from dataclasses import dataclass

import structlog

from channels.facebook.access import PageAccounts
from channels.facebook.answers import JsonObject
from channels.facebook.client import GraphClient, PageAccess, objects
from channels.facebook.failures import GraphError, failure_of
from channels.facebook.store import Subscription, SubscriptionStore
from channels.http import MaybeSent, NotSent
from inbox.clock import Clock
from inbox.ports import AccountRef, SendError, SendUnavailable

log = structlog.get_logger(__name__)

FIELDS: tuple[str, ...] = (
    "messages",
    "message_echoes",
    "message_deliveries",
    "message_reads",
    "message_edits",
    "message_reactions",
    "messaging_postbacks",
    "messaging_referrals",
    "messaging_optins",
    "messaging_handovers",
    "messaging_policy_enforcement",
    "messaging_feedback",
    "messaging_customer_information",
    "messaging_account_linking",
    "send_cart",
    "standby",
    "feed",
    "mention",
    "inbox_labels",
)
"""All that channels/facebook/parser.py understands and a page may send. `response_feedback` is
left out on purpose: it puts thumbs under every message that the app sends.
https://developers.facebook.com/docs/messenger-platform/webhooks"""
NEWER_FIELDS = frozenset({"message_edits", "send_cart"})
"""Not among the names that the edge listed for years; where one of them is refused, the rest is
subscribed all the same. https://github.com/restfb/restfb/issues/1210"""
NOT_SUBSCRIBED = "not_subscribed"
INVALID_PARAMETER = 100
"""https://developers.facebook.com/docs/graph-api/guides/error-handling"""


@dataclass(frozen=True, slots=True)
class Missing:
    """What of `FIELDS` a page does not send; everything when our app is not subscribed at all."""

    fields: frozenset[str]

    @property
    def matters(self) -> bool:
        """Whether something is lost that every page can send."""
        return bool(self.fields - NEWER_FIELDS)


def missing_of(fields: tuple[str, ...]) -> Missing:
    return Missing(frozenset(FIELDS) - set(fields))


class Subscribing:
    """Subscribes pages and keeps in `accounts.subscription` how it went."""

    def __init__(
        self,
        client: GraphClient,
        accounts: PageAccounts,
        store: SubscriptionStore,
        clock: Clock,
        *,
        app_id: str | None,
    ) -> None:
        """`app_id` is ours; without it any app that a page lists is taken for ours."""
        self._client = client
        self._accounts = accounts
        self._store = store
        self._clock = clock
        self._app_id = app_id

    async def subscribe(self, account: AccountRef) -> Subscription:
        """Subscribe an account to `FIELDS`; how it went is returned and kept, never raised.

        Repeating it is harmless.
        """
        try:
            access = await self._access(account)
            found = Subscription("ok", await self._post(access), page=access.page)
        except SendError as error:
            found = Subscription("failed", reason=error.platform_code or error.code)
            log.warning("a page could not be subscribed", account=account.key, reason=found.reason)
        await self._store.note(account.key, found, now=self._clock.now())
        return found

    async def subscribed(self, account: AccountRef) -> Subscription:
        """What the page says of us: "ok" with its fields, or "failed" as `not_subscribed`.

        It is kept too. A page that sends less than every page can is `not_subscribed`.

        Raises:
            SendUnavailable: there was no answer, so nothing is known.
            SendError: the token is dead or not permitted; nothing is known either.
        """
        access = await self._access(account)
        fields = await self._read(access)
        if missing_of(fields).matters:
            found = Subscription("failed", fields, NOT_SUBSCRIBED, access.page)
        else:
            found = Subscription("ok", fields, page=access.page)
        await self._store.note(account.key, found, now=self._clock.now())
        return found

    async def unsubscribe(self, account: AccountRef) -> bool:
        """Make the page stop sending, unless a sibling account of the page is still connected.

        Best effort: False when the page still sends, whose webhooks are then parked.
        """
        try:
            access = await self._access(account)
            if await self._store.has_sibling(access.page, account.key):
                return False
            await self._client.delete(access, f"{access.page}/subscribed_apps")
        except (SendError, GraphError, NotSent, MaybeSent) as error:
            log.warning(
                "a page could not be unsubscribed",
                account=account.key,
                reason=error.code if isinstance(error, SendError) else str(error),
            )
            return False
        return True

    async def _access(self, account: AccountRef) -> PageAccess:
        """As PageAccounts gives it, with the page's own id instead of "me". Raises SendError."""
        access = await self._accounts.access(account)
        if access.page != "me":
            return access
        try:
            page = await self._client.get(access, "me", {"fields": "id"})
        except GraphError as error:
            raise failure_of(error.fault) from error
        except (NotSent, MaybeSent) as error:
            raise SendUnavailable(str(error)) from error
        return PageAccess(str(page.get("id") or "me"), access.token)

    async def _post(self, access: PageAccess) -> tuple[str, ...]:
        """The fields that were subscribed. Raises SendError."""
        try:
            return await self._post_fields(access, FIELDS)
        except GraphError as error:
            if error.fault.code != INVALID_PARAMETER or error.fault.subcode is not None:
                raise failure_of(error.fault) from error
        older = tuple(name for name in FIELDS if name not in NEWER_FIELDS)
        try:
            return await self._post_fields(access, older)
        except GraphError as error:
            raise failure_of(error.fault) from error

    async def _post_fields(self, access: PageAccess, fields: tuple[str, ...]) -> tuple[str, ...]:
        body: JsonObject = {"subscribed_fields": ",".join(fields)}
        try:
            await self._client.post(access, f"{access.page}/subscribed_apps", body)
        except (NotSent, MaybeSent) as error:  # a repeat is harmless: it only waits
            raise SendUnavailable(str(error)) from error
        return fields

    async def _read(self, access: PageAccess) -> tuple[str, ...]:
        """Raises SendError."""
        query = {"fields": "id,subscribed_fields"}
        try:
            result = await self._client.get(access, f"{access.page}/subscribed_apps", query)
        except GraphError as error:
            raise failure_of(error.fault) from error
        except (NotSent, MaybeSent) as error:
            raise SendUnavailable(str(error)) from error
        for app in objects(result.get("data")):
            if self._app_id in (None, str(app.get("id"))):
                return _names(app.get("subscribed_fields"))
        return ()


def _names(value: object) -> tuple[str, ...]:
    """Names as text, or as objects with a name and a version, as app-level lists have them."""
    listed = value if isinstance(value, list) else []
    names = (one.get("name") if isinstance(one, dict) else one for one in listed)
    return tuple(name for name in names if isinstance(name, str))
