"""Marks of staff: the status of a conversation and how far the team has read it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from inbox.clock import FixedClock
from inbox.mongo.client import Mongo, Session
from tests.inbox.inbox_world import Api, World, an_actor, inbox_routes, minutes, serve


@pytest.fixture
def world(mongo: Mongo) -> World:
    return World(mongo)


@pytest.fixture
async def api(mongo: Mongo, clock: FixedClock) -> AsyncIterator[Api]:
    actors = [an_actor("lan", "bot1"), an_actor("guest", "bot2")]
    api = await serve(inbox_routes(mongo, clock), *actors)
    yield api
    await api.close()


@pytest.fixture
async def thread(world: World) -> str:
    return await world.conversation(await world.customer("Hoa"), assignee_id="lan")


async def mark(api: Api, thread: str, status: str, as_: str = "lan") -> dict[str, object]:
    answer = await api.call("PATCH", f"/conversations/{thread}", as_, json={"status": status})
    assert answer.status == 200, answer.json
    shown: dict[str, object] = answer.json
    return shown


async def test_a_new_status_is_stored_told_and_kept_on_the_timeline(
    world: World, api: Api, thread: str, mongo: Mongo, clock: FixedClock
) -> None:
    assert (await mark(api, thread, "spam"))["status"] == "spam"

    stored = await mongo["conversations"].find_one({"_id": thread})
    assert stored is not None
    assert (stored["status"], stored["status_at"]) == ("spam", clock.now())
    event = await mongo["live_events"].find_one()
    assert event is not None
    assert (event["type"], event["conversation_id"]) == ("conversation_changed", thread)
    assert event["assignee"] == {"before": "lan", "after": "lan"}
    assert event["data"]["conversation"]["status"] == "spam"
    row = await mongo["interactions"].find_one()
    assert row is not None
    assert row["data"] == {"before": "open", "after": "spam"}
    assert (row["actor_id"], row["customer_id"]) == ("lan", stored["customer_id"])


async def test_the_same_status_again_changes_nothing_and_tells_nobody(
    world: World, api: Api, thread: str
) -> None:
    await mark(api, thread, "closed")
    await mark(api, thread, "closed")

    assert await world.live_types() == ["conversation_changed"]


@pytest.mark.parametrize("status", ["", "waiting", None, 1])
async def test_an_unknown_status_is_refused(api: Api, thread: str, status: object) -> None:
    answer = await api.call("PATCH", f"/conversations/{thread}", "lan", json={"status": status})

    assert answer.status == 422


async def test_who_may_not_see_a_conversation_may_not_mark_it(
    world: World, api: Api, thread: str
) -> None:
    patch = await api.call("PATCH", f"/conversations/{thread}", "guest", json={"status": "spam"})
    read = await api.call("POST", f"/conversations/{thread}/read", "guest", json={"up_to_seq": 1})
    unknown = await api.call("POST", "/conversations/x/read", "lan", json={"up_to_seq": 1})

    assert (patch.status, read.status, unknown.status) == (403, 403, 404)
    assert await world.live_types() == []


async def read(api: Api, thread: str, seq: int) -> tuple[int, int]:
    """Mark as read; (read_seq, unread) of the answer."""
    answer = await api.call("POST", f"/conversations/{thread}/read", "lan", json={"up_to_seq": seq})
    assert answer.status == 200, answer.json
    return answer.json["read_seq"], answer.json["unread"]


async def test_reading_only_moves_forward_and_counts_what_is_left(
    world: World, api: Api, thread: str
) -> None:
    for number, direction in enumerate(["in", "in", "out", "in", "in"]):
        await world.message(thread, "chào", at=minutes(number), direction=direction)

    assert await read(api, thread, 2) == (2, 2)
    assert await read(api, thread, 1) == (2, 2)
    assert await read(api, thread, 2) == (2, 2)
    assert await read(api, thread, 4) == (4, 1)
    assert await read(api, thread, 5) == (5, 0)
    assert await world.live_types() == ["conversation_changed"] * 3


async def test_what_comes_later_is_unread_even_if_more_was_marked(
    world: World, api: Api, thread: str
) -> None:
    await world.message(thread, "chào")

    assert await read(api, thread, 1_000_000) == (1, 0)
    await world.message(thread, "còn đó không?")

    assert (await api.get(f"/conversations/{thread}", "lan")).json["unread"] == 1
    assert await read(api, thread, 1) == (1, 1)


async def test_a_message_that_comes_while_it_is_read_is_counted_once(
    world: World, api: Api, thread: str, mongo: Mongo
) -> None:
    """The ingest's transaction and the mark collide on the conversation; both take effect."""
    await world.message(thread, "một")
    await world.message(thread, "hai")
    loaded, marked = asyncio.Event(), asyncio.Event()
    tries = 0

    async def ingest(session: Session) -> None:
        nonlocal tries
        tries += 1
        document = await mongo["conversations"].find_one({"_id": thread}, session=session)
        assert document is not None
        loaded.set()
        await marked.wait()
        seq = document["seq"] + 1
        await mongo["messages"].insert_one(
            {
                "_id": "third",
                "conversation_id": thread,
                "seq": seq,
                "direction": "in",
                "at": minutes(5),
            },
            session=session,
        )
        await mongo["conversations"].update_one(
            {"_id": thread},
            {"$set": {"seq": seq, "unread": document["unread"] + 1}},
            session=session,
        )

    applying = asyncio.create_task(mongo.transaction(ingest))
    await loaded.wait()
    assert await read(api, thread, 2) == (2, 0)
    marked.set()
    await applying

    assert tries == 2
    stored = await mongo["conversations"].find_one({"_id": thread})
    assert stored is not None
    assert (stored["read_seq"], stored["unread"]) == (2, 1)


async def test_closing_is_told_to_automations_where_there_are_some(
    world: World, api: Api, thread: str, mongo: Mongo, clock: FixedClock
) -> None:
    await mark(api, thread, "closed")
    assert await mongo["signals"].count_documents({}) == 0
    await mongo["conversations"].update_one({"_id": thread}, {"$set": {"automated": True}})

    await mark(api, thread, "open")
    await mark(api, thread, "closed")
    await mark(api, thread, "closed")

    [signal] = await mongo["signals"].find({}, {"_id": 0, "work": 0}).to_list()
    stored = await mongo["conversations"].find_one({"_id": thread})
    assert stored is not None
    assert signal == {
        "kind": "conversation_closed",
        "at": clock.now(),
        "customer_id": stored["customer_id"],
        "bot_id": "bot1",
        "conversation_id": thread,
    }
