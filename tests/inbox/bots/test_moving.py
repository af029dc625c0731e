"""Moving an account to another bot: everything follows, once, whatever happens on the way."""

import asyncio
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_aiohttp import AiohttpClient

from inbox.bots.errors import AccountMoves
from inbox.bots.moving.moving import SETTLES_AFTER, Moving
from inbox.bots.moving.routes import MovingRoutes
from inbox.bots.moving.store import MovingStore
from inbox.bots.store import AccountStore
from inbox.clock import FixedClock
from inbox.conversations.visibility import may_see, visible
from inbox.errors import InvalidInput, NotFound
from inbox.ids import account_key
from inbox.live.model import event_from_document
from inbox.live.ring import Entry
from inbox.mongo.client import Document, Mongo
from inbox.staff.authenticator import ActorCache
from inbox.staff.model import Actor
from inbox.staff.passwords import Passwords
from tests.inbox.inbox_world import World, an_actor
from tests.staff_api import StaffApi, sign_in, staff_api

KEY = account_key("zalo", "oa1")
OTHER_KEY = account_key("zalo", "oa2")
ADMIN = Actor(id="chu", name="Chủ", role="admin")
PROCESS = Path(__file__).parent / "moving_process.py"


class Shop:
    """Two bots: Lan works in both, Mai in the first and Hoa in the second."""

    def __init__(self, mongo: Mongo, clock: FixedClock, *, batch: int = 2) -> None:
        self.world = World(mongo)
        self.mongo = mongo
        self.clock = clock
        self.refreshed = 0
        self.store = MovingStore(mongo, clock, batch=batch)
        actors = ActorCache(timedelta(seconds=5), clock)
        self.moving = Moving(self.store, actors, self._refresh)

    async def _refresh(self) -> None:
        self.refreshed += 1

    async def open(self, conversations: int = 5) -> list[str]:
        for bot, members in (("bot1", ["lan", "mai"]), ("bot2", ["lan", "hoa"])):
            await self.mongo["bots"].insert_one(
                {
                    "_id": bot,
                    "name": bot,
                    "member_ids": members,
                    "crm_sync": False,
                    "created_at": self.clock.now(),
                    "version": 1,
                }
            )
        for key, name in ((KEY, "oa1"), (OTHER_KEY, "oa2")):
            await self.mongo["accounts"].insert_one(
                {
                    "_id": key,
                    "channel": "zalo",
                    "account_id": name,
                    "bot_id": "bot1",
                    "name": name,
                    "health": {"state": "ok", "at": self.clock.now()},
                }
            )
        made = [await self.thread() for _ in range(conversations)]
        self.elsewhere = await self.world.conversation(None, account="oa2")
        return made

    async def thread(self, **fields: Any) -> str:
        customer = await self.world.customer("Hoa Nguyễn")
        return await self.world.conversation(customer, **fields)

    async def bots(self) -> list[str]:
        cursor = self.mongo["conversations"].find({"account_key": KEY})
        return [one["bot_id"] async for one in cursor]

    async def kept(self, conversation_id: str) -> Document:
        found = await self.mongo["conversations"].find_one({"_id": conversation_id})
        assert found is not None
        return found

    async def account(self) -> Document:
        found = await self.mongo["accounts"].find_one({"_id": KEY})
        assert found is not None
        return found

    async def finish(self) -> None:
        """Let whatever is due be done, and what settles settle."""
        for _ in range(3):
            await self.moving.step()
            self.clock.advance(SETTLES_AFTER + timedelta(seconds=61))

    async def seen_by(self, actor: Actor) -> int:
        return await self.mongo["conversations"].count_documents(
            {"$and": [{"account_key": KEY}, visible(actor)]}
        )

    async def frames(self, actor: Actor, conversation_id: str) -> list[str]:
        """The types of the live frames that somebody gets of a conversation."""
        found = []
        async for one in self.mongo["live_events"].find({"conversation_id": conversation_id}):
            frame = Entry("id", event_from_document(one)).frame_for(actor, may_see)
            if frame is not None:
                found.append("removed" if b"conversation_removed" in frame else "changed")
        return found


@pytest.fixture
def shop(mongo: Mongo, clock: FixedClock) -> Shop:
    return Shop(mongo, clock)


async def test_all_conversations_follow_and_those_of_other_accounts_stay(shop: Shop) -> None:
    await shop.open()

    move = await shop.moving.move(ADMIN, KEY, "bot2")
    assert (move.to_bot, shop.refreshed) == ("bot2", 1)
    assert (await shop.account())["bot_id"] == "bot2", "new conversations begin there at once"
    await shop.finish()

    assert await shop.bots() == ["bot2"] * 5
    assert (await shop.kept(shop.elsewhere))["bot_id"] == "bot1"
    assert "move" not in await shop.account()
    audit = await shop.mongo["audit"].find({}).to_list()
    assert [(one["action"], one["changes"]["bot_id"]) for one in audit] == [
        ("account_moved", {"before": "bot1", "after": "bot2"})
    ]


