"""Somebody leaves: afterwards nothing points to them, and the history tells what was theirs."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from inbox.splitting.documents import rule_document, rule_from
from inbox.splitting.handover.handing_over import SETTLES_AFTER, HandingOver
from inbox.splitting.handover.routes import HandoverRoutes
from inbox.splitting.handover.store import HandoverStore
from inbox.staff.model import Actor
from tests.inbox.inbox_world import Api, serve
from tests.inbox.splitting.handling.handling_desk import BOT, HandlingDesk

BOSS = Actor(id="boss", name="Boss", role="admin")
HOA = Actor(id="hoa", name="Hoa", role="manager", bot_ids=frozenset({BOT}))
POOL = [{"staff_id": "lan", "weight": 3}, {"staff_id": "minh", "weight": 1}]


class Leaving:
    """Lan leaves; `api` is that of handovers."""

    def __init__(self, mongo: Mongo, clock: FixedClock) -> None:
        self.desk = HandlingDesk(mongo, clock)
        self.clock = clock
        self.working = self.another()

    def another(self, batch: int = 2) -> HandingOver:
        """The work of a process of its own."""
        store = HandoverStore(self.desk.mongo, self.clock, self.desk.store, batch=batch)
        return HandingOver(store)

    async def open(self, **settings: Any) -> Api:
        alert = {"after_min": 5, "staff_ids": ["lan", "hoa"]}
        await (await self.desk.open(alert=alert, **settings)).close()
        store = HandoverStore(self.desk.mongo, self.clock, self.desk.store)
        return await serve([HandoverRoutes(self.working, store)], BOSS, HOA)

    async def rule(self, id_: str, **fields: Any) -> None:
        rule = rule_from({"_id": id_, "bot_id": BOT, "position": 1, "name": id_, **fields})
        await self.desk.mongo["split_rules"].insert_one(rule_document(rule))

    async def finish(self) -> None:
        """Work until it is done; the last look comes when everything has settled."""
        await self.working.step()
        self.clock.advance(SETTLES_AFTER)
        await self.working.step()

    async def named(self) -> list[str]:
        """Collections that still point to Lan, of those that say what is whose now."""
        places: dict[str, list[str]] = {
            "bots": ["member_ids", "split.alert.staff_ids"],
            "split_rules": ["pool.staff_id", "fallback_staff_id"],
            "conversations": ["assignee_id", "participant_ids", "last_carer_id"],
            "customers": ["owner_id", "follower_ids"],
        }
        return [
            f"{name}.{path}"
            for name, paths in places.items()
            for path in paths
            if await self.desk.mongo[name].find_one({path: "lan"})
        ]


@pytest.fixture
def leaving(mongo: Mongo, clock: FixedClock) -> Leaving:
    return Leaving(mongo, clock)


@pytest.fixture
async def api(leaving: Leaving) -> AsyncIterator[Api]:
    api = await leaving.open()
    yield api
    await api.close()


async def begin(api: Api, to: str | None, as_: str = "boss", who: str = "lan") -> Any:
    return await api.call("POST", f"/staff/{who}/handover", as_, json={"to": to})


async def everything(leaving: Leaving) -> dict[str, str]:
    """What Lan had: five conversations, two customers, places in two rules."""
    desk = leaving.desk
    await leaving.rule("r1", pool=POOL, fallback_staff_id="lan")
    await leaving.rule("r2", pool=POOL[:1], mode="fixed", position=2)
    threads = {
        "open": await desk.thread("lan", "hoa"),
        "closed": await desk.thread("lan"),
        "shared": await desk.thread("hoa", "lan"),
        "with_heir": await desk.thread("hoa", "lan", "minh"),
        "answered": await desk.thread("hoa"),
        "others": await desk.thread("hoa"),
    }
    conversations = desk.mongo["conversations"]
    await conversations.update_one({"_id": threads["closed"]}, {"$set": {"status": "closed"}})
    await conversations.update_one({"_id": threads["answered"]}, {"$set": {"last_carer_id": "lan"}})
    await desk.customer("Chủ", owner_id="lan", follower_ids=["lan", "hoa", "minh"])
    await desk.customer("Theo", owner_id="hoa", follower_ids=["lan"])
    return threads


@pytest.mark.parametrize("to", ["minh", None])
async def test_nothing_points_to_who_left_and_the_history_stays(
    leaving: Leaving, api: Api, to: str | None
) -> None:
    """X.SPL.22: to a colleague, or to whom the splitter finds."""
    threads = await everything(leaving)
    history = {"_id": "old", "conversation_id": threads["open"], "chosen": "lan"}
    await leaving.desk.mongo["receipts"].insert_one(history)

    begun = await begin(api, to)
    assert (begun.status, begun.json["done_at"]) == (202, None)
    await leaving.finish()

    assert await leaving.named() == []
    assert await leaving.desk.mongo["receipts"].find_one({"_id": "old"}) == history
    done = (await api.get("/staff/lan/handover", "boss")).json
    assert (done["conversations"], done["customers"]) == (5, 2)
    assert done["done_at"] is not None
    others = await leaving.desk.stored(threads["others"])
    assert (others["assignee_id"], others["split"]["round"]) == ("hoa", 2), "left alone"


async def test_a_colleague_gets_what_was_theirs(leaving: Leaving, api: Api) -> None:
    """X.SPL.22: each conversation with a receipt, a row of the timeline and a live event."""
    threads, desk = await everything(leaving), leaving.desk
    await begin(api, "minh")
    await leaving.finish()

    mine = await desk.stored(threads["open"])
    assert (mine["assignee_id"], mine["participant_ids"]) == ("minh", ["minh", "hoa"])
    assert (await desk.stored(threads["closed"]))["assignee_id"] == "minh"
    assert (await desk.stored(threads["shared"]))["participant_ids"] == ["hoa", "minh"]
    assert (await desk.stored(threads["with_heir"]))["participant_ids"] == ["hoa", "minh"]
    assert (await desk.stored(threads["answered"]))["last_carer_id"] == "minh"
    receipts = await desk.all_of("receipts", kind="handed_over")
    assert len(receipts) == 3
    assert {(one["before"], one["chosen"]) for one in receipts} == {("lan", "minh")}
    changed = {
        one["conversation_id"]
        for one in await desk.all_of("interactions", type="assignment_changed")
    }
    assert changed == {threads[name] for name in ("open", "closed", "shared", "with_heir")}
    owned = await desk.mongo["customers"].find_one({"name": "Chủ"})
    assert owned is not None
    assert (owned["owner_id"], owned["follower_ids"]) == ("minh", ["minh", "hoa"])
    assert (owned["version"], owned["field_versions"]["owner_id"]) == (2, 2)
    (notice,) = await desk.all_of("notices")
    assert (notice["staff_id"], notice["kind"]) == ("minh", "handed_over")
    assert notice["data"]["conversations"] == 5


async def test_split_again_are_the_open_ones(leaving: Leaving, api: Api) -> None:
    """What is closed is nobody's until the customer writes again."""
    threads, desk = await everything(leaving), leaving.desk
    await begin(api, None)
    await leaving.finish()

    waiting = (await desk.stored(threads["open"]))["split"]
    assert (waiting["state"], waiting["tried"]) == ("waiting", ["lan"])
    closed = await desk.stored(threads["closed"])
    assert ("assignee_id" in closed, closed["split"]["state"]) == (False, "off")
    owned = await desk.mongo["customers"].find_one({"name": "Chủ"})
    assert owned is not None
    assert "owner_id" not in owned
    assert await desk.all_of("notices") == []


