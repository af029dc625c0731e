"""Both sides edit, pushes and polls come whenever, some of what was read is applied late:
in the end both have the same, and rest.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from crm_sync.connectors.model import RemoteRecord, Value
from crm_sync.mapping.echoes import Wrote
from crm_sync.mapping.incoming import Known, compare
from crm_sync.mapping.normal import value_hash
from crm_sync.mapping.outgoing import update
from crm_sync.mapping.pairing import Names, Pair
from crm_sync.mapping.transforms import written
from inbox.customers.fields import with_changes
from inbox.tags.model import tag_key
from tests.crm_sync.mapping.fields_of_shop import (
    NOON,
    OTHER_PHONE,
    PHONE,
    UNHURRIED,
    customer,
    pair,
    record,
)

NAMES = Names(tags={"t1": "VIP", "t2": "Khách sỉ", "t3": "Mới"})
TAG_IDS = {tag_key(name): id_ for id_, name in NAMES.tags.items()}

HERE: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.fixed_dictionaries({"phones": st.lists(st.sampled_from([PHONE, OTHER_PHONE]), unique=True)}),
    st.fixed_dictionaries({"note": st.sampled_from(["", "a", "b <c>\nd"])}),
    st.fixed_dictionaries({"tag_ids": st.lists(st.sampled_from(["t1", "t2"]), unique=True)}),
)
THERE: st.SearchStrategy[dict[str, Value]] = st.one_of(
    st.fixed_dictionaries({"phone": st.sampled_from([None, "0912 345 678", "0933333333"])}),
    st.fixed_dictionaries({"comment": st.sampled_from([None, "<p>a</p>", "<p>x<br/>y</p>\n"])}),
    st.fixed_dictionaries({"category_id": st.sampled_from([(), ("VIP",), ("Mới", "vip")])}),
)
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("here"), HERE),
        st.tuples(st.just("there"), THERE),
        st.tuples(st.sampled_from(["push", "poll", "read", "apply"]), st.none()),
    ),
    max_size=25,
)


@dataclass
class Shop:
    """A customer and a record, with the worker between them; a second passes with each event."""

    pairs: tuple[Pair, ...]
    here: dict[str, Any] = field(default_factory=customer)
    there: RemoteRecord = field(
        default_factory=lambda: record({"phone": None, "comment": None, "category_id": ()})
    )
    known: Known = field(default_factory=Known)
    dirty: set[str] = field(default_factory=set)
    now: datetime = NOON
    writes: int = 0
    read: tuple[RemoteRecord, datetime] = field(init=False)

    def __post_init__(self) -> None:
        self.read = (self.there, self.now)

    def happen(self, what: str, values: Any = None) -> None:
        self.now += timedelta(milliseconds=400)
        match what:
            case "here":
                self.here |= values
                self.dirty |= values.keys()
                at = dict.fromkeys(values, self.now)
                self.known = replace(self.known, edited_at={**self.known.edited_at, **at})
            case "there":
                self._change_there(values)
            case "push":
                self._push()
            case "read":
                self.read = (self.there, self.now)
            case "apply":
                self._apply(*self.read)
            case _:
                self._apply(self.there, self.now)

    def _change_there(self, values: dict[str, Value]) -> None:
        at = self.now.replace(microsecond=0)
        self.there = replace(self.there, values={**self.there.values, **values}, changed_at=at)

    def _push(self) -> None:
        found = update(self.pairs, self.here, NAMES, self.dirty, self.known.synced)
        edit, self.dirty = found.edit, set()
        if edit.is_empty:
            return
        self.writes += 1
        values = dict(edit.values)
        if edit.add_tags or edit.remove_tags:
            old = self.there.values["category_id"]
            assert isinstance(old, tuple)
            tags = {tag_key(name): name for name in old}
            tags |= {tag_key(name): name for name in edit.add_tags.get("category_id", ())}
            for name in edit.remove_tags.get("category_id", ()):
                tags.pop(tag_key(name), None)
            values["category_id"] = tuple(tags.values())
        self._change_there(values)
        rows = tuple(
            Wrote(name, one.theirs, self.now, self.there.changed_at)
            for name, one in found.synced.items()
        )
        self.known = replace(
            self.known,
            synced={**self.known.synced, **found.synced},
            ledger=(*self.known.ledger, *rows),
        )

    def _apply(self, read: RemoteRecord, read_at: datetime) -> None:
        found = compare(self.pairs, self.here, read, self.known, NAMES, read_at)
        self.here = with_changes(self.here, found.edit)
        tags = set(self.here.get("tag_ids", ()))
        tags |= {TAG_IDS[tag_key(name)] for name in found.tags.add}
        tags -= {TAG_IDS[tag_key(name)] for name in found.tags.remove}
        self.here["tag_ids"] = sorted(tags)
        self.dirty |= set(found.pushes)
        synced = {**self.known.synced, **found.synced}
        self.known = replace(self.known, synced=synced, ledger=found.ledger)

    def differing(self) -> list[str]:
        return [
            pair_.theirs
            for pair_ in self.pairs
            if value_hash(pair_, written(pair_, self.here, NAMES))
            != value_hash(pair_, self.there.values[pair_.theirs])
        ]


@settings(UNHURRIED, max_examples=300)
@given(EVENTS, st.sampled_from(["inbox_wins", "crm_wins", "newest_wins"]))
def test_both_sides_end_with_the_same_and_then_nobody_writes(
    events: list[tuple[str, Any]], policy: str
) -> None:
    """Acceptance 9 to 12, in any order."""
    how: dict[str, Any] = {"direction": "both", "conflict": policy}
    shop = Shop((pair("phones", **how), pair("note", **how), pair("tag_ids", **how)))
    for what, values in events:
        shop.happen(what, values)

    for _ in range(4):
        shop.happen("push")
        shop.happen("poll")
    assert shop.differing() == []

    before = (shop.here, shop.there, shop.writes)
    for _ in range(5):
        shop.happen("poll")
        shop.happen("push")
    assert (shop.here, shop.there, shop.writes) == before


@settings(UNHURRIED, max_examples=150)
@given(EVENTS)
def test_crm_that_only_follows_changes_nothing_here(events: list[tuple[str, Any]]) -> None:
    shop = Shop((pair("phones"), pair("note"), pair("tag_ids")))
    ours: dict[str, Any] = {}
    for what, values in events:
        shop.happen(what, values)
        ours |= values if what == "here" else {}

    shop.happen("poll")

    assert {path: sorted(shop.here[path]) for path in ours} == {
        path: sorted(value) for path, value in ours.items()
    }
