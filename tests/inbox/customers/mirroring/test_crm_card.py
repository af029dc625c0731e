"""The CRM card of the sidebar: the record at a glance, or why there is none."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.conversations.reading.store import ConversationReads
from inbox.customers.masking import Masking
from inbox.customers.mirroring.marking import Mirrors
from inbox.customers.store import CustomerStore
from inbox.mongo.client import Mongo
from inbox.panels import Panels
from inbox.sidebar.blocks import CrmPanel, CustomerPanel
from inbox.sidebar.routes import SidebarRoutes
from tests.inbox.customers.mirroring.mirror_twin import CrmStub, MirrorTwin
from tests.inbox.inbox_world import Api, World, an_actor, inbox_routes, media_links, serve


class Desk:
    def __init__(self, mongo: Mongo, clock: FixedClock) -> None:
        self.mongo = mongo
        self.crm = CrmStub()
        self.twin = MirrorTwin(mongo, clock, self.crm)
        self.mirrors = Mirrors(mongo)
        store = CustomerStore(mongo, clock, self.mirrors)
        links, masking = media_links(clock), Masking("sale")
        panels = Panels([CustomerPanel(links, masking), CrmPanel(self.mirrors, masking)])
        self._tables = [
            *inbox_routes(mongo, clock, customers=store),
            SidebarRoutes(panels, ConversationReads(mongo)),
        ]
        self.thread = self.hoa = ""

    async def open(self) -> None:
        self.api: Api = await serve(self._tables, an_actor("lan", "bot1"))
        await self.mongo["bots"].insert_one(
            {"_id": "bot1", "name": "Shop", "member_ids": [], "crm_sync": True}
        )
        world = World(self.mongo)
        self.hoa = await world.customer("Nguyễn Thị Hoa")
        self.thread = await world.conversation(self.hoa)

    async def edit(self, **fields: Any) -> None:
        headers = {"If-Match": "*"}
        path = f"/customers/{self.hoa}"
        answer = await self.api.call("PATCH", path, "lan", json=fields, headers=headers)
        assert answer.status == 200

    async def blocks(self) -> dict[str, Any]:
        answer = await self.api.get(f"/conversations/{self.thread}/sidebar", "lan")
        assert answer.status == 200
        found: dict[str, Any] = answer.json["blocks"]
        return found


@pytest.fixture
async def desk(mongo: Mongo, clock: FixedClock) -> AsyncIterator[Desk]:
    desk = Desk(mongo, clock)
    await desk.open()
    yield desk
    await desk.api.close()


async def test_a_linked_customer_is_shown_with_a_way_to_the_record(desk: Desk) -> None:
    """S0.07, X.SYN.05: id, phone, e-mail, chat tags, a link out, and how far our edits are."""
    desk.mirrors.register(desk.twin)
    await desk.edit(phones=["0912345678"], emails=["hoa@shop.vn"])
    await desk.twin.push()
    card = (await desk.blocks())["crm"]
    assert card["state"] == "ok"
    assert card["data"] == {
        "connection": "twin",
        "id": f"crm-{desk.hoa}",
        "name": "Nguyễn Thị Hoa",
        "phone": "+84912345678",
        "email": "hoa@shop.vn",
        "chat_tags": [],
        "url": f"https://crm.example/records/{desk.hoa}",
        "state": "synced",
        "reason": None,
        "fields": [],
        "waiting_since": None,
        "pushed_at": None,
        "candidates": [],
    }
    await desk.edit(note="Gọi lại")
    assert (await desk.blocks())["crm"]["data"]["state"] == "waiting"


async def test_without_a_record_the_reason_is_told(desk: Desk) -> None:
    """S0.07: not set up, switched off, not linked yet."""
    assert (await desk.blocks())["crm"]["off"]["code"] == "not_set_up"
    desk.mirrors.register(desk.twin)
    assert (await desk.blocks())["crm"]["off"]["code"] == "not_linked"
    await desk.mongo["bots"].update_one({"_id": "bot1"}, {"$set": {"crm_sync": False}})
    off = (await desk.blocks())["crm"]
    assert (off["state"], off["off"]["code"]) == ("off", "sync_off")
    assert off["off"]["vi"] == "Bot chưa bật đồng bộ dữ liệu sang CRM."


async def test_a_crm_that_is_down_is_told_by_its_card_alone(desk: Desk) -> None:
    """S0.07: the card says so, the sidebar still loads."""
    desk.mirrors.register(desk.twin)
    await desk.edit(phones=["0912345678"])
    await desk.twin.push()
    desk.crm.is_down = True
    blocks = await desk.blocks()
    assert (blocks["crm"]["state"], blocks["customer"]["state"]) == ("ok", "ok")
    card = blocks["crm"]["data"]
    assert (card["reason"]["code"], card["phone"]) == ("crm_away", None)
