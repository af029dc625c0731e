"""What the assigner must survive: others' changes, wrong clocks, poison, moves, deletions."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.ids import message_key
from inbox.mongo.client import Mongo
from inbox.splitting.assigning.outcome import Wish
from inbox.splitting.assigning.store import Change, Confirm
from inbox.splitting.presence.store import PresenceStore
from tests.inbox.splitting.assigning.split_desk import BOT, SplitDesk

NO_HOURS = {"working_hours_only": False}


@pytest.fixture
def desk(mongo: Mongo, clock: FixedClock) -> SplitDesk:
    return SplitDesk(mongo, clock)


async def test_what_a_deleted_bot_leaves_is_told_and_keeps_nobody_busy(desk: SplitDesk) -> None:
    await desk.open("a")
    thread = await desk.message("hoa")
    await desk.mongo["bots"].delete_one({"_id": BOT})
    assert await desk.assigner.step()
    assert not await desk.assigner.step(), "nothing is left to do"
    assert (await desk.conversation(thread))["split"] == {"state": "off"}
    assert [one["type"] for one in await desk.live()] == ["message_received"]


async def test_a_conversation_from_a_process_with_a_wrong_clock_is_decided(desk: SplitDesk) -> None:
    await desk.open("a")
    desk.clock.advance(timedelta(hours=5))
    thread = await desk.message("hoa")
    desk.clock.advance(-timedelta(hours=5))
    await desk.settle()
    assert await desk.holder(thread) == "a"


async def test_what_comes_while_splitting_is_switched_on_is_not_missed(desk: SplitDesk) -> None:
    """A process learns within seconds that a bot splits; what it takes in until then has nobody."""
    await desk.open("a", "b")
    desk.splitting.clear()
    old = await desk.message("lau")
    desk.clock.advance(timedelta(hours=2))
    thread = await desk.message("hoa")
    await desk.settle()
    assert await desk.holders([thread, old]) == ["a", None]
    assert [one["kind"] for one in await desk.receipts(thread)] == ["assigned"]
    told = await desk.live()
    assert [one["type"] for one in told][-1] == "conversation_changed"
    assert told[-1]["assignee"] == {"before": None, "after": "a"}


async def test_what_has_lost_its_person_by_moving_to_this_bot_is_given(desk: SplitDesk) -> None:
    await desk.open("a")
    thread = await desk.message("hoa")
    await desk.settle()
    await desk.mongo["conversations"].update_one(
        {"_id": thread}, {"$unset": {"assignee_id": 1}, "$set": {"participant_ids": []}}
    )
    await desk.settle()
    assert await desk.holder(thread) == "a"


async def test_what_waits_when_it_moves_to_a_bot_that_does_not_split_is_let_go(
    desk: SplitDesk, mongo: Mongo
) -> None:
    await desk.open("a")
    await desk.rule(eligible="online")
    waiting = await desk.message("hoa")
    await desk.settle()
    pending = await desk.message("mai")
    await mongo["bots"].insert_one({"_id": "bot2", "name": "B", "member_ids": ["a"]})
    await mongo["conversations"].update_many({}, {"$set": {"bot_id": "bot2"}})
    await desk.settle()
    states = [(await desk.conversation(one))["split"] for one in (waiting, pending)]
    assert states == [{"state": "off"}, {"state": "off"}]
    assert {one["conversation_id"] for one in await desk.live()} == {waiting, pending}


@pytest.mark.parametrize("status", ["closed", "spam", "deleted"])
async def test_what_is_closed_before_it_is_decided_is_given_to_nobody(
    desk: SplitDesk, status: str
) -> None:
    await desk.open("a")
    await desk.rule(eligible="online")
    waiting = await desk.message("hoa")
    await desk.settle()
    pending = await desk.message("mai")
    ids = [waiting, pending]
    closed = {"status": status, "status_at": desk.clock.now()}
    await desk.mongo["conversations"].update_many({"_id": {"$in": ids}}, {"$set": closed})
    await desk.online("a")
    await desk.settle()
    assert await desk.holders(ids) == [None, None]
    assert {one["conversation_id"] for one in await desk.live()} == set(ids)


async def test_a_poisonous_conversation_does_not_hold_up_the_others(desk: SplitDesk) -> None:
    await desk.open("a")
    poison, *others = await desk.messages(["k1", "k2", "k3", "k4"])
    await desk.mongo["conversations"].update_one({"_id": poison}, {"$set": {"split.tried": 7}})
    await desk.settle()
    assert await desk.holders(others) == ["a", "a", "a"]
    assert not await desk.assigner.step(), "it rests for a while"


async def test_a_deleted_rule_leaves_its_conversations_to_the_catch_all(desk: SplitDesk) -> None:
    await desk.open("a", "b")
    await desk.rule(
        when={"field": "channel", "op": "is", "value": "zalo"}, pool=[{"staff_id": "a"}]
    )
    await desk.rule(resplit={"after_min": 10, **NO_HOURS})
    thread = await desk.message("hoa")
    await desk.settle()
    await desk.mongo["split_rules"].delete_one({"_id": "rule1"})
    await desk.pass_time(11)
    assert await desk.holder(thread) == "b"


async def test_the_first_message_still_tells_the_rule_when_it_is_split_again(
    desk: SplitDesk,
) -> None:
    """A keyword's conversations stay with the people of the keyword."""
    await desk.open("a", "b", "c")
    keyword = {"field": "keyword", "op": "contains", "value": "bảo hành"}
    pool = [{"staff_id": "b"}, {"staff_id": "c"}]
    await desk.rule(when=keyword, pool=pool, resplit={"after_min": 10, **NO_HOURS})
    thread = await desk.message("hoa", "Cho em hỏi bao hanh")
    await desk.settle()
    await desk.message("hoa", "Alo?")
    assert await desk.holder(thread) == "b"
    await desk.pass_time(10)
    assert await desk.holder(thread) == "c"


