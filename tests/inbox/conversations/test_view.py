"""Views of messages and conversations: what a client is shown of a stored document."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from inbox.conversations.view import conversation_view, message_view

NOON = datetime(2026, 11, 22, 5, tzinfo=UTC)


def a_message(**changes: Any) -> dict[str, Any]:
    return {
        "_id": "m1",
        "conversation_id": "c1",
        "seq": 7,
        "direction": "in",
        "author": {"kind": "customer"},
        "text": "Còn hàng không shop?",
        "attachments": [],
        "at": NOON,
        "status": "received",
        "internal": False,
    } | changes


def a_conversation(**changes: Any) -> dict[str, Any]:
    return {
        "_id": "c1",
        "channel": "zalo",
        "account_id": "oa1",
        "kind": "inbox",
        "bot_id": "b1",
        "customer_id": "p1",
        "status": "open",
        "created_at": NOON,
    } | changes


CUSTOMER = {
    "_id": "p1",
    "name": "Nguyễn Văn Đức",
    "tag_ids": ["vip"],
    "identities": [
        {"id": "i1", "channel": "facebook", "account_id": "page1", "avatar": {"sha256": "a"}},
        {"id": "i2", "channel": "zalo", "account_id": "oa1", "avatar": {"sha256": "b"}},
    ],
}


def test_an_inbox_message_is_authored_by_its_customer() -> None:
    view = message_view(a_message(), conversation=a_conversation(), customer=CUSTOMER)

    assert view["author"] == {"kind": "customer", "id": "p1", "name": "Nguyễn Văn Đức"}
    assert view["at"] == "2026-11-22T05:00:00.000Z"
    assert view["status"] == "received"


def test_the_author_of_a_comment_stays_who_wrote_it() -> None:
    author = {"kind": "customer", "id": "i9", "name": "Bạn của Đức"}

    assert message_view(a_message(author=author), customer=CUSTOMER)["author"] == author


@pytest.mark.parametrize(
    ("message", "conversation", "status"),
    [
        pytest.param({}, {}, "sent", id="no receipt"),
        pytest.param({}, {"delivered_at": NOON}, "delivered", id="delivery watermark"),
        pytest.param({}, {"delivered_at": NOON, "seen_at": NOON}, "read", id="read watermark"),
        pytest.param({}, {"seen_at": NOON - timedelta(seconds=1)}, "sent", id="older watermark"),
        pytest.param({"delivered_at": NOON}, {}, "delivered", id="its own delivery"),
        pytest.param({"seen_at": NOON}, {}, "read", id="its own read"),
        pytest.param({"status": "failed"}, {"seen_at": NOON}, "failed", id="never left"),
        pytest.param({"internal": True}, {"seen_at": NOON}, "sent", id="a note is never read"),
    ],
)
def test_the_status_of_our_message_follows_the_receipts(
    message: dict[str, Any], conversation: dict[str, Any], status: str
) -> None:
    ours = a_message(direction="out", author={"kind": "staff"}, **({"status": "sent"} | message))

    assert message_view(ours, conversation=a_conversation(**conversation))["status"] == status


def test_the_edited_text_wins() -> None:
    view = message_view(a_message(edit={"number": 2, "text": "Còn size M?", "at": NOON}))

    assert view["text"] == "Còn size M?"
    assert view["edited_at"] == "2026-11-22T05:00:00.000Z"


def test_a_removed_message_shows_nothing_of_what_it_said() -> None:
    message = a_message(
        attachments=[{"kind": "image", "url": "https://x/y.jpg"}],
        edit={"number": 1, "text": "bí mật", "at": NOON},
        payload="SECRET",
        removed_at=NOON,
    )

    view = message_view(message)

    assert (view["text"], view["attachments"], view["payload"]) == (None, [], None)
    assert view["removed_at"] == "2026-11-22T05:00:00.000Z"


def test_a_reaction_that_was_taken_back_is_not_shown() -> None:
    reactions = {
        "late": {"emoji": "❤", "at": NOON + timedelta(seconds=5)},
        "early": {"emoji": "👍", "at": NOON},
        "gone": {"emoji": None, "at": NOON},
    }

    shown = message_view(a_message(reactions=reactions))["reactions"]

    assert [(r["by"], r["emoji"]) for r in shown] == [("early", "👍"), ("late", "❤")]


def test_a_conversation_shows_the_avatar_of_its_own_channel() -> None:
    view = conversation_view(
        a_conversation(
            last={"message_id": "m1", "text": None, "at": NOON, "by": "customer", "kind": "image"},
            window={"until": NOON + timedelta(days=7), "kind": "reply", "free_until": NOON},
        ),
        customer=CUSTOMER,
        now=NOON,
    )

    assert view["customer"]["avatar_url"] == "/api/v1/avatars/p1/i2"
    assert view["tags"] == ["vip"]
    assert view["last"]["kind"] == "image"
    assert view["window"]["until"] == "2026-11-29T05:00:00.000Z"
    assert orjson.loads(orjson.dumps(view)) == view


def test_a_group_has_no_customer() -> None:
    view = conversation_view(a_conversation(kind="group"), customer=None, now=NOON)

    assert view["customer"] is None
