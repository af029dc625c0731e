"""What happens in a bot is told to its automations: signed, numbered, in order, at least once."""

from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from tests.inbox.automations.receiver import in_order
from tests.inbox.automations.shop import Shop
from tests.ingest import FACEBOOK_PAGE
from tests.waiting import until

pytestmark = pytest.mark.timeout(120)


async def test_what_customers_and_people_say_is_told_signed_and_in_order(shop: Shop) -> None:
    await shop.automate()

    thread = await shop.customer_says("an", "Shop ơi, áo này còn không?")
    await shop.told("Shop ơi, áo này còn không?")
    assert (await shop.staff_says(thread, "Dạ còn ạ")).status == 201
    await shop.customer_says("an", "Cho mình 2 cái")
    await shop.told("Cho mình 2 cái")

    types = shop.receiver.types("message.received", "message.sent")
    assert types == ["message.received", "message.sent", "message.received"]
    first = shop.receiver.events[0]
    assert first["conversation_id"] == thread
    assert first["bot_id"] == shop.bot_id
    assert first["data"]["message"]["author"]["kind"] == "customer"
    assert first["data"]["conversation"]["channel"] == "facebook"
    assert in_order(shop.receiver.events)
    assert shop.receiver.forged == 0


async def test_a_note_among_colleagues_is_told_to_nobody(shop: Shop) -> None:
    await shop.automate()
    thread = await shop.customer_says("an", "Alo")
    path = f"/conversations/{thread}/messages"
    await until(lambda: shop.receiver.texts() == ["Alo"])
    note = {"client_id": "n", "text": "khách khó tính", "internal": True}
    assert (await shop.call("POST", path, note)).status == 201

    await shop.customer_says("an", "Có ai không?")
    await shop.told("Có ai không?")

    assert "khách khó tính" not in str(shop.receiver.events)


async def test_a_press_of_a_button_and_a_quick_reply_are_told_apart(shop: Shop) -> None:
    await shop.automate()
    at = int(shop.clock.now().timestamp() * 1000)
    pressed = {
        "sender": {"id": "an"},
        "recipient": {"id": FACEBOOK_PAGE},
        "timestamp": at,
        "postback": {"mid": "m_p", "title": "Xem giá", "payload": "PRICE"},
    }
    await shop.webhook(at, pressed)
    await shop.customer_says("an", "Đỏ", quick_reply={"payload": "RED"})
    await shop.told("Đỏ")

    told = {
        one["type"]: one["data"]["message"]["payload"]
        for one in shop.receiver.events
        if "message" in one["data"]
    }
    assert told == {"postback.received": "PRICE", "message.received": "RED"}


async def test_status_assignee_tags_and_fields_are_told(shop: Shop) -> None:
    await shop.automate()
    thread = await shop.customer_says("an", "Alo")
    await shop.told("Alo")
    view = (await shop.call("GET", f"/conversations/{thread}")).json
    customer = f"/customers/{view['customer']['id']}"
    me = (await shop.call("GET", "/me")).json["staff"]["id"]

    await shop.split(me)
    given = await shop.call("POST", f"/conversations/{thread}/assignee", {"staff_id": me})
    assert given.status == 200, given.json
    await shop.call("POST", f"{customer}/tags", {"name": "Khách sỉ"})
    edited = await shop.call("PATCH", customer, {"note": "thích màu đỏ"})
    await shop.call("PATCH", f"/conversations/{thread}", {"status": "closed"})

    assert edited.status == 200, edited.json
    wanted = {
        "conversation.assigned": {"assignee": me, "before": None},
        "conversation.status_changed": {"status": "closed", "before": "open"},
        "customer.changed": {"fields": ["note"]},
    }
    await until(lambda: {*wanted, "customer.tags_changed"} <= set(shop.receiver.types()))
    told = {one["type"]: one["data"] for one in shop.receiver.events}
    assert {type_: told[type_] for type_ in wanted} == wanted
    assert [tag["name"] for tag in told["customer.tags_changed"]["tags"]] == ["Khách sỉ"]
    assert "thích màu đỏ" not in str(shop.receiver.events)


async def test_only_the_wanted_types_are_told(shop: Shop) -> None:
    await shop.automate(events=["message.received"])
    thread = await shop.customer_says("an", "Một")
    await shop.staff_says(thread, "Dạ")
    await shop.customer_says("an", "Hai")

    await shop.told("Hai")

    assert shop.receiver.types() == ["message.received", "message.received"]


