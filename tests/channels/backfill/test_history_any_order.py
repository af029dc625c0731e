"""The same messages by webhook and from the history, in any order: as if by webhook alone."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.facebook.retelling import Span
from channels.facebook.retelling import retold as retold_by_meta
from channels.zalo.retelling import retold as retold_by_zalo
from inbox.clock import FixedClock
from inbox.ids import account_key
from inbox.mongo.client import Mongo
from inbox.mongo.journal import ReadBack
from inbox.ports import AccountRef
from tests.ingest import FACEBOOK_PAGE, OWN_APP_ID, ZALO_OA, connect_accounts, running_ingest
from tests.projection import projection

PSID, USER = "7312094485501276", "7205934418860273519"
T0 = 1_795_316_000_000
PAGE_INBOX = 263902037430900
META = AccountRef(account_key("facebook", FACEBOOK_PAGE), "facebook", FACEBOOK_PAGE)
OA = AccountRef(account_key("zalo", ZALO_OA), "zalo", ZALO_OA)
ALWAYS = Span(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))

Told = tuple[str, bytes, str | None]
"""Endpoint, body, and the message that the history told; None for a webhook."""


def meta_webhook(at: int, mid: str, *, echo: int | None = None, **content: Any) -> Told:
    page, person = {"id": FACEBOOK_PAGE}, {"id": PSID}
    by_page = {"is_echo": True, "app_id": echo} if echo is not None else {}
    element = {
        "sender": page if by_page else person,
        "recipient": person if by_page else page,
        "timestamp": T0 + at,
        "message": {"mid": mid, **content, **by_page},
    }
    entry = {"id": FACEBOOK_PAGE, "time": T0 + at, "messaging": [element]}
    return "facebook", json.dumps({"object": "page", "entry": [entry]}).encode(), None


def meta_history(at: int, mid: str, *, by_page: bool = False, **row: Any) -> Told:
    """As Graph tells it: whole seconds, and not which app wrote."""
    second = datetime.fromtimestamp((T0 + at) // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
    told = {"id": mid, "created_time": second, "message": "", **row}
    told["from"] = {"id": FACEBOOK_PAGE if by_page else PSID}
    [message] = retold_by_meta(META, PSID, [told], ALWAYS).messages
    return "facebook", message.body, mid


def zalo_webhook(at: int, name: str, msg_id: str, *, admin: bool = False, **content: Any) -> Told:
    oa, user = {"id": ZALO_OA, **({"admin_id": "9"} if admin else {})}, {"id": USER}
    by_oa = name.startswith("oa_")
    body = {
        "app_id": "1",
        "event_name": name,
        "timestamp": str(T0 + at),
        "sender": oa if by_oa else user,
        "recipient": user if by_oa else oa,
        "message": {"msg_id": msg_id, **content},
    }
    return "zalo", json.dumps(body).encode(), None


def zalo_history(at: int, msg_id: str, *, by_oa: bool = False, **row: Any) -> Told:
    sides = (ZALO_OA, USER) if by_oa else (USER, ZALO_OA)
    told = {
        "src": 0 if by_oa else 1,
        "time": T0 + at,
        "from_id": sides[0],
        "to_id": sides[1],
        "message_id": msg_id,
        "type": "text",
        **row,
    }
    message = retold_by_zalo(OA, told)
    assert message is not None
    return "zalo", message.body, msg_id


WEBHOOKS: Sequence[Told] = (
    meta_webhook(1_234, "m_1", text="Áo này còn không?"),
    meta_webhook(2_345, "m_2", text="M", quick_reply={"payload": "SIZE_M"}),
    meta_webhook(2_890, "m_3", echo=PAGE_INBOX, text="Dạ còn ạ"),
    meta_webhook(4_100, "m_4", text="Từ quảng cáo", referral={"ref": "r", "source": "ADS"}),
    meta_webhook(4_900, "m_5", echo=777, text="Cảm ơn bạn đã nhắn tin"),
    meta_webhook(5_500, "m_6", echo=int(OWN_APP_ID), text="Bảng giá", metadata="x"),
    meta_webhook(
        6_700, "m_7", attachments=[{"type": "image", "payload": {"url": "https://a.example/1"}}]
    ),
    meta_webhook(7_001, "m_8", text="Trả lời", reply_to={"mid": "m_3"}),
    zalo_webhook(1_111, "user_send_text", "z_1", text="Shop ơi"),
    zalo_webhook(2_222, "oa_send_text", "z_2", admin=True, text="Dạ"),
    zalo_webhook(3_333, "user_send_text", "z_3", text="Giá?", quote_msg_id="z_2"),
    zalo_webhook(4_444, "oa_send_text", "z_4", text="Tin tự động"),
)
HISTORY: Sequence[Told] = (
    meta_history(1_234, "m_1", message="Áo này còn không?"),
    meta_history(2_345, "m_2", message="M"),
    meta_history(2_890, "m_3", by_page=True, message="Dạ còn ạ"),
    meta_history(4_100, "m_4", message="Từ quảng cáo"),
    meta_history(4_900, "m_5", by_page=True, message="Cảm ơn bạn đã nhắn tin"),
    meta_history(5_500, "m_6", by_page=True, message="Bảng giá"),
    meta_history(
        6_700,
        "m_7",
        attachments={
            "data": [{"mime_type": "image/png", "image_data": {"url": "https://a.example/2"}}]
        },
    ),
    meta_history(7_001, "m_8", message="Trả lời", reply_to={"mid": "m_3"}),
    zalo_history(1_111, "z_1", message="Shop ơi"),
    zalo_history(2_222, "z_2", by_oa=True, message="Dạ"),
    zalo_history(3_333, "z_3", message="Giá?"),
    zalo_history(4_444, "z_4", by_oa=True, message="Tin tự động"),
)
SLOW = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


async def applied(mongo: Mongo, clock: FixedClock, batches: Sequence[Sequence[Told]]) -> Any:
    for collection in await mongo.db.list_collection_names():
        if collection != "accounts":
            await mongo[collection].delete_many({})
    async with running_ingest(mongo, clock) as ingest:
        for number, batch in enumerate(batches):
            for endpoint, body, message_id in batch:
                if message_id is None:
                    await ingest.keep(endpoint, body)
                else:
                    told = ReadBack(f"{number}:{message_id}", clock.now(), body)
                    await ingest.entries.add(endpoint, "gap", [told])
            await ingest.applied()
            while await ingest.recover():
                pass
    return await projection(mongo)


@pytest.fixture
async def expected(mongo: Mongo, clock: FixedClock) -> Any:
    await connect_accounts(mongo)
    return await applied(mongo, clock, [WEBHOOKS])


@settings(SLOW, max_examples=60)
@given(data=st.data())
async def test_the_history_changes_nothing_that_the_webhooks_tell_in_any_order(
    mongo: Mongo, clock: FixedClock, expected: Any, data: st.DataObject
) -> None:
    told = [*WEBHOOKS, *HISTORY, *data.draw(st.lists(st.sampled_from(HISTORY), max_size=6))]
    order = data.draw(st.permutations(told))
    sizes = data.draw(st.lists(st.integers(1, 5), max_size=12))
    batches, start = [], 0
    for size in [*sizes, len(order)]:
        batches.append(order[start : start + size])
        start += size

    assert await applied(mongo, clock, batches) == expected


async def test_the_history_alone_says_what_was_said_and_who_waits(
    mongo: Mongo, clock: FixedClock, expected: Any
) -> None:
    alone = await applied(mongo, clock, [HISTORY])

    def said(found: Any) -> dict[str, Any]:
        return {
            key: (one.get("text"), one["direction"], len(one["attachments"]))
            for key, one in found.items()
            if key.startswith("messages/")
        }

    assert said(alone) == said(expected)
    threads = [one for key, one in alone.items() if key.startswith("conversations/")]
    assert sorted(one["unread"] for one in threads) == [2, 5]
