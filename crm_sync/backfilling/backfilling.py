"""The worker that marks customers for a CRM that knows nothing of them yet, a few at a time.

What is due longest is pushed first, so an edit would wait behind everything that was marked
before it. Therefore no more are marked than the CRM takes in a few seconds: while `ROOM` customers
wait for it, for whatever reason, none is added. A CRM that is away for an hour finds no more.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

from crm_sync.backfilling.model import Progress, Wanted
from crm_sync.backfilling.store import BackfillStore, progress_of
from crm_sync.mirroring.marking import mark_record
from crm_sync.mirroring.store import MirrorStore
from inbox.clock import Clock
from inbox.mongo.client import Session
from inbox.mongo.due import Claimed

ROOM = 20
"""Customers that may wait for the CRM at once; two rounds of the worker that pushes."""
AGAIN_AFTER = timedelta(seconds=2)
"""Between looks whether there is room again."""
AT_ONCE = 10


class Backfilling:
    """Fills all connections. Any number of processes may run it; one is at each connection."""

    def __init__(
        self, store: BackfillStore, mirrors: Mapping[str, MirrorStore], clock: Clock
    ) -> None:
        """`mirrors` are by the name of the connection."""
        self._store = store
        self._mirrors = mirrors
        self._clock = clock

    async def ask(self, connection: str, wanted: Wanted) -> Progress:
        """Begin; what was asked for before ends. The worker does it, also after a restart."""
        return await self._store.ask(connection, wanted)

    async def progress(self, connection: str) -> Progress | None:
        """How far it is; None: nobody has ever asked for one."""
        return await self._store.get(connection)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set."""
        await self._store.due.keep_at(self.step, stop, full=1)

    async def step(self) -> int:
        """One page of every back-fill that is due and has room; the number of pages."""
        done: list[Claimed] = []

        async def work(claimed: Claimed) -> None:
            if await self._page(claimed):
                done.append(claimed)

        for one in await self._store.due.claim(AT_ONCE):
            await self._store.due.attempt(one, work)
        return len(done)

    async def _page(self, claimed: Claimed) -> bool:
        """Whether there was room for one."""
        mirrors, progress = self._mirrors.get(claimed.id), progress_of(claimed.document)
        if mirrors is None or progress is None:  # the connection is not configured any more
            await self._store.due.park(claimed, "unknown_connection")
            return False
        reach = self._store.reach(claimed.id)
        room = ROOM - await reach.waiting(ROOM)
        if room <= 0:
            await self._store.due.retry(claimed, "no_room", after=AGAIN_AFTER)
            return False
        page = await reach.page(progress.wanted, after=progress.after)
        ids = page.customer_ids[:room]
        marked = sum([await self._mark(mirrors, one, progress.wanted) for one in ids])
        mirrors.due.wake()
        last = ids[-1] if len(ids) < len(page.customer_ids) else page.last
        if last is None:
            await self._store.end(claimed, marked)
        else:
            await self._store.advance(claimed, marked, last)
        return True

    async def _mark(self, mirrors: MirrorStore, customer_id: str, wanted: Wanted) -> bool:
        """Whether it was marked: an edit may have come first, and then nothing is to be done."""

        async def work(session: Session) -> bool:
            customer = await mirrors.get(customer_id, session=session)
            if customer is None:
                return False
            known = mirrors.of(customer)
            if known.dirty or (known.link is not None and not wanted.everyone):
                return False
            now = self._clock.now()
            marks = mark_record(mirrors.connection, customer, now)
            await mirrors.set(customer_id, marks, session=session)
            return bool(marks)

        return await mirrors.mongo.transaction(work)
