"""What automations learn of messages that come in: the customer's consent, who wrote, once."""

import itertools
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.conversations.applying import Applier
from inbox.conversations.changes import Change, KeepMessage, RemoveMessage
from inbox.conversations.model import (
    OUTSIDE_STAFF_NAME,
    Author,
    IdentityRef,
    MessageRef,
    ThreadRef,
)
from inbox.conversations.sheet import Terms
from inbox.ids import account_key
from inbox.mongo.client import Document, Mongo
from inbox.mongo.journal import JournalEntries
from inbox.signals.store import SignalStore
from tests.inbox.inbox_world import Api, an_actor, inbox_routes, serve

HOA = IdentityRef("zalo", "oa1", "hoa")
MAI = IdentityRef("zalo", "oa1", "mai")
INBOX = ThreadRef("zalo", "oa1", "inbox", "hoa")
POST = ThreadRef("zalo", "oa1", "comment", "c1")
BOTS = {account_key("zalo", "oa1"): "bot1"}


class Desk:
    """The real ingest from changes on, in a bot where scripts may begin by themselves or not."""

    def __init__(self, mongo: Mongo, clock: FixedClock) -> None:
        self.mongo = mongo
        self.clock = clock
        self.triggering: set[str] = set()
        self.splitting: set[str] = set()
        self.signals = SignalStore(mongo, clock)
        terms = Terms(triggering=self.triggering, splitting=self.splitting)
        journal = JournalEntries(mongo, clock)
        self._applier = Applier(mongo, clock, journal, terms=terms, signals=self.signals)

    async def apply(self, *changes: Change) -> None:
        await self._applier.apply(changes, bots=BOTS)

    async def automate(self) -> None:
        """As a script that was attached in the conversation does."""
        query = {"_id": INBOX.id}
        await self.mongo["conversations"].update_one(query, {"$set": {"automated": True}})

    async def thread(self) -> Document:
        found = await self.mongo["conversations"].find_one({"_id": INBOX.id})
        assert found is not None
        return found

    async def told(self) -> list[Document]:
        """The signals so far, oldest first, without what every one has."""
        fields = {"_id": 0, "work": 0, "customer_id": 0, "bot_id": 0, "conversation_id": 0}
        return await self.mongo["signals"].find({}, fields).sort("at", 1).to_list()

    async def kinds(self) -> list[str]:
        return [one["kind"] for one in await self.told()]

    async def rows(self) -> list[str]:
        return [one["type"] async for one in self.mongo["interactions"].find().sort("at", 1)]


@pytest.fixture
def desk(mongo: Mongo, clock: FixedClock) -> Desk:
    return Desk(mongo, clock)


@pytest.fixture
async def api(mongo: Mongo, clock: FixedClock) -> AsyncIterator[Api]:
    api = await serve(inbox_routes(mongo, clock), an_actor("lan", "bot1"))
    yield api
    await api.close()


def said(id_: str, text: str, at: datetime, **fields: Any) -> KeepMessage:
    """A message of Hoa, in her own thread unless `thread` says otherwise."""
    thread: ThreadRef = fields.pop("thread", INBOX)
    return KeepMessage(
        message=MessageRef("zalo", "oa1", id_),
        thread=thread,
        customer=fields.pop("customer", HOA),
        direction="in",
        author=Author("customer"),
        at=at,
        text=text,
        **fields,
    )


def answered(id_: str, at: datetime, *, human: bool = True, **fields: Any) -> KeepMessage:
    """An echo of somebody, or something, that wrote elsewhere."""
    return KeepMessage(
        message=MessageRef("zalo", "oa1", id_),
        thread=INBOX,
        customer=HOA,
        direction="out",
        author=Author("staff", None, OUTSIDE_STAFF_NAME) if human else Author("automation"),
        at=at,
        text="Dạ còn ạ",
        human_reply=human,
        **fields,
    )


