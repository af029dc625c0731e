"""Receiving in lanes: what was kept in the journal is applied, once, whatever goes wrong.

A lane is picked by the hash of the conversation, so that two transactions of this process seldom
fight for one conversation; those of other processes collide and are repeated. While little
waits, one transaction takes it from all lanes: most of its cost does not depend on its size. A
batch that fails for a reason of its own is tried entry by entry, then event by event: the
poisonous event parks alone. While the database is away a lane waits; nothing is dropped.

Answering comes first: a platform that waits too long sends again, or never again. While requests
wait for the journal, one lane works at a time and pauses in between.
"""

import asyncio
import time
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

import structlog

from inbox import metrics
from inbox.cancelling import end
from inbox.clock import Clock
from inbox.config import ReceivingConfig
from inbox.conversations.applying import Applier
from inbox.conversations.changes import Change, lane_key, subjects
from inbox.conversations.work import Item, Part, Understood, Work
from inbox.mongo.failures import is_passing
from inbox.mongo.journal import EntryId, JournalEntries

log = structlog.get_logger(__name__)

_BATCHES_AHEAD = 2
"""Per lane: beyond it entries had better wait as bytes, not as parsed objects."""
_RENEWED_AFTER = 0.1
"""Of a lease: what is here for longer than that is renewed as often as that."""

_ITEMS_PER_PART = 200
"""One body may hold thousands of events: a transaction with all of them could outlive its limit.
A batch takes no more parts once it has as many."""
_LONGEST_PAUSE_S = 0.5
"""A lane lets requests pass for as long as it worked, but not for as long as it waited."""


