"""What happens when nobody answers: the next one, one more, nobody; and when people leave."""

import pytest

from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.inbox.splitting.assigning.split_desk import SplitDesk

NO_HOURS = {"working_hours_only": False}


@pytest.fixture
def desk(mongo: Mongo, clock: FixedClock) -> SplitDesk:
    return SplitDesk(mongo, clock)


async def test_an_unanswered_conversation_goes_to_the_next_one(desk: SplitDesk) -> None:
    """X.SPL.13: at N-1 nothing, at N the next, the previous ones not again, then nobody's."""
    await desk.open("a", "b", "c")
    await desk.rule(resplit={"after_min": 10, "max_rounds": 5, **NO_HOURS})
    thread = await desk.message("hoa")
    await desk.settle()
    await desk.pass_time(9)
    assert await desk.holder(thread) == "a"
    await desk.pass_time(1)
    assert await desk.holder(thread) == "b"
    assert (await desk.conversation(thread))["participant_ids"] == ["b"]
    await desk.pass_time(10)
    assert await desk.holder(thread) == "c"
    await desk.pass_time(10)
    found = await desk.conversation(thread)
    assert (found.get("assignee_id"), found["participant_ids"]) == (None, [])
    kinds = [one["kind"] for one in await desk.receipts(thread)]
    assert kinds == ["assigned", "resplit", "resplit", "released"]
    await desk.pass_time(60)
    assert len(await desk.receipts(thread)) == 4


async def test_rounds_have_an_end(desk: SplitDesk) -> None:
    """X.SPL.13: after max rounds it is nobody's, though somebody is left."""
    await desk.open("a", "b", "c")
    await desk.rule(resplit={"after_min": 10, "max_rounds": 1, **NO_HOURS})
    thread = await desk.message("hoa")
    await desk.settle()
    await desk.pass_time(20)
    assert await desk.holder(thread) is None
    assert (await desk.conversation(thread))["split"]["state"] == "released"
    ledger = {one["_id"]["staff_id"]: one async for one in desk.mongo["split_ledger"].find()}
    assert ledger.get("c", {}).get("given", 0) == 0, "giving up used nobody's turn"


async def test_an_answer_cancels_it_and_a_new_question_starts_it_anew(desk: SplitDesk) -> None:
    """X.SPL.13: a reply cancels."""
    await desk.open("a", "b")
    await desk.rule(resplit={"after_min": 10, **NO_HOURS})
    thread = await desk.message("hoa")
    await desk.settle()
    await desk.pass_time(9)
    await desk.reply(thread, "a")
    await desk.pass_time(60)
    assert await desk.holder(thread) == "a"
    await desk.message("hoa", "Chị ơi?")
    await desk.pass_time(9)
    assert await desk.holder(thread) == "a"
    await desk.pass_time(2)
    assert await desk.holder(thread) == "b"


async def test_only_working_hours_count(desk: SplitDesk, clock: FixedClock) -> None:
    """X.SPL.13: 22:55 in Vietnam, 10 minutes -> 8:05 the next morning."""
    clock.advance(clock.now().replace(hour=15, minute=55) - clock.now())
    await desk.open("a", "b")
    await desk.rule(resplit={"after_min": 10, "working_hours_only": True})
    thread = await desk.message("hoa")
    await desk.settle()
    await desk.pass_time(60)
    assert await desk.holder(thread) == "a"
    await desk.pass_time(8 * 60 + 9)
    assert await desk.holder(thread) == "a"
    await desk.pass_time(2)
    assert await desk.holder(thread) == "b"


async def test_one_more_person_is_added_and_the_first_ones_stay(desk: SplitDesk) -> None:
    """X.SPL.13: "phân thêm" keeping K main staff."""
    await desk.open("a", "b", "c")
    await desk.rule(resplit={"after_min": 10, "action": "add", "keep": 1, **NO_HOURS})
    thread = await desk.message("hoa")
    await desk.settle()
    await desk.pass_time(10)
    found = await desk.conversation(thread)
    assert (found["assignee_id"], sorted(found["participant_ids"])) == ("b", ["a", "b"])
    await desk.pass_time(10)
    found = await desk.conversation(thread)
    assert (found["assignee_id"], sorted(found["participant_ids"])) == ("c", ["a", "c"])


async def test_nobody_else_being_there_leaves_it_where_it_is(desk: SplitDesk) -> None:
    await desk.open("a", "b")
    await desk.rule(eligible="online", resplit={"after_min": 10, **NO_HOURS})
    await desk.online("a")
    thread = await desk.message("hoa")
    await desk.settle()
    await desk.pass_time(15)
    assert await desk.holder(thread) == "a"
    await desk.online("b")
    await desk.pass_time(1)
    assert await desk.holder(thread) == "b"


@pytest.mark.parametrize("leaves", ["break", "offline", "switch", "left"])
async def test_what_a_leaving_person_has_not_answered_goes_to_others(
    desk: SplitDesk, mongo: Mongo, leaves: str
) -> None:
    """X.SPL.09, X.SPL.13: redistributed when somebody pauses, goes offline or leaves."""
    await desk.open("a", "b")
    await desk.rule(eligible="online", redistribute=True)
    await desk.online("a")
    open_, answered = await desk.messages(["k1", "k2"])
    await desk.settle()
    await desk.reply(answered, "a")
    await desk.online("b")
    await desk.pass_time(1)
    assert await desk.holders([open_, answered]) == ["a", "a"]
    if leaves == "break":
        await desk.presence.take_break("a", "self")
    elif leaves == "offline":
        await desk.presence.leave("a")
    else:
        field = {"switch": "receiving", "left": "active"}[leaves]
        await mongo["staff"].update_one({"_id": "a"}, {"$set": {field: False}})
    await desk.pass_time(1)
    assert await desk.holders([open_, answered]) == ["b", "a"]
    last = (await desk.receipts(open_))[-1]
    assert (last["kind"], last["before"], last["numbers"]["cause"]) == (
        "resplit",
        "a",
        {"break": "away", "offline": "offline", "switch": "paused", "left": "inactive"}[leaves],
    )
