"""An outage at our side: what was said meanwhile is read back, once and in order."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.channels.backfill.backfill_world import World, backfill_world

LAN, HOA = "7312094485501290", "7312094485501291"
EVERY = pytest.mark.parametrize("channel", ["facebook", "instagram", "zalo"])


@pytest.fixture
async def world(mongo: Mongo, clock: FixedClock) -> AsyncIterator[World]:
    async with backfill_world(mongo, clock) as made:
        yield made


async def outage(world: World, channel: str) -> None:
    """An hour in which nobody was there; messages both ways, and two hours until the start."""
    await world.silence()
    world.say(channel, LAN, "Áo này còn không?")
    world.answer(channel, LAN, "Dạ còn ạ")
    await world.settle()
    world.gate.shut = True
    world.clock.advance(timedelta(minutes=20))
    world.say(channel, LAN, "Giá sao shop?")
    world.say(channel, LAN, "Alo?")
    world.answer(channel, LAN, "350k ạ")
    world.say(channel, HOA, "Shop ơi")
    world.clock.advance(timedelta(minutes=20))
    world.say(channel, LAN, "Đắt thế")
    world.clock.advance(timedelta(hours=2))
    await world.settle()
    world.gate.shut = False
    await world.silence()


@EVERY
async def test_everything_said_during_an_outage_is_there_once_and_in_order(
    world: World, channel: str
) -> None:
    await outage(world, channel)
    assert world.gate.lost > 0
    assert await world.texts(channel, LAN) == ["Áo này còn không?", "Dạ còn ạ"]

    await world.fill()

    assert await world.texts(channel, LAN) == [
        "Áo này còn không?",
        "Dạ còn ạ",
        "Giá sao shop?",
        "Alo?",
        "350k ạ",
        "Đắt thế",
    ]
    assert await world.texts(channel, HOA) == ["Shop ơi"]
    assert await world.mongo["webhook_journal"].find_one({"parked": {"$exists": True}}) is None


@EVERY
async def test_the_list_is_right_after_an_outage(world: World, channel: str) -> None:
    await outage(world, channel)
    before = await world.conversation(channel, LAN)
    assert (before["unread"], before.get("waiting_since")) == (1, None)

    await world.fill()

    lan = await world.conversation(channel, LAN)
    last = await world.mongo["messages"].find_one({"text": "Đắt thế"})
    assert last is not None
    assert lan["unread"] == 4
    assert lan["waiting_since"] == lan["last_in_at"] == last["at"]
    assert (lan["last"]["text"], lan["last"]["message_id"]) == ("Đắt thế", last["_id"])
    answer = await world.mongo["messages"].find_one({"text": "350k ạ"})
    assert answer is not None
    assert lan["last_out_at"] == answer["at"]
    assert answer["author"]["kind"] == "staff"


@EVERY
async def test_what_is_read_back_an_hour_later_is_marked_late_in_the_feed(
    world: World, channel: str
) -> None:
    await outage(world, channel)
    await world.fill()

    told = await world.mongo["live_events"].find({"type": "message_received"}).to_list()
    late = {one["data"]["message"]["text"]: one["data"].get("late") for one in told}
    assert late == {
        "Áo này còn không?": None,
        "Dạ còn ạ": None,
        "Giá sao shop?": True,
        "Alo?": True,
        "350k ạ": True,
        "Shop ơi": True,
        "Đắt thế": True,
    }


async def test_what_is_read_back_at_once_is_not_late(world: World) -> None:
    world.gate.shut = True
    since = world.clock.now()
    world.say("facebook", LAN, "Alo")
    await world.settle()
    await world.missed("facebook", since, world.clock.now(), "refused")

    await world.fill()

    [told] = await world.mongo["live_events"].find({"type": "message_received"}).to_list()
    assert "late" not in told["data"]


@EVERY
async def test_a_gap_that_was_filled_says_what_was_found(world: World, channel: str) -> None:
    await outage(world, channel)
    await world.fill()

    gap = await world.gap(channel)
    assert (gap["found"], gap["new"], gap["incomplete"]) == (7, 5, [])
    assert gap["filled_at"] <= world.clock.now()
    assert "backfill" not in gap
    assert "progress" not in gap
    assert gap["reason"] == "silence"


@EVERY
async def test_reading_back_twice_changes_nothing(world: World, channel: str) -> None:
    await outage(world, channel)
    await world.fill()
    before = await _everything(world.mongo)

    await world.missed(channel, world.clock.now() - timedelta(hours=5), world.clock.now(), "again")
    await world.fill()

    assert await _everything(world.mongo) == before
    gap = await world.mongo["account_gaps"].find_one({"reason": "again"})
    assert gap is not None
    assert (gap["found"], gap["new"]) == (7, 0)


async def _everything(mongo: Mongo) -> dict[str, list[Any]]:
    return {
        name: await mongo[name].find().sort("_id", 1).to_list()
        for name in ("messages", "conversations", "customers", "webhook_journal", "live_events")
    }


@EVERY
async def test_files_links_and_stickers_come_back_as_what_they_are(
    world: World, channel: str
) -> None:
    picture = {"type": "image", "payload": {"url": "https://cdn.example/ao.png"}}
    sticker = {"type": "sticker", "payload": {"url": "https://cdn.example/s.png", "id": "1"}}
    shared = {"url": "https://shop.example/ao", "title": "Áo khoác"}
    link = {"type": "link" if channel == "zalo" else "fallback", "payload": shared}
    said: dict[str, Any] = {"image": picture, "link": link}
    if channel != "instagram":  # its history does not tell stickers
        said["sticker"] = sticker
    world.gate.shut = True
    since = world.clock.now()
    for attachment in said.values():
        world.say(channel, LAN, "", attachments=(attachment,))
    await world.settle()
    await world.missed(channel, since, world.clock.now())

    await world.fill()

    found = await world.mongo["messages"].find().sort("at", 1).to_list()
    files = [one["attachments"][0] for one in found]
    assert [one["kind"] for one in files] == list(said)
    assert [one["url"] for one in files] == [one["payload"]["url"] for one in said.values()]
    assert files[1]["name"] == "Áo khoác"
