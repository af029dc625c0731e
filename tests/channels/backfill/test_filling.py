"""Reading back goes on whatever happens: page borders, dead tokens, throttling, other workers."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from app.demo.faults import Fault, Refusal
from app.demo.world import Said
from channels.backfill.filling import ACCOUNT_TRIED_EVERY, PERMISSION_TRIED_EVERY
from inbox.clock import FixedClock
from inbox.customers.erasure.erasing import SETTLE, Erasing
from inbox.customers.erasure.store import ErasureStore
from inbox.mongo.client import Mongo
from tests.channels.backfill.backfill_world import DEMO, KEYS, LEASE, REACH, World, backfill_world
from tests.inbox.inbox_world import an_actor

EVERY = pytest.mark.parametrize("channel", ["facebook", "instagram", "zalo"])


@pytest.fixture
async def world(mongo: Mongo, clock: FixedClock) -> AsyncIterator[World]:
    async with backfill_world(mongo, clock) as made:
        yield made


def person(number: int) -> str:
    return f"73120944855{number:05d}"


def said_unseen(world: World, channel: str, who: str, at: datetime, text: str) -> str:
    """Something that only the platform knows of."""
    account = DEMO[channel]
    known = world.both.platforms.world
    id_ = known.new_hex() if channel == "zalo" else known.new_mid(channel)
    known.interacted(account.account_id, who, at)
    known.say(account.account_id, who, Said(id_, at, by_account=False, text=text))
    return id_


async def count(world: World) -> int:
    return await world.mongo["messages"].count_documents({"at": {"$exists": True}})


@EVERY
@pytest.mark.parametrize("people", [1, 9, 10, 11, 24, 25, 26, 51])
async def test_every_conversation_is_read_at_every_border_of_a_page(
    world: World, channel: str, people: int
) -> None:
    now = world.clock.now()
    for number in range(people):
        at = now - timedelta(minutes=30, seconds=number)
        said_unseen(world, channel, person(number), at, f"Tin {number}")
    await world.missed(channel, now - timedelta(hours=1), now)

    await world.fill()

    assert await count(world) == people
    gap = await world.gap(channel)
    assert (gap["found"], gap["new"], gap["incomplete"]) == (people, people, [])


@EVERY
@pytest.mark.parametrize("messages", [9, 10, 11, 19, 20])
async def test_every_message_is_read_at_every_border_of_a_page(
    world: World, channel: str, messages: int
) -> None:
    now = world.clock.now()
    for number in range(messages):
        at = now - timedelta(minutes=30) + timedelta(seconds=number)
        said_unseen(world, channel, person(1), at, f"Tin {number}")
    await world.missed(channel, now - timedelta(hours=1), now)

    await world.fill()

    assert await world.texts(channel, person(1)) == [f"Tin {n}" for n in range(messages)]
    assert (await world.gap(channel))["incomplete"] == []


async def test_messages_beyond_the_twenty_that_meta_tells_are_counted_as_lost(
    world: World,
) -> None:
    now = world.clock.now()
    for number in range(33):
        at = now - timedelta(minutes=30) + timedelta(seconds=number)
        said_unseen(world, "facebook", person(1), at, f"Tin {number}")
    await world.missed("facebook", now - timedelta(hours=1), now)

    await world.fill()

    assert await world.texts("facebook", person(1)) == [f"Tin {n}" for n in range(13, 33)]
    gap = await world.gap("facebook")
    assert (gap["incomplete"], gap["unreadable"], gap["found"]) == (["unreadable"], 13, 20)


async def test_messages_that_meta_does_not_tell_but_that_came_are_not_lost(world: World) -> None:
    since = world.clock.now()
    for number in range(25):
        world.say("facebook", person(1), f"Tin {number}")
    await world.settle()
    await world.missed("facebook", since, world.clock.now())

    await world.fill()

    gap = await world.gap("facebook")
    assert (gap["incomplete"], gap["unreadable"], gap["new"]) == ([], 0, 0)


async def test_messages_of_one_second_keep_their_order(world: World) -> None:
    at = world.clock.now() - timedelta(minutes=5)
    for number in range(5):
        moment = at + timedelta(milliseconds=100 * number)
        said_unseen(world, "facebook", person(1), moment, f"Tin {number}")
    await world.missed("facebook", at, world.clock.now())

    await world.fill()

    assert await world.texts("facebook", person(1)) == [f"Tin {n}" for n in range(5)]


@EVERY
async def test_a_thousand_conversations_of_which_three_changed_cost_few_calls(
    world: World, channel: str
) -> None:
    now = world.clock.now()
    for number in range(1000):
        at = now - timedelta(days=2, seconds=number)
        said_unseen(world, channel, person(number), at, "Từ hôm kia")
    for number in (17, 500, 999):
        said_unseen(world, channel, person(number), now - timedelta(minutes=5), "Alo?")
    await world.missed(channel, now - timedelta(hours=1), now)

    await world.fill()

    assert await count(world) == 3
    assert len(world.calls) == (4 if channel == "zalo" else 1)


async def test_conversation_that_moves_to_the_top_while_we_read_is_not_passed_over(
    world: World,
) -> None:
    """It is listed behind what we have read, then before it; its gap is read all the same."""
    now = world.clock.now()
    for number in range(40):
        at = now - timedelta(minutes=30, seconds=number)
        said_unseen(world, "facebook", person(number), at, f"Tin {number}")
    await world.missed("facebook", now - timedelta(hours=1), now)
    source = world.sources["facebook"]
    account = await world.store.account(KEYS["facebook"])
    assert account is not None
    told: set[str] = set()
    moved = False

    async for step in source.history(account, now - timedelta(hours=1), now):
        told |= {one.person_id for one in step.messages}
        if step.messages and not moved:
            moved = True
            world.say("facebook", person(39), "Alo, còn đó không?")

    assert told == {person(number) for number in range(40)}


@EVERY
async def test_dead_token_waits_until_the_account_works_and_goes_on_where_it_was(
    world: World, channel: str
) -> None:
    now = world.clock.now()
    for number in range(60):
        at = now - timedelta(minutes=30, seconds=number)
        said_unseen(world, channel, person(number), at, f"Tin {number}")
    await world.missed(channel, now - timedelta(hours=1), now)
    platforms = world.both.platforms
    platforms.faults.script("history", *[None] * 2, Fault.TOKEN_DEATH)
    platforms.zalo.tokens.pair(DEMO["zalo"].account_id).refresh_until = 0

    await world.another_worker().step()

    gap = await world.gap(channel)
    assert gap["backfill"]["error"] in ("token_dead", "refresh_refused")
    assert gap["backfill"]["due_at"] == world.clock.now() + ACCOUNT_TRIED_EVERY
    assert gap["progress"]["over"] is False
    assert await world.health(channel) == "reauth"

    await world.connect_again(channel)
    read = len(world.calls)
    await world.fill()

    assert await count(world) == 60
    gap = await world.gap(channel)
    assert (gap["new"], gap["incomplete"]) == (60, [])
    assert await world.health(channel) == "ok"
    assert len(world.calls) - read > 0
    assert world.calls.count(world.calls[0]) <= 8, "what was read is not read again"


@EVERY
async def test_throttled_account_is_read_on_when_the_platform_permits(
    world: World, channel: str
) -> None:
    now = world.clock.now()
    for number in range(30):
        said_unseen(world, channel, person(number), now - timedelta(seconds=number), "Alo")
    await world.missed(channel, now - timedelta(hours=1), now)
    world.both.platforms.faults.script(
        "history", None, Fault.RATE_LIMITED, Fault.SERVER_ERROR, Fault.RESET_BEFORE
    )

    await world.fill()

    assert await count(world) == 30
    assert (await world.gap(channel))["incomplete"] == []


async def test_place_in_the_list_that_meta_has_forgotten_is_found_again_from_the_top(
    world: World,
) -> None:
    now = world.clock.now()
    for number in range(60):
        said_unseen(world, "facebook", person(number), now - timedelta(seconds=number), "Alo")
    await world.missed("facebook", now - timedelta(hours=1), now)
    world.both.platforms.faults.script("history", None, Refusal(code=100))

    await world.fill()

    assert await count(world) == 60
    assert (await world.gap("facebook"))["incomplete"] == []


async def test_graph_that_does_not_know_a_field_any_more_is_asked_for_the_plain_ones(
    world: World,
) -> None:
    now = world.clock.now()
    said_unseen(world, "facebook", person(1), now - timedelta(minutes=5), "Alo")
    await world.missed("facebook", now - timedelta(hours=1), now)
    world.both.platforms.faults.script("history", Refusal(code=100))

    await world.fill()

    assert await world.texts("facebook", person(1)) == ["Alo"]
    assert (await world.gap("facebook"))["incomplete"] == []


@pytest.mark.parametrize(("channel", "code"), [("facebook", 3), ("zalo", -224)])
async def test_account_that_may_not_read_waits_and_may_send_all_the_same(
    world: World, channel: str, code: int
) -> None:
    now = world.clock.now()
    said_unseen(world, channel, person(1), now - timedelta(minutes=5), "Alo")
    await world.missed(channel, now - timedelta(hours=1), now)
    world.both.platforms.faults.script("history", Refusal(code=code))

    await world.another_worker().step()

    waiting = (await world.gap(channel))["backfill"]
    assert waiting["due_at"] == world.clock.now() + PERMISSION_TRIED_EVERY
    assert await world.health(channel) == "ok"
    world.clock.advance(PERMISSION_TRIED_EVERY)
    await world.fill()
    assert await world.texts(channel, person(1)) == ["Alo"]


@EVERY
async def test_platform_that_refuses_ends_the_gap_with_its_number(
    world: World, channel: str
) -> None:
    now = world.clock.now()
    await world.missed(channel, now - timedelta(hours=1), now)
    code = -201 if channel == "zalo" else 100
    world.both.platforms.faults.script("history", *[Refusal(code=code)] * 2)

    await world.fill()

    gap = await world.gap(channel)
    assert (gap["incomplete"], gap["platform_code"]) == (["refused"], str(code))


@EVERY
async def test_two_workers_read_one_interval_once(world: World, channel: str) -> None:
    now = world.clock.now()
    for number in range(30):
        said_unseen(world, channel, person(number), now - timedelta(seconds=number), "Alo")
    await world.missed(channel, now - timedelta(hours=1), now)
    workers = [world.another_worker() for _ in range(3)]

    claimed = await asyncio.gather(*(worker.step() for worker in workers))
    await world.fill()

    assert sum(claimed) == 1
    assert await count(world) == 30
    assert (await world.gap(channel))["new"] == 30


@EVERY
async def test_worker_that_lost_its_lease_changes_nothing_more(world: World, channel: str) -> None:
    """It was stopped for longer than its lease; another one has finished meanwhile."""
    now = world.clock.now()
    for number in range(30):
        said_unseen(world, channel, person(number), now - timedelta(seconds=number), "Alo")
    await world.missed(channel, now - timedelta(hours=1), now)
    slow = world.another_worker()
    [held] = await world.store.due.claim(1)
    world.clock.advance(LEASE + timedelta(seconds=1))
    await world.fill()
    before, calls = await world.gap(channel), len(world.calls)

    await slow.resume(held)

    assert len(world.calls) - calls <= 2, "it stops at its first step"
    assert await world.gap(channel) == before
    assert await count(world) == 30


@EVERY
async def test_what_is_older_than_may_be_asked_for_is_named(world: World, channel: str) -> None:
    now = world.clock.now()
    said_unseen(world, channel, person(1), now - REACH - timedelta(days=1), "Lâu rồi")
    said_unseen(world, channel, person(2), now - timedelta(days=1), "Hôm qua")
    await world.missed(channel, now - REACH - timedelta(days=5), now)

    await world.fill()

    assert await world.texts(channel, person(2)) == ["Hôm qua"]
    assert await count(world) == 1
    assert (await world.gap(channel))["incomplete"] == ["too_old"]


async def test_account_that_is_not_connected_any_more_has_nothing_to_read(world: World) -> None:
    now = world.clock.now()
    await world.missed("zalo", now - timedelta(hours=1), now)
    await world.mongo["accounts"].delete_one({"_id": KEYS["zalo"]})

    await world.fill()

    assert (await world.gap("zalo"))["incomplete"] == ["account_gone"]
    assert world.calls == []


async def test_gap_that_turns_out_longer_is_read_once_more(world: World) -> None:
    now = world.clock.now()
    since = now - timedelta(hours=1)
    await world.missed("facebook", since, now - timedelta(minutes=50))
    await world.fill()
    said_unseen(world, "facebook", person(1), now - timedelta(minutes=5), "Alo")

    await world.missed("facebook", since, now)
    await world.fill()

    assert await world.texts("facebook", person(1)) == ["Alo"]
    assert (await world.gap("facebook"))["new"] == 1


@EVERY
async def test_erased_customer_does_not_come_back(world: World, channel: str) -> None:
    since = world.clock.now()
    world.say(channel, person(1), "Tên tôi là Hằng")
    world.say(channel, person(2), "Alo")
    await world.settle()
    customer = (await world.conversation(channel, person(1)))["customer_id"]
    erasures = ErasureStore(world.mongo, world.clock)
    await erasures.request(customer, an_actor("root", role="owner"))
    erasing = Erasing(world.mongo, erasures, world.clock)
    while await world.mongo["erasures"].find_one({"run": {"$exists": True}}):
        if not await erasing.run_one():
            world.clock.advance(SETTLE)
    await world.missed(channel, since, world.clock.now())

    await world.fill()

    assert await world.texts(channel, person(1)) == []
    assert await world.texts(channel, person(2)) == ["Alo"]
    assert (await world.gap(channel))["new"] == 0
    async for entry in world.mongo["webhook_journal"].find({"origin": "history"}):
        raise AssertionError(entry)


async def test_group_messages_are_not_read_as_a_persons(world: World) -> None:
    since = world.clock.now()
    known = world.both.platforms.world
    oa = DEMO["zalo"].account_id
    group = Said(known.new_hex(), since, by_account=False, text="Cả nhà ơi")
    known.say(oa, "g1", group, "group")
    world.clock.advance(timedelta(seconds=1))
    await world.missed("zalo", since, world.clock.now())

    await world.fill()

    assert await count(world) == 0
