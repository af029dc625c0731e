"""Making and changing bots: one transaction each, with its audit entry and its live event."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import structlog

from inbox.bots.credentials.model import WORKING
from inbox.bots.errors import BotHasAccounts, account_taken, refuse_unknown_members
from inbox.bots.health.store import HealthStore
from inbox.bots.model import Account, Bot, BotEdit, NewAccount, NewBot, UnknownAccount
from inbox.bots.secrets import SecretBox
from inbox.bots.store import AccountStore, BotStore
from inbox.clock import Clock
from inbox.errors import InvalidInput, NotAllowed, NotFound, VersionClash
from inbox.ids import random_id
from inbox.live.model import live_event
from inbox.live.store import LiveStore
from inbox.mongo.client import Mongo, Session
from inbox.staff.audit.store import AuditStore
from inbox.staff.authenticator import ActorCache
from inbox.staff.model import Actor
from inbox.staff.store import StaffStore

log = structlog.get_logger(__name__)

AccountConnected = Callable[[str], Awaitable[None]]
"""Called with the key of an account after it was connected: what it sent before can be applied."""


@dataclass(frozen=True, slots=True)
class BotWithAccounts:
    """A bot and the accounts that are in it; `held` counts messages that wait for one of them."""

    bot: Bot
    accounts: list[Account]
    held: Mapping[str, int] = field(default_factory=dict)


class BotService:
    """What people may do with bots; who may call is checked by the routes."""

    def __init__(
        self,
        mongo: Mongo,
        box: SecretBox,
        actors: ActorCache,
        clock: Clock,
        on_account_connected: AccountConnected,
    ) -> None:
        self._mongo = mongo
        self._bots = BotStore(mongo)
        self._accounts = AccountStore(mongo)
        self._health = HealthStore(mongo, clock)
        self._staff = StaffStore(mongo)
        self._audit = AuditStore(mongo)
        self._live = LiveStore(mongo)
        self._box = box
        self._actors = actors
        self._clock = clock
        self._on_account_connected = on_account_connected

    async def page(
        self, actor: Actor, *, after: tuple[str, str] | None, limit: int
    ) -> list[BotWithAccounts]:
        """The bots that `actor` may see, by name."""
        ids = None if actor.sees_every_bot else actor.bot_ids
        bots = await self._bots.page(ids=ids, after=after, limit=limit)
        accounts = await self._accounts.of_bots([bot.id for bot in bots])
        return [await self._with_held(bot, accounts[bot.id]) for bot in bots]

    async def get(self, actor: Actor, bot_id: str) -> BotWithAccounts:
        """Raises NotFound, and NotAllowed when the bot is not the actor's."""
        bot = await self._bots.get(bot_id)
        if bot is None:
            raise NotFound
        if not actor.sees_bot(bot_id):
            raise NotAllowed
        return await self._with_accounts(bot)

    async def unknown_accounts(self) -> list[UnknownAccount]:
        return await self._accounts.unknown()

    async def create(self, actor: Actor | None, wanted: NewBot) -> BotWithAccounts:
        """Make a bot with its accounts and members.

        Raises:
            InvalidInput: an account is in a bot already, or a member is not active staff.
        """
        now = self._clock.now()
        bot = Bot(
            random_id(),
            wanted.name.strip(),
            tuple(dict.fromkeys(wanted.member_ids)),
            wanted.crm_sync,
            wanted.split,
            now,
            1,
        )

        async def work(session: Session) -> None:
            await self._check_members(bot.member_ids, (), session)
            await self._bots.insert(bot, session=session)
            await self._insert_accounts(wanted.accounts, bot.id, "accounts.{}.", session)
            await self._tell(
                actor,
                "bot_created",
                bot.id,
                {"name": {"after": bot.name}, "member_ids": {"after": list(bot.member_ids)}},
                session,
            )

        await self._mongo.transaction(work)
        await self._settle(wanted.accounts)
        log.info("bot made", bot_id=bot.id)
        return await self._with_accounts(bot)

    async def edit(
        self, actor: Actor, bot_id: str, edit: BotEdit, version: int | None
    ) -> BotWithAccounts:
        """Change a bot; `version` is the one that was read, None writes over whatever is there.

        Raises:
            NotFound: there is no such bot.
            VersionClash: somebody else changed one of the same fields since.
            InvalidInput: a new member is not active staff.
        """

        async def work(session: Session) -> Bot:
            before = await self._bots.get(bot_id, session=session)
            if before is None:
                raise NotFound
            changes = _changes(before, edit)
            if not changes:
                return before
            if version is not None:
                _refuse_clash(before, changes, version)
            if edit.member_ids is not None:
                await self._check_members(edit.member_ids, before.member_ids, session)
            values = {name: change["after"] for name, change in changes.items()}
            values |= {f"field_versions.{name}": before.version + 1 for name in changes}
            after = await self._bots.change(bot_id, values, session=session)
            await self._tell(actor, "bot_edited", bot_id, changes, session)
            return after or before

        bot = await self._mongo.transaction(work)
        self._actors.clear()
        return await self._with_accounts(bot)

    async def delete(self, actor: Actor, bot_id: str) -> None:
        """Delete a bot that has no accounts.

        Raises:
            NotFound: there is no such bot.
            BotHasAccounts: it still has some.
        """

        async def work(session: Session) -> None:
            bot = await self._bots.change(bot_id, {}, session=session)
            if bot is None:
                raise NotFound
            if (await self._accounts.of_bots([bot_id], session=session))[bot_id]:
                raise BotHasAccounts
            await self._bots.delete(bot_id, session=session)
            await self._tell(actor, "bot_deleted", bot_id, {"name": {"before": bot.name}}, session)

        await self._mongo.transaction(work)
        self._actors.clear()

    async def connect(self, actor: Actor | None, bot_id: str, account: NewAccount) -> None:
        """Put an account into a bot; what it sent before is applied.

        Raises:
            NotFound: there is no such bot.
            InvalidInput: the account is in a bot already.
        """

        async def work(session: Session) -> None:
            # The change also makes a deletion of the bot at the same moment collide with this.
            if await self._bots.change(bot_id, {}, session=session) is None:
                raise NotFound
            await self._insert_accounts((account,), bot_id, "", session)
            await self._tell(
                actor, "account_connected", bot_id, {"account": {"after": account.key}}, session
            )

        await self._mongo.transaction(work)
        await self._settle((account,))
        log.info("account connected", bot_id=bot_id, account=account.key)

    async def disconnect(self, actor: Actor, bot_id: str, key: str) -> None:
        """Take an account out of its bot; what it sends from now on waits for another one.

        Raises:
            NotFound: the bot has no such account.
        """

        async def work(session: Session) -> None:
            if await self._accounts.delete(bot_id, key, session=session) is None:
                raise NotFound
            await self._bots.change(bot_id, {}, session=session)
            await self._tell(
                actor, "account_disconnected", bot_id, {"account": {"before": key}}, session
            )

        await self._mongo.transaction(work)

    async def account(self, bot_id: str, key: str) -> Account:
        """An account of this bot. Raises NotFound."""
        found = (await self._accounts.of_bots([bot_id]))[bot_id]
        account = next((one for one in found if one.id == key), None)
        if account is None:
            raise NotFound
        return account

    async def credentials(self, key: str) -> dict[str, str]:
        """The credentials of an account, opened; empty when it has none.

        Raises:
            WrongSecretKey: they were sealed with a key that is not among ours any more.
        """
        sealed = await self._accounts.sealed_credentials(key)
        return self._box.open(sealed) if sealed is not None else {}

    async def _with_accounts(self, bot: Bot) -> BotWithAccounts:
        return await self._with_held(bot, (await self._accounts.of_bots([bot.id]))[bot.id])

    async def _with_held(self, bot: Bot, accounts: list[Account]) -> BotWithAccounts:
        ailing = [account.id for account in accounts if account.health.state not in WORKING]
        return BotWithAccounts(bot, accounts, await self._health.held(ailing))

    async def _check_members(
        self, member_ids: tuple[str, ...], already: Collection[str], session: Session
    ) -> None:
        """New members are active staff; one who left may stay in the list until taken out."""
        new = [member_id for member_id in member_ids if member_id not in already]
        active = await self._staff.active_ids(new, session=session)
        refuse_unknown_members(member_ids, active | frozenset(already))

    async def _insert_accounts(
        self, accounts: tuple[NewAccount, ...], bot_id: str, prefix: str, session: Session
    ) -> None:
        keys = [account.key for account in accounts]
        known = await self._accounts.known(keys, session=session)
        taken = [
            account_taken(f"{prefix.format(position)}account_id")
            for position, key in enumerate(keys)
            if key in known or key in keys[:position]
        ]
        if taken:
            raise InvalidInput(taken)
        for account in accounts:
            sealed = self._box.seal(account.credentials) if account.credentials else None
            await self._accounts.insert(
                account, bot_id, sealed, now=self._clock.now(), session=session
            )

    async def _tell(
        self,
        actor: Actor | None,
        action: str,
        bot_id: str,
        changes: dict[str, Any],
        session: Session,
    ) -> None:
        now = self._clock.now()
        await self._audit.record(
            actor, action, ("bot", bot_id), at=now, changes=changes, session=session
        )
        event = live_event(type="bot_changed", at=now, bot_id=bot_id, data={"bot_id": bot_id})
        await self._live.insert([event], session=session)

    async def _settle(self, accounts: tuple[NewAccount, ...]) -> None:
        """After the commit: rights have changed, and parked webhooks can be applied."""
        self._actors.clear()
        for account in accounts:
            await self._on_account_connected(account.key)


