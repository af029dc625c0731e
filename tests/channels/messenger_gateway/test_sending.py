"""The Send API of the gateway: what customers of either channel get of what a program sends."""

from datetime import timedelta
from typing import Any

import pytest
from aiohttp import FormData

from inbox.ports import Button
from tests.channels.messenger_gateway.gateway_world import PNG, GatewayWorld
from tests.channels.messenger_gateway.phones import Shown

POSTBACK = {"type": "postback", "title": "Mua ngay", "payload": "BUY_1"}
LONG = "a" * 1001
LINK = {"type": "web_url", "title": "Xem thêm", "url": "https://shop.example/1"}


def template(**payload: Any) -> dict[str, Any]:
    return {"attachment": {"type": "template", "payload": payload}}


async def test_a_text_reaches_customers_of_both_channels_alike(world: GatewayWorld) -> None:
    lan, hoa = await world.customer_of("zalo"), await world.customer_of("facebook")

    first = await world.send(lan, {"text": "Dạ shop chào chị"})
    await world.send(hoa, {"text": "Dạ shop chào chị"})

    assert world.zalo.shown == [Shown(lan, "Dạ shop chào chị")]
    assert world.facebook.shown == [Shown(hoa, "Dạ shop chào chị")]
    assert first["recipient_id"] == lan
    kept = await world.kept(first["message_id"].removeprefix("m_"))
    assert kept["author"] == {"kind": "automation", "id": "program1", "name": "Trợ lý áo khoác"}
    assert kept["by_human"] is False


async def test_quick_replies_stay_on_messenger_and_become_buttons_on_zalo(
    world: GatewayWorld,
) -> None:
    lan, hoa = await world.customer_of("zalo"), await world.customer_of("facebook")
    message = {
        "text": "Chị chọn size nào ạ?",
        "quick_replies": [
            {"content_type": "text", "title": "Size M", "payload": "SIZE_M"},
            {"content_type": "text", "title": "Size L", "payload": "SIZE_L"},
            {"content_type": "user_phone_number"},
        ],
    }

    await world.send(lan, message)
    await world.send(hoa, message)

    text = "Chị chọn size nào ạ?"
    assert world.zalo.shown == [Shown(lan, text, buttons=("Size M", "Size L"))]
    assert world.facebook.shown == [Shown(hoa, text, quick_replies=("Size M", "Size L"))]


async def test_more_choices_than_zalo_has_buttons_become_lines(world: GatewayWorld) -> None:
    lan = await world.customer_of("zalo")
    replies = [
        {"content_type": "text", "title": f"Màu {n}", "payload": f"COLOR_{n}"} for n in range(6)
    ]

    await world.send(lan, {"text": "Chị chọn màu ạ:", "quick_replies": replies})

    lines = "\n".join(f"• Màu {n}" for n in range(6))
    assert world.zalo.shown == [Shown(lan, f"Chị chọn màu ạ:\n{lines}")]


async def test_a_button_template_keeps_its_buttons(world: GatewayWorld) -> None:
    lan = await world.customer_of("zalo")
    call = {"type": "phone_number", "title": "Gọi shop", "payload": "+84 901 234 567"}

    await world.send(
        lan, template(template_type="button", text="Áo còn hàng", buttons=[POSTBACK, LINK, call])
    )

    assert world.zalo.shown == [
        Shown(
            lan,
            "Áo còn hàng",
            buttons=(
                "Mua ngay",
                "Xem thêm <https://shop.example/1>",
                "Gọi shop <tel:+84901234567>",
            ),
        )
    ]


async def test_a_card_on_zalo_is_its_picture_then_its_words_with_its_buttons(
    world: GatewayWorld,
) -> None:
    lan = await world.customer_of("zalo")
    element = {
        "title": "Áo khoác dạ",
        "subtitle": "450.000 ₫",
        "image_url": f"{world.files_url}/ao.png",
        "default_action": {"type": "web_url", "url": "https://shop.example/ao"},
        "buttons": [POSTBACK],
    }

    await world.send(lan, template(template_type="generic", elements=[element]))

    assert world.zalo.shown == [
        Shown(lan, None, file="ao.png"),
        Shown(lan, "Áo khoác dạ\n450.000 ₫\nhttps://shop.example/ao", buttons=("Mua ngay",)),
    ]


