"""Every recorded Zalo payload becomes the events that it means."""

from typing import Any

import orjson
import pytest

from channels.events import (
    AccountNoted,
    CustomerNoted,
    GroupChanged,
    MalformedBody,
    Thread,
    Unknown,
)
from channels.zalo.accounts import GROUP_EVENTS
from channels.zalo.parser import CONSOLE_TEST_MESSAGE_ID
from tests.channels.zalo.bodies import GROUP, OA, PAYLOADS, USER, only, payload, read
from tests.channels.zalo.expected_facts import FACTS
from tests.channels.zalo.expected_messages import MESSAGES

EXPECTED = MESSAGES | FACTS
SEVERAL_EVENTS = {"add_user_to_tag"}


def shown(value: Any) -> Any:
    """Files as short dictionaries, so that a row of the table names only what is there."""
    if isinstance(value, tuple) and value and hasattr(value[0], "kind"):
        return [one.model_dump(exclude_defaults=True) for one in value]
    return [] if value == () else value


def test_the_table_covers_every_payload() -> None:
    assert {path.stem for path in PAYLOADS.glob("*.json")} == EXPECTED.keys() | SEVERAL_EVENTS


@pytest.mark.parametrize("name", EXPECTED)
def test_a_payload_becomes_the_event_that_it_means(name: str) -> None:
    kind, fields = EXPECTED[name]

    event = only(payload(name))

    assert type(event) is kind
    assert (event.channel, event.account_id) == ("zalo", OA)
    assert event.at.year == 2026
    assert {key: shown(getattr(event, key)) for key in fields} == {
        key: [] if value == () else value for key, value in fields.items()
    }


@pytest.mark.parametrize("name", EXPECTED)
def test_reading_twice_gives_the_same_event(name: str) -> None:
    assert only(payload(name)) == only(payload(name))


def test_a_label_on_two_people_is_noted_on_each_with_a_key_of_its_own() -> None:
    parsed = read(payload("add_user_to_tag"))

    assert parsed.bad == ()
    assert parsed.indices == (0, 0)
    noted = [event for event in parsed.events if isinstance(event, CustomerNoted)]
    assert [event.person.id for event in noted] == [USER, "7205934418860273520"]
    assert {event.name for event in noted} == {"label_added"}
    assert len({event.key for event in noted}) == 2


@pytest.mark.parametrize("name", GROUP_EVENTS)
def test_every_spelling_of_a_group_event_is_understood(name: str) -> None:
    changed = only(payload("user_join_group") | {"event_name": name})
    assert isinstance(changed, GroupChanged)
    assert (changed.name, changed.thread) == (
        GROUP_EVENTS[name],
        Thread(kind="group", external_id=GROUP),
    )


@pytest.mark.parametrize("name", ["user_received_message", "user_seen_message"])
@pytest.mark.parametrize("oa_side", ["sender", "recipient"])
def test_a_receipt_has_the_oa_wherever_a_known_oa_stands(name: str, oa_side: str) -> None:
    other = "recipient" if oa_side == "sender" else "sender"
    receipt = payload(name) | {oa_side: {"id": OA}, other: {"id": USER}}

    event = only(receipt)

    assert (event.account_id, event.thread.external_id) == (OA, USER)


def test_a_receipt_of_an_unknown_oa_is_read_as_most_sources_write_it() -> None:
    received = only(payload("user_received_message"), known=())
    read_by = only(payload("user_seen_message"), known=("1",))
    assert (received.account_id, received.thread.external_id) == (OA, USER)
    assert (read_by.account_id, read_by.thread.external_id) == (OA, USER)


@pytest.mark.parametrize("recipient_id", ["84900000456", "ab12" * 16])
def test_a_receipt_for_a_phone_or_its_hash_is_a_template_receipt(recipient_id: str) -> None:
    receipt = payload("user_received_message") | {"recipient": {"id": recipient_id}}
    assert only(receipt).name == "template_delivered"


def test_a_template_receipt_of_a_user_names_the_person_for_erasure() -> None:
    receipt = payload("user_received_message")
    receipt["message"]["tracking_id"] = "order-1029"
    assert only(receipt).person_ids == (USER,)


def test_taking_a_reaction_back_has_no_emoji() -> None:
    reaction = payload("user_reacted_message")
    reaction["message"]["react_icon"] = "/-remove"
    assert only(reaction).emoji is None


def test_a_call_of_which_only_the_phone_is_known_is_noted_on_the_account() -> None:
    call = payload("user_call_oa")
    del call["user_id"]
    noted = only(call)
    assert isinstance(noted, AccountNoted)
    assert (noted.name, noted.person_ids) == ("call", ())


def test_a_consent_that_names_a_user_is_noted_on_the_customer() -> None:
    noted = only(payload("user_reply_consent") | {"user_id": USER})
    assert isinstance(noted, CustomerNoted)
    assert noted.person.id == USER


@pytest.mark.parametrize("name", ["user_send_text", "oa_send_text_api_echo", "user_seen_message"])
def test_the_console_test_never_becomes_a_message(name: str) -> None:
    message = {"msg_id": CONSOLE_TEST_MESSAGE_ID, "text": "This is testing message"}
    people = {"sender": {"id": "1" * 19}, "recipient": {"id": "2" * 19}}
    noted = only(payload(name) | people | {"message": message}, known=())
    assert isinstance(noted, AccountNoted)
    assert noted.name == "console_test"
    assert noted.account_id == ("1" if name.startswith("oa_") else "2") * 19


def test_a_revoked_permission_without_an_oa_is_of_the_only_oa_else_of_the_app() -> None:
    revoked = payload("permission_revoked_unverified")
    del revoked["oa_id"]
    assert only(revoked).account_id == OA
    assert only(revoked, known=(OA, "1")).account_id == "1930571846220957713"


def test_a_shared_phone_of_zero_means_no_phone() -> None:
    form = payload("user_submit_info")
    form["info"]["phone"] = 0
    assert only(form).phone is None


@pytest.mark.parametrize("name", ["user_send_poll", "oa_send_carousel", "user_send_group_poll"])
def test_a_new_kind_of_message_is_shown_as_unsupported(name: str) -> None:
    source = "user_send_group_text" if "group" in name else "user_send_text"
    content = payload(source) | {"event_name": name}
    del content["message"]["text"]
    [attachment] = only(content).attachments
    assert attachment.kind == "unsupported"
    assert attachment.data == {"type": name.rpartition("_")[2]}


def test_an_unknown_event_is_kept_as_it_came_with_the_people_in_it() -> None:
    body = orjson.dumps(payload("user_withdraw") | {"event_name": "user_new_thing", "users": [1]})
    unknown = only(body)
    assert isinstance(unknown, Unknown)
    assert (unknown.name, unknown.account_id) == ("user_new_thing", OA)
    assert unknown.raw == body.decode()
    assert unknown.person_ids == (USER, "1")
    assert unknown.key == only(body).key


def test_an_unknown_event_that_names_nothing_is_still_no_error() -> None:
    assert only({"event_name": "x"}, known=()).account_id == ""


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"{",
        b"[]",
        b"null",
        b'"user_send_text"',
        b"{}",
        b'{"event_name": null}',
        b'{"event_name": 5.5}',
        b'{"event_name": " "}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"event_name":"x","a":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
        b'{"event_name":"x","a":' + b"9" * 5_000 + b"}",
    ],
)
def test_a_body_that_is_no_event_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedBody):
        read(body)
