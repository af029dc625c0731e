"""Calendar jobs: one of several processes does each, and what was missed is made up for."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.triggers.cron import CronTrigger

from app.jobs import LEASE, VIETNAM, Duties, Job, Jobs, table
from inbox.clock import FixedClock, SystemClock
from inbox.mongo.client import Mongo
from tests.waiting import until

AT_THREE = CronTrigger(hour=3, minute=30, timezone=VIETNAM)
HALF_PAST_THREE = datetime(2026, 11, 22, 20, 30, tzinfo=UTC)  # 3:30 in Vietnam


class Chore:
    """Something to do; it can be held up, and made to fail."""

    def __init__(self) -> None:
        self.done = 0
        self.begun = 0
        self.fails = False
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self) -> None:
        self.begun += 1
        await self.go.wait()
        if self.fails:
            raise ValueError("on purpose")
        self.done += 1


@pytest.fixture
def chore() -> Chore:
    return Chore()


def jobs(mongo: Mongo, clock: FixedClock, chore: Chore, owner: str = "process-1") -> Jobs:
    return Jobs(mongo, clock, [Job("sweep", AT_THREE, chore)], owner=owner)


async def test_a_job_that_was_never_done_is_done_at_the_first_start(
    mongo: Mongo, clock: FixedClock, chore: Chore
) -> None:
    assert await jobs(mongo, clock, chore).run_due() == ["sweep"]
    assert await jobs(mongo, clock, chore).run_due() == []
    assert chore.done == 1


async def test_a_job_is_due_at_its_moment_and_once(
    mongo: Mongo, clock: FixedClock, chore: Chore
) -> None:
    one, other = jobs(mongo, clock, chore), jobs(mongo, clock, chore, "process-2")
    await one.run_due()

    clock.advance(HALF_PAST_THREE - clock.now() - timedelta(seconds=1))
    assert await one.run_due() == []
    clock.advance(timedelta(seconds=1))
    assert [await one.run_due(), await other.run_due()] == [["sweep"], []]
    clock.advance(timedelta(hours=23))
    assert await other.run_due() == []
    clock.advance(timedelta(hours=1))
    assert await other.run_due() == ["sweep"]


async def test_several_missed_moments_are_one_run(
    mongo: Mongo, clock: FixedClock, chore: Chore
) -> None:
    await jobs(mongo, clock, chore).run_due()

    clock.advance(timedelta(days=5))
    assert await jobs(mongo, clock, chore, "after the outage").run_due() == ["sweep"]
    assert await jobs(mongo, clock, chore, "after the outage").run_due() == []


async def test_two_processes_at_the_same_moment_do_a_job_once(
    mongo: Mongo, clock: FixedClock, chore: Chore
) -> None:
    processes = [jobs(mongo, clock, chore, f"process-{number}") for number in range(4)]

    done = await asyncio.gather(*(one.run_due() for one in processes))

    assert sorted(done) == [[], [], [], ["sweep"]]
    assert chore.begun == 1


async def test_a_job_that_failed_is_tried_again_by_anybody(
    mongo: Mongo, clock: FixedClock, chore: Chore
) -> None:
    chore.fails = True
    assert await jobs(mongo, clock, chore).run_due() == []
    mark = await mongo["service_marks"].find_one({"_id": "job:sweep"})
    assert mark is not None
    assert mark["error"] == "ValueError"

    chore.fails = False
    assert await jobs(mongo, clock, chore, "process-2").run_due() == ["sweep"]
    mark = await mongo["service_marks"].find_one({"_id": "job:sweep"})
    assert mark is not None
    assert "error" not in mark


async def test_what_a_dead_process_held_is_done_when_its_lease_is_over(
    mongo: Mongo, clock: FixedClock, chore: Chore
) -> None:
    chore.go.clear()
    dying = asyncio.create_task(jobs(mongo, clock, chore).run_due())
    await until(lambda: chore.begun == 1)
    lease = await mongo["leases"].find_one({"_id": "job:sweep"})
    assert lease is not None
    heir = Chore()
    assert await jobs(mongo, clock, heir, "process-2").run_due() == []

    clock.advance(LEASE)
    assert await jobs(mongo, clock, heir, "process-2").run_due() == ["sweep"]
    chore.go.set()
    await dying


async def test_a_job_under_way_is_not_begun_again_and_is_cut_off_by_a_stop(
    mongo: Mongo, chore: Chore
) -> None:
    clock = SystemClock()
    chore.go.clear()
    made = Jobs(mongo, clock, [Job("sweep", AT_THREE, chore)], owner="process-1")
    stop = asyncio.Event()
    running = asyncio.create_task(made.run(stop))
    await until(lambda: chore.begun == 1)
    assert await made.run_due() == []

    stop.set()
    await asyncio.wait_for(running, 5)

    assert (chore.begun, chore.done) == (1, 0)
    lease = await mongo["leases"].find_one({"_id": "job:sweep"})
    assert lease is not None
    assert lease["expires_at"] <= clock.now(), "given back for the next process"


async def test_the_calendar_does_a_job_at_each_of_its_moments(mongo: Mongo, chore: Chore) -> None:
    every_second = CronTrigger(second="*", timezone=VIETNAM)
    made = Jobs(mongo, SystemClock(), [Job("tick", every_second, chore)], owner="process-1")
    stop = asyncio.Event()
    running = asyncio.create_task(made.run(stop))

    await until(lambda: chore.done >= 3)

    stop.set()
    await asyncio.wait_for(running, 5)


async def test_a_process_with_nothing_to_do_waits_for_its_end(mongo: Mongo) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(Jobs(mongo, SystemClock(), (), owner="process-1").run(stop))
    done, _ = await asyncio.wait([running], timeout=0.05)
    assert not done, "a loop that ends takes its process down"

    stop.set()
    await asyncio.wait_for(running, 5)


def test_the_table_holds_what_this_process_can_do(chore: Chore) -> None:
    assert table(Duties()) == ()
    whole = table(Duties(probe_accounts=chore, watch_accounts=chore))
    assert [job.name for job in whole] == ["probe_accounts", "watch_accounts"]
    moments = {str(job.trigger) for job in whole}
    assert len(moments) == len(whole), "jobs do not meet"