async def test_a_card_goes_without_a_picture_that_cannot_be_fetched(world: GatewayWorld) -> None:
    lan = await world.customer_of("zalo")
    element = {"title": "Áo khoác dạ", "image_url": f"{world.files_url}/gone.jpg"}

    await world.send(lan, template(template_type="generic", elements=[element]))

    assert world.zalo.shown == [Shown(lan, "Áo khoác dạ")]


async def test_cards_stay_one_message_of_cards_on_facebook(world: GatewayWorld) -> None:
    hoa = await world.customer_of("facebook")
    picture = f"{world.files_url}/ao.png"
    elements = [
        {"title": "Áo khoác dạ", "image_url": picture, "buttons": [POSTBACK]},
        {"title": "Áo len", "subtitle": "250.000 ₫", "buttons": [LINK]},
    ]
    replies = [{"content_type": "text", "title": "Xem nữa", "payload": "MORE"}]

    answer = await world.send(
        hoa, {**template(template_type="generic", elements=elements), "quick_replies": replies}
    )

    (shown,) = world.facebook.shown
    assert (shown.text, shown.file, shown.quick_replies) == (None, None, ("Xem nữa",))
    assert [(card.title, card.image_url) for card in shown.cards] == [
        ("Áo khoác dạ", picture),
        ("Áo len", None),
    ]
    assert shown.cards[0].buttons == (Button("Mua ngay", payload="BUY_1"),)
    kept = await world.kept(answer["message_id"].removeprefix("m_"))
    assert kept["text"] == "Áo khoác dạ\n\nÁo len\n250.000 ₫"
    assert len(kept["attachments"]) == 1


async def test_several_cards_on_zalo_come_one_after_the_other(world: GatewayWorld) -> None:
    lan = await world.customer_of("zalo")
    elements = [
        {"title": "Áo khoác dạ", "image_url": f"{world.files_url}/ao.png"},
        {"title": "Áo len", "buttons": [POSTBACK]},
    ]
    replies = [{"content_type": "text", "title": "Xem nữa", "payload": "MORE"}]

    await world.send(
        lan, {**template(template_type="generic", elements=elements), "quick_replies": replies}
    )

    assert world.zalo.shown == [
        Shown(lan, "Áo khoác dạ", file="ao.png"),
        Shown(lan, "Áo len", buttons=("Mua ngay", "Xem nữa")),
    ]


async def test_a_coupon_is_a_card(world: GatewayWorld) -> None:
    lan = await world.customer_of("zalo")

    await world.send(
        lan,
        template(
            template_type="coupon",
            title="Giảm 10%",
            subtitle="Đến hết tháng",
            coupon_code="AOAM10",
            coupon_url="https://shop.example/aoam10",
        ),
    )

    text = "Giảm 10%\nĐến hết tháng\nAOAM10\nhttps://shop.example/aoam10"
    assert world.zalo.shown == [Shown(lan, text)]


async def test_a_receipt_is_read_as_a_text(world: GatewayWorld) -> None:
    lan = await world.customer_of("zalo")

    await world.send(
        lan,
        template(
            template_type="receipt",
            recipient_name="Nguyễn Thị Lan",
            order_number="DH-1024",
            currency="VND",
            payment_method="COD",
            elements=[{"title": "Áo khoác dạ", "quantity": 2, "price": 900000}],
            adjustments=[{"name": "Giảm giá", "amount": 50000}],
            summary={"subtotal": 900000, "shipping_cost": 30000, "total_cost": 880000},
            address={"street_1": "12 Lý Thường Kiệt", "city": "Hà Nội"},
        ),
    )

    assert world.zalo.shown == [
        Shown(
            lan,
            "Đơn hàng DH-1024\nKhách hàng: Nguyễn Thị Lan\n• Áo khoác dạ × 2: 900.000 ₫\n"
            "Giảm giá: -50.000 ₫\nTạm tính: 900.000 ₫\nPhí giao hàng: 30.000 ₫\n"
            "Tổng cộng: 880.000 ₫\nThanh toán: COD\nGiao đến: 12 Lý Thường Kiệt, Hà Nội",
        )
    ]


