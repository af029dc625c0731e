"""The HTTP of bots and channel accounts."""

from collections.abc import Sequence
from dataclasses import replace

from inbox.bots.errors import AccountMoves, BotHasAccounts
from inbox.bots.model import NewAccount
from inbox.bots.service import BotService
from inbox.bots.view import (
    BotEditBody,
    BotView,
    NewAccountBody,
    NewBotBody,
    UnknownAccountView,
    bot_view,
    unknown_account_view,
)
from inbox.http.paging import Cursor, Limit, Page, encode_cursor, name_and_id
from inbox.http.routing import Routes, route
from inbox.ports import AccountOnboarding, AccountRef
from inbox.staff.model import Actor


class BotRoutes(Routes):
    """Bots: people see their own, admins see and change all."""

    def __init__(self, service: BotService, onboarding: AccountOnboarding | None = None) -> None:
        """Without `onboarding`, credentials are kept as they come and no platform is told."""
        self._service = service
        self._onboarding = onboarding

    @route("GET", "/api/v1/bots", access="staff", tag="bots")
    async def page(self, actor: Actor, limit: Limit = 50, cursor: Cursor = None) -> Page[BotView]:
        """The bots that one may see, by name."""
        found = await self._service.page(actor, after=name_and_id(cursor), limit=limit + 1)
        shown = found[:limit]
        last = shown[-1].bot if len(found) > limit else None
        return Page(
            items=[bot_view(one, actor) for one in shown],
            next_cursor=encode_cursor(last.name, last.id) if last is not None else None,
        )

    @route("GET", "/api/v1/bots/{bot_id}", access="staff", tag="bots")
    async def one(self, actor: Actor, bot_id: str) -> BotView:
        """One bot."""
        return bot_view(await self._service.get(actor, bot_id), actor)

    @route("POST", "/api/v1/bots", access="admin", tag="bots", status=201)
    async def create(self, actor: Actor, body: NewBotBody) -> BotView:
        """Make a bot with its accounts and members.

        An account is in one bot only; what it sent before it was connected is applied now.
        Credentials are checked at their platform first.
        """
        wanted = body.wanted()
        accounts = [
            await self._checked(account, f"accounts.{position}.credentials")
            for position, account in enumerate(wanted.accounts)
        ]
        made = await self._service.create(actor, replace(wanted, accounts=tuple(accounts)))
        await self._welcome(accounts)
        return bot_view(made, actor)

    @route("PATCH", "/api/v1/bots/{bot_id}", access="admin", tag="bots")
    async def edit(
        self, actor: Actor, bot_id: str, body: BotEditBody, if_match: int | None = None
    ) -> BotView:
        """Change a bot; with If-Match only if nobody changed the same fields since."""
        return bot_view(await self._service.edit(actor, bot_id, body.edit(), if_match), actor)

    @route(
        "DELETE",
        "/api/v1/bots/{bot_id}",
        access="admin",
        tag="bots",
        problems=(BotHasAccounts,),
    )
    async def delete(self, actor: Actor, bot_id: str) -> None:
        """Delete a bot that has no accounts any more."""
        await self._service.delete(actor, bot_id)

    @route("POST", "/api/v1/bots/{bot_id}/accounts", access="admin", tag="bots", status=201)
    async def connect(self, actor: Actor, bot_id: str, body: NewAccountBody) -> BotView:
        """Connect a channel account; what it sent before is applied now.

        Credentials are checked at the platform first, and the page is subscribed.
        """
        account = await self._checked(body.wanted(), "credentials")
        await self._service.connect(actor, bot_id, account)
        await self._welcome([account])
        return bot_view(await self._service.get(actor, bot_id), actor)

    @route(
        "DELETE",
        "/api/v1/bots/{bot_id}/accounts/{account}",
        access="admin",
        tag="bots",
        problems=(AccountMoves,),
    )
    async def disconnect(self, actor: Actor, bot_id: str, account: str) -> None:
        """Disconnect an account by its `id`: its page stops sending, its secrets are deleted.

        Conversations stay; what it still sends is kept and waits.
        """
        if self._onboarding is not None:
            found = await self._service.account(bot_id, account)
            await self._onboarding.leave(AccountRef(found.id, found.channel, found.account_id))
        await self._service.disconnect(actor, bot_id, account)

    @route("GET", "/api/v1/accounts/unknown", access="admin", tag="bots")
    async def unknown_accounts(self) -> Page[UnknownAccountView]:
        """Accounts that post webhooks and are in no bot, the latest first (200 at most)."""
        accounts = await self._service.unknown_accounts()
        return Page(items=[unknown_account_view(one) for one in accounts], next_cursor=None)

    async def _checked(self, account: NewAccount, field: str) -> NewAccount:
        """Raises InvalidInput, Unavailable."""
        if self._onboarding is None:
            return account
        return await self._onboarding.checked(account, field)

    async def _welcome(self, accounts: Sequence[NewAccount]) -> None:
        if self._onboarding is None:
            return
        for one in accounts:
            await self._onboarding.welcome(AccountRef(one.key, one.channel, one.account_id))