@pytest.mark.parametrize(
    ("to", "pool", "fallback", "fixed"),
    [
        ("minh", [{"staff_id": "minh", "weight": 1}], "minh", ("fixed", "minh")),
        ("hoa", [POOL[1], {"staff_id": "hoa", "weight": 3}], "hoa", ("fixed", "hoa")),
        (None, [POOL[1]], None, ("manual", None)),
    ],
)
async def test_rules_go_on_without_who_left(
    leaving: Leaving, api: Api, to: str | None, pool: Any, fallback: Any, fixed: Any
) -> None:
    """An emptied pool would mean everybody: such a rule leaves giving to leaders."""
    await everything(leaving)
    await begin(api, to)

    rules = {one["_id"]: one for one in await leaving.desk.all_of("split_rules")}
    assert rules["r1"]["pool"] == pool
    assert (rules["r1"]["fallback_staff_id"], rules["r1"]["version"]) == (fallback, 2)
    left = [one["staff_id"] for one in rules["r2"]["pool"]]
    assert (rules["r2"]["mode"], *left) == tuple(one for one in fixed if one)
    (audited,) = await leaving.desk.all_of("audit")
    assert (audited["action"], audited["target"]["id"]) == ("handover_begun", "lan")
    assert len(audited["changes"]["rules"]) == 2