async def test_who_is_no_member_of_the_new_bot_takes_no_part_any_more(shop: Shop) -> None:
    await shop.open(0)
    lost = await shop.thread(assignee_id="mai", participant_ids=["mai", "lan"])
    kept = await shop.thread(assignee_id="lan", participant_ids=["lan"])

    await shop.moving.move(ADMIN, KEY, "bot2")
    await shop.finish()

    after = await shop.kept(lost)
    assert "assignee_id" not in after
    assert after["participant_ids"] == ["lan"]
    assert (await shop.kept(kept))["assignee_id"] == "lan"
    [fact] = await shop.mongo["interactions"].find({"conversation_id": lost}).to_list()
    assert (fact["type"], fact["actor_id"], fact["customer_id"]) == (
        "bot_changed",
        "chu",
        after["customer_id"],
    )
    assert fact["data"] == {
        "before": "bot1",
        "after": "bot2",
        "left_participant_ids": ["mai"],
        "left_assignee_id": "mai",
    }


async def test_those_who_lose_sight_are_told_and_those_who_gain_it_get_it_whole(
    shop: Shop,
) -> None:
    [thread] = await shop.open(1)

    await shop.moving.move(ADMIN, KEY, "bot2")
    await shop.finish()

    mai, hoa = an_actor("mai", "bot1"), an_actor("hoa", "bot2")
    lan, boss = an_actor("lan", "bot1", "bot2"), an_actor("chu", role="admin")
    assert await shop.frames(mai, thread) == ["removed"]
    assert await shop.frames(hoa, thread) == ["changed"]
    assert await shop.frames(lan, thread) == ["changed"], "nothing goes away for her"
    assert await shop.frames(boss, thread) == ["changed"]
    assert await shop.frames(an_actor("la", "bot3"), thread) == []


async def test_each_conversation_is_in_one_bot_at_every_moment(shop: Shop) -> None:
    await shop.open(5)
    first, second = an_actor("mai", "bot1"), an_actor("hoa", "bot2")
    await shop.moving.move(ADMIN, KEY, "bot2")
    [claimed] = await shop.store.due.claim(1)

    seen = []
    while await shop.store.step(claimed):
        seen.append((await shop.seen_by(first), await shop.seen_by(second)))

    assert seen == [(3, 2), (1, 4), (0, 5)]


async def test_repeating_a_move_changes_nothing(shop: Shop) -> None:
    await shop.open()
    await shop.moving.move(ADMIN, KEY, "bot2")
    await shop.moving.step()
    under_way = await shop.account()
    again = await shop.moving.move(ADMIN, KEY, "bot2")

    assert again.moved == 5
    assert (await shop.account())["move"] == under_way["move"]
    await shop.finish()
    await shop.moving.move(ADMIN, KEY, "bot2")
    assert "move" not in await shop.account()
    assert await shop.mongo["audit"].count_documents({}) == 1
    assert await shop.mongo["interactions"].count_documents({}) == 5


async def test_moving_back_while_moving_turns_everything_round(shop: Shop) -> None:
    await shop.open(5)
    await shop.moving.move(ADMIN, KEY, "bot2")
    [claimed] = await shop.store.due.claim(1)
    assert await shop.store.step(claimed) == 2

    await shop.moving.move(ADMIN, KEY, "bot1")

    assert await shop.store.step(claimed) is None, "its claim is not worth anything any more"
    await shop.finish()
    assert await shop.bots() == ["bot1"] * 5
    assert (await shop.account())["bot_id"] == "bot1"
    assert "move" not in await shop.account()


async def test_a_turn_in_the_middle_of_a_batch_leaves_nothing_behind(shop: Shop) -> None:
    """The batch and the turn write the account: one of the two transactions is repeated."""
    await shop.open(20)
    await shop.moving.move(ADMIN, KEY, "bot2")
    [claimed] = await shop.store.due.claim(1)

    await asyncio.gather(
        *(shop.store.step(claimed) for _ in range(3)),
        shop.moving.move(ADMIN, KEY, "bot1"),
    )
    await shop.finish()

    assert await shop.bots() == ["bot1"] * 20


async def test_what_another_process_begins_in_the_old_bot_meanwhile_follows_too(
    shop: Shop,
) -> None:
    await shop.open(1)
    await shop.moving.move(ADMIN, KEY, "bot2")
    await shop.moving.step()
    assert await shop.bots() == ["bot2"]

    late = await shop.thread(bot="bot1")
    await shop.finish()

    assert (await shop.kept(late))["bot_id"] == "bot2"


