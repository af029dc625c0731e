"""The HTTP of splitting's configuration, books and receipts."""

from inbox.errors import NotAllowed, NotFound, VersionClash
from inbox.http.routing import Routes, route
from inbox.splitting.configuring import CatchAllStays, SplitConfiguring
from inbox.splitting.view import (
    LedgerView,
    OrderBody,
    RuleBody,
    RuleView,
    SettingsBody,
    ShiftBody,
    ShiftView,
    SplitConfigView,
    config_view,
    ledger_view,
    rule_view,
)
from inbox.staff.model import Actor


class SplitRoutes(Routes):
    """Members read how their bot splits; admins change it."""

    def __init__(self, configuring: SplitConfiguring) -> None:
        self._configuring = configuring

    @route(
        "GET", "/api/v1/bots/{bot_id}/split", access="manager", tag="split", problems=(NotAllowed,)
    )
    async def get(self, actor: Actor, bot_id: str) -> SplitConfigView:
        """How a bot divides its conversations: settings, and rules in their order."""
        _check_sight(actor, bot_id)
        return config_view(await self._configuring.get(bot_id))

    @route(
        "PUT",
        "/api/v1/bots/{bot_id}/split",
        access="admin",
        tag="split",
        problems=(VersionClash,),
    )
    async def put(
        self, actor: Actor, bot_id: str, body: SettingsBody, if_match: int | None = None
    ) -> SplitConfigView:
        """Change the settings; what is not sent stays. Configure first, switch on later."""
        config = await self._configuring.change_settings(actor, bot_id, body, if_match)
        return config_view(config)

    @route("POST", "/api/v1/bots/{bot_id}/split/rules", access="admin", tag="split", status=201)
    async def add(self, actor: Actor, bot_id: str, body: RuleBody) -> RuleView:
        """Add a rule, the last one before the catch-all."""
        return rule_view(await self._configuring.add_rule(actor, bot_id, body))

    @route(
        "PUT",
        "/api/v1/bots/{bot_id}/split/rules/{rule_id}",
        access="admin",
        tag="split",
        problems=(VersionClash,),
    )
    async def change(
        self,
        actor: Actor,
        bot_id: str,
        rule_id: str,
        body: RuleBody,
        if_match: int | None = None,
    ) -> RuleView:
        """Replace a rule; its place and its books stay."""
        rule = await self._configuring.change_rule(actor, bot_id, rule_id, body, if_match)
        return rule_view(rule)

    @route(
        "DELETE",
        "/api/v1/bots/{bot_id}/split/rules/{rule_id}",
        access="admin",
        tag="split",
        problems=(CatchAllStays,),
    )
    async def delete(self, actor: Actor, bot_id: str, rule_id: str) -> None:
        """Delete a rule with its books; the catch-all stays."""
        await self._configuring.delete_rule(actor, bot_id, rule_id)

    @route(
        "POST", "/api/v1/bots/{bot_id}/split/rules/order", access="admin", tag="split", status=200
    )
    async def order(self, actor: Actor, bot_id: str, body: OrderBody) -> SplitConfigView:
        """Put the rules in this order; the catch-all stays last."""
        return config_view(await self._configuring.order_rules(actor, bot_id, body.ids))

    @route(
        "GET",
        "/api/v1/bots/{bot_id}/split/ledger",
        access="manager",
        tag="split",
        problems=(NotAllowed, NotFound),
    )
    async def ledger(self, actor: Actor, bot_id: str) -> LedgerView:
        """What each person got from each rule, beside what their share would be."""
        _check_sight(actor, bot_id)
        found = await self._configuring.store.for_deciding(bot_id)
        if found is None:
            raise NotFound
        config, _ = found
        return ledger_view(config, await self._configuring.store.ledger(bot_id))

    @route("GET", "/api/v1/staff/{staff_id}/shift", access="staff", tag="split")
    async def shift(self, staff_id: str) -> ShiftView:
        """The hours of somebody."""
        schedule = (await self._configuring.store.shifts([staff_id])).get(staff_id)
        return ShiftView.model_validate({"staff_id": staff_id, "schedule": schedule})

    @route("PUT", "/api/v1/staff/{staff_id}/shift", access="manager", tag="split")
    async def put_shift(self, actor: Actor, staff_id: str, body: ShiftBody) -> ShiftView:
        """Give somebody hours of their own, or those of their bot again."""
        schedule = await self._configuring.change_shift(actor, staff_id, body)
        return ShiftView.model_validate({"staff_id": staff_id, "schedule": schedule})


def _check_sight(actor: Actor, bot_id: str) -> None:
    if not actor.sees_bot(bot_id):
        raise NotAllowed