class Receiving:
    """Applies understood entries. `bots` is asked for the account-to-bot map before each batch.

    `requests_wait` says whether requests wait for the journal at this moment.
    """

    def __init__(
        self,
        applier: Applier,
        journal: JournalEntries,
        clock: Clock,
        bots: Mapping[str, str],
        limits: ReceivingConfig | None = None,
        requests_wait: Callable[[], bool] = lambda: False,
    ) -> None:
        self._applier = applier
        self._journal = journal
        self._clock = clock
        self._bots = bots
        self._limits = limits or ReceivingConfig()
        self._requests_wait = requests_wait
        self._turn = asyncio.Lock()
        self._ended = asyncio.Event()
        self._lanes: list[asyncio.Queue[Part]] = [
            asyncio.Queue() for _ in range(self._limits.lanes)
        ]
        self._working: dict[EntryId, Work] = {}
        self._bytes = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._tasks: list[asyncio.Task[None]] = []
        self._away = False

    def start(self) -> Sequence["asyncio.Task[None]"]:
        """Start the lanes; the tasks, of which none ends before `stop`."""
        self._tasks = [asyncio.create_task(self._run(lane)) for lane in self._lanes]
        self._tasks.append(asyncio.create_task(self._renew_leases()))
        return tuple(self._tasks)

    async def stop(self, *, within: timedelta) -> None:
        """Apply what is here, for at most `within`; then give the rest back to the journal."""
        try:
            await asyncio.wait_for(self._idle.wait(), within.total_seconds())
        except TimeoutError:
            log.warning("stopped before everything was applied", left=len(self._working))
        await end(self._tasks)
        await self._release_leases()

    def full(self, waiting_bytes: int = 0) -> bool:
        """Whether so much waits here and at the caller that the rest stays in the journal."""
        return self._bytes + waiting_bytes >= self._limits.backlog_bytes_max

    @property
    def has_room(self) -> bool:
        """Whether the lanes want more, so that none of them ever runs dry."""
        return len(self._working) < self._limits.lanes * self._limits.batch * _BATCHES_AHEAD

    async def room(self) -> None:
        """Return when the lanes want more."""
        while not self.has_room:
            self._ended.clear()
            await self._ended.wait()

    @property
    def lease(self) -> timedelta:
        """For how long an entry belongs to whoever claimed it."""
        return self._limits.lease

    @property
    def backlog(self) -> int:
        """Entries that wait here."""
        return len(self._working)

    def holds(self, entry_id: EntryId) -> bool:
        """Whether this entry waits here."""
        return entry_id in self._working

    async def drained(self) -> None:
        """Return when everything submitted so far is applied or parked."""
        await self._idle.wait()

    def submit(self, entries: Sequence[Understood]) -> None:
        """Have entries applied soon; they must be in the journal already."""
        for understood in entries:
            self._submit(understood)
        self._measure()

    def _submit(self, understood: Understood) -> None:
        held = self._working.get(understood.entry_id)
        if held is not None:  # its lease had ended, and this process claimed it again
            held.token = understood.token
            return
        work = Work(understood, time.monotonic(), understood.token, parked=list(understood.parked))
        self._working[understood.entry_id] = work
        self._bytes += understood.size
        self._idle.clear()
        parts = self._parts(work)
        work.parts_left = len(parts)
        for lane, part in parts:
            self._lanes[lane].put_nowait(part)

    def _parts(self, work: Work) -> list[tuple[int, Part]]:
        """Every event's changes by lane; an event that cannot be told apart is parked."""
        shares: dict[int, list[Item]] = {}
        for index, changes in work.understood.items:
            try:
                spoken_of = {(who, change.at) for change in changes for who in subjects(change)}
                by_lane = self._by_lane(changes)
            except Exception as error:  # noqa: BLE001 - poison: parked with its reason
                work.park(index, error)
                continue
            work.spoken_of |= spoken_of
            for lane, some in by_lane.items():
                shares.setdefault(lane, []).append((index, some))
        return [
            (lane, Part(work, tuple(items[start : start + _ITEMS_PER_PART])))
            for lane, items in shares.items()
            for start in range(0, len(items), _ITEMS_PER_PART)
        ] or [(0, Part(work, ()))]

    def _by_lane(self, changes: Sequence[Change]) -> dict[int, tuple[Change, ...]]:
        lanes: dict[int, tuple[Change, ...]] = {}
        for change in changes:
            lane = zlib.crc32(lane_key(change).encode()) % len(self._lanes)
            lanes[lane] = (*lanes.get(lane, ()), change)
        return lanes

    async def _run(self, lane: asyncio.Queue[Part]) -> None:
        while True:
            parts = [await lane.get()]
            give_way = self._requests_wait() and not self._is_late(parts[0])
            if self._many_wait and not give_way:
                await self._apply_until_done(self._with_more(parts, lane))
                continue
            async with self._turn:
                began = time.monotonic()
                from_lanes = [lane] if self._many_wait else [lane, *self._lanes]
                await self._apply_until_done(self._with_more(parts, *from_lanes))
                if give_way:
                    await asyncio.sleep(min(time.monotonic() - began, _LONGEST_PAUSE_S))

    @property
    def _many_wait(self) -> bool:
        """Whether there is enough for every lane; less is cheaper in one transaction."""
        return len(self._working) >= self._limits.batch

    def _with_more(self, parts: list[Part], *lanes: asyncio.Queue[Part]) -> list[Part]:
        items = len(parts[0].items)
        for lane in lanes:
            while len(parts) < self._limits.batch and items < _ITEMS_PER_PART and not lane.empty():
                parts.append(lane.get_nowait())
                items += len(parts[-1].items)
        return parts

    def _is_late(self, part: Part) -> bool:
        received_at = part.work.understood.received_at
        return received_at is None or self._clock.now() - received_at > self._limits.patience

    async def _apply_until_done(self, parts: list[Part]) -> None:
        """Return when `parts` are applied or parked, however long the database is away.

        What fails together is tried in halves: that isolates poison, and what is too much for
        the time that a transaction may take becomes less.
        """
        while True:
            try:
                await self._apply(parts)
            except Exception as error:  # noqa: BLE001 - passing or poisonous, decided right here
                passing = is_passing(error)
                if passing:
                    self._note_away(error)
                    await self._pause()
                if len(parts) > 1:
                    middle = len(parts) // 2
                    await self._apply_until_done(parts[:middle])
                    await self._apply_until_done(parts[middle:])
                    return
                if not passing:
                    if parts[0].items:
                        await self._isolate(parts[0], error)
                        return
                    kind = type(error).__name__
                    log.error("an entry could not be marked", error=kind)  # noqa: TRY400 - repeats
                    await self._pause()
            else:
                self._away = False
                return

    async def _pause(self) -> None:
        await asyncio.sleep(self._limits.pause_when_away.total_seconds())

    async def _apply(self, parts: Sequence[Part]) -> None:
        """One transaction; the entries whose last parts these are are marked in it."""
        counts = Counter(part.work for part in parts)
        ending = {work for work, count in counts.items() if work.parts_left == count}
        started = time.perf_counter()
        await self._applier.apply(
            [change for part in parts for change in part.changes()],
            bots=self._bots,
            ended=[work.ended() for work in ending],
        )
        metrics.apply_seconds.observe(time.perf_counter() - started)
        for part in parts:
            self._end_part(part, marked=part.work in ending)

    def _end_part(self, part: Part, *, marked: bool) -> None:
        work = part.work
        work.parts_left -= 1
        if work.parts_left > 0:
            return
        if not marked:  # its lanes ended at the same time; one more step marks the entry
            work.parts_left = 1
            self._lanes[0].put_nowait(Part(work, ()))
            return
        del self._working[work.understood.entry_id]
        self._ended.set()
        self._bytes -= work.understood.size
        metrics.entries_applied_total.inc()
        for event in work.parked:
            metrics.events_parked_total.labels(event.reason).inc()
        if not self._working:
            self._idle.set()
        self._measure()

    async def _isolate(self, part: Part, error: Exception) -> None:
        """Find the poison among the events of an entry; park it alone."""
        if len(part.items) > 1:
            part.work.parts_left += len(part.items) - 1
            for item in part.items:
                await self._apply_until_done([Part(part.work, (item,))])
            return
        [(index, _)] = part.items
        part.work.park(index, error)
        await self._apply_until_done([Part(part.work, ())])

    def _note_away(self, error: Exception) -> None:
        if not self._away:
            log.warning("the database is away, received messages wait", error=type(error).__name__)
        self._away = True

    async def _renew_leases(self) -> None:
        """Keep what takes long from being claimed by others."""
        pause_s = self._limits.lease.total_seconds() * _RENEWED_AFTER
        while True:
            await asyncio.sleep(pause_s)
            before = time.monotonic() - pause_s
            waiting = [work for work in self._working.values() if work.since <= before]
            try:
                for token, ids in _by_token(waiting).items():
                    until = self._clock.now() + self._limits.lease
                    await self._journal.renew(ids, owner=token, until=until)
            except Exception as error:
                if not is_passing(error):  # others will claim what is here; applying it twice
                    log.exception("leases could not be renewed")  # changes nothing

    async def _release_leases(self) -> None:
        try:
            for token, ids in _by_token(list(self._working.values())).items():
                await self._journal.release(ids, owner=token)
        except Exception as error:
            if not is_passing(error):
                raise

    def _measure(self) -> None:
        metrics.backlog_entries.set(len(self._working))
        metrics.backlog_bytes.set(self._bytes)


def _by_token(works: Sequence[Work]) -> dict[str, list[EntryId]]:
    """Entries by the owner of their lease."""
    tokens: dict[str, list[EntryId]] = {}
    for work in works:
        tokens.setdefault(work.token, []).append(work.understood.entry_id)
    return tokens
