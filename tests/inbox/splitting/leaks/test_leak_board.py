"""The leak board over HTTP: who waits or is nobody's, why, what would help, and to whom."""

import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.conversations.visibility import visible
from inbox.conversations.window import WindowRules, window_of
from inbox.ids import account_key
from inbox.mongo.client import Document, Mongo
from inbox.splitting.assigning.situation import Situations
from inbox.splitting.leaks.routes import LeakRoutes
from inbox.splitting.leaks.store import LeakStore
from inbox.splitting.leaks.urgency import (
    LONG,
    SOON,
    URGENCIES,
    answerable_until,
    index_of,
    order_of,
    urgency_query,
)
from inbox.splitting.presence.store import PresenceStore
from tests.inbox.inbox_world import Api, World, an_actor, media_links, serve

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
RULES = WindowRules()
SALE = replace(an_actor("lan", "bot1"), own_bot_ids=frozenset({"bot1"}))


class Board:
    """A bot whose conversations may get lost."""

    def __init__(self, api: Api, world: World, clock: FixedClock) -> None:
        self.api = api
        self.world = world
        self.mongo = world.mongo
        self.clock = clock

    async def waits(self, since: timedelta, *, state: str = "assigned", **fields: Any) -> str:
        """A conversation whose customer has waited for so long."""
        at = self.clock.now() - since
        split = {"state": state, "since": at, **fields.pop("split", {})}
        known = {"split": split, "waiting_since": at, "last_in_at": at, **fields}
        customer = await self.world.customer("Ánh")
        return await self.world.conversation(customer, at=at, **known)

    async def show(self, as_: str = "lead", **query: Any) -> list[Any]:
        answer = await self.api.get("/bots/bot1/split/waiting", as_, **query)
        assert answer.status == 200, answer.json
        items: list[Any] = answer.json["items"]
        return items

    async def only(self, as_: str = "lead") -> Any:
        (item,) = await self.show(as_)
        return item


@pytest.fixture
async def board(mongo: Mongo, clock: FixedClock) -> AsyncIterator[Board]:
    split = {"enabled": True, "visibility": "own"}
    await mongo["bots"].insert_many(
        [
            {"_id": "bot1", "name": "A", "member_ids": ["lan", "minh", "lead"], "split": split},
            {"_id": "bot2", "name": "B", "member_ids": []},
        ]
    )
    await mongo["staff"].insert_many(
        [
            {
                "_id": one,
                "name": one.title(),
                "role": "sale",
                "active": True,
                "email": one,
                "receiving": True,
            }
            for one in ("lan", "minh", "lead")
        ]
    )
    await mongo["accounts"].insert_one(
        {"_id": account_key("zalo", "oa1"), "bot_id": "bot1", "name": "OA Hoa", "channel": "zalo"}
    )
    store = LeakStore(mongo, Situations(mongo), RULES)
    routes = LeakRoutes(store, clock, media_links(clock), RULES)
    api = await serve(
        [routes],
        SALE,
        an_actor("lead", "bot1", role="manager"),
        an_actor("boss", role="admin"),
        an_actor("hoa", "bot2"),
    )
    yield Board(api, World(mongo), clock)
    await api.close()


async def test_the_most_urgent_stands_first(board: Board) -> None:
    long = await board.waits(3 * HOUR, assignee_id="lan")
    short = await board.waits(5 * MINUTE, assignee_id="lan")
    closing = await board.waits(7 * DAY - HOUR, assignee_id="lan")
    late = await board.waits(8 * DAY, assignee_id="lan")
    forgotten = await board.waits(20 * DAY, assignee_id="lan", kind="comment")
    at = board.clock.now() - DAY
    free: dict[str, Any] = {"split": {"state": "claimable"}, "at": at}
    nobodys = await board.world.conversation(await board.world.customer("Bình"), **free)
    await board.waits(HOUR, status="closed")
    await board.waits(HOUR, kind="group")
    await board.waits(HOUR, bot="bot2")
    answered: dict[str, Any] = {"split": {"state": "assigned"}, "assignee_id": "lan"}
    await board.world.conversation(await board.world.customer("Chi"), **answered)

    shown = await board.show()
    assert [one["conversation"]["id"] for one in shown] == [
        closing,
        long,
        short,
        late,
        forgotten,
        nobodys,
    ]
    assert [one["urgency"] for one in shown] == [
        "closing",
        "waiting",
        "waiting",
        "late",
        "late",
        "nobodys",
    ]
    assert [one["waits_min"] for one in shown[1:3]] == [180, 5]
    assert shown[1]["conversation"]["customer"]["name"] == "Ánh"
    assert [one["code"] for one in shown[3]["reasons"]] == ["window_closed", "unanswered"]
    assert [one["code"] for one in shown[4]["reasons"]] == ["unanswered"]
    assert (shown[5]["waits_min"], shown[5]["reasons"][0]["code"]) == (None, "claimable")


