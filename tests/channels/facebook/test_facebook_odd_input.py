"""Odd and broken webhook bodies: one broken event is parked alone, nothing else is lost."""

from datetime import UTC, datetime
from typing import Any

import pytest

from channels.events import (
    InboundMessage,
    MalformedBody,
    Parsed,
)
from tests.channels.facebook.bodies import (
    CUSTOMER,
    NOON,
    PAGE,
    SENT,
    messaging,
    one,
    read,
    said,
    wire,
)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"hello", id="no JSON"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"null", id="null"),
        pytest.param(b'{"object":"page"}', id="no entries"),
        pytest.param(b'{"object":"page","entry":{}}', id="entries are an object"),
        pytest.param(b'{"object":"page","entry":[', id="cut off"),
        pytest.param(b"[" * 100_000, id="nested without end"),
        pytest.param(b'{"entry":[],"x":' + b"[" * 5_000 + b"]" * 5_000 + b"}", id="very deep"),
    ],
)
def test_body_that_is_not_metas_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedBody):
        read(body)


def test_body_without_entries_says_nothing() -> None:
    assert read(b'{"object":"page","entry":[]}') == Parsed()


@pytest.mark.parametrize(
    ("element", "reason"),
    [
        pytest.param("rubbish", "event_invalid", id="no object"),
        pytest.param(None, "event_invalid", id="null"),
        pytest.param(said(message="text"), "message_invalid", id="message is text"),
        pytest.param(said(message={"mid": "m", "text": 5}), "text_invalid", id="text is a number"),
        pytest.param(said(message={"mid": ["m"]}), "mid_invalid", id="mid is a list"),
        pytest.param(said(sender={"id": 1.7e16}), "sender_invalid", id="id is a float"),
        pytest.param(said(sender={"id": True}), "sender_invalid", id="id is a bool"),
        pytest.param(said(sender={"id": -5}), "sender_invalid", id="id is negative"),
        pytest.param(said(sender={"id": "a\ud83d"}), "sender_invalid", id="id is cut"),
        pytest.param(said(sender=None), "sender_missing", id="nobody"),
        pytest.param(said(sender={}), "sender_missing", id="nobody in particular"),
        pytest.param(said(recipient={"id": "999"}), "account_mismatch", id="other page"),
        pytest.param(
            said(sender={"id": PAGE}, recipient={"id": CUSTOMER}),
            "account_mismatch",
            id="echo that does not say so",
        ),
        pytest.param(
            said(sender={"id": PAGE}, recipient=None), "account_mismatch", id="page to nobody"
        ),
        pytest.param(
            said(message={"mid": "m", "is_echo": True}), "account_mismatch", id="echo of a customer"
        ),
        pytest.param(
            said(message={"mid": "m", "referral": "x"}), "referral_invalid", id="referral"
        ),
    ],
)
def test_broken_event_is_parked_alone(element: Any, reason: str) -> None:
    before, after = said("trước", mid="m_before"), said("sau", mid="m_after")

    result = read(messaging(before, element, after))

    assert [(bad.index, bad.reason, bad.account_id) for bad in result.bad] == [(1, reason, PAGE)]
    assert [event.text for event in result.events if event.type == "message"] == ["trước", "sau"]
    assert result.indices == (0, 2)


@pytest.mark.parametrize("page", [None, "", 1.7e16, [PAGE]])
def test_entry_of_an_unknown_page_is_parked_whole_beside_the_others(page: Any) -> None:
    good = {"id": PAGE, "messaging": [said()]}
    lost = {"id": page, "messaging": [said(), said()]}

    result = read(wire({"object": "page", "entry": [lost, "rubbish", good]}))

    assert [bad.index for bad in result.bad] == [0, 1, 2]
    assert result.indices == (3,)
    assert result.events[0].account_id == PAGE


def test_numbers_as_ids_keep_every_digit() -> None:
    huge = 123456789012345678901234567890
    element = said(sender={"id": huge}, recipient={"id": int(PAGE)})
    event = one(messaging(element, page=int(PAGE)))
    assert event.author.id == str(huge)
    assert event.account_id == PAGE


