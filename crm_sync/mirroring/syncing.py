"""Brings one customer and their record together, under the customer's lease.

What goes to the CRM is the state now of the fields that were edited. Where a field may also come
from there, the record is read first, so that nobody's edit is overwritten unseen.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from crm_sync.connections.pacing import NotYet
from crm_sync.connectors.errors import MappingBroken, RecordGone
from crm_sync.connectors.model import Connector, Edit, RemoteRecord
from crm_sync.forgetting.store import ForgettingStore
from crm_sync.mapping.echoes import Wrote, kept
from crm_sync.mapping.incoming import Incoming, Known, compare
from crm_sync.mapping.model import TAGS, WALL
from crm_sync.mapping.normal import normal, value_hash
from crm_sync.mapping.outgoing import Outgoing, creation, update
from crm_sync.mapping.pairing import Pair
from crm_sync.mapping.reasons import NOT_KEPT, Unfit
from crm_sync.mapping.synced import Synced
from crm_sync.mapping.transforms import written
from crm_sync.mirroring.finding import Finder, Park
from crm_sync.mirroring.model import RECORD, Found, Link, Mirrored, Parked
from crm_sync.mirroring.store import LostLease, MirrorStore
from crm_sync.mirroring.taking import Customer, Taking
from crm_sync.mirroring.terms import Terms
from inbox.clock import Clock
from inbox.customers.adopting.store import Adopting
from inbox.mongo.due import Claimed

_EMPTIED = "(Ghi chú đã được xoá.)"
"""What a note on a record says when ours was emptied: notes cannot be empty."""
_TURN_S = 2.0
"""Until another customer of the same phone or address has been mirrored, about: two who wait
for each other do not come back together.
"""


class Syncing:
    """For one connection."""

    def __init__(
        self, store: MirrorStore, adopting: Adopting, forgetting: ForgettingStore, clock: Clock
    ) -> None:
        self.store = store
        self.forgetting = forgetting
        self.finder = Finder(store, clock)
        self.taking = Taking(store, adopting, clock)
        self.clock = clock

    async def sync(self, claimed: Claimed, connector: Connector, terms: Terms) -> None:
        """Whatever is to be done for a claimed customer; what was done is kept at its end.

        Raises:
            CrmError, NotYet: repeating is harmless. Park: nobody should try again.
            LostLease: another worker has taken over. VersionClash, OtherRecord: compare anew,
                at once.
        """
        known = self.store.of(claimed.document)
        await _Pass(self, claimed, claimed.document, known, connector, terms).run()


@dataclass(slots=True)
class _Pass:
    """One customer, one time. `parked` is what was found that cannot pass, `compared` are the
    paths of which both sides were looked at, `stood` the hashes of what the record had then.
    """

    parts: Syncing
    claimed: Claimed
    customer: Customer
    known: Mirrored
    connector: Connector
    terms: Terms
    parked: list[Parked] = field(default_factory=list)
    compared: set[str] = field(default_factory=set)
    stood: Mapping[str, str] = field(default_factory=dict)

    async def run(self) -> None:
        if self.known.link is None:
            if await self.parts.store.is_after_another(self.claimed):
                raise NotYet(_TURN_S * random.uniform(0.5, 1.5))  # noqa: S311 - jitter, no secret
            read_at = self._now()
            found = await self.parts.finder.matched(self.customer, self.connector, self.terms)
            if found is None:
                await self._create()
            else:
                await self._meet(found, read_at)
            return
        try:
            await self._go_on(self.known.link)
        except RecordGone as gone:
            await self._find_again(self.known.link, gone)

    async def _go_on(self, link: Link) -> None:
        """With the record that is known. Raises RecordGone."""
        dirty, synced = self.known.dirty_fields, self.known.synced
        pairs = self._sendable(self.terms.pairs)
        outgoing = update(pairs, self.customer, self.terms.names, dirty, synced)
        if RECORD not in self.known.dirty and not self._may_clash(outgoing):
            await self._write(link, outgoing, self.known.wrote)
            return
        read_at = self._now()
        record = await self.connector.get(link.record_id, self.terms.fields)
        await self._compare(link, record, read_at)

    def _sendable(self, pairs: Sequence[Pair]) -> list[Pair]:
        return [pair for pair in pairs if pair.map.ours not in self.known.refused]

    def _may_clash(self, outgoing: Outgoing) -> bool:
        """Whether people of the CRM may have changed what is about to be written."""
        fields = _fields_of(outgoing.edit)
        return any(pair.map.pulls and pair.theirs in fields for pair in self.terms.pairs)

    async def _find_again(self, link: Link, gone: RecordGone) -> None:
        """The record that it was merged into, or another that fits; it is not made anew."""
        read_at = self._now()
        found = await self._merged(gone, {link.record_id})
        if found is None:
            found = await self.parts.finder.matched(self.customer, self.connector, self.terms)
        if found is None or found.id == link.record_id:
            raise Park(Parked("gone", self._now(), record_ids=(link.record_id,)))
        await self._meet(found, read_at)

    async def _merged(self, gone: RecordGone, seen: set[str]) -> RemoteRecord | None:
        """What it was merged into, which may have been merged or deleted since; None: nothing."""
        if gone.into is None or gone.into in seen:
            return None
        try:
            return await self.connector.get(gone.into, self.terms.fields)
        except RecordGone as again:
            return await self._merged(again, {*seen, gone.into})

    async def _meet(self, record: RemoteRecord, read_at: datetime) -> None:
        """A record that was there before us: what was not edited here and stands there stays."""
        link = Link(record.id, record.url)
        if other := await self.parts.store.linked(self.claimed, link):
            raise self.parts.finder.taken(record.id, other)
        self.known = replace(self.known, link=link, synced=self._as_they_stand(record))
        await self._compare(link, record, read_at)

    def _as_they_stand(self, record: RemoteRecord) -> Mapping[str, Synced]:
        """Fields that may come from there, and stand on both sides, unedited: neither is news."""
        found: dict[str, Synced] = {}
        for pair in self.terms.pairs:
            is_plain = pair.map.pulls and pair.way != "tags"
            if not is_plain or pair.map.ours in self.known.dirty:
                continue
            theirs = value_hash(pair, record.values.get(pair.theirs))
            ours = self._hash_of_ours(pair)
            if ours and theirs:
                found[pair.theirs] = Synced(ours, theirs)
        return found

    def _hash_of_ours(self, pair: Pair) -> str:
        try:
            return value_hash(pair, written(pair, self.customer, self.terms.names))
        except Unfit:
            return ""

    def _concerns(self, pair: Pair, record: RemoteRecord) -> bool:
        """What we never wrote, and stands there, stays as people there have it."""
        if pair.map.pulls or pair.map.ours == TAGS or pair.map.ours in self.known.dirty:
            return True
        if pair.theirs in self.known.synced:
            return True
        return not normal(pair, record.values.get(pair.theirs))

    async def _compare(self, link: Link, record: RemoteRecord, read_at: datetime) -> None:
        """Both sides, field by field: take what is new there, write what is new here."""
        pairs = [pair for pair in self.terms.pairs if self._concerns(pair, record)]
        known, names = self.known, self.terms.names
        remembered = Known(known.synced, known.wrote, known.edited_at)
        incoming = compare(pairs, self.customer, record, remembered, names, read_at)
        taking = self.parts.taking
        taken = await taking.take(self.claimed, self.customer, incoming, known)
        self.customer = taken.customer
        names = replace(names, tags={**names.tags, **taken.tags})
        paths = {*known.dirty_fields, *taken.pushes, *self._not_on_the_wall(pairs)}
        outgoing = update(self._sendable(pairs), taken.customer, names, paths, taken.synced)
        link = Link(link.record_id, record.url or link.url)
        agreed = replace(outgoing, synced={**taken.synced, **outgoing.synced})
        self.parked += taken.parked
        self.stood = {one.pair.theirs: one.theirs for one in incoming.outcomes}
        self.compared |= {one.pair.map.ours for one in incoming.outcomes if one.pair.map.pulls}
        self.parked += self._still_refused(incoming)
        await self._write(link, agreed, incoming.ledger)

    def _still_refused(self, incoming: Incoming) -> list[Parked]:
        """The fields that stay left out, of those that were looked at.

        Where theirs has lost to a value that they do not take, both go on to differ: what stands
        there is remembered, so that it is told once and is no news in every poll.
        """
        rows = [one for one in self.known.parked if one.kind == "refused"]
        by_name = {
            name: row
            for row in rows
            if {*row.fields} & self.compared and not {*row.fields} & self.known.dirty.keys()
            for name in row.fields
        }
        return [
            replace(row, fields=(name,), theirs=theirs)
            for name, row in by_name.items()
            for theirs in _lost_of(incoming, name)
        ]

    def _not_on_the_wall(self, pairs: Sequence[Pair]) -> set[str]:
        """What has no note on this record yet: notes are not among the fields that are read."""
        missing = WALL not in self.known.synced
        return {pair.map.ours for pair in pairs if missing and pair.theirs == WALL}

    async def _create(self) -> None:
        pairs = self._sendable(self.terms.pairs)
        outgoing = creation(pairs, self.customer, self.terms.names)
        edit, note = _parted(outgoing.edit)
        wrote = await self._will_write(outgoing, ())
        edit = replace(edit, revision=self.known.rev)
        done = await self.connector.create(self.customer["_id"], edit)
        _refuse_dropped(done.dropped)
        link = Link(done.record_id, done.url)
        outgoing = await self._read_back(link, outgoing)
        await self._write_note(link, note)
        await self._keep(link, outgoing, wrote)

    async def _write(self, link: Link, outgoing: Outgoing, ledger: Sequence[Wrote]) -> None:
        edit, note = _parted(outgoing.edit)
        wrote = tuple(ledger)
        if not outgoing.edit.is_empty:
            wrote = await self._will_write(outgoing, ledger)
        if not edit.is_empty:
            edit = replace(edit, revision=self.known.rev)
            done = await self.connector.update(link.record_id, edit)
            _refuse_dropped(done.dropped)
            link = Link(done.record_id, done.url or link.url)
            outgoing = await self._read_back(link, outgoing)
        await self._write_note(link, note)
        await self._keep(link, outgoing, wrote)

    async def _write_note(self, link: Link, note: str | None) -> None:
        if note is not None:
            note_id, at = self.customer["_id"], self._now()
            await self.connector.note(link.record_id, note_id, note or _EMPTIED, at)

    async def _will_write(self, outgoing: Outgoing, ledger: Sequence[Wrote]) -> tuple[Wrote, ...]:
        """Remember what is about to be written; that the lease is still ours is seen by it.

        Also what never comes back: it may be there though nobody answers, and be forgotten then.
        """
        now, fields = self._now(), _fields_of(outgoing.edit)
        rows = [
            Wrote(pair.theirs, outgoing.synced[pair.theirs].theirs, now)
            for pair in self.terms.pairs
            if pair.theirs in fields and pair.theirs in outgoing.synced
        ]
        wrote = (*kept(ledger, now), *rows)
        if not await self.parts.store.will_write(self.claimed, wrote):
            raise LostLease
        return wrote

    async def _read_back(self, link: Link, outgoing: Outgoing) -> Outgoing:
        """Some CRMs cut, change or drop values without a word: now and then it is looked at.

        Where people there may change a field, only what looks cut or dropped is not theirs.
        """
        pairs = [
            pair
            for pair in self.terms.pairs
            if pair.theirs in outgoing.edit.values and pair.theirs != WALL
        ]
        if not pairs or not self.terms.reads_back(self.claimed.id, self.known.rev):
            return outgoing
        found = await self.connector.get(link.record_id, [pair.theirs for pair in pairs])
        changed = [pair for pair in pairs if self._is_not_kept(pair, outgoing, found)]
        if changed:
            paths = tuple(pair.map.ours for pair in changed)
            self.parked.append(Parked("invalid", self._now(), paths, NOT_KEPT))
        synced = dict(outgoing.synced)
        for pair in changed:  # so that it is not taken for an edit there
            theirs = value_hash(pair, found.values.get(pair.theirs))
            synced[pair.theirs] = replace(synced[pair.theirs], theirs=theirs)
        return replace(outgoing, synced=synced)

    def _is_not_kept(self, pair: Pair, outgoing: Outgoing, found: RemoteRecord) -> bool:
        if pair.theirs not in found.values:  # a CRM that is only written to tells nothing
            return False
        wrote, stands = outgoing.edit.values[pair.theirs], found.values[pair.theirs]
        form = value_hash(pair, stands)
        if form == value_hash(pair, wrote):
            return False
        is_dropped = form == self.stood.get(pair.theirs, "")
        is_cut = bool(form) and normal(pair, wrote).startswith(normal(pair, stands))
        return is_dropped or is_cut or not pair.map.pulls

    async def _keep(self, link: Link, outgoing: Outgoing, wrote: Sequence[Wrote]) -> None:
        told = {name for one in self.parked for name in one.fields}
        left_out = [
            Parked("invalid", self._now(), (one.pair.map.ours,), one.reason.code)
            for one in outgoing.left_out
            if one.pair.map.ours not in told
        ]
        pulled = {pair.theirs for pair in self.terms.pairs if pair.map.pulls}
        wrote = [one for one in wrote if one.field in pulled]  # the others will not come back
        found = Found([*self.parked, *left_out], self.compared, wrote)
        store, known = self.parts.store, self.known
        synced = {**known.synced, **outgoing.synced}
        done = await store.pushed(
            self.claimed, known.dirty, link, synced, found, began_with=known.link
        )
        if not done:
            if not await store.left_behind(self.claimed.id, link, synced):
                record = (store.connection, self.claimed.id, link.record_id)
                await self.parts.forgetting.add_record(*record, synced)
            raise LostLease

    def _now(self) -> datetime:
        return self.parts.clock.now()


def _lost_of(incoming: Incoming, path: str) -> list[str | None]:
    """The hashes of what stands in the CRM for a field of ours that some of it has lost to; one
    None where nothing has.
    """
    found = [one for one in incoming.outcomes if one.pair.map.ours == path]
    is_lost = any(one.push and one.lost is not None for one in found)
    return [one.theirs for one in found] if is_lost else [None]


def _fields_of(edit: Edit) -> set[str]:
    return {*edit.values, *edit.add_tags, *edit.remove_tags}


def _parted(edit: Edit) -> tuple[Edit, str | None]:
    """The fields, and the text of the note on the record; None: there is none to write."""
    if WALL not in edit.values:
        return edit, None
    values = {name: value for name, value in edit.values.items() if name != WALL}
    note = edit.values[WALL]
    return replace(edit, values=values), note if isinstance(note, str) else ""


def _refuse_dropped(fields: Sequence[str]) -> None:
    """Raises MappingBroken: the CRM has left fields out without a word."""
    if fields:
        raise MappingBroken("left out", fields=fields)
