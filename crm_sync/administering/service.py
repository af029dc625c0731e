"""Connections as admins see them: how they are, whether the mapping fits, what is parked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm_sync.backfilling.backfilling import Backfilling
from crm_sync.backfilling.model import Progress, Wanted
from crm_sync.connections.model import Connection
from crm_sync.connections.pacing import in_turn
from crm_sync.connectors.errors import AuthRefused, CrmError
from crm_sync.mapping.checking import Off
from crm_sync.mirror import CrmMirror
from crm_sync.mirroring.model import ParkedClass
from crm_sync.parking.model import ParkedPage, ParkedPlace
from crm_sync.parking.parking import Parking
from crm_sync.reconciling.model import Report
from crm_sync.reconciling.reconciling import Reconciling
from crm_sync.reconciling.store import ReconciledStore
from inbox.clock import Clock
from inbox.errors import NotFound
from inbox.staff.audit.store import AuditStore
from inbox.staff.model import Actor


@dataclass(frozen=True, slots=True)
class Managed:
    """A connection with what can be done about it."""

    mirror: CrmMirror
    parking: Parking
    reconciling: Reconciling


@dataclass(frozen=True, slots=True)
class Overview:
    """How a connection is. `parked` are numbers by kind; `waiting_since` is the oldest edit."""

    mirror: CrmMirror
    connection: Connection
    waiting_since: datetime | None
    parked: Mapping[ParkedClass, int]
    reconciled: Report | None
    backfill: Progress | None


@dataclass(frozen=True, slots=True)
class CheckFinding:
    """What came of asking the CRM: `error` is a code when it did not answer or refused."""

    error: str | None
    off: tuple[Off, ...] = ()


class Administration:
    """Of all connections of the configuration. `actor` is None on the command line."""

    def __init__(
        self,
        managed: Mapping[str, Managed],
        reconciled: ReconciledStore,
        backfilling: Backfilling,
        audit: AuditStore,
        clock: Clock,
    ) -> None:
        self._managed = managed
        self._reconciled = reconciled
        self._backfilling = backfilling
        self._audit = audit
        self._clock = clock

    @property
    def names(self) -> list[str]:
        return list(self._managed)

    async def overview(self, name: str) -> Overview:
        """Raises NotFound."""
        managed = self.get(name)
        mirror = managed.mirror
        return Overview(
            mirror,
            await mirror.connections.get(name),
            await mirror.store.waiting_since(),
            await managed.parking.counts(),
            await self._reconciled.last(name),
            await self._backfilling.progress(name),
        )

    async def check(self, name: str, actor: Actor | None) -> CheckFinding:
        """Try the credentials and compare the mapping with the CRM's fields, live.

        A connection that was paused goes on when it works again. Raises NotFound.
        """
        mirror = self.get(name).mirror
        try:
            await mirror.line.direct.check()
            checked = await in_turn(mirror.agreeing.check)
        except AuthRefused as refused:
            await mirror.connections.pause(name, refused.code)
            return CheckFinding(refused.code)
        except CrmError as error:
            return CheckFinding(error.code)
        await self._resume(mirror, actor)
        return CheckFinding(None, checked.off)

    async def _resume(self, mirror: CrmMirror, actor: Actor | None) -> None:
        before = await mirror.connections.get(mirror.connection)
        if before.is_well:
            return
        await mirror.connections.resume(mirror.connection)
        mirror.wake()
        if before.paused is not None:
            changes = {"paused": {"before": before.paused.code, "after": None}}
            await self._note(actor, "crm_connection_resumed", mirror.connection, changes)

    async def parked(
        self, name: str, kind: ParkedClass | None, *, after: ParkedPlace | None, limit: int
    ) -> ParkedPage:
        """Raises NotFound."""
        return await self.get(name).parking.page(kind, after=after, limit=limit)

    async def replay(self, name: str, kind: ParkedClass | None, actor: Actor | None) -> int:
        """Try again what is parked, with what customers are now; how many. Raises NotFound."""
        customers = await self.get(name).parking.replay_all(kind)
        changes = {"parked": {"kind": kind, "customers": customers}}
        await self._note(actor, "crm_parked_replayed", name, changes)
        return customers

    async def backfill(self, name: str, wanted: Wanted, actor: Actor | None) -> Progress:
        """Have customers mirrored whom nobody has edited yet. Raises NotFound."""
        self.get(name)
        progress = await self._backfilling.ask(name, wanted)
        changes = {"backfill": {"bot_id": wanted.bot_id, "everyone": wanted.everyone}}
        await self._note(actor, "crm_backfill_asked", name, changes)
        return progress

    async def reconcile(self, name: str) -> Report:
        """Compare everything now. Raises NotFound, CrmError."""
        return await self.get(name).reconciling.run()

    async def _note(
        self, actor: Actor | None, action: str, name: str, changes: Mapping[str, Any]
    ) -> None:
        at = self._clock.now()
        await self._audit.record(actor, action, ("crm_connection", name), at=at, changes=changes)

    def get(self, name: str) -> Managed:
        """Raises NotFound."""
        if name not in self._managed:
            raise NotFound
        return self._managed[name]
