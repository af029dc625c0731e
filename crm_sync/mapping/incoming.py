"""What a record that was read means: field by field, by what both sides had last, and have now.

Only one side moved: the other follows. Both moved to the same: nothing. Both moved differently:
the field's policy decides, and who lost is told what they had.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from crm_sync.connectors.model import RemoteRecord, Value
from crm_sync.mapping.deciding import Sides, Verdict, decide
from crm_sync.mapping.echoes import Seen, Wrote, kept, sight
from crm_sync.mapping.model import TAGS
from crm_sync.mapping.normal import value_hash
from crm_sync.mapping.pairing import Names, Pair
from crm_sync.mapping.reasons import Reason, Unfit
from crm_sync.mapping.synced import Synced
from crm_sync.mapping.tagging import TagChange, compare_tags
from crm_sync.mapping.transforms import taken, written
from crm_sync.mapping.values import parts_of, texts_of
from inbox.customers.fields import value_at, with_changes


@dataclass(frozen=True, slots=True)
class Take:
    """A value for an edit of the customer; of tags, what comes and goes, by name."""

    value: Any


@dataclass(frozen=True, slots=True)
class Lost:
    """The value of the side that lost a conflict, for the history: nobody else has it now."""

    side: Literal["inbox", "crm"]
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What to do about one field. `synced` is stored together with what is taken; None: as it was.

    `reason` says why their value cannot be taken; it stays there as it is. `theirs` is the hash of
    what stands there.
    """

    pair: Pair
    take: Take | None = None
    push: bool = False
    lost: Lost | None = None
    synced: Synced | None = None
    reason: Reason | None = None
    theirs: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of a record: by field of the CRM, and what we wrote lately."""

    synced: Mapping[str, Synced] = field(default_factory=dict)
    ledger: tuple[Wrote, ...] = ()
    edited_at: Mapping[str, datetime] = field(default_factory=dict)
    """When fields of ours were edited last, by path, as far as it is known."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """The outcomes of all fields, and the rows of the ledger that are left."""

    outcomes: tuple[Outcome, ...]
    ledger: tuple[Wrote, ...]

    @property
    def edit(self) -> dict[str, Any]:
        """The fields to set by path, tags apart."""
        return {
            one.pair.map.ours: one.take.value
            for one in self.outcomes
            if one.take is not None and not isinstance(one.take.value, TagChange)
        }

    @property
    def tags(self) -> TagChange:
        """The names of the tags that come and go."""
        for one in self.outcomes:
            if one.take is not None and isinstance(one.take.value, TagChange):
                return one.take.value
        return TagChange()

    @property
    def pushes(self) -> tuple[str, ...]:
        """The paths of ours that the CRM must be told."""
        return tuple(dict.fromkeys(one.pair.map.ours for one in self.outcomes if one.push))

    @property
    def synced(self) -> dict[str, Synced]:
        """What is to be remembered from now on, by field of the CRM."""
        return {one.pair.theirs: one.synced for one in self.outcomes if one.synced is not None}

    @property
    def lost(self) -> tuple[Outcome, ...]:
        return tuple(one for one in self.outcomes if one.lost is not None)


def compare(
    pairs: Collection[Pair],
    customer: Mapping[str, Any],
    record: RemoteRecord,
    known: Known,
    names: Names,
    read_at: datetime,
) -> Incoming:
    """What to do about every mapped field that the record was read with.

    Args:
        pairs: the fields that can be used, see checking.py.
        customer: as it is stored now.
        record: as it was read at `read_at`.
        known: what is remembered of it.
        names: of tags and people.
        read_at: our time just before the CRM was asked. What was written after it is not in the
            record, so those fields say nothing.
    """
    ledger = kept(known.ledger, read_at)
    seen = Seen(read_at, record.changed_at)
    outcomes: list[Outcome] = []
    for pair in pairs:
        if pair.map.is_only_at_creation or pair.theirs not in record.values:
            continue
        theirs = record.values[pair.theirs]
        form = value_hash(pair, theirs)
        what, ledger = sight(ledger, pair.theirs, form, seen)
        if what == "stale":
            continue
        field_ = _Field(pair, customer, theirs, known, names)
        outcome = field_.outcome(record.changed_at, is_echo=what == "echo")
        outcomes.append(replace(outcome, theirs=form))
    return Incoming(tuple(outcomes), ledger)


@dataclass(frozen=True, slots=True)
class _Field:
    pair: Pair
    customer: Mapping[str, Any]
    theirs: Value
    known: Known
    names: Names

    def outcome(self, changed_at: datetime | None, *, is_echo: bool) -> Outcome:
        try:
            ours = written(self.pair, self.customer, self.names)
        except Unfit as unfit:  # not comparable, so nobody knows whether it differs
            return Outcome(pair=self.pair, reason=unfit.reason)
        if self.pair.way == "tags" or (self.pair.map.ours == TAGS and self.pair.map.pulls):
            return self._tags(ours)
        last = self.known.synced.get(self.pair.theirs)
        if is_echo and last is None:  # we wrote it, and died before that was remembered
            last = Synced(value_hash(self.pair, self.theirs), value_hash(self.pair, self.theirs))
        sides = Sides(
            ours=value_hash(self.pair, ours),
            theirs=last.theirs if is_echo and last else value_hash(self.pair, self.theirs),
            last=last,
            ours_at=self.known.edited_at.get(self.pair.map.ours),
            theirs_at=changed_at,
        )
        return self._by(decide(self.pair.map, sides), sides)

    def _by(self, verdict: Verdict, sides: Sides) -> Outcome:
        match verdict.act:
            case "take":
                return self._take(verdict, sides)
            case "push":
                lost = Lost("crm", self.theirs) if verdict.is_conflict else None
                return Outcome(pair=self.pair, push=True, lost=lost)
            case "agree":
                return Outcome(pair=self.pair, synced=Synced(sides.ours, sides.theirs))
            case "nothing":
                return Outcome(pair=self.pair)

    def _take(self, verdict: Verdict, sides: Sides) -> Outcome:
        path = self.pair.map.ours
        try:
            value = taken(self.pair, self.theirs, self.customer, self.names)
            after = with_changes(self.customer, {path: value})
            form = value_hash(self.pair, written(self.pair, after, self.names))
        except Unfit as unfit:
            push = verdict.is_conflict and self.pair.map.pushes
            lost = Lost("crm", self.theirs) if push else None
            return Outcome(pair=self.pair, push=push, lost=lost, reason=unfit.reason)
        lost = Lost("inbox", value_at(self.customer, path)) if verdict.is_conflict else None
        # one number was emptied there, and the next one here is the first now: that is news to them
        is_next = bool(form) and not sides.theirs
        synced = Synced("" if is_next else form, sides.theirs)
        push = is_next and self.pair.map.pushes
        return Outcome(pair=self.pair, take=Take(value), push=push, lost=lost, synced=synced)

    def _tags(self, ours: Value) -> Outcome:
        pair, last = self.pair, self.known.synced.get(self.pair.theirs)
        here, there = (tuple(parts_of(pair, texts_of(one))) for one in (ours, self.theirs))
        found = compare_tags(pair.map, here, there, last.tags if last else ())
        form = value_hash(pair, found.agreed)
        synced = Synced(form, form, found.agreed)
        value = found.change if pair.map.ours == TAGS else found.change.of(here)
        return Outcome(
            pair=pair,
            take=Take(value) if found.change else None,
            push=found.push,
            synced=synced if synced != last and pair.map.pulls else None,
        )
