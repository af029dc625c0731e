"""What people do about one customer's record: look, sync now, choose the record."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from crm_sync.cards.reasons import SWITCHED_OFF
from crm_sync.connections.pacing import NotYet
from crm_sync.connectors.errors import CrmError, RecordGone
from crm_sync.mirror import CrmMirror
from crm_sync.mirroring.merging import left_for
from crm_sync.mirroring.model import Link, link_document
from crm_sync.mirroring.store import part_of
from inbox.clock import Clock
from inbox.customers.mirroring.cards import CrmCard
from inbox.customers.store import CustomerStore
from inbox.errors import Conflict, InvalidInput, NotAllowed, NotFound, Unavailable
from inbox.mongo.client import Document, Mongo, Session
from inbox.staff.audit.store import AuditStore
from inbox.staff.model import Actor

WAITS_S = 5
"""Whoever presses "sync now" is told after so long how far it is."""
_LOOKS_EVERY_S = 0.1


class SyncIsOff(Conflict):
    """No bot of the customer has its switch on: nothing is mirrored."""

    code = SWITCHED_OFF.code
    vi = SWITCHED_OFF.vi
    en = SWITCHED_OFF.en


class RecordTaken(Conflict):
    """The record belongs to another customer: the two should be merged."""

    code = "crm_record_taken"
    vi = "Hồ sơ CRM này đang thuộc về một khách hàng khác; hãy gộp hai khách hàng."
    en = "This record belongs to another customer; merge the two."


class NoSuchRecord(InvalidInput):
    """The CRM has no record of this id."""

    code = "crm_no_such_record"
    vi = "CRM không có hồ sơ này."
    en = "The CRM has no such record."


class CrmSilent(Unavailable):
    """The CRM does not answer now, so that a record cannot be looked at."""

    code = "crm_unavailable"
    vi = "CRM hiện không phản hồi."
    en = "The CRM does not answer right now."


class Cards:
    """For staff who may see the customer."""

    def __init__(
        self,
        mongo: Mongo,
        mirrors: Mapping[str, CrmMirror],
        customers: CustomerStore,
        clock: Clock,
    ) -> None:
        self._mongo = mongo
        self._mirrors = mirrors
        self._customers = customers
        self._clock = clock
        self._audit = AuditStore(mongo)
        self._working: set[asyncio.Future[None]] = set()

    async def of(self, customer_id: str, actor: Actor) -> Sequence[CrmCard]:
        """One card of each connection. Raises NotFound, NotAllowed."""
        customer = await self._customers.get(customer_id, actor)
        cards = await asyncio.gather(*(one.card(customer) for one in self._mirrors.values()))
        if await self._customers.mirrors.are_wanted(customer["_id"]):
            return cards
        return [replace(card, reason=SWITCHED_OFF) for card in cards]

    async def sync_now(
        self, customer_id: str, connection: str, actor: Actor, *, make_again: bool
    ) -> CrmCard:
        """Bring the customer into the CRM ahead of all others; the card after 5 s at most.

        What was given up is tried again, with the values of now. `make_again`: make a record
        anew that was deleted in the CRM.

        Raises:
            NotFound, NotAllowed: as CustomerStore.get; no such connection.
            SyncIsOff: see there.
        """
        mirror = self._mirror(connection)

        async def work(session: Session) -> str:
            customer = await self._wanted(customer_id, actor, session)
            marks = _all_of_it(mirror, customer, self._clock)
            gone = ("link", "synced", "wrote") if make_again else ()
            await self._write(mirror, customer["_id"], marks, gone, session)
            if make_again:
                await self._note("crm_record_made_again", mirror, customer, None, actor, session)
            return str(customer["_id"])

        id_ = await self._mongo.transaction(work)
        return await self._pushed(mirror, id_)

    async def choose(
        self, customer_id: str, connection: str, record_id: str, actor: Actor
    ) -> CrmCard:
        """Say which record is the customer's: one of those that fit, for managers any.

        Raises:
            NoSuchRecord, RecordTaken, SyncIsOff, CrmSilent: see there.
            NotFound, NotAllowed: as CustomerStore.get; no such connection.
        """
        mirror = self._mirror(connection)
        customer = await self._wanted(customer_id, actor, None)
        if record_id not in _candidates(mirror, customer) and not actor.at_least("manager"):
            raise NotAllowed
        link = await self._existing(mirror, record_id)

        async def work(session: Session) -> str:
            customer = await self._wanted(customer_id, actor, session)
            record = (customer["_id"], link.record_id)
            if await mirror.store.other_owner(*record, session=session) is not None:
                raise RecordTaken
            path = mirror.store.path
            marks = _all_of_it(mirror, customer, self._clock)
            marks[f"{path}.link"] = link_document(link)
            marks |= left_for(mirror.connection, customer, link.record_id)
            await self._write(mirror, customer["_id"], marks, ("synced", "wrote"), session)
            await self._note("crm_record_chosen", mirror, customer, record_id, actor, session)
            return str(customer["_id"])

        id_ = await self._mongo.transaction(work)
        return await self._pushed(mirror, id_)

    def _mirror(self, connection: str) -> CrmMirror:
        if connection not in self._mirrors:
            raise NotFound
        return self._mirrors[connection]

    async def _existing(self, mirror: CrmMirror, record_id: str) -> Link:
        try:
            async with asyncio.timeout(WAITS_S):
                record = await mirror.line.people.get(record_id, ())
        except RecordGone:
            raise NoSuchRecord from None
        except (CrmError, NotYet, TimeoutError):
            raise CrmSilent from None
        return Link(record.id, record.url)

    async def _wanted(self, customer_id: str, actor: Actor, session: Session | None) -> Document:
        """The customer, of whom something may be mirrored. Raises as `sync_now`."""
        customer = await self._customers.get(customer_id, actor, session=session)
        mirrors = self._customers.mirrors
        if not await mirrors.are_wanted(customer["_id"], session=session):
            raise SyncIsOff
        return customer

    async def _write(
        self,
        mirror: CrmMirror,
        customer_id: str,
        marks: dict[str, Any],
        gone: Sequence[str],
        session: Session,
    ) -> None:
        unset = [f"{mirror.store.path}.{name}" for name in gone]
        await mirror.store.set(customer_id, marks, unset=unset, session=session)

    async def _note(
        self,
        action: str,
        mirror: CrmMirror,
        customer: Document,
        record_id: str | None,
        actor: Actor,
        session: Session,
    ) -> None:
        """A line of the audit log; none where somebody says what is so already."""
        link = mirror.store.of(customer).link
        before = link.record_id if link is not None else None
        if before == record_id:
            return
        told = {"connection": mirror.connection, "before": before, "after": record_id}
        await self._audit.record(
            actor,
            action,
            ("customer", customer["_id"]),
            at=self._clock.now(),
            changes={"crm_record": told},
            session=session,
        )

    async def _pushed(self, mirror: CrmMirror, customer_id: str) -> CrmCard:
        """The card when it is done, or when whoever asked has waited long enough.

        What was begun is ended in any case.
        """
        try:
            async with asyncio.timeout(WAITS_S):
                await self._push(mirror, customer_id)
                while await self._is_being_pushed(mirror, customer_id):
                    await asyncio.sleep(_LOOKS_EVERY_S)  # another process has read it before
                    await self._push(mirror, customer_id)
        except TimeoutError:
            pass
        customer = await mirror.store.get(customer_id)
        if customer is None:
            raise NotFound
        return await mirror.card(customer)

    async def _push(self, mirror: CrmMirror, customer_id: str) -> None:
        working = asyncio.ensure_future(mirror.pushing.sync_now(customer_id))
        self._working.add(working)
        working.add_done_callback(self._working.discard)
        await asyncio.shield(working)

    async def _is_being_pushed(self, mirror: CrmMirror, customer_id: str) -> bool:
        """Whether a worker is at it: it began before, and ends soon."""
        customer = await mirror.store.get(customer_id) or {}
        part = part_of(customer, mirror.connection)
        return "token" in (part.get("work") or {})


def _candidates(mirror: CrmMirror, customer: Document) -> set[str]:
    """Records that a worker has found to fit, or the one that is the customer's already."""
    known = mirror.store.of(customer)
    linked = {known.link.record_id} if known.link is not None else set()
    return linked.union(*(one.record_ids for one in known.parked if one.kind == "ambiguous"))


def _all_of_it(mirror: CrmMirror, customer: Document, clock: Clock) -> dict[str, Any]:
    """Marks the record as it is there, and what was parked beside what was edited: what nobody
    has edited here does not go over what stands there.
    """
    path = mirror.store.path
    parked = {path for one in mirror.store.of(customer).parked for path in one.fields}
    marks = mirror.mark_again(customer, parked, clock.now())
    marks[f"{path}.parked"] = []
    return marks
