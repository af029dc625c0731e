"""What a real Odoo refuses, what it spells its own way, and records that people put away there."""

from datetime import timedelta
from unicodedata import normalize

import pytest

from crm_sync.mapping.checking import MappingRefused, refuse_unusable
from crm_sync.mapping.model import FieldMap, FieldMapping
from inbox.clock import FixedClock
from inbox.customers.erasure.erasing import Erasing
from inbox.customers.erasure.store import ErasureStore
from inbox.mongo.client import Mongo
from tests.crm_sync.contract import ODD_TEXTS
from tests.crm_sync.odoo.odoo_harness import BOT_SECRET, OdooHarness
from tests.crm_sync.odoo.odoo_shop import EMAIL, LAN, NOTE, PHONE, TAGS, OdooShop, pushed_fields

LOYALTY = FieldMap(ours="attributes.loyalty", theirs="x_loyalty")


@pytest.fixture
async def shop(mongo: Mongo, clock: FixedClock, harness: OdooHarness) -> OdooShop:
    made = OdooShop(mongo, clock, harness, [*pushed_fields(), LOYALTY])
    await mongo["attributes"].insert_one(_an_attribute())
    await made.open()
    return made


def _an_attribute() -> dict[str, object]:
    label = {"vi": "Hạng", "en": "Rank"}
    flags = {"required": False, "builtin": False}
    return {"_id": "a1", "key": "loyalty", "label": label, "type": "text", "position": 1, **flags}


async def test_a_changed_password_pauses_the_connection_and_burns_no_try(shop: OdooShop) -> None:
    """X.SYN.01, X.SYN.05: everything waits, the card says why, it goes on afterwards."""
    hoa = await shop.customer(note="một")
    await shop.push()
    await shop.harness.change_secret("mật khẩu mới")
    try:
        await shop.edit(hoa, note="hai")
        for _ in range(30):
            await shop.mirror.pushing.step()
            shop.clock.advance(timedelta(minutes=1))
        assert (await shop.health()).paused is not None
        card = await shop.mirror.card(await shop.document(hoa))
        assert card.reason is not None
        assert card.reason.code == "crm_auth_refused"
        assert (await shop.document(hoa))["crm"]["odoo"]["work"]["attempts"] == 0
    finally:
        await shop.harness.change_secret(BOT_SECRET)
    await shop.crm.connections.resume("odoo")

    await shop.push()

    assert (await shop.theirs(hoa, NOTE))[NOTE] == "hai"


async def test_a_choice_that_odoo_has_not_waits_alone(shop: OdooShop) -> None:
    """X.SYN.05: that field is told with its reason, the others are there."""
    hoa = await shop.customer(note="một", attributes__loyalty="bạch kim")
    await shop.push()
    assert await shop.theirs(hoa, NOTE, "x_loyalty") == {NOTE: "một", "x_loyalty": None}
    card = await shop.mirror.card(await shop.document(hoa))
    states = {one.field: one.state for one in card.fields}
    assert (card.state, states["attributes.loyalty"], states["note"]) == (
        "failed",
        "failed",
        "synced",
    )

    await shop.edit(hoa, attributes__loyalty="gold")
    await shop.push()

    assert (await shop.theirs(hoa, "x_loyalty"))["x_loyalty"] == "gold"
    assert (await shop.mirror.card(await shop.document(hoa))).state == "synced"


async def test_an_archived_partner_is_written_and_not_doubled(shop: OdooShop) -> None:
    """X.SYN.03."""
    hoa = await shop.customer(phones=[shop.harness.new_phone()])
    await shop.push()
    await shop.harness.archive(await shop.record_id(hoa))
    await shop.edit(hoa, note="vẫn ghi")
    await shop.push()
    assert (await shop.theirs(hoa, NOTE))[NOTE] == "vẫn ghi"
    assert await shop.harness.records_named(str((await shop.document(hoa))["name"])) == 1


async def test_a_deleted_partner_is_not_made_anew_unless_somebody_asks(shop: OdooShop) -> None:
    """X.SYN.03, S0.07: the card says that it was deleted; "make again" makes one."""
    hoa = await shop.customer(note="quen")
    await shop.push()
    name = str((await shop.document(hoa))["name"])
    await shop.harness.delete(await shop.record_id(hoa))
    await shop.edit(hoa, note="khác")
    await shop.push()
    assert await shop.harness.records_named(name) == 0
    card = await shop.mirror.card(await shop.document(hoa))
    assert card.reason is not None
    assert card.reason.code == "crm_gone"

    made = await shop.crm.cards.sync_now(hoa, "odoo", LAN, make_again=True)

    assert (made.state, made.id is not None) == ("synced", True)
    assert await shop.harness.records_named(name) == 1
    assert (await shop.theirs(hoa, NOTE))[NOTE] == "khác"


