"""What happens in a Messenger or Instagram thread is read with all that matters."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from channels.events import (
    CustomerNoted,
    Delivered,
    File,
    InboundMessage,
    InfoSubmitted,
    MessageEdited,
    OptedIn,
    Person,
    Postback,
    Reaction,
    Referred,
    Seen,
    Thread,
    ThreadControlChanged,
)
from tests.channels.facebook.bodies import (
    CUSTOMER,
    OUR_APP,
    SENT,
    only,
)


def test_text_message_says_who_when_and_what() -> None:
    event = only("message_text_vi_emoji")

    assert isinstance(event, InboundMessage)
    assert event.thread == Thread(kind="inbox", external_id=CUSTOMER)
    assert event.author == Person(id=CUSTOMER)
    assert event.at == SENT
    assert event.text
    assert event.text.startswith("Shop ơi, áo khoác size M còn hàng không ạ? 😍🧥")
    assert event == only("message_text_vi_emoji_wire")


def test_message_carries_its_quick_reply_referral_and_target() -> None:
    assert only("message_quick_reply").quick_reply == "SIZE:M"
    assert only("message_quick_reply_phone").quick_reply == "+84912345678"
    assert only("message_referral_ads").referral["ad_id"] == "120213344556670987"
    assert only("message_referral_shop_product").referral["product"]["id"] == "6127700014455821"
    assert only("message_reply_to").reply_to.startswith("m_Qk7vX2pLr9TzW40900")
    assert only("ig_story_reply").data["story"]["id"] == "17991000222"
    assert only("message_commands").data == {"commands": [{"name": "flights"}]}


def test_lead_summary_tells_its_flow_and_its_time_in_seconds() -> None:
    event = only("message_lead_summary_hop_context")
    assert event.data["hop_context"]["app_id"] == "413038776280800"
    assert event.at == SENT.replace(microsecond=0)


def test_one_message_may_carry_several_pictures() -> None:
    event = only("message_images_multiple")
    assert [file.kind for file in event.attachments] == ["image"] * 3
    assert len({file.url for file in event.attachments}) == 3
    assert event.text is None


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("message_empty", File(kind="unsupported")),
        ("message_fallback_no_payload", File(kind="unsupported")),
        ("ig_message_unsupported", File(kind="unsupported")),
        ("ig_message_ephemeral", {"kind": "unsupported", "url": None}),
        ("ig_message_unsupported_type", {"kind": "unsupported"}),
        ("ig_message_like_heart", File(kind="sticker", data={"like_heart": True})),
        ("message_like_thumb", {"kind": "sticker", "data": {"sticker_id": "369239263222822"}}),
        ("message_sticker_transition", {"kind": "sticker"}),
        ("message_audio", {"kind": "audio", "name": None}),
        ("message_file", {"kind": "file", "name": "Hóa-đơn-2026.pdf"}),
        (
            "message_location",
            {
                "kind": "location",
                "name": "Pinned location",
                "data": {"lat": 10.776889, "long": 106.700806},
            },
        ),
        ("message_ig_post_share", {"kind": "link", "data": {"id": "18012004477120934"}}),
        ("message_reel", {"kind": "link", "name": "Mix đồ đi làm"}),
        (
            "message_ig_reel",
            {
                "kind": "link",
                "url": None,
                "data": {"reel_video_id": "1833422637182325", "url": "/reel/1833422637182325/"},
            },
        ),
        ("message_fallback_link", {"kind": "link", "name": "Áo khoác gió nam | Shop Example"}),
        (
            "message_fallback_legacy_top_level",
            {"kind": "link", "url": "https://www.facebook.com/groups/1/permalink/2/"},
        ),
        ("echo_fallback_null_payload", {"kind": "link", "name": "Legacy Attachment"}),
        ("ig_share_legacy", {"kind": "link", "keep_copy": True}),
        ("ig_story_mention", {"kind": "link", "keep_copy": False, "data": {"story": True}}),
        ("message_appointment_booking", {"kind": "template"}),
        ("message_template_product", {"kind": "template"}),
    ],
)
def test_attachment_is_shown_as_what_it_is(name: str, file: File | dict[str, Any]) -> None:
    (attachment,) = only(name).attachments
    if isinstance(file, File):
        assert attachment == file
    else:
        assert {field: getattr(attachment, field) for field in file} == file


def test_template_echo_gives_its_attachment_id_as_text() -> None:
    (file,) = only("echo_template_media_numeric_id").attachments
    assert file.data["elements"] == [{"media_type": "image", "attachment_id": "2457235337685388"}]


def test_echo_goes_to_the_thread_of_its_recipient() -> None:
    event = only("echo_own_app")
    assert event.thread.external_id == event.person.id == CUSTOMER
    assert (event.app_id, event.metadata) == (OUR_APP, "out:01J8ZK7Q3V9M2X")
    assert only("echo_reply_to").reply_to.startswith("m_Qk7vX2pLr9TzW40005")


def test_no_app_is_ours_while_our_app_id_is_not_known() -> None:
    assert only("echo_own_app", own_app_id=None).source == "automation"


def test_edits_are_numbered_also_where_the_number_is_text() -> None:
    first, second = only("message_edit"), only("message_edit_num_as_string")
    assert isinstance(first, MessageEdited)
    assert (first.number, second.number) == (1, 2)
    assert first.message_id == second.message_id
    assert second.text == "Hello, blue jacket size L?"


def test_reaction_is_set_and_taken_back() -> None:
    other, gone = only("reaction_other_emoji"), only("reaction_unreact")
    assert isinstance(other, Reaction)
    assert (other.emoji, gone.emoji) == ("🔥", None)
    assert other.message_id == gone.message_id
    assert other.person == gone.person == Person(id=CUSTOMER)
    assert not other.by_account


def test_receipts_tell_how_far() -> None:
    delivered, seen, seen_on_instagram = map(
        only, ("delivery_with_mids", "read_watermark", "ig_seen")
    )
    assert isinstance(delivered, Delivered)
    assert isinstance(seen, Seen)
    assert len(delivered.message_ids) == 2
    assert delivered.up_to == SENT + timedelta(milliseconds=500)
    assert delivered.at == datetime(2026, 9, 17, 2, 32, 26, 90000, tzinfo=UTC)  # the entry's time
    assert seen.up_to == SENT + timedelta(milliseconds=1500)
    assert seen_on_instagram.message_ids == ("aWdfZAG1faXRlbToxOklHZWNobzAwMDFZAZD",)
    assert seen_on_instagram.up_to is None


def test_postback_without_an_id_gets_one_that_a_repeat_shares() -> None:
    event = only("postback_without_mid")
    assert isinstance(event, Postback)
    assert event.message_id.startswith("pb_")
    assert event.message_id == only("postback_without_mid").message_id
    assert only("postback_get_started").referral["ref"] == "qr_store_q1"
    assert only("standby_postback_no_payload").payload is None


@pytest.mark.parametrize(
    ("name", "person_id"),
    [
        ("postback_user_ref", "user_ref:uref_8d1f02"),
        ("optin_checkbox_user_ref", "user_ref:cart_77120"),
    ],
)
def test_person_of_the_checkbox_plugin_is_temporary(name: str, person_id: str) -> None:
    event = only(name)
    person = event.author if isinstance(event, Postback) else event.person
    assert person == Person(id=person_id, temporary=True)
    assert event.thread.external_id == person_id


def test_lead_answers_come_with_the_referral() -> None:
    event = only("referral_lead_complete_seconds")
    assert isinstance(event, Referred)
    assert event.referral["lead"]["data"][1] == {"question": "Cửa hàng ở đâu?", "answer": "Đà Nẵng"}
    assert event.at == SENT.replace(microsecond=0)


def test_optin_tells_in_from_stop() -> None:
    agreed, stopped = only("optin_notification_messages"), only("optin_notification_stop")
    assert isinstance(agreed, OptedIn)
    assert (agreed.status, stopped.status) == ("in", "stop")
    assert agreed.data["notification_messages_token"] == "5512300998877665544"


def test_address_form_is_read() -> None:
    event = only("messaging_customer_information")
    assert isinstance(event, InfoSubmitted)
    assert (event.name, event.phone) == ("Nguyễn Thị Hoa", "+84912345678")
    assert event.address == "12 Nguyễn Huệ, Hồ Chí Minh"
    assert event.data["country"] == "VN"


@pytest.mark.parametrize(
    ("name", "key", "opens_window"),
    [
        ("account_linking_linked", f"account_linked:{CUSTOMER}:1789612345678", False),
        ("messaging_feedback", f"feedback:{CUSTOMER}:1789612345678", False),
        ("send_cart_order", f"order:{CUSTOMER}:1789612345678", True),
        ("inbox_labels", f"label_added:{CUSTOMER}:5001:1789612345000", False),
    ],
)
def test_note_about_a_customer_has_a_key(name: str, key: str, opens_window: bool) -> None:
    event = only(name)
    assert isinstance(event, CustomerNoted)
    assert (event.key, event.opens_window) == (key, opens_window)
    assert event.person == Person(id=CUSTOMER)


@pytest.mark.parametrize(
    ("name", "action", "owner", "before"),
    [
        ("handover_pass", "pass", OUR_APP, "902214478331905"),
        ("handover_pass_numeric_ids_null_prev", "pass", OUR_APP, None),
        ("handover_take", "take", "263902037430900", OUR_APP),
        ("handover_request", "request", "902214478331905", None),
    ],
)
def test_thread_control_names_the_apps(
    name: str, action: str, owner: str, before: str | None
) -> None:
    event = only(name)
    assert isinstance(event, ThreadControlChanged)
    assert (event.action, event.owner_app_id, event.previous_app_id) == (action, owner, before)
