"""Hints of a CRM: what is believed, what is refused, and what they say."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm_sync.connectors.webhook.inbound import (
    MOST_HINTS,
    Delivery,
    Hint,
    HintMalformed,
    HintNotSigned,
    HintTooOld,
    read_hints,
)
from inbox.standard_webhooks import sign
from tests.crm_sync.webhook.webhook_harness import KEY, NOON

OLD_KEY, STRANGE_KEY = b"the key of last year, 24 bytes", b"a key that nobody has told us"
CHANGED = {"type": "customer.changed", "crm_id": "4711"}


def signed(
    body: bytes, *, key: bytes = KEY, at: datetime = NOON, call_id: str = "hint-1"
) -> dict[str, str]:
    timestamp = int(at.timestamp())
    return {
        "webhook-id": call_id,
        "WEBHOOK-TIMESTAMP": str(timestamp),
        "Webhook-Signature": sign((key,), call_id, timestamp, body),
    }


def read(told: Any, *, now: datetime = NOON) -> Delivery:
    body = json.dumps(told).encode()
    return read_hints(signed(body), body, keys=(KEY, OLD_KEY), now=now)


def test_hint_says_which_record_to_read() -> None:
    told = {
        **CHANGED,
        "external_id": "hoa",
        "changed_at": "2026-11-22T12:00:00.250+07:00",
        "values": {"phone": "+84912345678"},
    }

    at = datetime(2026, 11, 22, 5, 0, 0, 250_000, UTC)
    assert read(told) == Delivery("hint-1", (Hint("changed", "4711", "hoa", at),))


def test_several_hints_come_in_one_request() -> None:
    deleted = {"type": "customer.deleted", "crm_id": 4712}

    found = read([CHANGED, deleted]).hints

    assert found == (Hint("changed", "4711"), Hint("deleted", "4712"))
    assert read([]).hints == ()


@pytest.mark.parametrize(
    "told",
    [
        None,
        "customer.changed",
        [[CHANGED]],
        {},
        {"type": "customer.changed"},
        {"type": "customer.changed", "crm_id": ""},
        {"type": "customer.changed", "crm_id": "x" * 201},
        {"type": "customer.changed", "crm_id": True},
        {"type": "customer.updated", "crm_id": "4711"},
        {**CHANGED, "changed_at": "2026-11-22T12:00:00"},
        {**CHANGED, "changed_at": "hôm qua"},
        [CHANGED] * (MOST_HINTS + 1),
    ],
)
def test_what_is_signed_but_no_hint_is_malformed(told: Any) -> None:
    with pytest.raises(HintMalformed):
        read(told)


def test_body_that_is_no_json_is_malformed_without_a_word_of_it() -> None:
    body = b"phone=+84912345678"

    with pytest.raises(HintMalformed) as refused:
        read_hints(signed(body), body, keys=(KEY,), now=NOON)

    assert "912" not in f"{refused.value!r} {refused.value.__cause__!r} {refused.value.params}"


@pytest.mark.parametrize("key", [KEY, OLD_KEY])
def test_every_key_that_is_valid_now_is_good(key: bytes) -> None:
    body = json.dumps(CHANGED).encode()

    assert read_hints(signed(body, key=key), body, keys=(KEY, OLD_KEY), now=NOON).hints


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Webhook-Signature": ""}, id="no signature"),
        pytest.param({"Webhook-Signature": "v1,AAAA"}, id="another signature"),
        pytest.param({"webhook-id": "hint-2"}, id="another id"),
        pytest.param({"webhook-id": ""}, id="no id"),
        pytest.param({"webhook-id": "hint.1"}, id="a dot in the id"),
        pytest.param({"webhook-id": "x" * 201}, id="a long id"),
        pytest.param({"webhook-id": "hint\n1"}, id="a line in the id"),
        pytest.param({"WEBHOOK-TIMESTAMP": ""}, id="no time"),
        pytest.param({"WEBHOOK-TIMESTAMP": "now"}, id="a word as time"),
        pytest.param({"WEBHOOK-TIMESTAMP": "-5"}, id="a negative time"),
        pytest.param({"WEBHOOK-TIMESTAMP": "1" * 5000}, id="an endless time"),
        pytest.param({"WEBHOOK-TIMESTAMP": "٣"}, id="a digit of another script"),
        pytest.param(
            {"WEBHOOK-TIMESTAMP": f"0{int(NOON.timestamp())}"}, id="a time in another spelling"
        ),
    ],
)
def test_what_is_not_signed_so_is_not_believed(headers: Mapping[str, str]) -> None:
    body = json.dumps(CHANGED).encode()

    with pytest.raises(HintNotSigned):
        read_hints({**signed(body), **headers}, body, keys=(KEY,), now=NOON)


def test_nothing_is_believed_of_strangers_nor_without_keys() -> None:
    body = json.dumps(CHANGED).encode()

    for keys in ((KEY,), ()):
        with pytest.raises(HintNotSigned):
            read_hints(signed(body, key=STRANGE_KEY), body, keys=keys, now=NOON)
    with pytest.raises(HintNotSigned):
        read_hints({}, body, keys=(KEY,), now=NOON)


def test_id_and_time_cannot_be_read_apart_in_another_place() -> None:
    """Of "a.1.2.body", only the one who signed knows where the body begins."""
    body, timestamp = json.dumps(CHANGED).encode(), int(NOON.timestamp())
    headers = signed(f"{timestamp}.".encode() + body)
    moved = {**headers, "webhook-id": f"hint-1.{timestamp}"}

    with pytest.raises(HintNotSigned):
        read_hints(moved, body, keys=(KEY,), now=NOON)


@pytest.mark.parametrize(
    ("seconds", "good"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)]
)
def test_what_was_recorded_is_of_no_use_after_five_minutes(seconds: int, good: bool) -> None:
    now = NOON + timedelta(seconds=seconds)

    if good:
        assert read(CHANGED, now=now).hints
    else:
        with pytest.raises(HintTooOld):
            read(CHANGED, now=now)


def test_forged_and_old_is_forged() -> None:
    body = json.dumps(CHANGED).encode()
    old = NOON - timedelta(hours=1)

    with pytest.raises(HintNotSigned) as refused:
        read_hints(signed(body, key=STRANGE_KEY, at=old), body, keys=(KEY,), now=NOON)

    assert refused.value.code == "crm_hint_not_signed"
