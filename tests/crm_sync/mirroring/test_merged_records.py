"""Whose record is whose when customers are merged, and when that is undone, through the app."""

from dataclasses import dataclass
from typing import Any

import pytest

from crm_sync.mapping.model import FieldMap
from crm_sync.mirroring.store import part_of
from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.crm_sync.two_way_shop import usual
from tests.crm_sync.wired_shop import CRM, OTHER, OWNER, PHONE, THIRD, WiredShop

ONE_WAY = [one.model_copy(update={"direction": "push"}) for one in usual()]


@dataclass
class Two:
    """Customers who will turn out to be one person."""

    shop: WiredShop
    hoa: str
    lan: str

    async def merge(self) -> str:
        """Lan into Hoa; the id of the merge."""
        merges = self.shop.customers.merges
        last = await merges.last_of(await merges.merge(self.hoa, self.lan, OWNER))
        assert last is not None
        return last.id

    async def undo(self, merge_id: str) -> None:
        await self.shop.customers.merges.undo(merge_id, OWNER)

    async def records(self) -> dict[str, str | None]:
        return {
            "hoa": await self.shop.record_id(self.hoa),
            "lan": await self.shop.record_id(self.lan),
        }

    async def behind(self) -> list[str]:
        part = part_of(await self.shop.document(self.hoa), CRM) or {}
        return [one["id"] for one in part.get("merged", [])]

    def there(self, record_id: str, *names: str) -> list[Any]:
        return [self.shop.crm.value(record_id, name) for name in names]


@pytest.fixture(params=[ONE_WAY, usual(), usual(conflict="crm_wins")], ids=["push", "both", "crm"])
async def shop(request: pytest.FixtureRequest, mongo: Mongo, clock: FixedClock) -> WiredShop:
    """One way, both ways, and with the CRM in the right."""
    fields: list[FieldMap] = request.param
    shop = WiredShop(mongo, clock, fields)
    await shop.open()
    return shop


async def both_linked(shop: WiredShop) -> Two:
    hoa = await shop.linked("Hoa", phones=[PHONE], note="của Hoa")
    lan = await shop.linked("Lan", phones=[OTHER], emails=["lan@shop.vn"])
    return Two(shop, hoa, lan)


async def test_of_two_records_the_survivor_keeps_its_own(shop: WiredShop) -> None:
    """X.SYN.03: the other one is not lost sight of."""
    two = await both_linked(shop)

    await two.merge()
    await shop.push()

    assert await shop.record_id(two.hoa) == "1"
    assert await two.behind() == ["2"]
    assert two.there("1", "phone", "email", "note") == [PHONE, "lan@shop.vn", "của Hoa"]
    assert two.there("2", "phone") == [OTHER]


async def test_survivor_without_a_record_gets_the_others(shop: WiredShop) -> None:
    await shop.switch(on=False)
    hoa = await shop.customer("Hoa", phones=[PHONE])
    await shop.switch(on=True)
    two = Two(shop, hoa, await shop.linked("Lan", emails=["lan@shop.vn"]))

    await two.merge()
    await shop.push()

    assert await shop.record_id(hoa) == "1"
    assert await two.behind() == []
    assert two.there("1", "phone", "email") == [PHONE, "lan@shop.vn"]
    assert len(shop.crm.records) == 1


@pytest.mark.parametrize("is_pushed", [False, True], ids=["at once", "after a push"])
async def test_undone_merge_of_two_records_gives_each_its_own(
    shop: WiredShop, *, is_pushed: bool
) -> None:
    two = await both_linked(shop)
    merge = await two.merge()
    if is_pushed:
        await shop.push()

    await two.undo(merge)
    await shop.push()

    assert await two.records() == {"hoa": "1", "lan": "2"}
    assert await two.behind() == []
    assert two.there("1", "phone", "note") == [PHONE, "của Hoa"]
    assert not two.there("1", "email")[0]
    assert two.there("2", "phone", "email") == [OTHER, "lan@shop.vn"]


