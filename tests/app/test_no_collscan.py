"""No read of the API scans a collection, or reads many documents to return few."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from inbox.mongo.client import Document, Mongo
from tests.app.profiled_world import MOST_EXAMINED, ProfiledWorld, profiled_world
from tests.waiting import until

TINY = frozenset({
    "accounts", "attributes", "bots", "canned_replies", "connect_flows", "leases", "migrations",
    "rate_buckets", "service_marks", "staff", "tags",
})  # fmt: skip
"""Collections that stay small whatever a shop does, so that reading them whole is cheapest."""
SWEPT_WHOLE = frozenset({"live_events"})
"""What an erasure reads whole: one day's feed, of which an index more would cost every event."""
NOT_ASKED = frozenset({
    "/api/v1/live",  # a socket; its change stream reads the oplog
    "/api/v1/media/{message_id}/{position}",  # needs a signature; asked for by its signed link
    "/api/v1/avatars/{customer_id}/{identity_id}",
})  # fmt: skip
MORE: dict[str, tuple[dict[str, Any], ...]] = {
    "/api/v1/conversations": (
        *({"view": view} for view in ("mine", "unassigned", "uncared", "inbox", "spam", "deleted")),
        {"limit": 2, "channel": "zalo"},
        {"bot_id": "{bot_id}"},
        {"status": "closed", "limit": 5},
        {"tag": "tag-01"},
        {"q": "nguyen"},
        {"q": "tran mai"},
        {"q": "0912"},
        {"q": "4321"},
        {"customer_id": "{customer_id}"},
        {"unread": "true"},
    ),
    "/api/v1/conversations/counts": ({"bot_id": "{bot_id}"},),
    "/api/v1/conversations/{conversation_id}/messages": ({"around": "{message_id}"},),
    "/api/v1/customers/{customer_id}/media": ({"kind": "image"}, {"kind": "file"}),
    "/api/v1/customers/{customer_id}/timeline": ({"types": "edited"},),
    "/api/v1/canned-replies": ({"bot_id": "{bot_id}"},),
    "/api/v1/search": (
        {"q": "nguyen"},
        {"q": "thi huong"},
        {"q": "0912345678"},
        {"q": "áo khoác", "kind": "messages"},
        {"q": "ao", "kind": "messages", "bot_id": "{bot_id}"},
        {"q": "zzzzz", "kind": "messages"},
    ),
}
"""Queries of a route besides the plain one."""
NEEDED = {
    "/api/v1/search": {"q": "lan"},
    "/api/v1/canned-replies": {"bot_id": "{bot_id}"},
}
"""What a plain call cannot do without."""


@pytest.fixture
async def world(mongo: Mongo, mongo_uri: str, tmp_path: Path) -> AsyncIterator[ProfiledWorld]:
    async with profiled_world(mongo, mongo_uri, tmp_path) as world:
        yield world


async def test_no_get_scans_or_reads_much_for_little(world: ProfiledWorld) -> None:
    await make_more(world)
    await world.start_profiling()

    for path in get_paths(world):
        for query in ({}, *MORE.get(path, ())):
            for actor in ("owner", "sale"):
                await get(world, path, actor, {**NEEDED.get(path, {}), **query})

    found = complaints(await world.profiled())
    assert not found, "\n".join(found)


async def test_no_write_scans_or_reads_much_for_little(world: ProfiledWorld) -> None:
    await world.start_profiling()

    await make_more(world)
    customer, thread = world.ids["customer_id"], world.ids["conversation_id"]
    automation = f"/bots/{world.ids['bot_id']}/automations/{world.ids['automation_id']}"
    for method, path, body in (
        ("PATCH", f"/customers/{customer}", {"phones": ["0912 345 678"], "note": "quen"}),
        (
            "POST",
            f"/conversations/{thread}/messages",
            {"client_id": "c", "text": "Dạ còn ạ", "internal": True},
        ),
        ("PATCH", f"/conversations/{thread}", {"status": "closed"}),
        ("POST", f"/conversations/{thread}/read", {"up_to_seq": 1}),
        ("DELETE", f"/customers/{customer}/tags/{world.ids['tag_id']}", None),
        (
            "PATCH",
            f"/customers/{customer}/enrolments/{world.ids['enrolment_id']}",
            {"action": "skip"},
        ),
        (
            "PATCH",
            f"/bots/{world.ids['bot_id']}/scripts/{world.ids['script_id']}",
            {"name": "Chào"},
        ),
        ("POST", f"/conversations/{thread}/handoff", {}),
        ("POST", f"{automation}/secrets", None),
        ("POST", f"{automation}/deliveries/replay", {}),
        ("DELETE", automation, None),
        ("POST", f"/customers/{customer}/merge", {"customer_id": world.ids["other_id"]}),
        ("POST", f"/customers/{customer}/erasure", None),
    ):
        version = {"If-Match": "1"} if path == f"/customers/{customer}" else {}
        answer = await world.api.call(method, path, "owner", json=body, headers=version)
        assert answer.status < 300, (path, answer.json)
    swept = {"customer_id": customer, "scope": {"$exists": True}, "run.token": {"$exists": False}}

    async def erased() -> bool:
        return await world.mongo["erasures"].find_one(swept) is not None

    await until(erased)

    found = complaints(await world.profiled())
    assert not found, "\n".join(found)


