"""kill -9 at every database command of a private answer: once, linked, and in one place."""

import itertools
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from inbox.clock import FixedClock, SystemClock
from inbox.conversations.changes import KeepMessage
from inbox.conversations.model import Author, IdentityRef, MessageRef, ThreadRef
from inbox.ids import message_key
from inbox.mongo.client import Mongo
from tests.crash.fleet import Fleet
from tests.crash.server import KillPoint, Moment, Start
from tests.crash.truths import forget
from tests.failpoints import end_open_transactions
from tests.fake_messenger import FakePlatform, Taken
from tests.inbox.inbox_world import an_actor
from tests.reply_world import PAGE, ReplyWorld
from tests.waiting import until

pytestmark = pytest.mark.crash

_CLAIM = "update:conversations"
_WORDS = "Em chào chị ạ"
_FEWEST = 5
"""Commands of one delivery; a run with fewer has not looked at all of it."""


@dataclass(slots=True)
class Scene:
    """A comment, and an answer to it that waits for a server, which is killed."""

    mongo: Mongo
    servers: Fleet
    start: Start
    folder: Path
    runs: int = 0

    async def run(self, kill: KillPoint) -> bool:
        """Whether the server killed itself; what it left behind is brought to its end."""
        await forget(self.mongo)
        self.runs += 1
        file = self.folder / f"taken{self.runs}"
        clock = FixedClock(SystemClock().now())
        world = ReplyWorld(self.mongo, clock, self.folder, FakePlatform(file=file))
        thread = await world.thread(kind="comment")
        root = (await world.conversation_of(thread))["external_id"]
        comment = message_key("facebook", PAGE, root)
        await world.message(thread, "Inbox nhé", at=clock.now(), _id=comment, external_id=root)
        answer = await world.say(thread, _WORDS, private=True, reply_to=comment)
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
        if not world.platform.taken:  # killed before the call: nobody knew, so a person decides
            assert (await world.kept(answer))["error"]["code"] == "fate_unknown"
            await world.replies.retry(answer, "resend", an_actor("lan", "bot1"))
            await world.deliver_all()
        [taken] = world.platform.taken
        await world.apply(_echo(taken, clock))
        await self.check(world, answer, comment)
        return killed

    async def check(self, world: ReplyWorld, answer: str, comment: str) -> None:
        kept = await world.kept(answer)
        home = await world.conversation_of(kept["conversation_id"])
        assert (kept["status"], home["kind"]) == ("sent", "inbox")
        assert home["last"]["message_id"] == answer
        linked = (await world.kept(comment))["private_answer"]
        assert linked == {"message_id": answer, "conversation_id": home["_id"]}
        left = await world.conversation_of((await world.kept(comment))["conversation_id"])
        assert left["last"]["message_id"] == comment
        said = self.mongo["messages"].find({"direction": "out", "at": {"$type": "date"}})
        assert [one["_id"] async for one in said] == [answer]


def _echo(taken: Taken, clock: FixedClock) -> KeepMessage:
    """As the page's webhook tells it, in the inbox of whoever wrote the comment."""
    person = f"who-wrote-{taken.comment_id}"
    return KeepMessage(
        message=MessageRef("facebook", PAGE, taken.id),
        thread=ThreadRef("facebook", PAGE, "inbox", person),
        customer=IdentityRef("facebook", PAGE, person),
        direction="out",
        author=Author("automation"),
        at=clock.now(),
        text=taken.text,
        own=True,
        extra={"metadata": taken.reference},
    )


@pytest.fixture
async def scene(mongo: Mongo, servers: Fleet, start: Start, tmp_path: Path) -> Scene:
    world = ReplyWorld(mongo, FixedClock(SystemClock().now()), tmp_path)
    await world.connect()
    return Scene(mongo, servers, replace(start, poll=timedelta(milliseconds=100)), tmp_path)


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_kill_at_every_command_gives_one_private_answer_in_the_persons_inbox(
    scene: Scene, moment: Moment
) -> None:
    for number in itertools.count(1):
        if not await scene.run(KillPoint(moment, number, counted_from=_CLAIM)):
            assert number > _FEWEST
            return
