"""Builds the mirror into CRMs: a connector, a mapping and workers for each connection."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from typing import Any

import structlog
from aiohttp import web

from app.crm_connectors import connector_of
from app.customers import Customers
from app.jobs import Work
from crm_sync.administering.routes import CrmAdministrationRoutes
from crm_sync.administering.service import Administration, Managed
from crm_sync.backfilling.backfilling import Backfilling
from crm_sync.backfilling.store import BackfillStore
from crm_sync.cards.routes import CardRoutes
from crm_sync.cards.service import Cards
from crm_sync.config import ConnectionConfig, CrmSyncConfig
from crm_sync.connections.pacing import Line, in_turn
from crm_sync.connections.store import ConnectionStore
from crm_sync.connectors.errors import CrmError
from crm_sync.connectors.model import Connector
from crm_sync.forgetting.forgetting import Forgetting
from crm_sync.forgetting.store import ForgettingStore
from crm_sync.hinting.routes import HintRoutes
from crm_sync.mapping.pairing import Names
from crm_sync.mirror import CrmMirror
from crm_sync.mirroring.agreeing import Agreeing, Surroundings
from crm_sync.mirroring.pushing import Pushing
from crm_sync.mirroring.store import MirrorStore
from crm_sync.mirroring.syncing import Syncing
from crm_sync.parking.parking import Parking
from crm_sync.parking.store import ParkedStore
from crm_sync.polling.looking import Looking
from crm_sync.polling.polling import Polled, Polling
from crm_sync.polling.store import PollStore
from crm_sync.reconciling.model import Reconciled, Repairs
from crm_sync.reconciling.reconciling import Reconciling
from crm_sync.reconciling.store import ReconciledStore
from inbox.clock import Clock
from inbox.customers.adopting.store import Adopting
from inbox.customers.attributes.store import AttributeStore
from inbox.http.routing import Routes
from inbox.mongo.buckets import Buckets
from inbox.mongo.client import Mongo
from inbox.staff.audit.store import AuditStore
from inbox.staff.store import StaffStore

log = structlog.get_logger(__name__)

Loop = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


class Crm:
    """One process's share of mirroring."""

    def __init__(
        self,
        config: CrmSyncConfig,
        mongo: Mongo,
        clock: Clock,
        customers: Customers,
        connectors: Mapping[str, Connector] | None = None,
    ) -> None:
        """`connectors` by connection instead of those that the configuration names."""
        self._mongo = mongo
        self._clock = clock
        self._customers = customers
        self._given = connectors or {}
        self._buckets = Buckets(mongo, clock)
        self.connections = ConnectionStore(mongo, clock)
        wanted = config.connections
        self._kinds = {name: one.kind for name, one in wanted.items()}
        hints = config.webhook_secrets.items()
        self._hint_secrets = {name: one.get_secret_value() for name, one in hints}
        forgetful = [name for name, one in wanted.items() if one.on_erasure == "empty"]
        self._forgotten = ForgettingStore(mongo, clock, forgetful)
        self._adopting = Adopting(mongo, customers.store, customers.tags, clock)
        self.mirrors: Mapping[str, CrmMirror] = {
            name: self._mirror(name, one, config) for name, one in wanted.items()
        }
        for mirror in self.mirrors.values():
            customers.store.mirrors.register(mirror)
        self.polls = PollStore(mongo, clock)
        self.polling = Polling(self.polls, self.connections, self._polled(), clock)
        self.forgetting = Forgetting(
            self._forgotten,
            self.connections,
            {name: (one.line, one.agreeing.terms) for name, one in self.mirrors.items()},
            clock,
        )
        self.cards = Cards(mongo, self.mirrors, customers.store, clock)
        stores = {name: one.store for name, one in self.mirrors.items()}
        self.backfilling = Backfilling(BackfillStore(mongo, clock), stores, clock)
        self._reports = ReconciledStore(mongo)
        managed = {name: self._managed(one) for name, one in self.mirrors.items()}
        self.administration = Administration(
            managed, self._reports, self.backfilling, AuditStore(mongo), clock
        )

    def _mirror(self, name: str, config: ConnectionConfig, all_: CrmSyncConfig) -> CrmMirror:
        clock, mirrors = self._clock, self._customers.store.mirrors
        secret = all_.secrets[name].get_secret_value()
        connector = self._given.get(name) or connector_of(config, secret, clock)
        line = Line(name, connector, self._buckets, config.rate)
        around = Surroundings(self._names, self._attributes)
        agreeing = Agreeing(name, line.workers, config.mapping(), self.connections, around, clock)
        store = MirrorStore(self._mongo, name, clock)
        syncing = Syncing(store, self._adopting, self._forgotten, clock)
        pushing = Pushing(line, syncing, self.connections, agreeing.terms, mirrors.wanted_of, clock)
        return CrmMirror(config, line, agreeing, pushing, self.connections, self._forgotten)

    def _managed(self, mirror: CrmMirror) -> Managed:
        parked = ParkedStore(self._mongo, mirror.connection)
        parking = Parking(parked, mirror.store, mirror.mapping, self._clock)
        is_wanted = self._customers.store.mirrors.are_wanted
        repairs = Repairs(mirror.config.repair_share)
        reconciled = Reconciled(
            mirror.line, mirror.store, mirror.agreeing.terms, is_wanted, repairs
        )
        reports, connections = self._reports, self.connections
        return Managed(mirror, parking, Reconciling(reconciled, reports, connections, self._clock))

    def _polled(self) -> Mapping[str, Polled]:
        return {
            name: Polled(
                mirror.line,
                Looking(mirror.store, self._clock),
                mirror.agreeing.terms,
                mirror.config.poll_every,
            )
            for name, mirror in self.mirrors.items()
            if mirror.pulls
        }

    async def _names(self) -> Names:
        tags = {tag.id: tag.name for tag in await self._customers.tags.store.all()}
        return Names(tags, await StaffStore(self._mongo).emails())

    async def _attributes(self) -> Collection[str]:
        return {one.key for one in await AttributeStore(self._mongo).all()}

    def tables(self) -> Sequence[Routes]:
        return (
            CardRoutes(self.cards, self._customers.masking),
            CrmAdministrationRoutes(self.administration),
        )

    def register(self, app: web.Application) -> None:
        """The door for webhooks of CRMs."""
        HintRoutes(self.polls, self._kinds, self._hint_secrets, self._clock).register(app)

    def loops(self) -> Sequence[Loop]:
        """What the workers run; nothing where no CRM is set up."""
        if not self.mirrors:
            return ()
        pushing = [mirror.pushing.run for mirror in self.mirrors.values()]
        return (
            *pushing,
            self.polling.run,
            self.forgetting.run,
            self.backfilling.run,
        )

    def duties(self) -> dict[str, Work]:
        """What is done at set times (app/jobs.py)."""
        if not self.mirrors:
            return {}
        return {"check_crms": self.check, "reconcile_crms": self.reconcile}

    async def start(self) -> None:
        """Indexes of the connections, which the configuration names."""
        for mirror in self.mirrors.values():
            await mirror.store.ensure_indexes()

    async def check_first(self, stop: asyncio.Event) -> None:
        """At the start of every process, whatever its roles: cards are shown by what is mapped,
        and the mapping may have been edited since.
        """
        try:
            await self.check()
        except Exception:  # it is checked again before the first batch
            log.exception("the CRMs could not be checked")
        await stop.wait()

    async def check(self) -> None:
        """Compare every mapping with its CRM's own fields; done at the start, and daily."""
        for mirror in self.mirrors.values():
            try:
                await in_turn(mirror.agreeing.check)
            except CrmError as error:
                await mirror.pushing.connection_failed(error)

    async def reconcile(self) -> None:
        """Compare both sides of every connection; one that is away is compared the next night."""
        for name in self.mirrors:
            try:
                await self.administration.reconcile(name)
            except CrmError as error:
                log.warning("a CRM was not compared", connection=name, code=error.code)

    async def close(self) -> None:
        for mirror in self.mirrors.values():
            await mirror.line.direct.close()
