"""One busy conversation, delivered in any order, any batches and any repetition: one result."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.ingest import (
    FACEBOOK_PAGE,
    INSTAGRAM_ACCOUNT,
    ZALO_OA,
    connect_accounts,
    facebook_message,
    payloads,
    running_ingest,
)
from tests.projection import projection

PSID = "7312094485501276"
T0 = 1_789_612_000_000
Delivery = tuple[str, bytes]


def _messaging(at: int, event: dict[str, Any], *, echo: bool = False) -> Delivery:
    customer, page = {"id": PSID}, {"id": FACEBOOK_PAGE}
    element = {
        "sender": page if echo else customer,
        "recipient": customer if echo else page,
        "timestamp": T0 + at,
        **event,
    }
    entry = {"id": FACEBOOK_PAGE, "time": T0 + at, "messaging": [element]}
    return "facebook", json.dumps({"object": "page", "entry": [entry]}).encode()


def _said(at: int, mid: str, text: str) -> Delivery:
    return "facebook", json.dumps(facebook_message(text, mid=mid, at=T0 + at)).encode()


def _human(at: int, mid: str, text: str) -> Delivery:
    message = {"mid": mid, "text": text, "is_echo": True, "app_id": 263902037430900}
    return _messaging(at, {"message": message}, echo=True)


def _instagram(at: int, message: dict[str, Any]) -> Delivery:
    element = {
        "sender": {"id": "55"},
        "recipient": {"id": INSTAGRAM_ACCOUNT},
        "timestamp": T0 + at,
        "message": message,
    }
    entry = {"id": INSTAGRAM_ACCOUNT, "time": T0 + at, "messaging": [element]}
    return "facebook", json.dumps({"object": "instagram", "entry": [entry]}).encode()


def _zalo(at: int, name: str, **fields: Any) -> Delivery:
    body = {"app_id": "1", "event_name": name, "timestamp": str(T0 + at), "oa_id": ZALO_OA}
    return "zalo", json.dumps(body | fields).encode()


def _comment(at: int, verb: str, comment: str, parent: str, text: str | None) -> Delivery:
    value = {
        "item": "comment",
        "verb": verb,
        "post_id": f"{FACEBOOK_PAGE}_1",
        "comment_id": comment,
        "parent_id": parent,
        "created_time": (T0 + at) // 1000,
        "from": {"id": "99" if comment == "1_1" else "77", "name": "Đỗ Thị Lụa"},
    }
    if text is not None:
        value["message"] = text
    entry = {
        "id": FACEBOOK_PAGE,
        "time": (T0 + at) // 1000,
        "changes": [{"field": "feed", "value": value}],
    }
    return "facebook", json.dumps({"object": "page", "entry": [entry]}).encode()


BUSY: Sequence[Delivery] = (
    _said(1_000, "m_1", "Áo này còn không shop?"),
    _said(2_000, "m_2", "Alo"),
    _said(2_500, "m_8", "Dừng nhận tin"),
    _said(2_600, "m_9", "Nhận tin lại"),
    _said(2_700, "m_10", "STOP"),
    _human(3_000, "m_3", "Dạ còn ạ"),
    _said(4_000, "m_4", "Giá sao ạ"),
    _human(5_000, "m_5", "350k ạ"),
    _said(6_000, "m_6", "Đắt thế"),
    _said(6_000, "m_7", "Bớt đi shop"),
    _messaging(7_000, {"message_edit": {"mid": "m_6", "text": "Hơi đắt", "num_edit": 1}}),
    _messaging(8_000, {"message_edit": {"mid": "m_6", "text": "Hơi đắt ạ", "num_edit": 2}}),
    _messaging(8_500, {"reaction": {"mid": "m_5", "action": "react", "emoji": "😢"}}),
    _messaging(8_600, {"reaction": {"mid": "m_5", "action": "unreact"}}),
    _messaging(8_700, {"reaction": {"mid": "m_3", "action": "react", "emoji": "❤️"}}),
    _messaging(9_000, {"read": {"watermark": T0 + 5_500}}),
    _messaging(8_900, {"delivery": {"watermark": T0 + 5_400, "mids": ["m_5"]}}),
    _instagram(1_000, {"mid": "ig_1", "text": "nhầm"}),
    _instagram(2_000, {"mid": "ig_1", "is_deleted": True}),
    _instagram(1_500, {"mid": "ig_2", "text": "còn size M ko"}),
    _zalo(1_000, "follow", follower={"id": "42"}, source="oa_profile"),
    _zalo(2_000, "unfollow", follower={"id": "42"}),
    _comment(1_000, "add", "1_1", f"{FACEBOOK_PAGE}_1", "Giá?"),
    _comment(2_000, "add", "1_2", "1_1", "Mình cũng hỏi"),
    _comment(3_000, "edited", "1_1", f"{FACEBOOK_PAGE}_1", "Giá bao nhiêu ạ?"),
    _comment(4_000, "remove", "1_2", "1_1", None),
)

FOLDER = payloads()
Projection = dict[str, Any]
SLOW = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


async def _applied(
    mongo: Mongo, clock: FixedClock, batches: Sequence[Sequence[Delivery]]
) -> Projection:
    for collection in await mongo.db.list_collection_names():
        if collection != "accounts":
            await mongo[collection].delete_many({})
    async with running_ingest(mongo, clock) as ingest:
        for batch in batches:
            for channel, body in batch:
                await ingest.keep(channel, body)
            await ingest.applied()
    return await projection(mongo)


def _cut(deliveries: Sequence[Delivery], sizes: Sequence[int]) -> list[Sequence[Delivery]]:
    """Cut into batches of these sizes; the rest is the last batch."""
    batches, start = [], 0
    for size in sizes:
        batches.append(deliveries[start : start + size])
        start += size
    return [*batches, deliveries[start:]]


@pytest.fixture
async def expected_of_busy(mongo: Mongo, clock: FixedClock) -> Projection:
    await connect_accounts(mongo)
    return await _applied(mongo, clock, [BUSY])


@pytest.fixture
async def expected_of_folder(mongo: Mongo, clock: FixedClock) -> Projection:
    await connect_accounts(mongo)
    return await _applied(mongo, clock, [FOLDER])


@settings(SLOW, max_examples=30)
@given(
    order=st.permutations(range(len(BUSY))),
    repeated=st.lists(st.integers(0, len(BUSY) - 1), max_size=12),
    sizes=st.lists(st.integers(1, 12), max_size=8),
)
async def test_any_order_batching_and_repetition_of_a_busy_conversation_gives_one_result(
    mongo: Mongo,
    clock: FixedClock,
    expected_of_busy: Projection,
    order: list[int],
    repeated: list[int],
    sizes: list[int],
) -> None:
    deliveries = [BUSY[index] for index in (*order, *repeated)]

    assert await _applied(mongo, clock, _cut(deliveries, sizes)) == expected_of_busy


@settings(SLOW, max_examples=6)
@given(
    order=st.permutations(range(len(FOLDER))),
    repeated=st.lists(st.integers(0, len(FOLDER) - 1), max_size=len(FOLDER)),
    sizes=st.lists(st.integers(1, 60), max_size=6),
)
async def test_any_order_batching_and_repetition_of_the_payload_folder_gives_one_result(
    mongo: Mongo,
    clock: FixedClock,
    expected_of_folder: Projection,
    order: list[int],
    repeated: list[int],
    sizes: list[int],
) -> None:
    deliveries = [FOLDER[index] for index in (*order, *repeated)]

    assert await _applied(mongo, clock, _cut(deliveries, sizes)) == expected_of_folder


async def test_who_waits_and_what_was_said_last_follow_platform_time(
    mongo: Mongo, clock: FixedClock
) -> None:
    await connect_accounts(mongo)

    await _applied(mongo, clock, [list(reversed(BUSY))])

    conversation = await mongo["conversations"].find_one({"external_id": PSID, "kind": "inbox"})
    assert conversation is not None
    assert conversation["unread"] == 8
    assert (conversation["opted_out_at"].timestamp() * 1000) == T0 + 2_700
    paused_until = conversation["automation"]["paused_until"]
    assert (paused_until.timestamp() * 1000) == T0 + 5_000 + 30 * 60_000
    assert (conversation["waiting_since"].timestamp() * 1000) == T0 + 6_000
    assert conversation["last"]["text"] in ("Hơi đắt ạ", "Bớt đi shop")
    assert conversation["window"]["until"] - conversation["last"]["at"] >= timedelta(hours=24)
