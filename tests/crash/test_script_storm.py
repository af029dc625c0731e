"""Four workers of timed scripts, two of them killed -9, their clocks jumping: each step once."""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.serving import migrated
from inbox.clock import FixedClock, SystemClock
from inbox.mongo.client import Document, Mongo
from tests.crash.fleet import Fleet, Server
from tests.crash.script_storm import ScriptStart
from tests.crash.script_truths import judge
from tests.crash.server import Start
from tests.failpoints import transactions_ending_after
from tests.fake_messenger import FakePlatform, Taken
from tests.reply_world import ReplyWorld
from tests.scheduler.script_world import ScriptWorld, script_world, step
from tests.waiting import until

pytestmark = [pytest.mark.crash, pytest.mark.timeout(1800)]

SPEED = 60.0
"""Of all clocks: a minute takes a second."""
_WORKERS = 4
_LATER = timedelta(hours=2)
"""Whatever a clock that had jumped has put off is due by then."""
_BEING_SENT: Document = {"parts.state": "sending"}
_STEPS = (3, 3, 2)
"""Of each script, in the order of their age; every customer runs all of them."""
FIRST = ("A0", "B0", "C0")


@dataclass(slots=True)
class Storm:
    """Workers that live and die, and what the customers got meanwhile."""

    mongo: Mongo
    servers: Fleet
    start: ScriptStart
    folder: Path
    chance: random.Random
    living: list[Server] = field(default_factory=list)
    left_behind: int = 0
    """Messages that were being sent when a worker was killed, those of the others included."""

    @property
    def taken(self) -> list[Taken]:
        return FakePlatform(file=self.start.taken).taken

    async def until_taken(self, share: float, size: int) -> None:
        """Until the customers got so much of what they are to get."""
        file = self.start.taken
        enough = share * size
        await until(
            lambda: file.exists() and file.read_bytes().count(b"\n") >= enough, within_s=300
        )

    async def grow(self, count: int = 1) -> None:
        seeds = [self.chance.randrange(10**6) for _ in range(count)]
        starts = [replace(self.start, seed=seed) for seed in seeds]
        self.living += await asyncio.gather(*(self.servers.start(one) for one in starts))

    async def lose_one(self) -> None:
        """A worker is killed, and another one takes its place."""
        victim = self.chance.choice(self.living)
        self.living.remove(victim)
        await victim.killed()
        self.left_behind += await self.mongo["messages"].count_documents(_BEING_SENT)
        await self.grow()

    async def end(self) -> None:
        """Everything that is left is due now, and taken; what is in doubt is looked for."""
        for server in self.living:
            await server.stopped()
        later = replace(self.start, ahead=_LATER)
        self.living = [await self.servers.start(later) for _ in range(2)]
        await until(self._is_over, within_s=300)
        for server in self.living:
            await server.stopped()
        clock = FixedClock(later.parts().clock.now())
        platform = FakePlatform(file=self.start.taken)
        await ReplyWorld(self.mongo, clock, self.folder, platform).deliver_all()

    async def _is_over(self) -> bool:
        """Whether every step was taken, and every message sent or in doubt."""
        if await self.mongo["enrolments"].find_one({"open": True}) is not None:
            return False
        on_its_way = {"direction": "out", "status": {"$in": ["queued", "sending"]}}
        return await self.mongo["messages"].find_one(on_its_way) is None


async def _shop(world: ScriptWorld, customers: int) -> None:
    """Everybody is on every script; the window of every tenth closes before long."""
    await world.mongo["accounts"].delete_one({"account_id": {"$exists": False}})  # a mere stub
    scripts = [
        await world.script(*(step(1, "minute", f"{name}{n}") for n in range(count)))
        for name, count in zip("ABC", _STEPS, strict=True)
    ]
    for number in range(customers):
        ago = timedelta(hours=23, minutes=59) if number % 10 == 9 else timedelta()
        customer = await world.writes(f"khach{number}", ago=ago)
        await world.attach(customer, *scripts)


@pytest.fixture
async def storm(
    mongo: Mongo, mongo_uri: str, servers: Fleet, start: Start, tmp_path: Path
) -> AsyncIterator[Storm]:
    chance = random.Random(random.SystemRandom().randrange(10**6))
    since = SystemClock().now()
    worker = ScriptStart(
        start.uri, start.database, start.data, taken=tmp_path / "taken", since=since, speed=SPEED
    )
    await migrated(mongo, SystemClock())  # one process at a time: a lease by clocks that agree
    with transactions_ending_after(mongo_uri, 1):
        yield Storm(mongo, servers, worker, tmp_path, chance)
        servers.end()


@pytest.mark.parametrize("customers", [120, pytest.param(500, marks=pytest.mark.torture)])
async def test_four_workers_send_each_step_once(storm: Storm, customers: int) -> None:
    """X.SCR.13, X.SCR.05: two killed -9, their clocks an hour off now and then.

    What the logs say is what the database has is what the platform got.
    """
    seed = storm.chance.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    storm.chance.seed(seed)
    size = customers * sum(_STEPS)
    async with script_world(storm.mongo, FixedClock(SystemClock().now()), storm.folder) as world:
        await _shop(world, customers)
    storm.start = replace(storm.start, since=SystemClock().now())
    began = time.monotonic()
    await storm.grow(_WORKERS)
    for low, high in ((0.1, 0.3), (0.35, 0.55)):
        await storm.until_taken(storm.chance.uniform(low, high), size)
        await storm.lose_one()
    await storm.until_taken(0.65, size)
    await storm.end()
    took = time.monotonic() - began

    verdict = await judge(storm.mongo, storm.taken)
    print(verdict, storm.left_behind, f"{took:.1f} s")  # noqa: T201 - the numbers of a run
    assert verdict.ended.total() == size
    assert verdict.lost <= storm.left_behind
    _assert_older_scripts_go_first(storm.taken)


def _assert_older_scripts_go_first(taken: Sequence[Taken]) -> None:
    """First steps are due at one moment, whichever worker takes which of them."""
    first: defaultdict[str, list[str | None]] = defaultdict(list)
    for one in taken:
        if one.text in FIRST:
            first[one.recipient].append(one.text)
    for texts in first.values():
        assert texts == [text for text in FIRST if text in texts], "out of order"
