"""The assigner on a real database: one sale before anybody is told, by turn, once."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from inbox.splitting.assigning.holding import LEASE
from tests.inbox.splitting.assigning.split_desk import BOT, SplitDesk


@pytest.fixture
def desk(mongo: Mongo, clock: FixedClock) -> SplitDesk:
    return SplitDesk(mongo, clock)


async def test_a_new_conversation_has_its_sale_before_the_first_event(desk: SplitDesk) -> None:
    """S0.11, S0.10: nobody is told before, and the sale is a participant."""
    await desk.open("lan", "minh")
    thread = await desk.message("hoa")
    assert await desk.live() == []
    await desk.message("hoa", "Còn hàng không?")
    assert await desk.live() == []

    await desk.settle()
    found = await desk.conversation(thread)
    assert (found["assignee_id"], found["participant_ids"]) == ("lan", ["lan"])
    told = await desk.live()
    assert [one["type"] for one in told] == ["message_received", "message_received"]
    assert [one["data"]["message"]["text"] for one in told] == ["Chào shop", "Còn hàng không?"]
    assert [one["assignee"] for one in told] == [{"before": None, "after": "lan"}] * 2
    (receipt,) = await desk.receipts(thread)
    assert (receipt["kind"], receipt["chosen"], receipt["rule_name"]) == (
        "assigned",
        "lan",
        "Mặc định",
    )


async def test_turns_go_round(desk: SplitDesk) -> None:
    """X.SPL.04: 3 staff, 6 conversations -> 1,2,3,1,2,3; each batch goes on where one ended."""
    await desk.open("a", "b", "c")
    first = await desk.messages(["k1", "k2", "k3", "k4"])
    await desk.settle()
    second = await desk.messages(["k5", "k6"])
    await desk.settle()
    assert await desk.holders([*first, *second]) == ["a", "b", "c", "a", "b", "c"]


async def test_shares_follow_the_weights(desk: SplitDesk) -> None:
    """X.SPL.05, over several batches of the database."""
    await desk.open("a", "b")
    pool = [{"staff_id": "a", "weight": 1}, {"staff_id": "b", "weight": 3}]
    await desk.rule(mode="weighted", pool=pool)
    threads = []
    for batch in range(5):
        threads += await desk.messages(f"k{batch}-{number}" for number in range(8))
        await desk.settle()
    shares = Counter(await desk.holders(threads))
    assert abs(shares["a"] - 10) <= 1
    assert abs(shares["b"] - 30) <= 1


async def test_the_least_loaded_gets_it(desk: SplitDesk) -> None:
    """X.SPL.06: loads 2,1,1 -> the second, then the third."""
    await desk.open("a", "b", "c")
    await desk.rule(mode="fixed", pool=[{"staff_id": "a"}])
    await desk.messages(["k1", "k2"])
    await desk.settle()
    for number, one in enumerate("bc"):
        await desk.rule(mode="fixed", pool=[{"staff_id": one}])
        await desk.message(f"p{number}")
        await desk.settle()
    await desk.rule(mode="least_loaded")
    threads = await desk.messages(["k3", "k4"])
    await desk.settle()
    assert await desk.holders(threads) == ["b", "c"]


async def test_claim_and_manual_assign_nobody(desk: SplitDesk) -> None:
    """X.SPL.07, X.SPL.08: it is told, as nobody's."""
    await desk.open("a", "b")
    for mode, state in (("claim", "claimable"), ("manual", "manual")):
        await desk.rule(mode=mode)
        thread = await desk.message(mode)
        await desk.settle()
        found = await desk.conversation(thread)
        assert found.get("assignee_id") is None
        assert found["split"]["state"] == state
    assert len(await desk.live()) == 2


