"""Scripts and people in one conversation: what goes into a message's transaction, who is silent."""

import asyncio
from pathlib import Path

import pytest

from inbox.clock import FixedClock
from inbox.conversations.replying.model import Reply
from inbox.mongo.client import Mongo, Session
from tests.reply_world import SCRIPT, ReplyWorld

HELLO = Reply(client_id="c1", text="Chào bạn")


@pytest.fixture
async def world(mongo: Mongo, clock: FixedClock, tmp_path: Path) -> ReplyWorld:
    world = ReplyWorld(mongo, clock, tmp_path)
    await world.connect()
    return world


class Beside:
    """Writes a document of its own in the transaction of a message."""

    def __init__(self, mongo: Mongo) -> None:
        self._notes = mongo["beside"]

    async def write(self, session: Session) -> None:
        await self._notes.insert_one({"said": True}, session=session)

    async def refuse(self, session: Session) -> None:
        await self.write(session)
        raise LookupError

    async def count(self) -> int:
        return await self._notes.count_documents({})


async def test_what_is_written_with_a_message_stands_if_and_only_if_it_does(
    world: ReplyWorld, mongo: Mongo
) -> None:
    thread, beside = await world.thread(), Beside(mongo)

    with pytest.raises(LookupError):
        await world.replies.post_within(thread, HELLO, SCRIPT, beside.refuse)
    assert await beside.count() == 0
    assert await mongo["messages"].count_documents({}) == 0

    view, is_new = await world.replies.post_within(thread, HELLO, SCRIPT, beside.write)
    again, is_new_again = await world.replies.post_within(thread, HELLO, SCRIPT, beside.write)

    assert (is_new, is_new_again) == (True, False)
    assert again["id"] == view["id"]
    assert await beside.count() == 1


async def test_of_two_at_once_one_is_new(world: ReplyWorld, mongo: Mongo) -> None:
    thread, beside = await world.thread(), Beside(mongo)
    await mongo.db.create_collection("beside")

    posts = (world.replies.post_within(thread, HELLO, SCRIPT, beside.write) for _ in range(6))
    told = await asyncio.gather(*posts)

    assert sorted(is_new for _, is_new in told) == [False] * 5 + [True]
    assert await beside.count() == 1
