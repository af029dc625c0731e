"""Edits on both sides, pushes, polls, lost answers and deaths of the worker, in any order: both
sides agree in the end, and what a person has entered is on a side or in the history.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_sync.mapping.normal import value_hash
from crm_sync.mapping.transforms import written
from tests.crm_sync.conftest import OpenShop
from tests.crm_sync.fake_crm import TAGS
from tests.crm_sync.two_way_shop import LEASE, Died, TwoWayShop, usual

STEPS = ["read", "taking", "taken", "writing", "written", "keeping", "kept"]
FIELDS = st.sampled_from(["phone", "note"])
NAMES = st.sampled_from(["VIP", "Mới", "Khách sỉ"])
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["here", "there"]), FIELDS),
        st.tuples(st.sampled_from(["tag here", "tag there"]), NAMES),
        st.tuples(st.just("push"), st.sampled_from([None, "lost", *STEPS])),
        st.tuples(st.just("look"), st.none()),
    ),
    max_size=14,
)
WAITS = st.lists(st.sampled_from([0.0, 0.4, 3.0]), min_size=14, max_size=14)


@dataclass
class Story:
    """What happens to one customer; `entered` is everything that people have typed."""

    shop: TwoWayShop
    entered: list[str] = field(default_factory=list)
    numbers: int = 0

    async def happen(self, what: str, how: Any) -> None:
        happenings: dict[str, Callable[[Any], Awaitable[None]]] = {
            "here": self._edit_here,
            "there": self._edit_there,
            "tag here": self._tag_here,
            "tag there": self._tag_there,
            "push": self._push,
            "look": lambda _: self.shop.look(),
        }
        await happenings[what](how)

    def _new(self, name: str) -> str:
        """A value that nobody has entered before."""
        number = self.numbers = self.numbers + 1
        self.entered.append(f"+84912345{number:03}" if name == "phone" else f"ghi chú {number:03}")
        return self.entered[-1]

    async def _edit_here(self, name: str) -> None:
        value = self._new(name)
        await self.shop.edit(**({"phones": [value]} if name == "phone" else {"note": value}))

    async def _edit_there(self, name: str) -> None:
        """What people of the CRM write over each other is theirs to remember."""
        if self.shop.crm.records:
            before = self.shop.crm.value("1", name)
            self.entered = [one for one in self.entered if one != before]
            self.shop.crm.edit_as_person("1", **{name: self._new(name)})

    async def _tag_here(self, name: str) -> None:
        if name not in await self.shop.tag_names():
            await self.shop.tag(name)
            return
        for tag in await self.shop.tags.store.all():
            if tag.name == name:
                await self.shop.untag(tag.id)

    async def _tag_there(self, name: str) -> None:
        if self.shop.crm.records:
            had = {*(self.shop.crm.value("1", TAGS) or ())}
            self.shop.crm.edit_as_person("1", **{TAGS: tuple(sorted(had ^ {name}))})

    async def _push(self, fault: str | None) -> None:
        if fault == "lost":
            self.shop.crm.faults = ["lost"]
        else:
            self.shop.dying.at = fault
        try:
            await self.shop.worker.step()
        except Died:
            self.shop.clock.advance(LEASE)
        self.shop.dying.at = None
        self.shop.crm.faults = []

    async def differing(self) -> list[str]:
        here, names = await self.shop.here(), (await self.shop.terms()).names
        return [
            pair.theirs
            for pair in self.shop.pairs
            if not pair.map.is_only_at_creation
            and value_hash(pair, written(pair, here, names))
            != value_hash(pair, self.shop.crm.value("1", pair.theirs))
        ]

    async def history(self) -> str:
        """Everything that either side shows, or that the timeline tells."""
        rows = await self.shop.mongo["interactions"].find({}).to_list()
        told = [one["data"] for one in rows if one["type"] in {"crm_conflict", "edited"}]
        return str([self.shop.crm.records["1"].values, await self.shop.here(), told])


async def _emptied(shop: TwoWayShop) -> None:
    for name in ("customers", "conversations", "interactions", "tags", "crm_connections"):
        await shop.mongo[name].delete_many({})
    await shop.open()


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(EVENTS, WAITS, st.sampled_from(["inbox_wins", "crm_wins", "newest_wins"]))
async def test_both_sides_agree_in_the_end_and_nothing_that_was_typed_is_gone(
    open_shop: OpenShop, events: list[tuple[str, Any]], waits: list[float], policy: str
) -> None:
    """Acceptance 3 and 9 to 13, X.SYN.01, X.SYN.02: in any order."""
    shop = await open_shop(usual(conflict=policy))
    await _emptied(shop)
    story = Story(shop)
    await shop.welcome()
    await story.happen("here", "note")
    for (what, how), seconds in zip(events, waits, strict=False):
        await story.happen(what, how)
        shop.wait(seconds)

    for _ in range(3):
        await shop.push()
        shop.wait(60)
        await shop.poll()

    assert await shop.parked() == []
    assert await story.differing() == []
    shown = await story.history()
    assert [one for one in story.entered if one not in shown] == []
    writes = len(shop.crm.written)
    assert writes <= 3 * len(events) + 3
    for _ in range(3):
        await shop.poll()
    assert len(shop.crm.written) == writes
