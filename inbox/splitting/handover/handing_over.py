"""Brings handovers to their end, across crashes and restarts."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import structlog

from inbox.mongo.due import Claimed
from inbox.splitting.handover.model import Handover
from inbox.splitting.handover.store import HandoverStore
from inbox.staff.model import Actor

log = structlog.get_logger(__name__)

SETTLES_AFTER = timedelta(seconds=30)
"""A decision that began before may still name them; a last look this long after finds it."""
_AT_ONCE = 4


class HandingOver:
    """`rights_changed` is called when somebody is not a member of a bot any more."""

    def __init__(
        self,
        store: HandoverStore,
        *,
        rights_changed: Callable[[], None] = lambda: None,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        """`wake` is called when something goes back to the splitter."""
        self._store = store
        self._rights_changed = rights_changed
        self._wake = wake

    async def begin(self, actor: Actor, staff_id: str, to: str | None) -> Handover:
        """Raises NotFound, InvalidInput."""
        handover = await self._store.begin(actor, staff_id, to)
        self._rights_changed()
        self._store.due.wake()
        log.info("handover begun", staff_id=staff_id)
        return handover

    async def run(self, stop: asyncio.Event) -> None:
        """Go on with what is due until `stop`; the batch in hand is always finished first."""
        await self._store.due.keep_at(lambda: self.step(stop), stop)

    async def step(self, stop: asyncio.Event | None = None) -> int:
        """Claim the handovers that are due and go on with them; the number claimed."""
        claimed = await self._store.due.claim(_AT_ONCE)
        for one in claimed:
            await self._go_on(one, stop)
        return len(claimed)

    async def _go_on(self, claimed: Claimed, stop: asyncio.Event | None) -> None:
        async def batch() -> int | None:
            handed = await self._store.step(claimed)
            if handed:
                self._wake()
            return handed

        settled_at = claimed.document["begun_at"] + SETTLES_AFTER
        if not await self._store.due.work_off(claimed, batch, stop, settled_at=settled_at):
            return
        if await self._store.finish(claimed):
            log.info("handover done", staff_id=claimed.id)
