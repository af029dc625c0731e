"""What an answer to a customer changes: by the bot's options, in the transaction of the answer."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.conversations.model import Author
from inbox.conversations.replying.model import Writer
from inbox.conversations.replying.service import ReplyService
from inbox.conversations.replying.store import ReplyStore
from inbox.mongo.client import Document, Mongo
from inbox.splitting.handling.replying import Carers
from tests.inbox.inbox_world import Api
from tests.inbox.splitting.handling.handling_desk import HandlingDesk, assign
from tests.reply_world import SCRIPT, ReplyWorld

HOUR = timedelta(hours=1)


class Desk:
    """People answer customers of a bot that splits."""

    def __init__(self, mongo: Mongo, clock: FixedClock, folder: Path) -> None:
        self.world = ReplyWorld(mongo, clock, folder)
        self.people = HandlingDesk(mongo, clock)
        self.carers = Carers(mongo, self.people.store, self.people.presence, clock)
        self.world.replies = ReplyService(
            ReplyStore(mongo, clock, after_reply=self.carers),
            self.world.uploads,
            self.world.messengers,
            clock,
            lambda: None,
        )

    async def thread(self, assignee: str | None, state: str, *participants: str) -> str:
        people = [one for one in (assignee, *participants) if one]
        return await self.world.thread(
            assignee_id=assignee, participant_ids=people, split={"state": state, "rule_id": "r"}
        )

    async def reply(self, thread: str, name: str, **fields: Any) -> str:
        return await self.world.say(thread, "Dạ có ạ", by=_person(name), **fields)

    async def stored(self, thread: str) -> Document:
        return await self.people.stored(thread)


def _person(name: str) -> Writer:
    return Writer(Author("staff", name, name.title()), is_human=True)


@pytest.fixture
async def desk(mongo: Mongo, clock: FixedClock, tmp_path: Path) -> Desk:
    desk = Desk(mongo, clock, tmp_path)
    await desk.world.connect()
    return desk


@pytest.fixture
async def opened(desk: Desk) -> AsyncIterator[Api]:
    api = await desk.people.open(visibility="all")
    yield api
    await api.close()


@pytest.mark.parametrize("takes_over", [False, True])
@pytest.mark.parametrize("becomes", [False, True])
@pytest.mark.parametrize(
    ("assignee", "state"),
    [("lan", "assigned"), (None, "waiting"), (None, "manual"), (None, "claimable")],
)
async def test_the_options_decide_whose_it_is_after_an_answer(
    desk: Desk, assignee: str | None, state: str, *, becomes: bool, takes_over: bool
) -> None:
    """X.SPL.17: both options on and off; X.SPL.07: what may be claimed is the first answerer's."""
    api = await desk.people.open(replier_becomes_assignee=becomes, replier_takes_over=takes_over)
    thread = await desk.thread(assignee, state)

    await desk.reply(thread, "minh")

    gets_it = takes_over if assignee else becomes or state == "claimable"
    stored = await desk.stored(thread)
    assert stored.get("assignee_id") == ("minh" if gets_it else assignee)
    assert stored["split"]["state"] == ("assigned" if gets_it else state)
    assert stored["last_carer_id"] == "minh"
    kept = ["lan", "minh"] if assignee and not gets_it else ["minh"]
    assert stored["participant_ids"] == kept, "who answers takes part"
    receipts = await desk.people.all_of("receipts")
    kind = "taken_over" if assignee else "claimed"
    assert [(one["kind"], one["chosen"]) for one in receipts] == ([(kind, "minh")] * gets_it)
    (event,) = await desk.people.all_of("live_events", type="message_received")
    assert event["assignee"] == {"before": assignee, "after": stored.get("assignee_id")}
    await api.close()


async def test_an_answer_posted_twice_changes_hands_once(desk: Desk, opened: Api) -> None:
    thread = await desk.thread(None, "claimable")

    for _ in range(2):
        await desk.reply(thread, "minh", client_id="same")

    (receipt,) = await desk.people.all_of("receipts")
    history = (await opened.get(f"/conversations/{thread}/receipts", "lan")).json["items"]
    assert history[0]["vi"] == "Minh trả lời đầu tiên nên nhận hội thoại."
    assert receipt["reason"] is None
    (books,) = await desk.people.all_of("split_ledger")
    assert books["manual"] == 1


