"""One customer is one record in a real Odoo, whatever happens between the two."""

import asyncio
from datetime import timedelta

import aiohttp
import pytest

from crm_sync.mapping.model import WALL, FieldMap
from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.crm_sync.faults import DropAnswer, Overtaken, Refuse
from tests.crm_sync.odoo.odoo_harness import OdooHarness
from tests.crm_sync.odoo.odoo_shop import EMAIL, LAN, NOTE, PHONE, TAGS, OdooShop, pushed_fields
from tests.crm_sync.odoo.server import OdooServer

WRITE = b'"write"'


@pytest.fixture
async def shop(mongo: Mongo, clock: FixedClock, harness: OdooHarness) -> OdooShop:
    made = OdooShop(mongo, clock, harness)
    await made.open()
    return made


async def test_a_new_customer_is_one_partner_and_the_link_leads_to_it(
    shop: OdooShop, odoo: OdooServer
) -> None:
    """S0.04, S0.05, S0.06, S0.15: phone, e-mail, note and tags of ours are there, and no other."""
    phone, email = shop.harness.new_phone(), f"{shop.harness.new_id()}@khach.vn"
    hoa = await shop.customer(phones=[phone], emails=[email], note="Thích màu xanh")
    tag = f"VIP {shop.harness.new_id()}"
    await shop.customers.tags.attach_by_name(hoa, tag, LAN)

    await shop.push()

    found = await shop.theirs(hoa, PHONE, EMAIL, NOTE, TAGS)
    assert found == {PHONE: phone, EMAIL: email, NOTE: "Thích màu xanh", TAGS: (tag,)}
    link = (await shop.known(hoa)).link
    assert link is not None
    assert link.url is not None
    name = str((await shop.document(hoa))["name"])
    assert await shop.harness.records_named(name) == 1
    async with (
        aiohttp.ClientSession() as browser,
        browser.get(
            link.url.replace(shop.harness.proxy.url, odoo.url), allow_redirects=False
        ) as page,
    ):
        assert page.status in {302, 303}
        assert f"id={link.record_id}" in page.headers["Location"].replace("res_id", "id")


async def test_fifty_rapid_edits_are_few_writes_and_the_last_value(shop: OdooShop) -> None:
    """X.SYN.02."""
    hoa = await shop.customer(note="đầu")
    await shop.push()
    before = shop.harness.proxy.requests(WRITE)
    for number in range(50):
        await shop.edit(hoa, note=f"lần {number}")
        if number % 10 == 0:
            await shop.mirror.pushing.step()

    await shop.push()

    assert (await shop.theirs(hoa, NOTE))[NOTE] == "lần 49"
    assert shop.harness.proxy.requests(WRITE) - before <= 6


async def test_answers_dropped_after_the_commit_make_one_partner_and_one_note(
    mongo: Mongo, clock: FixedClock, harness: OdooHarness
) -> None:
    """X.SYN.01, X.SYN.03: five answers lost of the record, five of its note."""
    fields = [one for one in pushed_fields() if one.ours != "note"]
    shop = OdooShop(mongo, clock, harness, [*fields, FieldMap(ours="note", theirs=WALL)])
    await shop.open()
    hoa = await shop.customer(phones=[harness.new_phone()], note="Gọi lại sau 17h")
    harness.proxy.will(*[DropAnswer()] * 5, on=b'"res.partner","load"')
    harness.proxy.will(*[DropAnswer()] * 5, on=b'"mail.message","load"')

    await shop.push()

    assert await harness.records_named(str((await shop.document(hoa))["name"])) == 1
    assert await harness.notes(await shop.record_id(hoa)) == ["Gọi lại sau 17h"]

    await shop.edit(hoa, note="Đã gọi")
    await shop.push()

    assert await harness.notes(await shop.record_id(hoa)) == ["Đã gọi"]


