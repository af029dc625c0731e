"""Shows what is parked, and has it tried again with what the customer is now."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from crm_sync.mapping.model import FieldMapping
from crm_sync.mapping.synced import Synced
from crm_sync.mirroring.marking import mark
from crm_sync.mirroring.model import RECORD, Mirrored, Parked, ParkedClass, synced_document
from crm_sync.mirroring.store import MirrorStore, part_of
from crm_sync.parking.model import ParkedPage, ParkedPlace
from crm_sync.parking.store import ParkedStore
from inbox.clock import Clock
from inbox.mongo.client import Session
from inbox.mongo.due import due

FORGOTTEN = "?"
"""No hash is so: whatever we have is news to the CRM then, and is written."""
AT_ONCE = 20
"""Customers of a replay that are due together; the others follow, so that edits come between."""
NEXT_AFTER = timedelta(seconds=5)


class Parking:
    """For one connection."""

    def __init__(
        self, store: ParkedStore, mirrors: MirrorStore, mapping: FieldMapping, clock: Clock
    ) -> None:
        self._store = store
        self._mirrors = mirrors
        self._mapping = mapping
        self._clock = clock

    async def page(
        self, kind: ParkedClass | None = None, *, after: ParkedPlace | None = None, limit: int = 50
    ) -> ParkedPage:
        """What is parked of a kind, or all of it, newest first. `detail` is what the CRM said."""
        return await self._store.page(kind, after=after, limit=limit)

    async def counts(self) -> Mapping[ParkedClass, int]:
        """How many rows there are of each kind that there is."""
        return await self._store.counts()

    async def replay(self, customer_id: str) -> bool:
        """Try again, now, whatever is parked of the customer. False: nothing is any more."""
        done = await self._replay(customer_id, None, timedelta())
        self._mirrors.due.wake()
        return done

    async def replay_all(self, kind: ParkedClass | None = None) -> int:
        """Try again what is parked of a kind, or all of it; the number of customers.

        Repeating is harmless; what is parked again meanwhile is not tried twice.
        """
        began, after, done = self._clock.now(), "", 0
        while ids := await self._store.customers(kind, began, after=after, limit=100):
            for one in ids:
                wait = NEXT_AFTER * (done // AT_ONCE)
                done += await self._replay(one, kind, wait)
            after = ids[-1]
            self._mirrors.due.wake()
        return done

    async def _replay(self, customer_id: str, kind: ParkedClass | None, wait: timedelta) -> bool:
        async def work(session: Session) -> bool:
            customer = await self._mirrors.get(customer_id, session=session)
            if customer is None:
                return False
            marks = self._marks(customer, kind, wait)
            await self._mirrors.set(customer_id, marks, session=session)
            return bool(marks)

        return await self._mirrors.mongo.transaction(work)

    def _marks(
        self, customer: Mapping[str, Any], kind: ParkedClass | None, wait: timedelta
    ) -> dict[str, Any]:
        """What to $set: the fields are dirty as after an edit, and their rows are gone."""
        known, now = self._mirrors.of(customer), self._clock.now()
        rows = [one for one in known.parked if kind is None or one.kind == kind]
        if not rows:
            return {}
        is_waiting = "work" in part_of(customer, self._mirrors.connection)
        paths = self._paths(rows)
        path = self._mirrors.path
        marks = mark(self._mirrors.connection, paths, customer, paths, now)
        marks[f"{path}.synced"] = synced_document(self._remembered(known, rows))
        if wait and f"{path}.work" in marks and not is_waiting:
            marks[f"{path}.work"] = due(now + wait)
        return marks

    def _paths(self, rows: Sequence[Parked]) -> set[str]:
        """What concerns all is still marked as it was edited; the record is looked for and read.
        It is read as well where it may have something for us.
        """
        named = {path for one in rows for path in one.fields}
        if not all(one.fields for one in rows):
            return {*named, RECORD}
        pulled = {one.ours for one in self._mapping.fields if one.pulls}
        return named | ({RECORD} if named & pulled else set())

    def _remembered(self, known: Mirrored, rows: Sequence[Parked]) -> dict[str, Synced]:
        """A value that the CRM did not keep counts as written: unless that is forgotten, nothing
        would be written again. What may come from there is compared anyway.
        """
        unkept = {path for one in rows if one.kind == "invalid" for path in one.fields}
        forgotten = {
            one.theirs for one in self._mapping.fields if one.ours in unkept and not one.pulls
        }
        return {
            name: replace(one, ours=FORGOTTEN, theirs=FORGOTTEN) if name in forgotten else one
            for name, one in known.synced.items()
        }
