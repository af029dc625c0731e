"""Scripts and people in one conversation: what goes into a message's transaction, who is silent."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from inbox.clock import FixedClock
from inbox.conversations.model import Author
from inbox.conversations.replying.errors import AutomationPaused, CustomerOptedOut
from inbox.conversations.replying.model import Reply, Writer
from inbox.mongo.client import Mongo, Session
from tests.inbox.inbox_world import an_actor
from tests.reply_world import LAN, SCRIPT, ReplyWorld

BOT = Writer(Author("bot", "b", "Bot"), is_human=False)
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


async def test_a_script_is_silent_after_an_answer_of_a_person(
    world: ReplyWorld, clock: FixedClock
) -> None:
    """X.SCR.10: and speaks when the pause is over; each answer starts it anew."""
    thread = await world.thread()
    await world.say(thread, "Dạ để em xem")
    clock.advance(timedelta(minutes=20))
    await world.say(thread, "Dạ còn ạ")
    until = clock.now() + timedelta(minutes=30)
    clock.advance(timedelta(minutes=29))

    with pytest.raises(AutomationPaused) as refused:
        await world.replies.post(thread, HELLO, SCRIPT)

    assert refused.value.until == until
    assert refused.value.extra() == {"until": "2026-11-22T03:50:00.000Z"}
    clock.advance(timedelta(minutes=1))
    await world.replies.post(thread, HELLO, SCRIPT)


async def test_an_answer_and_the_pause_are_one_update(world: ReplyWorld) -> None:
    """X.SCR.10: nobody sees the one without the other."""
    thread = await world.thread()

    view = await world.replies.post(thread, HELLO, LAN)

    stored = await world.conversation_of(thread)
    event = await world.mongo["live_events"].find_one({"data.message.id": view["id"]})
    assert stored["automation"] == {
        "state": "human",
        "paused_until": stored["last_out_at"] + timedelta(minutes=30),
        "reason": "staff_replied",
    }
    assert event is not None
    assert event["data"]["conversation"]["automation"]["state"] == "human"


async def test_notes_scripts_and_bots_pause_nothing(world: ReplyWorld) -> None:
    thread = await world.thread()

    await world.say(thread, "Khách quen", internal=True)
    await world.say(thread, "Chào bạn", by=SCRIPT)
    await world.say(thread, "Chào bạn", by=BOT)

    assert (await world.conversation_of(thread))["automation"] == {"state": "active"}


async def test_an_answer_that_is_taken_back_pauses_nothing_any_more(world: ReplyWorld) -> None:
    thread = await world.thread()
    message = await world.say(thread, "Nhầm")

    await world.replies.cancel(message, an_actor("lan", "bot1"))

    assert (await world.conversation_of(thread))["automation"] == {"state": "active"}


async def test_a_customer_who_has_opted_out_hears_no_script(
    world: ReplyWorld, clock: FixedClock
) -> None:
    """X.SCR.09: told before anything else; people, and notes of a script, are not held up."""
    now = clock.now()
    thread = await world.thread(opted_out_at=now, window={"until": now, "kind": "standard"})
    await world.mongo["conversations"].update_one(
        {"_id": thread}, {"$set": {"automation": {"state": "human", "at": now}}}
    )

    with pytest.raises(CustomerOptedOut):
        await world.replies.post(thread, HELLO, SCRIPT)
    note = Reply(client_id="c2", text="Khách đã từ chối", internal=True)
    await world.replies.post(thread, note, SCRIPT)
    other = await world.thread(opted_out_at=now)
    await world.say(other, "Dạ vâng ạ")
    await world.say(other, "Chào bạn", by=BOT)


async def test_the_pause_is_told_before_the_closed_window(
    world: ReplyWorld, clock: FixedClock
) -> None:
    thread = await world.thread(
        window={"until": clock.now(), "kind": "standard"}, automation={"state": "human"}
    )

    with pytest.raises(AutomationPaused) as refused:
        await world.replies.post(thread, HELLO, SCRIPT)

    assert refused.value.extra() == {"until": None}


async def test_an_answer_is_told_to_automations_where_there_are_some(world: ReplyWorld) -> None:
    plain, automated = await world.thread(), await world.thread(automated=True)
    await world.say(plain, "Dạ")
    await world.say(automated, "Ghi chú", internal=True)
    await world.say(automated, "Chào bạn", by=SCRIPT)
    message = await world.say(automated, "Dạ")

    signal = await world.mongo["signals"].find_one({}, {"work": 0, "_id": 0})

    stored = await world.conversation_of(automated)
    assert await world.mongo["signals"].count_documents({}) == 1
    assert signal == {
        "kind": "staff_wrote",
        "at": (await world.kept(message))["at"],
        "customer_id": stored["customer_id"],
        "bot_id": "bot1",
        "conversation_id": automated,
        "message_id": message,
    }


async def test_what_waits_to_be_sent_is_not_sent_after_stop(
    world: ReplyWorld, clock: FixedClock
) -> None:
    """X.SCR.09: nothing automatic goes out any more; what people say does."""
    thread = await world.thread()
    by_script = await world.say(thread, "Chào bạn", by=SCRIPT)
    by_lan = await world.say(thread, "Dạ vâng ạ")
    opted_out = {"$set": {"opted_out_at": clock.now()}}
    await world.mongo["conversations"].update_one({"_id": thread}, opted_out)

    await world.deliver_all()

    assert world.platform.texts == ["Dạ vâng ạ"]
    assert await world.status(by_lan) == "sent"
    kept = await world.kept(by_script)
    assert (kept["status"], kept["error"]["code"]) == ("failed", "opted_out_meanwhile")
