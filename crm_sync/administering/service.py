"""Connections as admins see them: how they are, whether the mapping fits, what is parked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from crm_sync.backfilling.backfilling import Backfilling
from crm_sync.backfilling.model import Progress, Wanted
from crm_sync.connections.model import Connection
from crm_sync.connectors.errors import AuthRefused, CrmError
from crm_sync.mapping.checking import Off
from crm_sync.mirror import CrmMirror
from crm_sync.mirroring.model import ParkedClass
from crm_sync.parking.model import ParkedPage, ParkedPlace
from crm_sync.parking.parking import Parking
from crm_sync.reconciling.model import Report
from crm_sync.reconciling.reconciling import Reconciling
from crm_sync.reconciling.store import ReconciledStore
from inbox.errors import NotFound


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
    """Of all connections of the configuration."""

    def __init__(
        self,
        managed: Mapping[str, Managed],
        reconciled: ReconciledStore,
        backfilling: Backfilling,
    ) -> None:
        self._managed = managed
        self._reconciled = reconciled
        self._backfilling = backfilling

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

    async def check(self, name: str) -> CheckFinding:
        """Try the credentials and compare the mapping with the CRM's fields, live.

        A connection that was paused goes on when it works again. Raises NotFound.
        """
        mirror = self.get(name).mirror
        try:
            await mirror.line.direct.check()
            checked = await mirror.agreeing.check()
        except AuthRefused as refused:
            await mirror.connections.pause(name, refused.code)
            return CheckFinding(refused.code)
        except CrmError as error:
            return CheckFinding(error.code)
        if not (await mirror.connections.get(name)).is_well:
            await mirror.connections.resume(name)
            mirror.wake()
        return CheckFinding(None, checked.off)

    async def parked(
        self, name: str, kind: ParkedClass | None, *, after: ParkedPlace | None, limit: int
    ) -> ParkedPage:
        """Raises NotFound."""
        return await self.get(name).parking.page(kind, after=after, limit=limit)

    async def replay(self, name: str, kind: ParkedClass | None) -> int:
        """Try again what is parked, with what customers are now; how many. Raises NotFound."""
        return await self.get(name).parking.replay_all(kind)

    async def backfill(self, name: str, wanted: Wanted) -> Progress:
        """Have customers mirrored whom nobody has edited yet. Raises NotFound."""
        self.get(name)
        return await self._backfilling.ask(name, wanted)

    async def reconcile(self, name: str) -> Report:
        """Compare everything now. Raises NotFound, CrmError."""
        return await self.get(name).reconciling.run()

    def get(self, name: str) -> Managed:
        """Raises NotFound."""
        if name not in self._managed:
            raise NotFound
        return self._managed[name]
