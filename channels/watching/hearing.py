"""Remembers when each account was heard last, and writes it down from time to time."""

import asyncio
from datetime import datetime, timedelta

import structlog

from channels.watching.store import Heard, WatchStore
from inbox.mongo.failures import is_passing

log = structlog.get_logger(__name__)

WRITTEN_EVERY = timedelta(seconds=30)


class Hearing:
    """Counts webhooks per account in memory. What a kill loses is heard again by the next one."""

    def __init__(self, store: WatchStore) -> None:
        self._store = store
        self._heard: dict[str, Heard] = {}

    def hear(self, account_key: str, at: datetime) -> None:
        """A webhook of this account came; called for every event, so it costs nothing."""
        heard = self._heard.get(account_key)
        if heard is None:
            self._heard[account_key] = Heard(at, at)
        else:
            heard.add(at)

    async def step(self) -> None:
        """Write what was heard; raises while the database is away, and nothing is forgotten."""
        heard, self._heard = self._heard, {}
        try:
            await self._store.add_heard(heard)
        except BaseException:
            for key, one in heard.items():
                later = self._heard.get(key)
                if later is not None:
                    one.longest = max(one.longest, later.longest, later.first - one.last)
                    one.last, one.count = later.last, one.count + later.count
                self._heard[key] = one
            raise

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`, and once more at the end."""
        while True:
            stopped = stop.is_set()
            try:
                await self.step()
            except Exception as error:
                if not is_passing(error):
                    log.exception("what was heard could not be written")
            if stopped:
                return
            try:
                await asyncio.wait_for(stop.wait(), WRITTEN_EVERY.total_seconds())
            except TimeoutError:
                continue
