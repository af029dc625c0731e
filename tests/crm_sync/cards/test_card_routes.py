"""What people do about a record over the API: look, sync now, make again, choose."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from crm_sync.cards.service import WAITS_S
from crm_sync.connectors.errors import AuthRefused, CrmAway
from crm_sync.connectors.model import Edit, Written
from inbox.clock import FixedClock
from inbox.customers.masking import Masking
from inbox.mongo.client import Mongo
from tests.crm_sync.fake_crm import REFUSED
from tests.crm_sync.interrupted_crm import InterruptedCrm
from tests.crm_sync.wired_shop import CRM, LAN, OTHER, OWNER, PHONE, STRANGER, WiredShop
from tests.inbox.inbox_world import Answer, Api

HERE = {"connection": CRM}


class Desk:
    """Someone at the sidebar of a customer."""

    def __init__(self, shop: WiredShop, api: Api) -> None:
        self.shop, self.api = shop, api

    async def look(self, customer_id: str, as_: str = "lan") -> dict[str, Any]:
        answer = await self.api.get(f"/customers/{customer_id}/crm", as_)
        assert answer.status == 200
        (item,) = answer.json["items"]
        found: dict[str, Any] = item
        return found

    async def sync(self, customer_id: str, as_: str = "lan", **body: Any) -> Answer:
        path = f"/customers/{customer_id}/crm/sync"
        return await self.api.call("POST", path, as_, json={**HERE, **body})

    async def choose(self, customer_id: str, record_id: str, as_: str = "lan") -> Answer:
        path = f"/customers/{customer_id}/crm/link"
        return await self.api.call("POST", path, as_, json={**HERE, "record_id": record_id})


@pytest.fixture
async def desk(mongo: Mongo, clock: FixedClock) -> AsyncIterator[Desk]:
    shop = WiredShop(mongo, clock)
    await shop.open()
    desk = Desk(shop, await shop.serve())
    yield desk
    await desk.api.close()


async def test_record_is_shown_with_its_fields(desk: Desk) -> None:
    """S0.07, X.SYN.05."""
    id_ = await desk.shop.linked(phones=[PHONE])

    shown = await desk.look(id_)

    assert (shown["id"], shown["phone"], shown["state"]) == ("1", PHONE, "synced")
    assert [one["field"] for one in shown["fields"]] == ["phones", "emails", "note", "tags"]
    assert {one["theirs"] for one in shown["fields"]} >= {"Điện thoại", "Ghi chú"}


async def test_phone_is_masked_for_whoever_may_not_read_it(desk: Desk) -> None:
    masking = Masking("manager")
    desk.shop.customers.masking = masking
    id_ = await desk.shop.linked(phones=[PHONE], emails=["hoa.tran@shop.vn"])
    api = await desk.shop.serve()

    seen = {}
    for actor in (OWNER, LAN):
        answer = await api.get(f"/customers/{id_}/crm", actor.id)
        (item,) = answer.json["items"]
        seen[actor.id] = (item["phone"], item["email"])
    await api.close()

    assert seen == {
        "owner": (PHONE, "hoa.tran@shop.vn"),
        "lan": ("+84912***678", "h***@shop.vn"),
    }


async def test_who_may_not_see_the_customer_may_do_nothing(desk: Desk) -> None:
    id_ = await desk.shop.linked(phones=[PHONE])
    desk.shop.crm.calls = 0

    answers = [
        await desk.api.get(f"/customers/{id_}/crm", STRANGER.id),
        await desk.sync(id_, STRANGER.id),
        await desk.choose(id_, "1", STRANGER.id),
    ]

    assert [one.status for one in answers[:2]] == [403, 403]
    assert answers[2].status == 403
    assert desk.shop.crm.calls == 0


async def test_sync_now_brings_the_customer_there_at_once(desk: Desk) -> None:
    """X.SYN.05, of somebody who was never edited while the switch was on, too."""
    await desk.shop.switch(on=False)
    id_ = await desk.shop.customer(phones=[PHONE])
    await desk.shop.switch(on=True)

    first, again = await desk.sync(id_), await desk.sync(id_)

    assert (first.status, first.json["state"], first.json["id"]) == (200, "synced", "1")
    assert again.json["state"] == "synced"
    assert len(desk.shop.crm.records) == 1


async def test_nothing_is_done_while_the_switch_is_off(desk: Desk) -> None:
    """S0.02: no call, no mark."""
    await desk.shop.switch(on=False)
    id_ = await desk.shop.customer(phones=[PHONE])
    desk.shop.crm.calls = 0

    answers = [await desk.sync(id_), await desk.sync(id_, make_again=True)]

    assert [(one.status, one.json["code"]) for one in answers] == [(409, "crm_sync_off")] * 2
    assert "crm" not in await desk.shop.document(id_)
    assert desk.shop.crm.calls == 0


async def test_what_was_given_up_is_tried_again_with_the_values_of_now(desk: Desk) -> None:
    """X.SYN.01: failed, with a manual retry."""
    id_ = await desk.shop.linked(phones=[REFUSED], note="a")
    assert (await desk.look(id_))["state"] == "failed"
    store = desk.shop.customers.store.mirrors
    await desk.shop.mongo["customers"].update_one({"_id": id_}, {"$set": {"phones": [PHONE]}})
    assert await store.are_wanted(id_)

    answer = await desk.sync(id_)

    assert answer.json["state"] == "synced"
    assert desk.shop.crm.value("1", "phone") == PHONE


@pytest.mark.parametrize(
    ("down", "expected"),
    [
        pytest.param(CrmAway("no"), ("waiting", None), id="away"),
        pytest.param(AuthRefused("no"), ("failed", "crm_auth_refused"), id="paused"),
    ],
)
async def test_edit_waits_where_the_crm_does_not_take_it(
    desk: Desk, down: CrmAway, expected: tuple[str, str | None]
) -> None:
    """X.SYN.01: nothing is lost, and it goes there once the CRM is back."""
    id_ = await desk.shop.customer(phones=[PHONE])
    desk.shop.crm.down = down

    answer = await desk.sync(id_)

    reason = answer.json["reason"]
    assert (answer.json["state"], reason and reason["code"]) == expected
    desk.shop.crm.down = None
    await desk.shop.app.connections.resume(CRM)
    await desk.shop.push()
    assert desk.shop.crm.value("1", "phone") == PHONE


class HangingCrm(InterruptedCrm):
    """Takes a record and does not answer until it may."""

    def hang(self) -> None:
        self.may_go_on = asyncio.Event()

    async def create(self, external_id: str, edit: Edit) -> Written:
        await self.may_go_on.wait()
        return await super().create(external_id, edit)


async def test_who_asked_waits_five_seconds_at_most(desk: Desk) -> None:
    """What was begun is ended all the same."""
    hanging = HangingCrm(desk.shop.clock)
    hanging.hang()
    app = desk.shop.process(desk.shop.customers, hanging)
    id_ = await desk.shop.customer(phones=[PHONE])

    async with asyncio.timeout(WAITS_S + 1):
        card = await app.cards.sync_now(id_, CRM, LAN, make_again=False)

    assert card.state == "waiting"
    hanging.may_go_on.set()
    async with asyncio.timeout(5):
        while (await desk.shop.known(id_)).link is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert hanging.value("1", "phone") == PHONE


async def test_who_asks_while_a_worker_is_at_it_sees_the_end_of_it(desk: Desk) -> None:
    hanging = HangingCrm(desk.shop.clock)
    hanging.hang()
    app = desk.shop.process(desk.shop.customers, hanging)
    id_ = await desk.shop.customer(phones=[PHONE])
    working = asyncio.ensure_future(app.mirrors[CRM].pushing.step())
    while hanging.calls < 2:  # noqa: ASYNC110 - it has looked for the record
        await asyncio.sleep(0.01)

    asked = asyncio.ensure_future(app.cards.sync_now(id_, CRM, LAN, make_again=False))
    while (await desk.shop.known(id_)).rev < 2:  # noqa: ASYNC110 - it has marked the customer
        await asyncio.sleep(0.01)
    hanging.may_go_on.set()

    assert await working == 1
    assert (await asked).state == "synced"
    assert len(hanging.records) == 1


async def test_record_that_was_deleted_is_made_again_when_somebody_says_so(desk: Desk) -> None:
    id_ = await desk.shop.linked(phones=[PHONE], note="a")
    desk.shop.crm.delete("1")

    told = await desk.sync(id_)
    assert (told.json["state"], told.json["reason"]["code"]) == ("failed", "crm_gone")
    assert desk.shop.crm.records == {}
    again = await desk.sync(id_, make_again=True)

    assert (again.json["state"], again.json["id"]) == ("synced", "2")
    assert desk.shop.crm.value("2", "phone") == PHONE
    assert desk.shop.crm.value("2", "note") == "a"
    assert await desk.shop.audited() == [("crm_record_made_again", id_, "lan")]


async def test_one_of_several_records_is_chosen(desk: Desk) -> None:
    """X.SYN.03: a person says which, and none is made."""
    desk.shop.crm.add("7", phone=PHONE)
    desk.shop.crm.add("8", phone=PHONE)
    id_ = await desk.shop.linked(phones=[PHONE], note="a")
    assert (await desk.look(id_))["candidates"][1]["phone"] == PHONE

    chosen, again = await desk.choose(id_, "8"), await desk.choose(id_, "8")

    assert (chosen.json["state"], chosen.json["id"]) == ("synced", "8")
    assert chosen.json["candidates"] == []
    assert again.json["id"] == "8"
    assert desk.shop.crm.value("8", "note") == "a"
    assert desk.shop.crm.value("7", "note") is None
    assert await desk.shop.audited() == [("crm_record_chosen", id_, "lan")]


@pytest.mark.parametrize(
    ("record_id", "status", "code"),
    [
        pytest.param("99", 422, "crm_no_such_record", id="none"),
        pytest.param("1", 409, "crm_record_taken", id="of another customer"),
    ],
)
async def test_record_that_cannot_be_the_customers_is_refused(
    desk: Desk, record_id: str, status: int, code: str
) -> None:
    """X.SYN.03: no record is shared."""
    await desk.shop.linked("Hoa", phones=[PHONE])
    lan = await desk.shop.customer("Lan", phones=[OTHER])

    answer = await desk.choose(lan, record_id, as_="owner")

    assert (answer.status, answer.json["code"]) == (status, code)
    assert (await desk.shop.known(lan)).link is None
    assert await desk.shop.audited() == []


async def test_record_cannot_be_chosen_while_the_crm_is_silent(desk: Desk) -> None:
    id_ = await desk.shop.customer(phones=[PHONE])
    desk.shop.crm.down = CrmAway("no")

    answer = await desk.choose(id_, "1", as_="owner")

    assert (answer.status, answer.json["code"]) == (503, "crm_unavailable")


@pytest.mark.parametrize("_", range(3))
async def test_of_two_who_choose_one_record_at_once_one_gets_it(desk: Desk, _: int) -> None:
    """X.SYN.03."""
    desk.shop.crm.add("7", note="")
    ids = [await desk.shop.customer("Hoa"), await desk.shop.customer("Lan")]

    answers = await asyncio.gather(*(desk.choose(one, "7", as_="owner") for one in ids))

    assert sorted(one.status for one in answers) == [200, 409]
    linked = [await desk.shop.record_id(one) for one in ids]
    assert sorted(linked, key=str) == ["7", None]


async def test_only_managers_choose_a_record_that_nobody_has_found(desk: Desk) -> None:
    """Whoever could name any record would read it, and write into it."""
    desk.shop.crm.add("7", phone=OTHER)
    id_ = await desk.shop.customer(phones=[PHONE])
    calls = desk.shop.crm.calls

    refused = await desk.choose(id_, "7")

    assert (refused.status, desk.shop.crm.calls) == (403, calls)
    assert (await desk.choose(id_, "7", as_="owner")).status == 200


async def test_connection_that_is_not_there_is_not_found(desk: Desk) -> None:
    id_ = await desk.shop.customer()
    path = f"/customers/{id_}/crm/sync"
    answer = await desk.api.call("POST", path, "lan", json={"connection": "other"})
    assert answer.status == 404
