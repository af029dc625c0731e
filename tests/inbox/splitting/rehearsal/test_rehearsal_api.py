"""Rehearsals over HTTP: stored arrivals under a draft, with nothing changed by it."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from bson import encode

from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from inbox.splitting.configuring import SplitConfiguring
from inbox.splitting.documents import receipt_document
from inbox.splitting.model import Receipt, ReceiptKind
from inbox.splitting.rehearsal.routes import RehearsalRoutes
from inbox.splitting.rehearsal.store import RehearsalStore
from tests.inbox.inbox_world import Answer, Api, World, an_actor, serve

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
EVEN: dict[str, Any] = {"name": "Mặc định", "when": None}


class Past:
    """What happened at a bot lately."""

    def __init__(self, mongo: Mongo, clock: FixedClock) -> None:
        self.mongo = mongo
        self.clock = clock
        self.world = World(mongo)
        self._receipts = 0

    async def came(
        self, at: datetime, *, by: str | None = None, text: str = "Chào shop", **fields: Any
    ) -> str:
        """A new conversation, answered by somebody five minutes later."""
        customer = fields.pop("customer", None) or await self.world.customer("Ánh")
        last = {"message_id": "m", "text": text, "at": at, "by": "customer"}
        answered: dict[str, Any] = (
            {"last_carer_id": by, "last_out_at": at + 5 * MINUTE} if by else {}
        )
        id_ = await self.world.conversation(
            customer, created_at=at, last=last, **(answered | fields)
        )
        await self.world.message(id_, text, at=at)
        if by:
            author = {"kind": "staff", "id": by}
            await self.world.message(id_, "Dạ", at=at + 5 * MINUTE, direction="out", author=author)
        return id_

    async def receipt(
        self, conversation: str, kind: ReceiptKind, at: datetime, chosen: str | None = None
    ) -> None:
        receipt = Receipt(
            conversation_id=conversation, bot_id="bot1", kind=kind, at=at, chosen=chosen
        )
        self._receipts += 1
        id_ = f"receipt{self._receipts}"
        await self.mongo["receipts"].insert_one({"_id": id_, **receipt_document(receipt)})


@pytest.fixture
async def past(mongo: Mongo, clock: FixedClock) -> Past:
    await mongo["bots"].insert_many(
        [
            {"_id": "bot1", "name": "A", "member_ids": ["lan", "minh"], "version": 1},
            {"_id": "bot2", "name": "B", "member_ids": ["hoa"], "version": 1},
        ]
    )
    await mongo["staff"].insert_many(
        [
            {"_id": one, "name": one.title(), "role": "sale", "active": True, "email": one}
            for one in ("lan", "minh", "hoa")
        ]
    )
    return Past(mongo, clock)


@pytest.fixture
async def api(past: Past) -> AsyncIterator[Api]:
    api = await _api(past, RehearsalStore(past.mongo))
    yield api
    await api.close()


async def _api(past: Past, store: RehearsalStore) -> Api:
    routes = RehearsalRoutes(store, SplitConfiguring(past.mongo, past.clock), past.clock)
    return await serve([routes], an_actor("boss", role="admin"), an_actor("lead", "bot1"))


async def tried(api: Api, as_: str = "boss", days: int = 7, **body: Any) -> Answer:
    return await api.call("POST", "/bots/bot1/split/rehearsal", as_, json={"days": days, **body})


def given(answer: Answer) -> dict[str, tuple[int, int]]:
    """Rehearsed and happened, by person."""
    assert answer.status == 200, answer.json
    return {one["staff_id"]: (one["given"], one["happened"]) for one in answer.json["shares"]}


async def test_a_draft_stands_beside_what_happened(api: Api, past: Past) -> None:
    """X.SPL.02 X.SPL.04 X.SPL.05"""
    now = past.clock.now()
    ids = [await past.came(now - DAY + n * MINUTE, by="lan") for n in range(8)]
    await past.came(now - 8 * DAY, by="lan")
    await past.came(now - DAY, by="hoa", bot="bot2")
    await past.came(now - DAY, kind="group")

    stored = await tried(api)
    assert given(stored) == {"lan": (4, 8), "minh": (4, 0)}
    assert (stored.json["arrivals"], stored.json["same"], stored.json["different"]) == (8, 4, 4)
    assert stored.json["differences"][0]["conversation_id"] in ids
    assert stored.json["differences"][0]["happened"] == "lan"
    assert (stored.json["cut"], stored.json["waits"]["at_once"]) == (False, 8)

    pool = [{"staff_id": "lan", "weight": 3}, {"staff_id": "minh", "weight": 1}]
    weighted = {**EVEN, "mode": "weighted", "pool": pool}
    assert given(await tried(api, rules=[weighted])) == {"lan": (6, 8), "minh": (2, 0)}
    codes = {one["code"] for one in stored.json["assumptions"]}
    assert codes == {
        "presence_by_shift",
        "customers_as_of_now",
        "people_as_of_now",
        "first_hands_only",
    }


async def test_rules_look_at_the_first_message(api: Api, past: Past) -> None:
    """X.SPL.03"""
    now = past.clock.now()
    await past.came(now - DAY, text="Cho hỏi GIÁ sỉ")
    await past.came(now - DAY + MINUTE, text="Alo")
    when = {"field": "keyword", "op": "contains", "value": "giá sỉ"}
    rule = {"name": "Sỉ", "when": when, "mode": "fixed", "pool": [{"staff_id": "minh"}]}
    manual = {**EVEN, "mode": "manual"}
    answer = await tried(api, rules=[{**rule, "id": "wholesale"}, manual])
    assert given(answer)["minh"] == (1, 0)
    assert answer.json["unassigned"] == {"manual": 1}
    assert [(one["rule_id"], one["arrivals"]) for one in answer.json["by_rule"]] == [
        ("wholesale", 1),
        ("draft-2", 1),
    ]


async def test_people_work_in_their_shifts_and_customers_wait_for_them(
    api: Api, past: Past
) -> None:
    """X.SPL.10 X.SPL.15: ten in the morning; Minh comes at one."""
    now = past.clock.now()
    await past.came(now - DAY)
    hours = {"weekdays": {day: [{"from": "13:00", "to": "17:00"}] for day in ("sat", "sun")}}
    answer = await tried(
        api, settings={"working_hours": hours}, rules=[{**EVEN, "eligible": "online_on_shift"}]
    )
    assert answer.json["waits"] == {
        "assigned": 1,
        "at_once": 0,
        "p50_s": 3 * 3600,
        "p90_s": 3 * 3600,
        "max_s": 3 * 3600,
    }


async def test_what_was_reopened_is_an_arrival_of_its_own(api: Api, past: Past) -> None:
    """X.SPL.12: the returning customer goes to whom they know."""
    now = past.clock.now()
    old = await past.came(now - 60 * DAY, by="minh")
    first, again = now - 2 * DAY, now - DAY
    await past.receipt(old, "assigned", now - 60 * DAY, "minh")
    await past.receipt(old, "waiting", first)
    await past.receipt(old, "assigned", first + MINUTE, "lan")
    await past.receipt(old, "transferred", first + 2 * MINUTE, "minh")
    await past.receipt(old, "claimable", again)
    await past.receipt(old, "claimed", again + MINUTE, "lan")
    last = {"message_id": "m", "text": "Alo", "at": again, "by": "customer"}
    await past.mongo["conversations"].update_one({"_id": old}, {"$set": {"last": last}})

    answer = await tried(api, rules=[{**EVEN, "keep_returning": {"enabled": True}}])
    assert answer.json["arrivals"] == 2
    assert given(answer) == {"lan": (0, 2), "minh": (2, 0)}
    assert {one["conversation_id"] for one in answer.json["differences"]} == {old}
    assert {one["way"] for one in answer.json["differences"]} == {"returning"}


async def test_what_is_too_much_is_cut_where_it_is_still_whole(past: Past) -> None:
    now = past.clock.now()
    for n in range(6):
        await past.came(now - DAY + n * MINUTE)
    old = await past.came(now - 3 * DAY)  # its newest message is among the newest, it came long ago
    last = {"message_id": "m", "text": "Alo", "at": now - MINUTE, "by": "customer"}
    await past.mongo["conversations"].update_one({"_id": old}, {"$set": {"last": last}})
    api = await _api(past, RehearsalStore(past.mongo, most=4))
    answer = await tried(api)
    await api.close()
    assert (answer.json["cut"], answer.json["arrivals"]) == (True, 3)
    assert datetime.fromisoformat(answer.json["since"]) == now - DAY + 3 * MINUTE
    assert answer.json["assumptions"][-1]["code"] == "cut"


async def test_nothing_came_and_nothing_is_rehearsed(api: Api) -> None:
    answer = await tried(api)
    assert (answer.json["arrivals"], given(answer)) == (0, {"lan": (0, 0), "minh": (0, 0)})


async def test_a_draft_is_checked_like_what_is_saved(api: Api) -> None:
    wrong = await tried(
        api,
        settings={"time_zone": "Asia/Saigonn"},
        rules=[
            {"name": "X", "when": None},
            {"name": "Y", "when": {"field": "moon", "op": "is", "value": 1}, "id": "y"},
            {**EVEN, "id": "y", "pool": [{"staff_id": "hoa"}]},
        ],
    )
    assert wrong.status == 422
    assert {one["field"]: one["code"] for one in wrong.json["errors"]} == {
        "settings.time_zone": "unknown_time_zone",
        "rules.0.when": "condition_needed",
        "rules.1.when.field": "unknown_field",
        "rules.2.id": "twice",
        "rules.2.pool.0.staff_id": "unknown_staff",
    }
    for days in (0, 31):
        assert (await tried(api, days=days)).status == 422
    assert (await tried(api, as_="lead")).status == 403
    nobody = await api.call("POST", "/bots/nix/split/rehearsal", "boss", json={"days": 1})
    assert nobody.status == 404


async def test_nothing_is_changed_by_it(api: Api, past: Past) -> None:
    """Every document of every collection is the same, byte for byte."""
    now = past.clock.now()
    for n in range(5):
        id_ = await past.came(now - DAY + n * MINUTE, by="lan")
        await past.receipt(id_, "assigned", now - DAY + n * MINUTE, "lan")
    before = await _everything(past.mongo)
    assert min(len(before[name]) for name in ("conversations", "messages", "receipts")) >= 5
    settings = {"enabled": True, "visibility": "own", "alert": None}
    bodies: list[dict[str, Any]] = [
        {},
        {"settings": settings, "rules": [{**EVEN, "mode": "least_loaded"}]},
    ]
    for body in bodies:
        assert (await tried(api, **body)).status == 200
    assert await _everything(past.mongo) == before


async def _everything(mongo: Mongo) -> dict[str, list[bytes]]:
    names = await mongo.db.list_collection_names()
    return {
        name: sorted([encode(one) async for one in mongo[name].find()])
        for name in names
        if not name.startswith("system.")
    }