async def test_undone_merge_takes_the_survivors_values_out_of_the_others_record(
    shop: WiredShop,
) -> None:
    """The survivor had none of its own and has written into it: all of that goes back."""
    await shop.switch(on=False)
    hoa = await shop.customer("Hoa", phones=[PHONE], note="của Hoa")
    await shop.switch(on=True)
    two = Two(shop, hoa, await shop.linked("Lan", phones=[OTHER], note="của Lan"))
    merge = await two.merge()
    await shop.push()
    assert two.there("1", "phone") == [PHONE]

    await two.undo(merge)
    await shop.push()
    shop.clock.advance(shop.mirror.config.poll_every)
    await shop.poll()

    assert (await two.records())["lan"] == "1"
    assert two.there("1", "phone", "note") == [OTHER, "của Lan"]
    lan = await shop.document(two.lan)
    assert (lan["phones"], lan["note"]) == ([OTHER], "của Lan")
    own = await shop.record_id(hoa)
    assert own != "1"
    if own is not None:
        assert two.there(own, "phone", "note") == [PHONE, "của Hoa"]


@pytest.mark.parametrize("first", ["hoa", "lan"])
async def test_record_made_for_both_is_the_survivors_after_the_undoing(
    shop: WiredShop, first: str
) -> None:
    """X.SYN.03: the other one gets one of their own, whoever is mirrored first."""
    await shop.switch(on=False)
    two = Two(shop, await shop.customer("Hoa"), await shop.customer("Lan", phones=[OTHER]))
    await shop.switch(on=True)
    await shop.edit(two.lan, note="của Lan")
    merge = await two.merge()
    await shop.edit(two.hoa, emails=["hoa@shop.vn"])
    await shop.push()
    assert two.there("1", "phone") == [OTHER]

    await two.undo(merge)
    await shop.mirror.pushing.sync_now(two.hoa if first == "hoa" else two.lan)
    await shop.push()

    assert await two.records() == {"hoa": "1", "lan": "2"}
    assert two.there("1", "phone", "email") == [None, "hoa@shop.vn"]
    assert two.there("2", "phone", "note") == [OTHER, "của Lan"]


async def test_edit_that_waited_while_two_were_merged_arrives_after_the_undoing(
    shop: WiredShop,
) -> None:
    two = await both_linked(shop)
    await shop.edit(two.lan, note="sửa trước khi gộp")
    merge = await two.merge()
    await shop.push()

    await two.undo(merge)
    await shop.push()

    assert two.there("1", "note") == ["của Hoa"]
    assert two.there("2", "note") == ["sửa trước khi gộp"]


async def test_record_that_is_made_while_its_customer_is_merged_is_known(shop: WiredShop) -> None:
    hoa = await shop.linked("Hoa", phones=[PHONE])
    two = Two(shop, hoa, await shop.customer("Lan", phones=[OTHER]))

    shop.crm.meanwhile = two.merge

    await shop.push()

    assert len(shop.crm.records) == 2
    assert await shop.record_id(hoa) == "1"
    assert await two.behind() == ["2"]


async def test_push_into_a_record_left_behind_is_remembered(shop: WiredShop) -> None:
    """What an erasure is to empty one day is what was written last."""
    two = await both_linked(shop)
    await shop.edit(two.lan, phones=[THIRD])

    shop.crm.meanwhile = two.merge

    await shop.push()
    await shop.erase(two.hoa)
    assert await shop.forget() == 2

    assert two.there("2", "phone", "email") == [None, None]
    assert two.there("1", "phone", "note") == [None, None]


async def test_customers_who_were_never_in_the_crm_are_merged_and_parted(shop: WiredShop) -> None:
    await shop.switch(on=False)
    two = Two(shop, await shop.customer("Hoa", phones=[PHONE]), await shop.customer("Lan"))

    merge = await two.merge()
    await two.undo(merge)
    await shop.push()

    assert await two.records() == {"hoa": None, "lan": None}
    assert shop.crm.records == {}
