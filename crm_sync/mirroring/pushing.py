"""The worker that brings edits to a CRM: the state now of what was edited, one record at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from crm_sync.connections.store import ConnectionStore
from crm_sync.connectors.errors import (
    AuthRefused,
    CrmAway,
    CrmBusy,
    CrmError,
    CrmUncertain,
    InvalidValue,
    MappingBroken,
    RecordGone,
)
from crm_sync.connectors.model import Connector, RemoteRecord
from crm_sync.mapping.matching import Ambiguous, Claims, Nobody, One, Wanted, match
from crm_sync.mapping.matching import Claimed as ClaimedByOther
from crm_sync.mapping.outgoing import Outgoing, creation, update
from crm_sync.mapping.pairing import Names, Pair
from crm_sync.mirroring.model import Link, Mirrored, Parked
from crm_sync.mirroring.store import MirrorStore
from inbox.clock import Clock
from inbox.mongo.buckets import Buckets
from inbox.mongo.due import Backoff, Claimed
from inbox.mongo.failures import is_passing

log = structlog.get_logger(__name__)

AT_ONCE = 10
MOST_TRIES = 10
"""Of one customer while the CRM answers others; then a person has to look."""
BACKOFF = Backoff(timedelta(seconds=1), timedelta(minutes=15))
_SHARE_OF_RATE = 0.8
"""The rest is for people who press "sync now"."""

Customer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Terms:
    """By what a connection is pushed: `pairs` are the fields that can be used now."""

    pairs: tuple[Pair, ...]
    names: Names
    calls_per_second: float


@dataclass(frozen=True, slots=True)
class Line:
    """A connection by its name, and what speaks to it."""

    name: str
    connector: Connector


class _NotYet(Exception):
    """The rate is used up: nothing was asked."""

    def __init__(self, wait_s: float) -> None:
        super().__init__()
        self.wait_s = wait_s


class _Park(Exception):
    """Nobody tries any more."""

    def __init__(self, parked: Parked) -> None:
        super().__init__(parked.kind)
        self.parked = parked


class Pushing:
    """Pushes for one connection. Any number of processes may run it; the breaker is shared."""

    def __init__(
        self,
        line: Line,
        store: MirrorStore,
        connections: ConnectionStore,
        terms: Callable[[], Awaitable[Terms]],
        buckets: Buckets,
        clock: Clock,
    ) -> None:
        self._connection = line.name
        self._connector = line.connector
        self._store = store
        self._connections = connections
        self._terms = terms
        self._buckets = buckets
        self._clock = clock

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; the batch in hand is always finished first."""
        await self._store.due.keep_at(self.step, stop, full=AT_ONCE)

    async def step(self) -> int:
        """Push what is due, once, unless the CRM is left alone; the number of customers."""
        allowed = await self._connections.allowed(self._connection, AT_ONCE)
        if not allowed:
            return 0
        claimed = await self._store.due.claim(allowed)
        if claimed:
            terms = await self._terms()
            await asyncio.gather(*(self._push_anyhow(one, terms) for one in claimed))
        return len(claimed)

    async def _push_anyhow(self, claimed: Claimed, terms: Terms) -> None:
        """Nothing is raised; each class of failure has its end."""
        try:
            await self._push(claimed, terms)
        except _NotYet as busy:
            await self._store.release(claimed, after=timedelta(seconds=busy.wait_s))
        except CrmError as error:
            await self._failed(claimed, error)
        except Exception as error:
            if is_passing(error):  # the lease ends by itself
                return
            log.exception("a customer could not be mirrored", connection=self._connection)
            await self._again(claimed, type(error).__name__)

    async def _push(self, claimed: Claimed, terms: Terms) -> None:
        known = self._store.of(claimed.document)
        try:
            link, outgoing = await self._written(claimed.document, known, terms)
        except _Park as end:
            await self._store.park(claimed, end.parked)
            return
        parked = [
            Parked("invalid", self._clock.now(), (one.pair.map.ours,), one.reason.code)
            for one in outgoing.left_out
        ]
        await self._store.pushed(claimed, known.dirty, link, outgoing.synced, parked)
        await self._connections.note(self._connection, ok=True)

    async def _written(
        self, customer: Customer, known: Mirrored, terms: Terms
    ) -> tuple[Link, Outgoing]:
        """Write what is to be written; the record, and what to remember."""
        if known.link is not None:
            try:
                return await self._update(customer, known, known.link, terms)
            except RecordGone as gone:
                link = await self._link_after(customer, known, gone, terms)
        else:
            found = await self._matched(customer, None, terms)
            if found is None:
                return await self._create(customer, terms)
            link = Link(found.id, found.url)
        fresh = Mirrored(known.rev, known.dirty, link)
        return await self._update(customer, fresh, link, terms)

    async def _update(
        self, customer: Customer, known: Mirrored, link: Link, terms: Terms
    ) -> tuple[Link, Outgoing]:
        outgoing = update(terms.pairs, customer, terms.names, known.dirty, known.synced)
        if outgoing.edit.is_empty:
            return link, outgoing
        await self._turn(terms)
        written = await self._connector.update(link.record_id, outgoing.edit)
        _refuse_dropped(written.dropped)
        return Link(written.record_id, written.url or link.url), outgoing

    async def _create(self, customer: Customer, terms: Terms) -> tuple[Link, Outgoing]:
        outgoing = creation(terms.pairs, customer, terms.names)
        await self._turn(terms)
        written = await self._connector.create(customer["_id"], outgoing.edit)
        _refuse_dropped(written.dropped)
        return Link(written.record_id, written.url), outgoing

    async def _link_after(
        self, customer: Customer, known: Mirrored, gone: RecordGone, terms: Terms
    ) -> Link:
        """The record that one was merged into, or another that fits; it is not made anew."""
        if gone.into is not None:
            return Link(gone.into)
        found = await self._matched(customer, None, terms)
        if found is None:
            record_ids = (known.link.record_id,) if known.link is not None else ()
            raise _Park(Parked("gone", self._clock.now(), record_ids=record_ids))
        return Link(found.id, found.url)

    async def _matched(
        self, customer: Customer, record_id: str | None, terms: Terms
    ) -> RemoteRecord | None:
        """The customer's record by the signs of matching.py; None: there is none."""
        wanted = Wanted(
            (customer["_id"], *customer.get("merged_from", ())),
            record_id,
            tuple(customer.get("phones") or ()),
            tuple(customer.get("emails") or ()),
        )
        fields = [pair.theirs for pair in terms.pairs]
        records: list[RemoteRecord] = []
        for asked in wanted.asked:
            await self._turn(terms)
            records += await self._connector.find(asked, fields)
        match match(wanted, records, terms.pairs, await self._claims(records)):
            case One(record=record):
                return record
            case Nobody():
                return None
            case Ambiguous(record_ids, _):
                raise _Park(Parked("ambiguous", self._clock.now(), record_ids=record_ids))
            case ClaimedByOther(record_id=taken, external_id=other):
                raise _Park(
                    Parked("ambiguous", self._clock.now(), detail=other, record_ids=(taken,))
                )

    async def _claims(self, records: Sequence[RemoteRecord]) -> Claims:
        owners: dict[str, str] = {}
        for record in records:
            owner = await self._store.linked_to(record.id)
            if owner is not None:
                owners[record.id] = owner["_id"]
        return Claims(owners)

    async def _turn(self, terms: Terms) -> None:
        """Before each call: all processes together stay within the rate. Raises _NotYet."""
        rate = terms.calls_per_second * _SHARE_OF_RATE
        wait_s = await self._buckets.take(f"crm:{self._connection}", rate, max(1, round(rate)))
        if wait_s > 0:
            raise _NotYet(wait_s)

    async def _failed(self, claimed: Claimed, error: CrmError) -> None:
        match error:
            case AuthRefused():
                if await self._connections.pause(self._connection, error.code):
                    log.error("the CRM refuses our credentials", connection=self._connection)
                await self._store.release(claimed)
            case MappingBroken():
                await self._connections.switch_off_more(self._connection, error.fields, error.code)
                await self._store.release(claimed)
            case InvalidValue():
                await self._connections.note(self._connection, ok=True)
                await self._park_invalid(claimed, error)
            case CrmBusy():
                least = timedelta(seconds=error.retry_after_s or 0)
                await self._again(claimed, error.code, least=least)
            case CrmAway() | CrmUncertain():
                after = await self._connections.note(self._connection, ok=False)
                if after.is_well:
                    await self._again(claimed, error.code)
                else:  # not this customer's fault: the breaker says when to try again
                    await self._store.release(claimed)
            case _:
                await self._again(claimed, error.code)

    async def _park_invalid(self, claimed: Claimed, error: InvalidValue) -> None:
        """The fields that it names wait for an edit; the others go without them."""
        pairs = (await self._terms()).pairs
        ours = tuple(sorted({one.map.ours for one in pairs if one.theirs in error.fields}))
        parked = Parked("invalid", self._clock.now(), ours, error.detail, reference=error.reference)
        if ours:
            await self._store.park_fields(claimed, parked)
        else:
            await self._store.park(claimed, parked)

    async def _again(self, claimed: Claimed, error: str, *, least: timedelta = timedelta()) -> None:
        if claimed.attempts >= MOST_TRIES:
            await self._store.park(claimed, Parked("exhausted", self._clock.now(), detail=error))
            return
        after = max(least, BACKOFF.pause(claimed.attempts))
        await self._store.due.retry(claimed, error, after=after)


def _refuse_dropped(fields: Sequence[str]) -> None:
    """Raises MappingBroken: the CRM has left fields out without a word."""
    if fields:
        raise MappingBroken("left out", fields=fields)