async def test_pages_follow_one_another_without_gap_or_repetition(board: Board) -> None:
    wanted = [await board.waits(3 * HOUR, assignee_id="lan") for _ in range(5)]  # of one moment
    wanted += [await board.waits(n * DAY, kind="comment") for n in (15, 16, 17)]
    at = board.clock.now()
    free: dict[str, Any] = {"split": {"state": "manual"}, "at": at}
    wanted += [
        await board.world.conversation(await board.world.customer("X"), **free) for _ in range(4)
    ]
    path, ids = "/bots/bot1/split/waiting", []
    answer = await board.api.get(path, "lead", limit=2)
    while True:
        ids += [one["conversation"]["id"] for one in answer.json["items"]]
        if answer.json["next_cursor"] is None:
            break
        board.clock.advance(DAY)  # what becomes late meanwhile stays where it was
        answer = await board.api.get(path, "lead", limit=2, cursor=answer.json["next_cursor"])
    assert sorted(ids) == sorted(wanted)
    assert len(ids) == len(set(ids))
    for cursor in ("nix", "WyJ4IiwxXQ"):
        assert (await board.api.get(path, "lead", cursor=cursor)).status == 422


async def test_nobody_eligible_names_everybody_with_their_reason_as_of_now(board: Board) -> None:
    """X.SPL.10: the receipt is of when it began to wait; the board asks anew."""
    await board.mongo["staff"].update_one({"_id": "minh"}, {"$set": {"receiving": False}})
    await board.mongo["split_rules"].insert_one(
        {
            "_id": "default-bot1",
            "bot_id": "bot1",
            "position": 1_000_000,
            "name": "Mặc định",
            "eligible": "online",
            "pool": [{"staff_id": "lan"}, {"staff_id": "minh"}],
        }
    )
    await board.waits(25 * MINUTE, state="waiting")
    item = await board.only()
    (reason,) = item["reasons"]
    assert reason["code"] == "no_eligible"
    assert reason["vi"].startswith("Đang chờ chia theo luật ‘Mặc định’")
    assert [(one["staff_id"], one["reason"]) for one in reason["excluded"]] == [
        ("lan", "offline"),
        ("minh", "paused"),
    ]
    assert reason["excluded"][0]["vi"] == "Lan: đang ngoại tuyến"
    assert reason["excluded"][1]["en"] == "Minh: not receiving conversations"
    assert item["actions"] == ["claim", "assign", "resplit"]

    presence = PresenceStore(board.mongo, board.clock)
    await presence.extend({"lan": board.clock.now() + HOUR})
    assert (await board.only())["reasons"][0]["code"] == "being_assigned"
    kept = await board.mongo["conversations"].find_one({})
    assert kept is not None
    assert kept["split"]["state"] == "waiting", "looking decides nothing"


@pytest.mark.parametrize(
    ("state", "fields", "code", "vi"),
    [
        ("claimable", {}, "claimable", "Chờ nhân viên tự nhận."),
        ("manual", {}, "manual", "Chờ người có quyền phân công."),
        (
            "released",
            {"split": {"round": 3}},
            "released",
            "Đã chia lại 3 lần vẫn chưa ai trả lời.",
        ),
        ("off", {}, "nobodys", "Chưa có ai phụ trách."),
        (
            "assigned",
            {"assignee_id": "lan"},
            "unanswered",
            "Lan chưa trả lời, khách đã chờ 1 giờ 5 phút.",
        ),
    ],
)
async def test_each_says_why_in_words(
    board: Board, state: str, fields: dict[str, Any], code: str, vi: str
) -> None:
    await board.waits(65 * MINUTE, state=state, **fields)
    (reason,) = (await board.only())["reasons"]
    assert (reason["code"], reason["vi"]) == (code, vi)


async def test_a_closing_window_and_a_dead_account_are_said_first(board: Board) -> None:
    down = {"state": "reauth", "reason": "refresh_refused", "at": board.clock.now()}
    await board.mongo["accounts"].update_one({}, {"$set": {"health": down}})
    await board.waits(7 * DAY - 80 * MINUTE, assignee_id="lan")
    item = await board.only("boss")
    assert [one["code"] for one in item["reasons"]] == [
        "window_closing",
        "account_down",
        "unanswered",
    ]
    assert item["reasons"][0]["vi"] == "Chỉ còn 1 giờ 20 phút để trả lời."
    assert item["reasons"][1]["vi"].startswith("OA Hoa: Zalo từ chối gia hạn")
    assert "reconnect" in item["actions"]
    lead = await board.only("lead")
    assert "reconnect" not in lead["actions"]
    assert "tạm ngừng gửi" in lead["reasons"][1]["vi"]


