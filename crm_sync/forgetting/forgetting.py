"""The worker that empties what we wrote into the records of people who were erased.

What others have put there since is theirs: a field is emptied only while it is what we wrote.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import structlog

from crm_sync.connections.pacing import Line, NotYet
from crm_sync.connections.store import ConnectionStore
from crm_sync.connectors.errors import CrmError, InvalidValue, RecordGone
from crm_sync.connectors.model import Edit, RemoteRecord, Value
from crm_sync.forgetting.store import ForgettingStore, synced_of
from crm_sync.mapping.model import WALL
from crm_sync.mapping.normal import value_hash
from crm_sync.mapping.pairing import Pair
from crm_sync.mapping.synced import Synced
from crm_sync.mirroring.pushing import TermsOf
from inbox.clock import Clock
from inbox.mongo.due import Backoff, Claimed

log = structlog.get_logger(__name__)

AT_ONCE = 10
NOBODY = "Khách đã xoá"
"""The name of a record whose person was erased: most CRMs keep no record without one."""
_BACKOFF = Backoff(timedelta(seconds=5), timedelta(hours=1))


class Forgetting:
    """For all connections that are to forget; a row of another one is only removed."""

    def __init__(
        self,
        store: ForgettingStore,
        connections: ConnectionStore,
        lines: Mapping[str, tuple[Line, TermsOf]],
        clock: Clock,
    ) -> None:
        self._store = store
        self._connections = connections
        self._lines = lines
        self._clock = clock

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set."""
        await self._store.due.keep_at(self.step, stop, full=AT_ONCE)

    async def step(self) -> int:
        """Empty what is due, once; the number of records."""
        claimed = await self._store.due.claim(AT_ONCE)
        await asyncio.gather(*(self._forget_anyhow(one) for one in claimed))
        return len(claimed)

    async def _forget_anyhow(self, claimed: Claimed) -> None:
        line = self._lines.get(claimed.document["connection"])
        try:
            if line is not None:
                if not await self._connections.allowed(line[0].name, 1):
                    await self._store.due.retry(claimed, "crm_away", after=timedelta(minutes=1))
                    return
                await self._forget(claimed, *line)
            await self._store.done(claimed)
        except NotYet as busy:
            await self._store.due.retry(claimed, "busy", after=timedelta(seconds=busy.wait_s))
        except CrmError as error:
            log.warning("a record was not emptied", code=error.code, attempts=claimed.attempts)
            pause = _BACKOFF.pause(claimed.attempts)
            await self._store.due.retry(claimed, error.code, after=pause)

    async def _forget(self, claimed: Claimed, line: Line, terms_of: TermsOf) -> None:
        row, terms = claimed.document, await terms_of()
        synced = synced_of(row)
        try:
            record = await line.workers.get(row["record_id"], terms.fields)
            for edit in _edits(terms.pairs, record, synced):
                await self._empty(line, record.id, edit)
            if WALL in synced and any(pair.theirs == WALL for pair in terms.pairs):
                at = self._clock.now()
                await line.workers.note(record.id, row["customer_id"], NOBODY, at)
        except RecordGone:
            return

    async def _empty(self, line: Line, record_id: str, edit: Edit) -> None:
        """A field that the CRM will not empty is left, and said so in the log."""
        try:
            await line.workers.update(record_id, edit)
        except InvalidValue as error:  # what the CRM says of it may name the person
            log.warning("a field was not emptied", code=error.code, fields=sorted(edit.values))


def _edits(
    pairs: tuple[Pair, ...], record: RemoteRecord, synced: Mapping[str, Synced]
) -> list[Edit]:
    """One for each field, so that one that must be filled does not keep the others."""
    found: list[Edit] = []
    for pair in pairs:
        last = synced.get(pair.theirs)
        if last is None or pair.theirs == WALL or pair.theirs not in record.values:
            continue
        if pair.way == "tags":
            if last.tags:
                found.append(Edit(remove_tags={pair.theirs: last.tags}))
        elif last.theirs and value_hash(pair, record.values[pair.theirs]) == last.theirs:
            empty: Value = NOBODY if pair.map.is_only_at_creation else None
            found.append(Edit({pair.theirs: empty}))
    return found
