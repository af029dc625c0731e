"""Hands a customer whose record has come apart to the worker, who alone writes into the CRM."""

from collections.abc import Mapping
from typing import Any

from crm_sync.mirroring.marking import mark_record
from crm_sync.mirroring.store import MirrorStore, part_of
from crm_sync.reconciling.asking import Asking, Read
from crm_sync.reconciling.drifting import drift_of
from crm_sync.reconciling.mending import mend
from crm_sync.reconciling.model import Linked
from inbox.clock import Clock
from inbox.mongo.client import Document, Session


class Repairing:
    """For one connection."""

    def __init__(self, mirrors: MirrorStore, clock: Clock) -> None:
        self._mirrors = mirrors
        self._clock = clock

    async def repair(self, linked: Linked, asking: Asking) -> bool:
        """Look at both sides again, and mark what still differs; whether the worker has it now.

        The mark is made in a transaction that reads the customer, so an edit that comes in
        between is not undone: what is written is always what the customer is by then.
        """
        read = await asking.one(linked.record_id)

        async def work(session: Session) -> bool:
            customer = await self._mirrors.get(linked.customer_id, session=session)
            marks = self._marks(customer, linked, read) if customer is not None else {}
            await self._mirrors.set(linked.customer_id, marks, session=session)
            return f"{self._mirrors.path}.dirty" in marks

        return await self._mirrors.mongo.transaction(work)

    def leaves_alone(self, customer: Document) -> bool:
        """Whether somebody is at it already, or a person is waited for."""
        part = part_of(customer, self._mirrors.connection)
        known = self._mirrors.of(customer)
        return bool("work" in part or known.dirty or known.is_given_up)

    def _marks(self, customer: Document, linked: Linked, read: Read) -> Mapping[str, Any]:
        known = self._mirrors.of(customer)
        if known.link is None or known.link.record_id != linked.record_id:
            return {}
        if self.leaves_alone(customer):
            return {}
        if known.pushed_at is not None and known.pushed_at > read.read_at:
            return {}  # what was read is older than what we wrote
        if not read.records:
            return mark_record(self._mirrors.connection, customer, self._clock.now())
        drift = drift_of(customer, read.records[0], known, read.terms, read.read_at)
        return mend(self._mirrors.connection, customer, drift, self._clock.now())
