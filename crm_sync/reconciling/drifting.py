"""In which fields a record is not what both sides had last, nor what we have now. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crm_sync.connectors.model import RemoteRecord, Value
from crm_sync.mapping.incoming import Known, compare
from crm_sync.mapping.normal import value_hash
from crm_sync.mapping.pairing import Names, Pair
from crm_sync.mapping.reasons import MASKED, Unfit
from crm_sync.mapping.synced import Synced
from crm_sync.mapping.transforms import taken, written
from crm_sync.mapping.values import tags_by_key, texts_of
from crm_sync.mirroring.model import Mirrored
from crm_sync.mirroring.terms import Terms


@dataclass(frozen=True, slots=True)
class Drift:
    """What has come apart of one customer.

    `to_read` are fields of the CRM that its people may have changed: the worker reads the record
    and decides. `to_write` are those that only we write, with what is to be remembered of each:
    what stands there counts as agreed on, so that ours, or that it is empty, is news to the CRM.
    `paths` are ours of the latter, by the same names.
    """

    to_read: tuple[str, ...] = ()
    to_write: Mapping[str, Synced] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)

    @property
    def fields(self) -> tuple[str, ...]:
        """By their names in the CRM."""
        return (*self.to_read, *self.to_write)

    def __bool__(self) -> bool:
        return bool(self.fields)


def drift_of(
    customer: Mapping[str, Any],
    record: RemoteRecord,
    known: Mirrored,
    terms: Terms,
    read_at: datetime,
) -> Drift:
    """How a record differs that was read at `read_at`.

    A field that we never wrote is not ours to mend, and one that is parked waits for a person.
    """
    parked = {path for one in known.parked for path in one.fields}
    pairs = [one for one in terms.pairs if one.map.ours not in parked]
    remembered = Known(known.synced, known.wrote, known.edited_at)
    pulled = [one for one in pairs if one.map.pulls]
    found = compare(pulled, customer, record, remembered, terms.names, read_at)
    read = [one for one in found.outcomes if one.take is not None or one.push or one.lost]
    again = [
        (one, synced)
        for one in pairs
        if one.theirs in record.values and not (one.map.pulls or one.map.is_only_at_creation)
        if (synced := _again(one, customer, record.values[one.theirs], known, terms.names))
    ]
    return Drift(
        tuple(one.pair.theirs for one in read),
        {one.theirs: synced for one, synced in again},
        {one.theirs: one.map.ours for one, _ in again},
    )


def _again(
    pair: Pair, customer: Mapping[str, Any], theirs: Value, known: Mirrored, names: Names
) -> Synced | None:
    """What to remember so that ours is written again; None: it need not be."""
    last = known.synced.get(pair.theirs)
    if last is None:
        return None
    try:
        value = written(pair, customer, names)
    except Unfit:
        return None
    if pair.way == "tags":
        return _tags_again(pair, value, theirs, last)
    ours, there = value_hash(pair, value), value_hash(pair, theirs)
    if ours == there or Synced(ours, there) == last:
        return None
    if not ours and pair.map.clear == "keep":
        return None
    return None if _is_masked(pair, theirs, customer, names) else Synced(there, there)


def _tags_again(pair: Pair, ours: Value, theirs: Value, last: Synced) -> Synced | None:
    """Only tags of ours are looked for: what else the record carries is its people's."""
    new, old = tags_by_key(texts_of(ours)), tags_by_key(last.tags)
    there = tags_by_key(texts_of(theirs))
    lacks, has_still = new.keys() - there.keys(), (old.keys() - new.keys()) & there.keys()
    if not (lacks or has_still) or (not new and pair.map.clear == "keep"):
        return None
    agreed = tuple(sorted(name for key, name in old.items() if key in there))
    form = value_hash(pair, agreed)
    return Synced(form, form, agreed)


def _is_masked(pair: Pair, theirs: Value, customer: Mapping[str, Any], names: Names) -> bool:
    """Whether the CRM hides the value from us, so that nobody knows whether it differs."""
    try:
        taken(pair, theirs, customer, names)
    except Unfit as unfit:
        return unfit.reason.code == MASKED
    return False