async def test_stop_ends_automatic_messages_and_start_lets_them_begin_again(
    desk: Desk, clock: FixedClock, api: Api
) -> None:
    """X.SCR.09: shown in the conversation and on the timeline."""
    now = clock.now()
    await desk.apply(said("m1", "Áo này còn không?", now - timedelta(minutes=3)))
    assert "opted_out_at" not in await desk.thread()

    await desk.apply(said("m2", "Dừng nhận tin", now - timedelta(minutes=2)))
    shown = (await api.get(f"/conversations/{INBOX.id}", "lan")).json["automation"]
    assert shown == {
        "state": "active",
        "paused_until": None,
        "reason": None,
        "opted_out_at": "2026-11-22T02:58:00.000Z",
    }

    await desk.apply(said("m3", "Nhận tin lại", now - timedelta(minutes=1)))
    assert "opted_out_at" not in await desk.thread()
    assert await desk.rows() == ["opted_out", "opted_in"]


WORDS = ("STOP", "START", "Dừng!", "giá bao nhiêu ạ")


@pytest.mark.parametrize("order", [*itertools.permutations(range(len(WORDS)))])
async def test_the_newest_word_counts_in_any_order(
    desk: Desk, clock: FixedClock, order: tuple[int, ...]
) -> None:
    """X.SCR.09."""
    times = [clock.now() - timedelta(minutes=9 - n) for n in range(len(WORDS))]

    for n in (*order, order[0]):
        await desk.apply(said(f"m{n}", WORDS[n], times[n]))

    thread = await desk.thread()
    assert (thread["opted_out_at"], thread["consent_at"]) == (times[2], times[2])


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_of_two_words_at_once_stop_counts(
    desk: Desk, clock: FixedClock, order: tuple[int, ...]
) -> None:
    for n in order:
        await desk.apply(said(f"m{n}", ("STOP", "START")[n], clock.now()))

    assert (await desk.thread())["opted_out_at"] == clock.now()


async def test_a_word_that_is_unsent_stays_said(desk: Desk, clock: FixedClock) -> None:
    await desk.apply(said("m1", "STOP", clock.now()))
    await desk.apply(RemoveMessage(MessageRef("zalo", "oa1", "m1"), INBOX, clock.now()))

    assert (await desk.thread())["opted_out_at"] == clock.now()


async def test_what_is_said_under_a_post_is_no_word_to_us(desk: Desk, clock: FixedClock) -> None:
    await desk.apply(said("c1", "STOP", clock.now(), thread=POST, writer=HOA))

    thread = await desk.mongo["conversations"].find_one({"_id": POST.id})
    assert thread is not None
    assert "consent_at" not in thread


async def test_a_message_is_told_where_a_script_was_attached(desk: Desk, clock: FixedClock) -> None:
    """Once, however often it is delivered; and nothing before."""
    now = clock.now()
    await desk.apply(said("m1", "Chào shop", now - timedelta(minutes=2)))
    assert await desk.told() == []
    await desk.automate()
    second = said("m2", "Alo", now - timedelta(minutes=1))

    await desk.apply(second)
    await desk.apply(second)

    message = {"at": second.at, "message_id": second.message.id}
    assert await desk.told() == [{"kind": "customer_wrote", **message}]
    [signal] = await desk.mongo["signals"].find().to_list()
    assert (signal["conversation_id"], signal["bot_id"]) == (INBOX.id, "bot1")
    assert signal["customer_id"] == HOA.id
    assert len(await desk.signals.due.claim(10)) == 1


async def test_where_messages_may_begin_scripts_the_first_is_told_as_such(
    desk: Desk, clock: FixedClock
) -> None:
    desk.triggering.add("bot1")
    now = clock.now()

    await desk.apply(said("m1", "Chào", now), said("m2", "Giá?", now + timedelta(seconds=1)))
    await desk.apply(said("m3", "Alo", now + timedelta(seconds=2)))

    assert [one.get("first", False) for one in await desk.told()] == [True, False, False]


