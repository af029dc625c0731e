"""Suggestions over HTTP: offered, saved with one click, declined for good."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.conversations.reading.store import ConversationReads
from inbox.customers.store import CustomerStore
from inbox.customers.suggesting.routes import SuggestionRoutes
from inbox.customers.suggesting.store import SuggestionStore
from inbox.mongo.client import Mongo
from tests.inbox.inbox_world import (
    Answer,
    Api,
    World,
    an_actor,
    inbox_routes,
    media_links,
    minutes,
    serve,
)

PHONE = {"kind": "phone", "value": "+84912345678"}
OTHER = {"kind": "phone", "value": "+84987654321"}


@pytest.fixture
def world(mongo: Mongo) -> World:
    return World(mongo)


@pytest.fixture
async def api(mongo: Mongo, clock: FixedClock) -> AsyncIterator[Api]:
    customers = CustomerStore(mongo, clock)
    routes = SuggestionRoutes(
        SuggestionStore(mongo, customers), customers, ConversationReads(mongo), media_links(clock)
    )
    actors = [an_actor("lan", "bot1"), an_actor("guest", "bot2")]
    api = await serve([*inbox_routes(mongo, clock), routes], *actors)
    yield api
    await api.close()


@pytest.fixture
async def hoa(world: World) -> str:
    """A customer who wrote her phone twice, her e-mail, and who was told a phone by the shop."""
    hoa = await world.customer("Nguyễn Thị Hoa")
    thread = await world.conversation(hoa)
    await world.message(thread, "Số em 0912.345.678", at=minutes(1))
    await world.message(
        thread, "Hotline shop 1900 1234, 0909000111", at=minutes(2), direction="out"
    )
    await world.message(thread, "dạ 0912345678, mail hoa@shop.vn", at=minutes(3))
    await world.message(thread, "0987 654 321", at=minutes(4), removed_at=minutes(5))
    return hoa


async def offered(api: Api, customer: str, as_: str = "lan") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await api.get(f"/customers/{customer}/suggestions", as_)).json[
        "items"
    ]
    return [{"kind": one["kind"], "value": one["value"]} for one in items]


async def decide(api: Api, customer: str, decision: str, **found: Any) -> Answer:
    body = {**found, "decision": decision}
    return await api.call("POST", f"/customers/{customer}/suggestions", "lan", json=body)


async def test_what_a_customer_wrote_is_offered_and_saved_with_one_click(
    api: Api, hoa: str
) -> None:
    """X.SYN.06: never saved by itself, and what is known stays."""
    email = {"kind": "email", "value": "hoa@shop.vn"}
    assert await offered(api, hoa) == [PHONE, email]
    assert (await api.get(f"/customers/{hoa}", "lan")).json["phones"] == []

    saved = await decide(api, hoa, "save", **PHONE)
    assert (saved.status, saved.json["phones"]) == (200, ["+84912345678"])
    assert await offered(api, hoa) == [email]
    again = await decide(api, hoa, "save", **PHONE)
    assert again.json["version"] == saved.json["version"], "a repeat writes nothing"
    both = await decide(api, hoa, "save", **OTHER)
    assert both.json["phones"] == ["+84912345678", "+84987654321"]


async def test_a_declined_suggestion_stays_hidden(api: Api, hoa: str, world: World) -> None:
    """X.SYN.06."""
    assert (await decide(api, hoa, "decline", **PHONE)).status == 200
    assert [one["kind"] for one in await offered(api, hoa)] == ["email"]
    again = await world.conversation(hoa, channel="facebook", account="page1")
    await world.message(again, "nhắc lại: 091 234 5678", at=minutes(9))
    assert [one["kind"] for one in await offered(api, hoa)] == ["email"]


async def test_an_address_says_what_it_would_replace(api: Api, hoa: str, world: World) -> None:
    first, second = "12 phố Huế, Hà Nội", "5 ngõ 20, phường Láng Hạ"
    thread = await world.conversation(hoa)
    await world.message(thread, f"Địa chỉ: {first}", at=minutes(6))
    await decide(api, hoa, "save", kind="address", value=first)
    await world.message(thread, second, at=minutes(7))

    items = (await api.get(f"/customers/{hoa}/suggestions", "lan")).json["items"]
    assert (items[0]["value"], items[0]["replaces"]) == (second, first)
    saved = await decide(api, hoa, "save", kind="address", value=second)
    assert saved.json["attributes"] == {"address": second}


async def test_two_people_who_save_at_once_both_do(api: Api, hoa: str) -> None:
    answers = await asyncio.gather(*(decide(api, hoa, "save", **one) for one in (PHONE, OTHER) * 4))
    assert {one.status for one in answers} == {200}
    saved = (await api.get(f"/customers/{hoa}", "lan")).json["phones"]
    assert sorted(saved) == ["+84912345678", "+84987654321"]


@pytest.mark.parametrize("value", ["12345", "hoa@shop.vn", "0912345678", "+84912345678 x"])
async def test_what_is_no_phone_in_its_stored_spelling_is_refused(
    api: Api, hoa: str, value: str
) -> None:
    refused = await decide(api, hoa, "save", kind="phone", value=value)
    assert (refused.status, refused.json["code"]) == (422, "nothing_suggested")


async def test_outsiders_are_told_nothing(api: Api, hoa: str) -> None:
    assert (await api.get(f"/customers/{hoa}/suggestions", "guest")).status == 403
    assert (await api.get("/customers/nobody/suggestions", "lan")).status == 404