async def test_a_refused_event_is_told_again_with_its_id_before_the_next(shop: Shop) -> None:
    await shop.automate(events=["message.received"])
    refused: list[str] = []

    def refuse_twice(event: dict[str, str]) -> web.Response:
        if len(refused) < 2:
            refused.append(event["id"])
            return web.Response(status=500)
        return web.Response(status=200)

    shop.receiver.answer = refuse_twice
    await shop.customer_says("an", "Một")
    await until(lambda: bool(refused))
    await shop.customer_says("an", "Hai")
    shop.clock.advance(timedelta(seconds=10))

    await until(lambda: _moved(shop, lambda: shop.receiver.texts() == ["Một", "Hai"]))

    assert refused == [shop.receiver.events[0]["id"]] * 2

    async def is_logged() -> bool:
        log = await _log(shop)
        return sorted((one["state"], one["attempts"]) for one in log) == [
            ("delivered", 1),
            ("delivered", 3),
        ]

    await until(is_logged)


async def test_both_secrets_sign_until_the_old_one_is_retired(shop: Shop) -> None:
    made = await shop.automate(events=["message.received"])
    old = shop.receiver.secrets[0]
    path = f"/bots/{shop.bot_id}/automations/{made['id']}/secrets"
    fresh = (await shop.call("POST", path)).json["secret"]
    assert fresh != old

    await shop.customer_says("an", "Một")
    await shop.told("Một")
    shop.receiver.secrets = [fresh]
    await shop.customer_says("an", "Hai")
    await shop.told("Hai")
    assert (await shop.call("DELETE", path)).status == 204
    shop.receiver.secrets = [old]
    await shop.customer_says("an", "Ba")
    await until(lambda: shop.receiver.forged > 0)

    assert shop.receiver.texts() == ["Một", "Hai"]


async def test_410_switches_the_automation_off_and_says_why(shop: Shop) -> None:
    made = await shop.automate()
    shop.receiver.answer = lambda _: web.Response(status=410)
    await shop.customer_says("an", "Alo")
    path = f"/bots/{shop.bot_id}/automations/{made['id']}"

    async def is_off() -> bool:
        return not (await shop.call("GET", path)).json["enabled"]

    await until(is_off)
    view = (await shop.call("GET", path)).json
    assert view["off_reason"] == "gone"
    shop.receiver.answer = lambda _: web.Response(status=200)
    on = await shop.call("PATCH", path, {"enabled": True})
    assert on.json["off_reason"] is None
    await until(lambda: _moved(shop, lambda: shop.receiver.texts() == ["Alo"]))


async def test_what_nobody_takes_for_a_day_is_parked_and_can_be_told_once_more(
    shop: Shop,
) -> None:
    made = await shop.automate(events=["message.received"])
    shop.receiver.answer = lambda _: web.Response(status=503)
    await shop.customer_says("an", "Một")
    await until(lambda: shop.receiver.calls > 0)
    shop.clock.advance(timedelta(hours=25))

    async def is_parked() -> bool:
        shop.clock.advance(timedelta(seconds=30))
        return [one["state"] for one in await _log(shop)] == ["parked"]

    await until(is_parked)
    path = f"/bots/{shop.bot_id}/automations/{made['id']}"
    assert (await shop.call("GET", path)).json["parked"] == 1
    shop.receiver.answer = lambda _: web.Response(status=200)
    assert (await shop.call("POST", f"{path}/deliveries/replay", {})).json == {"replayed": 1}
    await until(lambda: _moved(shop, lambda: shop.receiver.texts() == ["Một"]))

    async def is_parked_no_more() -> bool:
        return bool((await shop.call("GET", path)).json["parked"] == 0)

    await until(is_parked_no_more)
    listed = (await shop.call("GET", f"{path}/deliveries?state=delivered")).json["items"]
    assert [one["event_id"] for one in listed] == [shop.receiver.events[0]["id"]]


