"""Echo and answer of one send, in either order, with and without a name: always one message."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.conversations.changes import (
    Acknowledge,
    EditMessage,
    KeepMessage,
    React,
    RemoveMessage,
)
from inbox.conversations.model import Attachment, Author, MessageRef, ThreadRef
from inbox.conversations.view import message_view
from inbox.ids import conversation_key, message_key
from inbox.mongo.client import Mongo
from tests.fake_messenger import FakePlatform
from tests.inbox.inbox_world import an_actor
from tests.reply_world import PAGE, ReplyWorld
from tests.waiting import until

ACTOR = an_actor("lan", "bot1")


@pytest.fixture
async def world(mongo: Mongo, clock: FixedClock, tmp_path: Path) -> ReplyWorld:
    world = ReplyWorld(mongo, clock, tmp_path)
    await world.connect()
    return world


@pytest.fixture
def platform(world: ReplyWorld) -> FakePlatform:
    return world.platform


async def thread_ref(world: ReplyWorld, thread: str) -> ThreadRef:
    document = await world.conversation_of(thread)
    return ThreadRef("facebook", PAGE, document["kind"], document["external_id"])


def ref(external_id: str) -> MessageRef:
    return MessageRef("facebook", PAGE, external_id)


async def echo(
    world: ReplyWorld, thread: str, external_id: str, text: str | None, **fields: Any
) -> KeepMessage:
    """The echo of something that an API wrote into the thread."""
    return KeepMessage(
        message=ref(external_id),
        thread=await thread_ref(world, thread),
        customer=None,
        direction="out",
        author=Author("automation"),
        at=fields.pop("at", world.clock.now()),
        text=text,
        own=fields.pop("own", True),
        **fields,
    )


async def shown(world: ReplyWorld, thread: str) -> list[tuple[str | None, str]]:
    """(text, status) of what the thread shows, oldest first."""
    found = world.mongo["messages"].find({"conversation_id": thread, "at": {"$exists": True}})
    return [(one.get("text"), one["status"]) async for one in found.sort("seq", 1)]


async def in_flight(world: ReplyWorld, thread: str, text: str) -> "asyncio.Task[int]":
    """A send that the platform took and has not answered yet."""
    before = len(world.platform.taken)
    world.platform.answers = asyncio.Event()
    await world.say(thread, text)
    task = asyncio.create_task(world.worker.step())
    await until(lambda: len(world.platform.taken) == before + 1)
    return task


async def answer(world: ReplyWorld, task: "asyncio.Task[int]") -> None:
    assert world.platform.answers is not None
    world.platform.answers.set()
    await task


async def test_an_echo_after_the_answer_is_not_a_new_message(
    world: ReplyWorld, platform: FakePlatform
) -> None:
    thread = await world.thread()
    await world.say(thread, "Dạ")
    await world.deliver()

    await world.apply(await echo(world, thread, platform.taken[0].id, "Dạ", own=False))

    assert await shown(world, thread) == [("Dạ", "sent")]


async def test_an_echo_before_the_answer_that_names_its_part_sends_it(
    world: ReplyWorld, platform: FakePlatform
) -> None:
    thread = await world.thread()
    task = await in_flight(world, thread, "Dạ")
    taken = platform.taken[0]
    named = {"metadata": taken.reference}

    await world.apply(await echo(world, thread, taken.id, "another form", extra=named, own=False))

    assert await shown(world, thread) == [("Dạ", "sent")]
    await answer(world, task)
    assert await shown(world, thread) == [("Dạ", "sent")]


async def test_an_echo_before_the_answer_without_a_name_is_known_by_its_words(
    world: ReplyWorld, platform: FakePlatform, mongo: Mongo
) -> None:
    thread = await world.thread()
    task = await in_flight(world, thread, "Dạ  còn ạ")

    await world.apply(await echo(world, thread, platform.taken[0].id, "Dạ còn ạ "))

    assert await shown(world, thread) == [("Dạ  còn ạ", "sent")]
    await answer(world, task)
    assert await shown(world, thread) == [("Dạ  còn ạ", "sent")]
    assert await mongo["platform_ids"].count_documents({"guess": {"$exists": True}}) == 0


async def test_an_echo_of_a_file_is_known_by_its_kind(
    world: ReplyWorld, platform: FakePlatform
) -> None:
    thread = await world.thread()
    upload = await world.upload(b"bang gia")
    platform.answers = asyncio.Event()
    await world.say(thread, None, upload_ids=(upload.id,))
    task = asyncio.create_task(world.worker.step())
    await until(lambda: len(platform.taken) == 1)

    file = Attachment("file", url="https://cdn/x")
    await world.apply(await echo(world, thread, platform.taken[0].id, None, attachments=(file,)))

    assert len(await shown(world, thread)) == 1
    await answer(world, task)
    assert len(await shown(world, thread)) == 1


@pytest.mark.parametrize("own", [True, False])
async def test_an_echo_that_was_stored_as_its_own_message_is_taken_over_by_the_answer(
    world: ReplyWorld, platform: FakePlatform, mongo: Mongo, *, own: bool
) -> None:
    """Zalo may echo other words than were sent, and names nothing."""
    thread = await world.thread()
    task = await in_flight(world, thread, "Dạ")
    stray = await echo(world, thread, platform.taken[0].id, "Dạ (từ OA)", own=own)
    await world.apply(stray)
    await world.apply(React(stray.message, stray.thread, world.clock.now(), "hoa", "❤"))
    assert len(await shown(world, thread)) == 2

    await answer(world, task)

    assert await shown(world, thread) == [("Dạ", "sent")]
    conversation = await world.conversation_of(thread)
    [message] = await mongo["messages"].find().to_list()
    assert conversation["last"]["message_id"] == message["_id"]
    assert message["reactions"]["hoa"]["emoji"] == "❤"
    events = await mongo["live_events"].find().sort("_id", -1).limit(1).to_list()
    assert events[0]["data"]["replaces"] == [stray.message.id]
    await world.apply(stray)
    assert len(await shown(world, thread)) == 1


async def test_an_echo_ends_the_doubt(world: ReplyWorld, platform: FakePlatform) -> None:
    platform.faults = ["taken"]
    platform.hides = True
    thread = await world.thread()
    await world.say(thread, "Dạ")
    await world.deliver()
    assert await shown(world, thread) == [("Dạ", "uncertain")]

    await world.apply(await echo(world, thread, platform.taken[0].id, "Dạ"))

    assert await shown(world, thread) == [("Dạ", "sent")]
    await world.deliver_all()
    assert platform.texts == ["Dạ"]


async def test_an_echo_that_comes_after_giving_up_still_counts(
    world: ReplyWorld, platform: FakePlatform
) -> None:
    platform.faults = ["taken"]
    platform.hides = True
    thread = await world.thread()
    sent_at = world.clock.now()
    await world.say(thread, "Dạ")
    await world.deliver_all()
    assert await shown(world, thread) == [("Dạ", "failed")]

    await world.apply(await echo(world, thread, platform.taken[0].id, "Dạ", at=sent_at))

    assert await shown(world, thread) == [("Dạ", "sent")]


async def test_other_words_at_the_same_time_are_another_message(
    world: ReplyWorld, platform: FakePlatform
) -> None:
    thread = await world.thread()
    task = await in_flight(world, thread, "Dạ")

    await world.apply(await echo(world, thread, "m_other", "Cảm ơn bạn đã quan tâm"))
    await answer(world, task)

    assert await shown(world, thread) == [("Dạ", "sent"), ("Cảm ơn bạn đã quan tâm", "sent")]


async def test_the_same_words_hours_later_are_another_message(
    world: ReplyWorld, platform: FakePlatform, clock: FixedClock
) -> None:
    platform.faults = ["lost"]
    thread = await world.thread()
    await world.say(thread, "Dạ")
    await world.deliver_all()
    clock.advance(timedelta(hours=2))

    await world.apply(await echo(world, thread, "m_other", "Dạ"))

    assert await shown(world, thread) == [("Dạ", "failed"), ("Dạ", "sent")]


async def test_the_answer_is_right_when_another_app_said_the_same(
    world: ReplyWorld, platform: FakePlatform
) -> None:
    thread = await world.thread()
    task = await in_flight(world, thread, "Dạ")
    await world.apply(await echo(world, thread, "m_other", "Dạ"))
    assert len(await shown(world, thread)) == 1, "taken for ours"

    await answer(world, task)

    assert await shown(world, thread) == [("Dạ", "sent"), ("Dạ", "sent")]
    await world.apply(await echo(world, thread, platform.taken[0].id, "Dạ"))
    await world.apply(await echo(world, thread, "m_other", "Dạ"))
    assert len(await shown(world, thread)) == 2


async def test_an_echo_that_was_taken_for_an_older_doubt_goes_to_whom_the_answer_says(
    world: ReplyWorld, platform: FakePlatform, mongo: Mongo
) -> None:
    platform.faults = ["lost"]
    platform.hides = True
    thread = await world.thread()
    await world.say(thread, "Dạ", "lost")
    await world.deliver()
    world.clock.advance(timedelta(seconds=10))
    await world.deliver()  # the first look finds nothing
    task = await in_flight(world, thread, "Dạ")
    [doubted] = await mongo["messages"].find({"client_id": "lost"}).to_list()
    taken = platform.taken[0]
    await mongo["messages"].update_one(  # as if the doubted one were all that is on its way
        {"client_id": {"$ne": "lost"}}, {"$set": {"pending": False}}
    )
    await world.apply(await echo(world, thread, taken.id, "Dạ"))
    assert (await world.kept(doubted["_id"]))["status"] == "sent"

    await answer(world, task)

    assert await shown(world, thread) == [("Dạ", "uncertain"), ("Dạ", "sent")]


@pytest.mark.parametrize("early", [True, False])
async def test_facts_about_our_message_reach_it_before_and_after_its_id_is_known(
    world: ReplyWorld, platform: FakePlatform, mongo: Mongo, *, early: bool
) -> None:
    thread = await world.thread()
    task = await in_flight(world, thread, "Dạ")
    message, where, now = (
        ref(platform.taken[0].id),
        await thread_ref(world, thread),
        (world.clock.now()),
    )
    facts = (
        React(message, where, now, "hoa", "❤"),
        EditMessage(message, None, now, 1, "Dạ vâng"),
        Acknowledge("delivered", where, now, messages=(message,)),
        Acknowledge("seen", where, now, messages=(message,)),
        KeepMessage(
            message=ref("m_quote"),
            thread=where,
            customer=None,
            direction="in",
            author=Author("customer"),
            at=now,
            text="Cái này ạ",
            reply_to=message,
        ),
    )

    if early:
        await world.apply(*facts)
    await answer(world, task)
    if not early:
        await world.apply(*facts)

    [ours] = await mongo["messages"].find({"direction": "out"}).to_list()
    assert ours["reactions"]["hoa"]["emoji"] == "❤"
    assert ours["edit"]["text"] == "Dạ vâng"
    assert {"delivered_at", "seen_at"} <= ours.keys()
    quote = await world.kept(ref("m_quote").id)
    assert quote["reply_to"] == ours["_id"]
    assert await mongo["messages"].count_documents({}) == 2


async def test_an_unsent_message_of_ours_is_removed(
    world: ReplyWorld, platform: FakePlatform
) -> None:
    thread = await world.thread()
    message = await world.say(thread, "Nhầm")
    await world.deliver()

    await world.apply(RemoveMessage(ref(platform.taken[0].id), None, world.clock.now()))

    kept = await world.kept(message)
    assert "text" not in kept
    assert (await world.conversation_of(thread))["last"]["kind"] == "removed"


async def test_only_the_last_part_tells_that_a_message_has_arrived(
    world: ReplyWorld, platform: FakePlatform
) -> None:
    thread = await world.thread()
    message = await world.say(thread, "x" * 60)
    await world.deliver()
    where, now = await thread_ref(world, thread), world.clock.now()
    first, last = (ref(one.id) for one in platform.taken)

    await world.apply(Acknowledge("delivered", where, now, messages=(first,)))
    assert "delivered_at" not in await world.kept(message)
    await world.apply(Acknowledge("delivered", where, now, messages=(last,)))

    assert "delivered_at" in await world.kept(message)


async def test_a_message_that_was_read_before_it_was_sent_is_not_shown_as_read(
    world: ReplyWorld, platform: FakePlatform, clock: FixedClock
) -> None:
    """The customer read what came before, while ours waited for its turn."""
    thread = await world.thread()
    message = await world.say(thread, "Dạ")
    where = await thread_ref(world, thread)
    clock.advance(timedelta(seconds=30))
    await world.apply(Acknowledge("seen", where, clock.now(), up_to=clock.now()))
    clock.advance(timedelta(seconds=30))
    await world.deliver()

    async def status() -> str:
        conversation = await world.conversation_of(thread)
        view = message_view(await world.kept(message), conversation=conversation)
        return str(view["status"])

    assert await status() == "sent"
    clock.advance(timedelta(seconds=1))
    await world.apply(Acknowledge("seen", where, clock.now(), up_to=clock.now()))
    assert await status() == "read"


async def test_a_private_answer_goes_home_with_its_echo_and_stays_one_message(
    world: ReplyWorld, platform: FakePlatform, mongo: Mongo
) -> None:
    thread = await world.thread(kind="comment")
    root = (await world.conversation_of(thread))["external_id"]
    comment = message_key("facebook", PAGE, root)
    await world.message(thread, "Giá?", at=world.clock.now(), _id=comment, external_id=root)
    task_text = "Mình nhắn riêng nhé"
    await world.say(thread, task_text, private=True)
    await world.deliver()
    inbox = conversation_key("facebook", PAGE, "inbox", f"who-wrote-{root}")

    taken = platform.taken[0]
    named = {"metadata": taken.reference}
    told = await echo(world, inbox, taken.id, task_text, extra=named)
    for _ in range(2):
        await world.apply(told)

        assert await shown(world, inbox) == [(task_text, "sent")]
        assert await shown(world, thread) == [("Giá?", "received")]


async def test_a_reference_of_another_installation_is_somebody_elses_message(
    world: ReplyWorld,
) -> None:
    thread = await world.thread()
    named = {"metadata": f"out:{'a' * 26}:0"}

    await world.apply(await echo(world, thread, "m_1", "Xin chào", extra=named))

    assert await shown(world, thread) == [("Xin chào", "sent")]


async def test_echo_and_answer_at_the_same_moment_are_one_message(
    world: ReplyWorld, platform: FakePlatform
) -> None:
    for number in range(5):
        thread = await world.thread(name=f"Khách {number}")
        task = await in_flight(world, thread, "Dạ")
        taken = platform.taken[-1]
        odd = await echo(world, thread, taken.id, "other words", own=False)
        reaction = React(odd.message, odd.thread, world.clock.now(), "hoa", "❤")

        await asyncio.gather(world.apply(odd), answer(world, task), world.apply(reaction))

        assert await shown(world, thread) == [("Dạ", "sent")]
        found = await world.mongo["messages"].find_one({"conversation_id": thread})
        assert found is not None
        assert found["reactions"]["hoa"]["emoji"] == "❤"
        assert await world.mongo["messages"].find_one({"_id": odd.message.id}) is None


async def test_the_echo_that_ends_a_doubt_lets_the_next_message_go(
    world: ReplyWorld, platform: FakePlatform
) -> None:
    platform.faults = ["taken"]
    thread = await world.thread()
    await world.say(thread, "Một")
    await world.say(thread, "Hai")
    await world.deliver()
    assert platform.texts == ["Một"]

    await world.apply(await echo(world, thread, platform.taken[0].id, "Một"))
    await world.deliver()

    assert platform.texts == ["Một", "Hai"]


async def test_the_late_echo_of_a_doubt_is_no_message_of_somebody_else(
    world: ReplyWorld, platform: FakePlatform
) -> None:
    """The same words twice: the first arrived without an answer, the second is in flight when
    the echo of the first comes.
    """
    platform.faults = ["taken"]
    platform.hides = True
    thread = await world.thread()
    await world.say(thread, "Dạ")
    await world.deliver()
    world.clock.advance(timedelta(seconds=10))
    await world.deliver()  # the first look finds nothing
    task = await in_flight(world, thread, "Dạ")
    first, second = (one.id for one in platform.taken)

    await world.apply(await echo(world, thread, first, "Dạ"))
    await answer(world, task)
    await world.apply(await echo(world, thread, second, "Dạ"))

    assert await shown(world, thread) == [("Dạ", "sent"), ("Dạ", "sent")]


async def test_of_two_alike_in_doubt_an_echo_is_of_the_one_that_was_sent_then(
    world: ReplyWorld, platform: FakePlatform
) -> None:
    platform.hides = True
    platform.faults += ["taken", "taken"]
    thread = await world.thread()
    said_at, ids = [], []
    for _ in range(2):
        ids.append(await world.say(thread, "Dạ"))
        await world.deliver()
        said_at.append(world.clock.now())
        for _ in range(4):  # the doubt about the first lets the second go
            await world.at(30)
            await world.deliver()
    assert len(platform.taken) == 2

    for n in (1, 0):
        told = await echo(world, thread, platform.taken[n].id, "Dạ", at=said_at[n])
        await world.apply(told)

    assert await shown(world, thread) == [("Dạ", "sent"), ("Dạ", "sent")]
    for n in (0, 1):
        (part,) = (await world.kept(ids[n]))["parts"]
        assert part["external_id"] == platform.taken[n].id