async def test_an_answer_and_a_new_question_at_once_are_not_split_again(desk: SplitDesk) -> None:
    """X.SPL.13: what was looked at before the answer is not acted on after it."""
    await desk.open("a", "b")
    await desk.rule(resplit={"after_min": 10, **NO_HOURS})
    thread = await desk.message("hoa")
    await desk.settle()
    asked = (await desk.conversation(thread))["waiting_since"]
    desk.clock.advance(timedelta(minutes=11))
    await desk.reply(thread, "a")
    desk.clock.advance(timedelta(seconds=2))
    await desk.message("hoa", "Còn màu khác không?")
    stale = Wish(thread, "resplit", "a", asked, "unanswered")
    assert await desk.assigner._assign(BOT, [stale]) == []
    assert await desk.holder(thread) == "a"


async def test_late_messages_split_nothing_again(desk: SplitDesk) -> None:
    """X.SPL.13: what a back-fill brings is old news; a new message counts from now on."""
    await desk.open("a", "b")
    await desk.rule(resplit={"after_min": 10, **NO_HOURS})
    thread = await desk.message("hoa")
    await desk.settle()
    await desk.reply(thread, "a")
    desk.clock.advance(timedelta(hours=5))
    await desk.message("hoa", "Tin cũ", ago=timedelta(hours=3))
    await desk.pass_time(30)
    assert await desk.holder(thread) == "a"
    await desk.message("hoa", "Tin mới")
    await desk.pass_time(9)
    assert await desk.holder(thread) == "a"
    await desk.pass_time(2)
    assert await desk.holder(thread) == "b"


async def test_one_who_had_to_go_may_get_it_back_when_the_next_one_goes_too(
    desk: SplitDesk, mongo: Mongo, clock: FixedClock
) -> None:
    await desk.open("a", "b")
    await desk.rule(eligible="online", redistribute=True)
    presence = PresenceStore(mongo, clock)
    await desk.online("a", "b")
    thread = await desk.message("hoa")
    await desk.settle()
    for leaving, expected in (("a", "b"), ("b", "a")):
        await presence.leave(leaving)
        await desk.settle()
        assert await desk.holder(thread) == expected
        await desk.online(leaving)