@pytest.mark.parametrize(
    ("to", "as_", "who", "expected"),
    [
        ("minh", "hoa", "lan", 403),
        ("minh", "boss", "nobody", 404),
        ("lan", "boss", "lan", 422),
        ("stranger", "boss", "lan", 422),
        ("nobody", "boss", "lan", 422),
        ("boss", "boss", "lan", 202),
    ],
)
async def test_who_may_hand_over_to_whom(
    leaving: Leaving, api: Api, to: str, as_: str, who: str, expected: int
) -> None:
    assert (await begin(api, to, as_, who)).status == expected
    if expected != 202:
        assert await leaving.desk.all_of("handovers") == []
        assert (await leaving.desk.all_of("bots"))[0]["member_ids"] == ["lan", "minh", "hoa"]


async def test_what_a_dead_process_left_is_gone_on_with(leaving: Leaving, api: Api) -> None:
    """Killed after a batch: nothing is handed over twice."""
    await everything(leaving)
    await begin(api, "minh")
    dead = leaving.another()
    claimed = (await dead._store.due.claim(1))[0]
    assert await dead._store.step(claimed) == 2

    assert await leaving.working.step() == 0, "it still holds the lease"
    leaving.clock.advance(timedelta(minutes=2))
    await leaving.finish()

    assert await leaving.named() == []
    assert await dead._store.step(claimed) is None
    assert len(await leaving.desk.all_of("receipts")) == 4
    (handover,) = await leaving.desk.all_of("handovers")
    assert handover["conversations"] == 5


async def test_two_processes_hand_over_once(leaving: Leaving, api: Api) -> None:
    await everything(leaving)
    await begin(api, "minh")

    await asyncio.gather(leaving.working.step(), leaving.another().step())
    leaving.clock.advance(SETTLES_AFTER)
    await leaving.working.step()

    assert await leaving.named() == []
    assert len(await leaving.desk.all_of("receipts")) == 4
    assert len(await leaving.desk.all_of("notices")) == 1


async def test_what_was_decided_meanwhile_is_found_by_the_last_look(
    leaving: Leaving, api: Api
) -> None:
    await begin(api, "minh")
    await leaving.working.step()
    late = await leaving.desk.thread("lan")

    leaving.clock.advance(SETTLES_AFTER)
    await leaving.working.step()

    assert (await leaving.desk.stored(late))["assignee_id"] == "minh"
    assert (await api.get("/staff/lan/handover", "boss")).json["done_at"] is not None


async def test_without_splitting_participants_are_handed_over(leaving: Leaving) -> None:
    api = await leaving.open(enabled=False)
    thread = await leaving.desk.thread(None, "lan", state="off")
    await begin(api, "minh")
    await leaving.finish()

    stored = await leaving.desk.stored(thread)
    assert (stored["participant_ids"], stored["split"]["state"]) == (["minh"], "off")
    assert "assignee_id" not in stored
    await api.close()
