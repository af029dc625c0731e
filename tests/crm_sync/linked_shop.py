"""Customers of a bot with its switch on, and a CRM that lists the records of many of them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from crm_sync.connections.pacing import Line
from crm_sync.connections.store import ConnectionStore
from crm_sync.connectors.model import RemoteRecord
from crm_sync.forgetting.store import ForgettingStore
from crm_sync.mapping.checking import check
from crm_sync.mapping.model import FieldMap, FieldMapping
from crm_sync.mapping.outgoing import creation
from crm_sync.mapping.pairing import Names
from crm_sync.mapping.presets import default_fields
from crm_sync.mirroring.marking import mark
from crm_sync.mirroring.model import Mirrored, synced_document
from crm_sync.mirroring.pushing import Pushing
from crm_sync.mirroring.store import MirrorStore
from crm_sync.mirroring.syncing import Syncing
from crm_sync.mirroring.terms import Terms
from inbox.clock import FixedClock
from inbox.customers.mirroring.marking import Mirrors
from inbox.mongo.buckets import Buckets
from inbox.mongo.client import Mongo
from tests.crm_sync.adopting import adopting
from tests.crm_sync.fake_crm import FIELDS
from tests.crm_sync.listed_crm import LONG_AGO, ListedCrm

PHONE = "+84912345678"
NAMES = Names({"vip": "VIP", "moi": "Mới"}, {})
CALLS_PER_SECOND = 1000


class LinkedShop:
    """Edits are marked as the inbox does it; `worker` pushes them."""

    def __init__(
        self,
        mongo: Mongo,
        clock: FixedClock,
        fields: Sequence[FieldMap] = default_fields("webhook"),
    ) -> None:
        self.mongo = mongo
        self.clock = clock
        self.mapping = FieldMapping(fields=tuple(fields))
        self.pairs = check(self.mapping, FIELDS).pairs
        self.mapped = frozenset(one.map.ours for one in self.pairs)
        self.crm = ListedCrm(clock)
        self.store = MirrorStore(mongo, "crm", clock)
        self.connections = ConnectionStore(mongo, clock)
        self.line = Line("crm", self.crm, Buckets(mongo, clock), CALLS_PER_SECOND)
        self.is_wanted = Mirrors(mongo).are_wanted
        forgetting = ForgettingStore(mongo, clock, ["crm"])
        syncing = Syncing(self.store, adopting(mongo, clock), forgetting, clock)
        wanted_of = Mirrors(mongo).wanted_of
        self.worker = Pushing(self.line, syncing, self.connections, self.terms, wanted_of, clock)

    async def terms(self) -> Terms:
        return Terms(self.pairs, NAMES)

    async def open(self) -> None:
        """Two bots; the second one's switch is off."""
        await self.store.ensure_indexes()
        bots = [{"_id": "on", "crm_sync": True}, {"_id": "off", "crm_sync": False}]
        await self.mongo["bots"].insert_many(bots)

    async def add(self, *customers: dict[str, Any], bot_id: str = "on") -> None:
        """Customers who have written to the bot."""
        await self.mongo["customers"].insert_many(customers)
        await self.mongo["conversations"].insert_many(
            [_conversation(one["_id"], bot_id) for one in customers]
        )

    async def add_linked(self, count: int, **fields: Any) -> list[str]:
        """As after `count` pushes: customers, their records, and what both agreed on; the ids."""
        ids = [f"c{number:05}" for number in range(count)]
        await self.add(*(self._linked(one, number, fields) for number, one in enumerate(ids)))
        return ids

    def _linked(self, id_: str, number: int, fields: dict[str, Any]) -> dict[str, Any]:
        customer = {"_id": id_, "name": id_, "phones": [f"+84912{number:06}"], **fields}
        made = creation(self.pairs, customer, NAMES)
        values = {**made.edit.values, **made.edit.add_tags}
        record = RemoteRecord(f"r{id_}", values, id_, LONG_AGO)
        self.crm.records[record.id] = record
        return customer | {
            "crm": {"crm": {"link": {"id": record.id}, "synced": synced_document(made.synced)}}
        }

    async def edit(self, customer_id: str, **fields: Any) -> None:
        customers = self.mongo["customers"]
        before = await customers.find_one({"_id": customer_id}) or {}
        marks = mark("crm", self.mapped, before, list(fields), self.clock.now())
        await customers.update_one({"_id": customer_id}, {"$set": fields | marks})

    async def customer(self, customer_id: str) -> dict[str, Any]:
        return await self.mongo["customers"].find_one({"_id": customer_id}) or {}

    async def known(self, customer_id: str) -> Mirrored:
        return self.store.of(await self.customer(customer_id))

    async def settle(self) -> None:
        """Let the time pass until nothing is to be pushed any more."""
        for _ in range(1000):
            due_at = await self.store.next_due()
            if due_at is None:
                return
            if not await self.worker.step():
                ahead = due_at - self.clock.now()
                self.clock.advance(max(ahead, timedelta(milliseconds=1)))
        raise AssertionError("still something to push")


def _conversation(customer_id: str, bot_id: str) -> dict[str, Any]:
    return {
        "_id": f"{bot_id} {customer_id}",
        "bot_id": bot_id,
        "customer_id": customer_id,
        "account_id": bot_id,
        "thread_id": customer_id,
    }
