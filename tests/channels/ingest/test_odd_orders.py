"""Orders that once gave another result: closed conversations, standby, edits without an end."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inbox.clock import FixedClock
from inbox.ids import conversation_key
from inbox.mongo.client import Mongo
from tests.ingest import (
    FACEBOOK_PAGE,
    ZALO_OA,
    connect_accounts,
    facebook_message,
    running_ingest,
)
from tests.projection import projection

PSID = "7312094485501276"
T0 = 1_795_316_400_000  # 2026-11-22T03:00:00Z, the time of the clock
CONVERSATION = conversation_key("facebook", FACEBOOK_PAGE, "inbox", PSID)
Delivery = tuple[str, bytes]


def _messaging(at: int, event: dict[str, Any], source: str = "messaging") -> Delivery:
    element = {
        "sender": {"id": PSID},
        "recipient": {"id": FACEBOOK_PAGE},
        "timestamp": T0 + at,
        **event,
    }
    entry = {"id": FACEBOOK_PAGE, "time": T0 + at, source: [element]}
    return "facebook", json.dumps({"object": "page", "entry": [entry]}).encode()


def _said(at: int, mid: str) -> Delivery:
    return "facebook", json.dumps(facebook_message(f"tin {mid}", mid=mid, at=T0 + at)).encode()


def _withdrawn(at: int) -> Delivery:
    body = {
        "app_id": "1",
        "event_name": "user_withdraw",
        "timestamp": str(T0 + at),
        "oa_id": ZALO_OA,
        "user_id": "4200000000000000001",
    }
    return "zalo", json.dumps(body).encode()


ODD = (
    _said(-30_000, "m_before_closing"),
    _said(11_000, "m_1"),
    _said(12_000, "m_2"),
    _messaging(13_000, {"message": {"mid": "m_3", "text": "chờ"}}, "standby"),
    _messaging(13_000, {"message": {"mid": "m_3", "text": "chờ"}}),
    _messaging(14_000, {"message_edit": {"mid": "m_2", "text": "a", "num_edit": 10**20}}),
    _messaging(15_000, {"message_edit": {"mid": "m_2", "text": "b", "num_edit": 10**20}}),
    _withdrawn(1_000),
    _withdrawn(2_000),
)


async def _applied(mongo: Mongo, clock: FixedClock, order: list[int], size: int) -> dict[str, Any]:
    for collection in await mongo.db.list_collection_names():
        if collection != "accounts":
            await mongo[collection].delete_many({})
    async with running_ingest(mongo, clock) as ingest:
        await ingest.keep(*_said(-60_000, "m_0"))
        await ingest.applied()
        await _close(mongo, clock.now())
        for number, index in enumerate(order):
            await ingest.keep(*ODD[index])
            if number % size == 0:
                await ingest.applied()
        await ingest.applied()
    return await projection(mongo)


async def _close(mongo: Mongo, at: datetime) -> None:
    await mongo["conversations"].update_one(
        {"_id": CONVERSATION}, {"$set": {"status": "closed", "status_at": at}}
    )


@pytest.fixture
async def expected(mongo: Mongo, clock: FixedClock) -> dict[str, Any]:
    await connect_accounts(mongo)
    return await _applied(mongo, clock, list(range(len(ODD))), 1)


@settings(
    deadline=None,
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    order=st.permutations(range(len(ODD))),
    repeated=st.lists(st.integers(0, len(ODD) - 1), max_size=4),
    size=st.integers(1, 5),
)
async def test_any_order_gives_one_result_in_a_conversation_that_was_closed(
    mongo: Mongo,
    clock: FixedClock,
    expected: dict[str, Any],
    order: list[int],
    repeated: list[int],
    size: int,
) -> None:
    assert await _applied(mongo, clock, [*order, *repeated], size) == expected


@pytest.mark.parametrize(
    ("late_by", "status"),
    [
        pytest.param(timedelta(minutes=5), "open", id="nobody had seen it"),
        pytest.param(timedelta(hours=2), "closed", id="a replay of long ago"),
    ],
)
async def test_message_that_comes_after_the_closing_opens_unless_it_is_from_long_ago(
    mongo: Mongo, clock: FixedClock, late_by: timedelta, status: str
) -> None:
    await connect_accounts(mongo)
    written = int(-late_by.total_seconds() * 1000)
    async with running_ingest(mongo, clock) as ingest:
        await ingest.keep(*_said(-3 * 3_600_000, "m_0"))
        await ingest.applied()
        await _close(mongo, clock.now() - timedelta(seconds=1))
        await ingest.keep(*_said(written, "m_1"))
        await ingest.applied()

    conversation = await mongo["conversations"].find_one({"_id": CONVERSATION})
    assert conversation is not None
    assert conversation["status"] == status
    assert conversation["unread"] == 2


def test_the_clock_of_these_tests_is_the_time_of_their_webhooks(clock: FixedClock) -> None:
    assert clock.now() == datetime.fromtimestamp(T0 / 1000, UTC)
