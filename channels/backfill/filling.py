"""The worker that reads back what was missed and hands it to the journal, as if it had come now."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing
from datetime import datetime, timedelta

import structlog

from channels.backfill.model import MARGIN, GapRecord, Incomplete
from channels.backfill.store import GapStore, LeaseLost, to_record
from inbox.bots.credentials.healing import Healing
from inbox.clock import Clock
from inbox.conversations.delivery.sending import health_of
from inbox.conversations.model import Channel
from inbox.mongo.due import Claimed
from inbox.mongo.failures import is_passing
from inbox.mongo.journal import JournalEntries, ReadBack
from inbox.ports import (
    AccountRef,
    AccountUnusable,
    HistoryStep,
    MessageSource,
    SendError,
    SendRefused,
    SendUnavailable,
)

log = structlog.get_logger(__name__)

AT_ONCE = 4
"""Intervals read at the same time."""
STEPS_AT_A_TIME = 200
"""Then the next interval has its turn: one that takes hours holds up no other."""
ACCOUNT_TRIED_EVERY = timedelta(minutes=5)
"""While it cannot be used; connecting it again wakes what waits for it."""
NO_SOURCE_TRIED_EVERY = timedelta(hours=1)
_ENDPOINTS: Mapping[Channel, str] = {
    "facebook": "facebook",
    "instagram": "facebook",
    "zalo": "zalo",
}


class Backfilling:
    """Fills recorded intervals from the histories of their platforms.

    A body is durable in the journal before the place behind it is kept, and its id follows from
    the interval and the message: killed anywhere, it goes on without loss and without doubles.
    `applied_soon` is called when there is something to apply.
    """

    def __init__(  # noqa: PLR0913 - each is something that filling needs
        self,
        store: GapStore,
        sources: Mapping[Channel, MessageSource],
        journal: JournalEntries,
        healing: Healing,
        clock: Clock,
        *,
        reach: timedelta,
        applied_soon: Callable[[], None],
    ) -> None:
        self._store = store
        self._sources = sources
        self._journal = journal
        self._healing = healing
        self._clock = clock
        self._reach = reach
        self._applied_soon = applied_soon
        self._stopping = False

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; what is being read is given back with how far it is."""
        watching = asyncio.create_task(self._stop_with(stop))
        try:
            while not stop.is_set():
                done = 0
                try:
                    done = await self.step()
                except Exception as error:
                    if not is_passing(error):
                        log.exception("back-fill step failed")
                if not done:
                    await self._store.due.wait(stop)
        finally:
            watching.cancel()

    async def _stop_with(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._stopping = True

    async def step(self) -> int:
        """Claim what is due, once, and read it for a while; the number of intervals claimed."""
        claimed = await self._store.due.claim(AT_ONCE)
        await asyncio.gather(*(self._fill(one) for one in claimed))
        return len(claimed)

    async def _fill(self, claimed: Claimed) -> None:
        gap = to_record(claimed.document)
        try:
            await self._read(claimed, gap)
        except LeaseLost:
            log.warning("lost an interval to another worker", gap=gap.id)
        except Exception as error:  # the lease ends by itself, and the next one goes on
            if not is_passing(error):
                log.exception("back-fill failed", gap=gap.id)

    async def _read(self, claimed: Claimed, gap: GapRecord) -> None:
        account = await self._store.account(gap.account_key)
        if account is None:
            await self._end(claimed, gap, {"account_gone"})
            return
        source = self._sources.get(account.channel)
        if source is None:
            await self._store.due.retry(claimed, "no_source", after=NO_SOURCE_TRIED_EVERY)
            return
        since = max(gap.since - MARGIN, self._clock.now() - self._reach)
        limits: set[Incomplete] = {"too_old"} if since > gap.since else set()
        if since >= gap.until + MARGIN:
            await self._end(claimed, gap, limits)
            return
        try:
            ended = await self._read_from(source, account, claimed, gap, since)
        except SendError as error:
            await self._failed(error, claimed, gap, limits)
            return
        if ended:
            await self._end(claimed, gap, limits)
        else:
            await self._store.give_back(claimed)

    async def _failed(
        self, error: SendError, claimed: Claimed, gap: GapRecord, limits: set[Incomplete]
    ) -> None:
        """What was read is kept. A refusal ends it; for the rest it is tried from there again."""
        match error:
            case AccountUnusable():
                await self._healing.note(gap.account_key, health_of(error))
                await self._store.due.retry(claimed, error.code, after=ACCOUNT_TRIED_EVERY)
            case SendRefused():
                code = error.platform_code or error.code
                await self._end(claimed, gap, {"refused", *limits}, code)
            case _:
                wait_s = error.retry_after_s if isinstance(error, SendUnavailable) else None
                after = None if wait_s is None else timedelta(seconds=wait_s)
                await self._store.due.retry(claimed, error.code, after=after)

    async def _read_from(
        self,
        source: MessageSource,
        account: AccountRef,
        claimed: Claimed,
        gap: GapRecord,
        since: datetime,
    ) -> bool:
        """Read on from where the interval was left; whether its end was reached."""
        steps = 0
        seen: set[str] = set()
        told = source.history(account, since, gap.until + MARGIN, resume=gap.progress)
        async with aclosing(told) as found:
            async for step in found:
                await self._keep(claimed, account, step, seen)
                steps += 1
                if self._stopping or steps == STEPS_AT_A_TIME:
                    return False
        return True

    async def _keep(
        self, claimed: Claimed, account: AccountRef, step: HistoryStep, seen: set[str]
    ) -> None:
        """What is not here goes into the journal; then how far the history was read is kept."""
        if missing := await self._store.missing(account, step.messages):
            bodies = [ReadBack(one.message_id, one.at, one.body) for one in missing]
            await self._journal.add(_ENDPOINTS[account.channel], claimed.id, bodies)
            self._applied_soon()
        told = {one.message_id for one in step.messages} - seen
        lost = set(step.unreadable) - seen
        lost -= await self._store.known(account, lost)
        seen |= told | set(step.unreadable)
        incomplete: set[Incomplete] = {"unreadable"} if lost else set()
        if step.incomplete is not None:
            incomplete.add(step.incomplete)  # type: ignore[arg-type]
        await self._store.keep_progress(
            claimed, step.resume, found=len(told), unreadable=len(lost), incomplete=incomplete
        )

    async def _end(
        self,
        claimed: Claimed,
        gap: GapRecord,
        incomplete: set[Incomplete],
        platform_code: str | None = None,
    ) -> None:
        new = await self._journal.count_added(claimed.id)
        await self._store.finish(
            claimed, new=new, incomplete=incomplete, platform_code=platform_code
        )
        log.info("an interval was read back", gap=gap.id, account=gap.account_key, new=new)
