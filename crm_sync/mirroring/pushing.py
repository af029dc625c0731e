"""The worker that mirrors edits into a CRM; each class of failure has its own end."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from datetime import timedelta
from typing import Any

import structlog

from crm_sync.connections.model import Permit
from crm_sync.connections.pacing import Line, NotYet
from crm_sync.connections.store import ConnectionStore
from crm_sync.connectors.errors import (
    AuthRefused,
    CrmAway,
    CrmBusy,
    CrmError,
    CrmUncertain,
    InvalidValue,
    MappingBroken,
)
from crm_sync.connectors.model import Connector
from crm_sync.mirroring.finding import Park
from crm_sync.mirroring.model import Parked
from crm_sync.mirroring.store import LostLease, MirrorStore, OtherRecord
from crm_sync.mirroring.syncing import Syncing
from crm_sync.mirroring.terms import Terms
from inbox import metrics
from inbox.clock import Clock
from inbox.errors import VersionClash
from inbox.mongo.due import Backoff, Claimed
from inbox.mongo.failures import is_passing

log = structlog.get_logger(__name__)

AT_ONCE = 10
MOST_TRIES = 10
"""Of one customer while the CRM answers others; then a person has to look."""
BACKOFF = Backoff(timedelta(seconds=1), timedelta(minutes=15))

TermsOf = Callable[[], Awaitable[Terms]]
WantedOf = Callable[[Collection[str]], Awaitable[Collection[str]]]


class Pushing:
    """Pushes for one connection. Any number of processes may run it; the breaker is shared."""

    def __init__(
        self,
        line: Line,
        syncing: Syncing,
        connections: ConnectionStore,
        terms: TermsOf,
        wanted_of: WantedOf,
        clock: Clock,
    ) -> None:
        """`wanted_of`: the customers of whom a bot still has its switch on."""
        self._connection = line.name
        self._line = line
        self._syncing = syncing
        self._store = syncing.store
        self._connections = connections
        self._terms = terms
        self._wanted_of = wanted_of
        self._clock = clock
        self._busy_times = 0
        self._busy_until = clock.now()
        self._at_once = min(AT_ONCE, line.workers.at_once)
        self._age = metrics.crm_oldest_edit_seconds.labels(line.name)

    @property
    def store(self) -> MirrorStore:
        return self._store

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; what has been begun is always ended first."""
        await self._store.due.keep_filled(self._begin, stop, self._at_once)

    async def step(self) -> int:
        """Mirror what is due, once, unless the CRM is left alone; the number of customers."""
        begun = await self._begin(self._at_once)
        await asyncio.gather(*begun)
        return len(begun)

    async def _begin(self, most: int) -> list[Coroutine[Any, Any, None]]:
        """Claim what is due; the work, one for each customer."""
        await self._measure()
        due_at = await self._store.next_due()
        if due_at is None or due_at > self._clock.now():  # a probe is not used up for nothing
            return []
        permit = await self._connections.permit(self._connection, most)
        claimed = await self._store.due.claim(permit.most) if permit.most else []
        return await self._work_of(claimed, permit, self._line.workers)

    async def _work_of(
        self, claimed: Sequence[Claimed], permit: Permit, connector: Connector
    ) -> list[Coroutine[Any, Any, None]]:
        """Of those who can be mirrored now. A probe for nobody is given back."""
        begun = await self._mirrored(claimed, connector) if claimed else []
        if permit.probe is None:
            return begun
        if not begun:
            await self._connections.give_back(self._connection, permit)
        return [self._probe(one, permit) for one in begun]

    async def _mirrored(
        self, claimed: Sequence[Claimed], connector: Connector
    ) -> list[Coroutine[Any, Any, None]]:
        try:
            terms = await self._terms()
        except (CrmError, NotYet) as error:
            await self._put_off(claimed, error)
            return []
        return [self._sync_anyhow(one, terms, connector) for one in await self._wanted(claimed)]

    async def _probe(self, work: Coroutine[Any, Any, None], permit: Permit) -> None:
        """The customer may have to wait, or is another worker's: then nothing was found out."""
        await work
        try:
            await self._connections.give_back(self._connection, permit)
        except Exception as error:  # it ends by itself
            if not is_passing(error):
                log.exception("a probe was not given back", connection=self._connection)

    async def sync_now(self, customer_id: str) -> None:
        """Mirror one customer ahead of all others, for somebody who waits for it.

        Nothing is raised; what could not be done stays due.
        """
        claimed = await self._store.due.claim_one(customer_id)
        if claimed is None:
            return
        permit = await self._connections.permit(self._connection, 1)
        if not permit.most:
            await self._store.release(claimed)
            return
        for work in await self._work_of([claimed], permit, self._line.people):
            await work

    async def _wanted(self, claimed: Sequence[Claimed]) -> list[Claimed]:
        """Those who are mirrored still; of the others nothing is to be pushed any more."""
        wanted = await self._wanted_of([one.id for one in claimed])
        for one in claimed:
            if one.id not in wanted:
                await self._store.drop(one)
        return [one for one in claimed if one.id in wanted]

    async def _put_off(self, claimed: Sequence[Claimed], why: CrmError | NotYet) -> None:
        """Nothing can be mirrored at all now; it is no customer's fault."""
        wait_s = why.wait_s if isinstance(why, NotYet) else BACKOFF.pause(1).total_seconds()
        if isinstance(why, CrmBusy):
            wait_s = (await self._pause(why)).total_seconds()
        elif isinstance(why, CrmError):
            await self.connection_failed(why)
        for one in claimed:
            await self._store.release(one, after=timedelta(seconds=wait_s))

    async def _measure(self) -> None:
        since = await self._store.waiting_since()
        self._age.set((self._clock.now() - since).total_seconds() if since is not None else 0)

    async def _sync_anyhow(self, claimed: Claimed, terms: Terms, connector: Connector) -> None:
        """Nothing is raised. The lease is kept meanwhile, however long the calls take."""
        try:
            async with self._store.due.held([claimed]):
                await self._try(claimed, terms, connector)
        except Exception as error:
            if not is_passing(error):  # the lease ends by itself
                log.exception("a customer could not be mirrored", connection=self._connection)

    async def _try(self, claimed: Claimed, terms: Terms, connector: Connector) -> None:
        """Each class of failure has its end."""
        try:
            await self._sync(claimed, terms, connector)
        except (NotYet, VersionClash, OtherRecord, LostLease, Park) as why:
            await self._ended(claimed, why)
        except CrmError as error:
            await self._judge(claimed, error, connector)
        except Exception as error:
            if is_passing(error):  # the lease ends by itself
                return
            log.exception("a customer could not be mirrored", connection=self._connection)
            await self._again(claimed, type(error).__name__)

    async def _ended(self, claimed: Claimed, why: Exception) -> None:
        match why:
            case NotYet():
                await self._store.release(claimed, after=timedelta(seconds=why.wait_s))
            case VersionClash() | OtherRecord():
                await self._store.release(claimed)
            case Park():
                await self._connections.note(self._connection, ok=True)
                await self._store.park(claimed, why.parked)
            case _:
                log.info("another worker has the customer", connection=self._connection)

    async def _sync(self, claimed: Claimed, terms: Terms, connector: Connector) -> None:
        await self._syncing.sync(claimed, connector, terms)
        self._busy_times = 0
        await self._connections.note(self._connection, ok=True)

    async def _judge(self, claimed: Claimed, error: CrmError, connector: Connector) -> None:
        """A CRM may refuse one record with the words in which it refuses credentials."""
        if not isinstance(error, AuthRefused):
            await self._failed(claimed, error)
            return
        try:
            await connector.check()
        except NotYet as why:
            await self._ended(claimed, why)
        except CrmError as why:
            await self._failed(claimed, why)
        else:
            await self._connections.note(self._connection, ok=True)
            await self._park_refused(claimed, error)

    async def _park_refused(self, claimed: Claimed, error: AuthRefused) -> None:
        """All that was to be written waits for an edit; if it was only to be read, everything."""
        fields = tuple(sorted(self._store.of(claimed.document).dirty_fields))
        parked = Parked("refused", self._clock.now(), fields, error.detail or error.code)
        if fields:
            await self._store.park_fields(claimed, parked)
        else:
            await self._store.park(claimed, parked)

    async def _failed(self, claimed: Claimed, error: CrmError) -> None:
        match error:
            case AuthRefused():
                await self.connection_failed(error)
                await self._store.release(claimed)
            case MappingBroken(fields=fields) if fields & await self._mapped():
                await self.connection_failed(error)
                await self._store.release(claimed)
            case InvalidValue():
                await self._connections.note(self._connection, ok=True)
                await self._park_invalid(claimed, error)
            case CrmBusy():
                await self._store.release(claimed, after=await self._pause(error))
            case CrmAway() | CrmUncertain():
                await self._got_no_answer(claimed, error)
            case _:
                await self._again(claimed, error.code)

    async def _got_no_answer(self, claimed: Claimed, error: CrmError) -> None:
        """A try is counted only while others are answered; else the breaker says when to go on.

        Then this customer is due after all who are waiting: one by whom it always fails must not
        be the probe each time.
        """
        connection = await self._connections.note(self._connection, ok=False)
        if connection.is_well:
            await self._again(claimed, error.code)
            return
        now = self._clock.now()
        rest = max(timedelta(), (connection.rests_until or now) - now)
        await self._store.release(claimed, after=rest)

    async def connection_failed(self, error: CrmError) -> bool:
        """What the connection makes of it; whether others may still be tried."""
        match error:
            case AuthRefused():
                if await self._connections.pause(self._connection, error.code):
                    log.error("the CRM refuses our credentials", connection=self._connection)
                return False
            case MappingBroken():
                await self._connections.switch_off_more(self._connection, error.fields, error.code)
                return True
            case CrmBusy():
                await self._pause(error)
                return True
            case _:
                return (await self._connections.note(self._connection, ok=False)).is_well

    async def _pause(self, busy: CrmBusy) -> timedelta:
        """Nobody asks for as long as the CRM says, or else twice as long each time; how long.

        The answers to calls that were on their way together are one time.
        """
        now = self._clock.now()
        if now >= self._busy_until:
            self._busy_times += 1
        wait = BACKOFF.pause(self._busy_times)
        if busy.retry_after_s is not None:
            wait = timedelta(seconds=busy.retry_after_s)
        await self._line.pause(wait.total_seconds())
        self._busy_until = max(self._busy_until, now + wait)
        return self._busy_until - now

    async def _mapped(self) -> frozenset[str]:
        """The names of the CRM's fields that are used now: those can be switched off."""
        return frozenset((await self._terms()).fields)

    async def _park_invalid(self, claimed: Claimed, error: InvalidValue) -> None:
        """The fields that it names wait for an edit; the others go without them.

        Where they have waited already, it is not by them that the others fail.
        """
        pairs = (await self._terms()).pairs
        ours = tuple(sorted({one.map.ours for one in pairs if one.theirs in error.fields}))
        parked = Parked("refused", self._clock.now(), ours, error.detail, reference=error.reference)
        if {*ours} - self._store.of(claimed.document).refused:
            await self._store.park_fields(claimed, parked)
        else:
            await self._store.park(claimed, parked)

    async def _again(self, claimed: Claimed, error: str) -> None:
        if claimed.attempts >= MOST_TRIES:
            await self._store.park(claimed, Parked("exhausted", self._clock.now(), detail=error))
            return
        await self._store.due.retry(claimed, error, after=BACKOFF.pause(claimed.attempts))
