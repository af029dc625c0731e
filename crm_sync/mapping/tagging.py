"""Tags on both sides are sets, so both may change at once and nobody loses."""

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


@dataclass(frozen=True, slots=True)
class TagsCompared:
    """`agreed` are the tags that both sides have once `change` is made here."""

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
    if not there and field.clear == "keep":
        removed = set()
    change = TagChange(_names(there, added), _names(here, removed & here.keys()))
    after = (here.keys() | added) - removed
    kept = after & there.keys()
    push = field.pushes and bool((after - there.keys()) or (both.keys() - after - removed))
    return TagsCompared(change, push, _names({**there, **both}, kept))


def _names(known: dict[str, str], keys: set[str]) -> tuple[str, ...]:
    return tuple(sorted(known[key] for key in keys))
