"""Canned replies over HTTP: written by leaders, used by everybody of the bot."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from inbox.canned.routes import CannedRoutes
from inbox.canned.service import CannedReplies
from inbox.clock import FixedClock
from inbox.conversations.reading.store import ConversationReads
from inbox.mongo.client import Mongo
from tests.inbox.inbox_world import Answer, Api, World, an_actor, inbox_routes, serve


@pytest.fixture
async def api(mongo: Mongo, clock: FixedClock) -> AsyncIterator[Api]:
    replies = CannedReplies(mongo, ConversationReads(mongo), clock)
    actors = [
        an_actor("lan", "bot1"),
        an_actor("guest", "bot2"),
        an_actor("lead", "bot1", role="manager"),
        an_actor("boss", role="admin"),
    ]
    api = await serve([*inbox_routes(mongo, clock), CannedRoutes(replies)], *actors)
    yield api
    await api.close()


async def write(api: Api, as_: str = "lead", **body: Any) -> Answer:
    wanted = {"shortcut": "chao", "text": "Chào {{given_name, bạn}}", "bot_id": "bot1"} | body
    return await api.call("POST", "/canned-replies", as_, json=wanted)


async def shortcuts(api: Api, as_: str) -> list[str]:
    return [one["shortcut"] for one in (await api.get("/canned-replies", as_)).json["items"]]


async def test_a_canned_reply_is_filled_in_for_the_customer(api: Api, mongo: Mongo) -> None:
    """X.INB.05: inserted with placeholders."""
    world = World(mongo)
    await mongo["bots"].insert_one({"_id": "bot1", "name": "Shop Hoa"})
    hoa = await world.customer("Nguyễn Thị Hồng Ánh", phones=["+84912345678"])
    known, unknown = await world.conversation(hoa), await world.conversation(None)
    text = "Chào {{given_name, bạn}} ({{phone, chưa có số}}), em là {{agent}} của {{shop}}."
    reply = (await write(api, text=text)).json["id"]

    shown = await api.get(f"/conversations/{known}/canned-replies/{reply}", "lan")
    assert shown.json["text"] == "Chào Ánh (+84912345678), em là lan của Shop Hoa."
    shown = await api.get(f"/conversations/{unknown}/canned-replies/{reply}", "lan")
    assert shown.json["text"] == "Chào bạn (chưa có số), em là lan của Shop Hoa."
    assert (await api.get(f"/conversations/{known}/canned-replies/{reply}", "guest")).status == 403


async def test_an_unknown_placeholder_is_not_saved(api: Api) -> None:
    refused = await write(api, text="Chào {{tên}}")
    assert (refused.status, refused.json["code"]) == (422, "placeholder_unknown")
    assert "tên" in refused.json["errors"][0]["message"]
    assert await shortcuts(api, "lead") == []


async def test_each_bot_has_its_own_beside_those_of_all(api: Api) -> None:
    await write(api, shortcut="gia", text="Giá")
    await write(api, "boss", shortcut="ship", text="Ship", bot_id=None)
    await write(api, "boss", shortcut="khac", text="Khác", bot_id="bot2")

    assert await shortcuts(api, "lan") == ["gia", "ship"]
    assert await shortcuts(api, "guest") == ["khac", "ship"]
    assert await shortcuts(api, "boss") == ["gia", "khac", "ship"]


async def test_leaders_write_only_for_their_own_bots(api: Api) -> None:
    refused = [
        await write(api, "lan"),
        await write(api, "lead", bot_id="bot2"),
        await write(api, "lead", bot_id=None),
    ]
    assert [one.status for one in refused] == [403, 403, 403]


async def test_a_shortcut_is_one_whatever_its_case_and_accents(api: Api) -> None:
    first = (await write(api, shortcut="chào")).json["id"]
    taken = await write(api, shortcut="CHAO")
    assert (taken.status, taken.json["code"]) == (422, "shortcut_taken")
    assert (await write(api, "boss", shortcut="chao", bot_id="bot2")).status == 201

    again = await api.call("PATCH", f"/canned-replies/{first}", "lead", json={"shortcut": "CHÀO"})
    assert again.json["shortcut"] == "CHÀO", "another spelling of its own is fine"
    for wrong in ("", "hai tu", "/x"):
        assert (await write(api, shortcut=wrong)).status == 422


async def test_edits_and_deletions_are_audited(api: Api, mongo: Mongo) -> None:
    reply = (await write(api)).json["id"]
    await api.call("PATCH", f"/canned-replies/{reply}", "lead", json={"text": "Xin chào"})
    await api.call("PATCH", f"/canned-replies/{reply}", "lead", json={"text": "Xin chào"})
    assert (await api.call("DELETE", f"/canned-replies/{reply}", "lead")).status == 204
    assert (await api.call("DELETE", f"/canned-replies/{reply}", "lead")).status == 404

    audited = [entry["action"] async for entry in mongo["audit"].find().sort("_id", 1)]
    assert audited == ["canned_reply_created", "canned_reply_edited", "canned_reply_deleted"]