async def test_a_person_who_receives_nothing_is_left_out_at_once(desk: SplitDesk) -> None:
    """X.SPL.09: the switch, and 'only online'."""
    await desk.open("a", "b")
    await desk.mongo["staff"].update_one({"_id": "a"}, {"$set": {"receiving": False}})
    threads = await desk.messages(["k1", "k2"])
    await desk.settle()
    assert await desk.holders(threads) == ["b", "b"]
    (receipt,) = await desk.receipts(threads[0])
    assert [(one["staff_id"], one["reason"]) for one in receipt["excluded"]] == [("a", "paused")]

    await desk.mongo["staff"].update_one({"_id": "a"}, {"$set": {"receiving": True}})
    await desk.rule(eligible="online")
    await desk.online("b")
    thread = await desk.message("k3")
    await desk.settle()
    assert await desk.holder(thread) == "b"


async def test_the_backlog_goes_by_turn_to_whoever_comes(desk: SplitDesk) -> None:
    """X.SPL.10: all offline -> waits and is told; oldest first to those who come, within caps."""
    await desk.open("a", "b")
    await desk.rule(eligible="online", cap={"waiting": 2})
    threads = await desk.messages(f"k{number}" for number in range(5))
    await desk.settle()
    assert await desk.holders(threads) == [None] * 5
    assert len(await desk.live()) == 5, "everybody may see who waits"
    receipts = await desk.receipts(threads[0])
    assert receipts[0]["kind"] == "waiting"
    await desk.pass_time(1)
    assert len(await desk.receipts(threads[0])) == 1, "going on waiting is no news"

    await desk.online("a")
    await desk.assigner.sweep()
    assert await desk.holders(threads) == ["a", "a", None, None, None]
    await desk.online("b")
    await desk.assigner.sweep()
    assert await desk.holders(threads) == ["a", "a", "b", "b", None]
    await desk.reply(threads[0], "a")
    await desk.assigner.sweep()
    assert await desk.holder(threads[4]) == "a", "a freed cap is used at once"


async def test_a_shift_that_starts_gets_what_waits(desk: SplitDesk, clock: FixedClock) -> None:
    """X.SPL.10, X.SPL.15: working hours 8:00-23:00 in Vietnam."""
    clock.advance(datetime(2026, 11, 23, 16, 30, tzinfo=UTC) - clock.now())  # 23:30 there
    await desk.open("a")
    await desk.rule(eligible="on_shift")
    thread = await desk.message("k1")
    await desk.settle()
    (receipt,) = await desk.receipts(thread)
    assert receipt["excluded"][0]["reason"] == "off_shift"
    assert receipt["excluded"][0]["numbers"]["until"] == datetime(2026, 11, 24, 1, tzinfo=UTC)
    await desk.pass_time(8 * 60 + 29, step=timedelta(minutes=30))
    assert await desk.holder(thread) is None
    await desk.pass_time(1)
    assert await desk.holder(thread) == "a"


async def test_a_returning_customer_comes_back_to_their_carer(desk: SplitDesk) -> None:
    """X.SPL.12: over channels, and no turn is used."""
    await desk.open("a", "b", "c")
    await desk.rule(keep_returning={"enabled": True})
    old = await desk.message("hoa")
    await desk.settle()
    await desk.reply(old, "c")
    await desk.close(old)
    await desk.message("hoa", "Em quay lại")
    await desk.settle()
    assert await desk.holder(old) == "c"
    threads = await desk.messages(["k1", "k2"])
    await desk.settle()
    assert await desk.holders(threads) == ["b", "c"], "the turns go on after the first one"
    ledger = {one["_id"]["staff_id"]: one async for one in desk.mongo["split_ledger"].find()}
    assert (ledger["c"]["sticky"], ledger["c"]["given"]) == (1, 1)


async def test_a_carer_who_is_not_there_is_waited_for_or_passed_over(desk: SplitDesk) -> None:
    """X.SPL.12."""
    await desk.open("a", "b")
    for otherwise, expected in (("wait", None), ("pass_on", "b")):
        thread = await desk.message(otherwise)
        await desk.settle()
        await desk.reply(thread, "a")
        await desk.close(thread)
        await desk.online("b")
        await desk.rule(
            eligible="online",
            pool=[{"staff_id": "b"}],
            keep_returning={"enabled": True, "otherwise": otherwise},
        )
        await desk.message(otherwise)
        await desk.settle()
        assert await desk.holder(thread) == expected
        await desk.rule(pool=[])


