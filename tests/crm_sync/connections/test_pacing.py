"""Every call takes its turn: it waits for a while rather than to give up what was begun."""

import asyncio

import pytest

from crm_sync.connections.pacing import PATIENCE_S, Line, NotYet
from inbox.clock import FixedClock, SystemClock
from inbox.mongo.buckets import Buckets
from inbox.mongo.client import Mongo
from tests.crm_sync.fake_crm import FakeCrm


async def test_more_calls_than_the_rate_has_turns_are_all_made(mongo: Mongo) -> None:
    """Otherwise a customer who needs two calls never ends where there is one turn at a time."""
    clock = SystemClock()
    crm = FakeCrm(clock)
    line = Line("crm", crm, Buckets(mongo, clock), 12.5)

    await asyncio.gather(*(line.workers.fields() for _ in range(13)))

    assert crm.calls == 13


async def test_who_would_wait_for_long_is_told_at_once(mongo: Mongo, clock: FixedClock) -> None:
    line = Line("crm", FakeCrm(clock), Buckets(mongo, clock), 0.05)
    await line.people.fields()

    with pytest.raises(NotYet) as told:
        await line.people.fields()

    assert told.value.wait_s > PATIENCE_S


@pytest.mark.parametrize(
    ("calls_per_second", "customers"),
    [pytest.param(0.5, 1, id="slow"), (1.0, 1), (2.0, 3), (5.0, 8), (100.0, 160)],
)
def test_so_many_are_begun_as_soon_have_another_turn(
    mongo: Mongo, clock: FixedClock, calls_per_second: float, customers: int
) -> None:
    line = Line("crm", FakeCrm(clock), Buckets(mongo, clock), calls_per_second)
    assert line.workers.at_once == customers
