"""The watchdog: lost subscriptions are restored and read back, odd silences are looked at."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise

import pytest

from app.demo.faults import Fault, Refusal
from channels.watching.hearing import Hearing
from channels.watching.model import Day, Watched, unusual_silence
from channels.watching.store import Heard
from channels.watching.watching import OLDEST
from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from inbox.ports import AccountRef
from tests.channels.watching.watch_world import (
    DEMO,
    INSTAGRAM_KEY,
    OA_KEY,
    PAGE_KEY,
    WatchWorld,
    watch_world,
)
from tests.simulated import PAGE

HOUR = timedelta(hours=1)


@pytest.fixture
async def world(mongo: Mongo, clock: FixedClock) -> AsyncIterator[WatchWorld]:
    async with watch_world(mongo, clock) as made:
        yield made


async def test_a_page_that_is_subscribed_leaves_no_trace_but_the_look(world: WatchWorld) -> None:
    await world.watching.run()
    world.clock.advance(HOUR)
    await world.watching.run()

    assert await world.gaps() == []
    subscription = (await world.account(PAGE_KEY))["subscription"]
    assert (subscription["state"], subscription["checked_at"]) == ("ok", world.clock.now())


async def test_a_lost_subscription_is_restored_and_what_was_missed_is_read_back(
    world: WatchWorld,
) -> None:
    await world.watching.run()
    good = world.clock.now()
    page = world.both.platforms.graph.pages[PAGE]
    page.subscribed = None
    world.clock.advance(HOUR)
    await world.watching.run()

    assert world.both.platforms.graph.pages[PAGE].subscribed
    for key in (PAGE_KEY, INSTAGRAM_KEY):  # they share the subscription
        [gap] = await world.gaps(key)
        assert (gap["from"], gap["to"]) == (good, good + HOUR)
        assert gap["reason"] == "unsubscribed"
        assert gap["backfill"]["due_at"] == world.clock.now()
        assert sorted(await world.events(key)) == ["subscription_lost", "subscription_restored"]
    assert await world.gaps(OA_KEY) == []
    assert (await world.account(PAGE_KEY))["subscription"]["state"] == "ok"

    world.clock.advance(HOUR)
    await world.watching.run()
    assert len(await world.gaps()) == 2, "once"


async def test_a_gap_begins_at_the_last_webhook_that_came(world: WatchWorld) -> None:
    await world.watching.run()
    heard_at = world.clock.now() + timedelta(minutes=40)
    await world.store.add_heard({PAGE_KEY: Heard(heard_at, heard_at)})
    world.both.platforms.graph.pages[PAGE].subscribed = None
    world.clock.advance(HOUR)

    await world.watching.run()

    assert [gap["from"] for gap in await world.gaps(PAGE_KEY)] == [heard_at]


async def test_a_page_that_lacks_one_field_is_subscribed_again(world: WatchWorld) -> None:
    await world.watching.run()
    page = world.both.platforms.graph.pages[PAGE]
    page.subscribed = [name for name in page.subscribed or [] if name != "message_echoes"]
    world.clock.advance(HOUR)

    await world.watching.run()

    assert "message_echoes" in page.subscribed
    assert len(await world.gaps(PAGE_KEY)) == 1


async def test_gaps_follow_each_other_while_a_page_cannot_be_subscribed(
    world: WatchWorld, mongo: Mongo
) -> None:
    await world.watching.run()
    start = world.clock.now()
    page = world.both.platforms.graph.pages[PAGE]
    page.subscribed = None
    for _ in range(2):
        world.clock.advance(HOUR)
        refused = Refusal(code=200)  # looks are answered, subscribing is not
        world.both.platforms.faults.script("subscribe", None, None, refused, refused)
        await world.watching.run()
        done = {"backfill": 1}
        await mongo["account_gaps"].update_many({}, {"$unset": done})
    assert (await world.account(PAGE_KEY))["subscription"]["state"] == "failed"

    world.clock.advance(HOUR)
    await world.watching.run()

    gaps = await world.gaps(PAGE_KEY)
    assert [(gap["from"] - start, gap["to"] - start) for gap in gaps] == [
        (timedelta(), HOUR),
        (HOUR, 2 * HOUR),
        (2 * HOUR, 3 * HOUR),
    ]
    assert ["backfill" in gap for gap in gaps] == [False, False, True]


@pytest.mark.parametrize("trouble", [Fault.SERVER_ERROR, Fault.RESET_BEFORE, Refusal(code=4)])
async def test_a_look_without_an_answer_says_nothing(
    world: WatchWorld, trouble: Fault | Refusal
) -> None:
    await world.watching.run()
    world.both.platforms.faults.script("subscribe", trouble, trouble)
    world.clock.advance(HOUR)

    await world.watching.run()

    assert await world.gaps() == []
    assert await world.events(PAGE_KEY) == []


async def test_what_may_be_missing_after_hours_of_a_dead_token_is_read_back(
    world: WatchWorld,
) -> None:
    await world.watching.run()
    start = world.clock.now()
    world.both.platforms.graph.pages.kill(PAGE, 460)
    for _ in range(5):
        world.clock.advance(HOUR)
        await world.watching.run()
    assert await world.gaps() == []

    for account in DEMO[:2]:
        await world.reconnect(account)
    world.clock.advance(HOUR)
    await world.watching.run()

    [gap] = await world.gaps(PAGE_KEY)
    assert (gap["from"], gap["to"]) == (start, start + 6 * HOUR)
    assert gap["reason"] == "unseen"


async def test_a_very_old_gap_is_asked_for_a_week_only(world: WatchWorld) -> None:
    await world.watching.run()
    world.clock.advance(timedelta(days=30))
    world.both.platforms.graph.pages[PAGE].subscribed = None

    await world.watching.run()

    [gap] = await world.gaps(PAGE_KEY)
    assert gap["to"] - gap["from"] == OLDEST


async def test_a_kill_between_gap_and_subscribing_is_made_up_for(world: WatchWorld) -> None:
    await world.watching.run()
    start = world.clock.now()
    world.both.platforms.graph.pages[PAGE].subscribed = None
    world.clock.advance(HOUR)

    class Killed(BaseException):
        pass

    class Dying:
        def __init__(self) -> None:
            self.subscribed = real.subscribed

        async def subscribe(self, account: AccountRef) -> None:
            raise Killed

    real = world.watching._subscriptions
    world.watching._subscriptions = Dying()  # type: ignore[assignment]
    with pytest.raises(Killed):
        await world.watching.run()
    world.watching._subscriptions = real
    world.clock.advance(timedelta(minutes=5))
    await world.watching.run()

    assert world.both.platforms.graph.pages[PAGE].subscribed
    gaps = await world.gaps(PAGE_KEY)
    assert gaps[0]["from"] == start
    assert gaps[-1]["to"] == world.clock.now()
    for before, after in pairwise(gaps):
        assert after["from"] <= before["to"], "without a hole"


def traffic(days: int, *, count: int = 50, longest: timedelta = timedelta(hours=8)) -> dict:  # type: ignore[type-arg]
    day = Day(count, longest.total_seconds())
    return {f"2026-11-{number + 10}": day for number in range(days)}


@pytest.mark.parametrize(
    ("days", "silent", "expected"),
    [
        pytest.param(traffic(7), timedelta(hours=11), False, id="a night"),
        pytest.param(traffic(7), timedelta(hours=13), True, id="longer than any night"),
        pytest.param(traffic(2), timedelta(hours=40), False, id="too new to know"),
        pytest.param(traffic(7, count=1), timedelta(hours=40), False, id="seldom written to"),
        pytest.param(
            traffic(7, count=5000, longest=timedelta(minutes=2)),
            timedelta(minutes=50),
            False,
            id="never below an hour",
        ),
        pytest.param(
            traffic(7, count=5000, longest=timedelta(minutes=2)),
            timedelta(minutes=61),
            True,
            id="busy day and night",
        ),
        pytest.param(
            traffic(6) | {"2026-11-20": Day(9, 5 * 86400)},
            timedelta(hours=13),
            True,
            id="one outage does not make silence usual",
        ),
    ],
)
def test_silence_is_unusual_when_it_is_longer_than_usual_days_have(
    clock: FixedClock, days: dict[str, Day], silent: timedelta, expected: bool
) -> None:
    now = clock.now()
    ref = AccountRef(PAGE_KEY, "facebook", PAGE)
    account = Watched(ref, now - timedelta(days=90), now - silent, days=days)

    assert unusual_silence(account, now) is expected


async def test_an_oddly_silent_oa_gets_its_history_read_and_nobody_is_alarmed(
    world: WatchWorld, clock: FixedClock
) -> None:
    for _ in range(4):
        for _ in range(16):
            clock.advance(HOUR)
            await world.store.add_heard({OA_KEY: Heard(clock.now(), clock.now())})
        clock.advance(8 * HOUR)
    last = clock.now() - 8 * HOUR
    await world.watching.check_silences()
    assert await world.gaps(OA_KEY) == []

    clock.advance(6 * HOUR)
    await world.watching.check_silences()
    await world.watching.check_silences()

    [gap] = await world.gaps(OA_KEY)
    assert (gap["from"], gap["to"], gap["reason"]) == (last, clock.now(), "quiet")
    assert "backfill" in gap
    assert await world.events(OA_KEY) == []
    assert await world.health(OA_KEY) == ("ok", None)

    clock.advance(14 * HOUR)
    await world.watching.check_silences()
    assert len(await world.gaps(OA_KEY)) == 2, "looked at again when it goes on"


async def test_what_was_heard_is_counted_by_day_and_old_days_are_forgotten(
    world: WatchWorld, clock: FixedClock, mongo: Mongo
) -> None:
    hearing = Hearing(world.store)
    for _ in range(12):
        for _ in range(3):
            hearing.hear(PAGE_KEY, clock.now())
            clock.advance(HOUR)
        await hearing.step()
        clock.advance(21 * HOUR)

    kept = await mongo["account_traffic"].find_one({"_id": PAGE_KEY})
    assert kept is not None
    assert kept["heard_at"] == clock.now() - 22 * HOUR
    assert len(kept["days"]) == 8
    assert set(map(json.dumps, kept["days"].values())) == {
        json.dumps({"count": 3, "longest_s": 22 * 3600.0})
    }
