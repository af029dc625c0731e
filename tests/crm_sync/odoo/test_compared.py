"""The switch, the nightly comparison, and another try of what was given up, with a real Odoo."""

from datetime import timedelta

import pytest

from crm_sync.backfilling.model import Wanted
from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.crm_sync.odoo.odoo_harness import OdooHarness
from tests.crm_sync.odoo.odoo_shop import CONNECTION, NOTE, PHONE, OdooShop

WRITE = b'"write"'
_EVERYBODY = Wanted()


@pytest.fixture
async def shop(mongo: Mongo, clock: FixedClock, harness: OdooHarness) -> OdooShop:
    made = OdooShop(mongo, clock, harness)
    await made.open()
    return made


async def test_only_while_the_switch_is_on_edits_go_there(shop: OdooShop) -> None:
    """S0.02: off marks nothing and calls nobody; on makes one record."""
    await _switch(shop, on=False)
    hoa = await shop.customer(phones=[shop.harness.new_phone()])
    await shop.push()
    assert "crm" not in await shop.document(hoa)
    assert shop.harness.proxy.requests() == 0

    await _switch(shop, on=True)
    await shop.edit(hoa, note="bật")
    await shop.push()
    assert await shop.harness.records_named(str((await shop.document(hoa))["name"])) == 1

    await shop.edit(hoa, note="chưa kịp gửi")
    await _switch(shop, on=False)
    writes = shop.harness.proxy.requests(WRITE)
    await shop.push()
    assert shop.harness.proxy.requests(WRITE) == writes
    assert (await shop.known(hoa)).dirty == {}


async def test_drift_of_three_records_is_repaired_and_half_of_them_is_left_alone(
    shop: OdooShop,
) -> None:
    """X.SYN.04: only what we wrote is written again."""
    customers = [await shop.customer(phones=[shop.harness.new_phone()]) for _ in range(10)]
    await shop.push()
    kept = [(await shop.theirs(one, PHONE))[PHONE] for one in customers]
    for one in customers[:3]:
        await shop.harness.edit(await shop.record_id(one), {PHONE: shop.harness.new_phone()})
    await shop.harness.edit(await shop.record_id(customers[4]), {NOTE: "của người ở CRM"})

    report = await shop.crm.administration.reconcile(CONNECTION)
    await shop.push()

    assert (report.differing, report.repaired, report.stopped) == (3, 3, False)
    assert [(await shop.theirs(one, PHONE))[PHONE] for one in customers] == kept
    assert (await shop.theirs(customers[4], NOTE))[NOTE] == "của người ở CRM"

    strange = [shop.harness.new_phone() for _ in range(5)]
    for one, phone in zip(customers, strange, strict=False):
        await shop.harness.edit(await shop.record_id(one), {PHONE: phone})
    report = await shop.crm.administration.reconcile(CONNECTION)
    await shop.push()

    assert (report.differing, report.repaired, report.stopped) == (5, 0, True)
    assert [(await shop.theirs(one, PHONE))[PHONE] for one in customers[:5]] == strange


async def test_another_try_of_what_was_given_up_sends_what_is_true_now(shop: OdooShop) -> None:
    """X.SYN.01, X.SYN.02: a manual retry, and never the old payload."""
    phone = shop.harness.new_phone()
    twins = await shop.harness.make_at_once(2)
    for one in twins:
        await shop.harness.edit(one, {PHONE: phone})
    hoa = await shop.customer(phones=[phone], note="cũ")
    await shop.push()
    (parked,) = (await shop.known(hoa)).parked
    assert (parked.kind, set(parked.record_ids)) == ("ambiguous", set(twins))
    card = await shop.mirror.card(await shop.document(hoa))
    assert (card.state, {one.id for one in card.candidates}) == ("failed", set(twins))
    assert [one.phone for one in card.candidates] == [phone, phone]
    await shop.harness.delete(twins[1])
    await _set_without_a_mark(shop, hoa, note="mới")

    assert await shop.crm.administration.replay(CONNECTION, "ambiguous", None) == 1
    await shop.push()

    assert await shop.record_id(hoa) == twins[0]
    assert (await shop.theirs(hoa, NOTE))[NOTE] == "mới"
    assert (await shop.known(hoa)).parked == ()


async def test_a_back_fill_brings_customers_whom_nobody_edited(shop: OdooShop) -> None:
    """S0.02: switching it on back-fills only on request."""
    phone = shop.harness.new_phone()
    hoa = await shop.world.customer("Khách cũ", account="cũ", phones=[phone])
    await shop.world.conversation(hoa, account="cũ")
    await shop.push()
    assert (await shop.known(hoa)).link is None
    await shop.crm.administration.backfill(CONNECTION, _EVERYBODY, None)

    for _ in range(5):
        await shop.crm.backfilling.step()
        await shop.push()
        shop.clock.advance(timedelta(seconds=5))

    assert (await shop.theirs(hoa, PHONE))[PHONE] == phone


async def _switch(shop: OdooShop, *, on: bool) -> None:
    await shop.mongo["bots"].update_one({"_id": "bot1"}, {"$set": {"crm_sync": on}})


async def _set_without_a_mark(shop: OdooShop, customer_id: str, **fields: str) -> None:
    """Another value, without the mark of an edit: what is sent must be read when it is sent."""
    await shop.mongo["customers"].update_one({"_id": customer_id}, {"$set": fields})
