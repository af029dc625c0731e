"""Automations silenced by hand and given back: shown, told, kept on the timeline."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.conversations.automation import after_reply
from inbox.conversations.view import iso
from inbox.mongo.client import Document, Mongo
from inbox.timeline.kinds import KINDS
from tests.inbox.inbox_world import Api, World, an_actor, inbox_routes, serve

HALF_AN_HOUR = timedelta(minutes=30)


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
    return await world.conversation(await world.customer("Hoa"), automated=True)


async def put(api: Api, thread: str, as_: str = "lan", **body: Any) -> Any:
    return await api.call("PUT", f"/conversations/{thread}/automation", as_, json=body)


async def stored(mongo: Mongo, thread: str) -> Document:
    found = await mongo["conversations"].find_one({"_id": thread})
    assert found is not None
    return found


async def test_automations_are_silenced_for_a_while(
    world: World, api: Api, thread: str, mongo: Mongo, clock: FixedClock
) -> None:
    """X.SCR.10: by hand, as by an answer; when the time is over they speak by themselves."""
    until = clock.now() + timedelta(minutes=90)

    answer = await put(api, thread, state="human", minutes=90)

    assert answer.status == 200
    expected = {
        "state": "human",
        "paused_until": iso(until),
        "reason": "paused_by_hand",
        "opted_out_at": None,
    }
    assert answer.json["automation"] == expected
    event = await mongo["live_events"].find_one()
    assert event is not None
    assert (event["type"], event["conversation_id"]) == ("conversation_changed", thread)
    assert event["data"]["conversation"]["automation"] == expected
    row = await mongo["interactions"].find_one()
    assert row is not None
    assert (row["type"], row["data"]) == ("automation_paused", {"until": iso(until)})
    assert (row["actor_id"], row["conversation_id"]) == ("lan", thread)
    clock.advance(timedelta(minutes=90))
    listed = (await api.get("/conversations", "lan")).json["items"]
    assert [one["automation"]["state"] for one in listed] == ["active"]


async def test_without_minutes_they_are_silent_until_they_are_given_back(
    world: World, api: Api, thread: str, mongo: Mongo, clock: FixedClock
) -> None:
    await put(api, thread, state="human")
    await put(api, thread, state="human", minutes=None)
    clock.advance(timedelta(days=30))
    shown = (await api.get(f"/conversations/{thread}", "lan")).json["automation"]
    assert (shown["state"], shown["paused_until"]) == ("human", None)

    back = await put(api, thread, state="active")
    await put(api, thread, state="active")

    assert back.json["automation"]["state"] == "active"
    rows = [row["type"] async for row in mongo["interactions"].find().sort("at", 1)]
    assert rows == ["automation_paused", "automation_resumed"]
    assert all(KINDS[kind].vi and KINDS[kind].en for kind in rows)
    assert await world.live_types() == ["conversation_changed"] * 2
    signals = await mongo["signals"].find().to_list()
    assert [(one["kind"], one["conversation_id"]) for one in signals] == [
        ("automation_resumed", thread)
    ]


async def test_what_is_given_back_after_an_answer_is_not_paused_by_its_late_echo(
    api: Api, thread: str, mongo: Mongo, clock: FixedClock
) -> None:
    replied_at = clock.now()
    paused = after_reply({"state": "active"}, replied_at, HALF_AN_HOUR)
    fields = {"automation": paused, "last_out_at": replied_at}
    await mongo["conversations"].update_one({"_id": thread}, {"$set": fields})
    clock.advance(timedelta(minutes=1))

    await put(api, thread, state="active")

    automation = (await stored(mongo, thread))["automation"]
    assert automation == {"state": "active", "at": clock.now()}
    assert after_reply(automation, replied_at, HALF_AN_HOUR) == automation


async def test_the_word_of_a_customer_cannot_be_undone_for_them(
    api: Api, thread: str, mongo: Mongo, clock: FixedClock
) -> None:
    """X.SCR.09: it stays off until the customer opts in."""
    opted_out = {"$set": {"opted_out_at": clock.now()}}
    await mongo["conversations"].update_one({"_id": thread}, opted_out)

    await put(api, thread, state="human")
    back = await put(api, thread, state="active")

    assert back.json["automation"]["opted_out_at"] == iso(clock.now())


async def test_many_clicks_at_once_are_one_change(world: World, api: Api, thread: str) -> None:
    answers = await asyncio.gather(*(put(api, thread, state="human") for _ in range(6)))

    assert [answer.status for answer in answers] == [200] * 6
    assert await world.live_types() == ["conversation_changed"]


async def test_nobody_is_told_where_no_script_was_attached(
    world: World, api: Api, mongo: Mongo
) -> None:
    thread = await world.conversation(await world.customer("Mai"))

    await put(api, thread, state="human", minutes=1)
    await put(api, thread, state="active")

    assert await mongo["signals"].count_documents({}) == 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"state": "handoff_requested"},
        {"state": "human", "minutes": 0},
        {"state": "human", "minutes": 10_081},
        {"state": "human", "minutes": "30"},
        {"state": "human", "opted_out_at": None},
    ],
)
async def test_what_makes_no_sense_is_refused(api: Api, thread: str, body: dict[str, Any]) -> None:
    assert (await put(api, thread, **body)).status == 422


async def test_who_may_not_see_a_conversation_may_not_silence_it(api: Api, thread: str) -> None:
    assert (await put(api, thread, "guest", state="human")).status == 403
    assert (await put(api, "x", state="human")).status == 404
