"""What programs are told, in Meta's words: shapes, ids, signatures, pressed buttons."""

import hmac
import json
from datetime import timedelta
from typing import Any

import pytest

from channels.facebook.parser import parse as parse_facebook
from channels.messenger_gateway.model import PAGE_INBOX_APP
from inbox.automations.model import Event, EventType, Secrets
from tests.channels.messenger_gateway.gateway_world import (
    APP_SECRET,
    HOST,
    OA,
    PAGE,
    GatewayWorld,
    an_automation,
)

SECRETS = Secrets((), app_secret=APP_SECRET)
Json = dict[str, Any]


async def told(world: GatewayWorld, event: Event) -> Json | None:
    """The element that the program is told, without what is the same for all."""
    call = await world.gateway.shape.call(an_automation(), SECRETS, event, world.clock.now())
    if call is None:
        return None
    body = json.loads(call.body)
    assert body["object"] == "page"
    (entry,) = body["entry"]
    assert entry.pop("id") == PAGE
    assert entry.pop("time") > 1_700_000_000_000
    ((_, (element,)),) = entry.items()
    assert isinstance(element, dict)
    return element


async def received(world: GatewayWorld, person: str, text: str | None, **fields: Any) -> Json:
    """The element of a message that this customer has just written."""
    message = await world.message(
        await world.thread_of(person), text, at=world.clock.now(), **fields
    )
    element = await told(world, await world.event("message.received", message))
    assert element is not None
    return element


async def test_a_message_is_told_with_the_ids_of_the_platform(world: GatewayWorld) -> None:
    lan = await world.customer_of("zalo")

    element = await received(world, lan, "Áo này còn không?")

    assert (element["sender"], element["recipient"]) == ({"id": lan}, {"id": PAGE})
    assert element["timestamp"] == int(world.clock.now().timestamp() * 1000)
    assert element["message"]["text"] == "Áo này còn không?"
    assert element["message"]["mid"].startswith("m_")


async def test_a_webhook_carries_both_signatures_of_meta(world: GatewayWorld) -> None:
    lan = await world.customer_of()
    message = await world.message(await world.thread_of(lan), "Chào", at=world.clock.now())
    event = await world.event("message.received", message)

    call = await world.gateway.shape.call(an_automation(), SECRETS, event, world.clock.now())

    assert call is not None
    for header, digest in (("X-Hub-Signature", "sha1"), ("X-Hub-Signature-256", "sha256")):
        expected = hmac.new(APP_SECRET.encode(), call.body, digest).hexdigest()
        assert call.headers[header] == f"{digest}={expected}"
    assert call.headers["Content-Type"] == "application/json"


async def test_what_is_told_is_read_by_a_parser_of_messenger(world: GatewayWorld) -> None:
    """Our own reader of Meta's webhooks takes what we write as Meta."""
    lan = await world.customer_of()
    message = await world.message(
        await world.thread_of(lan), "Chào", at=world.clock.now(), payload="HELLO"
    )
    event = await world.event("message.received", message)
    call = await world.gateway.shape.call(an_automation(), SECRETS, event, world.clock.now())
    assert call is not None

    parsed = parse_facebook(call.body, own_app_id="1", received_at=world.clock.now())

    (one,) = parsed.events
    assert one.type == "message"
    assert (one.account_id, one.thread.external_id, one.text) == (PAGE, lan, "Chào")
    assert one.quick_reply == "HELLO"


async def test_a_picture_is_told_as_a_link_of_ours_that_opens(world: GatewayWorld) -> None:
    lan = await world.customer_of()
    copied = {"state": "copied", "sha256": "a" * 64, "mime": "image/jpeg", "kind": "image"}
    picture = {"kind": "image", "url": "https://zdn.vn/1.jpg", "copy": copied}

    element = await received(world, lan, None, attachments=[picture])

    (attachment,) = element["message"]["attachments"]
    assert attachment["type"] == "image"
    assert attachment["payload"]["url"].startswith(f"{HOST}/api/v1/media/")
    assert "signature=" in attachment["payload"]["url"]


async def test_a_picture_that_is_not_copied_yet_is_told_where_the_platform_has_it(
    world: GatewayWorld,
) -> None:
    lan = await world.customer_of()
    pictures = [{"kind": "image", "url": "https://zdn.vn/1.jpg"}, {"kind": "sticker"}]

    element = await received(world, lan, None, attachments=pictures)

    first, second = (one["payload"]["url"] for one in element["message"]["attachments"])
    assert first == "https://zdn.vn/1.jpg"
    assert second.startswith(f"{HOST}/api/v1/media/")


