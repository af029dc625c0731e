"""One refresh of an OA's tokens: under a lease, noted before the call, saved before it is used.

A refresh token works once and its answer carries the next one, so between Zalo's answer and our
save lies a window in which a kill loses the account. It cannot be closed (Zalo has no way to ask
again), only made small and visible: an intent with the token's hash is written before the call,
and a refusal of a token that has such an intent is reported as "token_lost".
docs/decisions/0011-zalo-tokens.md
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from channels.config import ZaloConfig
from channels.zalo.failures import AppUnusable, TokenDead
from channels.zalo.oauth import GrantRefused, TokenPair, ZaloOAuth
from inbox.bots.credentials.healing import Healing
from inbox.bots.credentials.model import AccountCredentials, AfterRefresh, Health, Refresh
from inbox.bots.credentials.store import CredentialStore
from inbox.bots.secrets import WrongSecretKey
from inbox.clock import Clock
from inbox.ids import hash_id, random_id
from inbox.mongo.failures import is_passing
from inbox.mongo.leases import Leases
from inbox.ports import SendUnavailable, SendUncertain

log = structlog.get_logger(__name__)

REFRESH_AHEAD = timedelta(hours=2)
"""A token with less than this left is refreshed before it is used."""
REFRESH_EVERY = timedelta(hours=12)
"""At least twice a day: a token lives 25 hours, and one missed try must not matter."""
USABLE_FOR = timedelta(minutes=1)
"""A token that lives this long may still be used when refreshing does not work."""
WAIT_FOR_OTHERS = timedelta(seconds=12)
"""For the refresh of another process, which takes a second; one that died holds its lease on."""
PAUSE_AFTER_FAILURE = timedelta(seconds=15)
"""Between two calls that got no answer, whoever asks."""

REFUSED, LOST, ENDING = "refresh_refused", "token_lost", "refresh_token_ends"
NO_REFRESH_TOKEN, APP_REFUSED, WRONG_KEY = "no_refresh_token", "app_refused", "wrong_secret_key"
_HEALED_BY_A_PAIR = (
    *(REFUSED, LOST, ENDING, NO_REFRESH_TOKEN, APP_REFUSED, WRONG_KEY),
    TokenDead.code,  # what a send that met the dead token has noted
)

_LOOK_AGAIN_S = 0.05
_SAVE_AGAIN_S = 0.2
_DATABASE_TIME = timedelta(seconds=20)
"""What reading, noting and saving may take within a lease: four operations of 5 s."""


class Refreshing:
    """Refreshes one account's pair; one process at a time."""

    def __init__(
        self,
        store: CredentialStore,
        healing: Healing,
        oauth: ZaloOAuth,
        leases: Leases,
        config: ZaloConfig,
        clock: Clock,
    ) -> None:
        self._store = store
        self._healing = healing
        self._oauth = oauth
        self._leases = leases
        self._clock = clock
        self.lease = 2 * config.timeout + _DATABASE_TIME
        self._call_may_take = config.timeout
        self._not_before: dict[str, datetime] = {}

    async def another(self, account_key: str, refused: str | None) -> str:
        """A token that is neither due nor `refused`: what somebody has put there, else a new one.

        Never cancel it: Zalo's answer must be saved.

        Raises:
            AccountUnusable: there is none without an admin.
            SendUnavailable: not now; the refresh token is as good as before.
            SendUncertain: no answer; the refresh token may be used up.
        """
        name = f"zalo-token:{account_key}"
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + WAIT_FOR_OTHERS.total_seconds()
        while await self._leases.acquire(name, self.lease) is None:
            if (token := self._good(await self.read(account_key), refused)) is not None:
                return token
            if loop.time() > give_up_at:
                raise SendUnavailable("another process is refreshing the token")
            await asyncio.sleep(_LOOK_AGAIN_S)
        post_until = loop.time() + (self.lease - self._call_may_take).total_seconds()
        try:
            while True:
                found = await self.read(account_key)
                if (token := self._good(found, refused)) is not None:
                    return token
                if (token := await self._refresh(found, post_until)) is not None:
                    return token
        finally:
            await self._release(name)

    def _good(self, found: AccountCredentials, refused: str | None) -> str | None:
        """The token that is kept, if somebody has put a better one there than the caller knows."""
        token = access_token_of(found)
        if refused is not None:
            return token if token != refused else None
        return token if not is_due(found, self._clock.now()) else None

    async def _refresh(self, found: AccountCredentials, post_until: float) -> str | None:
        """One refresh; None when the credentials changed on the way, so look again.

        `post_until` is the loop's time at which the lease is too short for another call.
        """
        refresh_token = found.values.get("refresh_token")
        if not refresh_token:
            await self.mark(found.account_key, Health("reauth", NO_REFRESH_TOKEN))
            raise TokenDead(NO_REFRESH_TOKEN)
        token_hash = hash_id("zalo refresh token", refresh_token)
        earlier = found.refresh if _is_about(found.refresh, token_hash) else None
        if earlier is not None and earlier.state == "refused":
            raise TokenDead(found.health.reason or REFUSED)
        self._refuse_while_pausing(found.account_key)
        refresh = Refresh(token_hash, random_id(), "started", self._clock.now())
        if not await self._store.begin_refresh(found, refresh):
            return None
        try:
            pair = await self._call(found.account_key, refresh_token, post_until)
        except SendUnavailable:
            if earlier is None:
                await self._store.drop_refresh(found.account_key, refresh)
            raise
        except GrantRefused as error:
            return await self._refused(found, refresh, error, lost=earlier is not None)
        return await self._keep(found, refresh, pair)

    async def _keep(self, found: AccountCredentials, refresh: Refresh, pair: TokenPair) -> str:
        """Save the pair before anybody uses it, however long the database is away."""
        now = self._clock.now()
        refresh_at = now + pair.lifetime - refresh_ahead(pair.lifetime)
        values = {**found.values, **pair.credentials(now), "refresh_at": refresh_at.isoformat()}
        next_at = min(now + REFRESH_EVERY, refresh_at)
        plan = AfterRefresh(now, next_at, _HEALED_BY_A_PAIR)
        while True:
            try:
                kept = await self._store.finish_refresh(
                    found.account_key, refresh, values, plan=plan
                )
            except Exception as error:
                if not is_passing(error):
                    raise
                log.warning("zalo token pair waits for the database", account=found.account_key)
                await asyncio.sleep(_SAVE_AGAIN_S)
            else:
                log.info("zalo token refreshed", account=found.account_key, kept=kept)
                await self._healing.credentials_changed(found.account_key)
                return await self._kept_token(found.account_key, pair, kept=kept)

    async def _kept_token(self, account_key: str, pair: TokenPair, *, kept: bool) -> str:
        """What is there counts where somebody connected the account anew meanwhile."""
        return pair.access_token if kept else access_token_of(await self.read(account_key))

    async def _call(self, account_key: str, refresh_token: str, post_until: float) -> TokenPair:
        if asyncio.get_running_loop().time() > post_until:
            raise SendUnavailable("the database took too long")
        try:
            return await self._oauth.refresh(refresh_token)
        except (SendUnavailable, SendUncertain):
            self._not_before[account_key] = self._clock.now() + PAUSE_AFTER_FAILURE
            raise

    def _refuse_while_pausing(self, account_key: str) -> None:
        """Not every message in the queue may call while the endpoint is away."""
        until = self._not_before.get(account_key)
        if until is None:
            return
        wait_s = (until - self._clock.now()).total_seconds()
        if wait_s > 0:
            raise SendUnavailable("the last refresh got no answer", retry_after_s=wait_s)
        del self._not_before[account_key]

    async def _refused(
        self, found: AccountCredentials, refresh: Refresh, error: GrantRefused, *, lost: bool
    ) -> str | None:
        """`lost`: an earlier call with this token has no outcome, so its answer was the pair."""
        account_key, code = found.account_key, None if error.number is None else str(error.number)
        if not error.final:
            if not lost:
                await self._store.drop_refresh(account_key, refresh)
            await self.mark(account_key, Health("blocked", APP_REFUSED))
            raise AppUnusable(APP_REFUSED, platform_code=code)
        reason = LOST if lost else REFUSED
        refused = await self._store.refuse_refresh(
            account_key, refresh, Health("reauth", reason), now=self._clock.now()
        )
        if not refused:
            return None
        log.error("zalo refuses the refresh token", account=account_key, reason=reason, number=code)
        raise TokenDead(reason, platform_code=code)

    async def mark(self, account_key: str, health: Health) -> None:
        await self._healing.note(account_key, health)

    async def read(self, account_key: str) -> AccountCredentials:
        """The account's tokens; raises TokenDead when it has none that can be read."""
        try:
            found = await self._store.read(account_key)
        except WrongSecretKey:
            await self.mark(account_key, Health("reauth", WRONG_KEY))
            raise TokenDead(WRONG_KEY) from None
        if found is None or not found.values.get("access_token"):
            raise TokenDead("no credentials")
        return found

    async def _release(self, name: str) -> None:
        try:
            await self._leases.release(name)
        except Exception as error:  # the lease ends by itself, and what was done is done
            if not is_passing(error):
                raise


def refresh_ahead(lifetime: timedelta) -> timedelta:
    """How long before its end a token is refreshed: two hours of 25, less of a shorter life."""
    return min(REFRESH_AHEAD, lifetime / 12)


def access_token_of(found: AccountCredentials) -> str:
    return found.values["access_token"]


def _is_about(refresh: Refresh | None, token_hash: str) -> bool:
    return refresh is not None and refresh.token_hash == token_hash


def is_due(found: AccountCredentials, now: datetime) -> bool:
    """Less than two hours left, or nobody knows how much (a token that was pasted)."""
    if not found.values.get("refresh_token"):
        return False
    refresh_at = moment_of(found.values, "refresh_at")
    if refresh_at is None:
        ends_at = moment_of(found.values, "expires_at")
        return ends_at is None or ends_at - now < REFRESH_AHEAD
    return now >= refresh_at


def is_usable(found: AccountCredentials, now: datetime) -> bool:
    ends_at = moment_of(found.values, "expires_at")
    return ends_at is None or ends_at - now > USABLE_FOR


def moment_of(values: Mapping[str, str], name: str) -> datetime | None:
    """A moment with its zone; None for what is missing or cannot be read."""
    try:
        moment = datetime.fromisoformat(values.get(name, ""))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
