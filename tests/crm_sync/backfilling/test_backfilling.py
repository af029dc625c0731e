"""Customers whom nobody edits reach the CRM too, and nobody who is edited waits for them."""

import asyncio
from datetime import timedelta

import pytest

from crm_sync.backfilling.backfilling import AGAIN_AFTER, ROOM, Backfilling
from crm_sync.backfilling.model import Progress, Wanted
from crm_sync.backfilling.store import BackfillStore
from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from inbox.mongo.due import Claimed
from tests.crm_sync.linked_shop import LinkedShop


class Dying(BackfillStore):
    """Of a process that is killed when it has marked a page, before it says so."""

    async def advance(self, claimed: Claimed, marked: int, after: str) -> bool:
        raise asyncio.CancelledError


class Filling(LinkedShop):
    """With a back-fill."""

    def backfilling(self, store: BackfillStore | None = None) -> Backfilling:
        store = store or BackfillStore(self.mongo, self.clock)
        return Backfilling(store, {"crm": self.store}, self.clock)

    async def fill(self, wanted: Wanted = Wanted()) -> Progress:  # noqa: B008 - frozen
        await self.backfilling().ask("crm", wanted)
        return await self.go_on()

    async def go_on(self) -> Progress:
        """Until the back-fill has ended and everything is pushed."""
        for _ in range(1000):
            progress = await self.backfilling().progress("crm")
            assert progress is not None
            if progress.ended_at is not None:
                await self.settle()
                return progress
            if not await self.backfilling().step():
                await self.settle()
                self.clock.advance(AGAIN_AFTER)
        raise AssertionError("it does not end")


@pytest.fixture
async def shop(mongo: Mongo, clock: FixedClock) -> Filling:
    made = Filling(mongo, clock)
    await made.open()
    return made


async def test_customers_without_a_record_get_one_if_a_bot_of_theirs_is_on(shop: Filling) -> None:
    await shop.add({"_id": "hoa", "name": "Hoa", "note": "quen"}, {"_id": "lan", "name": "Lan"})
    await shop.add({"_id": "minh", "name": "Minh"}, bot_id="off")

    progress = await shop.fill()

    assert progress.marked == 2
    assert progress.ended_at is not None
    names = {one.external_id: one.values["name"] for one in shop.crm.records.values()}
    assert names == {"hoa": "Hoa", "lan": "Lan"}
    (hoa,) = [one for one in shop.crm.records.values() if one.external_id == "hoa"]
    assert hoa.values["note"] == "quen"


async def test_who_has_a_record_waits_or_is_parked_is_not_marked(shop: Filling) -> None:
    await shop.add_linked(2)
    await shop.add({"_id": "chờ"}, {"_id": "đỗ"})
    await shop.edit("chờ", note="x")
    row = {"kind": "ambiguous", "at": shop.clock.now(), "fields": []}
    await shop.mongo["customers"].update_one({"_id": "đỗ"}, {"$set": {"crm.crm.parked": [row]}})

    assert (await shop.fill()).marked == 0
    assert [one.kind for one in (await shop.known("đỗ")).parked] == ["ambiguous"]


async def test_one_bot_alone_can_be_filled(shop: Filling) -> None:
    await shop.mongo["bots"].insert_one({"_id": "other", "crm_sync": True})
    await shop.add({"_id": "hoa", "name": "Hoa"})
    await shop.add({"_id": "lan", "name": "Lan"}, bot_id="other")

    assert (await shop.fill(Wanted(bot_id="other"))).marked == 1
    assert [one.external_id for one in shop.crm.records.values()] == ["lan"]
    assert (await shop.fill(Wanted(bot_id="off"))).marked == 0


async def test_everyone_is_looked_at_again_and_only_what_is_new_is_written(
    shop: Filling,
) -> None:
    """As after a field was added to the mapping."""
    ids = await shop.add_linked(3)
    await shop.mongo["customers"].update_one({"_id": ids[1]}, {"$set": {"emails": ["a@b.vn"]}})

    assert (await shop.fill(Wanted(everyone=True))).marked == 3
    assert shop.crm.written == [{"email"}]


async def test_an_edit_does_not_wait_behind_a_back_fill(shop: Filling) -> None:
    await shop.add(*({"_id": f"k{number:03}", "name": "K"} for number in range(100)))
    await shop.add({"_id": "hoa", "name": "Hoa"})
    backfilling = shop.backfilling()
    await backfilling.ask("crm", Wanted())
    while await backfilling.step():
        pass
    assert (
        len(await shop.mongo["customers"].find({"crm.crm.work": {"$exists": True}}).to_list())
        == ROOM
    )
    shop.clock.advance(timedelta(milliseconds=1))
    await shop.edit("hoa", note="gấp")

    for _ in range(ROOM // 10 + 1):
        await shop.worker.step()

    assert "gấp" in [one.values.get("note") for one in shop.crm.records.values()]


async def test_a_crm_that_is_away_finds_no_more_waiting(shop: Filling) -> None:
    await shop.add(*({"_id": f"k{number:03}", "name": "K"} for number in range(60)))
    await shop.backfilling().ask("crm", Wanted())
    for _ in range(100):
        await shop.backfilling().step()
        shop.clock.advance(AGAIN_AFTER)

    progress = await shop.backfilling().progress("crm")
    assert progress is not None
    assert (progress.marked, progress.ended_at) == (ROOM, None)

    assert (await shop.go_on()).marked == 60
    assert len(shop.crm.records) == 60


async def test_one_that_was_killed_goes_on_where_it_was(
    shop: Filling, mongo: Mongo, clock: FixedClock
) -> None:
    await shop.add(*({"_id": f"k{number:03}", "name": "K"} for number in range(70)))
    await shop.backfilling().ask("crm", Wanted())
    await shop.backfilling().step()
    await shop.settle()
    clock.advance(AGAIN_AFTER)
    with pytest.raises(asyncio.CancelledError):
        await shop.backfilling(Dying(mongo, clock)).step()
    assert await shop.backfilling().step() == 0  # the dead one still has its lease
    await shop.settle()
    clock.advance(timedelta(minutes=1))

    progress = await shop.go_on()

    assert progress.marked == 70 - ROOM  # what the dead one did not say
    assert len(shop.crm.records) == 70
    assert len(shop.crm.written) == 70


async def test_a_repeat_marks_nobody(shop: Filling) -> None:
    await shop.add(*({"_id": f"k{number:03}", "name": "K"} for number in range(30)))
    assert (await shop.fill()).marked == 30
    calls = shop.crm.calls
    assert (await shop.fill()).marked == 0
    assert shop.crm.calls == calls


async def test_whoever_asks_anew_begins_anew(shop: Filling) -> None:
    await shop.add(*({"_id": f"k{number:03}", "name": "K"} for number in range(30)))
    store = BackfillStore(shop.mongo, shop.clock)
    await store.ask("crm", Wanted(bot_id="off"))
    (claimed,) = await store.due.claim(1)
    await store.ask("crm", Wanted())

    assert not await store.advance(claimed, 5, "k020")
    assert (await shop.go_on()).marked == 30


async def test_a_connection_that_is_gone_is_not_looked_at_again(shop: Filling) -> None:
    store = BackfillStore(shop.mongo, shop.clock)
    await store.ask("không còn", Wanted())
    await shop.backfilling().step()
    shop.clock.advance(timedelta(days=1))
    assert await store.due.claim(1) == []
    assert await store.get("crm") is None