async def test_a_place_and_a_link_are_told_as_messenger_does(world: GatewayWorld) -> None:
    lan = await world.customer_of()
    place = {"kind": "location", "name": "Hồ Gươm", "data": {"lat": 21.02, "long": 105.85}}
    link = {"kind": "link", "name": "Áo", "url": "https://shop.example/1", "data": {}}

    element = await received(world, lan, "Đây", attachments=[place, link], reply_to="earlier")

    assert element["message"]["attachments"] == [
        {
            "type": "location",
            "title": "Hồ Gươm",
            "payload": {"coordinates": {"lat": 21.02, "long": 105.85}},
        },
        {"type": "fallback", "title": "Áo", "url": "https://shop.example/1", "payload": None},
    ]
    assert element["message"]["reply_to"] == {"mid": "m_earlier"}


async def test_a_press_on_zalo_comes_back_with_the_payload_of_the_button(
    world: GatewayWorld,
) -> None:
    lan = await world.customer_of("zalo")
    buttons = [{"type": "postback", "title": "Mua ngay", "payload": "BUY_1"}]
    payload = {"template_type": "button", "text": "Áo khoác", "buttons": buttons}
    await world.send(lan, {"attachment": {"type": "template", "payload": payload}})
    await world.send(
        lan,
        {
            "text": "Size nào ạ?",
            "quick_replies": [{"content_type": "text", "title": "Size M", "payload": "SIZE_M"}],
        },
    )

    button = await received(world, lan, world.zalo.written["Mua ngay"])
    choice = await received(world, lan, world.zalo.written["Size M"])
    typed = await received(world, lan, "• size m")
    other = await received(world, lan, "Size S")

    assert button["postback"] == {
        "mid": button["postback"]["mid"],
        "title": "Mua ngay",
        "payload": "BUY_1",
    }
    assert choice["message"]["quick_reply"] == {"payload": "SIZE_M"}
    assert choice["message"]["text"] == "Size M"
    assert typed["message"]["quick_reply"] == {"payload": "SIZE_M"}
    assert "quick_reply" not in other["message"]


async def test_a_press_under_a_card_comes_back_with_its_payload(world: GatewayWorld) -> None:
    lan = await world.customer_of("zalo")
    button = {"type": "postback", "title": "Mua ngay", "payload": "BUY_7"}
    elements = [{"title": "Áo khoác dạ", "buttons": [button]}]
    payload = {"template_type": "generic", "elements": elements}
    await world.send(lan, {"attachment": {"type": "template", "payload": payload}})

    element = await received(world, lan, world.zalo.written["Mua ngay"])

    assert element["postback"]["payload"] == "BUY_7"


async def test_facebook_tells_itself_what_was_pressed(world: GatewayWorld) -> None:
    hoa = await world.customer_of("facebook")

    quick = await received(world, hoa, "Size M", payload="SIZE_M")
    button = await received(world, hoa, "Mua", payload="BUY", data={"postback": True})

    assert quick["message"]["quick_reply"] == {"payload": "SIZE_M"}
    assert (button["postback"]["title"], button["postback"]["payload"]) == ("Mua", "BUY")


async def test_what_people_write_is_an_echo_of_the_page_inbox(world: GatewayWorld) -> None:
    lan = await world.customer_of()
    thread = await world.thread_of(lan)
    by_person = await world.say(thread, "Em gửi chị ạ")
    by_script = await world.message(
        thread, "Shop mở cửa lại rồi", direction="out", author={"kind": "script", "id": "s"}
    )

    echo = await told(world, await world.event("message.sent", by_person))
    script = await told(world, await world.event("message.sent", by_script))

    assert echo is not None
    assert (echo["sender"], echo["recipient"]) == ({"id": PAGE}, {"id": lan})
    assert echo["message"] == {
        "mid": f"m_{by_person}",
        "is_echo": True,
        "text": "Em gửi chị ạ",
        "app_id": int(PAGE_INBOX_APP),
    }
    assert script is not None
    assert "app_id" not in script["message"]


async def test_a_program_is_not_told_its_own_words_nor_notes(world: GatewayWorld) -> None:
    lan = await world.customer_of()
    answer = await world.send(lan, {"text": "Dạ"})
    note = await world.say(await world.thread_of(lan), "khách khó", internal=True)

    for message_id in (answer["message_id"].removeprefix("m_"), note):
        assert await told(world, await world.event("message.sent", message_id)) is None


