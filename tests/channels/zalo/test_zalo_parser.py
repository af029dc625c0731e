"""Every recorded Zalo payload becomes the events that it means."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from channels.events import (
    AccountNoted,
    CustomerNoted,
    DataWithdrawn,
    Delivered,
    Followed,
    GroupChanged,
    InboundMessage,
    InfoSubmitted,
    MalformedBody,
    MessageEcho,
    Parsed,
    Person,
    PlatformEvent,
    Reaction,
    Seen,
    Thread,
    Unknown,
)
from channels.zalo.accounts import GROUP_EVENTS
from channels.zalo.parser import CONSOLE_TEST_MESSAGE_ID, parse

PAYLOADS = Path(__file__).parents[2] / "payloads/zalo"
OA = "4118290375522816043"
USER = "7205934418860273519"
VISITOR = "a93f1c77d2504be8"
GROUP = "c41e07d9a5b263f81d02"
NOON = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)

GROUP_THREAD = Thread(kind="group", external_id=GROUP)
ANONYMOUS = {"conversation_id": "b7e4d0c2199a5f63"}


def read(content: Any, *, known: tuple[str, ...] = (OA,)) -> Parsed:
    body = content if isinstance(content, bytes) else orjson.dumps(content)
    return parse(body, known_oa_ids=known, received_at=NOON)


def only(content: Any, *, known: tuple[str, ...] = (OA,)) -> Any:
    parsed = read(content, known=known)
    assert parsed.bad == ()
    [event] = parsed.events
    return event


def payload(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = orjson.loads((PAYLOADS / f"{name}.json").read_bytes())
    return loaded


def file(kind: str, url: str | None = None, **others: Any) -> dict[str, Any]:
    return {"kind": kind, **({"url": url} if url else {}), **others}


def thumbnail(name: str) -> dict[str, str]:
    return {"thumbnail_url": f"https://t-f21-zpc.zdn.vn/480/8846012937715524410/{name}"}


EXPECTED: dict[str, tuple[type[PlatformEvent], dict[str, Any]]] = {
    "user_send_text": (
        InboundMessage,
        {
            "thread": Thread(external_id=USER),
            "author": Person(id=USER),
            "message_id": "0fbda1197a621b7f1492",
            "text": "Shop ơi, mẫu áo khoác này còn size L không ạ? 😊",
            "attachments": [],
            "at": datetime(2026, 11, 16, 3, 34, 21, 337000, tzinfo=UTC),
        },
    ),
    "user_send_text_quote": (InboundMessage, {"reply_to": "caa34f7e078eb788ade9"}),
    "user_send_image": (
        InboundMessage,
        {
            "text": "Màu này nè",
            "attachments": [
                file(
                    "image",
                    "https://f21-zpc.zdn.vn/jpg/8846012937715524410/a1c39f20b7d6.jpg",
                    mime="image/jpeg",
                    **thumbnail("a1c39f20b7d6.jpg"),
                )
            ],
        },
    ),
    "user_send_gif": (
        InboundMessage,
        {
            "text": None,
            "attachments": [
                file(
                    "image",
                    "https://f21-zpg.zdn.vn/gif/4410/d0b7a2.gif",
                    mime="image/gif",
                    **thumbnail("d0b7a2_thumb.jpg"),
                )
            ],
        },
    ),
    "user_send_link": (
        InboundMessage,
        {
            "attachments": [
                file(
                    "link",
                    "https://shop.example.vn/ao-khoac-du",
                    name="Áo khoác dù 2 lớp",
                    thumbnail_url="https://shop.example.vn/img/ao-khoac-du.jpg",
                    data={"description": "Áo khoác dù 2 lớp chống nước, 5 màu"},
                )
            ]
        },
    ),
    "user_send_audio": (
        InboundMessage,
        {
            "attachments": [
                file("audio", "https://voice-aac-01.zdn.vn/1730/5a0c/7be19d.amr", mime="audio/amr")
            ]
        },
    ),
    "user_send_video": (
        InboundMessage,
        {
            "attachments": [
                file(
                    "video",
                    "https://video-stal-02.zdn.vn/720/7c11ab90.mp4",
                    mime="video/mp4",
                    **thumbnail("vid_7c11.jpg"),
                )
            ]
        },
    ),
    "user_send_sticker": (
        InboundMessage,
        {
            "attachments": [
                file(
                    "sticker",
                    "https://zalo-api.zadn.vn/api/emoticon/sticker/webpc?eid=46986&size=130",
                    data={"sticker_id": "46986"},
                )
            ]
        },
    ),
    "user_send_location": (
        InboundMessage,
        {"attachments": [file("location", data={"lat": 10.77653, "long": 106.700981})]},
    ),
    "user_send_business_card": (
        InboundMessage,
        {
            "attachments": [
                file(
                    "contact",
                    "https://zalo.me/84900000123",
                    name="Trần Thu Hà",
                    thumbnail_url="https://s240-ava-talk.zadn.vn/0/1/2/3/4/240/0badcafe.jpg",
                    data={
                        "phone": "84900000123",
                        "qr": "https://qr-talk.zdn.vn/3/1290/aa01.jpg",
                    },
                )
            ]
        },
    ),
    "user_send_file": (
        InboundMessage,
        {
            "attachments": [
                file(
                    "file",
                    "https://ot12.dlfl.vn/9d0c31aa7be2/5530219948812",
                    name="Đơn đặt hàng tháng 11.pdf",
                    size=284113,
                    mime="application/pdf",
                    data={"md5": "5f4dcc3b5aa765d61d8327deb882cf99"},
                )
            ]
        },
    ),
    "user_asking_product": (
        InboundMessage,
        {
            "text": "Áo khoác dù",
            "message_id": "602397b1f862b846e82a",
            "attachments": [
                file(
                    "link",
                    "https://zalo.me/s/9911/ao-khoac",
                    name="Áo khoác dù",
                    thumbnail_url="https://shop.example.vn/img/ao.jpg",
                    data={"description": "Còn màu rêu không shop?"},
                )
            ],
        },
    ),
    "anonymous_send_text": (
        InboundMessage,
        {
            "thread": Thread(external_id=VISITOR),
            "author": Person(id=VISITOR, temporary=True),
            "data": ANONYMOUS,
        },
    ),
    "anonymous_send_image": (InboundMessage, {"data": ANONYMOUS, "text": None}),
    "anonymous_send_file": (InboundMessage, {"data": ANONYMOUS}),
    "anonymous_send_sticker": (InboundMessage, {"data": ANONYMOUS}),
    "user_send_group_text": (
        InboundMessage,
        {
            "thread": GROUP_THREAD,
            "author": Person(id=USER),
            "text": "[@4118290375522816043] lịch khai giảng khi nào ạ",
        },
    ),
    "oa_send_group_text": (
        MessageEcho,
        {"thread": GROUP_THREAD, "person": None, "source": "own"},
    ),
    "oa_send_anonymous_text": (
        MessageEcho,
        {"person": Person(id=VISITOR, temporary=True), "source": "own"},
    ),
    "oa_send_text_api_echo": (
        MessageEcho,
        {
            "thread": Thread(external_id=USER),
            "person": Person(id=USER),
            "source": "own",
            "message_id": "700cca1391f6cec8aa92",
            "text": "Dạ còn size L ạ, anh/chị cho em xin địa chỉ nhé.",
        },
    ),
    "oa_send_text_admin_chat": (MessageEcho, {"source": "human"}),
    "oa_send_text_quote": (MessageEcho, {"reply_to": "80ebb0d0c9715e58bd6e"}),
    "oa_send_text_template": (
        MessageEcho,
        {
            "text": "Xác nhận đơn hàng",
            "attachments": [
                file(
                    "template",
                    name="Xác nhận đơn hàng DH-1029",
                    data={
                        "zinstant_id": "znst_88021",
                        "text": "Xác nhận đơn hàng DH-1029",
                        "link_url": "https://zinstant.zdn.vn/88021/data.zip",
                        "checksum": "c4ca4238a0b923820dcc509a6f75849b",
                    },
                )
            ],
        },
    ),
    "oa_send_template_unverified": (MessageEcho, {"text": None, "source": "own"}),
    "oa_send_image": (MessageEcho, {"source": "own"}),
    "oa_send_gif": (MessageEcho, {"source": "own"}),
    "oa_send_sticker": (MessageEcho, {"source": "own"}),
    "oa_send_file": (MessageEcho, {"source": "human"}),
    "oa_send_list": (
        MessageEcho,
        {
            "text": None,
            "attachments": [
                file(
                    "link",
                    "https://shop.example.vn/thu-dong",
                    name="Bộ sưu tập thu đông",
                    thumbnail_url="https://shop.example.vn/img/1.jpg",
                    data={"description": "Giảm 20% tuần này"},
                ),
                file(
                    "link",
                    "https://shop.example.vn/size",
                    name="Hướng dẫn chọn size",
                    thumbnail_url="https://shop.example.vn/img/2.jpg",
                ),
            ],
        },
    ),
    "user_reacted_message": (
        Reaction,
        {
            "message_id": "700cca1391f6cec8aa92",
            "person": Person(id=USER),
            "by_account": False,
            "emoji": "/-heart",
        },
    ),
    "oa_reacted_message": (
        Reaction,
        {
            "thread": Thread(external_id=USER),
            "message_id": "0fbda1197a621b7f1492",
            "person": None,
            "by_account": True,
            "emoji": "/-strong",
        },
    ),
    "user_received_message": (
        Delivered,
        {"thread": Thread(external_id=USER), "message_ids": ("700cca1391f6cec8aa92",)},
    ),
    "user_seen_message": (
        Seen,
        {
            "thread": Thread(external_id=USER),
            "message_ids": ("700cca1391f6cec8aa92", "a1fa57c1096af3a1341f"),
        },
    ),
    "user_seen_message_oa_as_sender": (
        Seen,
        {"thread": Thread(external_id=USER), "message_ids": ("5f3e8311d740390d4eaf",)},
    ),
    "zns_user_received_message": (
        AccountNoted,
        {
            "name": "template_delivered",
            "at": datetime(2026, 11, 16, 3, 33, 24, tzinfo=UTC),
            "data": {
                "message_id": "f9e5bcf967eccec6c4cb",
                "tracking_id": "order-1029-shipped",
                "recipient": "84900000456",
            },
            "person_ids": (),
        },
    ),
    "follow": (
        Followed,
        {"person": Person(id=USER), "following": True, "source": "oa_profile"},
    ),
    "unfollow": (Followed, {"person": Person(id=USER), "following": False}),
    "user_submit_info": (
        InfoSubmitted,
        {
            "person": Person(id=USER),
            "name": "Lê Minh Châu",
            "phone": "84900000456",
            "birthday": "21/04/1994",
            "gender": "Nữ",
            "address": "12 Hai Bà Trưng, Phường Tân Định, Thành phố Hồ Chí Minh",
            "data": {"ward": "Phường Tân Định", "city": "Thành phố Hồ Chí Minh"},
        },
    ),
    "user_submit_info_legacy": (
        InfoSubmitted,
        {
            "address": "12 Hai Bà Trưng, Phường Tân Định, Quận 1, Hồ Chí Minh",
            "data": {"ward": "Phường Tân Định", "district": "Quận 1", "city": "Hồ Chí Minh"},
            "birthday": None,
        },
    ),
    "user_withdraw": (
        DataWithdrawn,
        {"thread": Thread(external_id=USER), "person": Person(id=USER)},
    ),
    "update_user_info": (
        CustomerNoted,
        {"name": "profile_updated", "data": {"method": "dynamic_url"}, "opens_window": False},
    ),
    "user_click_chatnow": (
        CustomerNoted,
        {"name": "chat_started", "person": Person(id=USER), "opens_window": True},
    ),
    "remove_user_from_tag": (
        CustomerNoted,
        {"name": "label_removed", "person": Person(id=USER), "data": {"label": "Khách sỉ"}},
    ),
    "add_user_to_tag_tag_created": (
        AccountNoted,
        {"name": "label_created", "data": {"label": "Hẹn gọi lại"}},
    ),
    "remove_tag": (AccountNoted, {"name": "label_deleted", "data": {"label": "Hẹn gọi lại"}}),
    "user_call_oa": (
        CustomerNoted,
        {
            "name": "call",
            "key": f"user_call_oa|1794802944176|{USER}|call-5501",
            "opens_window": True,
            "data": {
                "direction": "in",
                "phone": "84900000456",
                "call_id": "call-5501",
                "call_type": "AUDIO",
                "init_time": "1794800090000",
                "call_duration": 81200,
                "waiting_time": 6,
                "talk_time": 75200,
                "status_code": 1,
            },
        },
    ),
    "oa_call_user": (CustomerNoted, {"name": "call", "opens_window": False}),
    "oa_send_consent": (
        AccountNoted,
        {
            "name": "consent",
            "data": {
                "phone": "84900000456",
                "request_type": "SENT",
                "create_time": "1794800000000",
                "expired_time": "1794972800000",
            },
        },
    ),
    "user_reply_consent": (AccountNoted, {"name": "consent"}),
    "widget_interaction_accepted": (
        CustomerNoted,
        {
            "name": "widget_accepted",
            "person": Person(id=USER),
            "opens_window": True,
            "data": {
                "user_external_id": "cust-20419",
                "url": "https://shop.example.vn/thanh-toan?don=1029",
            },
        },
    ),
    "widget_failed_to_sync_user_external_id": (
        CustomerNoted,
        {"name": "widget_failed", "person": Person(id=USER), "opens_window": False},
    ),
    "shop_has_order_unverified": (
        CustomerNoted,
        {
            "name": "order",
            "person": Person(id=USER),
            "key": f"shop_has_order|1794803802894|{USER}|ord_29f0",
        },
    ),
    "user_feedback": (
        AccountNoted,
        {
            "name": "feedback",
            "key": "user_feedback|1794803128187|f9e5bcf967eccec6c4cb",
            "data": {
                "rating_type": "csat",
                "option": "five_emotions",
                "rate": 4,
                "note": "Giao hơi chậm",
                "feedbacks": ["Nhân viên thân thiện", "Đóng gói kỹ"],
                "submit_time": "1794800900000",
                "msg_id": "f9e5bcf967eccec6c4cb",
                "tracking_id": "order-1029-shipped",
            },
        },
    ),
    "user_click_response_button": (AccountNoted, {"name": "template_button"}),
    "change_template_status": (
        AccountNoted,
        {
            "name": "template_status",
            "data": {
                "template_id": "402118",
                "status": {"prev_status": "PENDING_REVIEW", "new_status": "REJECT"},
                "reason": "Logo không hợp lệ",
            },
        },
    ),
    "change_template_quality": (AccountNoted, {"name": "template_quality"}),
    "change_template_quota_unverified": (AccountNoted, {"name": "template_quota"}),
    "change_oa_daily_quota": (
        AccountNoted,
        {"name": "daily_quota", "data": {"quota": {"prev_value": 2000, "new_value": 500}}},
    ),
    "change_oa_template_tags_unverified": (AccountNoted, {"name": "template_tags"}),
    "event_journey_acknowledged_unverified": (AccountNoted, {"name": "journey_acknowledged"}),
    "event_journey_time_out_unverified": (AccountNoted, {"name": "journey_timed_out"}),
    "extension_purchased": (AccountNoted, {"name": "extension_purchased"}),
    "permission_revoked_unverified": (AccountNoted, {"name": "permission_revoked", "data": {}}),
    "create_group": (GroupChanged, {"name": "created", "person_ids": ()}),
    "user_join_group": (GroupChanged, {"name": "joined", "person_ids": (USER,)}),
    "user_request_join_group": (GroupChanged, {"name": "join_requested"}),
    "accept_request_join_group": (GroupChanged, {"name": "join_accepted"}),
    "reject_request_join_group": (GroupChanged, {"name": "join_rejected"}),
    "add_group_admin": (GroupChanged, {"name": "admin_added"}),
    "remove_group_admin": (GroupChanged, {"name": "admin_removed"}),
    "update_group_info": (GroupChanged, {"name": "info_updated"}),
    "user_out_group": (GroupChanged, {"name": "left", "person_ids": (USER,)}),
    "delete_group": (GroupChanged, {"name": "deleted", "thread": GROUP_THREAD}),
}
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
    assert (changed.name, changed.thread) == (GROUP_EVENTS[name], GROUP_THREAD)


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