async def test_what_comes_late_is_told_as_late(desk: Desk, clock: FixedClock) -> None:
    """A replay or a back-fill stops what runs, and begins nothing."""
    desk.triggering.add("bot1")
    now = clock.now()

    await desk.apply(said("m1", "Chào", now - timedelta(hours=1), from_history=True))
    await desk.apply(said("m2", "Alo", now - timedelta(minutes=59), from_history=True))

    assert [one.get("late", False) for one in await desk.told()] == [True, False]


async def test_what_is_withheld_from_people_is_told_to_automations(
    desk: Desk, clock: FixedClock
) -> None:
    desk.triggering.add("bot1")
    desk.splitting.add("bot1")

    await desk.apply(said("m1", "Chào", clock.now()))

    assert (await desk.thread())["split"]["state"] == "pending"
    assert await desk.mongo["live_events"].count_documents({}) == 0
    assert await desk.kinds() == ["customer_wrote"]


async def test_opting_out_is_told_besides(desk: Desk, clock: FixedClock) -> None:
    """X.SCR.09: what runs must end."""
    await desk.apply(said("m1", "Chào", clock.now() - timedelta(minutes=1)))
    await desk.automate()

    await desk.apply(said("m2", "STOP", clock.now()))

    assert sorted(await desk.kinds()) == ["customer_wrote", "opted_out"]


async def test_an_answer_from_elsewhere_pauses_and_is_told(desk: Desk, clock: FixedClock) -> None:
    """X.SCR.10: from Business Suite or Zalo's own tool, as one made here."""
    now = clock.now()
    await desk.apply(said("m1", "Chào", now - timedelta(minutes=2)))
    await desk.automate()

    await desk.apply(answered("m2", now - timedelta(minutes=1)))

    thread = await desk.thread()
    assert thread["automation"]["paused_until"] == now + timedelta(minutes=29)
    assert await desk.kinds() == ["staff_wrote"]


async def test_another_automation_pauses_nothing_and_is_nobody(
    desk: Desk, clock: FixedClock
) -> None:
    await desk.apply(said("m1", "Chào", clock.now()))
    await desk.automate()

    await desk.apply(answered("m2", clock.now(), human=False))

    assert (await desk.thread())["automation"] == {"state": "active"}
    assert await desk.told() == []


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_what_history_took_for_a_person_pauses_only_until_its_webhook_comes(
    desk: Desk, clock: FixedClock, order: tuple[int, ...]
) -> None:
    """The history does not say who wrote; whichever comes first, the webhook counts."""
    await desk.apply(said("m1", "Chào", clock.now()))
    told = (
        answered("m2", clock.now(), from_history=True),
        answered("m2", clock.now(), human=False),
    )

    for n in order:
        await desk.apply(told[n])

    assert (await desk.thread())["automation"] == {"state": "active"}


async def test_under_a_post_only_the_customer_of_the_thread_is_told_of(
    desk: Desk, clock: FixedClock
) -> None:
    desk.triggering.add("bot1")
    now = clock.now()
    rest = {"thread": POST, "customer": None}

    await desk.apply(said("c1", "Giá?", now, thread=POST, writer=HOA))
    await desk.apply(said("c2", "Mình cũng hỏi", now + timedelta(seconds=1), writer=MAI, **rest))
    await desk.apply(said("c3", "Alo shop", now + timedelta(seconds=2), writer=HOA, **rest))

    times = [one["at"] for one in await desk.told()]
    assert times == [now, now + timedelta(seconds=2)]


async def test_signals_come_with_their_messages_or_not_at_all(
    desk: Desk, clock: FixedClock
) -> None:
    """A batch of which one change is poisonous leaves nothing behind."""
    desk.triggering.add("bot1")
    nowhere = ThreadRef("zalo", "gone", "inbox", "x")
    bad = said("m2", "?", clock.now(), thread=nowhere, customer=None)

    with pytest.raises(Exception, match="not connected"):
        await desk.apply(said("m1", "Chào", clock.now()), bad)

    assert await desk.told() == []