async def test_receipts_and_reactions_are_told(world: GatewayWorld) -> None:
    lan = await world.customer_of()
    thread = await world.thread_of(lan)
    now = world.clock.now()
    states = {"delivered_at": now}
    delivered = await world.message(thread, "a", direction="out", at=now, **states)
    read = await world.message(thread, "b", direction="out", at=now, **states, seen_at=now)
    reaction = {"emoji": "❤", "at": now}
    loved = await world.message(thread, "c", direction="out", reactions={"lan": reaction})

    first = await told(world, await world.event("message.changed", delivered))
    second = await told(world, await world.event("message.changed", read))
    third = await told(world, await world.event("message.changed", loved))

    watermark = int(now.timestamp() * 1000)
    assert first is not None
    assert second is not None
    assert third is not None
    assert first["delivery"] == {"mids": [f"m_{delivered}"], "watermark": watermark}
    assert second["read"] == {"watermark": watermark}
    assert third["reaction"] == {
        "reaction": "other",
        "emoji": "❤",
        "action": "react",
        "mid": f"m_{loved}",
    }


async def test_an_edit_is_told_and_an_old_one_is_not_told_again(world: GatewayWorld) -> None:
    lan = await world.customer_of()
    edit = {"number": 1, "text": "size L", "at": world.clock.now()}
    message = await world.message(await world.thread_of(lan), "size M", edit=edit)

    new = await told(world, await world.event("message.changed", message))
    world.clock.advance(timedelta(minutes=10))
    old = await told(world, await world.event("message.changed", message))

    assert new is not None
    assert new["message_edit"] == {"mid": f"m_{message}", "text": "size L", "num_edit": 1}
    assert old is None


async def test_who_follows_an_oa_presses_get_started(world: GatewayWorld) -> None:
    lan = await world.customer_of()
    conversation = await world.conversation_of(await world.thread_of(lan))
    event = await world.event("customer.followed", customer_id=conversation["customer_id"])

    without = await told(world, event)
    started = {"get_started": {"payload": "START"}}
    await world.graph("POST", "me/messenger_profile", started)
    event = await world.event("customer.followed", customer_id=conversation["customer_id"])
    element = await told(world, event)

    assert without is None
    assert element is not None
    assert element["postback"]["payload"] == "START"
    assert element["sender"] == {"id": lan}


async def test_a_handover_is_told_in_the_words_of_its_protocol(world: GatewayWorld) -> None:
    thread = await world.thread_of(await world.customer_of())

    taken = await told(
        world,
        await world.event(
            "conversation.automation_changed",
            conversation_id=thread,
            owner="people",
            before="program",
        ),
    )
    given = await told(
        world,
        await world.event(
            "conversation.automation_changed", conversation_id=thread, owner="program"
        ),
    )

    assert taken is not None
    assert given is not None
    assert taken["take_thread_control"]["new_owner_app_id"] == int(PAGE_INBOX_APP)
    assert taken["take_thread_control"]["metadata"] == "people"
    assert given["pass_thread_control"]["previous_owner_app_id"] == int(PAGE_INBOX_APP)


async def test_what_people_have_is_told_in_standby_to_those_who_asked_for_it(
    world: GatewayWorld,
) -> None:
    lan = await world.customer_of()
    thread = await world.thread_of(lan)
    await world.mongo["conversations"].update_one(
        {"_id": thread},
        {"$set": {"automation": {"state": "handoff_requested", "reason": "handed_off"}}},
    )
    message = await world.message(thread, "Có ai không?", at=world.clock.now())
    event = await world.event("message.received", message)

    assert await told(world, event) is None
    await world.graph("POST", "me/subscribed_apps", {"subscribed_fields": ["messages", "standby"]})
    call = await world.gateway.shape.call(an_automation(), SECRETS, event, world.clock.now())

    assert call is not None
    (entry,) = json.loads(call.body)["entry"]
    assert "messaging" not in entry
    assert entry["standby"][0]["message"]["text"] == "Có ai không?"


@pytest.mark.parametrize("kind", ["group", "comment"])
async def test_groups_and_comments_are_no_threads_of_messenger(
    world: GatewayWorld, kind: str
) -> None:
    thread = await world.thread(kind=kind, channel="zalo", account=OA)
    message = await world.message(thread, "Chào cả nhà", at=world.clock.now())

    assert await told(world, await world.event("message.received", message)) is None


async def test_events_without_a_word_in_messenger_are_not_told(world: GatewayWorld) -> None:
    thread = await world.thread_of(await world.customer_of())

    types: tuple[EventType, ...] = ("conversation.status_changed", "customer.noted")
    for type_ in types:
        assert await told(world, await world.event(type_, conversation_id=thread)) is None
