"""Twenty clients at once over two processes: edits, tags, suggestions, merges and their undoing."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.customers import Customers
from inbox.clock import FixedClock
from inbox.config import InboxConfig
from inbox.mongo.client import Mongo
from tests.inbox.inbox_world import (
    Answer,
    Api,
    World,
    an_actor,
    inbox_routes,
    media_links,
    minutes,
    serve,
)

CLIENTS = 20
TURNS = 10
TAGS = ("VIP", "Khách sỉ", "Nợ", "vip ", "KHÁCH SỈ")
"""Three tags in five spellings."""
BUSY = 503
PHONE = "+84912345678"


@dataclass
class Shop:
    """`twins` are two records each of people who are merged and parted; `singles` stay alone."""

    singles: list[str]
    twins: list[tuple[str, str]]

    def anybody(self, dice: random.Random) -> str:
        return dice.choice([*self.singles, *(one for pair in self.twins for one in pair)])


@dataclass
class Heard:
    """What all clients were told: of what is stored for sure, and what perhaps is."""

    notes: list[str] = field(default_factory=list)
    visits: Counter[str] = field(default_factory=Counter)
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    steps_back: list[str] = field(default_factory=list)
    busy: int = 0


@dataclass
class Client:
    """One agent: looks, thinks and clicks, without waiting for the others."""

    number: int
    api: Api
    shop: Shop
    heard: Heard
    seen: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.number)

    async def work(self) -> None:
        turns = (self.write, self.write, self.count, self.tag, self.tag, self.decide, self.join)
        for turn in range(TURNS):
            await self.dice.choice(turns)(turn)

    async def call(self, what: str, method: str, path: str, **options: Any) -> Answer:
        """Ask; an answer that says that the database is busy and to repeat is repeated."""
        while True:
            answer = await self.api.call(method, path, "lan", **options)
            if answer.status != BUSY:
                self.heard.answers[what, answer.status] += 1
                return answer
            self.heard.busy += 1

    async def look(self, id_: str) -> dict[str, Any]:
        answer = await self.call("look", "GET", f"/customers/{id_}")
        assert answer.status == 200, answer.json
        shown: dict[str, Any] = answer.json
        if shown["version"] < self.seen.get(shown["id"], 0):
            self.heard.steps_back.append(shown["id"])
        self.seen[shown["id"]] = shown["version"]
        return shown

    async def edit(self, what: str, id_: str, version: int, body: dict[str, Any]) -> Answer:
        headers = {"If-Match": f'"{version}"'}
        return await self.call(what, "PATCH", f"/customers/{id_}", json=body, headers=headers)

    async def write(self, turn: int) -> None:
        """Add a word of one's own to the note that one has read; on a clash read it again."""
        id_, word = self.shop.anybody(self.dice), f"[{self.number}.{turn}]"
        for _ in range(3):
            shown = await self.look(id_)
            body = {"note": f"{shown['note']} {word}", "attributes": {"address": word}}
            if (await self.edit("write", id_, shown["version"], body)).status == 200:
                self.heard.notes.append(word)
                return

    async def count(self, _: int) -> None:
        """Count a visit: reads a number and writes the next one."""
        id_ = self.dice.choice(self.shop.singles)
        for _ in range(5):
            shown = await self.look(id_)
            visits = shown["attributes"].get("visits", 0) + 1
            body = {"attributes": {"visits": visits}}
            if (await self.edit("count", id_, shown["version"], body)).status == 200:
                self.heard.visits[id_] += 1
                return

    async def tag(self, _: int) -> None:
        id_ = self.shop.anybody(self.dice)
        path = f"/customers/{id_}/tags"
        attached = await self.call("tag", "POST", path, json={"name": self.dice.choice(TAGS)})
        if attached.status == 200 and self.dice.random() < 0.3:
            await self.call("untag", "DELETE", f"{path}/{attached.json['tag']['id']}")

    async def decide(self, _: int) -> None:
        path = f"/customers/{self.shop.anybody(self.dice)}/suggestions"
        for one in (await self.call("suggestions", "GET", path)).json["items"]:
            decision = self.dice.choice(("save", "decline"))
            body = {"kind": one["kind"], "value": one["value"], "decision": decision}
            await self.call("decide", "POST", path, json=body)

    async def join(self, _: int) -> None:
        """Merge two records of one person, or part them again."""
        pair = list(self.dice.choice(self.shop.twins))
        self.dice.shuffle(pair)
        if self.dice.random() < 0.5:
            body = {"customer_id": pair[1]}
            await self.call("merge", "POST", f"/customers/{pair[0]}/merge", json=body)
            return
        shown = await self.call("duplicates", "GET", f"/customers/{pair[0]}/duplicates")
        if last := shown.json["last_merge"]:
            await self.call("undo", "POST", f"/merges/{last['id']}/undo")


@pytest.fixture
async def shop(mongo: Mongo) -> Shop:
    world = World(mongo)
    await mongo["bots"].insert_one({"_id": "bot1", "name": "Shop", "member_ids": ["lan"]})
    await mongo["attributes"].insert_one(
        {
            "_id": "visits",
            "key": "visits",
            "label": {"vi": "Số lần ghé", "en": "Visits"},
            "type": "number",
            "position": 9,
            "required": False,
            "builtin": False,
        }
    )
    ids = []
    for number in range(8):
        id_ = await world.customer(f"Khách {number}", phones=[PHONE] if number > 2 else [])
        thread = await world.conversation(id_, at=minutes(number))
        text = f"sđt 098765432{number}, mail khach{number}@shop.vn"
        await world.message(thread, text, at=minutes(number))
        await world.conversation(id_, at=minutes(number), kind="comment")
        ids.append(id_)
    return Shop(ids[:2], [(ids[2], ids[3]), (ids[4], ids[5]), (ids[6], ids[7])])


