"""Asks a CRM whatever it takes: in its turn, and once more when it was away for a moment."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from crm_sync.connections.pacing import NotYet
from crm_sync.connectors.errors import CrmAway, CrmBusy, CrmError, CrmUncertain, RecordGone
from crm_sync.connectors.model import Place, RemoteRecord
from crm_sync.mirroring.terms import Terms
from crm_sync.reconciling.model import Reconciled
from inbox.clock import Clock

_Answer = TypeVar("_Answer")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST_TRIES = 5
"""Of one call while the CRM is away; then the run is given up, and begins anew another time."""

Wait = Callable[[float], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Read:
    """Records as they were just after `read_at`, and by what they are to be compared."""

    records: tuple[RemoteRecord, ...]
    terms: Terms
    read_at: datetime


class Asking:
    """For one run; nothing here writes."""

    def __init__(self, reconciled: Reconciled, clock: Clock, wait: Wait = asyncio.sleep) -> None:
        self._connector = reconciled.line.workers
        self._terms = reconciled.terms
        self._clock = clock
        self._wait = wait

    async def everything(self) -> AsyncIterator[Read]:
        """All records, page by page, the one that was changed longest ago first.

        The terms are those of the moment: a tag may have got its name since the last page.
        Raises CrmError.
        """
        place, more = Place(EPOCH), True
        while more:
            terms = await self._ask(self._terms)
            read_at = self._clock.now()
            page = await self._ask(partial(self._connector.changed_since, place, terms.fields))
            yield Read(page.records, terms, read_at)
            if page.more and page.place == place:
                raise CrmError("the list does not go on")
            place, more = page.place, page.more

    async def one(self, record_id: str) -> Read:
        """A record; none, where it was deleted or merged. Raises CrmError."""
        terms = await self._ask(self._terms)
        read_at = self._clock.now()
        try:
            record = await self._ask(partial(self._connector.get, record_id, terms.fields))
        except RecordGone:
            return Read((), terms, read_at)
        return Read((record,), terms, read_at)

    async def _ask(self, call: Callable[[], Awaitable[_Answer]]) -> _Answer:
        tries = 0
        while True:
            try:
                return await call()
            except NotYet as busy:
                await self._wait(busy.wait_s)
            except (CrmAway, CrmUncertain) as away:
                tries += 1
                if tries == MOST_TRIES:
                    raise
                least = away.retry_after_s if isinstance(away, CrmBusy) else None
                await self._wait(max(least or 0.0, 2.0**tries))
