"""Intervals in which events may have been missed, so that a back-fill can ask for them.

Zalo may never send a refused event again, and Meta gives up after a while. What was refused is
remembered in memory and stored as soon as the database is back; a stop of all processes is seen
at the next start by the last sign of life.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import structlog

from channels.accounts import AccountDirectory
from channels.store import Gap, IngestStore
from inbox.clock import Clock
from inbox.mongo.failures import is_passing

log = structlog.get_logger(__name__)

ALIVE_EVERY = timedelta(seconds=10)
SILENCE_IS_A_GAP = timedelta(seconds=60)
"""A restart shorter than this is covered by the platforms' own retries."""


class Gaps:
    """Notes refused bodies and silences. `accounts_of` tells the accounts that a body is for."""

    def __init__(
        self,
        store: IngestStore,
        directory: AccountDirectory,
        clock: Clock,
        accounts_of: Callable[[str, bytes], Iterable[str]],
    ) -> None:
        self._store = store
        self._directory = directory
        self._clock = clock
        self._accounts_of = accounts_of
        self._refused: dict[tuple[str, str | None], tuple[datetime, datetime]] = {}

    def note_refused(self, channel: str, body: bytes) -> None:
        """A body was not kept. Cheap: only the first and last time per account is held."""
        now = self._clock.now()
        for account in tuple(self._accounts_of(channel, body)) or (None,):
            start, _ = self._refused.get((channel, account), (now, now))
            self._refused[channel, account] = (start, now)

    @property
    def open(self) -> int:
        """Accounts with a refused interval that is not stored yet."""
        return len(self._refused)

    async def note_silence(self) -> None:
        """At start: if nobody was alive for a while, every account may have missed something."""
        now = self._clock.now()
        last = await self._store.alive_at()
        if last is not None and now - last > SILENCE_IS_A_GAP:
            gaps = [Gap(key, last, now) for key in self._directory.bots]
            await self._store.keep_gaps(gaps, reason="silence", now=now)
            log.warning("nothing could be received for a while", seconds=(now - last).seconds)
        await self._store.mark_alive(now)

    async def step(self) -> None:
        """Store what was refused, then give a sign of life; raises while the database is away.

        In this order: a process that is killed in between leaves a silence that covers it.
        """
        now = self._clock.now()
        refused, self._refused = self._refused, {}
        try:
            gaps = [
                Gap(key, start, end)
                for (channel, account), (start, end) in refused.items()
                for key in self._keys(channel, account)
            ]
            await self._store.keep_gaps(gaps, reason="refused", now=now)
        except BaseException:
            self._refused = _joined(refused, self._refused)
            raise
        await self._store.mark_alive(now)

    async def store_open(self) -> None:
        """Before the end: store what is open, unless the database is away.

        Then the silence until the next start covers it: the last sign of life is older.
        """
        if self._refused:
            try:
                await self.step()
            except Exception as error:
                if not is_passing(error):
                    raise

    async def run(self, stop: asyncio.Event) -> None:
        """Every few seconds until `stop`; a database that is away is waited for."""
        while not stop.is_set():
            try:
                await self.step()
            except Exception as error:
                if not is_passing(error):
                    log.exception("storing gaps failed")
            try:
                await asyncio.wait_for(stop.wait(), ALIVE_EVERY.total_seconds())
            except TimeoutError:
                continue

    def _keys(self, channel: str, account: str | None) -> Iterable[str]:
        """An unknown account stands for all of its channel: better asked in vain than missed."""
        return (account,) if account is not None else self._directory.keys(channel)


Intervals = dict[tuple[str, str | None], tuple[datetime, datetime]]


def _joined(one: Intervals, other: Intervals) -> Intervals:
    joined = dict(one)
    for key, (start, end) in other.items():
        known = joined.get(key, (start, end))
        joined[key] = (min(known[0], start), max(known[1], end))
    return joined