@pytest.fixture
async def processes(mongo: Mongo, mongo_uri: str, clock: FixedClock) -> AsyncIterator[list[Api]]:
    """Two processes' worth: nothing is shared but the database."""
    config = InboxConfig.model_validate({"secret_key": "A" * 43})
    found: list[tuple[Api, Mongo]] = []
    for _ in range(2):
        own = Mongo.connect(mongo_uri, mongo.db.name)
        customers = Customers(own, clock, config, media_links(clock))
        tables = [*inbox_routes(own, clock, customers=customers.store), *customers.tables()]
        found.append((await serve(tables, an_actor("lan", "bot1")), own))
    yield [api for api, _ in found]
    for api, own in found:
        await api.close()
        await own.close()


async def test_twenty_clients_at_once_lose_nothing_and_double_nothing(
    mongo: Mongo, shop: Shop, processes: list[Api]
) -> None:
    heard = Heard()
    clients = [Client(n, processes[n % 2], shop, heard) for n in range(CLIENTS)]

    async with asyncio.timeout(200):
        await asyncio.gather(*(client.work() for client in clients))

    await every_answer_was_one_of_the_documented(heard)
    await no_edit_was_lost(mongo, shop, heard)
    await every_edit_was_told_once(mongo, heard)
    await no_tag_is_doubled(mongo, shop)
    await documents_hold_together(mongo)
    assert heard.steps_back == []


async def every_answer_was_one_of_the_documented(heard: Heard) -> None:
    """And the turns that this is about did happen, and did collide."""
    allowed = {
        "write": {200, 412},
        "count": {200, 412},
        "merge": {200, 422},
        "undo": {200, 404, 409},
        "untag": {204},
        "decide": {200, 412, 422},
    }
    odd = {key: n for key, n in heard.answers.items() if key[1] not in allowed.get(key[0], {200})}
    assert odd == {}
    assert heard.busy < sum(heard.answers.values()) / 20
    for what in ("write", "count", "tag", "decide", "merge", "undo"):
        assert sum(n for (name, s), n in heard.answers.items() if name == what and s == 200), what
    assert heard.answers["write", 412] + heard.answers["count", 412] > 0


async def no_edit_was_lost(mongo: Mongo, shop: Shop, heard: Heard) -> None:
    """What was answered with 200 is there, however often records were merged and parted."""
    customers = await mongo["customers"].find().to_list()
    written = " ".join(one["note"] for one in customers)
    assert [word for word in heard.notes if word not in written] == []
    counted = {one["_id"]: one["attributes"].get("visits", 0) for one in customers}
    assert {id_: counted[id_] for id_ in shop.singles} == {
        id_: heard.visits[id_] for id_ in shop.singles
    }


async def every_edit_was_told_once(mongo: Mongo, heard: Heard) -> None:
    """In the timeline and in the audit log, with what it was made of."""
    rows = await mongo["interactions"].find({"type": "edited"}).to_list()
    told = Counter(row["data"]["after"].get("attributes.address") for row in rows)
    assert {word: told[word] for word in heard.notes} == dict.fromkeys(heard.notes, 1)
    assert len(rows) == await mongo["audit"].count_documents({"action": "customer_edited"})
    for kind in ("merged", "unmerged"):
        count = await mongo["interactions"].count_documents({"type": kind})
        assert count == await mongo["audit"].count_documents({"action": f"customers_{kind}"})


async def no_tag_is_doubled(mongo: Mongo, shop: Shop) -> None:
    """One tag per name whatever its spelling, once per customer; rows tell how it came to be."""
    tags = await mongo["tags"].find().to_list()
    assert sorted(tag["key"] for tag in tags) == ["khach si", "no", "vip"]
    async for one in mongo["customers"].find():
        assert len(one["tag_ids"]) == len(set(one["tag_ids"]))
    for id_ in shop.singles:
        customer = await mongo["customers"].find_one({"_id": id_})
        assert customer is not None
        balance: Counter[str] = Counter()
        async for row in mongo["interactions"].find({"customer_id": id_}):
            balance[row["data"].get("tag_id")] += {"tag_added": 1, "tag_removed": -1}.get(
                row["type"], 0
            )
        assert {tag for tag, n in balance.items() if n} == set(customer["tag_ids"])
        assert set(balance.values()) <= {0, 1}


async def documents_hold_together(mongo: Mongo) -> None:
    """Identities are in one customer each, and everything leads to a customer who is there."""
    customers = {one["_id"]: one async for one in mongo["customers"].find()}
    redirects = {one["_id"]: one["to"] async for one in mongo["redirects"].find()}
    held = Counter(i["id"] for one in customers.values() for i in one["identities"])
    assert len(held) == 8
    assert set(held.values()) == {1}
    assert redirects.keys().isdisjoint(customers)
    assert set(redirects.values()) <= customers.keys()
    assert len(customers) + len(redirects) == 8
    async for thread in mongo["conversations"].find():
        id_ = thread["customer_id"]
        assert redirects.get(id_, id_) in customers
    for one in customers.values():
        for versions in one["field_versions"].values():
            newest = max(versions.values()) if isinstance(versions, dict) else versions
            assert newest <= one["version"]
        assert set(one["merged_from"]) == {i for i, to in redirects.items() if to == one["_id"]}
