"""The watchdog of webhooks: does every page still send us its own, is somebody oddly silent."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from channels.facebook.store import Subscription
from channels.store import Gap, IngestStore
from channels.watching.model import Watched, unusual_silence
from channels.watching.store import WatchStore
from inbox.clock import Clock
from inbox.conversations.model import Channel
from inbox.ports import AccountRef, SendError

log = structlog.get_logger(__name__)

SUBSCRIBED: tuple[Channel, ...] = ("facebook", "instagram")
"""Channels on which each account subscribes; Zalo's webhooks are the app's."""
WATCHED: tuple[Channel, ...] = ("facebook", "instagram", "zalo")
UNSEEN = timedelta(hours=3)
"""Looks come every hour. After a longer time without one (a dead token, a stop) a page that is
subscribed now may not have been so meanwhile."""
OLDEST = timedelta(days=7)
"""What is older is not asked for: platforms keep no more to read, agents may not answer it."""
LOST, RESTORED = "subscription_lost", "subscription_restored"


class Subscriptions(Protocol):
    """How pages are subscribed (channels/facebook/subscribing.py)."""

    async def subscribed(self, account: AccountRef) -> Subscription:
        """Raises SendError: nothing is known."""
        ...

    async def subscribe(self, account: AccountRef) -> Subscription: ...


class Watching:
    """Finds what was missed and has it read back; repeats and cut-offs change nothing."""

    def __init__(
        self, store: WatchStore, gaps: IngestStore, subscriptions: Subscriptions, clock: Clock
    ) -> None:
        self._store = store
        self._gaps = gaps
        self._subscriptions = subscriptions
        self._clock = clock

    async def run(self) -> None:
        """Look at every account once."""
        await self.check_subscriptions()
        await self.check_silences()

    async def check_subscriptions(self) -> None:
        """Subscribe again what is not subscribed any more, and record what may be missing.

        All are looked at before any is subscribed: a page and its Instagram account share one
        subscription, and both have missed something.
        """
        lost = [one for one in await self._store.watched(SUBSCRIBED) if await self._is_lost(one)]
        for account in lost:
            await self._restore(account)

    async def _is_lost(self, account: Watched) -> bool:
        try:
            found = await self._subscriptions.subscribed(account.ref)
        except SendError as error:  # a dead token is the probe's affair
            log.info("a subscription is not known", account=account.ref.key, code=error.code)
            return False
        if found.state != "ok":
            return True
        now = self._clock.now()
        if account.known_until is not None and now - account.known_until > UNSEEN:
            await self._record(account, now, "unseen")
        await self._store.mark_subscribed(account.ref.key, now)
        return False

    async def _restore(self, account: Watched) -> None:
        """The gap first: whoever dies after it finds the page unsubscribed, or the gap."""
        ref, found_at = account.ref, self._clock.now()
        since = account.known_until
        await self._record(account, found_at, "unsubscribed")
        told = {"since": since.isoformat() if since is not None else None}
        await self._store.note_event(ref, LOST, found_at, told)
        found = await self._subscriptions.subscribe(ref)
        if found.state != "ok":
            log.error("a page is not subscribed", account=ref.key, reason=found.reason)
            return
        now = self._clock.now()
        await self._record(replace(account, covered_until=found_at), now, "unsubscribed")
        await self._store.note_event(ref, RESTORED, now, {"fields": list(found.fields)})
        await self._store.mark_subscribed(ref.key, now)
        log.warning("a page was not subscribed any more", account=ref.key)

    async def check_silences(self) -> None:
        """An account that is silent for longer than it ever is gets its history read: no alarm,
        for the customers may be silent.
        """
        now = self._clock.now()
        for account in await self._store.watched(WATCHED):
            if unusual_silence(account, now):
                log.info("an account is oddly silent", account=account.ref.key)
                await self._record(account, now, "quiet")

    async def _record(self, account: Watched, until: datetime, reason: str) -> None:
        """What may be missing up to `until`; the next gap begins there."""
        key, since = account.ref.key, account.known_until or account.connected_at
        since = max(since, until - OLDEST)
        if since >= until:
            return
        await self._gaps.keep_gaps([Gap(key, since, until)], reason=reason, now=until)
        await self._store.mark_covered(key, until)
