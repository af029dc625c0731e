"""The sidebar in one call, whatever some block of it does."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from app.customers import Customers
from app.scripts import Enrolling
from inbox.clock import FixedClock
from inbox.config import InboxConfig
from inbox.conversations.reading.store import ConversationReads
from inbox.mongo.client import Mongo
from inbox.panels import PanelContext, PanelOff, Panels
from inbox.sidebar.routes import SidebarRoutes
from tests.inbox.inbox_world import (
    Api,
    World,
    an_actor,
    inbox_routes,
    media_links,
    minutes,
    serve,
)

ACTORS = (an_actor("lan", "bot1"), an_actor("guest", "bot2"), an_actor("boss", role="admin"))
BLOCKS = ["customer", "people", "tags", "scripts", "media", "crm", "duplicates", "suggestions"]


@pytest.fixture
def world(mongo: Mongo) -> World:
    return World(mongo)


@pytest.fixture
async def api(mongo: Mongo, clock: FixedClock) -> AsyncIterator[Api]:
    config = InboxConfig.model_validate({"secret_key": "A" * 43})
    scripts = Enrolling(mongo, clock).panels()
    customers = Customers(mongo, clock, config, media_links(clock), panels=scripts)
    api = await serve([*inbox_routes(mongo, clock), *customers.tables()], *ACTORS)
    yield api
    await api.close()


@pytest.fixture
async def thread(world: World, mongo: Mongo) -> str:
    await mongo["bots"].insert_one({"_id": "bot1", "name": "Shop", "member_ids": ["lan", "minh"]})
    await mongo["staff"].insert_many(
        [
            {
                "_id": one,
                "name": one.title(),
                "initials": one[0].upper(),
                "active": True,
                "email": one,
            }
            for one in ("lan", "minh", "an")
        ]
    )
    hoa = await world.customer(
        "Nguyễn Thị Hoa", phones=["+84912345678"], owner_id="minh", follower_ids=["an"]
    )
    await world.customer("Hoa 2", phones=["+84912345678"])
    thread = await world.conversation(hoa, participant_ids=["lan", "minh"], last_carer_id="minh")
    await world.message(thread, "mail hoa@shop.vn", at=minutes(1))
    image = {"kind": "image", "name": "áo.jpg", "copy": {"state": "failed", "reason": "gone"}}
    await world.message(thread, at=minutes(2), attachments=[image])
    return thread


async def blocks(api: Api, thread: str, as_: str = "lan") -> dict[str, Any]:
    answer = await api.get(f"/conversations/{thread}/sidebar", as_)
    assert answer.status == 200
    found: dict[str, Any] = answer.json["blocks"]
    return found


async def test_one_call_gives_every_block(api: Api, thread: str) -> None:
    """S0.01."""
    await api.call("POST", "/canned-replies", "boss", json={"shortcut": "x", "text": "x"})
    shown = await blocks(api, thread)
    assert list(shown) == BLOCKS
    states = {name: block["state"] for name, block in shown.items()}
    assert states == dict.fromkeys(BLOCKS, "ok") | {"crm": "off"}
    assert shown["customer"]["data"]["name"] == "Nguyễn Thị Hoa"
    assert shown["media"]["data"]["items"][0]["name"] == "áo.jpg"
    assert shown["suggestions"]["data"]["items"][0]["value"] == "hoa@shop.vn"
    assert shown["duplicates"]["data"]["items"][0]["name"] == "Hoa 2"
    assert shown["crm"]["off"]["vi"] == "Chưa kết nối CRM."


async def test_who_may_see_it(api: Api, thread: str) -> None:
    """S0.01: member and admin 200, signed out 401, outside the bot 403."""
    path = f"/conversations/{thread}/sidebar"
    statuses = {who: (await api.get(path, who)).status for who in ("lan", "boss", "guest", None)}
    assert statuses == {"lan": 200, "boss": 200, "guest": 403, None: 401}
    assert (await api.get("/conversations/nothing/sidebar", "lan")).status == 404


async def test_the_people_block_follows_the_split_switch(
    api: Api, thread: str, mongo: Mongo
) -> None:
    """S0.08: off: participants and no assignee field. S0.10: on: the assignee is among them."""
    people = (await blocks(api, thread))["people"]["data"]
    assert [one["name"] for one in people["participants"]] == ["Lan", "Minh"]
    assert "assignee" not in people
    assert (people["last_carer"]["id"], people["owner"]["id"]) == ("minh", "minh")
    assert [one["id"] for one in people["followers"]] == ["an"]

    await mongo["bots"].update_one({"_id": "bot1"}, {"$set": {"split.enabled": True}})
    await mongo["conversations"].update_one({"_id": thread}, {"$set": {"assignee_id": "minh"}})
    people = (await blocks(api, thread))["people"]["data"]
    assert people["assignee"]["id"] == "minh"
    assert people["assignee"] in people["participants"]


async def test_tags_are_shown_in_the_sidebar(api: Api, thread: str) -> None:
    """S0.12: attached in the sidebar, shown in the sidebar."""
    customer = (await blocks(api, thread))["customer"]["data"]["id"]
    await api.call("POST", f"/customers/{customer}/tags", "lan", json={"name": "VIP"})
    tags = (await blocks(api, thread))["tags"]["data"]
    assert [one["name"] for one in tags["items"]] == ["VIP"]
    assert tags["may_create"] is True


async def test_a_conversation_without_a_customer_has_a_sidebar_too(
    api: Api, world: World, thread: str
) -> None:
    group = await world.conversation(None, kind="group")
    shown = await blocks(api, group)
    assert {name for name, block in shown.items() if block["state"] == "ok"} == {"people", "media"}
    assert shown["customer"]["off"]["code"] == "no_customer"


class Slow:
    name = "slow"

    async def show(self, _: PanelContext, /) -> None:
        await asyncio.Event().wait()


class Broken:
    name = "broken"

    async def show(self, _: PanelContext, /) -> None:
        raise ZeroDivisionError


class Off:
    name = "off"

    async def show(self, _: PanelContext, /) -> None:
        raise PanelOff("asleep", vi="Ngủ", en="Asleep")


class Fine:
    name = "fine"

    async def show(self, context: PanelContext) -> dict[str, str]:
        return {"who": context.actor.id}


async def test_a_slow_or_broken_block_is_marked_and_fails_nothing_else(
    mongo: Mongo, world: World
) -> None:
    panels = Panels([Slow(), Broken(), Off(), Fine()], within=timedelta(milliseconds=50))
    thread = await world.conversation(await world.customer("Hoa"))
    api = await serve([SidebarRoutes(panels, ConversationReads(mongo))], *ACTORS)
    try:
        shown = await blocks(api, thread)
    finally:
        await api.close()
    assert {name: block["state"] for name, block in shown.items()} == {
        "slow": "slow",
        "broken": "failed",
        "off": "off",
        "fine": "ok",
    }
    assert shown["fine"]["data"] == {"who": "lan"}
    assert shown["broken"]["data"] is None
