"""The worker that empties what we wrote into the records of people who were erased.

What others have put there since is theirs: a field is emptied only while it is what we wrote.
"""

import asyncio
from collections.abc import Collection, Coroutine, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

import structlog

from crm_sync.connections.pacing import Line, NotYet
from crm_sync.connections.store import ConnectionStore
from crm_sync.connectors.errors import CrmAway, CrmError, CrmUncertain, InvalidValue, RecordGone
from crm_sync.connectors.model import Asked, Connector, Edit, RemoteRecord
from crm_sync.forgetting.store import ForgettingStore, synced_of
from crm_sync.mapping.model import WALL
from crm_sync.mapping.normal import value_hash
from crm_sync.mapping.pairing import Pair
from crm_sync.mapping.synced import Synced
from crm_sync.mirroring.model import mirrored_from
from crm_sync.mirroring.pushing import TermsOf
from crm_sync.mirroring.store import part_of
from crm_sync.mirroring.terms import Terms
from inbox.clock import Clock
from inbox.mongo.due import Backoff, Claimed

log = structlog.get_logger(__name__)

AT_ONCE = 10
NOBODY = "Khách đã xoá"
"""The name of a record whose person was erased: most CRMs keep no record without one."""
_UNKNOWN = timedelta(hours=1)
"""Until a row of a connection that is not configured here is looked at again."""
_BACKOFF = Backoff(timedelta(seconds=5), timedelta(hours=1))


class Forgetting:
    """For all connections that are to forget; a row of another one waits."""

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
        await self._store.due.keep_filled(self._begin, stop, AT_ONCE)

    async def step(self) -> int:
        """Empty what is due, once; the number of records."""
        begun = await self._begin(AT_ONCE)
        await asyncio.gather(*begun)
        return len(begun)

    async def _begin(self, most: int) -> list[Coroutine[Any, Any, None]]:
        """Claim what is due; the work, one for each record."""
        return [self._forget_anyhow(one) for one in await self._store.due.claim(most)]

    async def _forget_anyhow(self, claimed: Claimed) -> None:
        """The lease is kept meanwhile, however long the calls take."""
        async with self._store.due.held([claimed]):
            await self._store.due.attempt(claimed, self._try)

    async def _try(self, claimed: Claimed) -> None:
        """Each class of failure has its end."""
        line = self._lines.get(claimed.document["connection"])
        if line is None:  # another process may have a newer configuration
            await self._store.due.retry(claimed, "unknown", after=_UNKNOWN)
            return
        try:
            if not await self._connections.allowed(line[0].name, 1):
                await self._store.due.retry(claimed, "crm_away", after=timedelta(minutes=1))
                return
            await self._forget(claimed, *line)
            await self._connections.note(line[0].name, ok=True)
            await self._store.done(claimed)
        except NotYet as busy:
            await self._store.due.retry(claimed, "busy", after=timedelta(seconds=busy.wait_s))
        except CrmError as error:
            log.warning("a record was not emptied", code=error.code, attempts=claimed.attempts)
            if isinstance(error, CrmAway | CrmUncertain):
                await self._connections.note(claimed.document["connection"], ok=False)
            pause = _BACKOFF.pause(claimed.attempts)
            await self._store.due.retry(claimed, error.code, after=pause)

    async def _forget(self, claimed: Claimed, line: Line, terms_of: TermsOf) -> None:
        row, terms, connector = claimed.document, await terms_of(), line.workers
        for record in await _records(row, connector, terms):
            owner = await self._store.owner(line.name, record.id)
            ours = _Ours.of(row, part_of(owner, line.name) if owner is not None else None)
            for edit in ours.edits(terms.pairs, record):
                await self._empty(connector, record.id, edit)
            if any(pair.theirs == WALL and ours.wrote_note for pair in terms.pairs):
                at = self._clock.now()
                await connector.note(record.id, row["customer_id"], NOBODY, at)

    async def _empty(self, connector: Connector, record_id: str, edit: Edit) -> None:
        """A field that the CRM will not empty is left, and said so in the log."""
        try:
            await connector.update(record_id, edit)
        except InvalidValue as error:  # what the CRM says of it may name the person
            log.warning("a field was not emptied", code=error.code, fields=sorted(edit.values))


async def _records(
    row: Mapping[str, Any], connector: Connector, terms: Terms
) -> list[RemoteRecord]:
    """The record; those that have our ids where nobody knows whether one was made."""
    try:
        if (record_id := row.get("record_id")) is not None:
            return await _followed(record_id, connector, terms, set())
        found: list[RemoteRecord] = []
        for id_ in row["external_ids"]:
            told = await connector.find(Asked(external_id=id_), terms.fields)
            found += [one for one in told if one.external_id == id_]
    except RecordGone:
        return []
    return found


async def _followed(
    record_id: str, connector: Connector, terms: Terms, seen: set[str]
) -> list[RemoteRecord]:
    """The record, or what it was merged into, which may have been merged or deleted since."""
    try:
        return [await connector.get(record_id, terms.fields)]
    except RecordGone as gone:
        if gone.into is None or gone.into in seen:
            return []
        return await _followed(gone.into, connector, terms, {*seen, record_id})


@dataclass(frozen=True, slots=True)
class _Ours:
    """What we wrote, by field of the CRM: as it was agreed on, and the hashes of what may be there
    besides. Of a record that is another customer's by now, what is theirs stays.
    """

    synced: Mapping[str, Synced]
    wrote: Collection[tuple[str, str]]
    theirs: Mapping[str, Synced]
    has_owner: bool

    @classmethod
    def of(cls, row: Mapping[str, Any], owner: Mapping[str, Any] | None) -> Self:
        wrote = {(one["field"], one["hash"]) for one in row.get("wrote") or ()}
        theirs = mirrored_from(owner).synced
        return cls(synced_of(row), wrote, theirs, has_owner=owner is not None)

    @property
    def wrote_note(self) -> bool:
        is_ours = WALL in self.synced or any(name == WALL for name, _ in self.wrote)
        return is_ours and WALL not in self.theirs

    def edits(self, pairs: Collection[Pair], record: RemoteRecord) -> list[Edit]:
        """One for each field, so that one that must be filled does not keep the others."""
        found = [self._edit(pair, record) for pair in pairs]
        return [one for one in found if one is not None]

    def _edit(self, pair: Pair, record: RemoteRecord) -> Edit | None:
        name, last = pair.theirs, self.synced.get(pair.theirs)
        if name == WALL or name not in record.values or name in self.theirs:
            return None
        if pair.way == "tags":
            return Edit(remove_tags={name: last.tags}) if last is not None and last.tags else None
        form = value_hash(pair, record.values[name])
        is_ours = (last is not None and form == last.theirs) or (name, form) in self.wrote
        if not form or not is_ours:
            return None
        if not pair.map.is_only_at_creation:
            return Edit({name: None})
        return None if self.has_owner else Edit({name: NOBODY})