def test_number_of_ten_thousand_digits_hurts_nobody() -> None:
    body = messaging(said(mid="m_1"), said(mid="m_2")).replace(b"1789612345678", b"9" * 10_000, 1)
    result = read(body)
    assert [event.at.microsecond for event in result.events] == [90_000, 678_000]  # entry's time


def test_lone_surrogates_become_replacement_characters() -> None:
    attachments = [{"type": "hologram", "payload": {"k\ud83d": "v\ude00"}}]
    event = one(
        messaging(said(message={"mid": "m", "text": "a\ud83db 😀", "attachments": attachments}))
    )
    assert event.text == "a�b 😀"
    assert event.attachments[0].data["raw"]["payload"] == {"k�": "v�"}


def test_bytes_that_are_no_text_cost_only_themselves() -> None:
    body = messaging(said("thôi"), said("x?y", mid="m_2")).replace(b"x?y", b"x\xffy")
    assert [event.text for event in read(body).events if event.type == "message"] == ["thôi", "x�y"]


def test_numbers_that_are_none_do_not_crash() -> None:
    location = {"type": "location", "payload": {"coordinates": {"lat": float("nan"), "long": 1}}}
    element = said(
        timestamp=float("inf"), message={"mid": "m", "attachments": [location], "text": "ở đây"}
    )
    event = one(messaging(element))
    assert event.attachments[0].kind == "location"
    assert event.attachments[0].data == {}
    assert event.at == datetime(2026, 9, 17, 2, 32, 26, 90_000, tzinfo=UTC)


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("depth", [100, 900])
def test_what_is_too_deep_to_store_parks_its_event_alone(depth: int) -> None:
    optin = said(optin={"ref": nested(depth)})
    del optin["message"]

    result = read(messaging(optin, said()))

    assert [(bad.index, bad.reason) for bad in result.bad] == [(0, "too_deep")]
    assert isinstance(result.events[0], InboundMessage)


def test_depth_that_is_not_kept_does_not_matter() -> None:
    message = {"mid": "m", "text": "alo", "nlp": nested(900)}
    assert one(messaging(said(message=message))).text == "alo"


def test_last_of_duplicate_keys_counts() -> None:
    body = messaging(said("hai")).replace(b'"text": "hai"', b'"text": "mot", "text": "hai"')
    assert b"mot" in body
    assert one(body).text == "hai"


def test_repeated_event_is_told_twice() -> None:
    result = read(messaging(said(), said()))
    assert result.events[0] == result.events[1]
    assert result.indices == (0, 1)


def test_element_with_two_facts_gives_both_at_one_place() -> None:
    result = read(messaging(said(referral={"ref": "qr"}), said(mid="m_2")))
    assert [event.type for event in result.events] == ["message", "referral", "message"]
    assert result.indices == (0, 0, 1)


@pytest.mark.parametrize(
    ("timestamp", "at"),
    [
        (1789612345678, SENT),
        ("1789612345678", SENT),
        (1789612345, SENT.replace(microsecond=0)),
        ("1789612345", SENT.replace(microsecond=0)),
        (1789612345678.0, SENT),
        ("2026-09-17T02:32:25.678+0000", SENT),
        ("2026-09-17T09:32:25.678999+07:00", SENT),
        ("hôm qua", None),
        ("", None),
        (None, None),
        (0, None),
        (-1, None),
        (True, None),
        (10**17, None),
        ("9999-12-31T23:59:59-14:00", None),
    ],
)
def test_time_is_understood_or_taken_from_the_entry(timestamp: Any, at: datetime | None) -> None:
    entry_time = datetime(2026, 9, 17, 2, 32, 26, 90_000, tzinfo=UTC)
    assert one(messaging(said(timestamp=timestamp))).at == (at or entry_time)


def test_time_is_that_of_receipt_when_nothing_tells_it() -> None:
    body = wire({"object": "page", "entry": [{"id": PAGE, "messaging": [said(timestamp=None)]}]})
    assert one(body).at == NOON


def test_message_without_an_id_gets_one_that_a_repeat_shares() -> None:
    first, again = (one(messaging(said(message={"text": "alo"}))) for _ in range(2))
    other = one(messaging(said(message={"text": "alo?"})))
    assert first.message_id == again.message_id != other.message_id
    assert first.message_id.startswith("nomid_")
