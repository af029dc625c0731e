"""The worker that brings running enrolments up to date after their script was changed."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from functools import partial

from inbox.clock import Clock
from inbox.mongo.client import Document, Mongo
from inbox.mongo.due import Claimed, DueWork, Pace
from scheduler.enrolments.store import EnrolmentStore
from scheduler.enrolments.surroundings import Around, AroundReader
from scheduler.enrolments.turns import following_of
from scheduler.scripts.documents import enrolment_from
from scheduler.scripts.model import Next, Script

AT_ONCE = 4
BATCH = 500
AGAIN = timedelta(seconds=5)
"""Until those are looked at that were being worked at."""


class Retiming:
    """Works at `scripts.retime`. A deleted script stops for everybody, one that is on again goes
    on, and of one that was edited the next steps are due at their new times.
    """

    def __init__(
        self,
        mongo: Mongo,
        store: EnrolmentStore,
        around: AroundReader,
        clock: Clock,
        *,
        pace: Pace | None = None,
    ) -> None:
        self._store = store
        self._around = around
        self.due = DueWork(mongo, "scripts", "retime", clock, pace=pace)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; a batch that has begun is ended first."""
        await self.due.keep_at(lambda: self.step(stop), stop, full=1)

    async def step(self, stop: asyncio.Event | None = None) -> int:
        """Work at the scripts that are due, once; how many."""
        claimed = await self.due.claim(AT_ONCE)
        for one in claimed:
            await self.due.attempt(one, partial(self._work_at, stop=stop))
        return len(claimed)

    async def _work_at(self, claimed: Claimed, stop: asyncio.Event | None) -> None:
        script = (await self._around.of([claimed.id], [], [])).scripts.get(claimed.id)
        if script is None:
            await self._store.stop_script(claimed.id, "script_deleted")
            await self.due.finish(claimed)
            return
        after: str | None = None

        async def batch() -> int:
            nonlocal after
            documents = await self._store.behind(script.id, script.version, after, BATCH)
            if documents:
                await self._retime(script, documents)
                after = documents[-1]["customer_id"]
            return len(documents)

        if not await self.due.work_off(claimed, batch, stop):
            return
        if await self._store.behind(script.id, script.version, None, 1):
            await self.due.retry(claimed, "busy", after=AGAIN)
        else:
            await self.due.finish(claimed)

    async def _retime(self, script: Script, documents: list[Document]) -> None:
        around = await self._around.read(documents)
        await self._store.retime(due_again(documents, around))
        if script.enabled:
            ids = [one["_id"] for one in documents]
            await self._store.wake({"_id": {"$in": ids}}, ["script_off"])
        self._store.due.wake()


def due_again(documents: Iterable[Document], around: Around) -> list[tuple[Document, Next, int]]:
    """When the next steps of these are due by their scripts as `around` has them."""
    found = []
    for document in documents:
        script = around.scripts.get(document["script_id"])
        if script is not None:
            facts = around.facts(document["bot_id"], document["customer_id"])
            following = following_of(enrolment_from(document), script, facts)
            found.append((document, following, script.version))
    return found
