"""Automations over HTTP: what admins do with them, and how a conversation is handed over."""

from typing import Annotated

from pydantic import Field

from inbox.automations.delivering.checking import Checking
from inbox.automations.errors import AutomationNotFound, AutomationOff
from inbox.automations.handing_over.service import HandingOver
from inbox.automations.model import Automation
from inbox.automations.service import AutomationService
from inbox.automations.view import (
    AutomationCheckView,
    AutomationEditBody,
    AutomationList,
    AutomationView,
    DeliveryState,
    DeliveryView,
    HandOverBody,
    HandOverView,
    NewAutomationBody,
    NewAutomationView,
    ReplayBody,
    ReplayedView,
    SecretView,
    automation_view,
    delivery_view,
)
from inbox.errors import NotAllowed, NotFound, VersionClash
from inbox.http.paging import Page, encode_cursor, time_and_id
from inbox.http.routing import Routes, route
from inbox.staff.model import Actor
from inbox.staff.tokens import TokenRequest, Tokens

_ALL = "/api/v1/bots/{bot_id}/automations"
_ONE = _ALL + "/{automation_id}"


class AutomationRoutes(Routes):
    """Admins look after the automations of a bot."""

    def __init__(
        self,
        automations: AutomationService,
        tokens: Tokens,
        checking: Checking,
        handing_over: HandingOver,
    ) -> None:
        self._checking = checking
        self._automations = automations
        self._tokens = tokens
        self._handing_over = handing_over

    @route("GET", _ALL, access="admin", tag="automations", problems=(NotFound,))
    async def all(self, bot_id: str) -> AutomationList:
        """The automations of a bot, and how telling them goes."""
        found = await self._automations.all(bot_id)
        return AutomationList(items=[await self._view(one) for one in found])

    @route("POST", _ALL, access="admin", tag="automations", status=201, problems=(NotFound,))
    async def create(self, actor: Actor, bot_id: str, body: NewAutomationBody) -> NewAutomationView:
        """Add an automation; its secret and its token are shown this once."""
        made, secret = await self._automations.create(actor, bot_id, body.wanted())
        wanted = TokenRequest(
            name=made.name,
            scopes=frozenset({"read", "write"}),
            bot_id=bot_id,
            automation_id=made.id,
        )
        _, token = await self._tokens.create(actor, wanted)
        view = await self._view(made)
        return NewAutomationView(automation=view, secret=secret, token=token)

    @route("GET", _ONE, access="admin", tag="automations", problems=(AutomationNotFound,))
    async def one(self, bot_id: str, automation_id: str) -> AutomationView:
        """One automation."""
        return await self._view(await self._automations.get(bot_id, automation_id))

    @route(
        "PATCH",
        _ONE,
        access="admin",
        tag="automations",
        problems=(AutomationNotFound, VersionClash),
    )
    async def edit(
        self,
        actor: Actor,
        bot_id: str,
        automation_id: str,
        body: AutomationEditBody,
        if_match: int | None = None,
    ) -> AutomationView:
        """Change an automation, or switch it off and on; what waits is told when it is on."""
        edited = await self._automations.edit(
            actor, bot_id, automation_id, body.changes(), if_match
        )
        return await self._view(edited)

    @route("DELETE", _ONE, access="admin", tag="automations", problems=(AutomationNotFound,))
    async def delete(self, actor: Actor, bot_id: str, automation_id: str) -> None:
        """Delete an automation; its tokens end, and who waits for it is handed to people."""
        await self._automations.delete(actor, bot_id, automation_id)

    @route(
        "POST", _ONE + "/secrets", access="admin", tag="automations", problems=(AutomationNotFound,)
    )
    async def new_secret(self, actor: Actor, bot_id: str, automation_id: str) -> SecretView:
        """Sign with a new secret; the one before signs as well until it is retired."""
        secret = await self._automations.new_secret(actor, bot_id, automation_id)
        return SecretView(secret=secret)

    @route(
        "DELETE",
        _ONE + "/secrets",
        access="admin",
        tag="automations",
        problems=(AutomationNotFound,),
    )
    async def retire_secrets(self, actor: Actor, bot_id: str, automation_id: str) -> None:
        """Sign with the newest secret alone."""
        await self._automations.retire_secrets(actor, bot_id, automation_id)

    @route(
        "GET",
        _ONE + "/deliveries",
        access="admin",
        tag="automations",
        problems=(AutomationNotFound,),
    )
    async def deliveries(
        self,
        bot_id: str,
        automation_id: str,
        state: DeliveryState | None = None,
        limit: Annotated[int, Field(ge=1, le=100)] = 50,
        cursor: str | None = None,
    ) -> Page[DeliveryView]:
        """What it was told, the newest tries first; kept for a week."""
        await self._automations.get(bot_id, automation_id)
        after = time_and_id(cursor)
        found = await self._automations.store.deliveries(
            automation_id, state, after=after, limit=limit + 1
        )
        shown = found[:limit]
        last = shown[-1] if len(found) > limit else None
        return Page(
            items=[delivery_view(one) for one in shown],
            next_cursor=encode_cursor(last["tried_at"], last["_id"]) if last else None,
        )

    @route(
        "POST",
        _ONE + "/deliveries/replay",
        access="admin",
        tag="automations",
        problems=(AutomationNotFound, AutomationOff),
    )
    async def replay(self, bot_id: str, automation_id: str, body: ReplayBody) -> ReplayedView:
        """Tell events once more, with the ids that they had."""
        replayed = await self._automations.replay(bot_id, automation_id, body.event_ids)
        return ReplayedView(replayed=replayed)

    @route(
        "POST", _ONE + "/check", access="admin", tag="automations", problems=(AutomationNotFound,)
    )
    async def check(self, bot_id: str, automation_id: str) -> AutomationCheckView:
        """Call the receiver once: a signed `ping`, or Meta's challenge to a Messenger bot."""
        checked = await self._checking.check(bot_id, automation_id)
        outcome = checked.outcome
        return AutomationCheckView(
            ok=outcome.is_taken,
            status=outcome.status,
            error=None if outcome.is_taken else outcome.reason,
            took_ms=checked.took_ms,
        )

    @route(
        "POST",
        "/api/v1/conversations/{conversation_id}/handoff",
        access="staff",
        tag="automations",
        problems=(NotAllowed, NotFound),
    )
    async def hand_over(
        self, actor: Actor, conversation_id: str, body: HandOverBody
    ) -> HandOverView:
        """Leave a conversation to people: a note says so, and in a bot that splits it is split.

        Repeating it changes nothing.
        """
        done = await self._handing_over.by_request(actor, conversation_id, body.note)
        return HandOverView(handed_over=done)

    async def _view(self, automation: Automation) -> AutomationView:
        return automation_view(
            automation, dict(await self._automations.store.backlog(automation.id))
        )
