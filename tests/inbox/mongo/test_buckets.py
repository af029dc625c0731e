"""Rate buckets: however many processes draw from one, together they stay within its rate."""

import asyncio
import itertools
import random
from datetime import datetime, timedelta

import pytest

from inbox.clock import FixedClock
from inbox.mongo.buckets import RESERVED_FOR_S, Buckets
from inbox.mongo.client import Mongo

RATE_PER_S = 100.0
BURST = 50


async def drain(buckets: Buckets, name: str, most: int = 500) -> int:
    """Take until refused; how many were given."""
    for given in range(most):
        if await buckets.take(name, RATE_PER_S, BURST) > 0:
            return given
    raise AssertionError("the bucket never ends")


def most_in_any_interval(grants: list[datetime]) -> float:
    """By how many the grants of the worst interval are beyond rate * time; at most the burst."""
    excess = 0.0
    for first, last in itertools.combinations_with_replacement(range(len(grants)), 2):
        seconds = (grants[last] - grants[first]).total_seconds()
        excess = max(excess, last - first + 1 - RATE_PER_S * seconds)
    return excess


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_processes_on_one_database_never_exceed_rate_times_time_plus_burst(
    mongo: Mongo, clock: FixedClock, seed: int
) -> None:
    chance = random.Random(seed)
    processes = [Buckets(mongo, clock) for _ in range(4)]
    grants: list[datetime] = []

    async def use(buckets: Buckets) -> None:
        tries = range(chance.randrange(0, 12))
        waits = [await buckets.take("page", RATE_PER_S, BURST) for _ in tries]
        grants.extend([clock.now()] * waits.count(0))

    began = clock.now()
    for _ in range(120):
        await asyncio.gather(*(use(buckets) for buckets in processes))
        clock.advance(timedelta(milliseconds=chance.choice([1, 7, 20, 60])))

    seconds = (clock.now() - began).total_seconds()
    assert most_in_any_interval(grants) <= BURST
    assert len(grants) >= 0.8 * RATE_PER_S * seconds, "what is allowed is also given"


async def test_full_bucket_gives_its_burst_less_what_may_be_reserved_and_then_refuses(
    mongo: Mongo, clock: FixedClock
) -> None:
    given = await drain(Buckets(mongo, clock), "page")

    assert given == 0.9 * BURST


async def test_wait_that_is_told_is_enough(mongo: Mongo, clock: FixedClock) -> None:
    buckets = Buckets(mongo, clock)
    await drain(buckets, "page")

    wait_s = await buckets.take("page", RATE_PER_S, BURST)
    clock.advance(timedelta(seconds=wait_s))

    assert 0 < wait_s <= 2 / RATE_PER_S
    assert await buckets.take("page", RATE_PER_S, BURST) == 0


async def test_refused_process_does_not_ask_the_database_again_before_the_wait_is_over(
    mongo: Mongo, clock: FixedClock
) -> None:
    buckets = Buckets(mongo, clock)
    await drain(buckets, "page")
    await mongo["rate_buckets"].delete_many({})  # a full bucket, if it were asked

    assert await buckets.take("page", RATE_PER_S, BURST) > 0


async def test_steady_process_reserves_ahead_instead_of_asking_for_each_token(
    mongo: Mongo, clock: FixedClock
) -> None:
    buckets = Buckets(mongo, clock)
    for _ in range(4):
        assert await buckets.take("page", RATE_PER_S, BURST) == 0
    await mongo["rate_buckets"].update_one({"_id": "page"}, {"$set": {"tokens": -1000.0}})

    assert await buckets.take("page", RATE_PER_S, BURST) == 0, "reserved before"


async def test_what_was_reserved_ahead_is_thrown_away_after_a_moment(
    mongo: Mongo, clock: FixedClock
) -> None:
    buckets = Buckets(mongo, clock)
    for _ in range(4):
        await buckets.take("page", RATE_PER_S, BURST)
    await mongo["rate_buckets"].update_one({"_id": "page"}, {"$set": {"tokens": -1000.0}})

    clock.advance(timedelta(seconds=RESERVED_FOR_S))

    assert await buckets.take("page", RATE_PER_S, BURST) > 0


async def test_small_bucket_gives_exactly_its_burst(mongo: Mongo, clock: FixedClock) -> None:
    one, other = Buckets(mongo, clock), Buckets(mongo, clock)

    waits = [await each.take("history", 2, 3) for each in (one, other, one, other)]

    assert waits == [0, 0, 0, 0.5]


async def test_several_tokens_are_given_whole_or_not_at_all(
    mongo: Mongo, clock: FixedClock
) -> None:
    buckets = Buckets(mongo, clock)
    assert await buckets.take("history", 2, 3, amount=2) == 0

    assert await buckets.take("history", 2, 3, amount=2) == 0.5
    clock.advance(timedelta(seconds=0.5))
    assert await buckets.take("history", 2, 3, amount=2) == 0


async def test_more_than_the_bucket_can_hold_is_a_mistake(mongo: Mongo, clock: FixedClock) -> None:
    with pytest.raises(ValueError, match="never fit"):
        await Buckets(mongo, clock).take("history", 2, 3, amount=4)


async def test_buckets_do_not_share_tokens(mongo: Mongo, clock: FixedClock) -> None:
    buckets = Buckets(mongo, clock)
    await drain(buckets, "page 1")

    assert await buckets.take("page 2", RATE_PER_S, BURST) == 0


async def test_paused_bucket_gives_nothing_to_anybody_until_the_pause_is_over(
    mongo: Mongo, clock: FixedClock
) -> None:
    one, other = Buckets(mongo, clock), Buckets(mongo, clock)
    for _ in range(4):
        await one.take("page", RATE_PER_S, BURST)

    await one.pause("page", 60)
    await other.pause("page", 10)  # a shorter one does not end the longer one

    assert await one.take("page", RATE_PER_S, BURST) == 60
    assert await other.take("page", RATE_PER_S, BURST) == 60
    clock.advance(timedelta(seconds=60))
    assert await one.take("page", RATE_PER_S, BURST) == 0


async def test_clock_that_lags_behind_gets_no_tokens_for_the_time_that_others_have_counted(
    mongo: Mongo, clock: FixedClock
) -> None:
    ahead = FixedClock(clock.now() + timedelta(seconds=10))
    given = await drain(Buckets(mongo, ahead), "page")

    late = await drain(Buckets(mongo, clock), "page")

    assert given > 0
    assert late == 0
