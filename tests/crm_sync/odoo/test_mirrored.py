"""Edits of the inbox in a real Odoo, whatever happens between the two."""

from datetime import timedelta
from typing import Any

import pytest

from crm_sync.connections.pacing import Line
from crm_sync.connections.store import ConnectionStore
from crm_sync.forgetting.store import ForgettingStore
from crm_sync.mapping.checking import check
from crm_sync.mapping.model import FieldMapping
from crm_sync.mapping.pairing import Names
from crm_sync.mapping.presets import default_fields
from crm_sync.mirroring.marking import mark
from crm_sync.mirroring.pushing import Pushing
from crm_sync.mirroring.store import MirrorStore
from crm_sync.mirroring.syncing import Syncing
from crm_sync.mirroring.terms import Terms
from inbox.clock import FixedClock
from inbox.mongo.buckets import Buckets
from inbox.mongo.client import Mongo
from tests.crm_sync.adopting import adopting
from tests.crm_sync.contract import read
from tests.crm_sync.faults import DropAnswer
from tests.crm_sync.odoo.odoo_harness import OdooHarness

FIELDS = FieldMapping(fields=default_fields("odoo"))
MAPPED = frozenset(one.ours for one in FIELDS.fields)


class Inbox:
    """Customers whose edits are marked, and the workers that push them."""

    def __init__(self, mongo: Mongo, clock: FixedClock, harness: OdooHarness) -> None:
        self.mongo = mongo
        self.clock = clock
        self.harness = harness
        self.store = MirrorStore(mongo, "odoo", clock)
        self.id = harness.new_id()
        self.phone = harness.new_phone()
        self.name = f"Khách {self.id}"

    def worker(self) -> Pushing:
        async def terms() -> Terms:
            pairs = check(FIELDS, await self.harness.connector.fields()).pairs
            return Terms(pairs, Names({"vip": f"VIP {self.id}"}))

        async def is_wanted(_: str) -> bool:
            return True

        connections = ConnectionStore(self.mongo, self.clock)
        line = Line("odoo", self.harness.connector, Buckets(self.mongo, self.clock), 1000)
        forgetting = ForgettingStore(self.mongo, self.clock, ["crm"])
        syncing = Syncing(self.store, adopting(self.mongo, self.clock), forgetting, self.clock)
        return Pushing(line, syncing, connections, terms, is_wanted, self.clock)

    async def edit(self, **fields: Any) -> None:
        customers = self.mongo["customers"]
        before = await customers.find_one({"_id": self.id}) or {"_id": self.id}
        marks = mark("odoo", MAPPED, before, list(fields), self.clock.now())
        await customers.update_one({"_id": self.id}, {"$set": fields | marks}, upsert=True)

    async def settle(self, *workers: Pushing) -> str:
        """Push until nothing is due; the id of the record."""
        for _ in range(200):
            for worker in workers or (self.worker(),):
                await worker.step()
            customer = await self.mongo["customers"].find_one({"_id": self.id}) or {}
            if "work" not in customer["crm"]["odoo"]:
                link = self.store.of(customer).link
                assert link is not None
                return link.record_id
            self.clock.advance(timedelta(minutes=1))
        raise AssertionError("still something to push")


@pytest.fixture
async def inbox(mongo: Mongo, clock: FixedClock, harness: OdooHarness) -> Inbox:
    made = Inbox(mongo, clock, harness)
    await made.store.ensure_indexes()
    return made


async def test_a_new_customer_is_one_partner_with_everything_that_is_mapped(inbox: Inbox) -> None:
    """S0.04, S0.05, S0.06, S0.15: phone, e-mail, note and tags of ours are in the CRM."""
    email = f"{inbox.id}@khach.vn".lower()
    await inbox.edit(
        name=inbox.name,
        phones=[inbox.phone],
        emails=[email],
        note="Thích màu xanh",
        tag_ids=["vip"],
    )

    record_id = await inbox.settle()

    names = inbox.harness.names
    found = await read(inbox.harness, record_id, names.phone, names.email, names.text, names.tags)
    assert found[names.phone] == inbox.phone
    assert found[names.email] == email
    assert found[names.text] == "Thích màu xanh"
    assert found[names.tags] == (f"VIP {inbox.id}",)
    assert await inbox.harness.records_named(inbox.name) == 1


async def test_answers_dropped_after_the_commit_make_one_partner(inbox: Inbox) -> None:
    """X.SYN.03: never two, however many answers are lost."""
    inbox.harness.proxy.will(*[DropAnswer()] * 3, on=inbox.harness.making)
    await inbox.edit(name=inbox.name, phones=[inbox.phone])

    await inbox.settle()

    assert await inbox.harness.records_named(inbox.name) == 1


async def test_many_edits_by_two_workers_end_with_the_last_value(inbox: Inbox) -> None:
    """X.SYN.02: the last value wins; clearing really clears."""
    await inbox.edit(name=inbox.name, phones=[inbox.phone])
    first, second = inbox.worker(), inbox.worker()
    await inbox.settle(first, second)
    for number in range(10):
        await inbox.edit(note=f"lần {number}")
    record_id = await inbox.settle(first, second)
    text = inbox.harness.names.text
    assert (await read(inbox.harness, record_id, text))[text] == "lần 9"

    await inbox.edit(note="")
    await inbox.settle(first, second)

    assert not (await read(inbox.harness, record_id, text))[text]
    assert await inbox.harness.records_named(inbox.name) == 1


async def test_a_partner_that_people_deleted_is_not_made_anew(inbox: Inbox) -> None:
    await inbox.edit(name=inbox.name, note="quen")
    record_id = await inbox.settle()
    await inbox.harness.delete(record_id)

    await inbox.edit(note="khác")
    await inbox.settle()

    assert await inbox.harness.records_named(inbox.name) == 0
    (parked,) = inbox.store.of(
        await inbox.mongo["customers"].find_one({"_id": inbox.id}) or {}
    ).parked
    assert (parked.kind, parked.record_ids) == ("gone", (record_id,))
