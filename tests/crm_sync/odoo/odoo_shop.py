"""An inbox whose customers are mirrored into the real Odoo, wired as the app wires it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pydantic import SecretStr

from app.crm import Crm
from app.customers import Customers
from crm_sync.config import ConnectionConfig, CrmSyncConfig
from crm_sync.connections.model import Connection
from crm_sync.connectors.model import Value
from crm_sync.mapping.model import FieldMap
from crm_sync.mirroring.model import Mirrored
from inbox.clock import FixedClock
from inbox.config import InboxConfig
from inbox.mongo.client import Document, Mongo
from tests.crm_sync.contract import read
from tests.crm_sync.odoo.odoo_harness import OdooHarness
from tests.inbox.inbox_world import World, an_actor, media_links

CONNECTION = "odoo"
LAN = an_actor("lan", "bot1", role="manager")
PHONE, EMAIL, NOTE, TAGS = "phone", "email", "comment", "category_id"
TEST_RATE = 1000.0
"""Calls a second, so that the rate is never what a test waits for."""


def pushed_fields() -> list[FieldMap]:
    """Phone, e-mail, note and tags go there, the name with a new record."""
    return [
        FieldMap(ours="name", theirs="name"),
        FieldMap(ours="phones", theirs=PHONE),
        FieldMap(ours="emails", theirs=EMAIL),
        FieldMap(ours="note", theirs=NOTE),
        FieldMap(ours="tag_ids", theirs=TAGS),
    ]


def both_ways(**more: str) -> list[FieldMap]:
    """The same, and what people change there comes back; `more` for every one of them."""
    options: dict[str, Any] = {"direction": "both", **more}
    return [
        one if one.ours == "name" else FieldMap(ours=one.ours, theirs=one.theirs, **options)
        for one in pushed_fields()
    ]


class OdooShop:
    """One bot with its switch on, and one connection."""

    def __init__(
        self,
        mongo: Mongo,
        clock: FixedClock,
        harness: OdooHarness,
        fields: list[FieldMap] | None = None,
    ) -> None:
        self.mongo = mongo
        self.clock = clock
        self.harness = harness
        self.fields = fields or pushed_fields()
        self.customers = self._customers()
        self.crm = self._process(self.customers)
        self.world = World(mongo)

    def process(self) -> Crm:
        """Another process of the same inbox, its connector included."""
        return self._process(self._customers())

    def _customers(self) -> Customers:
        config = InboxConfig(secret_key=(SecretStr("A" * 43 + "="),))
        return Customers(self.mongo, self.clock, config, media_links(self.clock))

    def _process(self, customers: Customers) -> Crm:
        config = CrmSyncConfig(
            connections={
                CONNECTION: ConnectionConfig(
                    kind="odoo",
                    url="http://odoo.invalid",
                    database="x",
                    user="x",
                    fields=self.fields,
                    calls_per_second=TEST_RATE,
                )
            },
            secrets={CONNECTION: SecretStr("x")},
        )
        connectors = {CONNECTION: self.harness.connect()}
        return Crm(config, self.mongo, self.clock, customers, connectors)

    async def open(self) -> None:
        await self.crm.start()
        await self.mongo["bots"].insert_one({"_id": "bot1", "name": "Shop", "crm_sync": True})
        if self.mirror.pulls:
            await self.crm.polls.begin(CONNECTION)

    @property
    def mirror(self) -> Any:
        return self.crm.mirrors[CONNECTION]

    async def customer(self, **fields: Any) -> str:
        """A customer who writes to the bot; what is given is edited by an agent."""
        mark = self.harness.new_id()
        id_ = await self.world.customer(f"Khách {mark}", account=f"oa-{mark}")
        await self.world.conversation(id_, account=f"oa-{mark}")
        if fields:
            await self.edit(id_, **fields)
        return id_

    async def edit(self, customer_id: str, **fields: Any) -> None:
        """An agent edits; a name with a dot is given as attributes__key."""
        paths = {name.replace("__", "."): value for name, value in fields.items()}
        await self.customers.store.edit(customer_id, paths, LAN, version=None)

    async def document(self, customer_id: str) -> Document:
        found = await self.mongo["customers"].find_one({"_id": customer_id})
        assert found is not None
        return found

    async def known(self, customer_id: str) -> Mirrored:
        found: Mirrored = self.mirror.store.of(await self.document(customer_id))
        return found

    async def health(self) -> Connection:
        return await self.crm.connections.get(CONNECTION)

    async def record_id(self, customer_id: str) -> str:
        link = (await self.known(customer_id)).link
        assert link is not None
        return link.record_id

    async def theirs(self, customer_id: str, *names: str) -> Mapping[str, Value]:
        """What the CRM has of the customer."""
        return await read(self.harness, await self.record_id(customer_id), *names)

    async def push(self, *others: Crm, within: timedelta = timedelta(hours=2)) -> None:
        """Let the time pass until nothing is to be pushed any more."""
        workers = [one.mirrors[CONNECTION].pushing for one in (self.crm, *others)]
        ends = self.clock.now() + within
        while (due_at := await self.mirror.store.next_due()) is not None:
            assert self.clock.now() < ends, "still something to push"
            for worker in workers:
                await worker.step()
            if due_at > self.clock.now() or (await self.health()).rests_until is not None:
                self.clock.advance(timedelta(seconds=1))

    async def poll(self) -> None:
        """Look once for what people changed there, and bring it here."""
        self.clock.advance(timedelta(minutes=1))
        assert await self.crm.polling.step() == 1
        await self.push()

    async def rows(self, customer_id: str, kind: str) -> list[Document]:
        """Rows of the timeline."""
        query = {"customer_id": customer_id, "type": kind}
        return await self.mongo["interactions"].find(query).sort("at", 1).to_list()
