"""Every kind of webhook that Meta sends becomes the typed events that it means."""

import csv
from typing import Any

import pytest

from channels.events import (
    AccountNoted,
    CustomerNoted,
    MessageEcho,
    Parsed,
    Unknown,
)
from tests.channels.facebook.bodies import (
    NAMES,
    PAYLOADS,
    parsed,
    sample,
)

EXPECTED: dict[str, list[str]] = {
    "batch_entries_two_pages": ["message", "message", "message"],
    "batch_messaging_two_events": ["message", "seen"],
    "batch_mixed_messaging_and_changes": ["message", "comment"],
    "batch_out_of_order": ["message", "message"],
    "dashboard_test_button": ["account console_test"],
    "feed_comment_edited": ["edit"],
    "feed_comment_hide": ["hiding"],
    "feed_comment_remove": ["removal"],
    "feed_photo_add_by_page": ["account feed_photo"],
    "feed_post_remove": ["account feed_post"],
    "feed_post_visitor_add": ["comment"],
    "feed_reaction_add": ["account feed_reaction"],
    "feed_reaction_on_comment_remove": ["reaction"],
    "feed_status_add_by_page": ["account feed_status"],
    "group_feed_comment": ["comment"],
    "handover_app_roles": ["account app_roles"],
    "ig_echo": ["echo human"],
    "ig_message_edit": ["edit"],
    "ig_message_unsend": ["removal"],
    "ig_postback_icebreaker": ["postback"],
    "ig_reaction": ["reaction"],
    "ig_seen": ["seen"],
    "ig_self_message": ["account self_message"],
    "inbox_labels": ["noted label_added"],
    "mention_page": ["account mention"],
    "message_edit": ["edit"],
    "message_edit_num_as_string": ["edit"],
    "messaging_customer_information": ["submitted_info"],
    "messaging_feedback": ["noted feedback"],
    "page_change_name": ["account page_changed"],
    "page_change_proposal": ["account page_change_proposal"],
    "page_changed_fields_only": ["account changed_fields"],
    "policy_enforcement_block": ["account policy_enforcement"],
    "policy_enforcement_unblock": ["account policy_enforcement"],
    "response_feedback": ["noted response_feedback"],
    "send_cart_order": ["noted order"],
    "standby_echo": ["standby echo automation"],
    "standby_message": ["standby message"],
    "standby_postback_no_payload": ["standby postback"],
    "standby_read": ["standby seen"],
    "unknown_event_type": ["unknown messaging_future_thing"],
    "account_linking_linked": ["noted account_linked"],
    "account_linking_unlinked": ["noted account_unlinked"],
    "echo_no_app_id": ["echo automation"],
    "echo_other_app": ["echo automation"],
    "echo_page_inbox": ["echo human"],
    "echo_sticker": ["echo human"],
}
BY_PREFIX = {
    "message_": ["message"],
    "echo_": ["echo own"],
    "reaction_": ["reaction"],
    "delivery_": ["delivery"],
    "read_": ["seen"],
    "postback_": ["postback"],
    "referral_": ["referral"],
    "optin_": ["optin"],
    "handover_": ["handover"],
    "feed_comment_": ["comment"],
    "ig_comment_": ["comment"],
    "ig_": ["message"],
}


def named(event: Any) -> str:
    """The type of an event with what tells it from others of the type."""
    words = ["standby"] if event.standby else []
    words.append(event.type)
    match event:
        case MessageEcho():
            words.append(event.source)
        case AccountNoted() | CustomerNoted() | Unknown():
            words.append(event.name)
        case _:
            pass
    return " ".join(words)


def expected(name: str) -> list[str]:
    if name in EXPECTED:
        return EXPECTED[name]
    return next(events for prefix, events in BY_PREFIX.items() if name.startswith(prefix))


def test_every_listed_payload_is_there() -> None:
    with (PAYLOADS / "INDEX.tsv").open(encoding="utf-8", newline="") as index:
        listed = [row["file"] for row in csv.DictReader(index, delimiter="\t")]
    assert sorted(listed) == [f"{name}.json" for name in NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_payload_becomes_its_events(name: str) -> None:
    result = parsed(name)

    assert not result.bad
    assert [named(event) for event in result.events] == expected(name)
    assert result.indices == tuple(range(len(result.events)))


@pytest.mark.parametrize("name", NAMES)
def test_payload_belongs_to_the_account_and_channel_of_its_entry(name: str) -> None:
    body = sample(name)
    channel = "instagram" if body["object"] == "instagram" else "facebook"
    accounts = {entry["id"] for entry in body["entry"]}

    events = parsed(name).events

    assert {event.channel for event in events} == {channel}
    assert {event.account_id for event in events} == accounts


@pytest.mark.parametrize("name", NAMES)
def test_payload_survives_the_way_through_json(name: str) -> None:
    result = parsed(name)
    assert Parsed.model_validate_json(result.model_dump_json()) == result
