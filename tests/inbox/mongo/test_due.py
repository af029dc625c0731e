"""Work that falls due: claimed in batches by lease, retried with pauses, parked, never lost."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pymongo.monitoring import CommandListener, CommandStartedEvent

from inbox import metrics
from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from inbox.mongo.due import Backoff, DueWork, Pace, due

LEASE = timedelta(seconds=30)
PACE = Pace(lease=LEASE, poll_every=timedelta(hours=1))


@pytest.fixture
def work(mongo: Mongo, clock: FixedClock) -> DueWork:
    return DueWork(mongo, "customers", "profile", clock, pace=PACE)


async def make_due(mongo: Mongo, clock: FixedClock, *ids: str, in_s: float = 0) -> None:
    at = clock.now() + timedelta(seconds=in_s)
    identities = {id_: [{"id": id_}] for id_ in ids}
    await mongo["customers"].insert_many(
        [{"_id": id_, "identities": identities[id_], "profile": due(at)} for id_ in ids]
    )


async def profile_of(mongo: Mongo, id_: str) -> dict[str, Any] | None:
    found = await mongo["customers"].find_one({"_id": id_})
    assert found is not None
    return found.get("profile")


async def test_claims_what_is_due_oldest_first_and_at_most_so_many(
    mongo: Mongo, clock: FixedClock, work: DueWork
) -> None:
    await make_due(mongo, clock, "b", in_s=-3)
    await make_due(mongo, clock, "c", in_s=-2)
    await make_due(mongo, clock, "a", in_s=-1)
    await make_due(mongo, clock, "later", in_s=1)

    first, second, none = await work.claim(2), await work.claim(2), await work.claim(2)

    assert [one.id for one in first] == ["b", "c"]
    assert [one.id for one in second] == ["a"]
    assert none == []
    assert {(one.fence, one.attempts) for one in (*first, *second)} == {(1, 1)}


async def test_claimers_at_the_same_time_share_and_never_get_the_same(
    mongo: Mongo, clock: FixedClock
) -> None:
    await make_due(mongo, clock, *(f"c{number}" for number in range(40)))
    workers = [DueWork(mongo, "customers", "profile", clock, pace=PACE) for _ in range(4)]

    claimed = await asyncio.gather(*(worker.claim(40) for worker in workers))

    ids = [one.id for some in claimed for one in some]
    assert len(ids) == len(set(ids)) == 40


async def test_lease_that_ends_gives_the_work_to_another_with_a_higher_fence(
    mongo: Mongo, clock: FixedClock, work: DueWork
) -> None:
    await make_due(mongo, clock, "a")
    other = DueWork(mongo, "customers", "profile", clock, pace=PACE)
    [first] = await work.claim(1)
    clock.advance(LEASE - timedelta(milliseconds=1))
    too_early = await other.claim(1)
    clock.advance(timedelta(milliseconds=1))

    [second] = await other.claim(1)

    assert too_early == []
    assert (second.fence, second.attempts) == (first.fence + 1, 2)
    assert await work.finish(first) is False
    assert await other.finish(second) is True
    assert await profile_of(mongo, "a") is None


async def test_renewed_lease_holds_for_another_full_time(
    mongo: Mongo, clock: FixedClock, work: DueWork
) -> None:
    await make_due(mongo, clock, "a", "b")
    claimed = await work.claim(2)
    clock.advance(LEASE * 0.9)

    await work.renew(claimed)
    clock.advance(LEASE * 0.9)

    assert await work.claim(2) == []
    clock.advance(LEASE * 0.1)
    assert len(await work.claim(2)) == 2


async def test_lost_lease_is_not_renewed(mongo: Mongo, clock: FixedClock, work: DueWork) -> None:
    await make_due(mongo, clock, "a")
    lost = await work.claim(1)
    clock.advance(LEASE)
    [held] = await work.claim(1)

    clock.advance(LEASE * 0.5)
    await work.renew(lost)
    clock.advance(LEASE * 0.5)

    [again] = await work.claim(1)
    assert again.fence == held.fence + 1


@pytest.mark.parametrize("attempts", [1, 2, 5, 40])
def test_pauses_double_up_to_the_longest_and_are_jittered(attempts: int) -> None:
    backoff = Backoff(first=timedelta(seconds=1), longest=timedelta(seconds=10))
    ceiling = min(timedelta(seconds=2 ** (attempts - 1)), timedelta(seconds=10))

    pauses = [backoff.pause(attempts) for _ in range(200)]

    assert all(timedelta(0) <= pause <= ceiling for pause in pauses)
    assert max(pauses) > ceiling * 0.8
    assert min(pauses) < ceiling * 0.2


async def test_retry_is_due_after_a_pause_and_says_why(
    mongo: Mongo, clock: FixedClock, work: DueWork
) -> None:
    await make_due(mongo, clock, "a")
    [claimed] = await work.claim(1)

    at = await work.retry(claimed, "ProfileUnavailable")

    profile = await profile_of(mongo, "a")
    assert profile is not None
    assert clock.now() <= at <= clock.now() + PACE.backoff.first
    assert (profile["error"], profile["attempts"]) == ("ProfileUnavailable", 1)
    assert not profile.keys() & {"token", "lease_until"}
    clock.advance(PACE.backoff.first)
    assert [one.attempts for one in await work.claim(1)] == [2]


@pytest.mark.parametrize("after", [timedelta(0), timedelta(days=1)])
async def test_retry_after_a_given_time_takes_exactly_that(
    mongo: Mongo, clock: FixedClock, work: DueWork, after: timedelta
) -> None:
    await make_due(mongo, clock, "a")
    [claimed] = await work.claim(1)

    assert await work.retry(claimed, "later", after=after) == clock.now() + after


async def test_parked_work_is_claimed_by_nobody_until_it_is_made_due_again(
    mongo: Mongo, clock: FixedClock, work: DueWork
) -> None:
    await make_due(mongo, clock, "a")
    [claimed] = await work.claim(1)

    await work.park(claimed, "ProfileRefused")

    clock.advance(timedelta(days=365))
    assert await work.claim(1) == []
    profile = await profile_of(mongo, "a")
    assert profile is not None
    assert profile["error"] == "ProfileRefused"
    await mongo["customers"].update_one({"_id": "a"}, {"$set": {"profile": due(clock.now())}})
    assert [one.attempts for one in await work.claim(1)] == [1]


async def test_worker_that_lost_its_lease_can_neither_park_nor_delay(
    mongo: Mongo, clock: FixedClock, work: DueWork
) -> None:
    await make_due(mongo, clock, "a")
    [lost] = await work.claim(1)
    clock.advance(LEASE)
    [held] = await work.claim(1)

    await work.park(lost, "too late")
    await work.retry(lost, "too late")

    assert await work.finish(held) is True


async def test_new_work_that_was_marked_meanwhile_survives_the_end_of_the_old(
    mongo: Mongo, clock: FixedClock, work: DueWork
) -> None:
    await make_due(mongo, clock, "a")
    [claimed] = await work.claim(1)

    await mongo["customers"].update_one({"_id": "a"}, {"$set": {"profile": due(clock.now())}})

    assert await work.finish(claimed) is False
    assert [one.id for one in await work.claim(1)] == ["a"]


async def test_finish_in_a_transaction_that_fails_leaves_the_work_due(
    mongo: Mongo, clock: FixedClock, work: DueWork
) -> None:
    await make_due(mongo, clock, "a")
    [claimed] = await work.claim(1)

    async def fails(session: Any) -> None:
        assert await work.finish(claimed, session=session) is True
        raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        await mongo.transaction(fails)

    clock.advance(LEASE)
    assert [one.id for one in await work.claim(1)] == ["a"]


async def test_work_on_a_nested_path_is_claimed_and_ended_there(
    mongo: Mongo, clock: FixedClock
) -> None:
    nested = DueWork(mongo, "things", "jobs.copy", clock, pace=PACE)
    await mongo["things"].insert_one({"_id": 1, "jobs": {"copy": due(clock.now()), "other": 7}})

    [claimed] = await nested.claim(1)
    assert await nested.finish(claimed)

    assert await mongo["things"].find_one() == {"_id": 1, "jobs": {"other": 7}}


class Updates(CommandListener):
    """Remembers the updates that a client sends."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name == "update":
            self.seen += event.command["updates"]

    def succeeded(self, event: object) -> None:
        """Not asked for."""

    def failed(self, event: object) -> None:
        """Not asked for."""