async def test_closed_spam_and_groups_are_left_alone(desk: SplitDesk) -> None:
    await desk.open("a")
    thread = await desk.message("hoa")
    await desk.settle()
    await desk.mongo["conversations"].update_one({"_id": thread}, {"$set": {"status": "spam"}})
    before = await desk.conversation(thread)
    await desk.message("hoa", "Vay tiền không?")
    await desk.settle()
    assert (await desk.conversation(thread))["split"] == before["split"]


async def test_switching_off_lets_everything_go(desk: SplitDesk) -> None:
    """S0.08, S0.09: what waited for its sale is everybody's and is told."""
    await desk.open("a")
    thread = await desk.message("hoa")
    await desk.mongo["bots"].update_one({"_id": BOT}, {"$set": {"split.enabled": False}})
    await desk.settle()
    found = await desk.conversation(thread)
    assert (found.get("assignee_id"), found["split"]) == (None, {"state": "off"})
    assert [one["type"] for one in await desk.live()] == ["message_received"]


async def test_two_processes_assign_once_and_a_dead_one_is_replaced(
    desk: SplitDesk, clock: FixedClock
) -> None:
    """X.SPL.20: one assigner per bot; its lease runs out with it."""
    await desk.open("a", "b", "c")
    second = desk.another("second")
    threads = await desk.messages(f"k{number}" for number in range(30))
    await asyncio.gather(desk.assigner.step(), second.step())
    assert Counter(await desk.holders(threads)) == {"a": 10, "b": 10, "c": 10}
    assert await desk.mongo["receipts"].count_documents({}) == 30

    late = await desk.message("late")
    lease = await desk.mongo["leases"].find_one({"_id": f"split:{BOT}"})
    assert lease is not None
    other = second if lease["owner"] == "first" else desk.assigner
    await other.step()
    assert await desk.holder(late) is None, "the lease is the first one's"
    clock.advance(LEASE)
    await other.step()
    assert await desk.holder(late) == "a"


async def test_a_process_that_lost_its_lease_writes_nothing(desk: SplitDesk) -> None:
    await desk.open("a")
    thread = await desk.message("hoa")
    lease = {"owner": "another", "fence": 99, "expires_at": desk.clock.now()}

    class Frozen(SplitDesk):
        """Sleeps between taking the lease and writing."""

    frozen = Frozen(desk.mongo, desk.clock).another("frozen")
    acquire = frozen._leases.acquire

    async def acquire_and_lose(name: str, duration: timedelta) -> int | None:
        fence = await acquire(name, duration)
        await desk.mongo["leases"].update_one({"_id": name}, {"$set": lease})
        return fence

    frozen._leases.acquire = acquire_and_lose  # type: ignore[method-assign]
    await frozen.step()
    assert await desk.holder(thread) is None
    assert await desk.mongo["receipts"].count_documents({}) == 0


async def test_a_person_in_two_bots_keeps_the_cap_over_both(
    desk: SplitDesk, mongo: Mongo, clock: FixedClock
) -> None:
    """X.SPL.14: two assigners that give to one person at once count each other's."""
    await desk.open("a")
    await desk.rule(cap={"open": 3})
    threads = await desk.messages(f"k{number}" for number in range(6))
    await mongo["conversations"].update_many(
        {"_id": {"$in": threads[3:]}}, {"$set": {"bot_id": "bot2"}}
    )
    rule = await mongo["split_rules"].find_one({})
    assert rule is not None
    await mongo["split_rules"].insert_one({**rule, "_id": "default-bot2", "bot_id": "bot2"})
    await mongo["bots"].insert_one(
        {"_id": "bot2", "name": "B", "member_ids": ["a"], "split": {"enabled": True}}
    )
    second = desk.another("second")
    for _ in range(3):
        await asyncio.gather(desk.assigner.step(), second.step())
        await asyncio.gather(desk.assigner.sweep(), second.sweep())
    assert await mongo["conversations"].count_documents({"assignee_id": "a"}) == 3
