"""How far each field of a customer is, and why not: what the card says of what is known here."""

import pytest

from crm_sync.connectors.errors import AuthRefused, CrmAway, CrmError, InvalidValue, MappingBroken
from inbox.clock import FixedClock
from inbox.customers.mirroring.cards import CrmCard
from inbox.mongo.client import Mongo
from tests.crm_sync.fake_crm import REFUSED
from tests.crm_sync.wired_shop import OTHER, PHONE, WiredShop


@pytest.fixture
async def shop(mongo: Mongo, clock: FixedClock) -> WiredShop:
    shop = WiredShop(mongo, clock)
    await shop.open()
    return shop


async def card(shop: WiredShop, customer_id: str) -> CrmCard:
    return await shop.mirror.card(await shop.document(customer_id))


def states(card: CrmCard) -> dict[str, str]:
    return {one.field: one.state for one in card.fields}


def code(card: CrmCard, field: str | None = None) -> str | None:
    """Why, of the customer or of a field."""
    if field is None:
        return card.reason.code if card.reason is not None else None
    (reason,) = [one.reason for one in card.fields if one.field == field]
    return reason.code if reason is not None else None


async def test_state_follows_the_worker(shop: WiredShop) -> None:
    """X.SYN.05: not there yet, waiting since the edit, synced; each field by itself."""
    id_ = await shop.customer()
    before = await card(shop, id_)
    assert (before.state, before.id, code(before)) == ("unlinked", None, "crm_not_linked")
    assert set(states(before).values()) == {"off"}

    edited_at = shop.clock.now()
    await shop.edit(id_, phones=[PHONE])
    waiting = await card(shop, id_)
    assert (waiting.state, waiting.waiting_since) == ("waiting", edited_at)
    assert states(waiting)["phones"] == "waiting"

    await shop.push()
    there = await card(shop, id_)
    assert (there.state, there.reason, there.waiting_since) == ("synced", None, None)
    assert set(states(there).values()) == {"synced"}
    assert there.pushed_at is not None

    await shop.edit(id_, note="gọi sau 18h")
    again = await card(shop, id_)
    assert again.state == "waiting"
    assert states(again) == {
        "phones": "synced",
        "emails": "synced",
        "note": "waiting",
        "tags": "synced",
    }


async def test_record_at_a_glance(shop: WiredShop) -> None:
    """S0.07: id, name, phone, e-mail, chat tags and a link out, as the CRM has them now."""
    id_ = await shop.linked("Hoa", phones=[PHONE], emails=["hoa@shop.vn"])
    await shop.tag(id_, "VIP")
    await shop.push()
    shop.crm.edit_as_person("1", name="Chị Hoa")

    shown = await card(shop, id_)

    assert (shown.id, shown.name, shown.phone) == ("1", "Chị Hoa", PHONE)
    assert (shown.email, shown.chat_tags) == ("hoa@shop.vn", ("VIP",))
    assert shown.url == "https://crm.example/1"


async def test_value_that_the_crm_refuses_fails_its_own_field_alone(shop: WiredShop) -> None:
    """X.SYN.05: failed, with the reason, and no value of the customer in it."""
    id_ = await shop.linked(emails=["hoa@shop.vn"])
    await shop.edit(id_, phones=[REFUSED], note="gọi sau 18h")
    await shop.push()

    shown = await card(shop, id_)

    assert (shown.state, code(shown)) == ("failed", "crm_refused")
    assert states(shown) == {
        "phones": "failed",
        "emails": "synced",
        "note": "synced",
        "tags": "synced",
    }
    assert code(shown, "phones") == "crm_refused"
    assert REFUSED not in repr(shown)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(AuthRefused("no"), ("failed", "crm_auth_refused"), id="paused"),
        pytest.param(CrmAway("no"), ("waiting", "crm_away"), id="away"),
    ],
)
async def test_reason_of_the_whole_connection_is_told(
    shop: WiredShop, error: CrmError, expected: tuple[str, str]
) -> None:
    id_ = await shop.linked(phones=[PHONE])
    shop.crm.down = error
    await shop.edit(id_, note="mới")
    for _ in range(8):
        await shop.mirror.pushing.step()
        shop.clock.advance(
            (await shop.mirror.store.next_due() or shop.clock.now()) - shop.clock.now()
        )

    shown = await card(shop, id_)

    assert (shown.state, code(shown)) == expected
    assert shown.id == "1"
    assert states(shown)["note"] == "waiting"


async def test_several_records_that_fit_are_offered(shop: WiredShop) -> None:
    shop.crm.add("7", phone=PHONE)
    shop.crm.add("8", phone=PHONE)
    id_ = await shop.linked(phones=[PHONE])

    shown = await card(shop, id_)

    assert (shown.state, code(shown)) == ("failed", "crm_ambiguous")
    assert [(one.id, one.phone) for one in shown.candidates] == [("7", PHONE), ("8", PHONE)]
    assert set(states(shown).values()) == {"failed"}


async def test_record_of_another_customer_is_not_offered(shop: WiredShop) -> None:
    """X.SYN.03: the two customers are to be merged."""
    await shop.linked("Hoa", phones=[PHONE])
    other = await shop.linked("Hoa Trần", phones=[PHONE])

    shown = await card(shop, other)

    assert (shown.state, code(shown), shown.candidates) == ("failed", "crm_ambiguous", ())


async def test_record_that_was_deleted_is_told_before_and_after_an_edit(shop: WiredShop) -> None:
    id_ = await shop.linked(phones=[PHONE])
    shop.crm.delete("1")

    looked = await card(shop, id_)
    await shop.edit(id_, note="mới")
    await shop.push()
    tried = await card(shop, id_)

    assert (looked.state, code(looked)) == ("failed", "crm_gone")
    assert (tried.state, code(tried)) == ("failed", "crm_gone")
    assert shop.crm.records == {}


async def test_field_that_the_crm_has_no_more_is_off(shop: WiredShop) -> None:
    id_ = await shop.linked(phones=[PHONE])
    shop.crm.faults.append(MappingBroken("unknown field", fields=["note"]))
    await shop.edit(id_, note="mới", emails=["hoa@shop.vn"])
    await shop.push()

    shown = await card(shop, id_)

    assert states(shown)["note"] == "off"
    assert code(shown, "note") == MappingBroken.code
    assert states(shown)["emails"] == "synced"
    assert shown.state == "synced"


async def test_an_edit_clears_what_failed(shop: WiredShop) -> None:
    id_ = await shop.linked(emails=["hoa@shop.vn"])
    shop.crm.faults.append(InvalidValue("no", fields=["note"]))
    await shop.edit(id_, note="mới")
    await shop.push()
    assert (await card(shop, id_)).state == "failed"

    await shop.edit(id_, note="khác")
    assert states(await card(shop, id_))["note"] == "waiting"
    await shop.push()

    assert (await card(shop, id_)).state == "synced"
    assert shop.crm.value("1", "note") == "khác"


async def test_card_counts_as_nothing_new_for_another_process(
    shop: WiredShop, mongo: Mongo
) -> None:
    """A process that has not asked the CRM for its fields yet shows the card as well."""
    id_ = await shop.linked(phones=[OTHER])
    fresh = shop.process(shop.customers)

    shown = await fresh.mirrors["crm"].card(await shop.document(id_))

    assert (shown.state, shown.phone) == ("synced", OTHER)
