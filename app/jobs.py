"""Calendar jobs: what is done at set times of the day, by one of all processes.

The one place that knows APScheduler. It is only a clock here: what has been done stands in the
database, so a job that was missed while nobody ran is done soon after the start, and one that
failed is tried again. A job may be cut off at any moment and must not mind a repeat: what has to
be finished belongs in due work (inbox/mongo/due.py).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from inbox.cancelling import end
from inbox.clock import Clock
from inbox.mongo.client import Mongo
from inbox.mongo.failures import is_passing
from inbox.mongo.leases import Leases
from inbox.mongo.marks import JobMarks

log = structlog.get_logger(__name__)

VIETNAM = timezone(timedelta(hours=7))
"""No daylight saving since 1975, so it needs no table of zones on the machine."""
LEASE = timedelta(minutes=2)
"""Of a run, renewed while it lasts: a dead process keeps a job for so long at most."""
LOOK_AGAIN = timedelta(minutes=5)
"""How often to look for jobs that were missed or have failed."""
_RENEW_EVERY = 1 / 3

Work = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Duties:
    """What there is to do in this process; None: nobody here can."""

    probe_accounts: Work | None = None
    watch_accounts: Work | None = None
    sweep_media: Work | None = None
    check_crms: Work | None = None
    reconcile_crms: Work | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """`trigger` is a CronTrigger, so that all processes mean the same moments."""

    name: str
    trigger: Any
    work: Work


def table(duties: Duties) -> tuple[Job, ...]:
    """Every job, when it is done, and by what. Minutes differ so that they do not meet."""
    rows = (
        ("probe_accounts", CronTrigger(minute=11, timezone=VIETNAM), duties.probe_accounts),
        ("watch_accounts", CronTrigger(minute=37, timezone=VIETNAM), duties.watch_accounts),
        ("sweep_media", CronTrigger(hour=3, minute=23, timezone=VIETNAM), duties.sweep_media),
        ("check_crms", CronTrigger(hour=1, minute=47, timezone=VIETNAM), duties.check_crms),
        ("reconcile_crms", CronTrigger(hour=2, minute=7, timezone=VIETNAM), duties.reconcile_crms),
    )
    return tuple(Job(name, trigger, work) for name, trigger, work in rows if work is not None)


class Jobs:
    """Runs the jobs of a table when they are due; of several processes one does each."""

    def __init__(self, mongo: Mongo, clock: Clock, jobs: Sequence[Job], *, owner: str) -> None:
        self._marks = JobMarks(mongo)
        self._leases = Leases(mongo, clock, owner=owner)
        self._clock = clock
        self._jobs = tuple(jobs)
        self._running: dict[str, asyncio.Task[bool]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; what is being done then is cut off."""
        if not self._jobs:
            await stop.wait()
            return
        calendar = self._calendar()
        calendar.start()
        missed = asyncio.create_task(self.run_due())
        try:
            await stop.wait()
        finally:
            calendar.shutdown(wait=False)
            await end([missed, *self._running.values()])

    def _calendar(self) -> Any:
        calendar = AsyncIOScheduler(
            timezone=VIETNAM,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        for job in self._jobs:
            calendar.add_job(self.run_due, job.trigger, args=[[job]], id=job.name)
        looking = IntervalTrigger(seconds=int(LOOK_AGAIN.total_seconds()), timezone=VIETNAM)
        calendar.add_job(self.run_due, looking, id="missed")
        return calendar

    async def run_due(self, jobs: Sequence[Job] | None = None) -> list[str]:
        """Do what is due of `jobs` (of all) and nobody else is doing; the names of what was done.

        A job is due when one of its moments lies between the beginning of its last successful
        run and now, and when it was never done.
        """
        wanted = self._jobs if jobs is None else jobs
        tasks = {job.name: self._start(job) for job in wanted if job.name not in self._running}
        await asyncio.gather(*tasks.values(), return_exceptions=True)
        done = [name for name, task in tasks.items() if not task.cancelled() and task.result()]
        for name in tasks:
            self._running.pop(name, None)
        return done

    def _start(self, job: Job) -> "asyncio.Task[bool]":
        task = asyncio.create_task(self._run(job), name=f"job {job.name}")
        self._running[job.name] = task
        return task

    async def _run(self, job: Job) -> bool:
        """One run under the lease; whether it was done. Nothing is raised but a cancellation."""
        try:
            if not await self._is_due(job):
                return False
            if await self._leases.acquire(f"job:{job.name}", LEASE) is None:
                return False
            try:
                return await self._is_due(job) and await self._work(job)
            finally:
                await self._leases.release(f"job:{job.name}")
        except Exception as error:
            if not is_passing(error):
                log.exception("a job could not be run", job=job.name)
            return False

    async def _is_due(self, job: Job) -> bool:
        last = await self._marks.done_from(job.name)
        if last is None:
            return True
        upcoming: datetime | None = job.trigger.get_next_fire_time(last, last)
        return upcoming is not None and upcoming <= self._clock.now()

    async def _work(self, job: Job) -> bool:
        began = self._clock.now()
        renewing = asyncio.create_task(self._renew(job, asyncio.current_task()))
        try:
            await job.work()
        except Exception as error:
            if not is_passing(error):
                log.exception("a job has failed", job=job.name)
            await self._marks.mark_failed(job.name, type(error).__name__, self._clock.now())
            return False
        finally:
            await end([renewing])
        await self._marks.mark_done(job.name, began, self._clock.now())
        log.info("job done", job=job.name)
        return True

    async def _renew(self, job: Job, working: "asyncio.Task[Any] | None") -> None:
        """Keep the lease while the job works; one that has lost it stops."""
        while True:
            await asyncio.sleep(LEASE.total_seconds() * _RENEW_EVERY)
            try:
                kept = await self._leases.acquire(f"job:{job.name}", LEASE)
            except Exception as error:
                if not is_passing(error):
                    log.exception("the lease of a job was not renewed", job=job.name)
                continue
            if kept is None and working is not None:
                log.warning("a job has lost its lease", job=job.name)
                working.cancel()
                return