async def test_a_picture_goes_by_link_by_kept_id_and_as_a_form(world: GatewayWorld) -> None:
    lan = await world.customer_of("zalo")
    link = {"url": f"{world.files_url}/ao.png", "is_reusable": True}

    first = await world.send(lan, {"attachment": {"type": "image", "payload": link}})
    kept = {"attachment_id": first["attachment_id"]}
    await world.send(lan, {"attachment": {"type": "image", "payload": kept}})
    form = FormData()
    form.add_field("recipient", f'{{"id": "{lan}"}}')
    form.add_field("message", '{"attachment": {"type": "image", "payload": {}}}')
    form.add_field("filedata", PNG, filename="the.png", content_type="image/png")
    status, _ = await world.graph("POST", "me/messages", data=form)
    await world.deliver_all()

    assert status == 200
    assert [one.file for one in world.zalo.shown] == ["ao.png", "ao.png", "the.png"]


async def test_a_video_goes_to_zalo_as_its_link(world: GatewayWorld) -> None:
    lan, hoa = await world.customer_of("zalo"), await world.customer_of("facebook")
    link = f"{world.files_url}/ao.mp4"
    message = {"attachment": {"type": "video", "payload": {"url": link}}}

    await world.send(lan, message)
    await world.send(hoa, message)

    assert world.zalo.shown == [Shown(lan, link)]
    assert world.facebook.shown == [Shown(hoa, None, file="ao.mp4")]


async def test_an_upload_is_kept_for_later(world: GatewayWorld) -> None:
    lan = await world.customer_of("zalo")
    payload = {"url": f"{world.files_url}/ao.png", "is_reusable": True}
    body = {"message": {"attachment": {"type": "image", "payload": payload}}}

    _, answer = await world.graph("POST", "v19.0/me/message_attachments", body)
    await world.send(lan, {"attachment": {"type": "image", "payload": answer}})

    assert [one.file for one in world.zalo.shown] == ["ao.png"]


async def test_links_into_our_own_network_are_not_followed(world: GatewayWorld) -> None:
    lan = await world.customer_of("zalo")
    for link in ("https://169.254.169.254/latest", "https://localhost/x", "http://10.0.0.1/x"):
        message = {"attachment": {"type": "image", "payload": {"url": link}}}

        error = await world.refused(
            "POST", "me/messages", {"recipient": {"id": lan}, "message": message}
        )

        assert (error["code"], error["error_subcode"]) == (100, 2018008)


async def test_typing_and_seen_go_to_the_channel(world: GatewayWorld) -> None:
    hoa = await world.customer_of("facebook")

    for action in ("mark_seen", "typing_on", "typing_off"):
        body = {"recipient": {"id": hoa}, "sender_action": action}
        assert await world.graph("POST", "me/messages", body) == (200, {"recipient_id": hoa})
    await world.signals.told()

    assert world.facebook.signals == [f"seen:{hoa}", f"typing:{hoa}"]


async def test_the_same_call_sends_once_where_the_program_names_it(world: GatewayWorld) -> None:
    lan = await world.customer_of("zalo")
    picture = {"type": "image", "payload": {"url": f"{world.files_url}/ao.png"}}
    body = {"recipient": {"id": lan}, "message": {"attachment": picture}}
    headers = {"Idempotency-Key": "order-1"}

    answers = [await world.graph("POST", "me/messages", body, headers=headers) for _ in range(2)]
    await world.deliver_all()

    assert answers[0] == answers[1]
    assert [one.file for one in world.zalo.shown] == ["ao.png"]


async def test_a_comment_is_answered_privately_once(world: GatewayWorld) -> None:
    thread = await world.thread(kind="comment")
    comment_id = await world.message(thread, "Giá bao nhiêu?", at=world.clock.now())
    external_id = (await world.kept(comment_id))["external_id"]
    body = {"recipient": {"comment_id": external_id}, "message": {"text": "Em nhắn riêng ạ"}}

    status, answer = await world.graph("POST", "me/messages", body)
    again = await world.refused("POST", "me/messages", body)
    await world.deliver()

    assert (status, set(answer)) == (200, {"message_id"})
    assert again["code"] == 10900
    assert [(one.text, one.private) for one in world.facebook.shown] == [("Em nhắn riêng ạ", True)]


