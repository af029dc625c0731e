"""Puts an account into a bot with its secrets, gives it new ones, takes it away; subscribed or not.

The last steps (healing, subscribing) come after the commit: a death between them leaves an
account that the watchdog subscribes and whose held messages try it by themselves.
"""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from channels.connecting.model import FoundAccount, Grant, Place, Result
from channels.connecting.store import ConnectedAccounts
from channels.facebook.subscribing import Subscribing
from channels.zalo.refreshing import moment_of
from inbox.bots.credentials.healing import Healing
from inbox.bots.credentials.store import CredentialStore
from inbox.bots.model import NewAccount
from inbox.bots.secrets import WrongSecretKey
from inbox.bots.service import BotService
from inbox.clock import Clock
from inbox.errors import InvalidInput, NotFound
from inbox.mongo.client import Mongo, Session
from inbox.ports import AccountRef
from inbox.staff.audit.store import AuditStore
from inbox.staff.model import Actor

log = structlog.get_logger(__name__)

META = frozenset({"facebook", "instagram"})
"""Channels whose webhooks come only from pages that were subscribed."""


@dataclass(frozen=True, slots=True)
class AttachingParts:
    """What attaching works with; `forget` drops remembered secrets of an account."""

    accounts: ConnectedAccounts
    credentials: CredentialStore
    subscribing: Subscribing
    healing: Healing
    forget: Callable[[str], None]


class Attaching:
    """Connects, re-authorises and leaves accounts; who may ask is checked by the routes."""

    def __init__(self, mongo: Mongo, bots: BotService, parts: AttachingParts, clock: Clock) -> None:
        self._mongo = mongo
        self._bots = bots
        self._accounts = parts.accounts
        self._credentials = parts.credentials
        self._subscribing = parts.subscribing
        self._healing = parts.healing
        self._forget = parts.forget
        self._audit = AuditStore(mongo)
        self._clock = clock

    async def attach(
        self, actor: Actor, bot_id: str, found: FoundAccount, granted_by: str | None
    ) -> Result:
        """Have this account in this bot with these secrets; how it ended. Safe to repeat.

        Raises:
            NotFound: there is no such bot.
        """
        place = (await self._accounts.places([found.key])).get(found.key)
        if place is None:
            try:
                await self._bots.connect(actor, bot_id, _new(found, granted_by))
            except InvalidInput:  # somebody has just connected it
                place = (await self._accounts.places([found.key])).get(found.key)
            else:
                return await self._settled(found, Result("connected"))
        if place is None or place.bot_id != bot_id:
            return Result("belongs_to_another_bot")
        if await self._is_news(found):
            await self.renew(actor, place, found, granted_by)
        return await self._settled(found, Result("reconnected"))

    async def renew(
        self, actor: Actor, place: Place, found: FoundAccount, granted_by: str | None
    ) -> None:
        """Give a connected account new secrets, wherever it is; what waited for it goes out.

        Raises:
            NotFound: it is connected no more.
        """
        now = self._clock.now()

        async def work(session: Session) -> None:
            kept = await self._credentials.replace(
                found.key, found.credentials, now=now, session=session
            )
            if not kept:
                raise NotFound
            await self._audit.record(
                actor,
                "account_reauthorised",
                ("bot", place.bot_id),
                at=now,
                changes={"account": {"after": found.key}},
                session=session,
            )

        await self._mongo.transaction(work)
        await self._accounts.keep_granter(found.key, granted_by)
        await self._healing.account_works(found.key)
        log.info("account re-authorised", account=found.key)

    async def welcome(self, account: AccountRef) -> None:
        """After an account was connected elsewhere: make its page send webhooks."""
        self._forget(account.key)
        if account.channel in META and await self._credentials.of(account.key):
            await self._subscribing.subscribe(account)

    async def leave(self, account: AccountRef) -> None:
        """Before an account is taken out of its bot: its page stops sending. Best effort."""
        if account.channel in META:
            await self._subscribing.unsubscribe(account)
        self._forget(account.key)

    async def keep_grant_alive(self, actor: Actor, grant: Grant) -> None:
        """Zalo's new pair has killed the old one: an OA that is connected gets it at once."""
        places = await self._accounts.places([one.key for one in grant.accounts])
        for found in grant.accounts:
            place = places.get(found.key)
            if found.channel == "zalo" and place is not None:
                await self.renew(actor, place, found, grant.granted_by)

    async def _is_news(self, found: FoundAccount) -> bool:
        """Whether these secrets are to replace what is kept.

        Of a Zalo OA only the newest pair works. One that waited in a flow may have been refreshed
        since, or another dialog has ended after it; the later end tells which is the newest.
        """
        if found.channel != "zalo":
            return True
        try:
            kept = await self._credentials.of(found.key)
        except WrongSecretKey:
            return True
        ends_at = moment_of(found.credentials, "expires_at")
        kept_ends_at = moment_of(kept, "expires_at")
        return ends_at is None or kept_ends_at is None or ends_at > kept_ends_at

    async def _settled(self, found: FoundAccount, result: Result) -> Result:
        self._forget(found.key)
        if found.channel not in META:
            return result
        account = AccountRef(found.key, found.channel, found.account_id)
        subscription = await self._subscribing.subscribe(account)
        if subscription.state == "failed":
            return Result("subscription_failed", subscription.reason)
        return result


def _new(found: FoundAccount, granted_by: str | None) -> NewAccount:
    return NewAccount(
        channel=found.channel,
        account_id=found.account_id,
        name=found.name,
        credentials=dict(found.credentials),
        granted_by=granted_by,
    )