@pytest.mark.parametrize("batches", [0, 1, 3, 5])
async def test_killed_at_any_point_another_process_goes_on(
    shop: Shop, mongo_uri: str, batches: int
) -> None:
    threads = await shop.open(4)
    await shop.moving.move(ADMIN, KEY, "bot2")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.inbox.bots.moving_process"),
        *(mongo_uri, shop.mongo.db.name),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    for _ in range(batches):
        process.stdin.write(b"go\n")
        await asyncio.wait_for(process.stdout.readline(), 30)
    process.stdin.write(b"go\n")  # and one that nobody knows the end of
    await process.stdin.drain()
    process.kill()
    await process.wait()

    shop.clock.advance(timedelta(minutes=2))
    await shop.finish()

    assert await shop.bots() == ["bot2"] * 4
    assert "move" not in await shop.account()
    for thread in threads:
        assert await shop.mongo["interactions"].count_documents({"conversation_id": thread}) == 1
        events = {"conversation_id": thread, "type": "conversation_changed"}
        assert await shop.mongo["live_events"].count_documents(events) == 1


async def test_two_processes_share_a_move_and_nothing_is_done_twice(
    mongo: Mongo, clock: FixedClock, shop: Shop
) -> None:
    await shop.open(9)
    other = Shop(mongo, clock)
    await shop.moving.move(ADMIN, KEY, "bot2")

    await asyncio.gather(shop.moving.step(), other.moving.step())
    await shop.finish()

    assert await shop.bots() == ["bot2"] * 9
    assert await mongo["interactions"].count_documents({}) == 9


async def test_an_account_is_not_disconnected_in_the_middle_of_its_move(shop: Shop) -> None:
    await shop.open(1)
    await shop.moving.move(ADMIN, KEY, "bot2")
    accounts = AccountStore(shop.mongo)

    async def disconnect() -> bool:
        return await shop.mongo.transaction(
            lambda session: _deleted(accounts.delete("bot2", KEY, session=session))
        )

    with pytest.raises(AccountMoves):
        await disconnect()
    await shop.finish()
    assert await disconnect()


async def _deleted(work: Any) -> bool:
    return await work is not None


async def test_unknown_accounts_and_bots_are_refused_and_nothing_changes(shop: Shop) -> None:
    await shop.open(1)

    with pytest.raises(NotFound):
        await shop.moving.move(ADMIN, "nobody", "bot2")
    with pytest.raises(InvalidInput):
        await shop.moving.move(ADMIN, KEY, "nowhere")

    assert (await shop.account())["bot_id"] == "bot1"
    assert await shop.mongo["audit"].count_documents({}) == 0


@pytest.fixture(scope="module")
def passwords() -> Iterator[Passwords]:
    made = Passwords()
    yield made
    made.close()


async def test_moving_is_for_admins(
    shop: Shop,
    mongo: Mongo,
    clock: FixedClock,
    passwords: Passwords,
    aiohttp_client: AiohttpClient,
) -> None:
    api: StaffApi = staff_api(mongo, clock, passwords)
    client = await aiohttp_client(api.application(MovingRoutes(shop.moving)))
    await shop.open(1)
    statuses = {}
    for name in ("manager", "admin"):
        await api.hire(name, name)
        headers = await sign_in(client, name)
        answer = await client.post(
            f"/api/v1/accounts/{KEY}/move", json={"bot_id": "bot2"}, headers=headers
        )
        statuses[name] = answer.status

    assert statuses == {"manager": 403, "admin": 202}
    assert (await shop.account())["bot_id"] == "bot2"


async def test_scripts_of_the_old_bot_stop_with_their_reason(shop: Shop, mongo: Mongo) -> None:
    """They are that bot's own; what has ended, and what runs elsewhere, stays as it is."""
    threads = await shop.open(3)
    rows: dict[str, dict[str, Any]] = {
        "running": {"conversation_id": threads[0], "status": "active", "open": True},
        "paused": {"conversation_id": threads[1], "status": "paused", "open": True},
        "done": {"conversation_id": threads[2], "status": "done"},
        "elsewhere": {"conversation_id": shop.elsewhere, "status": "active", "open": True},
    }
    now = shop.clock.now()
    for number, (id_, fields) in enumerate(rows.items()):
        row: dict[str, Any] = {"_id": id_, "script_id": "s", "customer_id": f"c{number}", **fields}
        if "open" in fields:
            row |= {"next_step_id": "a", "next_at": now, "work": {"due_at": now}, "holding": "x"}
        await mongo["enrolments"].insert_one(row)

    await shop.moving.move(ADMIN, KEY, "bot2")
    await shop.moving.step()

    after = {one["_id"]: one async for one in mongo["enrolments"].find()}
    for id_ in ("running", "paused"):
        ended = {"status": "stopped", "reason": "moved", "ended_at": now}
        assert {key: after[id_].get(key) for key in ended} == ended
        gone = {"open", "work", "next_step_id", "next_at", "holding"}
        assert not gone & after[id_].keys()
    assert after["done"]["status"] == "done"
    assert after["elsewhere"]["open"] is True
