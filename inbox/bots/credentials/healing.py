"""The one place that says how an account is, and lets go what waited for one that works again."""

from collections.abc import Awaitable, Callable, Collection

import structlog

from inbox.bots.credentials.model import WORKING, Health
from inbox.bots.health.store import HealthStore

log = structlog.get_logger(__name__)

WakeDeliveries = Callable[[str], Awaitable[None]]
"""Makes what waits for an account due now: `DeliveryStore.wake_account`."""
Forget = Callable[[str], None]
"""Drops what this process remembers of an account's secrets: `CachedCredentials.forget`."""


class Healing:
    """Whoever finds or makes an account usable says so here; repeating it is harmless.

    Other processes go on with remembered credentials for the five seconds that they keep them.
    A death in the middle costs minutes at most: a held message tries its account by itself.
    """

    def __init__(self, health: HealthStore, wake: WakeDeliveries, *forget: Forget) -> None:
        self._health = health
        self._wake = wake
        self._forget = forget

    async def account_works(self, account_key: str) -> None:
        """Connected again, or new credentials: nothing is wrong with it, not even a warning."""
        if await self._health.mark(account_key, Health("ok")):
            log.info("account works again", account=account_key)
        await self.credentials_changed(account_key)

    async def account_answers(
        self, account_key: str, *, proves: Collection[str] | None = None
    ) -> None:
        """The platform served it: what kept it from working is over. A warning stays.

        `proves`: a call that shows less than a send heals troubles with these reasons only.
        """
        if await self._health.mark_working(account_key, proves):
            log.info("account works again", account=account_key)
            await self.credentials_changed(account_key)

    async def warn(
        self, account_key: str, warning: Health | None, *, reasons: Collection[str]
    ) -> None:
        """What an account that works is warned of; None: not of any of `reasons` any more."""
        await self._health.mark_warning(account_key, warning, reasons)

    async def note(self, account_key: str, health: Health) -> None:
        """What is wrong with an account, or will be."""
        if await self._health.mark(account_key, health) and health.state in WORKING:
            await self.credentials_changed(account_key)

    async def credentials_changed(self, account_key: str) -> None:
        """New secrets are kept, and its health with them: forget the old ones, send what waits."""
        for forget in self._forget:
            forget(account_key)
        await self._wake(account_key)