def _changes(before: Bot, edit: BotEdit) -> dict[str, dict[str, Any]]:
    """What the edit changes, by field, with the values as they are kept."""
    values: dict[str, tuple[Any, Any]] = {
        "crm_sync": (before.crm_sync, edit.crm_sync),
        "split": (asdict(before.split), _split(before, edit)),
    }
    if edit.name is not None:
        values["name"] = (before.name, edit.name.strip())
    if edit.member_ids is not None:
        values["member_ids"] = (list(before.member_ids), list(dict.fromkeys(edit.member_ids)))
    return {
        name: {"before": old, "after": new}
        for name, (old, new) in values.items()
        if new is not None and new != old
    }


def _split(before: Bot, edit: BotEdit) -> dict[str, Any]:
    enabled, visibility = edit.split_enabled, edit.split_visibility
    return {
        "enabled": before.split.enabled if enabled is None else enabled,
        "visibility": visibility or before.split.visibility,
    }


def _refuse_clash(before: Bot, changes: dict[str, dict[str, Any]], version: int) -> None:
    """Two people who edit different fields both win; the same field only one."""
    newer = [name for name in changes if before.field_versions.get(name, 0) > version]
    if newer:
        current = {name: changes[name]["before"] for name in newer}
        raise VersionClash(fields=sorted(newer), current=current)
