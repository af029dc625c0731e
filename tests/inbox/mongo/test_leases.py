"""Leases by name: one holder at a time, and a fence that tells the old holder from the new."""

import asyncio
from datetime import timedelta

from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from inbox.mongo.leases import Leases

MINUTE = timedelta(minutes=1)


async def test_second_process_is_refused_until_the_lease_ends(
    mongo: Mongo, clock: FixedClock
) -> None:
    one, other = Leases(mongo, clock, owner="one"), Leases(mongo, clock, owner="other")

    assert await one.acquire("job", MINUTE) == 1
    assert await other.acquire("job", MINUTE) is None
    clock.advance(MINUTE)
    assert await other.acquire("job", MINUTE) == 2
    assert await one.acquire("job", MINUTE) is None


async def test_holder_renews_under_the_same_fence(mongo: Mongo, clock: FixedClock) -> None:
    one, other = Leases(mongo, clock, owner="one"), Leases(mongo, clock, owner="other")
    await one.acquire("job", MINUTE)
    clock.advance(MINUTE * 0.9)

    assert await one.acquire("job", MINUTE) == 1
    clock.advance(MINUTE * 0.9)

    assert await other.acquire("job", MINUTE) is None


async def test_released_lease_is_free_at_once_and_the_fence_still_grows(
    mongo: Mongo, clock: FixedClock
) -> None:
    one, other = Leases(mongo, clock, owner="one"), Leases(mongo, clock, owner="other")
    await one.acquire("job", MINUTE)

    await one.release("job")

    assert await other.acquire("job", MINUTE) == 2


async def test_release_by_somebody_else_changes_nothing(mongo: Mongo, clock: FixedClock) -> None:
    one, other = Leases(mongo, clock, owner="one"), Leases(mongo, clock, owner="other")
    await one.acquire("job", MINUTE)

    await other.release("job")
    await other.release("no such lease")

    assert await other.acquire("job", MINUTE) is None


async def test_leases_of_other_names_do_not_meet(mongo: Mongo, clock: FixedClock) -> None:
    one, other = Leases(mongo, clock, owner="one"), Leases(mongo, clock, owner="other")

    assert await one.acquire("job", MINUTE) == 1
    assert await other.acquire("other job", MINUTE) == 1


async def test_of_many_that_ask_at_once_exactly_one_gets_it(
    mongo: Mongo, clock: FixedClock
) -> None:
    processes = [Leases(mongo, clock, owner=f"process {number}") for number in range(8)]

    for expected_fence in (1, 2):
        fences = await asyncio.gather(*(one.acquire("job", MINUTE) for one in processes))
        assert [fence for fence in fences if fence is not None] == [expected_fence]
        winner = processes[next(n for n, fence in enumerate(fences) if fence is not None)]
        await winner.release("job")
        processes.remove(winner)
