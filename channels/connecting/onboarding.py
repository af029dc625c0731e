"""Implements AccountOnboarding of inbox/ports.py: accounts that admins add by themselves."""

from dataclasses import replace

from channels.connecting.attaching import Attaching
from channels.connecting.checking import Checking
from channels.connecting.model import FoundAccount, Place
from channels.connecting.store import ConnectedAccounts
from inbox.bots.model import NewAccount
from inbox.errors import NotFound
from inbox.ports import AccountRef
from inbox.staff.model import Actor


class Onboarding:
    """Checks what is pasted, and greets and sees off accounts at their platform."""

    def __init__(
        self, checking: Checking, attaching: Attaching, accounts: ConnectedAccounts
    ) -> None:
        self._checking = checking
        self._attaching = attaching
        self._accounts = accounts

    async def checked(self, account: NewAccount, field: str) -> NewAccount:
        """See AccountOnboarding. An account without credentials only receives: nothing to ask."""
        if not account.credentials:
            return account
        found = await self._checking.check(
            account.channel, account.account_id, account.credentials, field
        )
        return replace(account, credentials=dict(found.credentials), granted_by=found.granted_by)

    async def welcome(self, account: AccountRef) -> None:
        await self._attaching.welcome(account)

    async def leave(self, account: AccountRef) -> None:
        await self._attaching.leave(account)

    async def renew(
        self, actor: Actor, bot_id: str, account_key: str, credentials: dict[str, str]
    ) -> None:
        """Keep pasted credentials of a connected account, once its platform takes them.

        Raises:
            NotFound: the bot has no such account.
            InvalidInput, PlatformSilent: as Checking.
        """
        state = await self._accounts.get(account_key)
        if state is None or state.bot_id != bot_id:
            raise NotFound
        checked = await self._checking.check(
            state.channel, state.account_id, credentials, "credentials"
        )
        found = FoundAccount(state.channel, state.account_id, state.name, checked.credentials)
        place = Place(state.bot_id, state.bot_name)
        await self._attaching.renew(actor, place, found, checked.granted_by)
        await self._attaching.welcome(AccountRef(found.key, found.channel, found.account_id))
