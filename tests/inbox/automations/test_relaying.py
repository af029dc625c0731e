"""From the feed to numbered events: once each, whatever becomes of the place in it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from bson import ObjectId
from cryptography.fernet import Fernet

from inbox.automations.delivering.store import DeliveryStore
from inbox.automations.documents import automation_fields
from inbox.automations.model import EVENT_TYPES, Automation
from inbox.automations.relaying.store import MARK, LostRelay, Place, RelayStore
from inbox.automations.relaying.worker import BATCH, Relay
from inbox.bots.secrets import SecretBox
from inbox.clock import FixedClock
from inbox.live.model import event_from_document
from inbox.live.store import LiveStore
from inbox.mongo.client import Document, Mongo
from inbox.mongo.leases import Leases
from tests.inbox.automations.feed import BOT, THREAD, said
from tests.waiting import until

BROKEN_TOKEN = "826B03"


@pytest.fixture
async def mongo(mongo: Mongo, clock: FixedClock) -> Mongo:
    automation = Automation(
        id="auto",
        bot_id=BOT,
        name="Trợ lý",
        kind="webhook",
        url="https://bot.shop.vn/in",
        events=frozenset(EVENT_TYPES),
        answers=False,
        answer_within=timedelta(minutes=1),
        hand_back_after=None,
        enabled=True,
        created_at=clock.now(),
    )
    await mongo["automations"].insert_one({"_id": "auto", **automation_fields(automation)})
    await mongo["conversations"].insert_one(
        {"_id": THREAD, "status": "open", "kind": "inbox", "bot_id": BOT}
    )
    return mongo


async def told(mongo: Mongo) -> list[tuple[int, str]]:
    """Numbers and texts of the events, in their order."""
    rows = await mongo["automation_events"].find().sort("seq", 1).to_list()
    return [(one["seq"], one["data"]["message"]["text"]) for one in rows]


@asynccontextmanager
async def relaying(mongo: Mongo, clock: FixedClock, owner: str = "one") -> AsyncIterator[None]:
    leases, stop = Leases(mongo, clock, owner=owner), asyncio.Event()
    relay = Relay(
        RelayStore(mongo, clock, leases), LiveStore(mongo), leases, clock, wake=lambda: None
    )
    running = asyncio.create_task(relay.run(stop))
    try:
        yield
    finally:
        stop.set()
        await running


async def has_told(mongo: Mongo, count: int) -> None:
    async def is_so() -> bool:
        return await mongo["automation_events"].count_documents({}) >= count

    await until(is_so)


async def test_what_happened_before_the_first_relay_began_is_told(
    mongo: Mongo, clock: FixedClock
) -> None:
    await mongo["service_marks"].insert_one({"_id": MARK, "at": clock.now()})
    await mongo["live_events"].insert_one(said(1, clock))

    async with relaying(mongo, clock):
        await has_told(mongo, 1)
        await mongo["live_events"].insert_one(said(2, clock))
        await has_told(mongo, 2)

    assert await told(mongo) == [(1, "tin 1"), (2, "tin 2")]


async def test_a_relay_that_stopped_goes_on_where_it_was(mongo: Mongo, clock: FixedClock) -> None:
    await mongo["service_marks"].insert_one({"_id": MARK, "at": clock.now()})
    async with relaying(mongo, clock):
        await mongo["live_events"].insert_one(said(1, clock))
        await has_told(mongo, 1)
    await mongo["live_events"].insert_one(said(2, clock))

    async with relaying(mongo, clock, "two"):
        await has_told(mongo, 2)

    assert await told(mongo) == [(1, "tin 1"), (2, "tin 2")]


async def test_a_lost_place_is_found_again_and_nothing_is_told_under_two_ids(
    mongo: Mongo, clock: FixedClock
) -> None:
    await mongo["service_marks"].insert_one({"_id": MARK, "at": clock.now()})
    async with relaying(mongo, clock):
        await mongo["live_events"].insert_many([said(n, clock) for n in range(1, 4)])
        await has_told(mongo, 3)
    await mongo["service_marks"].update_one({"_id": MARK}, {"$set": {"token": BROKEN_TOKEN}})
    clock.advance(timedelta(seconds=20))
    await mongo["live_events"].insert_many([said(n, clock) for n in range(4, 6)])

    async with relaying(mongo, clock, "two"):
        await has_told(mongo, 5)

    assert await told(mongo) == [(n, f"tin {n}") for n in range(1, 6)]


async def test_what_two_processes_wrote_is_told_by_its_time_however_much_it_is(
    mongo: Mongo, clock: FixedClock
) -> None:
    """Each process counts ids of its own: within a second they do not tell what came first."""
    await mongo["service_marks"].insert_one({"_id": MARK, "at": clock.now()})
    second = format(int(clock.now().timestamp()), "08x")
    for number in range(1, 2 * BATCH + 51):
        process = "bb" if number % 2 else "aa"
        id_ = ObjectId(f"{second}{process * 5}{number:06x}")
        await mongo["live_events"].insert_one({"_id": id_, **said(number, clock)})
        clock.advance(timedelta(milliseconds=1))

    async with relaying(mongo, clock):
        await has_told(mongo, 2 * BATCH + 50)

    assert await told(mongo) == [(n, f"tin {n}") for n in range(1, 2 * BATCH + 51)]


async def test_who_has_lost_the_lease_writes_nothing(mongo: Mongo, clock: FixedClock) -> None:
    first, second = (Leases(mongo, clock, owner=name) for name in ("one", "two"))
    fence = await first.acquire(MARK, timedelta(seconds=15))
    assert fence is not None
    clock.advance(timedelta(seconds=16))
    assert await second.acquire(MARK, timedelta(seconds=15)) is not None
    event = event_from_document({"_id": "1", **said(1, clock)})

    with pytest.raises(LostRelay):
        await RelayStore(mongo, clock, first).relay([event], Place("x", clock.now()), fence)

    assert await told(mongo) == []
    assert await mongo["service_marks"].find_one({"_id": MARK}) is None


async def test_what_came_while_it_was_off_or_not_wanted_is_never_told(
    mongo: Mongo, clock: FixedClock
) -> None:
    """Another one of the bot, which is told everything, keeps the stream going."""
    automation = await mongo["automations"].find_one({"_id": "auto"})
    assert automation is not None
    await mongo["automations"].insert_one({**automation, "_id": "other"})
    leases = Leases(mongo, clock, owner="one")
    fence = await leases.acquire(MARK, timedelta(seconds=15))
    assert fence is not None
    relay, box = RelayStore(mongo, clock, leases), SecretBox([Fernet.generate_key().decode()])
    ways: list[Document] = [{}, {"enabled": False}, {"enabled": True, "events": []}, {}]
    ways[3] = {"events": ["message.received"]}
    for number, way in enumerate(ways, start=1):
        if way:
            await mongo["automations"].update_one({"_id": "auto"}, {"$set": way})
        event = event_from_document({"_id": str(number), **said(number, clock)})
        await relay.relay([event], Place("x", clock.now()), fence)

    deliveries = DeliveryStore(mongo, box, clock, lease=timedelta(seconds=30))
    queues = mongo["automation_queues"].find({"automation_id": {"$in": ["auto", "other"]}})
    waiting = {one["automation_id"]: await deliveries.waiting(one) async for one in queues}

    texts = {
        who: [one.data["message"]["text"] for one in events if one.type == "message.received"]
        for who, events in waiting.items()
    }
    assert texts == {"auto": ["tin 1", "tin 4"], "other": ["tin 1", "tin 2", "tin 3", "tin 4"]}


async def test_bots_without_automations_cost_nothing(mongo: Mongo, clock: FixedClock) -> None:
    await mongo["automations"].update_one({"_id": "auto"}, {"$set": {"enabled": False}})
    leases = Leases(mongo, clock, owner="one")
    fence = await leases.acquire(MARK, timedelta(seconds=15))
    assert fence is not None
    event = event_from_document({"_id": "1", **said(1, clock)})

    assert (
        await RelayStore(mongo, clock, leases).relay([event], Place("x", clock.now()), fence) == 0
    )

    for collection in ("automation_events", "automation_streams", "automation_queues"):
        assert await mongo[collection].count_documents({}) == 0
