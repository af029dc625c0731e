"""The API of connecting: begin a login dialog, choose what it found, paste tokens, see accounts."""

from ipaddress import ip_address

from aiohttp import web

from channels.connecting.connecting import Connecting
from channels.connecting.errors import (
    ChannelNotSetUp,
    FlowNotReady,
    FlowOver,
    PlatformSilent,
    PublicUrlMissing,
    SessionNeeded,
)
from channels.connecting.onboarding import Onboarding
from channels.connecting.store import ConnectedAccounts
from channels.connecting.view import (
    AccountStateView,
    ConnectBody,
    CredentialsBody,
    FinishBody,
    FinishedView,
    FlowView,
    StartedView,
    account_state_view,
    finished_view,
    flow_view,
    started_view,
)
from inbox.bots.service import BotService
from inbox.errors import NotFound
from inbox.http.paging import Cursor, Limit, Page, encode_cursor, id_only
from inbox.http.problems import language_of
from inbox.http.proxies import is_https, own_host
from inbox.http.routing import Routes, route
from inbox.staff.model import Actor


class ConnectRoutes(Routes):
    """For admins. `public_url` is where browsers and platforms reach us, if it is configured."""

    def __init__(
        self,
        connecting: Connecting,
        onboarding: Onboarding | None,
        accounts: ConnectedAccounts,
        bots: BotService,
        *,
        public_url: str | None,
    ) -> None:
        self._connecting = connecting
        self._onboarding = onboarding
        self._accounts = accounts
        self._bots = bots
        self._public_url = public_url

    @route(
        "POST",
        "/api/v1/bots/{bot_id}/connect",
        access="admin",
        tag="connecting",
        problems=(NotFound, SessionNeeded, ChannelNotSetUp, PublicUrlMissing),
    )
    async def connect(
        self, request: web.Request, actor: Actor, bot_id: str, body: ConnectBody
    ) -> StartedView:
        """Begin connecting pages or an OA to a bot; the answer says where to send the browser."""
        await self._bots.get(actor, bot_id)
        back = f"{origin_of(request, self._public_url)}/connect/{body.channel}/callback"
        return started_view(await self._connecting.start(actor, bot_id, body.channel, back))

    @route(
        "GET",
        "/api/v1/connect-flows/{flow_id}",
        access="admin",
        tag="connecting",
        problems=(FlowOver,),
    )
    async def flow(self, request: web.Request, actor: Actor, flow_id: str) -> FlowView:
        """What a login dialog has found, and which of it is connected already."""
        return flow_view(await self._connecting.show(actor, flow_id), language_of(request))

    @route(
        "POST",
        "/api/v1/connect-flows/{flow_id}/finish",
        access="admin",
        tag="connecting",
        problems=(FlowOver, FlowNotReady),
    )
    async def finish(self, actor: Actor, flow_id: str, body: FinishBody) -> FinishedView:
        """Connect the chosen accounts, subscribe their pages; how each ended. Safe to repeat."""
        return finished_view(await self._connecting.finish(actor, flow_id, body.account_ids))

    @route(
        "POST",
        "/api/v1/bots/{bot_id}/accounts/{account}/credentials",
        access="admin",
        tag="connecting",
        problems=(NotFound, ChannelNotSetUp, PlatformSilent),
    )
    async def replace_credentials(
        self,
        request: web.Request,
        actor: Actor,
        bot_id: str,
        account: str,
        body: CredentialsBody,
    ) -> AccountStateView:
        """Give a connected account a pasted token; what waited for it goes out."""
        if self._onboarding is None:
            raise ChannelNotSetUp
        await self._onboarding.renew(actor, bot_id, account, body.credentials)
        state = await self._accounts.get(account)
        if state is None:
            raise NotFound
        return account_state_view(state, language_of(request))

    @route("GET", "/api/v1/accounts", access="admin", tag="connecting")
    async def accounts(
        self, request: web.Request, limit: Limit = 50, cursor: Cursor = None
    ) -> Page[AccountStateView]:
        """Every connected account with its health and its subscription, by id."""
        found = await self._accounts.page(after=id_only(cursor), limit=limit + 1)
        shown = found[:limit]
        return Page(
            items=[account_state_view(one, language_of(request)) for one in shown],
            next_cursor=encode_cursor(shown[-1].id) if len(found) > limit else None,
        )


def origin_of(request: web.Request, public_url: str | None) -> str:
    """Where the browser of this request finds us: the configured address, or loopback.

    What a request says of its host is believed on loopback only, where a demo runs; anywhere
    else a wrong Host header would send the platform's code to somebody else.

    Raises:
        PublicUrlMissing: nothing is configured and the browser is not on this machine.
    """
    if public_url is not None:
        return public_url
    host = own_host(request)
    if not _is_loopback(host):
        raise PublicUrlMissing
    return f"{'https' if is_https(request) else 'http'}://{host}"


def _is_loopback(host: str) -> bool:
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    try:
        return name.lower() == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False
