"""What is to be pushed: marked with the edit, coalesced, kept through deaths and new edits."""

from datetime import timedelta
from typing import Any

import pytest

from crm_sync.mapping.synced import Synced
from crm_sync.mirroring.marking import mark
from crm_sync.mirroring.model import Link, Mark, Parked
from crm_sync.mirroring.store import LostLease, MirrorStore
from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from inbox.mongo.due import Pace

MAPPED = frozenset({"phones", "emails", "note", "tag_ids", "attributes.address"})
LINK = Link("7", "https://crm.example/7")


class Shop:
    """One customer, and edits of theirs."""

    def __init__(self, mongo: Mongo, clock: FixedClock) -> None:
        self.mongo = mongo
        self.clock = clock
        self.store = MirrorStore(mongo, "odoo", clock)

    async def edit(self, *fields: str) -> dict[str, Any]:
        """As an edit does it: what to set comes from the document as it was."""
        customer = await self.mongo["customers"].find_one({"_id": "hoa"}) or {}
        marks = mark("odoo", MAPPED, customer, fields, self.clock.now())
        if marks:
            await self.mongo["customers"].update_one({"_id": "hoa"}, {"$set": marks})
        return marks

    async def known(self) -> Any:
        return self.store.of(await self.mongo["customers"].find_one({"_id": "hoa"}) or {})


@pytest.fixture
async def shop(mongo: Mongo, clock: FixedClock) -> Shop:
    await mongo["customers"].insert_one({"_id": "hoa"})
    made = Shop(mongo, clock)
    await made.store.ensure_indexes()
    return made


async def test_edits_are_marked_together_and_fields_that_are_not_mapped_are_not(
    shop: Shop,
) -> None:
    """X.SYN.02: the current state is sent, so that many edits are one piece of work."""
    assert await shop.edit("owner_id") == {}
    for _ in range(10):
        await shop.edit("phones")
    await shop.edit("attributes.address", "follower_ids")

    now = shop.clock.now()
    dirty = {"attributes.address": Mark(11, now), "phones": Mark(10, now)}
    assert (await shop.known()).dirty == dirty
    assert len(await shop.store.due.claim(5)) == 1
    assert await shop.store.due.claim(5) == []


async def test_what_was_pushed_is_kept_and_nothing_is_left_to_do(shop: Shop) -> None:
    await shop.edit("phones", "note")
    (claimed,) = await shop.store.due.claim(1)
    dirty = shop.store.of(claimed.document).dirty
    synced = {"phone": Synced("h1", "h1"), "category_id": Synced("h2", "", ("VIP",))}

    assert await shop.store.pushed(claimed, dirty, LINK, synced)

    known = await shop.known()
    assert (known.dirty, known.link, known.synced) == ({}, LINK, synced)
    assert await shop.store.waiting_since() is None
    assert [one["_id"] for one in await shop.store.linked_to(["7", "8"])] == ["hoa"]


async def test_what_was_agreed_on_with_another_record_says_nothing_of_this_one(
    shop: Shop,
) -> None:
    await shop.edit("phones")
    (claimed,) = await shop.store.due.claim(1)
    dirty = shop.store.of(claimed.document).dirty
    await shop.store.pushed(claimed, dirty, LINK, {"phone": Synced("h1", "h1")})
    await shop.edit("note")
    (claimed,) = await shop.store.due.claim(1)

    assert await shop.store.linked(claimed, Link("90")) is None

    known = await shop.known()
    assert (known.link, known.synced) == (Link("90"), {})


async def test_an_edit_during_a_push_is_pushed_after_it(shop: Shop) -> None:
    """X.SYN.02: never an older value last."""
    await shop.edit("phones", "note")
    (claimed,) = await shop.store.due.claim(1)
    dirty = shop.store.of(claimed.document).dirty
    shop.clock.advance(timedelta(seconds=5))
    await shop.edit("phones")  # meanwhile; the lease stays with the worker
    assert await shop.store.due.claim(1) == []

    assert await shop.store.pushed(claimed, dirty, LINK, {})

    assert (await shop.known()).dirty == {"phones": Mark(2, shop.clock.now())}
    assert await shop.store.waiting_since() == shop.clock.now()
    (again,) = await shop.store.due.claim(1)
    assert again.attempts == 1


async def test_a_worker_that_lost_its_lease_writes_nothing(shop: Shop) -> None:
    await shop.edit("phones")
    (slow,) = await shop.store.due.claim(1)
    shop.clock.advance(Pace().lease)
    (other,) = await shop.store.due.claim(1)
    dirty = shop.store.of(other.document).dirty
    assert other.fence > slow.fence

    assert not await shop.store.pushed(slow, dirty, Link("old"), {})
    assert not await shop.store.park(slow, Parked("exhausted", shop.clock.now()))
    assert not await shop.store.will_write(slow, [])
    with pytest.raises(LostLease):
        await shop.store.linked(slow, Link("old"))
    assert await shop.store.pushed(other, dirty, LINK, {})
    assert (await shop.known()).link == LINK


async def test_what_is_parked_waits_for_the_next_edit_of_its_fields(shop: Shop) -> None:
    await shop.edit("phones")
    (claimed,) = await shop.store.due.claim(1)
    invalid = Parked("invalid", shop.clock.now(), ("phones",), "bad phone", reference="r1")
    assert await shop.store.park(claimed, invalid)
    assert (await shop.known()).parked == (invalid,)
    assert await shop.store.due.claim(1) == []

    await shop.edit("note")
    assert (await shop.known()).parked == (invalid,)
    await shop.edit("phones")
    known = await shop.known()
    assert known.parked == ()
    assert set(known.dirty) == {"note", "phones"}


async def test_how_old_the_oldest_edit_is_does_not_change_by_trying(shop: Shop) -> None:
    began = shop.clock.now()
    await shop.edit("phones")
    (claimed,) = await shop.store.due.claim(1)
    await shop.store.due.retry(claimed, "crm_away", after=timedelta(hours=1))
    shop.clock.advance(timedelta(minutes=30))
    await shop.edit("note")

    assert await shop.store.waiting_since() == began
