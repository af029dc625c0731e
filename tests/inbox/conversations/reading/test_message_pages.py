"""Messages over HTTP: pages in both directions, a jump into the middle, what a message shows."""

from collections.abc import AsyncIterator

import pytest

from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.inbox.inbox_world import NOON, Api, World, an_actor, inbox_routes, minutes, serve


@pytest.fixture
def world(mongo: Mongo) -> World:
    return World(mongo)


@pytest.fixture
async def api(mongo: Mongo, clock: FixedClock) -> AsyncIterator[Api]:
    api = await serve(inbox_routes(mongo, clock), an_actor("lan", "bot1"))
    yield api
    await api.close()


@pytest.fixture
async def thread(world: World) -> str:
    return await world.conversation(await world.customer("Hoa"))


async def test_messages_are_ordered_by_platform_time_then_seq(
    world: World, api: Api, thread: str
) -> None:
    late = await world.message(thread, "hai", at=minutes(2))
    early = await world.message(thread, "một", at=minutes(1))
    same_time = await world.message(thread, "ba", at=minutes(2))

    answer = await api.get(f"/conversations/{thread}/messages", "lan")

    assert answer.ids == [same_time, late, early]
    assert (answer.json["next_cursor"], answer.json["previous_cursor"]) == (None, None)


async def test_older_pages_follow_without_gap_or_repeat(
    world: World, api: Api, thread: str
) -> None:
    sent = [await world.message(thread, str(n), at=minutes(n // 3)) for n in range(8)]

    pages = await api.pages(f"/conversations/{thread}/messages", "lan", limit=3)

    assert [id_ for page in pages for id_ in page.ids] == sent[::-1]
    assert [len(page.ids) for page in pages] == [3, 3, 2]


async def test_a_jump_shows_both_sides_of_a_message_and_leads_both_ways(
    world: World, api: Api, thread: str
) -> None:
    """X.INB.08: a click in the media block jumps to the message."""
    sent = [await world.message(thread, str(n), at=minutes(n // 4)) for n in range(20)]
    path = f"/conversations/{thread}/messages"

    middle = await api.get(path, "lan", around=sent[10], limit=5)
    newer = await api.get(path, "lan", cursor=middle.json["previous_cursor"], limit=5)
    newest = await api.get(path, "lan", cursor=newer.json["previous_cursor"], limit=5)
    older = await api.get(path, "lan", cursor=middle.json["next_cursor"], limit=100)

    assert middle.ids == sent[8:13][::-1]
    assert newer.ids == sent[13:18][::-1]
    assert newest.ids == sent[18:][::-1]
    assert newest.json["previous_cursor"] is None
    assert older.ids == sent[:8][::-1]


async def test_a_jump_with_room_for_one_shows_the_message_itself(
    world: World, api: Api, thread: str
) -> None:
    sent = [await world.message(thread, str(n), at=minutes(n)) for n in range(3)]

    answer = await api.get(f"/conversations/{thread}/messages", "lan", around=sent[1], limit=1)

    assert answer.ids == [sent[1]]
    assert answer.json["next_cursor"]
    assert answer.json["previous_cursor"]


async def test_a_jump_to_a_message_of_another_thread_finds_nothing(
    world: World, api: Api, thread: str
) -> None:
    foreign = await world.message(await world.conversation(None, bot="bot2"), "bí mật")

    answer = await api.get(f"/conversations/{thread}/messages", "lan", around=foreign)

    assert answer.status == 404


async def test_a_fact_that_came_before_its_message_is_not_shown(
    world: World, api: Api, thread: str, mongo: Mongo
) -> None:
    await mongo["messages"].insert_one(
        {"_id": "early", "conversation_id": thread, "edit": {"number": 1, "text": "?", "at": NOON}}
    )
    kept = await world.message(thread, "chào")
    path = f"/conversations/{thread}/messages"

    assert (await api.get(path, "lan")).ids == [kept]
    assert (await api.get(path, "lan", around=kept)).ids == [kept]
    assert (await api.get(path, "lan", around="early")).status == 404


async def test_a_message_shows_its_author_receipts_and_attachments(
    world: World, api: Api, thread: str, mongo: Mongo
) -> None:
    await world.message(thread, "Của em đây", at=minutes(0))
    sticker = {"kind": "sticker", "url": "https://s.example/1.png", "data": {"sticker_id": "9"}}
    await world.message(
        thread, None, at=minutes(1), direction="out", attachments=[sticker],
        author={"kind": "staff", "name": "Ngoài hệ thống"},
    )  # fmt: skip
    await mongo["conversations"].update_one({"_id": thread}, {"$set": {"seen_at": minutes(1)}})

    out, came_in = (await api.get(f"/conversations/{thread}/messages", "lan")).json["items"]

    assert came_in["author"]["name"] == "Hoa"
    assert (came_in["direction"], came_in["status"]) == ("in", "received")
    assert out["author"] == {"kind": "staff", "id": None, "name": "Ngoài hệ thống"}
    assert out["status"] == "read"
    assert out["attachments"][0]["data"] == {"sticker_id": "9"}
