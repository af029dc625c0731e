"""Who is erased here is forgotten by the CRM: what we wrote goes, and nothing else."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from crm_sync.connectors.errors import CrmAway, InvalidValue
from crm_sync.forgetting.forgetting import NOBODY
from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.crm_sync.two_way_shop import usual
from tests.crm_sync.wired_shop import OTHER, OWNER, PHONE, THIRD, WiredShop

EMAIL, NOTE = "hoa.tran@shop.vn", "gọi sau 18h"


@pytest.fixture(params=["push", "both"])
async def shop(request: pytest.FixtureRequest, mongo: Mongo, clock: FixedClock) -> WiredShop:
    fields = [
        one if one.ours == "name" else one.model_copy(update={"direction": request.param})
        for one in usual()
    ]
    shop = WiredShop(mongo, clock, fields)
    await shop.open()
    return shop


async def hoa(shop: WiredShop) -> str:
    id_ = await shop.linked("Trần Thị Hoa", phones=[PHONE], emails=[EMAIL], note=NOTE)
    await shop.tag(id_, "VIP")
    await shop.push()
    return id_


async def waiting(shop: WiredShop) -> int:
    return await shop.mongo["crm_forgetting"].count_documents({})


async def forget_all(shop: WiredShop) -> None:
    """With as many tries as it takes."""
    for _ in range(20):
        await shop.forget()
        if not await waiting(shop):
            return
        shop.clock.advance(shop.mirror.config.poll_every * 60)
    raise AssertionError("something is not forgotten")


def left(shop: WiredShop, record_id: str = "1") -> dict[str, Any]:
    """What the record still says."""
    return {name: one for name, one in shop.crm.records[record_id].values.items() if one}


async def test_what_we_wrote_is_emptied_and_nothing_else(shop: WiredShop) -> None:
    shop.crm.add("9", name="Người khác", phone=OTHER)
    id_ = await hoa(shop)
    shop.crm.edit_as_person("1", city="Huế", chat_tags=("VIP", "Nợ"))

    await shop.erase(id_)
    assert await shop.forget() == 1

    assert left(shop) == {"name": NOBODY, "city": "Huế", "chat_tags": ("Nợ",)}
    assert left(shop, "9") == {"name": "Người khác", "phone": OTHER}
    assert await waiting(shop) == 0


async def test_what_others_have_put_there_since_stays(shop: WiredShop) -> None:
    id_ = await hoa(shop)
    shop.crm.edit_as_person("1", phone=OTHER, name="Công ty Hoa")

    await shop.erase(id_)
    await forget_all(shop)

    assert left(shop) == {"name": "Công ty Hoa", "phone": OTHER}


async def test_nothing_personal_waits_to_be_forgotten(shop: WiredShop) -> None:
    id_ = await hoa(shop)
    await shop.edit(id_, phones=[OTHER])
    await shop.erase(id_)

    rows = repr(await shop.mongo["crm_forgetting"].find({}).to_list())

    assert await waiting(shop) == 1
    assert not [word for word in (PHONE, OTHER, EMAIL, NOTE, "Hoa") if word in rows]


async def test_record_that_is_gone_is_forgotten_already(shop: WiredShop) -> None:
    id_ = await hoa(shop)
    shop.crm.delete("1")
    await shop.erase(id_)

    assert await shop.forget() == 1

    assert await waiting(shop) == 0


async def test_crm_that_is_away_forgets_when_it_is_back(shop: WiredShop) -> None:
    id_ = await hoa(shop)
    await shop.erase(id_)
    shop.crm.down = CrmAway(f"no answer for {PHONE}")

    with capture_logs() as logs:
        for _ in range(8):
            await shop.forget()
            shop.clock.advance(shop.mirror.config.poll_every * 60)
    assert await waiting(shop) == 1
    assert left(shop)["phone"] == PHONE
    assert PHONE not in repr(logs)

    shop.crm.down = None
    await forget_all(shop)
    assert left(shop) == {"name": NOBODY}
    assert (await shop.app.connections.get("crm")).is_well


async def test_field_that_must_be_filled_does_not_keep_the_others(shop: WiredShop) -> None:
    id_ = await hoa(shop)
    await shop.erase(id_)
    shop.crm.faults.append(InvalidValue(f"Trần Thị Hoa needs {PHONE}", fields=["name"]))

    with capture_logs() as logs:
        await forget_all(shop)

    assert left(shop) == {"name": "Trần Thị Hoa"}
    assert [one["event"] for one in logs if one["log_level"] == "warning"] == [
        "a field was not emptied"
    ]
    assert not [word for word in (PHONE, "Hoa") if word in repr(logs)]


async def test_who_was_never_there_leaves_nothing_to_forget(shop: WiredShop) -> None:
    await shop.switch(on=False)
    await shop.erase(await shop.customer(phones=[PHONE]))

    assert await waiting(shop) == 0


async def test_records_left_behind_by_merges_are_forgotten_too(shop: WiredShop) -> None:
    id_ = await hoa(shop)
    others = [await shop.linked("Hoa hai", phones=[OTHER]), await shop.linked("H3", phones=[THIRD])]
    merges = shop.customers.merges
    await merges.merge(others[0], others[1], OWNER)
    await merges.merge(id_, others[0], OWNER)
    await shop.push()

    await shop.erase(id_)
    await forget_all(shop)

    assert [left(shop, one) for one in ("1", "2", "3")] == [{"name": NOBODY}] * 3


async def test_push_that_is_under_way_leaves_nothing_there(shop: WiredShop) -> None:
    """The CRM has taken a new phone just before the customer was erased here."""
    id_ = await hoa(shop)
    await shop.edit(id_, phones=[OTHER])
    shop.crm.meanwhile = lambda: shop.erase(id_)

    await shop.mirror.pushing.step()
    await forget_all(shop)

    assert left(shop) == {"name": NOBODY}


async def test_creation_that_is_under_way_leaves_nothing_there(shop: WiredShop) -> None:
    id_ = await shop.customer("Hoa", phones=[PHONE], emails=[EMAIL])
    shop.crm.meanwhile = lambda: shop.erase(id_)

    await shop.mirror.pushing.step()
    await forget_all(shop)

    assert left(shop) == {"name": NOBODY}


@pytest.mark.parametrize("is_new", [True, False], ids=["creation", "update"])
async def test_write_that_nobody_answered_leaves_nothing_there(
    shop: WiredShop, *, is_new: bool
) -> None:
    """It was carried out, and the customer is erased before anybody finds out."""
    id_ = await shop.customer("Hoa", phones=[PHONE]) if is_new else await hoa(shop)
    await shop.edit(id_, phones=[OTHER], note="mới")
    shop.crm.faults.append("lost")
    await shop.mirror.pushing.step()
    assert left(shop)["phone"] == OTHER

    await shop.erase(id_)
    await forget_all(shop)

    assert left(shop) == {"name": NOBODY}


async def test_record_that_is_another_customers_by_now_is_left_to_them(shop: WiredShop) -> None:
    """Somebody with the phone of an erased person writes before the CRM has forgotten."""
    id_ = await hoa(shop)
    await shop.erase(id_)
    await shop.mongo["erased"].delete_many({})
    new = await shop.customer("Hoa mới")
    shop.crm.records["1"] = shop.crm.records["1"].__class__(
        "1", shop.crm.records["1"].values, None, shop.clock.now()
    )
    await shop.edit(new, phones=[PHONE])
    await shop.push()
    assert await shop.record_id(new) == "1"

    await forget_all(shop)

    assert left(shop)["phone"] == PHONE
    assert left(shop)["name"] == "Trần Thị Hoa"


async def test_shop_may_keep_what_the_crm_has(mongo: Mongo, clock: FixedClock) -> None:
    shop = WiredShop(mongo, clock, usual(), on_erasure="keep")
    await shop.open()
    id_ = await hoa(shop)
    await shop.edit(id_, phones=[OTHER])
    shop.crm.meanwhile = lambda: shop.erase(id_)
    await shop.mirror.pushing.step()

    assert await waiting(shop) == 0
    assert left(shop)["phone"] == OTHER


async def test_connection_that_this_process_does_not_know_waits(
    shop: WiredShop, mongo: Mongo
) -> None:
    id_ = await hoa(shop)
    await shop.erase(id_)
    await mongo["crm_forgetting"].update_many({}, {"$set": {"connection": "old"}})

    await shop.forget()

    assert await waiting(shop) == 1
    assert left(shop)["phone"] == PHONE
