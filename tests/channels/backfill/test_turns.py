"""A history without end holds up neither other intervals nor the end of the process."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from channels.backfill.filling import STEPS_AT_A_TIME, Backfilling
from channels.backfill.store import GapStore
from channels.store import Gap, IngestStore
from inbox.bots.credentials.healing import Healing
from inbox.bots.health.store import HealthStore
from inbox.clock import FixedClock
from inbox.ids import account_key
from inbox.mongo.client import Document, Mongo
from inbox.mongo.journal import JournalEntries
from inbox.ports import AccountRef, HistoryStep
from tests.ingest import FACEBOOK_PAGE, connect_accounts

KEY = account_key("facebook", FACEBOOK_PAGE)


class Endless:
    """Tells nothing, for ever; `stop` is set at the step `stops_at`."""

    def __init__(self, stops_at: int | None = None) -> None:
        self.stop = asyncio.Event()
        self.stops_at = stops_at
        self.began_at: list[int] = []

    async def history(
        self,
        account: AccountRef,
        since: datetime,
        until: datetime,
        *,
        resume: Mapping[str, Any] | None = None,
    ) -> AsyncGenerator[HistoryStep, None]:
        place = 0 if resume is None else resume["place"]
        self.began_at.append(place)
        while True:
            place += 1
            if place == self.stops_at:
                self.stop.set()
                await asyncio.sleep(0)  # whoever waits for it sees it now
            yield HistoryStep((), {"place": place})


async def worker(mongo: Mongo, clock: FixedClock, source: Endless) -> Backfilling:
    await connect_accounts(mongo, [("facebook", FACEBOOK_PAGE)])
    now = clock.now()
    gap = Gap(KEY, now - timedelta(hours=1), now)
    await IngestStore(mongo).keep_gaps([gap], reason="silence", now=now)
    store = GapStore(mongo, clock)
    return Backfilling(
        store,
        {"facebook": source},
        JournalEntries(mongo, clock),
        Healing(HealthStore(mongo, clock), store.wake_account),
        clock,
        reach=timedelta(days=30),
        applied_soon=lambda: None,
    )


async def gap_of(mongo: Mongo) -> Document:
    found = await mongo["account_gaps"].find_one()
    assert found is not None
    return found


async def test_a_long_history_gives_way_after_its_turn_and_goes_on_from_there(
    mongo: Mongo, clock: FixedClock
) -> None:
    source = Endless()
    filling = await worker(mongo, clock, source)

    await filling.step()
    await filling.step()

    gap = await gap_of(mongo)
    assert source.began_at == [0, STEPS_AT_A_TIME]
    assert gap["progress"] == {"place": 2 * STEPS_AT_A_TIME}
    assert gap["backfill"]["due_at"] <= clock.now()
    assert "token" not in gap["backfill"]


@pytest.mark.timeout(30)
async def test_a_process_that_stops_gives_back_what_it_reads(
    mongo: Mongo, clock: FixedClock
) -> None:
    source = Endless(stops_at=5)
    filling = await worker(mongo, clock, source)

    await filling.run(source.stop)

    gap = await gap_of(mongo)
    assert 5 <= gap["progress"]["place"] < STEPS_AT_A_TIME
    assert gap["backfill"]["due_at"] <= clock.now()
    assert "token" not in gap["backfill"]
