"""What a customer's edit is in the CRM: the changed fields, and nothing else."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from crm_sync.connectors.model import Edit, Value
from crm_sync.mapping.model import TAGS
from crm_sync.mapping.normal import value_hash
from crm_sync.mapping.pairing import Names, Pair
from crm_sync.mapping.reasons import Reason, Unfit
from crm_sync.mapping.synced import Synced
from crm_sync.mapping.transforms import written
from crm_sync.mapping.values import parts_of, tags_by_key, texts_of


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A field whose value the CRM cannot hold; the others go without it."""

    pair: Pair
    reason: Reason


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One edit of a record; `synced` is what to remember once it is written."""

    edit: Edit
    synced: Mapping[str, Synced]
    left_out: tuple[LeftOut, ...] = ()


def creation(pairs: Collection[Pair], customer: Mapping[str, Any], names: Names) -> Outgoing:
    """A new record: everything that goes to the CRM and is not empty, the name as well."""
    draft = _Draft()
    for pair in pairs:
        if pair.map.pushes:
            _add(draft, pair, customer, names, None)
    return draft.outgoing()


def update(
    pairs: Collection[Pair],
    customer: Mapping[str, Any],
    names: Names,
    dirty: Collection[str],
    synced: Mapping[str, Synced],
) -> Outgoing:
    """The state now of the fields that were edited, as far as it is news to the CRM.

    An emptied field is emptied there if both sides had a value: what was never ours stays.

    Args:
        pairs: the fields that can be used, see checking.py.
        customer: as it is stored now; only its fields are read.
        names: of tags and people.
        dirty: the paths of ours that were edited since they were written last.
        synced: by field of the CRM, what was remembered then.
    """
    draft = _Draft()
    for pair in pairs:
        if pair.map.ours in dirty and pair.map.pushes and not pair.map.is_only_at_creation:
            _add(draft, pair, customer, names, synced.get(pair.theirs))
    return draft.outgoing()


@dataclass(slots=True)
class _Draft:
    values: dict[str, Value] = field(default_factory=dict)
    add_tags: dict[str, tuple[str, ...]] = field(default_factory=dict)
    remove_tags: dict[str, tuple[str, ...]] = field(default_factory=dict)
    synced: dict[str, Synced] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)

    def outgoing(self) -> Outgoing:
        edit = Edit(self.values, self.add_tags, self.remove_tags)
        return Outgoing(edit, self.synced, tuple(self.left_out))


def _add(
    draft: _Draft, pair: Pair, customer: Mapping[str, Any], names: Names, last: Synced | None
) -> None:
    try:
        value = written(pair, customer, names)
    except Unfit as unfit:
        draft.left_out.append(LeftOut(pair, unfit.reason))
        return
    if pair.way == "tags":
        _add_tags(draft, pair, texts_of(value), last)
    else:
        _add_value(draft, pair, value, last)


def _add_value(draft: _Draft, pair: Pair, value: Value, last: Synced | None) -> None:
    now = value_hash(pair, value)
    if last is not None and last.ours == now:
        return
    if not now:
        if pair.map.clear == "keep" or last is None or not last.theirs:
            return
        value = None
    draft.values[pair.theirs] = value
    tags = tuple(parts_of(pair, texts_of(value))) if pair.map.ours == TAGS else ()
    draft.synced[pair.theirs] = Synced(now, now, tags)


def _add_tags(draft: _Draft, pair: Pair, now: list[str], last: Synced | None) -> None:
    """Only tags of ours come and go.

    Where the CRM only follows, all of ours are added again, so that it has them whatever happened
    there. Where it may take tags away itself, only those that are new here.
    """
    new, old = tags_by_key(now), tags_by_key(last.tags if last is not None else ())
    if not new and pair.map.clear == "keep":
        return
    if new.keys() == old.keys():
        return
    added = [name for key, name in new.items() if key not in old or not pair.map.pulls]
    removed = [name for key, name in old.items() if key not in new]
    if added:
        draft.add_tags[pair.theirs] = tuple(sorted(added))
    if removed:
        draft.remove_tags[pair.theirs] = tuple(sorted(removed))
    form = value_hash(pair, tuple(now))
    draft.synced[pair.theirs] = Synced(form, form, tuple(sorted(new.values())))
