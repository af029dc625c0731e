"""An inbox whose customers are mirrored into a CRM in memory, wired as the app wires it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from app.crm import Crm
from app.customers import Customers
from crm_sync.config import CrmSyncConfig
from crm_sync.connectors.model import Connector
from crm_sync.mapping.model import FieldMap
from crm_sync.mapping.presets import CrmKind
from crm_sync.mirror import CrmMirror
from crm_sync.mirroring.model import Mirrored
from inbox.clock import FixedClock
from inbox.config import InboxConfig
from inbox.customers.erasure.erasing import SETTLE, Erasing
from inbox.customers.erasure.store import ErasureStore
from inbox.mongo.client import Document, Mongo
from inbox.staff.model import Actor
from tests.crm_sync.interrupted_crm import InterruptedCrm
from tests.inbox.inbox_world import Api, World, an_actor, media_links, serve

CRM = "crm"
OWNER = an_actor("owner", role="owner")
LAN = an_actor("lan", "shop")
STRANGER = an_actor("stranger", "elsewhere")
PHONE, OTHER, THIRD = "+84912345678", "+84987654321", "+84933333333"
KEY = "a-key-of-thirty-two-bytes-no-less"
RATE = 1000.0
"""Calls a second, so that the rate is never what a test waits for."""


class WiredShop:
    """The bot "shop" with its switch on, and one connection of the usual fields."""

    def __init__(
        self,
        mongo: Mongo,
        clock: FixedClock,
        fields: Sequence[FieldMap] | None = None,
        *,
        kind: CrmKind = "webhook",
        inbox: Mapping[str, Any] = {},
        hint_secret: str | None = None,
        **connection: Any,
    ) -> None:
        """`fields`: what is mirrored, by default one way; `inbox`: its settings beside the key."""
        self.mongo, self.clock, self.kind = mongo, clock, kind
        self.crm = InterruptedCrm(clock)
        config = InboxConfig(secret_key=(SecretStr("A" * 43 + "="),), **inbox)
        self.customers = Customers(mongo, clock, config, media_links(clock))
        self._options = {"calls_per_second": RATE, "fields": fields, **connection}
        self._hint_secrets = {CRM: hint_secret} if hint_secret is not None else {}
        self.app = self.process(self.customers)
        self.world = World(mongo)

    def process(self, customers: Customers, connector: Connector | None = None) -> Crm:
        """Another process of the same inbox."""
        odoo = {"database": "x", "user": "x"} if self.kind == "odoo" else {}
        connection = {"kind": self.kind, "url": "https://crm.invalid", **odoo, **self._options}
        config = CrmSyncConfig.model_validate(
            {
                "connections": {CRM: connection},
                "secrets": {CRM: KEY},
                "webhook_secrets": self._hint_secrets,
            }
        )
        return Crm(config, self.mongo, self.clock, customers, {CRM: connector or self.crm})

    @property
    def mirror(self) -> CrmMirror:
        return self.app.mirrors[CRM]

    async def open(self) -> None:
        await self.app.start()
        await self.app.check()
        await self.switch(on=True)
        if self.mirror.pulls:
            await self.app.polls.begin(CRM)

    async def switch(self, *, on: bool) -> None:
        await self.mongo["bots"].update_one(
            {"_id": "shop"}, {"$set": {"name": "Shop", "crm_sync": on}}, upsert=True
        )

    async def customer(self, name: str = "Hoa", **fields: Any) -> str:
        """Somebody writes to the bot; what is given is edited by an agent then."""
        id_ = await self.world.customer(name)
        await self.world.conversation(id_, bot="shop")
        if fields:
            await self.edit(id_, **fields)
        return id_

    async def linked(self, name: str = "Hoa", **fields: Any) -> str:
        """The same, and the CRM has a record of them."""
        id_ = await self.customer(name, **fields)
        await self.push()
        return id_

    async def edit(self, customer_id: str, *, by: Actor = OWNER, **fields: Any) -> None:
        await self.customers.store.edit(customer_id, fields, by, version=None)

    async def tag(self, customer_id: str, name: str) -> None:
        await self.customers.tags.attach_by_name(customer_id, name, OWNER)

    async def push(self, *, within: timedelta = timedelta(hours=2)) -> None:
        """Let the time pass until nothing is to be pushed any more."""
        ends = self.clock.now() + within
        while (due_at := await self.mirror.store.next_due()) is not None:
            assert self.clock.now() < ends, "still something to push"
            if not await self.mirror.pushing.step():
                resting = (await self.app.connections.get(CRM)).rests_until or due_at
                wait = max(due_at, resting) - self.clock.now()
                self.clock.advance(max(wait, timedelta(milliseconds=1)))

    async def poll(self) -> None:
        """What is due to be polled is, and what was found is mirrored."""
        await self.app.polling.step()
        await self.push()

    async def erase(self, customer_id: str) -> None:
        """Out of the inbox, both sweeps of it; what the CRM is to forget is due then."""
        store = ErasureStore(self.mongo, self.clock, mirrors=self.customers.store.mirrors)
        await store.request(customer_id, OWNER)
        erasing = Erasing(self.mongo, store, self.clock)
        assert await erasing.run_one()
        self.clock.advance(SETTLE)
        assert await erasing.run_one()

    async def forget(self) -> int:
        return await self.app.forgetting.step()

    async def document(self, customer_id: str) -> Document:
        found = await self.mongo["customers"].find_one({"_id": customer_id})
        assert found is not None
        return found

    async def known(self, customer_id: str) -> Mirrored:
        return self.mirror.store.of(await self.document(customer_id))

    async def record_id(self, customer_id: str) -> str | None:
        link = (await self.known(customer_id)).link
        return None if link is None else link.record_id

    async def audited(self) -> list[tuple[str, str, str | None]]:
        """What the audit log tells of the CRM: action, id of what was changed, who."""
        crm = {"action": {"$regex": "^crm_"}}
        found = await self.mongo["audit"].find(crm).sort("_id", 1).to_list()
        return [
            (one["action"], one["target"]["id"], (one["actor"] or {}).get("id")) for one in found
        ]

    async def serve(self) -> Api:
        return await serve(self.app.tables(), OWNER, LAN, STRANGER)

    async def doors(self) -> "TestClient[Any, Any]":
        """The doors for webhooks, on a socket of their own."""
        application = web.Application()
        self.app.register(application)
        client = TestClient(TestServer(application))
        await client.start_server()
        return client