async def test_sales_see_what_they_may_see_and_leaders_all(board: Board) -> None:
    """X.SPL.16"""
    mine = await board.waits(HOUR, assignee_id="lan")
    free = await board.waits(2 * HOUR, state="claimable")
    await board.waits(3 * HOUR, assignee_id="minh")
    await board.waits(4 * HOUR, state="waiting")
    shown = {one["conversation"]["id"]: one["actions"] for one in await board.show("lan")}
    assert shown == {free: ["claim"], mine: ["assign", "resplit"]}
    assert len(await board.show("lead")) == len(await board.show("boss")) == 4
    assert (await board.api.get("/bots/bot1/split/waiting", "hoa")).status == 403
    assert (await board.api.get("/bots/nix/split/waiting", "boss")).status == 404


@pytest.mark.parametrize("actor", [SALE, an_actor("boss", role="admin")], ids=["sale", "admin"])
async def test_every_page_comes_from_an_index_in_its_order(board: Board, actor: Any) -> None:
    now = board.clock.now()
    for urgency in URGENCIES:
        query = {"$and": [urgency_query(urgency, "bot1", now, RULES), visible(actor)]}
        find: Document = {
            "find": "conversations",
            "filter": query,
            "sort": dict(order_of(urgency)),
            "hint": dict(index_of(urgency)),
            "limit": 50,
        }
        plan = await board.mongo.db.command({"explain": find, "verbosity": "queryPlanner"})
        stages = str(plan["queryPlanner"]["winningPlan"])
        assert "'IXSCAN'" in stages
        assert "'SORT'" not in stages, urgency
        assert "'COLLSCAN'" not in stages


@pytest.mark.parametrize("human_agent", [True, False])
async def test_the_database_finds_what_the_rules_of_the_window_say(
    board: Board, human_agent: bool
) -> None:
    """Windows of every shape, at random, each in exactly one list, and that the right one."""
    now, chance, rules = board.clock.now(), random.Random(11), WindowRules(human_agent)
    documents = [_at_random(chance, number, board.clock) for number in range(600)]
    await board.mongo["conversations"].insert_many(documents)
    found: dict[str, list[str]] = {}
    for urgency in URGENCIES:
        query = urgency_query(urgency, "bot1", now, rules)
        async for one in board.mongo["conversations"].find(query):
            found.setdefault(one["_id"], []).append(urgency)
    expected = {one["_id"]: _urgency(one, board.clock, rules) for one in documents}
    assert found == {id_: [one] for id_, one in expected.items() if one is not None}
    assert set(expected.values()) == {*URGENCIES, None}


def _at_random(chance: random.Random, number: int, clock: FixedClock) -> Document:
    def ago(longest: timedelta, *, ahead: timedelta = timedelta()) -> Any:
        # near the edges too: 24 hours, 7 days, and two hours before them
        edge = chance.choice([timedelta(), DAY, 7 * DAY, 7 * DAY - SOON, LONG])
        near = edge + chance.uniform(-3, 3) * HOUR
        somewhere = chance.random() * (longest + ahead) - ahead
        return clock.now() - chance.choice([near, somewhere])

    window: Document | None = None
    if chance.random() < 0.6:
        until = ago(8 * DAY, ahead=8 * DAY)
        window = {"until": until, "kind": "standard"}
        if chance.random() < 0.2:
            window["closed_at"] = ago(DAY)
    known = {
        "_id": f"c{number}",
        "bot_id": "bot1",
        "channel": chance.choice(["facebook", "instagram", "zalo"]),
        "kind": chance.choice(["inbox", "inbox", "comment"]),
        "status": chance.choice(["open", "open", "open", "closed"]),
        "split": {"state": chance.choice(["off", "waiting", "manual", "assigned"])},
        "last": {"at": clock.now()},
        "window": window,
        "last_in_at": ago(20 * DAY) if chance.random() < 0.8 else None,
        "waiting_since": ago(20 * DAY) if chance.random() < 0.8 else None,
        "assignee_id": chance.choice([None, "lan"]),
    }
    return {name: value for name, value in known.items() if value is not None}


def _urgency(one: Document, clock: FixedClock, rules: WindowRules) -> str | None:
    now, since = clock.now(), one.get("waiting_since")
    if one["status"] != "open":
        return None
    if since is None:
        is_free = "assignee_id" not in one and one["split"]["state"] in ("waiting", "manual")
        return "nobodys" if is_free else None
    if since <= now - LONG:
        return "late"
    if window_of(one, now, rules) is None:
        return "late"
    until = answerable_until(one, rules)
    return "closing" if until is not None and until <= now + SOON else "waiting"