async def test_a_message_after_the_window_is_refused_as_meta_does(world: GatewayWorld) -> None:
    hoa = await world.customer_of("facebook")
    world.clock.advance(timedelta(days=8))

    error = await world.refused(
        "POST", "me/messages", {"recipient": {"id": hoa}, "message": {"text": "Chị ơi"}}
    )

    assert (error["status"], error["code"], error["error_subcode"]) == (403, 10, 2018278)
    assert error["error_data"] == {"code": "window_closed"}
    assert (error["type"], bool(error["fbtrace_id"])) == ("OAuthException", True)


async def test_nobody_talks_over_a_person(world: GatewayWorld) -> None:
    lan = await world.customer_of("facebook")
    await world.say(await world.thread_of(lan), "Em là Hoa, em hỗ trợ chị ạ")
    await world.deliver_all()
    message = {"recipient": {"id": lan}, "message": {"text": "Tôi là bot"}}
    typing = {"recipient": {"id": lan}, "sender_action": "typing_on"}

    for body in (message, typing):
        error = await world.refused("POST", "me/messages", body)

        assert (error["status"], error["code"], error["error_subcode"]) == (409, 10, 2018300)
        assert error["error_data"] == {"code": "conversation_taken_over"}
    assert [one.text for one in world.facebook.shown] == ["Em là Hoa, em hỗ trợ chị ạ"]
    assert world.facebook.signals == []


async def test_who_wants_nothing_automatic_is_not_available(world: GatewayWorld) -> None:
    lan = await world.customer_of("zalo", opted_out_at=world.clock.now())

    error = await world.refused(
        "POST", "me/messages", {"recipient": {"id": lan}, "message": {"text": "Giảm giá"}}
    )

    assert (error["status"], error["code"], error["error_subcode"]) == (400, 551, 1545041)


async def test_an_account_that_cannot_send_is_told(world: GatewayWorld) -> None:
    lan = await world.customer_of("zalo")
    del world.messengers["zalo"]

    error = await world.refused(
        "POST", "me/messages", {"recipient": {"id": lan}, "message": {"text": "Chào"}}
    )

    assert (error["status"], error["code"]) == (403, 200)
    assert error["error_data"] == {"code": "channel_cannot_send"}


@pytest.mark.parametrize(
    ("body", "code", "subcode"),
    [
        pytest.param({"message": {"text": "a"}}, 100, None, id="no recipient"),
        pytest.param(
            {"recipient": {"id": "nobody"}, "message": {"text": "a"}}, 100, 2018001, id="nobody"
        ),
        pytest.param({"recipient": "{broken", "message": {"text": "a"}}, 100, None, id="JSON"),
        pytest.param({"recipient": {"phone_number": "+84"}, "message": {}}, 100, None, id="phone"),
    ],
)
async def test_bad_parameters_are_refused_as_meta_does(
    world: GatewayWorld, body: dict[str, Any], code: int, subcode: int | None
) -> None:
    error = await world.refused("POST", "me/messages", body)

    assert (error["status"], error["code"], error.get("error_subcode")) == (400, code, subcode)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"text": "  "}, id="blank"),
        pytest.param({"text": "a" * 2001}, id="long"),
        pytest.param({"attachment": {"type": "image", "payload": {}}}, id="no file"),
        pytest.param({"attachment": "x"}, id="no object"),
        pytest.param(template(template_type="airline_itinerary"), id="unknown template"),
        pytest.param(template(template_type="generic", elements=[]), id="no elements"),
        pytest.param(template(template_type="button", text="a", buttons=[POSTBACK] * 4), id="4"),
        pytest.param(template(template_type="receipt", order_number="1"), id="no total"),
        pytest.param(
            template(template_type="receipt", order_number="1", summary={"total_cost": "x"}),
            id="no amount",
        ),
        pytest.param({"text": "a", "quick_replies": [{"content_type": "text"}]}, id="no title"),
        pytest.param(
            template(template_type="button", text="a", buttons=[{**LINK, "url": "javascript:1"}]),
            id="no link",
        ),
        pytest.param(
            template(
                template_type="button", text="a", buttons=[{**POSTBACK, "payload": "a" * 1001}]
            ),
            id="long payload",
        ),
    ],
)
async def test_what_messenger_would_refuse_is_refused(
    world: GatewayWorld, message: dict[str, Any]
) -> None:
    lan = await world.customer_of("zalo")

    error = await world.refused(
        "POST", "me/messages", {"recipient": {"id": lan}, "message": message}
    )

    assert (error["status"], error["code"]) == (400, 100)
    assert world.zalo.shown == []
