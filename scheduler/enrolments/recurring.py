"""The worker that attaches scripts at the times of a calendar."""

import asyncio
from datetime import datetime, timedelta
from functools import partial

from inbox.clock import Clock
from inbox.mongo.client import Document, Mongo, Session
from inbox.mongo.due import Claimed, DueWork, Pace
from inbox.splitting.store import SplitStore
from scheduler.enrolments.attaching import Attaching
from scheduler.enrolments.store import EnrolmentStore, Start
from scheduler.scripts.documents import script_from
from scheduler.scripts.model import Recurring, Script
from scheduler.scripts.store import ScriptStore
from scheduler.timing import calendar_of, crontab, next_run

AT_ONCE = 4
BATCH = 100


class RecurringRuns:
    """Works at `scripts.calendar {due_at, run_at, after?}`.

    A run that an outage has delayed is made up for once, however many were missed. One that dies
    goes on behind the last customer; a customer is never attached twice by one run.
    """

    def __init__(
        self,
        mongo: Mongo,
        scripts: ScriptStore,
        store: EnrolmentStore,
        attaching: Attaching,
        clock: Clock,
        *,
        pace: Pace | None = None,
    ) -> None:
        self._mongo = mongo
        self._scripts = scripts
        self._store = store
        self._attaching = attaching
        self._clock = clock
        self._split = SplitStore(mongo)
        self.due = DueWork(mongo, "scripts", "calendar", clock, pace=pace)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; a batch that has begun is ended first."""
        await self.due.keep_at(lambda: self.step(stop), stop, full=1)

    async def step(self, stop: asyncio.Event | None = None) -> int:
        """Make the runs that are due; how many."""
        claimed = await self.due.claim(AT_ONCE)
        for one in claimed:
            await self.due.attempt(one, partial(self._make, stop=stop))
        return len(claimed)

    async def _make(self, claimed: Claimed, stop: asyncio.Event | None) -> None:
        run_at: datetime = claimed.document["calendar"]["run_at"]
        after: str = claimed.document["calendar"].get("after") or ""
        script = script_from(claimed.document)
        config = await self._split.config(script.bot_id)
        if config is None or not script.enabled or "deleted_at" in claimed.document:
            await self.due.finish(claimed)
            return
        tag_ids = _tags_of_run(script, run_at, config.time_zone)
        run = f"{script.id}:{run_at.isoformat()}"

        async def batch() -> int:
            nonlocal after
            ids = await self._scripts.customers_with(tag_ids, after, BATCH)
            for customer_id in ids:
                await self._attach(script, customer_id, run)
            if ids:
                after = ids[-1]
                await self._scripts.note_run(claimed.id, claimed.token, after)
                self._store.due.wake()
            return len(ids)

        if not await self.due.work_off(claimed, batch, stop):
            return
        following = calendar_of(script, config.time_zone, self._clock.now())
        await self._scripts.end_run(claimed.id, claimed.token, following)

    async def _attach(self, script: Script, customer_id: str, run: str) -> None:
        async def work(session: Session) -> None:
            customer: Document | None = await self._mongo["customers"].find_one(
                {"_id": customer_id}, session=session
            )
            if customer is None or await self._store.ran_for(run, customer_id, session=session):
                return
            start = Start("cron", run=run)
            await self._attaching.attach_by_trigger(script, customer, start, session=session)

        await self._mongo.transaction(work)


def _tags_of_run(script: Script, run_at: datetime, time_zone: str) -> list[str]:
    """The tags of those calendars that say this moment."""
    before = run_at - timedelta(microseconds=1)
    return sorted(
        {
            tag_id
            for one in script.triggers
            if isinstance(one, Recurring)
            and next_run(crontab(one.crontab, time_zone), before) == run_at
            for tag_id in one.tag_ids
        }
    )
