"""Delivery: in order, part by part, each exactly once or shown as failed with its reason."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from inbox import metrics
from inbox.clock import FixedClock
from inbox.conversations.delivery.store import DeliveryStore
from inbox.conversations.delivery.turns import Turn
from inbox.ids import account_key
from inbox.mongo.client import Mongo
from inbox.ports import (
    AccountUnusable,
    SendRefused,
    SendUnavailable,
    WindowClosed,
)
from tests.failpoints import failing
from tests.fake_messenger import FakePlatform
from tests.inbox.inbox_world import an_actor
from tests.reply_world import LEASE, PAGE, ReplyWorld
from tests.waiting import until

ACTOR = an_actor("lan", "bot1")
LONG = "một hai ba bốn năm sáu bảy tám chín mười " * 2
"""Three platform messages."""


@pytest.fixture
async def world(mongo: Mongo, clock: FixedClock, tmp_path: Path) -> ReplyWorld:
    world = ReplyWorld(mongo, clock, tmp_path)
    await world.connect()
    return world


@pytest.fixture
def platform(world: ReplyWorld) -> FakePlatform:
    return world.platform


async def test_messages_of_a_conversation_go_out_in_their_order(
    world: ReplyWorld, platform: FakePlatform
) -> None:
    thread = await world.thread()
    for number in range(5):
        await world.say(thread, f"Tin {number}")

    await world.deliver_all()

    assert platform.texts == [f"Tin {number}" for number in range(5)]
    assert "delivery" not in await world.conversation_of(thread)


async def test_long_texts_and_files_go_out_part_by_part(
    world: ReplyWorld, platform: FakePlatform
) -> None:
    upload = await world.upload(b"anh")
    message = await world.say(await world.thread(), LONG, upload_ids=(upload.id,))

    await world.deliver()

    assert [one.text for one in platform.taken[:3]] == [LONG[:40], LONG[40:80], LONG[80:]]
    assert platform.taken[3].content == "anh"
    kept = await world.kept(message)
    assert [part["state"] for part in kept["parts"]] == ["sent"] * 4
    assert [part["external_id"] for part in kept["parts"]] == [one.id for one in platform.taken]
    assert not any("content" in part for part in kept["parts"])
    assert "pending" not in kept


async def test_every_change_of_state_is_told(world: ReplyWorld, mongo: Mongo) -> None:
    await world.say(await world.thread(), "Dạ")

    await world.deliver()

    events = await mongo["live_events"].find().sort("_id", 1).to_list()
    assert [(one["type"], one["data"]["message"]["status"]) for one in events] == [
        ("message_received", "queued"),
        ("message_changed", "sending"),
        ("message_changed", "sent"),
    ]


async def test_being_sent_is_durable_before_the_call(
    world: ReplyWorld, platform: FakePlatform
) -> None:
    platform.gate = asyncio.Event()
    message = await world.say(await world.thread(), "Dạ")
    delivering = asyncio.create_task(world.worker.step())
    await until(lambda: platform.calls == 1)

    [part] = (await world.kept(message))["parts"]
    platform.gate.set()
    await delivering

    assert (part["state"], part["attempts"]) == ("sending", 1)
    assert await world.status(message) == "sent"


async def test_a_busy_platform_is_asked_again_as_late_as_it_wants_and_order_is_kept(
    world: ReplyWorld, platform: FakePlatform, clock: FixedClock
) -> None:
    platform.faults = [SendUnavailable("rate", retry_after_s=90)]
    thread = await world.thread()
    first = await world.say(thread, "Một")
    await world.say(thread, "Hai")

    await world.deliver()
    clock.advance(timedelta(seconds=89))
    await world.deliver()
    assert (platform.calls, await world.status(first)) == (1, "queued")
    clock.advance(timedelta(seconds=1))
    await world.deliver()

    assert platform.texts == ["Một", "Hai"]


async def test_a_message_that_is_posted_while_another_waits_does_not_overtake_it(
    world: ReplyWorld, platform: FakePlatform
) -> None:
    platform.faults = [SendUnavailable("rate", retry_after_s=30)]
    thread = await world.thread()
    await world.say(thread, "Một")
    await world.deliver()

    await world.say(thread, "Hai")
    await world.deliver()
    assert platform.calls == 1
    await world.deliver_all()

    assert platform.texts == ["Một", "Hai"]


async def test_after_too_many_tries_it_is_failed_and_the_next_one_goes_out(
    world: ReplyWorld, platform: FakePlatform
) -> None:
    platform.faults = [SendUnavailable("down")] * 3
    thread = await world.thread()
    first = await world.say(thread, "Một")
    await world.say(thread, "Hai")

    await world.deliver_all()

    kept = await world.kept(first)
    assert (kept["status"], kept["error"]["code"]) == ("failed", "platform_unavailable")
    assert platform.texts == ["Hai"]


async def test_who_only_waited_for_a_turn_has_used_up_no_try(
    world: ReplyWorld, platform: FakePlatform
) -> None:
    platform.faults = [SendUnavailable("our own limit", retry_after_s=5, tried=False)] * 8
    message = await world.say(await world.thread(), "Một")

    await world.deliver_all()

    assert await world.status(message) == "sent"
    assert (await world.kept(message))["parts"][0]["attempts"] == 1


async def test_a_refused_part_fails_with_the_platforms_reason_and_skips_the_rest(
    world: ReplyWorld, platform: FakePlatform
) -> None:
    platform.faults = [None, SendRefused("blocked", platform_code="551")]
    thread = await world.thread()
    message = await world.say(thread, LONG)
    await world.say(thread, "Hai")

    await world.deliver()

    kept = await world.kept(message)
    assert [part["state"] for part in kept["parts"]] == ["sent", "failed", "failed"]
    assert (kept["error"]["code"], kept["error"]["platform_code"]) == ("send_refused", "551")
    assert kept["parts"][2]["error"]["code"] == "skipped"
    assert platform.texts == [LONG[:40], "Hai"]


async def test_a_failed_message_is_sent_again_from_where_it_failed(
    world: ReplyWorld, platform: FakePlatform
) -> None:
    platform.faults = [None, SendRefused()]
    message = await world.say(await world.thread(), LONG)
    await world.deliver()

    view = await world.replies.retry(message, "resend", ACTOR)
    assert view["status"] == "sending"
    await world.deliver()

    assert platform.texts == [LONG[:40], LONG[40:80], LONG[80:]]
    assert await world.status(message) == "sent"


async def test_a_closed_window_corrects_what_the_composer_shows(
    world: ReplyWorld, platform: FakePlatform
) -> None:
    """X.INB.06: the platform knows better."""
    platform.faults = [WindowClosed()]
    thread = await world.thread()
    message = await world.say(thread, "Dạ")

    await world.deliver()

    kept = await world.kept(message)
    assert (kept["status"], kept["error"]["code"]) == ("failed", "window_closed")
    with pytest.raises(Exception, match="window_closed"):
        await world.say(thread, "Alo?")


async def test_an_unusable_account_holds_its_messages_and_no_others(
    world: ReplyWorld, platform: FakePlatform, mongo: Mongo, clock: FixedClock
) -> None:
    await world.connect(account="page2")
    platform.faults = [AccountUnusable("token", platform_code="190")]
    threads = [await world.thread(name=f"Khách {number}") for number in range(3)]
    waiting = [await world.say(thread, "Dạ") for thread in threads]
    world.worker = type(world.worker)(
        world.delivery, world.worker._sending, clock, channels=world.messengers, at_once=1
    )
    await world.deliver(rounds=3)
    other = await world.say(await world.thread(account="page2"), "Chào")
    await world.deliver()

    account = await mongo["accounts"].find_one({"_id": account_key("facebook", PAGE)})
    assert account is not None
    assert (account["health"]["state"], account["health"]["platform_code"]) == ("reauth", "190")
    assert [await world.status(one) for one in waiting] == ["queued"] * 3
    assert (await world.kept(waiting[0]))["parts"][0]["attempts"] == 0
    assert platform.texts == ["Chào"]
    assert await world.status(other) == "sent"
    assert "bot_changed" in await world.live_types()


async def test_an_account_that_works_again_sends_what_waits_at_once(
    world: ReplyWorld, platform: FakePlatform, mongo: Mongo
) -> None:
    platform.faults = [AccountUnusable("token")] * 3
    threads = [await world.thread(name=f"Khách {number}") for number in range(3)]
    for thread in threads:
        await world.say(thread, "Dạ")
    await world.deliver(rounds=2)
    assert platform.texts == []

    key = account_key("facebook", PAGE)
    await world.healing.account_works(key)
    await world.deliver()

    assert platform.texts == ["Dạ"] * 3


async def test_one_message_tries_an_unusable_account_from_time_to_time(
    world: ReplyWorld, platform: FakePlatform, mongo: Mongo, clock: FixedClock
) -> None:
    dead = {"state": "blocked", "reason": "policy", "at": clock.now()}
    key = account_key("facebook", PAGE)
    await mongo["accounts"].update_one({"_id": key}, {"$set": {"health": dead}})
    platform.faults = [AccountUnusable("still")]
    for number in range(3):
        await world.say(await world.thread(name=f"Khách {number}"), "Dạ")

    await world.deliver()
    assert platform.calls == 0
    clock.advance(timedelta(minutes=5))
    await world.deliver()
    assert platform.calls == 1
    await world.deliver_all()

    assert len(platform.taken) == 3
    account = await mongo["accounts"].find_one({"_id": key})
    assert account is not None
    assert account["health"]["state"] == "ok"


async def test_what_was_taken_without_an_answer_is_found_in_the_history(
    world: ReplyWorld, platform: FakePlatform
) -> None:
    platform.faults = ["taken"]
    thread = await world.thread()
    message = await world.say(thread, "Một")
    await world.say(thread, "Hai")

    await world.deliver()
    assert await world.status(message) == "uncertain"
    assert platform.texts == ["Một"], "it may still be on its way"
    await world.deliver_all()

    assert await world.status(message) == "sent"
    assert platform.texts == ["Một", "Hai"]


async def test_after_the_first_look_a_doubt_holds_up_nothing(
    world: ReplyWorld, platform: FakePlatform, clock: FixedClock
) -> None:
    platform.faults = ["lost"]
    thread = await world.thread()
    lost = await world.say(thread, "Một")
    await world.say(thread, "Hai")

    await world.deliver()
    clock.advance(timedelta(seconds=10))
    await world.deliver()

    assert await world.status(lost) == "uncertain"
    assert platform.texts == ["Hai"]


async def test_a_person_who_ends_a_doubt_lets_the_next_message_go(
    world: ReplyWorld, platform: FakePlatform
) -> None:
    platform.faults = ["taken"]
    thread = await world.thread()
    first = await world.say(thread, "Một")
    await world.say(thread, "Hai")
    await world.deliver()

    await world.replies.retry(first, "mark_sent", ACTOR)
    await world.deliver()

    assert platform.texts == ["Một", "Hai"]


@pytest.mark.parametrize("hides", [False, True])
async def test_what_was_lost_without_an_answer_ends_as_failed_and_is_not_sent_again(
    world: ReplyWorld, platform: FakePlatform, clock: FixedClock, *, hides: bool
) -> None:
    platform.faults = ["lost"]
    platform.hides = hides
    message = await world.say(await world.thread(), "Một")
    await world.deliver()
    for pause in (10, 60):
        clock.advance(timedelta(seconds=pause))
        await world.deliver()
        assert await world.status(message) == "uncertain"
    clock.advance(timedelta(minutes=10))
    await world.deliver()

    kept = await world.kept(message)
    code = "fate_unknown" if hides else "not_received"
    assert (kept["status"], kept["error"]["code"]) == ("failed", code)
    assert (platform.calls, platform.texts) == (1, [])


@pytest.mark.parametrize("given_up", [False, True])
async def test_a_person_decides_about_a_message_in_doubt(
    world: ReplyWorld, platform: FakePlatform, *, given_up: bool
) -> None:
    platform.faults = ["lost", "lost"]
    thread = await world.thread()
    arrived, lost = await world.say(thread, "Một"), await world.say(thread, "Hai")
    await world.deliver()
    world.clock.advance(timedelta(seconds=10))
    await world.deliver()
    if given_up:
        await world.deliver_all()

    await world.replies.retry(arrived, "mark_sent", ACTOR)
    await world.replies.retry(lost, "resend", ACTOR)
    await world.deliver_all()

    assert [await world.status(one) for one in (arrived, lost)] == ["sent", "sent"]
    assert platform.texts == ["Hai"]


async def test_a_part_that_a_dead_worker_was_sending_is_in_doubt_and_not_sent_again(
    world: ReplyWorld, platform: FakePlatform, clock: FixedClock
) -> None:
    platform.hides = True
    thread = await world.thread()
    message = await world.say(thread, "Một")
    await world.say(thread, "Hai")
    [claimed] = await world.delivery.due.claim(10)
    await world.delivery.take_turns([Turn(claimed)])  # and then it died

    await world.deliver()
    assert platform.calls == 0, "its lease still runs"
    clock.advance(LEASE)
    await world.deliver()

    assert await world.status(message) == "uncertain"
    assert platform.texts == []
    await world.deliver_all()
    assert await world.status(message) == "failed"
    assert platform.texts == ["Hai"]


async def test_the_late_answer_to_a_send_that_was_given_up_counts(
    world: ReplyWorld, platform: FakePlatform, clock: FixedClock
) -> None:
    platform.answers = asyncio.Event()
    message = await world.say(await world.thread(), "Một")
    slow = asyncio.create_task(world.worker.step())
    await until(lambda: len(platform.taken) == 1)
    platform.hides = True
    clock.advance(LEASE)
    await world.another_worker().step()
    assert await world.status(message) == "uncertain"

    platform.answers.set()
    await slow

    assert await world.status(message) == "sent"
    assert platform.texts == ["Một"]


async def test_a_worker_that_lost_its_lease_sends_nothing(
    world: ReplyWorld, platform: FakePlatform, clock: FixedClock
) -> None:
    message = await world.say(await world.thread(), "Một")
    [lost] = await world.delivery.due.claim(10)
    clock.advance(LEASE)
    await world.delivery.due.claim(10)

    await world.worker._deliver(lost)

    assert platform.calls == 0
    assert await world.status(message) == "queued"


async def test_two_workers_send_everything_once_and_in_order(
    world: ReplyWorld, platform: FakePlatform, mongo: Mongo, clock: FixedClock
) -> None:
    other_store = DeliveryStore(mongo, clock)
    other = world.another_worker()
    other._store = other_store
    threads = [await world.thread(name=f"Khách {number}") for number in range(8)]

    async def post_all() -> None:
        for number in range(5):
            await asyncio.gather(*(world.say(one, f"Tin {number}") for one in threads))

    async def work(worker: object, posting: "asyncio.Task[None]") -> None:
        query = {"delivery": {"$exists": True}}
        while not posting.done() or await mongo["conversations"].find_one(query):
            await worker.step()  # type: ignore[attr-defined]

    posting = asyncio.create_task(post_all())
    await asyncio.gather(work(world.worker, posting), work(other, posting))

    assert len(platform.taken) == 40
    for thread in threads:
        person = (await world.conversation_of(thread))["external_id"]
        theirs = [one.text for one in platform.taken if one.recipient == person]
        assert theirs == [f"Tin {number}" for number in range(5)]


async def test_what_is_posted_while_the_last_part_goes_out_is_not_forgotten(
    world: ReplyWorld, platform: FakePlatform
) -> None:
    platform.gate = asyncio.Event()
    thread = await world.thread()
    await world.say(thread, "Một")
    delivering = asyncio.create_task(world.worker.step())
    await until(lambda: platform.calls == 1)
    await world.say(thread, "Hai")
    platform.gate.set()
    await delivering

    assert platform.texts == ["Một", "Hai"]


async def test_a_bug_in_a_channel_is_a_doubt_and_not_a_second_send(
    world: ReplyWorld, platform: FakePlatform
) -> None:
    platform.faults = [RuntimeError("a bug")]
    message = await world.say(await world.thread(), "Một")

    await world.deliver()

    assert await world.status(message) == "uncertain"
    assert platform.calls == 1


async def test_an_answer_is_kept_although_the_database_is_away(
    world: ReplyWorld, platform: FakePlatform, mongo: Mongo, mongo_uri: str, clock: FixedClock
) -> None:
    platform.answers = asyncio.Event()
    message = await world.say(await world.thread(), "Một")
    delivering = asyncio.create_task(world.worker.step())
    await until(lambda: len(platform.taken) == 1)

    with failing(mongo_uri, ["commitTransaction"], app_name="chat-inbox", times=4, errorCode=10107):
        platform.answers.set()
        await delivering

    assert await world.status(message) == "sent"


async def test_a_file_whose_bytes_are_gone_fails_before_the_channel_is_called(
    world: ReplyWorld, platform: FakePlatform, mongo: Mongo
) -> None:
    upload = await world.upload(b"anh")
    message = await world.say(await world.thread(), None, upload_ids=(upload.id,))
    await mongo["uploads"].delete_one({"_id": upload.id})

    await world.deliver()

    assert (await world.kept(message))["error"]["code"] == "file_gone"
    assert platform.calls == 0


async def test_a_quoted_message_is_named_as_the_platform_names_it(
    world: ReplyWorld, platform: FakePlatform
) -> None:
    thread = await world.thread()
    theirs = await world.message(thread, "Còn không?", at=world.clock.now())
    ours = await world.say(thread, "Còn ạ", reply_to=theirs)
    await world.deliver()
    await world.say(thread, "Mua nhé", reply_to=ours)
    await world.deliver()

    quoted = (await world.kept(theirs))["external_id"]
    assert [one.reply_to for one in platform.taken] == [quoted, platform.taken[0].id]


async def test_a_running_worker_delivers_and_stops_with_nothing_half_done(
    world: ReplyWorld, platform: FakePlatform
) -> None:
    platform.gate = asyncio.Event()
    thread = await world.thread()
    first, second = await world.say(thread, "Một"), await world.say(thread, "Hai")
    stop = asyncio.Event()
    running = asyncio.create_task(world.worker.run(stop))
    await until(lambda: platform.calls == 1)

    stop.set()
    platform.gate.set()
    await running

    assert [await world.status(one) for one in (first, second)] == ["sent", "queued"]
    assert "token" not in (await world.conversation_of(thread))["delivery"]
    await world.another_worker().step()
    assert platform.texts == ["Một", "Hai"]


async def test_a_stalled_conversation_holds_up_no_other(
    world: ReplyWorld, platform: FakePlatform
) -> None:
    platform.gate = asyncio.Event()
    await world.say(await world.thread(name="A"), "Một")
    stop = asyncio.Event()
    running = asyncio.create_task(world.worker.run(stop))
    await until(lambda: platform.calls == 1)
    stalled, platform.gate = platform.gate, None

    await world.say(await world.thread(name="B"), "Hai")
    await until(lambda: platform.texts == ["Hai"])

    stalled.set()
    stop.set()
    await running
    assert platform.texts == ["Hai", "Một"]


async def test_a_database_that_is_away_before_the_call_leaves_no_doubt(
    world: ReplyWorld, platform: FakePlatform, mongo: Mongo, mongo_uri: str
) -> None:
    upload = await world.upload(b"anh")
    message = await world.say(await world.thread(), None, upload_ids=(upload.id,))
    uploads = f"{mongo.db.name}.uploads"

    with failing(
        mongo_uri, ["find"], app_name="chat-inbox", times=1, errorCode=11601, namespace=uploads
    ):
        await world.deliver()
        assert (platform.calls, await world.status(message)) == (0, "queued")
    await world.deliver_all()

    assert await world.status(message) == "sent"
    assert platform.calls == 1


async def test_what_is_stuck_is_counted_and_its_age_is_told(
    world: ReplyWorld, platform: FakePlatform, clock: FixedClock
) -> None:
    platform.faults = ["lost", SendUnavailable("rate", retry_after_s=600)]
    await world.say(await world.thread(name="A"), "Một")
    await world.deliver()
    await world.say(await world.thread(name="B"), "Hai")
    await world.deliver()
    clock.advance(timedelta(seconds=90))

    await world.delivery.measure()

    waiting = await world.delivery.waiting()
    assert waiting.by_status == {"uncertain": 1, "queued": 1}
    assert metrics.messages_waiting.labels("uncertain")._value.get() == 1
    assert metrics.oldest_queued_seconds._value.get() == pytest.approx(90, abs=1)
    await world.deliver_all()
    await world.delivery.measure()
    assert (await world.delivery.waiting()).by_status == {}
    assert metrics.oldest_queued_seconds._value.get() == 0
