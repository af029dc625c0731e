"""The back door of the simulated platforms: the ledger, faults, customers and tokens over HTTP.

For tests whose platforms run in a process of their own; no real platform has anything like it.
"""

from typing import TYPE_CHECKING, Any, Literal, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from app.demo.faults import Fault, FaultPlan, Refusal
from app.demo.webhooks import Echoes

if TYPE_CHECKING:
    from app.demo.servers import SimulatedPlatforms


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


_Order = TypeVar("_Order", bound=_Body)


class FaultOrder(_Body):
    """POST /_faults: a new plan, what happens next to operations, when echoes come."""

    plan: FaultPlan | None = None
    script: dict[str, list[Fault | Refusal | None]] = {}
    echoes: Echoes | None = None


class InboxOrder(_Body):
    """POST /_inbox: where webhooks go."""

    url: str


class CustomerOrder(_Body):
    """POST /_customers: somebody becomes known; with `text` they write, which is posted.

    `opens_window` lets them count as having written just now without a webhook.
    """

    account_id: str
    customer_id: str
    name: str | None = None
    text: str | None = None
    opens_window: bool = False
    refuses: bool | None = None


class TokenOrder(_Body):
    """POST /_tokens: `expire` ends the access token (Zalo), `kill` ends all, `revive` gives new."""

    account_id: str
    do: Literal["expire", "kill", "revive"]


class Admin:
    """Paths that begin with an underscore, on every port."""

    def __init__(self, platforms: "SimulatedPlatforms") -> None:
        self._platforms = platforms

    def register(self, application: web.Application) -> None:
        router = application.router
        router.add_get("/_ledger", self._ledger)
        router.add_get("/_faults", self._faults)
        router.add_post("/_faults", self._order_faults)
        router.add_post("/_inbox", self._inbox)
        router.add_post("/_customers", self._customers)
        router.add_get("/_tokens", self._tokens)
        router.add_post("/_tokens", self._order_tokens)
        router.add_get("/_waiting", self._waiting)

    async def _ledger(self, _: web.Request) -> web.Response:
        return web.json_response(self._platforms.ledger.json())

    async def _faults(self, _: web.Request) -> web.Response:
        return web.json_response(self._platforms.faults.json())

    async def _order_faults(self, request: web.Request) -> web.Response:
        order = await _body(request, FaultOrder)
        faults = self._platforms.faults
        if order.plan is not None:
            faults.follow(order.plan)
        for operation, troubles in order.script.items():
            faults.script(operation, *troubles)
        if order.echoes is not None:
            self._platforms.webhooks.echoes = order.echoes
        return web.json_response(faults.json())

    async def _inbox(self, request: web.Request) -> web.Response:
        order = await _body(request, InboxOrder)
        await self._platforms.deliver_to(order.url)
        return web.json_response({})

    async def _customers(self, request: web.Request) -> web.Response:
        order = await _body(request, CustomerOrder)
        platforms = self._platforms
        if order.account_id not in platforms.world.accounts:
            raise web.HTTPNotFound(text="no such account")
        customer = platforms.meet(order.account_id, order.customer_id, order.name)
        if order.refuses is not None:
            customer.refuses = order.refuses
        message_id = ""
        if order.text is not None or order.opens_window:
            message_id = platforms.customer_writes(customer.account_id, customer.id, order.text)
        return web.json_response({"message_id": message_id})

    async def _tokens(self, _: web.Request) -> web.Response:
        """The credentials that work now, and how often refresh tokens were exchanged."""
        platforms = self._platforms
        told: dict[str, Any] = {
            account.account_id: platforms.credentials(account)
            for account in platforms.world.accounts.values()
        }
        tokens = platforms.zalo.tokens
        counts = {"refreshes": tokens.refreshes, "refused": tokens.refused_refreshes}
        return web.json_response({"credentials": told, **counts})

    async def _order_tokens(self, request: web.Request) -> web.Response:
        order = await _body(request, TokenOrder)
        platforms = self._platforms
        account = platforms.world.accounts.get(order.account_id)
        if account is None:
            raise web.HTTPNotFound(text="no such account")
        if account.channel == "zalo":
            tokens = platforms.zalo.tokens
            does = {"expire": tokens.expire, "kill": tokens.kill, "revive": tokens.revive}
            does[order.do](account.account_id)
        elif (page := platforms.graph.pages.of_account(account.account_id)) is not None:
            if order.do == "revive":
                platforms.graph.pages.accounts()
            else:
                platforms.graph.pages.kill(page.id)
        return web.json_response(platforms.credentials(account))

    async def _waiting(self, _: web.Request) -> web.Response:
        return web.json_response({"webhooks": self._platforms.webhooks.waiting})


async def _body(request: web.Request, kind: type[_Order]) -> _Order:
    """Raises HTTPBadRequest: the body is no such order."""
    try:
        return kind.model_validate_json(await request.read())
    except ValidationError as error:
        raise web.HTTPBadRequest(text=str(error)) from None