async def make_more(world: ProfiledWorld) -> None:
    """Write through the API what paths need an id of."""
    other = await world.mongo["customers"].find_one({"_id": {"$ne": world.ids["customer_id"]}})
    assert other is not None
    world.ids["other_id"] = other["_id"]
    customer = world.ids["customer_id"]
    tag = await world.api.call("POST", f"/customers/{customer}/tags", "owner", json={"name": "VIP"})
    assert tag.status < 300, tag.json
    found = await world.mongo["tags"].find_one({"key": "vip"})
    assert found is not None
    world.ids["tag_id"] = found["_id"]
    reply = await world.api.call(
        "POST",
        "/canned-replies",
        "owner",
        json={"bot_id": world.ids["bot_id"], "shortcut": "chao", "text": "Chào chị ạ"},
    )
    assert reply.status < 300, reply.json
    world.ids["reply_id"] = reply.json["id"]
    await make_scripts(world)
    automation = await world.api.call(
        "POST",
        f"/bots/{world.ids['bot_id']}/automations",
        "owner",
        json={"name": "Trả lời", "url": "https://bot.shop.vn/in", "answers": True},
    )
    assert automation.status < 300, automation.json
    world.ids["automation_id"] = automation.json["automation"]["id"]


async def make_scripts(world: ProfiledWorld) -> None:
    """One that runs for the customer, and one that a keyword attaches."""
    customer, path = world.ids["customer_id"], f"/bots/{world.ids['bot_id']}/scripts"
    hour = {"when": {"kind": "delay", "n": 1, "unit": "hour"}, "content": {"text": "Dạ"}}
    body = {"name": "Chào khách", "enabled": True, "steps": [hour]}
    for triggers in ([{"kind": "keyword", "words": ["giá"]}], []):
        script = await world.api.call("POST", path, "owner", json={**body, "triggers": triggers})
        assert script.status < 300, script.json
        world.ids["script_id"] = script.json["id"]
    attached = await world.api.call(
        "POST",
        f"/customers/{customer}/enrolments",
        "owner",
        json={"script_ids": [world.ids["script_id"]]},
    )
    assert attached.status < 300, attached.json
    world.ids["enrolment_id"] = attached.json["items"][0]["enrolment"]["id"]


def get_paths(world: ProfiledWorld) -> Iterator[str]:
    for table in world.service.tables():
        for one in table.table():
            operation = one.operation
            if operation.method == "GET" and operation.path not in NOT_ASKED:
                yield operation.path


NOBODYS = frozenset({"staff_id", "session_id", "token_id", "upload_id", "flow_id", "entry_id"})
"""Ids of things that the world has none of: what is not there may not be scanned for either."""


async def get(world: ProfiledWorld, path: str, actor: str, query: dict[str, Any]) -> None:
    def filled(text: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda name: _id(world, name[1]), text)

    values = {name: filled(str(value)) for name, value in query.items()}
    answer = await world.api.get(filled(path).removeprefix("/api/v1"), actor, **values)
    fitting = (200, 403, 404) if NOBODYS & set(re.findall(r"\{(\w+)\}", path)) else (200, 403)
    assert answer.status in fitting, (path, query, answer.status, answer.json)


def _id(world: ProfiledWorld, name: str) -> str:
    if name in NOBODYS:
        return "a" * 26
    return world.ids[name]


def complaints(profiled: list[Document]) -> list[str]:
    """What the database did and should not have; each kind once."""
    assert len(profiled) > 20, "the profiler saw nothing"
    return sorted({complaint for one in profiled if (complaint := _complaint(one))})


def _complaint(one: Document) -> str | None:
    collection = one["ns"].partition(".")[2]
    command = one.get("originatingCommand") or one.get("command") or {}
    if collection in TINY or collection.startswith(("system.", "$cmd")) or _watches(command):
        return None
    asked = command.get("filter") or command.get("pipeline") or command.get("q") or command
    if "COLLSCAN" in one.get("planSummary", ""):
        return f"{collection} is scanned: {asked}"
    if collection in SWEPT_WHOLE and one["op"] == "remove":
        return None
    examined = one.get("docsExamined", 0)
    if examined > MOST_EXAMINED * max(_given(one), 1):
        return f"{collection} reads {examined} for {_given(one)}: {asked}"
    return None


def _watches(command: Document) -> bool:
    pipeline = command.get("pipeline") or []
    return bool(pipeline) and "$changeStream" in pipeline[0]


def _given(one: Document) -> int:
    """Documents that came of it: returned, changed or deleted."""
    names = ("nreturned", "nMatched", "nModified", "ndeleted", "nUpserted")
    return max(one.get(name) or 0 for name in names)
