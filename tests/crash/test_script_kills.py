"""kill -9 at every command and request of timed scripts: each step once, in order, with an end."""

import itertools
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from inbox.clock import FixedClock
from inbox.mongo.client import Document, Mongo
from tests.crash.script_shift import Ended, Point, Shift, worked
from tests.crash.script_truths import judge
from tests.crash.server import Moment
from tests.failpoints import end_open_transactions
from tests.fake_messenger import TEXT_LIMIT, FakePlatform, Taken
from tests.scheduler.script_world import ScriptWorld, script_world, step

pytestmark = [pytest.mark.crash, pytest.mark.timeout(3600)]

_LONG = "Một tin dài hơn bốn mươi ký tự là hai tin của kênh"
_STRIDE = 13
"""Points from one run to the next, where not all of them are looked at."""
_DAYS = timedelta(days=3)
_STEPS = 5
_CLOSED = 2
"""Steps that come after Facebook has closed the window."""
_FEWEST = 20
"""Commands and requests of such a worker; one with fewer was not watched all the time."""
_TOLD = {"script_attached": 2, "script_stopped": 1}
"""Rows of the timeline, by their type."""
PEOPLE = ("hoa", "nam", "mai")
MOMENTS = pytest.mark.parametrize("moment", ["before", "after"])


@dataclass(slots=True)
class Scene:
    """A database as it was before a worker came; every run begins there."""

    mongo: Mongo
    uri: str
    folder: Path
    since: datetime
    kept: dict[str, list[Document]]
    hears: str | None = None
    runs: int = 0

    async def run(self, kill: Point | None) -> tuple[Ended, list[Taken]]:
        """A worker that kills itself, and another one that goes on; what the customers got."""
        await self._restore()
        self.runs += 1
        taken = self.folder / f"taken{self.runs}"
        first = Shift(
            self.uri,
            self.mongo.db.name,
            self.folder,
            taken,
            self.since,
            self.since + _DAYS,
            kill,
            (self.hears, self.since) if self.hears is not None else None,
        )
        ended = await worked(first)
        if ended.killed:
            end_open_transactions(self.uri)
            await worked(replace(first, kill=None, since=ended.at))
        return ended, FakePlatform(file=taken).taken

    async def _restore(self) -> None:
        for name in await self.mongo.db.list_collection_names(filter={"type": "collection"}):
            await self.mongo[name].delete_many({})
            if self.kept.get(name):
                await self.mongo[name].insert_many(self.kept[name])


async def _scene(world: ScriptWorld, uri: str, folder: Path, hears: str | None = None) -> Scene:
    names = await world.mongo.db.list_collection_names(filter={"type": "collection"})
    kept = {name: await world.mongo[name].find().to_list() for name in names}
    return Scene(world.mongo, uri, folder, world.clock.now(), kept, hears)


@pytest.fixture
async def steps_due(mongo: Mongo, mongo_uri: str, clock: FixedClock, tmp_path: Path) -> Scene:
    """Three customers of two channels on two scripts, whose steps are due at the same moments."""
    async with script_world(mongo, clock, tmp_path) as world:
        people = [await world.writes("hoa"), await world.writes("nam")]
        people.append(await world.writes("mai", channel="zalo"))
        first = await world.script(step(1, text="A1"), step(1, text=_LONG), step(30, text="A3"))
        second = await world.script(step(1, text="B1"), step(1, text="B2"))
        for person in people:
            answer = await world.attach(person, first, second)
            assert [one["outcome"] for one in answer.json["items"]] == ["created"] * 2
        return await _scene(world, mongo_uri, tmp_path)


@MOMENTS
async def test_a_kill_on_the_way_of_a_step_sends_nothing_twice(
    steps_due: Scene, moment: Moment
) -> None:
    """X.SCR.13: kill the worker at every point of the send path: never two messages of one step.

    Here at some of them; at each in the full size.
    """
    first = 1 if moment == "before" else _STRIDE // 2
    await _kill_at_each(steps_due, (Point(moment, n) for n in itertools.count(first, _STRIDE)))


@pytest.mark.torture
@MOMENTS
async def test_a_kill_anywhere_on_the_way_of_a_step_sends_nothing_twice(
    steps_due: Scene, moment: Moment
) -> None:
    """X.SCR.13."""
    await _kill_at_each(steps_due, (Point(moment, n, reads=True) for n in itertools.count(1)))


_EXPECTED = ["A1", "B1", _LONG[:TEXT_LIMIT], _LONG[TEXT_LIMIT:], "B2", "A3"]
"""What one customer gets, in this order; the last only where the window is long enough."""


async def _kill_at_each(scene: Scene, points: Iterable[Point]) -> None:
    for point in points:
        ended, taken = await scene.run(point)
        verdict = await judge(scene.mongo, taken)
        assert verdict.ended.total() == len(PEOPLE) * _STEPS
        assert verdict.ended["skipped: window"] == _CLOSED
        assert verdict.lost <= len(PEOPLE), "one part of each conversation is in flight at most"
        for person in PEOPLE:
            got = [one.text for one in taken if one.recipient == person]
            assert got == [text for text in _EXPECTED if text in got], "out of order"
        if not ended.killed:
            assert verdict.lost == 0
            assert point.number > _FEWEST, "the way was shorter than it can be"
            return


@pytest.fixture
async def something_heard(mongo: Mongo, mongo_uri: str, clock: FixedClock, tmp_path: Path) -> Scene:
    """Hoa is on a script that her words stop; they are the keyword of another one."""
    async with script_world(mongo, clock, tmp_path) as world:
        hoa = await world.writes("hoa")
        stopped = await world.script(step(1), stops={"on": ["customer_replies"]})
        keyword = {"kind": "keyword", "words": ["bảng giá"]}
        await world.script(step(1, "second", text="Giá đây"), triggers=[keyword], repeat=True)
        await world.attached(hoa, stopped)
        clock.advance(timedelta(minutes=1))
        return await _scene(world, mongo_uri, tmp_path, hears="Cho xem bảng giá")


@MOMENTS
async def test_a_kill_while_a_customer_is_heeded_stops_once_and_attaches_once(
    something_heard: Scene, moment: Moment
) -> None:
    """X.SCR.08, X.SCR.13: one stop, one enrolment, whenever the worker dies."""
    stride = 1 if moment == "before" else 4
    points = (Point(moment, n) for n in itertools.count(1, stride))
    await _kill_while_heeding(something_heard, points)


@pytest.mark.torture
@MOMENTS
async def test_a_kill_anywhere_while_a_customer_is_heeded_stops_once_and_attaches_once(
    something_heard: Scene, moment: Moment
) -> None:
    """X.SCR.08, X.SCR.13."""
    points = (Point(moment, n, reads=True) for n in itertools.count(1))
    await _kill_while_heeding(something_heard, points)


async def _kill_while_heeding(scene: Scene, points: Iterable[Point]) -> None:
    for point in points:
        ended, taken = await scene.run(point)
        verdict = await judge(scene.mongo, taken)
        found = await scene.mongo["enrolments"].find().sort("started_at", 1).to_list()
        told = [(one["status"], one.get("reason"), one["via"]) for one in found]
        assert told == [("stopped", "customer_replied", "staff"), ("done", None, "keyword")]
        assert len(taken) == 1 - verdict.lost
        rows = scene.mongo["interactions"].find({"type": {"$regex": "^script_"}})
        assert Counter([one["type"] async for one in rows]) == _TOLD
        if not ended.killed:
            assert point.number > _FEWEST
            return