async def test_of_two_first_answers_at_once_one_gets_it(desk: Desk, opened: Api) -> None:
    """X.SPL.07: both are said, the second one leaves it with the first."""
    thread = await desk.thread(None, "claimable")

    await asyncio.gather(desk.reply(thread, "minh"), desk.reply(thread, "lan"))

    (receipt,) = await desk.people.all_of("receipts")
    stored = await desk.stored(thread)
    assert stored["assignee_id"] == receipt["chosen"]
    assert sorted(stored["participant_ids"]) == ["lan", "minh"]
    assert stored["seq"] == 2


async def test_only_what_a_person_tells_the_customer_counts(desk: Desk, opened: Api) -> None:
    """Scripts and notes among colleagues leave it as it is; so does what is being split."""
    thread = await desk.thread(None, "claimable")
    await desk.world.say(thread, "Chào bạn", by=SCRIPT)
    await desk.reply(thread, "minh", internal=True)
    pending = await desk.thread(None, "pending")
    await desk.reply(pending, "hoa")

    for one in (thread, pending):
        assert "assignee_id" not in await desk.stored(one)
    assert "last_carer_id" not in await desk.stored(thread)
    assert await desk.people.all_of("receipts") == []


async def test_without_splitting_whoever_answers_takes_part(desk: Desk) -> None:
    """S0.08: there is no assignee, whatever the options say."""
    api = await desk.people.open(enabled=False, replier_takes_over=True)
    thread = await desk.thread(None, "off")

    await desk.reply(thread, "minh")

    stored = await desk.stored(thread)
    assert "assignee_id" not in stored
    assert (stored["participant_ids"], stored["last_carer_id"]) == (["minh"], "minh")
    block = (await api.get(f"/conversations/{thread}/people", "lan")).json
    assert [one["id"] for one in block["participants"]] == ["minh"]
    await api.close()


async def test_an_answer_ends_a_break_that_came_by_itself(desk: Desk, opened: Api) -> None:
    thread = await desk.thread("minh", "assigned")
    presence = desk.people.presence
    await presence.extend({"minh": desk.people.clock.now() + HOUR})
    await presence.take_break("minh", "auto")

    await desk.reply(thread, "minh")

    assert (await presence.of(["minh"]))["minh"].state == "online"


async def test_the_last_carer_is_shown_while_the_assignee_is_away(desk: Desk, opened: Api) -> None:
    """X.INB.04: after another's reply, and not any more once the assignee is back."""
    thread = await desk.thread("lan", "assigned")
    path = f"/conversations/{thread}"
    await opened.call("POST", f"{path}/participants", "lan", json={"staff_id": "minh"})
    assert not (await opened.get(f"{path}/people", "minh")).json["shows_last_carer"]

    await desk.reply(thread, "minh")

    block = (await opened.get(f"{path}/people", "lan")).json
    assert block["shows_last_carer"]
    assert (block["last_carer"]["id"], block["assignee"]["id"]) == ("minh", "lan")
    await desk.people.presence.extend({"lan": desk.people.clock.now() + HOUR})
    assert not (await opened.get(f"{path}/people", "lan")).json["shows_last_carer"]


async def test_an_answer_and_a_transfer_at_once_leave_one_assignee(desk: Desk) -> None:
    """Neither undoes the other: whichever is second sees the first."""
    api = await desk.people.open(visibility="all", replier_takes_over=True)
    thread = await desk.thread("lan", "assigned")

    _, moved = await asyncio.gather(
        desk.reply(thread, "minh"),
        assign(api, thread, "boss", staff_id="hoa", **{"from": "lan"}),
    )

    stored = await desk.stored(thread)
    receipts = sorted(one["chosen"] for one in await desk.people.all_of("receipts"))
    assert moved.status in (200, 409)
    assert stored["assignee_id"] in stored["participant_ids"]
    assert receipts == (["minh"] if moved.status == 409 else ["hoa", "minh"])
    await api.close()
