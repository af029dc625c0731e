"""The accounts that are connected, held in memory so that routing an event costs no read."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import structlog

from channels.store import ConnectedAccount
from inbox.mongo.failures import is_passing

log = structlog.get_logger(__name__)

REFRESH_EVERY = timedelta(seconds=2)


class AccountDirectory:
    """Connected accounts by key and by channel; refreshed every few seconds and on demand."""

    def __init__(self, load: Callable[[], Awaitable[Sequence[ConnectedAccount]]]) -> None:
        self._load = load
        self._ids: dict[str, frozenset[str]] = {}
        self._keys: dict[str, tuple[str, ...]] = {}
        self.bots: dict[str, str] = {}
        """Bot ids by account key. Never replaced, so that others may hold on to it."""
        self.splitting: set[str] = set()
        """The bots that split. Never replaced either."""
        self.triggering: set[str] = set()
        """The bots in which a message may begin a script. Never replaced either."""
        self.answering: dict[str, timedelta | None] = {}
        """The bots in which an automation answers first, each with when it does so again after an
        answer of a person. Never replaced either."""

    async def refresh(self) -> None:
        """Read the accounts anew."""
        accounts = await self._load()
        fresh = {one.key: one.bot_id for one in accounts}
        self.bots.update(fresh)
        for gone in self.bots.keys() - fresh.keys():
            del self.bots[gone]
        _become(self.splitting, {one.bot_id for one in accounts if one.splits})
        _become(self.triggering, {one.bot_id for one in accounts if one.triggers})
        answering = {one.bot_id: one.hand_back_after for one in accounts if one.answering}
        self.answering.update(answering)
        for quiet in self.answering.keys() - answering.keys():
            del self.answering[quiet]
        self._ids = {
            channel: frozenset(one.account_id for one in accounts if one.channel == channel)
            for channel in {one.channel for one in accounts}
        }
        self._keys = {
            channel: tuple(one.key for one in accounts if one.channel == channel)
            for channel in self._ids
        }

    async def run(self, stop: asyncio.Event) -> None:
        """Refresh every few seconds until `stop`: other processes connect and move accounts."""
        while not stop.is_set():
            try:
                await self.refresh()
            except Exception as error:
                if not is_passing(error):
                    log.exception("accounts could not be read")
            try:
                await asyncio.wait_for(stop.wait(), REFRESH_EVERY.total_seconds())
            except TimeoutError:
                continue

    def ids(self, channel: str) -> frozenset[str]:
        """Platform ids of the connected accounts of a channel."""
        return self._ids.get(channel, frozenset())

    def keys(self, channel: str) -> tuple[str, ...]:
        """Keys of the connected accounts of a channel."""
        return self._keys.get(channel, ())


def _become(kept: set[str], fresh: set[str]) -> None:
    """Make it the same set, without replacing it."""
    kept |= fresh
    kept &= fresh
