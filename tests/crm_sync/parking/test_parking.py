"""What is parked is seen, and tried again with what the customer is by then."""

from datetime import timedelta

import pytest

from crm_sync.connectors.errors import CrmAway
from crm_sync.mapping.reasons import NOT_KEPT
from crm_sync.mirroring.model import Parked, parked_document
from crm_sync.mirroring.pushing import MOST_TRIES
from crm_sync.parking.model import ParkedRow
from crm_sync.parking.parking import AT_ONCE, NEXT_AFTER, Parking
from crm_sync.parking.store import ParkedStore
from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.crm_sync.fake_crm import REFUSED
from tests.crm_sync.linked_shop import PHONE, LinkedShop


class Parks(LinkedShop):
    """With what shows and replays."""

    @property
    def parking(self) -> Parking:
        return Parking(ParkedStore(self.mongo, "crm"), self.store, self.mapping, self.clock)

    async def park(self, customer_id: str, *rows: Parked) -> None:
        parked = [parked_document(one) for one in rows]
        await self.mongo["customers"].update_one(
            {"_id": customer_id}, {"$set": {"crm.crm.parked": parked}}
        )


@pytest.fixture
async def shop(mongo: Mongo, clock: FixedClock) -> Parks:
    made = Parks(mongo, clock)
    await made.open()
    return made


async def test_rows_are_listed_newest_first_page_by_page(shop: Parks) -> None:
    ids = await shop.add_linked(5)
    at = shop.clock.now()
    for number, id_ in enumerate(ids[:4]):
        later = at + timedelta(minutes=number // 2)
        refused = Parked("refused", later, ("phones",), "no", reference=f"ref {number}")
        await shop.park(id_, refused, Parked("invalid", later, ("note",)))

    rows: list[ParkedRow] = []
    after = None
    while True:
        page = await shop.parking.page(after=after, limit=3)
        rows += page.rows
        after = page.next
        if after is None:
            break

    assert [(one.customer_id, one.number) for one in rows] == [
        (id_, number) for id_ in (ids[2], ids[3], ids[0], ids[1]) for number in (0, 1)
    ]
    assert rows[0].parked == Parked(
        "refused", at + timedelta(minutes=1), ("phones",), "no", reference="ref 2"
    )
    only = await shop.parking.page("invalid", limit=10)
    assert {one.parked.kind for one in only.rows} == {"invalid"}
    assert (len(only.rows), only.next) == (4, None)
    assert await shop.parking.counts() == {"refused": 4, "invalid": 4}


async def test_a_replay_pushes_what_the_customer_is_now(shop: Parks) -> None:
    """X.SYN.01: "failed" offers to try again; never an old value."""
    (id_,) = await shop.add_linked(1)
    await shop.edit(id_, note="lúc hỏng")
    for _ in range(MOST_TRIES):
        shop.crm.faults.append(CrmAway("locked"))
        assert await shop.worker.step() == 1
        shop.clock.advance(timedelta(minutes=16))
        await shop.connections.note("crm", ok=True)
    assert [one.kind for one in (await shop.known(id_)).parked] == ["exhausted"]
    await shop.mongo["customers"].update_one({"_id": id_}, {"$set": {"note": "bây giờ"}})

    assert await shop.parking.replay(id_)
    assert (await shop.known(id_)).parked == ()
    await shop.settle()

    assert shop.crm.value(f"r{id_}", "note") == "bây giờ"
    assert shop.crm.written == [{"note"}]
    assert not await shop.parking.replay(id_)


async def test_a_newer_success_has_closed_the_row_already(shop: Parks) -> None:
    (id_,) = await shop.add_linked(1)
    await shop.edit(id_, phones=[REFUSED])
    await shop.settle()
    assert await shop.parking.counts() == {"refused": 1}

    await shop.edit(id_, phones=[PHONE])
    await shop.settle()

    assert await shop.parking.counts() == {}
    assert (await shop.parking.page()).rows == []
    assert await shop.parking.replay_all() == 0
    assert shop.crm.value(f"r{id_}", "phone") == PHONE


async def test_what_is_still_refused_is_parked_again_once(shop: Parks) -> None:
    (id_,) = await shop.add_linked(1)
    await shop.edit(id_, phones=[REFUSED])
    await shop.settle()
    shop.clock.advance(timedelta(hours=1))

    assert await shop.parking.replay_all("refused") == 1
    await shop.settle()

    (row,) = (await shop.parking.page()).rows
    assert (row.parked.kind, row.parked.fields) == ("refused", ("phones",))
    assert row.parked.at > shop.clock.now() - timedelta(minutes=1)


async def test_only_the_kind_that_was_asked_for_is_tried(shop: Parks) -> None:
    ids = await shop.add_linked(3)
    now = shop.clock.now()
    await shop.park(ids[0], Parked("refused", now, ("phones",)))
    await shop.park(ids[1], Parked("invalid", now, ("note",)))
    await shop.park(ids[2], Parked("refused", now, ("note",)), Parked("invalid", now, ("phones",)))

    assert await shop.parking.replay_all("refused") == 2

    assert (await shop.known(ids[1])).dirty == {}
    assert set((await shop.known(ids[2])).dirty) == {"note"}
    assert await shop.parking.counts() == {"invalid": 2}
    assert await shop.parking.replay_all() == 2
    assert await shop.parking.counts() == {}


async def test_a_value_that_was_not_kept_is_really_written_again(
    shop: Parks, clock: FixedClock
) -> None:
    (id_,) = await shop.add_linked(1, note="một ghi chú dài")
    await shop.park(id_, Parked("invalid", clock.now(), ("note",), NOT_KEPT))
    shop.crm.edit_as_person(f"r{id_}", note="một ghi")

    assert await shop.parking.replay(id_)
    await shop.settle()

    assert shop.crm.value(f"r{id_}", "note") == "một ghi chú dài"
    assert shop.crm.written == [{"note"}]


async def test_one_who_was_deleted_there_is_looked_for_again_and_not_made(shop: Parks) -> None:
    (id_,) = await shop.add_linked(1, phones=[PHONE])
    del shop.crm.records[f"r{id_}"]
    await shop.edit(id_, note="x")
    await shop.settle()
    assert await shop.parking.counts() == {"gone": 1}

    assert await shop.parking.replay_all("gone") == 1
    await shop.settle()
    assert (shop.crm.records, await shop.parking.counts()) == ({}, {"gone": 1})

    shop.crm.add("90", phone=PHONE)  # somebody there has made it anew
    assert await shop.parking.replay(id_)
    await shop.settle()
    link = (await shop.known(id_)).link
    assert link is not None
    assert (link.record_id, shop.crm.value("90", "note")) == ("90", "x")


async def test_very_many_are_tried_little_by_little(shop: Parks) -> None:
    ids = await shop.add_linked(AT_ONCE * 2 + 5)
    for id_ in ids:
        await shop.park(id_, Parked("refused", shop.clock.now(), ("note",)))

    assert await shop.parking.replay_all() == len(ids)

    assert len(await shop.store.due.claim(100)) == AT_ONCE
    shop.clock.advance(NEXT_AFTER)
    assert len(await shop.store.due.claim(100)) == AT_ONCE


async def test_an_edit_brings_forward_who_would_be_tried_later(shop: Parks) -> None:
    ids = await shop.add_linked(AT_ONCE + 1)
    for id_ in ids:
        await shop.park(id_, Parked("refused", shop.clock.now(), ("note",)))
    await shop.parking.replay_all()
    await shop.edit(ids[-1], note="gấp")

    assert ids[-1] in [one.id for one in await shop.store.due.claim(100)]
