"""Who has a conversation open now: told over real sockets of two processes on one database."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.live.viewing.keeping import ViewerEnding
from inbox.live.viewing.store import LASTS, ViewerStore
from inbox.mongo.client import Mongo
from inbox.staff.model import Actor
from tests.inbox.inbox_world import World
from tests.inbox.live.conftest import Door, Listener, Live, StartLive
from tests.waiting import until


@pytest.fixture
def world(mongo: Mongo) -> World:
    return World(mongo)


@pytest.fixture
async def thread(mongo: Mongo, world: World) -> str:
    await mongo["staff"].insert_many(
        [
            {"_id": f"staff-{name.lower()}", "name": name, "initials": name[0], "email": name}
            for name in ("Lan", "Minh", "An")
        ]
    )
    return await world.conversation(await world.customer("Hoa"), bot="bot-1")


@pytest.fixture
async def other(world: World, thread: str) -> str:
    return await world.conversation(await world.customer("Mai"), bot="bot-1", account="oa2")


@pytest.fixture
async def both(start_live: StartLive, door: Door) -> tuple[Live, Live]:
    """Two processes; An works in the same bot as Lan, Minh in another one."""
    actor = Actor(id="staff-an", name="An", role="sale", bot_ids=frozenset({"bot-1"}))
    door.let_in("an", actor)
    return await start_live(), await start_live()


def told(listener: Listener, conversation: str) -> list[list[str]]:
    """The lists of people that the listener was told of for a conversation."""
    return [
        [one["id"] for one in frame["data"]["staff"]]
        for frame in listener.frames
        if frame["type"] == "viewers_changed" and frame["conversation_id"] == conversation
    ]


async def view(listener: Listener, conversation: Any) -> None:
    await listener.socket.send_json({"type": "viewing", "conversation_id": conversation})


async def until_last(listener: Listener, conversation: str, people: list[str]) -> None:
    """Read until the newest list for the conversation is this one."""
    await listener.until(lambda: told(listener, conversation)[-1:] == [people])


async def test_colleagues_of_other_processes_are_told_who_looks_and_who_goes(
    both: tuple[Live, Live], thread: str, other: str, mongo: Mongo, clock: FixedClock
) -> None:
    here, there = both
    lan, an, minh = await here.listen("lan"), await there.listen("an"), await there.listen("minh")

    await view(lan, thread)
    await until_last(an, thread, ["staff-lan"])
    await view(an, thread)
    await until_last(lan, thread, ["staff-lan", "staff-an"])
    assert lan.frames[-1]["data"]["staff"][1] == {"id": "staff-an", "name": "An", "initials": "A"}
    assert await ViewerStore(mongo, clock).of(thread) == ["staff-lan", "staff-an"]

    await view(lan, other)
    await until_last(an, thread, ["staff-an"])
    await until_last(an, other, ["staff-lan"])
    await lan.socket.close()
    await until_last(an, other, [])
    await view(an, None)
    await until_last(an, thread, [])
    assert await mongo["viewers"].count_documents({}) == 0
    await minh.socket.send_json({"type": "ping"})
    await minh.until(lambda: "pong" in minh.types)
    assert "viewers_changed" not in minh.types


async def test_a_person_with_several_tabs_is_shown_once_and_until_the_last_is_closed(
    both: tuple[Live, Live], thread: str, mongo: Mongo
) -> None:
    here, there = both
    tabs = [await here.listen("lan"), await there.listen("lan")]
    an = await there.listen("an")
    for tab in tabs:
        await view(tab, thread)

    await until(lambda: _connections(mongo, thread, 2))
    await tabs[0].socket.close()
    await until(lambda: _connections(mongo, thread, 1))
    await tabs[1].socket.close()
    await until_last(an, thread, [])

    assert told(an, thread) == [["staff-lan"], []]


async def _connections(mongo: Mongo, thread: str, count: int) -> bool:
    found = await mongo["viewers"].find_one({"_id": thread})
    return len((found or {"here": []})["here"]) == count


async def test_a_conversation_that_one_may_not_see_and_other_words_show_nothing(
    both: tuple[Live, Live], thread: str, mongo: Mongo
) -> None:
    minh, lan = await both[0].listen("minh"), await both[0].listen("lan")

    for wanted in (thread, "nothing", 5, ["x"], {"$ne": None}, "x" * 100, ""):
        await view(minh, wanted)
    await minh.socket.send_json({"type": "ping"})
    await minh.until(lambda: "pong" in minh.types)
    await view(lan, thread)
    await until_last(lan, thread, ["staff-lan"])
    await minh.socket.close()

    assert told(lan, thread) == [["staff-lan"]]
    assert await mongo["viewers"].count_documents({}) == 1


async def test_the_last_word_of_a_connection_that_leafs_quickly_counts(
    both: tuple[Live, Live], thread: str, other: str
) -> None:
    lan, an = await both[0].listen("lan"), await both[1].listen("an")

    for _ in range(20):
        await view(lan, thread)
        await view(lan, other)
        await view(lan, None)
    await view(lan, other)
    await until_last(an, other, ["staff-lan"])
    await lan.socket.close()
    await until_last(an, other, [])

    assert len(told(an, thread)) <= 4, "a storm of words is not a storm of writes"
    assert told(an, thread)[-1:] in ([], [[]])


async def test_an_open_connection_stays_and_one_of_a_dead_process_goes_in_time(
    both: tuple[Live, Live], thread: str, mongo: Mongo, clock: FixedClock
) -> None:
    here, there = both
    lan, an = await here.listen("lan"), await there.listen("an")
    await view(lan, thread)
    await view(an, thread)
    await until(lambda: _connections(mongo, thread, 2))
    store = ViewerStore(mongo, clock)
    ending = ViewerEnding(store)

    for _ in range(4):  # the process of Lan does not extend: it died without a word
        clock.advance(LASTS / 2)
        await there.viewers.extend()
        await ending.step()

    await until_last(an, thread, ["staff-an"])
    assert await store.of(thread) == ["staff-an"]
    clock.advance(LASTS + timedelta(seconds=1))
    assert await store.of(thread) == [], "what nobody extends is over before anybody notes it"
    assert await ending.step() == 1
    await until_last(an, thread, [])


async def test_who_was_ended_while_the_database_was_away_comes_back(
    both: tuple[Live, Live], thread: str, mongo: Mongo, clock: FixedClock
) -> None:
    lan, an = await both[0].listen("lan"), await both[1].listen("an")
    await view(lan, thread)
    await until_last(an, thread, ["staff-lan"])
    clock.advance(LASTS * 2)
    await ViewerEnding(ViewerStore(mongo, clock)).step()
    await until_last(an, thread, [])

    await both[0].viewers.extend()

    await until_last(an, thread, ["staff-lan"])


async def test_who_may_see_the_conversation_no_more_is_not_shown_in_it(
    both: tuple[Live, Live], thread: str, mongo: Mongo
) -> None:
    lan, an = await both[0].listen("lan"), await both[1].listen("an")
    await view(lan, thread)
    await view(an, thread)
    await until(lambda: _connections(mongo, thread, 2))

    await mongo["conversations"].update_one({"_id": thread}, {"$set": {"bot_id": "bot-2"}})
    await both[0].viewers.extend()
    await both[1].viewers.extend()

    await until(lambda: _connections(mongo, thread, 0))


async def test_extending_writes_once_however_many_are_connected(
    both: tuple[Live, Live], thread: str, other: str, mongo: Mongo
) -> None:
    tabs = [await both[0].listen("lan") for _ in range(6)]
    for number, tab in enumerate(tabs):
        await view(tab, (thread, other)[number % 2])
    await until(lambda: _connections(mongo, thread, 3))
    await until(lambda: _connections(mongo, other, 3))
    await mongo.db.command("profile", 2)
    try:
        await both[0].viewers.extend()
    finally:
        await mongo.db.command("profile", 0)

    written = {"op": "update", "ns": f"{mongo.db.name}.viewers"}
    assert await mongo["system.profile"].count_documents(written) <= 2
    await mongo.db.drop_collection("system.profile")


async def test_many_who_come_and_go_at_once_leave_the_right_list(
    both: tuple[Live, Live], thread: str, mongo: Mongo, door: Door
) -> None:
    watcher = await both[0].listen("lan")
    people = [f"sale{number}" for number in range(8)]
    await mongo["staff"].insert_many(
        [{"_id": name, "name": name, "initials": "S", "email": name} for name in people]
    )
    for name in people:
        actor = Actor(id=name, name=name, role="sale", bot_ids=frozenset({"bot-1"}))
        door.let_in(name, actor)
    sockets = [await both[n % 2].listen(name) for n, name in enumerate(people)]

    await asyncio.gather(*(view(one, thread) for one in sockets))
    await watcher.until(lambda: [len(one) for one in told(watcher, thread)[-1:]] == [8])
    await asyncio.gather(*(one.socket.close() for one in sockets[:5]))
    await watcher.until(lambda: set(told(watcher, thread)[-1]) == set(people[5:]))

    assert set(told(watcher, thread)[-1]) == set(people[5:])
