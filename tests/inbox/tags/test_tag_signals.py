"""What automations learn of tags: where a script was attached, and where one may begin."""

from datetime import timedelta
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.config import TagsConfig
from inbox.customers.store import CustomerStore
from inbox.mongo.client import Document, Mongo
from inbox.tags.model import Tag
from inbox.tags.removing import SETTLED_AFTER, TagRemoving
from inbox.tags.service import TagService
from tests.inbox.inbox_world import World, an_actor

LAN = an_actor("lan", "bot1")
LEAD = an_actor("lead", "bot1", role="manager")


@pytest.fixture
def world(mongo: Mongo) -> World:
    return World(mongo)


@pytest.fixture
def service(mongo: Mongo, clock: FixedClock) -> TagService:
    return TagService(mongo, CustomerStore(mongo, clock), clock, TagsConfig())


@pytest.fixture
async def vip(service: TagService) -> Tag:
    return await service.create("VIP", None, LEAD)


async def customer(world: World, **fields: Any) -> str:
    id_ = await world.customer("Hoa", **fields)
    await world.conversation(id_)
    return id_


async def told(mongo: Mongo) -> list[Document]:
    return await mongo["signals"].find({}, {"_id": 0, "work": 0}).to_list()


async def test_nothing_is_told_where_no_script_cares(
    world: World, service: TagService, vip: Tag, mongo: Mongo
) -> None:
    hoa = await customer(world)

    await service.attach(hoa, vip.id, LAN)
    await service.detach(hoa, vip.id, LAN)

    assert await told(mongo) == []


async def test_tags_of_a_customer_with_scripts_are_told_once(
    world: World, service: TagService, vip: Tag, mongo: Mongo, clock: FixedClock
) -> None:
    hoa = await customer(world, automated=True)
    for _ in range(2):
        await service.attach(hoa, vip.id, LAN)
    for _ in range(2):
        await service.detach(hoa, vip.id, LAN)

    about: dict[str, Any] = {"at": clock.now(), "customer_id": hoa, "tag_id": vip.id}
    assert await told(mongo) == [
        {"kind": "tag_added", **about},
        {"kind": "tag_removed", **about},
    ]


async def test_a_tag_that_begins_scripts_is_told_of_everybody_who_gets_it(
    world: World, service: TagService, vip: Tag, mongo: Mongo
) -> None:
    await mongo["tags"].update_one({"_id": vip.id}, {"$set": {"triggers_scripts": True}})
    hoa = await customer(world)

    await service.attach(hoa, vip.id, LAN)
    await service.detach(hoa, vip.id, LAN)

    assert [one["kind"] for one in await told(mongo)] == ["tag_added"]


async def test_a_deleted_tag_is_told_as_taken_from_those_with_scripts(
    world: World, service: TagService, vip: Tag, mongo: Mongo, clock: FixedClock
) -> None:
    hoa, mai = await customer(world, automated=True), await customer(world)
    for one in (hoa, mai):
        await service.attach(one, vip.id, LAN)
    await mongo["signals"].delete_many({})

    await service.delete(vip.id, 2, LEAD)
    removing = TagRemoving(service.store)
    await removing.step()
    clock.advance(SETTLED_AFTER + timedelta(seconds=1))
    await removing.step()

    assert [(one["kind"], one["customer_id"]) for one in await told(mongo)] == [
        ("tag_removed", hoa)
    ]
