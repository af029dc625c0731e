"""What every recorded message, echo, reaction and receipt of Zalo means, by payload."""

from datetime import UTC, datetime
from typing import Any

from channels.events import (
    AccountNoted,
    Delivered,
    InboundMessage,
    MessageEcho,
    Person,
    PlatformEvent,
    Reaction,
    Seen,
    Thread,
)
from tests.channels.zalo.bodies import GROUP, USER, VISITOR

GROUP_THREAD = Thread(kind="group", external_id=GROUP)
ANONYMOUS = {"conversation_id": "b7e4d0c2199a5f63"}


def file(kind: str, url: str | None = None, **others: Any) -> dict[str, Any]:
    """An attachment as short as the table wants it: only what is there."""
    return {"kind": kind, **({"url": url} if url else {}), **others}


def thumbnail(name: str) -> dict[str, str]:
    return {"thumbnail_url": f"https://t-f21-zpc.zdn.vn/480/8846012937715524410/{name}"}


MESSAGES: dict[str, tuple[type[PlatformEvent], dict[str, Any]]] = {
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
}