async def test_a_partner_that_the_admin_made_again_is_found_by_phone(shop: OdooShop) -> None:
    """X.SYN.03: a stale link heals itself."""
    phone = shop.harness.new_phone()
    hoa = await shop.customer(phones=[phone])
    await shop.push()
    await shop.harness.delete(await shop.record_id(hoa))
    (other,) = await shop.harness.make_at_once(1)
    await shop.harness.edit(other, {PHONE: phone})

    await shop.edit(hoa, note="khác")
    await shop.push()

    assert await shop.record_id(hoa) == other
    assert (await shop.theirs(hoa, NOTE))[NOTE] == "khác"


@pytest.mark.parametrize("text", [*ODD_TEXTS])
async def test_odd_notes_are_there_as_they_were(shop: OdooShop, text: str) -> None:
    """S0.06."""
    text = text[:10_000]  # the longest note
    hoa = await shop.customer(note=text)
    await shop.push()
    found, ours = (await shop.theirs(hoa, NOTE))[NOTE], (await shop.document(hoa))["note"]
    assert normalize("NFC", str(found)) == normalize("NFC", ours)
    assert (await shop.known(hoa)).parked == ()


async def test_a_field_that_odoo_has_not_is_refused_and_switched_off_alone(
    mongo: Mongo, clock: FixedClock, harness: OdooHarness
) -> None:
    """Odoo 11 would accept it without a word."""
    wrong = FieldMap(ours="note", theirs="x_khong_co")
    fields = [one for one in pushed_fields() if one.ours != "note"]
    with pytest.raises(MappingRefused) as refused:
        refuse_unusable(FieldMapping(fields=(wrong,)), await harness.connector.fields())
    assert [one.field for one in refused.value.errors] == ["fields.0.theirs"]
    shop = OdooShop(mongo, clock, harness, [*fields, wrong])
    await shop.open()
    phone = harness.new_phone()
    hoa = await shop.customer(note="không đến", phones=[phone])

    await shop.push()

    assert (await shop.theirs(hoa, PHONE))[PHONE] == phone
    card = await shop.mirror.card(await shop.document(hoa))
    assert {one.field: one.state for one in card.fields}["note"] == "off"


async def test_a_cleared_phone_is_really_empty_there(shop: OdooShop) -> None:
    """S0.04."""
    hoa = await shop.customer(phones=[shop.harness.new_phone()], emails=["a@khach.vn"])
    await shop.push()
    await shop.edit(hoa, phones=[], emails=[])
    await shop.push()
    assert await shop.theirs(hoa, PHONE, EMAIL) == {PHONE: None, EMAIL: None}


async def test_an_erased_customer_is_forgotten_there_and_everywhere(shop: OdooShop) -> None:
    """What we wrote is emptied, what people there have put stays; no payload is left here."""
    phone = shop.harness.new_phone()
    hoa = await shop.customer(phones=[phone], note="bí mật")
    await shop.customers.tags.attach_by_name(hoa, f"VIP {shop.harness.new_id()}", LAN)
    await shop.push()
    record_id, name = await shop.record_id(hoa), str((await shop.document(hoa))["name"])
    await shop.harness.edit(record_id, {EMAIL: "cua-crm@shop.vn"})
    erasures = ErasureStore(shop.mongo, shop.clock, mirrors=shop.customers.store.mirrors)
    await erasures.request(hoa, LAN)
    await Erasing(shop.mongo, erasures, shop.clock).run_one()

    while await shop.crm.forgetting.step():
        pass

    found = await shop.harness.connector.get(record_id, [PHONE, NOTE, EMAIL, TAGS])
    assert dict(found.values) == {PHONE: None, NOTE: None, EMAIL: "cua-crm@shop.vn", TAGS: ()}
    assert await shop.harness.records_named(name) == 0
    for collection in ("crm_forgetting", "crm_connections", "customers"):
        documents = await shop.mongo[collection].find({}).to_list()
        assert phone not in str(documents)
        assert "bí mật" not in str(documents)
