"""Compares all records of a CRM with the customers they are of: nightly, and when asked for.

A webhook may be lost, a poll may have been off, somebody may restore a backup there: what nobody
told us is found here. A run that dies leaves nothing behind; the next one begins anew.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from crm_sync.connections.store import ConnectionStore
from crm_sync.connectors.errors import AuthRefused, CrmAway
from crm_sync.mapping.matching import claimed_twice
from crm_sync.reconciling.asking import Asking, Read, Wait
from crm_sync.reconciling.drifting import Drift, drift_of
from crm_sync.reconciling.model import MOST_EXAMPLES, Linked, Reconciled, Report
from crm_sync.reconciling.repairing import Repairing
from crm_sync.reconciling.seen import Seen
from crm_sync.reconciling.store import ReconciledStore
from inbox.clock import Clock
from inbox.mongo.client import Document

log = structlog.get_logger(__name__)

MOST_ASKED = 200
"""Records that were not in the list and are asked for one by one: a CRM that lists nothing would
be asked for all of them.
"""


class Reconciling:
    """For one connection."""

    def __init__(
        self,
        reconciled: Reconciled,
        store: ReconciledStore,
        connections: ConnectionStore,
        clock: Clock,
        *,
        wait: Wait = asyncio.sleep,
    ) -> None:
        """`wait` for so many seconds: the rate of the CRM is used up, or it is away."""
        self._reconciled = reconciled
        self._store = store
        self._connections = connections
        self._clock = clock
        self._wait = wait

    async def run(self) -> Report:
        """Compare everything, and repair what little differs; the report is kept as well.

        Repeating is harmless, also while another run is on: what is marked is left alone.

        Raises:
            CrmError: the CRM is away, or refuses; nothing was touched, or what was is right.
        """
        name = self._reconciled.line.name
        if not (await self._connections.get(name)).is_well:
            raise CrmAway("the connection is paused or resting")
        asking = Asking(self._reconciled, self._clock, self._wait)
        run = _Run(self._reconciled, self._store, asking, self._clock)
        try:
            report = await run.report()
        except AuthRefused as refused:
            if await self._connections.pause(name, refused.code):
                log.error("the CRM refuses our credentials", connection=name)  # noqa: TRY400
            raise
        await self._store.keep(name, report)
        _tell(name, report, run.most)
        return report


@dataclass(slots=True)
class _Run:
    """One time. Of those that differ only as many are kept as may be repaired."""

    reconciled: Reconciled
    store: ReconciledStore
    asking: Asking
    clock: Clock
    most: int = 0
    compared: int = 0
    differing: int = 0
    missing: int = 0
    twice: int = 0
    seen: Seen = field(default_factory=Seen)
    fields: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    to_repair: list[Linked] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.reconciled.line.name

    @property
    def repairing(self) -> Repairing:
        return Repairing(self.reconciled.mirrors, self.clock)

    async def report(self) -> Report:
        at = self.clock.now()
        self.most = self.reconciled.repairs.most(await self.store.count_linked(self.name))
        async for read in self.asking.everything():
            await self._compare(read)
        await self._look_for_the_unlisted()
        stopped = self.differing + self.missing > self.most
        repaired = 0 if stopped else await self._repair()
        return Report(
            at=at,
            compared=self.compared,
            differing=self.differing,
            missing=self.missing,
            linked_twice=self.twice,
            unlinked=await self.store.count_unlinked(self.name),
            repaired=repaired,
            stopped=stopped,
            fields=dict(self.fields),
            examples=tuple(self.examples),
        )

    async def _compare(self, read: Read) -> None:
        """One page. A record that is changed meanwhile is listed twice: once is enough."""
        mirrors = self.reconciled.mirrors
        records = {record.id: record for record in read.records}
        found = await mirrors.linked_to(records)
        new = [one for one in found if one["_id"] not in self.seen]
        for one in new:
            self.seen.add(one["_id"])
        links = {one["_id"]: link.record_id for one in new if (link := mirrors.of(one).link)}
        shared = claimed_twice(links.items())
        self._note_shared(shared)
        for one in new:
            record_id = links[one["_id"]]
            if record_id in shared or self.repairing.leaves_alone(one):
                continue
            self.compared += 1
            known = mirrors.of(one)
            drift = drift_of(one, records[record_id], known, read.terms, read.read_at)
            await self._note_drift(one, record_id, drift)

    def _note_shared(self, shared: Mapping[str, tuple[str, ...]]) -> None:
        """Neither is repaired: they would overwrite each other for ever."""
        self.twice += len(shared)
        for customer_ids in shared.values():
            self._note_examples(*customer_ids)

    async def _note_drift(self, customer: Document, record_id: str, drift: Drift) -> None:
        if not drift or not await self.reconciled.is_wanted(customer["_id"]):
            return
        self.differing += 1
        self.fields.update(drift.fields)
        self._note_for_repair(Linked(customer["_id"], record_id))

    async def _look_for_the_unlisted(self) -> None:
        """Each is asked for by itself, as long as it is still open whether they are too many."""
        kept, unlisted = max(MOST_ASKED, self.most + 1), 0
        asked: list[Linked] = []
        async for one in self.store.links(self.name):
            if one.customer_id not in self.seen:
                unlisted += 1
                if len(asked) < kept:
                    asked.append(one)
        for number, one in enumerate(asked):
            if self.missing > self.most:
                self.missing += unlisted - number
                return
            await self._note_if_gone(one)

    async def _note_if_gone(self, linked: Linked) -> None:
        if not await self.reconciled.is_wanted(linked.customer_id):
            return
        if (await self.asking.one(linked.record_id)).records:
            return
        self.missing += 1
        self._note_for_repair(linked)

    def _note_for_repair(self, linked: Linked) -> None:
        self._note_examples(linked.customer_id)
        if len(self.to_repair) < self.most:
            self.to_repair.append(linked)

    def _note_examples(self, *customer_ids: str) -> None:
        self.examples += customer_ids[: MOST_EXAMPLES - len(self.examples)]

    async def _repair(self) -> int:
        done = sum([await self.repairing.repair(one, self.asking) for one in self.to_repair])
        if done:
            self.reconciled.mirrors.due.wake()
        return done


def _tell(name: str, report: Report, most: int) -> None:
    if report.stopped:
        log.error(
            "too much differs between the CRM and us: nothing was repaired",
            connection=name,
            compared=report.compared,
            differing=report.differing,
            missing=report.missing,
            most=most,
        )
        return
    log.info(
        "compared with the CRM",
        connection=name,
        compared=report.compared,
        differing=report.differing,
        missing=report.missing,
        repaired=report.repaired,
    )
