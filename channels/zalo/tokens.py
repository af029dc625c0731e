"""Access tokens of Zalo OAs: found for whoever calls, refreshed in time, watched until they end."""

import asyncio
from datetime import timedelta

import structlog

from channels.config import ZaloConfig
from channels.zalo.failures import AppUnusable
from channels.zalo.oauth import ZaloOAuth
from channels.zalo.refreshing import (
    ENDING,
    NO_REFRESH_TOKEN,
    Refreshing,
    access_token_of,
    is_due,
    is_usable,
    moment_of,
)
from inbox.bots.credentials.healing import Healing
from inbox.bots.credentials.model import Health
from inbox.bots.credentials.store import CredentialStore
from inbox.clock import Clock
from inbox.mongo.client import Mongo
from inbox.mongo.due import Backoff, Claimed, DueWork, Pace
from inbox.mongo.failures import is_passing
from inbox.mongo.leases import Leases
from inbox.ports import AccountUnusable, SendUnavailable, SendUncertain

log = structlog.get_logger(__name__)

WARN_AHEAD = timedelta(days=14)
"""Before the end of the refresh token's three months."""
APP_TROUBLE_PAUSE = timedelta(minutes=15)
CLOSE_WITHIN = timedelta(minutes=1)
"""How long a stopping process waits for the database to take a new pair."""
_AT_ONCE = 10


class ZaloTokens:
    """Access tokens by account; a worker loop that refreshes what is due (`accounts.token`).

    Implements AccessTokens of channels/zalo/client.py.
    """

    def __init__(  # noqa: PLR0913 - each is something that a refresh needs
        self,
        mongo: Mongo,
        store: CredentialStore,
        healing: Healing,
        oauth: ZaloOAuth,
        config: ZaloConfig,
        clock: Clock,
        *,
        owner: str,
    ) -> None:
        """`owner` names this process, as for any lease."""
        self._store = store
        self._clock = clock
        leases = Leases(mongo, clock, owner=owner)
        self._refreshing = Refreshing(store, healing, oauth, leases, config, clock)
        pace = Pace(
            lease=2 * self._refreshing.lease,
            poll_every=timedelta(minutes=1),
            backoff=Backoff(timedelta(seconds=30), timedelta(minutes=15)),
        )
        self._due = DueWork(mongo, "accounts", "token", clock, pace=pace)
        self._running: dict[str, asyncio.Task[str]] = {}

    async def access_token(self, account_key: str) -> str:
        """A token that Zalo should take; refreshed first when less than two hours are left.

        Raises:
            AccountUnusable: there is none, and an admin must connect the account again.
            SendUnavailable: there is none right now.
        """
        found = await self._refreshing.read(account_key)
        if not is_due(found, self._clock.now()):
            return access_token_of(found)
        try:
            return await self._another(account_key, None)
        except (AccountUnusable, SendUnavailable):
            if is_usable(found, self._clock.now()):
                return access_token_of(found)
            raise

    async def renewed(self, account_key: str, refused: str) -> str:
        """A token other than `refused`: what is kept by now, else a fresh one.

        Raises:
            AccountUnusable, SendUnavailable: as `access_token`.
        """
        return await self._another(account_key, refused)

    async def run(self, stop: asyncio.Event) -> None:
        """Refresh what falls due until `stop` is set; what is under way is ended first."""
        resumed = False
        while not stop.is_set():
            try:
                if not resumed:
                    await self._store.resume_refreshes("zalo", now=self._clock.now())
                    resumed = True
                await self.step()
            except Exception as error:
                if not is_passing(error):
                    log.exception("zalo token step failed")
            await self._due.wait(stop)
        await self.close()

    async def step(self) -> int:
        """Claim the accounts whose refresh is due and refresh them; the number claimed."""
        await self._store.plan_refreshes("zalo", now=self._clock.now())
        claimed = await self._due.claim(_AT_ONCE)
        await asyncio.gather(*(self._work(one) for one in claimed))
        return len(claimed)

    async def close(self) -> None:
        """Wait for refreshes under way: an answer that is not saved would cost the account."""
        if self._running:
            await asyncio.wait(self._running.values(), timeout=CLOSE_WITHIN.total_seconds())

    async def _work(self, claimed: Claimed) -> None:
        """Success plans the next refresh by itself (`finish_refresh`)."""
        try:
            found = await self._refreshing.read(claimed.id)
            if found.values.get("refresh_token"):
                await self._another(claimed.id, access_token_of(found))
            else:
                await self._refreshing.mark(claimed.id, Health("expiring", NO_REFRESH_TOKEN))
                await self._due.park(claimed, NO_REFRESH_TOKEN)
        except AppUnusable as error:
            await self._due.retry(claimed, error.code, after=APP_TROUBLE_PAUSE)
        except AccountUnusable as error:
            await self._due.park(claimed, error.code)
        except SendUnavailable as error:
            await self._due.retry(claimed, error.code)
        await self._warn(claimed.id)

    async def _warn(self, account_key: str) -> None:
        """Say in time that the refresh token ends: after that only an admin can help."""
        try:
            found = await self._refreshing.read(account_key)
        except AccountUnusable:
            return
        if found.health.state != "ok":
            return
        ends_at = moment_of(found.values, "refresh_expires_at")
        if ends_at is not None and ends_at - self._clock.now() < WARN_AHEAD:
            log.warning("zalo refresh token ends soon", account=account_key, ends_at=str(ends_at))
            await self._refreshing.mark(account_key, Health("expiring", ENDING, ends_at=ends_at))

    async def _another(self, account_key: str, refused: str | None) -> str:
        """A token that is neither due nor `refused`; one refresh for all who ask meanwhile.

        The refresh goes on when its caller is cancelled: Zalo's answer must be saved.
        """
        while True:
            task = self._running.get(account_key)
            if task is None:
                task = asyncio.create_task(self._refreshing.another(account_key, refused))
                self._running[account_key] = task
                task.add_done_callback(lambda done: self._forget(account_key, done))
            try:
                token = await asyncio.shield(task)
            except SendUncertain as error:
                raise SendUnavailable(error.reason, platform_code=error.platform_code) from error
            if token != refused:
                return token

    def _forget(self, account_key: str, task: asyncio.Task[str]) -> None:
        """Everybody who waited may be gone: the error is theirs, so nobody needs to hear of it."""
        if self._running.get(account_key) is task:
            del self._running[account_key]
        if not task.cancelled():
            task.exception()