async def test_claiming_updates_by_id_and_never_by_the_due_index(
    mongo: Mongo, mongo_uri: str, clock: FixedClock
) -> None:
    await make_due(mongo, clock, "a")
    updates = Updates()
    watched = Mongo.connect(mongo_uri, mongo.db.name, event_listeners=[updates])

    claimed = await DueWork(watched, "customers", "profile", clock, pace=PACE).claim(10)
    await DueWork(watched, "customers", "profile", clock, pace=PACE).renew(claimed)
    await watched.close()

    assert [one["hint"] for one in updates.seen] == ["_id_", "_id_"]


async def test_lag_of_the_oldest_due_work_is_measured_with_every_claim(
    mongo: Mongo, clock: FixedClock, work: DueWork
) -> None:
    gauge = metrics.due_lag_seconds.labels("customers.profile")
    await make_due(mongo, clock, "a", in_s=-90)
    await make_due(mongo, clock, "b", in_s=-5)

    await work.claim(10)
    waited = gauge._value.get()
    await work.claim(10)

    assert (waited, gauge._value.get()) == (90, 0)


async def test_waiting_ends_by_a_local_wake_up_or_by_stop(work: DueWork) -> None:
    """The poll interval is an hour here: only these two can end the waiting."""
    stop = asyncio.Event()
    async with asyncio.timeout(10):
        waiting = asyncio.create_task(work.wait(stop))
        while not waiting.done():
            work.wake()
            await asyncio.sleep(0)

        stop.set()
        await work.wait(stop)


async def test_waiting_ends_with_the_poll_interval(mongo: Mongo, clock: FixedClock) -> None:
    pace = Pace(poll_every=timedelta(milliseconds=1))
    work = DueWork(mongo, "customers", "profile", clock, pace=pace)

    async with asyncio.timeout(10):
        await work.wait(asyncio.Event())
