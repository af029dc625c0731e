"""Edits and their mark for the CRM are one write; the twin pushes the current state."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.config import TagsConfig
from inbox.customers.merging.routes import MergeRoutes
from inbox.customers.merging.store import MergeStore
from inbox.customers.mirroring.marking import Mirrors
from inbox.customers.store import CustomerStore
from inbox.mongo.client import Mongo
from inbox.tags.removing import TagRemoving
from inbox.tags.routes import TagRoutes
from inbox.tags.service import TagService
from tests.inbox.customers.mirroring.mirror_twin import CrmStub, MirrorTwin
from tests.inbox.inbox_world import (
    Answer,
    Api,
    World,
    an_actor,
    inbox_routes,
    media_links,
    serve,
)


class Desk:
    """The API of customers and tags, with a CRM behind the twin."""

    def __init__(self, mongo: Mongo, clock: FixedClock) -> None:
        self.mongo = mongo
        self.crm = CrmStub()
        self.twin = MirrorTwin(mongo, clock, self.crm)
        mirrors = Mirrors(mongo, [self.twin])
        store = CustomerStore(mongo, clock, mirrors)
        self.tags = TagService(mongo, store, clock, TagsConfig())
        self._tables = [
            *inbox_routes(mongo, clock, customers=store),
            TagRoutes(self.tags),
            MergeRoutes(MergeStore(mongo, store, clock), store, media_links(clock)),
        ]
        self.hoa = ""

    async def open(self, *, crm_sync: bool = True) -> None:
        self.api: Api = await serve(
            self._tables, an_actor("lan", "bot1"), an_actor("lead", "bot1", role="manager")
        )
        await self.mongo["bots"].insert_one(
            {"_id": "bot1", "name": "Shop", "member_ids": [], "crm_sync": crm_sync}
        )
        world = World(self.mongo)
        self.hoa = await world.customer("Nguyễn Thị Hoa")
        await world.conversation(self.hoa)

    async def edit(self, **fields: Any) -> Answer:
        return await self.api.call(
            "PATCH", f"/customers/{self.hoa}", "lan", json=fields, headers={"If-Match": "*"}
        )

    async def tag(self, name: str) -> str:
        answer = await self.api.call(
            "POST", f"/customers/{self.hoa}/tags", "lan", json={"name": name}
        )
        tag_id: str = answer.json["tag"]["id"]
        return tag_id

    async def marks(self) -> dict[str, Any]:
        found = await self.mongo["customers"].find_one({"_id": self.hoa})
        assert found is not None
        marks: dict[str, Any] = found.get("crm", {}).get("twin", {})
        return marks


@pytest.fixture
async def desk(mongo: Mongo, clock: FixedClock) -> AsyncIterator[Desk]:
    desk = Desk(mongo, clock)
    yield desk
    await desk.api.close()


async def test_the_switch_of_the_bot_decides(desk: Desk) -> None:
    """S0.02: off: no call and no mark; on: exactly one upsert."""
    await desk.open(crm_sync=False)
    await desk.edit(phones=["0912345678"])
    assert await desk.marks() == {}
    assert await desk.twin.push() == 0

    await desk.mongo["bots"].update_one({"_id": "bot1"}, {"$set": {"crm_sync": True}})
    await desk.edit(phones=["0987654321"])
    assert await desk.twin.push() == 1
    assert await desk.twin.push() == 0
    assert desk.crm.calls == [{"phone": "+84987654321"}]


async def test_of_many_customers_those_are_told_who_write_to_a_bot_with_its_switch_on(
    mongo: Mongo,
) -> None:
    await mongo["bots"].insert_many([{"_id": "on", "crm_sync": True}, {"_id": "off"}])
    world = World(mongo)
    both, off, nobody = [await world.customer(name) for name in ("Hoa", "Lan", "Mai")]
    await world.conversation(both, bot="on")
    await world.conversation(both, bot="off")
    await world.conversation(off, bot="off")

    assert await Mirrors(mongo).wanted_of([both, off, nobody]) == {both}


@pytest.mark.parametrize(
    ("fields", "key", "value"),
    [
        ({"phones": ["0912.345.678"]}, "phone", "+84912345678"),
        ({"emails": ["Hoa@Shop.vn"]}, "email", "Hoa@shop.vn"),
        ({"note": "Thích màu đỏ"}, "note", "Thích màu đỏ"),
    ],
)
async def test_an_edit_reaches_the_crm_and_the_same_value_does_not(
    desk: Desk, fields: dict[str, Any], key: str, value: str
) -> None:
    """S0.04 (phone), S0.05 (email), S0.06 (note)."""
    await desk.open()
    assert (await desk.edit(**fields)).status == 200
    assert desk.twin.woken == 1
    await desk.twin.push()
    assert desk.crm.records[desk.hoa][key] == value
    await desk.edit(**fields)
    assert await desk.twin.push() == 0
    assert len(desk.crm.calls) == 1


async def test_clearing_reaches_the_crm_and_junk_does_not(desk: Desk) -> None:
    """S0.05, S0.06."""
    await desk.open()
    await desk.edit(note="Ghi chú")
    await desk.edit(note="")
    refused = await desk.edit(emails=["không phải email"])
    assert refused.status == 422
    await desk.twin.push()
    assert desk.crm.calls == [{"note": None}]


async def test_tags_reach_the_crm_by_name_and_nothing_else_is_written(desk: Desk) -> None:
    """S0.15, X.TAG.02, X.SYN.04: attach, detach, rename, delete; other fields untouched."""
    await desk.open()
    _, old = await desk.tag("VIP"), await desk.tag("Cũ")
    await desk.twin.push()
    assert desk.crm.records[desk.hoa] == {"owner": "untouched", "chat_tags": ["Cũ", "VIP"]}
    await desk.api.call("DELETE", f"/customers/{desk.hoa}/tags/{old}", "lan")
    await desk.twin.push()
    assert desk.crm.records[desk.hoa]["chat_tags"] == ["VIP"]


async def test_renaming_and_deleting_a_tag_reach_the_crm(desk: Desk) -> None:
    """X.TAG.04."""
    await desk.open()
    tag = await desk.tag("VIP")
    await desk.twin.push()
    await desk.api.call("PATCH", f"/tags/{tag}", "lead", json={"name": "Khách quý"})
    await TagRemoving(desk.tags.store).step()
    await desk.twin.push()
    assert desk.crm.records[desk.hoa]["chat_tags"] == ["Khách quý"]
    await desk.api.call("DELETE", f"/tags/{tag}", "lead", params={"usage": "1"})
    await TagRemoving(desk.tags.store).step()
    await desk.twin.push()
    assert desk.crm.records[desk.hoa]["chat_tags"] == []


async def test_ten_quick_edits_are_one_push_of_the_last_value(desk: Desk) -> None:
    """X.SYN.02 at the mark: the state is pushed, not a queue of edits."""
    await desk.open()
    for number in range(10):
        await desk.edit(note=f"Lần {number}")
    assert await desk.twin.push() == 1
    assert desk.crm.calls == [{"note": "Lần 9"}]


async def test_an_edit_while_its_customer_is_pushed_stays_due(desk: Desk) -> None:
    """X.SYN.01 at the mark: nothing marked is lost, whatever the worker is doing."""
    await desk.open()
    await desk.edit(note="cũ")
    await desk.twin.push(meanwhile=lambda: desk.edit(note="mới"))
    assert await desk.twin.push() == 1
    assert desk.crm.records[desk.hoa]["note"] == "mới"
    assert await desk.twin.push() == 0


async def test_edits_go_on_while_the_crm_is_down(desk: Desk) -> None:
    """X.SYN.01."""
    await desk.open()
    desk.crm.is_down = True
    for number in range(3):
        assert (await desk.edit(note=f"{number}")).status == 200
        assert await desk.twin.push() == 0
    desk.crm.is_down = False
    await desk.twin.push()
    assert desk.crm.records[desk.hoa]["note"] == "2"


async def test_a_merge_marks_what_the_survivor_got(desk: Desk, mongo: Mongo) -> None:
    await desk.open()
    world = World(mongo)
    other = await world.customer("Hoa 2", channel="facebook", phones=["+84912345678"])
    await world.conversation(other, channel="facebook")
    body = {"customer_id": other}
    await desk.api.call("POST", f"/customers/{desk.hoa}/merge", "lan", json=body)
    await desk.twin.push()
    assert desk.crm.records[desk.hoa]["phone"] == "+84912345678"
