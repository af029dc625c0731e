"""What people change in a real Odoo comes back, and nobody's edit is lost."""

from typing import Any

import pytest

from crm_sync.mapping.model import FieldMap
from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.crm_sync.odoo.odoo_harness import BOT, OdooHarness
from tests.crm_sync.odoo.odoo_shop import EMAIL, LAN, NOTE, PHONE, TAGS, OdooShop, both_ways

WRITE = b'"write"'


async def a_shop(
    mongo: Mongo, clock: FixedClock, harness: OdooHarness, fields: list[FieldMap]
) -> OdooShop:
    shop = OdooShop(mongo, clock, harness, fields)
    await shop.open()
    return shop


@pytest.fixture
async def shop(mongo: Mongo, clock: FixedClock, harness: OdooHarness) -> OdooShop:
    return await a_shop(mongo, clock, harness, both_ways())


async def test_admin_edits_phone_while_agent_edits_email_and_both_survive(shop: OdooShop) -> None:
    """X.SYN.02: different fields never collide."""
    first, second = shop.harness.new_phone(), shop.harness.new_phone()
    email = f"{shop.harness.new_id()}@khach.vn"
    hoa = await shop.customer(phones=[first])
    await shop.push()

    await shop.harness.edit(await shop.record_id(hoa), {PHONE: second})
    await shop.edit(hoa, emails=[email])
    await shop.push()
    await shop.poll()

    customer = await shop.document(hoa)
    assert (customer["phones"], customer["emails"]) == ([second], [email])
    assert await shop.theirs(hoa, PHONE, EMAIL) == {PHONE: second, EMAIL: email}
    (row,) = [one for one in await shop.rows(hoa, "edited") if one.get("actor_id") == "crm:odoo"]
    assert row["data"]["after"] == {"phones": [second]}


@pytest.mark.parametrize("policy", ["inbox_wins", "crm_wins", "newest_wins"])
async def test_both_edit_the_phone_and_the_policy_decides(
    mongo: Mongo, clock: FixedClock, harness: OdooHarness, policy: str
) -> None:
    """X.SYN.02: the loser's value stands in the history."""
    shop = await a_shop(mongo, clock, harness, both_ways(conflict=policy))
    before, ours, theirs = (harness.new_phone() for _ in range(3))
    hoa = await shop.customer(phones=[before])
    await shop.push()

    await shop.edit(hoa, phones=[ours])
    await harness.edit(await shop.record_id(hoa), {PHONE: theirs})  # later, by the clock of Odoo
    await shop.push()
    await shop.poll()

    winner, loser = (ours, theirs) if policy == "inbox_wins" else (theirs, ours)
    assert (await shop.document(hoa))["phones"] == [winner]
    assert (await shop.theirs(hoa, PHONE))[PHONE] == winner
    (row,) = await shop.rows(hoa, "crm_conflict")
    lost = row["data"]["lost"]
    assert (lost if isinstance(lost, str) else lost[0]) == loser


async def test_our_own_write_does_not_come_back(shop: OdooShop) -> None:
    """X.SYN.02: five polls, and not one more write."""
    hoa = await shop.customer(phones=[shop.harness.new_phone()], note="<b>đậm</b> & dài")
    await shop.customers.tags.attach_by_name(hoa, f"VIP {shop.harness.new_id()}", LAN)
    await shop.push()
    await shop.edit(hoa, note="sửa")
    await shop.push()
    writes, version = shop.harness.proxy.requests(WRITE), (await shop.document(hoa))["version"]

    for _ in range(5):
        await shop.poll()

    assert shop.harness.proxy.requests(WRITE) == writes
    assert (await shop.document(hoa))["version"] == version


async def test_a_human_edit_right_after_ours_in_the_same_second_is_not_lost(
    shop: OdooShop,
) -> None:
    hoa = await shop.customer(note="trước")
    await shop.push()
    for number in range(3):
        await shop.edit(hoa, note=f"của inbox {number}")
        await shop.push()
        await shop.harness.edit(await shop.record_id(hoa), {NOTE: f"của người {number}"})

        await shop.poll()

        assert (await shop.document(hoa))["note"] == f"của người {number}"


async def test_tags_of_both_sides_come_and_go(shop: OdooShop) -> None:
    """S0.15, X.TAG.02, X.TAG.04: attached, detached and renamed on either side."""
    mark = shop.harness.new_id()
    hoa = await shop.customer(note="x")
    await shop.customers.tags.attach_by_name(hoa, f"Nóng {mark}", LAN)
    attached = await shop.customers.tags.attach_by_name(hoa, f"Mới {mark}", LAN)
    await shop.push()
    record_id = await shop.record_id(hoa)
    await shop.harness.tag(record_id, f"Của họ {mark}")
    await shop.poll()
    assert await _tags(shop, hoa) == {f"Nóng {mark}", f"Mới {mark}", f"Của họ {mark}"}

    await shop.customers.tags.detach(hoa, attached.tag.id, LAN)
    await shop.push()
    found = await shop.theirs(hoa, TAGS)
    assert set(found[TAGS] or ()) == {f"Nóng {mark}", f"Của họ {mark}"}

    await shop.harness.untag(record_id, f"Nóng {mark}")
    await shop.poll()
    assert await _tags(shop, hoa) == {f"Của họ {mark}"}

    await shop.harness.rename_tag(f"Của họ {mark}", f"Đã đổi {mark}")
    await shop.harness.edit(record_id, {NOTE: "có sửa"})  # Odoo does not date the record by its tag
    await shop.poll()
    assert await _tags(shop, hoa) == {f"Đã đổi {mark}"}


async def test_an_assignee_without_a_user_there_is_left_empty_with_a_reason(
    mongo: Mongo, clock: FixedClock, harness: OdooHarness
) -> None:
    """Somebody whom Odoo knows is its salesperson; whom it does not know is told of."""
    owner = FieldMap(ours="owner_id", theirs="user_id", direction="both")
    shop = await a_shop(mongo, clock, harness, [*both_ways(), owner])
    await _staff(mongo, "minh", "khong-co-o-odoo@shop.vn")
    await _staff(mongo, "an", BOT)
    hoa = await shop.customer(note="x", owner_id="minh")
    await shop.push()
    assert (await shop.theirs(hoa, "user_id", NOTE)) == {"user_id": None, NOTE: "x"}
    (parked,) = (await shop.known(hoa)).parked
    assert parked.fields == ("owner_id",)
    card = await shop.mirror.card(await shop.document(hoa))
    (shown,) = [one for one in card.fields if one.field == "owner"]
    assert shown.state == "failed"
    assert shown.reason is not None

    await shop.edit(hoa, owner_id="an")
    await shop.push()

    assert (await shop.theirs(hoa, "user_id"))["user_id"] == BOT
    assert (await shop.known(hoa)).parked == ()


async def _staff(mongo: Mongo, id_: str, email: str) -> None:
    person: dict[str, Any] = {"_id": id_, "name": id_, "email": email, "active": True}
    await mongo["staff"].insert_one({**person, "role": "sale", "initials": "M"})
    await mongo["bots"].update_one({"_id": "bot1"}, {"$push": {"member_ids": id_}})


async def _tags(shop: OdooShop, customer_id: str) -> set[str]:
    names = {tag.id: tag.name for tag in await shop.customers.tags.store.all()}
    return {names[id_] for id_ in (await shop.document(customer_id))["tag_ids"]}
