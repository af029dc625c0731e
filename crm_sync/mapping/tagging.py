"""Tags on both sides are sets, so both may change at once and nobody loses."""

from collections.abc import Collection
from dataclasses import dataclass

from crm_sync.connectors.model import Value
from crm_sync.mapping.model import FieldMap
from crm_sync.mapping.values import tags_by_key, texts_of


@dataclass(frozen=True, slots=True)
class TagChange:
    """Names of tags that a customer gets and loses."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.add or self.remove)

    def of(self, names: Collection[str]) -> list[str]:
        """These names after the change."""
        known = tags_by_key([*names, *self.add])
        gone = tags_by_key(self.remove)
        return [name for key, name in known.items() if key not in gone]


@dataclass(frozen=True, slots=True)
class TagsCompared:
    """`agreed` are the tags that both sides have once `change` is made here, and those that are
    still to be taken away there.
    """

    change: TagChange
    push: bool
    agreed: tuple[str, ...]


def compare_tags(
    field: FieldMap, ours: Value, theirs: Value, last: tuple[str, ...]
) -> TagsCompared:
    """What came and went there since `last`, and whether something did so here.

    `last` are the names that both sides had. Tags there that never were on both sides are those
    of the CRM's people: they are taken if the field is pulled, and never removed.
    """
    here, there = tags_by_key(texts_of(ours)), tags_by_key(texts_of(theirs))
    both = tags_by_key(last)
    added, removed = there.keys() - both.keys() - here.keys(), (both.keys() - there.keys())
    if not field.pulls:
        added, removed = set(), set()
    held: set[str] = set()
    if not there and field.clear == "keep":
        removed, held = set(), set(both)
    change = TagChange(_names(there, added), _names(here, removed & here.keys()))
    after = (here.keys() | added) - removed
    push = bool((after - there.keys() - held) or (both.keys() - after - removed))
    agreed = (there.keys() | held) & (after | both.keys())
    return TagsCompared(change, field.pushes and push, _names({**there, **both}, agreed))


def _names(known: dict[str, str], keys: set[str]) -> tuple[str, ...]:
    return tuple(sorted(known[key] for key in keys))
