"""The worker that reads what was changed in the CRMs, page by page, and marks whom it concerns."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from crm_sync.connections.pacing import Line, NotYet
from crm_sync.connections.store import ConnectionStore
from crm_sync.connectors.errors import AuthRefused, CrmBusy, CrmError, MappingBroken
from crm_sync.mirroring.terms import Terms
from crm_sync.polling.looking import Looking
from crm_sync.polling.store import PollStore, beginning_of, begun_at_of, hints_of
from inbox.clock import Clock
from inbox.mongo.due import Claimed
from inbox.mongo.failures import is_passing

log = structlog.get_logger(__name__)

OVERLAP = timedelta(minutes=2)
"""CRMs tell the second in which a transaction began: one that took long appears in the past."""
AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class Polled:
    """A connection whose changes are read."""

    line: Line
    looking: Looking
    terms: Callable[[], Awaitable[Terms]]
    every: timedelta


class Polling:
    """Reads for all connections of which a field is pulled."""

    def __init__(
        self,
        store: PollStore,
        connections: ConnectionStore,
        polled: Mapping[str, Polled],
        clock: Clock,
    ) -> None:
        self._store = store
        self._connections = connections
        self._polled = polled
        self._clock = clock

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set. A CRM that is slow holds up no others."""
        for name in self._polled:
            await self._store.begin(name)
        await self._store.due.keep_filled(self._begin, stop, AT_ONCE)

    async def step(self) -> int:
        """Poll what is due, once; the number of connections."""
        begun = await self._begin(AT_ONCE)
        await asyncio.gather(*begun)
        return len(begun)

    async def _begin(self, most: int) -> list[Coroutine[Any, Any, None]]:
        """Claim what is due; the work, one for each connection."""
        return [self._poll_anyhow(one) for one in await self._store.due.claim(most)]

    async def _poll_anyhow(self, claimed: Claimed) -> None:
        """Nothing is raised. The lease is kept meanwhile, however long the calls take."""
        try:
            async with self._store.due.held([claimed]):
                await self._try(claimed)
        except Exception as error:
            if not is_passing(error):  # the lease ends by itself
                log.exception("a CRM could not be polled", connection=claimed.id)

    async def _try(self, claimed: Claimed) -> None:
        """Each class of failure has its end."""
        polled = self._polled.get(claimed.id)
        if polled is None:
            await self._store.unknown(claimed)
            return
        try:
            if await self._connections.allowed(claimed.id, 1):
                await self._poll(claimed, polled)
                await self._connections.note(claimed.id, ok=True)
            else:
                await self._later(claimed, polled.every)
        except NotYet as busy:
            await self._later(claimed, timedelta(seconds=busy.wait_s))
        except CrmError as error:
            await self._failed(claimed, polled, error)
        except Exception as error:
            if is_passing(error):  # the lease ends by itself
                return
            log.exception("a CRM could not be polled", connection=claimed.id)
            await self._later(claimed, polled.every)

    async def _poll(self, claimed: Claimed, polled: Polled) -> None:
        """Every page since the last time; the place moves on when a page has been dealt with."""
        terms = await polled.terms()
        await polled.looking.look_again(hints_of(claimed.document))
        begun_at = begun_at_of(claimed.document, self._clock.now())
        place, more = beginning_of(claimed.document, OVERLAP), True
        while more:
            read_at = self._clock.now()
            page = await polled.line.workers.changed_since(place, terms.fields)
            await polled.looking.look(page.records, terms, read_at)
            place, more = page.place, page.more
            if not await self._store.advance(claimed, place, begun_at):
                return
        await self._store.end(claimed, begun_at, self._clock.now() + polled.every)

    async def _failed(self, claimed: Claimed, polled: Polled, error: CrmError) -> None:
        wait = polled.every
        if isinstance(error, AuthRefused):
            await self._connections.pause(claimed.id, error.code)
        elif isinstance(error, MappingBroken):
            wait = await self._without(claimed, polled, error)
        elif isinstance(error, CrmBusy):
            wait = max(wait, timedelta(seconds=error.retry_after_s or 0))
        else:
            await self._connections.note(claimed.id, ok=False)
        await self._later(claimed, wait)

    async def _without(self, claimed: Claimed, polled: Polled, error: MappingBroken) -> timedelta:
        """Switch off the fields that it names, and go on at once. Those that are not read cannot
        be: nothing would be different at once.
        """
        mapped = error.fields & await self._mapped(polled)
        if not mapped:
            log.warning("a CRM refuses fields that are not read", connection=claimed.id)
            return polled.every
        await self._connections.switch_off_more(claimed.id, mapped, error.code)
        return timedelta()

    async def _mapped(self, polled: Polled) -> frozenset[str]:
        try:
            return frozenset((await polled.terms()).fields)
        except (CrmError, NotYet):  # it is by this that the poll has failed
            return frozenset()

    async def _later(self, claimed: Claimed, wait: timedelta) -> None:
        await self._store.due.retry(claimed, "later", after=wait)
