"""kill -9 at every database command of a delivery: each part once, in order, or in doubt."""

import itertools
from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from inbox.clock import FixedClock, SystemClock
from inbox.mongo.client import Mongo
from tests.crash.fleet import Fleet
from tests.crash.server import KillPoint, Moment, Start
from tests.crash.truths import forget
from tests.failpoints import end_open_transactions
from tests.fake_messenger import FakePlatform
from tests.reply_world import ReplyWorld
from tests.waiting import until

pytestmark = pytest.mark.crash

_CLAIM = "update:conversations"
_LONG = "Một tin dài hơn bốn mươi ký tự là hai tin của kênh"
_TEXTS = [_LONG, "Hai", "Ba"]
_FEWEST = 30
"""Commands of a delivery of four parts; a run with fewer has not looked at all of it."""


@dataclass(slots=True)
class Scene:
    """Messages that wait for a server, which is killed, and what the customer then has."""

    mongo: Mongo
    servers: Fleet
    start: Start
    folder: Path
    runs: int = 0

    async def run(self, kill: KillPoint, *, hides: bool) -> bool:
        """Whether the server killed itself; what it left behind is brought to its end."""
        await forget(self.mongo)
        self.runs += 1
        file = self.folder / f"taken{self.runs}"
        clock = FixedClock(SystemClock().now())
        world = ReplyWorld(self.mongo, clock, self.folder, FakePlatform(file=file, hides=hides))
        thread = await world.thread()
        ids = [await world.say(thread, text) for text in _TEXTS]
        server = await self.servers.start(replace(self.start, kill=kill, sends_to=file))

        async def is_over() -> bool:
            waiting = await self.mongo["conversations"].find_one({"delivery": {"$exists": True}})
            return not server.alive or waiting is None

        await until(is_over)
        killed = not server.alive
        self.servers.end()
        end_open_transactions(self.start.uri)
        clock.advance(timedelta(minutes=5))
        await world.deliver_all()
        await self.check(world, ids, hides=hides)
        return killed

    async def check(self, world: ReplyWorld, ids: list[str], *, hides: bool) -> None:
        taken = [one.reference for one in world.platform.taken]
        messages = [await world.kept(id_) for id_ in ids]
        parts = [(one, part) for one in messages for part in one["parts"]]
        known = [f"out:{one['_id']}:{part['n']}" for one, part in parts]
        assert max(Counter(taken).values()) == 1, "sent twice"
        assert taken == [one for one in known if one in taken], "out of order"
        for (_, part), reference in zip(parts, known, strict=True):
            if part["state"] == "sent":
                assert reference in taken
            else:
                code = "fate_unknown" if hides else "not_received"
                assert (part["state"], part["error"]["code"]) == ("failed", code)
        doubtful = [part for _, part in parts if part["state"] == "failed"]
        assert len(doubtful) <= 1
        lost = [one for one in known if one not in taken]
        assert len(lost) <= len(doubtful)
        if not hides:
            assert len(doubtful) == len(lost), "what arrived is found in the history"


@pytest.fixture
async def scene(mongo: Mongo, servers: Fleet, start: Start, tmp_path: Path) -> Scene:
    world = ReplyWorld(mongo, FixedClock(SystemClock().now()), tmp_path)
    await world.connect()
    poll = timedelta(milliseconds=100)
    return Scene(mongo, servers, replace(start, poll=poll), tmp_path)


async def _kill_everywhere(scene: Scene, moment: Moment, *, hides: bool) -> None:
    for number in itertools.count(1):
        kill = KillPoint(moment, number, counted_from=_CLAIM)
        if not await scene.run(kill, hides=hides):
            assert number > _FEWEST
            return


async def test_a_kill_before_every_command_sends_nothing_twice_and_loses_nothing(
    scene: Scene,
) -> None:
    await _kill_everywhere(scene, "before", hides=False)


@pytest.mark.torture
@pytest.mark.parametrize(("moment", "hides"), [("after", False), ("before", True)])
async def test_a_kill_at_every_command_sends_nothing_twice(
    scene: Scene, moment: Moment, *, hides: bool
) -> None:
    await _kill_everywhere(scene, moment, hides=hides)
