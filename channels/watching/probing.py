"""Asks every day whether the tokens of accounts live: nobody tells us when one dies."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

import structlog

from channels.watching.model import (
    DATA_ACCESS_ENDS,
    TOKEN_ENDS,
    Probe,
    Probed,
    ProbedAccount,
)
from channels.watching.store import WatchStore
from inbox.bots.credentials.healing import Healing
from inbox.bots.credentials.model import Health
from inbox.bots.health.reasons import REASONS
from inbox.clock import Clock
from inbox.conversations.model import Channel
from inbox.ports import AccountUnusable, SendError

log = structlog.get_logger(__name__)

PROBED_EVERY = timedelta(hours=24)
EARLIER = timedelta(hours=4)
"""Each next probe is up to so much earlier, so that accounts spread over the day."""
AGAIN_AFTER = timedelta(minutes=50)
"""When nothing was learnt: with the next hour's run."""
AT_LEAST_PER_RUN = 50
SHARE_PER_RUN = 8
"""A run, every hour, takes at most one eighth of all accounts: three times what is needed."""
PAUSE_S = 0.2
"""Between two probes: nobody waits for them."""

Pause = Callable[[float], Awaitable[object]]


class Probing:
    """Probes the accounts whose turn it is. A passing failure changes nothing."""

    def __init__(
        self,
        store: WatchStore,
        probes: Mapping[Channel, Probe],
        healing: Healing,
        clock: Clock,
        *,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._store = store
        self._probes = probes
        self._healing = healing
        self._clock = clock
        self._pause = pause

    async def run(self) -> int:
        """Probe what is due, one after another; the number of accounts. Cut off, it goes on
        with those that are left.
        """
        channels = tuple(self._probes)
        share = await self._store.count_probed(channels) // SHARE_PER_RUN
        limit = max(AT_LEAST_PER_RUN, share)
        due = await self._store.to_probe(channels, self._clock.now(), limit=limit)
        for account in due:
            await self._probe(account)
            await self._pause(PAUSE_S)
        return len(due)

    async def _probe(self, account: ProbedAccount) -> None:
        key = account.ref.key
        try:
            found = await self._probes[account.ref.channel].probe(account.ref)
        except AccountUnusable as error:
            await self._unusable(account, error)
            await self._mark(key, error.code)
        except SendError as error:
            log.info("an account could not be probed", account=key, code=error.code)
            await self._mark(key, error.code, again=True)
        else:
            await self._works(key, found)
            await self._mark(key, "ok")

    async def _works(self, account_key: str, found: Probed) -> None:
        await self._healing.account_answers(account_key, proves=found.proves)
        endings = (TOKEN_ENDS, DATA_ACCESS_ENDS)
        await self._healing.warn(account_key, found.warning, reasons=endings)

    async def _unusable(self, account: ProbedAccount, error: AccountUnusable) -> None:
        """Unless somebody has connected it anew meanwhile: then it was the old token that died."""
        key = account.ref.key
        if not await self._store.has_credentials(key, account.sealed):
            return
        reason = error.reason if error.reason in REASONS else error.code
        log.warning("an account cannot be used", account=key, reason=reason)
        health = Health(error.health, reason, platform_code=error.platform_code)
        await self._healing.note(key, health)

    async def _mark(self, account_key: str, outcome: str, *, again: bool = False) -> None:
        now = self._clock.now()
        earlier = EARLIER * random.uniform(0, 1)  # noqa: S311 - spreads load, is no secret
        next_at = now + (AGAIN_AFTER if again else PROBED_EVERY - earlier)
        await self._store.mark_probed(account_key, outcome, at=now, next_at=next_at)
