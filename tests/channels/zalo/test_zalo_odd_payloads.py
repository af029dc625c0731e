"""Zalo payloads as they should not be: read, parked alone or refused."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.channels.zalo.bodies import ARRIVAL, OA, attached, message, only, read


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1794800061337", datetime(2026, 11, 16, 3, 34, 21, 337000, tzinfo=UTC)),
        (1794800061337, datetime(2026, 11, 16, 3, 34, 21, 337000, tzinfo=UTC)),
        (" 1794800061337 ", datetime(2026, 11, 16, 3, 34, 21, 337000, tzinfo=UTC)),
        ("1794800061", datetime(2026, 11, 16, 3, 34, 21, tzinfo=UTC)),
        (1000000000, datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)),
        (253402300799999, datetime(9999, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)),
    ],
)
def test_a_timestamp_is_milliseconds_or_seconds(written: Any, meant: datetime) -> None:
    assert only(message(timestamp=written)).at == meant


NO_TIMES: list[Any] = [
    None,
    "",
    "15434534543",
    154345345431,
    253402300800000,
    "9" * 40,
    10**300,
    -1,
]
NO_TIMES += ["-1794800061337", 1794800061337.5, True, [], {}, "١٧٩٤٨٠٠٠٦١٣٣٧", "1e12"]


@pytest.mark.parametrize("written", NO_TIMES)
def test_any_other_timestamp_is_the_arrival_in_milliseconds(written: Any) -> None:
    assert only(message(timestamp=written)).at == ARRIVAL.replace(microsecond=123000)


def test_whole_number_ids_keep_every_digit() -> None:
    event = only(message(sender={"id": 7205934418860273519}, recipient={"id": int(OA)}))
    assert (event.author.id, event.account_id) == ("7205934418860273519", OA)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sender": {"id": 7.205934418860273519e18}},
        {"sender": {"id": True}},
        {"sender": {"id": ""}},
        {"sender": {"id": ["7205934418860273519"]}},
        {"sender": {}},
        {"sender": "7205934418860273519"},
        {"recipient": None},
        {"message": None},
        {"message": []},
        {"message": {"text": "no id"}},
        {"message": {"msg_id": 1.5, "text": "hi"}},
        {"event_name": "user_reacted_message"},
        {"event_name": "user_seen_message", "message": {"msg_ids": [1.5]}},
        {"event_name": "user_withdraw", "oa_id": OA, "sender": None},
        {"event_name": "user_join_group", "oa_id": OA, "group_id": "g", "users": [1.5]},
        {"event_name": "add_user_to_tag", "oa_id": OA, "tag": {"user_ids": ["1"]}},
        {"event_name": "remove_user_from_tag", "oa_id": OA, "tag": {"name": "x"}},
    ],
)
def test_a_broken_event_is_parked_with_a_reason_that_names_nobody(wrong: dict[str, Any]) -> None:
    parsed = read(message(**wrong))

    [bad] = parsed.bad
    assert parsed.events == ()
    assert bad.index == 0
    assert bad.reason
    assert "7205934418860273519" not in bad.reason


def test_a_broken_event_says_its_account_where_it_can_be_told() -> None:
    [bad] = read(message(message={})).bad
    assert bad.account_id == OA


def test_lone_surrogates_become_replacement_characters() -> None:
    body = (
        b'{"event_name":"user_send_text","sender":{"id":"\\ud800x"},"recipient":{"id":"'
        + OA.encode()
        + b'"},"message":{"msg_id":"1","text":"a\\ud83d b \\ud83d\\ude0a"},"\\udc00":1}'
    )
    event = only(body)
    assert event.text == "a\N{REPLACEMENT CHARACTER} b 😊"
    assert event.author.id == "\N{REPLACEMENT CHARACTER}x"


def test_a_lone_surrogate_inside_a_card_is_replaced_too() -> None:
    file = attached("link", {"description": r'{"phone": "84\ud800", "qrCodeUrl": "x"}'}, "Hà")
    assert file.data == {"phone": "84\N{REPLACEMENT CHARACTER}", "qr": None}


def test_broken_utf8_and_a_byte_order_mark_do_not_lose_the_message() -> None:
    body = json.dumps(message(), ensure_ascii=False).encode()
    assert only(b"\xef\xbb\xbf" + body).text == "hi"
    assert only(body.replace(b'"hi"', b'"h\xf0\x9f\x98"')).text == "h\N{REPLACEMENT CHARACTER}"


def test_what_no_store_accepts_is_made_harmless() -> None:
    note = {"$set": 1, "a\0b": 2, "huge": 10**30, "infinite": float("inf"), "not": float("nan")}
    data = only({"event_name": "user_feedback", "oa_id": OA, "message": note, "x": "\ud800"}).data
    assert data == {
        "_$set": 1,
        "a\N{REPLACEMENT CHARACTER}b": 2,
        "huge": str(10**30),
        "infinite": None,
        "not": None,
        "x": "\N{REPLACEMENT CHARACTER}",
    }


def test_a_number_beyond_a_double_is_none() -> None:
    body = b'{"event_name":"user_feedback","oa_id":"1","message":{"rate":1e999}}'
    assert only(body).data == {"rate": None}


@pytest.mark.parametrize("depth", [40, 900])
def test_deep_nesting_parks_an_event_that_would_keep_it(depth: int) -> None:
    nested = b"[" * depth + b"]" * depth
    [bad] = read(b'{"event_name":"user_feedback","oa_id":"1","nested":%s}' % nested).bad
    assert bad.reason == "nested too deeply"


@pytest.mark.parametrize("depth", [40, 900])
def test_deep_nesting_where_nobody_looks_does_not_lose_the_message(depth: int) -> None:
    nested = b"[" * depth + b"]" * depth
    body = json.dumps(message(ignored="HERE")).encode().replace(b'"HERE"', nested)
    assert only(body).text == "hi"