async def test_what_a_claim_rule_gave_is_there_to_be_claimed_again(desk: SplitDesk) -> None:
    await desk.open("a", "b")
    await desk.rule(mode="claim", resplit={"after_min": 10, **NO_HOURS})
    thread = await desk.message("hoa")
    await desk.settle()
    split = (await desk.conversation(thread))["split"]
    taken: dict[str, Any] = {"assignee_id": "a", "participant_ids": ["a"]}
    taken["split"] = {**split, "state": "assigned", "tried": ["a"]}
    await desk.mongo["conversations"].update_one({"_id": thread}, {"$set": taken})
    await desk.pass_time(10)
    found = await desk.conversation(thread)
    assert (found["split"]["state"], found.get("assignee_id")) == ("claimable", None)
    assert found["participant_ids"] == []


async def test_people_who_wait_long_starve_nobody_behind_them(
    desk: SplitDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what cannot be split again now there may be more than one look takes in."""
    monkeypatch.setattr("inbox.splitting.assigning.following.MOST_LOOKED_AT", 2)
    await desk.open("a", "b")
    await desk.rule(
        when={"field": "channel", "op": "is", "value": "zalo"},
        pool=[{"staff_id": "a"}, {"staff_id": "b"}],
        eligible="online",
        resplit={"after_min": 10, **NO_HOURS},
    )
    await desk.rule(resplit={"after_min": 10, **NO_HOURS})
    await desk.online("a")
    await desk.messages(["k1", "k2", "k3"])
    last = await desk.message("k4", channel="facebook")
    await desk.settle()
    before = await desk.holder(last)
    await desk.pass_time(13)
    assert await desk.holder(last) not in (None, before)


async def test_a_large_backlog_costs_little_while_nobody_comes(
    desk: SplitDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """X.SPL.10: a batch of each queue tells of the rest; another rule's people are not starved."""
    monkeypatch.setattr("inbox.splitting.assigning.backlog._PROBED", 4)
    monkeypatch.setattr("inbox.splitting.assigning.backlog._BATCH", 4)
    monkeypatch.setattr("inbox.splitting.assigning.backlog._IN_TURN", 2)
    await desk.open("a", "b")
    only_a = {"pool": [{"staff_id": "a"}], "eligible": "online"}
    await desk.rule(when={"field": "channel", "op": "is", "value": "zalo"}, **only_a)
    await desk.rule(pool=[{"staff_id": "b"}], eligible="online", cap={"open": 7})
    many = await desk.messages(f"k{number}" for number in range(30))
    few = [await desk.message(f"f{number}", channel="facebook") for number in range(9)]
    await desk.settle()
    tried: list[int] = []
    assign = desk.assigner._store.assign

    async def counted(bot_id: str, wishes: Sequence[Wish], confirm: Confirm) -> list[Change]:
        tried.append(len(wishes))
        return await assign(bot_id, wishes, confirm)

    monkeypatch.setattr(desk.assigner._store, "assign", counted)
    await desk.assigner.sweep()
    assert sum(tried) <= 6
    await desk.online("b")
    await desk.assigner.sweep()
    assert await desk.holders(few) == ["b"] * 7 + [None] * 2
    assert set(await desk.holders(many)) == {None}
    await desk.online("a")
    await desk.assigner.sweep()
    assert set(await desk.holders(many)) == {"a"}


async def test_an_erased_first_message_is_no_hindrance(desk: SplitDesk) -> None:
    await desk.open("a", "b")
    await desk.rule(resplit={"after_min": 10, **NO_HOURS})
    thread = await desk.message("hoa")
    await desk.settle()
    first = (await desk.conversation(thread))["split"]["first_id"]
    assert first == message_key("zalo", "oa1", "mid1")
    await desk.mongo["messages"].delete_one({"_id": first})
    await desk.pass_time(10)
    assert await desk.holder(thread) == "b"


async def test_a_conversation_erased_before_it_is_decided_is_nothing(desk: SplitDesk) -> None:
    await desk.open("a")
    thread = await desk.message("hoa")
    await desk.mongo["conversations"].delete_one({"_id": thread})
    assert await desk.assigner._assign(BOT, [Wish(thread)]) == []
    assert await desk.mongo["receipts"].count_documents({}) == 0


async def test_a_deleted_person_gets_nothing(desk: SplitDesk) -> None:
    await desk.open("a", "b")
    await desk.mongo["staff"].delete_one({"_id": "a"})
    threads = await desk.messages(["k1", "k2"])
    await desk.settle()
    assert await desk.holders(threads) == ["b", "b"]