async def test_what_is_being_told_may_be_asked_for_once_more(shop: Shop) -> None:
    made = await shop.automate(events=["message.received"])
    await shop.customer_says("an", "Một")
    await shop.told("Một")
    path = f"/bots/{shop.bot_id}/automations/{made['id']}/deliveries/replay"
    asked = {"event_ids": [shop.receiver.events[0]["id"]]}
    under_way = {"work": {"due_at": shop.clock.now() + timedelta(hours=1), "token": "other"}}
    shop.clock.advance(-timedelta(hours=2))  # nobody here claims what is due then
    assert (await shop.call("POST", path, asked)).json == {"replayed": 1}
    await shop.mongo["automation_queues"].update_many({}, {"$set": under_way})

    assert (await shop.call("POST", path, asked)).json == {"replayed": 1}


async def test_a_farewell_of_the_old_address_does_not_switch_off_the_new_one(shop: Shop) -> None:
    made = await shop.automate()
    store = shop.running.service.automations.service.store
    before = await store.get(shop.bot_id, made["id"])
    assert before is not None
    path = f"/bots/{shop.bot_id}/automations/{made['id']}"
    moved = {"url": shop.receiver.url + "?moved"}
    assert (await shop.call("PATCH", path, moved)).status == 200

    await store.gone(before)
    assert (await shop.call("GET", path)).json["enabled"]

    after = await store.get(shop.bot_id, made["id"])
    assert after is not None
    await store.gone(after)
    assert not (await shop.call("GET", path)).json["enabled"]


async def test_an_automation_that_is_away_keeps_no_other_waiting(shop: Shop) -> None:
    await shop.automate(name="Chậm", url="http://127.0.0.1:1/hook")
    await shop.automate(name="Nhanh", events=["message.received"])

    for n in range(20):
        await shop.customer_says(f"p{n}", f"tin {n}")

    await shop.told(*(f"tin {n}" for n in range(20)))


async def test_addresses_in_our_own_network_are_not_called(
    shop: Shop,
) -> None:
    path = f"/bots/{shop.bot_id}/automations"
    service = shop.running.service.automations.service
    service._allow_private = False
    for url in (
        "http://shop.example/hook",
        "https://127.0.0.1/hook",
        "https://10.0.0.7/hook",
        "https://[::1]/hook",
        "https://169.254.169.254/latest",
        "https://user:pw@shop.example/hook",
        "https://localhost/hook",
    ):
        answer = await shop.call("POST", path, {"name": "x", "url": url})
        assert answer.status == 422, url
        assert answer.json["errors"][0]["code"] == "url_not_allowed"


async def test_a_check_says_whether_the_receiver_is_there(shop: Shop) -> None:
    made = await shop.automate()
    path = f"/bots/{shop.bot_id}/automations/{made['id']}"

    well = (await shop.call("POST", f"{path}/check")).json
    shop.receiver.answer = lambda _: web.Response(status=500)
    broken = (await shop.call("POST", f"{path}/check")).json
    await shop.call("PATCH", path, {"url": "http://127.0.0.1:1/hook"})
    away = (await shop.call("POST", f"{path}/check")).json

    assert (well["ok"], well["status"]) == (True, 204)
    assert shop.receiver.types() == ["ping"]
    assert (broken["ok"], broken["status"], broken["error"]) == (False, 500, "http_500")
    assert (away["ok"], away["status"], away["error"]) == (False, None, "no_connection")


async def test_what_was_told_of_an_erased_person_is_deleted(shop: Shop) -> None:
    await shop.automate()
    thread = await shop.customer_says("an", "Số em 0912 345 678")
    await shop.customer_says("binh", "Còn hàng không?")
    await shop.told("Số em 0912 345 678", "Còn hàng không?")
    customer = (await shop.call("GET", f"/conversations/{thread}")).json["customer"]["id"]

    assert (await shop.call("POST", f"/customers/{customer}/erasure")).status == 202

    async def is_gone() -> bool:
        shop.clock.advance(timedelta(seconds=1))
        left = await shop.mongo["automation_events"].find().to_list()
        streams = await shop.mongo["automation_streams"].find({"conversation_id": thread}).to_list()
        return not streams and [one["data"]["message"]["text"] for one in left] == [
            "Còn hàng không?"
        ]

    await until(is_gone)


async def _log(shop: Shop) -> list[dict[str, Any]]:
    return await shop.mongo["automation_deliveries"].find().to_list()


def _moved(shop: Shop, condition: object) -> bool:
    """Whether it holds; if not, time goes on a little."""
    assert callable(condition)
    if condition():
        return True
    shop.clock.advance(timedelta(seconds=1))
    return False