async def test_two_workers_with_the_same_customer_make_one_partner(shop: OdooShop) -> None:
    """X.SYN.03."""
    other = shop.process()
    hoa = await shop.customer(phones=[shop.harness.new_phone()])
    workers = [one.mirrors["odoo"].pushing for one in (shop.crm, other)]

    await asyncio.gather(*(worker.step() for worker in workers for _ in range(3)))
    await shop.push(other)

    assert await shop.harness.records_named(str((await shop.document(hoa))["name"])) == 1


async def test_a_worker_that_stalls_past_its_lease_makes_no_second_partner(
    shop: OdooShop,
) -> None:
    """X.SYN.01: the other one takes over; what comes late changes nothing."""
    hoa = await shop.customer(phones=[shop.harness.new_phone()], note="một")
    shop.harness.proxy.will(Overtaken(), on=shop.harness.making)
    slow = asyncio.create_task(shop.mirror.pushing.step())
    await shop.harness.proxy.held()
    shop.clock.advance(timedelta(minutes=1))
    await shop.edit(hoa, note="hai")

    await shop.push(shop.process())
    await slow
    await shop.push()

    assert await shop.harness.records_named(str((await shop.document(hoa))["name"])) == 1
    assert (await shop.theirs(hoa, NOTE))[NOTE] == "hai"


async def test_odoo_stopped_for_a_while_loses_nothing_and_the_age_tells(
    shop: OdooShop, odoo: OdooServer
) -> None:
    """X.SYN.01: edits keep working while it is down, all arrive once it is back."""
    hoa = await shop.customer(note="trước")
    await shop.push()
    odoo.stop()
    try:
        others = [await shop.customer(note=f"khách {number}") for number in range(6)]
        for number in range(12):
            await shop.edit(hoa, note=f"lúc ngừng {number}")
            await shop.mirror.pushing.step()
            shop.clock.advance(timedelta(seconds=5))
        since = await shop.mirror.store.waiting_since()
        assert since is not None
        assert shop.clock.now() - since == timedelta(seconds=60)
        assert not (await shop.health()).is_well
    finally:
        odoo.start()

    await shop.push()

    assert (await shop.theirs(hoa, NOTE))[NOTE] == "lúc ngừng 11"
    assert [(await shop.theirs(one, NOTE))[NOTE] for one in others] == [
        f"khách {number}" for number in range(6)
    ]
    assert await shop.mirror.store.waiting_since() is None
    assert (await shop.health()).is_well


async def test_an_hour_of_edits_while_odoo_is_away_all_arrive_with_the_last_value(
    shop: OdooShop,
) -> None:
    """X.SYN.01, X.SYN.02: edits ask nobody, the CRM is left alone, and the last values win."""
    customers = [await shop.customer(note="trước") for _ in range(5)]
    await shop.push()
    shop.harness.proxy.is_down = True
    asked = shop.harness.proxy.requests()
    for minute in range(60):
        for place, one in enumerate(customers):
            await shop.edit(one, note=f"phút {minute} của khách {place}")
        for _ in range(12):
            await shop.mirror.pushing.step()
            shop.clock.advance(timedelta(seconds=5))
    assert shop.harness.proxy.requests() - asked < 60
    shop.harness.proxy.is_down = False
    writes = shop.harness.proxy.requests(WRITE)

    await shop.push()

    notes = [(await shop.theirs(one, NOTE))[NOTE] for one in customers]
    assert notes == [f"phút 59 của khách {place}" for place in range(5)]
    assert shop.harness.proxy.requests(WRITE) - writes == len(customers)


async def test_limits_outages_and_silence_in_turn_end_with_everything_there(
    shop: OdooShop,
) -> None:
    """X.SYN.01: 429 with Retry-After, 503, an answer lost; one after the other."""
    hoa = await shop.customer(note="một")
    await shop.push()
    shop.harness.proxy.will(
        Refuse(429, {"Retry-After": "30"}), Refuse(503), Refuse(502), DropAnswer(), on=b"hai"
    )
    await shop.edit(hoa, note="hai")

    await shop.push()

    assert (await shop.theirs(hoa, NOTE))[NOTE] == "hai"
