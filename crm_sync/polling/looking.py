"""Which customers a changed record is news for; those are marked, and read under their lease."""

from collections.abc import Sequence
from datetime import datetime

from crm_sync.connectors.model import RemoteRecord
from crm_sync.mapping.incoming import Known, Outcome, compare
from crm_sync.mapping.tagging import TagChange
from crm_sync.mirroring.marking import mark_record
from crm_sync.mirroring.model import RECORD, Mirrored
from crm_sync.mirroring.store import MirrorStore, part_of
from crm_sync.mirroring.terms import Terms
from inbox.clock import Clock
from inbox.mongo.client import Document, Session


class Looking:
    """For one connection."""

    def __init__(self, store: MirrorStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def look(self, records: Sequence[RemoteRecord], terms: Terms, read_at: datetime) -> int:
        """Mark the customers of the records that hold news; how many. Repeating is harmless."""
        by_id = {record.id: record for record in records}
        found = await self._store.linked_to(by_id)
        news = [one for one in found if self._is_news(one, by_id, terms, read_at)]
        return await self.mark(news)

    async def look_again(self, record_ids: Sequence[str]) -> int:
        """Mark the customers of these records whatever stands in them."""
        return await self.mark(await self._store.linked_to(record_ids))

    async def mark(self, customers: Sequence[Document]) -> int:
        for one in customers:
            await self._mark(one["_id"])
        if customers:
            self._store.due.wake()
        return len(customers)

    def _is_news(
        self, customer: Document, records: dict[str, RemoteRecord], terms: Terms, read_at: datetime
    ) -> bool:
        known = self._store.of(customer)
        if known.link is None or self._is_waiting(customer, known):
            return False
        record = records[known.link.record_id]
        remembered = Known(known.synced, known.wrote, known.edited_at)
        pulled = [pair for pair in terms.pairs if pair.map.pulls]
        found = compare(pulled, customer, record, remembered, terms.names, read_at)
        return any(_is_untold(one, known) for one in found.outcomes)

    def _is_waiting(self, customer: Document, known: Mirrored) -> bool:
        """Whether the record is going to be read anyway, by nobody who has read it already."""
        work = part_of(customer, self._store.connection).get("work") or {}
        return RECORD in known.dirty and "token" not in work

    async def _mark(self, customer_id: str) -> None:
        async def work(session: Session) -> None:
            customer = await self._store.get(customer_id, session=session)
            if customer is not None:
                marks = mark_record(self._store.connection, customer, self._clock.now())
                await self._store.set(customer_id, marks, session=session)

        await self._store.mongo.transaction(work)


def _is_untold(outcome: Outcome, known: Mirrored) -> bool:
    """Whether there is something to take, or to say of it, that was not dealt with before."""
    parked = [one for one in known.parked if one.theirs is not None]
    told = [one for one in parked if outcome.pair.map.ours in one.fields]
    if any(one.theirs == outcome.theirs for one in told):
        return False  # this very value cannot be taken
    if outcome.take is not None and isinstance(outcome.take.value, TagChange):
        last = known.synced.get(outcome.pair.theirs)
        return last is None or last.theirs != outcome.theirs
    is_wrong = outcome.reason is not None
    return outcome.take is not None or outcome.lost is not None or is_wrong or bool(told)
