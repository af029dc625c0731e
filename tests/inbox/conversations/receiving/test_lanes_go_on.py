"""The lanes go on: poison, refusing databases and huge bodies cost no other event."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from bson import ObjectId
from pymongo.errors import NetworkTimeout, OperationFailure

from inbox.clock import FixedClock
from inbox.config import ReceivingConfig
from inbox.conversations.applying import Applier, EndedEntry
from inbox.conversations.changes import Change, KeepMessage, NoteAccountEvent
from inbox.conversations.model import Author, IdentityRef, MessageRef, ThreadRef
from inbox.conversations.receiving import Receiving
from inbox.conversations.work import Understood
from inbox.ids import account_key
from inbox.mongo.client import Mongo
from inbox.mongo.journal import JournalEntries
from tests.ingest import FACEBOOK_PAGE, connect_accounts, facebook_message, running_ingest

KEY = account_key("facebook", FACEBOOK_PAGE)
BOTS = {KEY: "bot"}


class Grudging(Applier):
    """An applier that refuses some batches, and remembers how many changes it was given."""

    def __init__(self, mongo: Mongo, clock: FixedClock, entries: JournalEntries) -> None:
        super().__init__(mongo, clock, entries)
        self.sizes: list[int] = []
        self.most = 1_000_000
        self.refusals: list[Exception] = []
        self.refused = 0

    async def apply(
        self,
        changes: Sequence[Change],
        *,
        bots: Mapping[str, str],
        ended: Sequence[EndedEntry] = (),
    ) -> None:
        self.sizes.append(len(changes))
        if len(changes) > self.most:
            raise NetworkTimeout("too much at once")
        if self.refusals and ended:
            self.refused += 1
            raise self.refusals.pop(0)
        await super().apply(changes, bots=bots, ended=ended)


@asynccontextmanager
async def lanes(
    mongo: Mongo, clock: FixedClock, bots: Mapping[str, str] = BOTS
) -> AsyncIterator[tuple[Receiving, Grudging]]:
    entries = JournalEntries(mongo, clock)
    applier = Grudging(mongo, clock, entries)
    limits = ReceivingConfig(pause_when_away=timedelta(milliseconds=1))
    receiving = Receiving(applier, entries, clock, bots, limits)
    receiving.start()
    try:
        yield receiving, applier
    finally:
        await receiving.stop(within=timedelta(seconds=20))


async def journaled(mongo: Mongo, clock: FixedClock) -> ObjectId:
    entry = {"channel": "facebook", "body": b"{}", "received_at": clock.now()}
    result = await mongo["webhook_journal"].insert_one({**entry, "apply": {"token": "me"}})
    return ObjectId(result.inserted_id)


def written(clock: FixedClock, person: str, mid: str) -> KeepMessage:
    return KeepMessage(
        message=MessageRef("facebook", FACEBOOK_PAGE, mid),
        thread=ThreadRef("facebook", FACEBOOK_PAGE, "inbox", person),
        customer=IdentityRef("facebook", FACEBOOK_PAGE, person),
        direction="in",
        author=Author("customer"),
        at=clock.now(),
        text="Alo",
    )


def understood(entry_id: ObjectId, *changes: Change) -> Understood:
    items = tuple((index, (change,)) for index, change in enumerate(changes))
    return Understood(entry_id, 2, "me", items)


async def state(mongo: Mongo, entry_id: ObjectId) -> tuple[bool, list[tuple[int, str]]]:
    """Whether the entry is applied, and which of its events are parked why."""
    entry = await mongo["webhook_journal"].find_one({"_id": entry_id})
    assert entry is not None
    parked = entry.get("parked", {}).get("events", [])
    return "applied_at" in entry, [(one["index"], one["reason"]) for one in parked]


async def test_body_with_thousands_of_events_is_applied_in_pieces_and_marked_once(
    mongo: Mongo, clock: FixedClock
) -> None:
    entry_id = await journaled(mongo, clock)
    events = [written(clock, str(number % 3), f"m_{number}") for number in range(1500)]
    async with lanes(mongo, clock) as (receiving, applier):
        applier.most = 700
        receiving.submit([understood(entry_id, *events)])
        async with asyncio.timeout(60):
            await receiving.drained()

    assert await state(mongo, entry_id) == (True, [])
    assert await mongo["messages"].count_documents({}) == 1500
    assert max(size for size in applier.sizes if size <= applier.most) <= 700


async def test_batches_that_take_too_long_become_smaller_until_they_pass(
    mongo: Mongo, clock: FixedClock
) -> None:
    ids = [await journaled(mongo, clock) for _ in range(40)]
    async with lanes(mongo, clock) as (receiving, applier):
        applier.most = 3
        receiving.submit([understood(id_, written(clock, "1", str(id_))) for id_ in ids])
        async with asyncio.timeout(20):
            await receiving.drained()

    assert [await state(mongo, id_) for id_ in ids] == [(True, [])] * 40


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param(OperationFailure("lifetime", 290), id="transaction took too long"),
        pytest.param(OperationFailure("disk", 14031), id="disk is full"),
        pytest.param(OperationFailure("interrupted", 11601), id="operation was ended"),
    ],
)
async def test_fault_of_the_database_is_not_taken_for_poison(
    mongo: Mongo, clock: FixedClock, refusal: Exception
) -> None:
    entry_id = await journaled(mongo, clock)
    async with lanes(mongo, clock) as (receiving, applier):
        applier.refusals = [refusal, refusal]
        receiving.submit([understood(entry_id, written(clock, "1", "m_1"))])
        async with asyncio.timeout(20):
            await receiving.drained()

    assert await state(mongo, entry_id) == (True, [])
    assert applier.refused == 2


async def test_mark_that_is_refused_is_tried_again_until_it_is_written(
    mongo: Mongo, clock: FixedClock
) -> None:
    entry_id = await journaled(mongo, clock)
    async with lanes(mongo, clock) as (receiving, applier):
        applier.refusals = [ValueError("a bug")] * 2500  # more than a stack holds
        receiving.submit([understood(entry_id)])
        async with asyncio.timeout(60):
            await receiving.drained()

    assert await state(mongo, entry_id) == (True, [])
    assert applier.refused == 2500


async def test_event_without_an_id_that_can_be_hashed_parks_alone(
    mongo: Mongo, clock: FixedClock
) -> None:
    entry_id = await journaled(mongo, clock)
    broken = written(clock, "lone \ud800", "m_2")
    async with lanes(mongo, clock) as (receiving, _):
        receiving.submit([understood(entry_id, written(clock, "1", "m_1"), broken)])
        async with asyncio.timeout(20):
            await receiving.drained()

    assert await state(mongo, entry_id) == (False, [(1, "apply_failed:UnicodeEncodeError")])
    assert await mongo["messages"].count_documents({}) == 1


async def test_event_whose_account_goes_before_it_is_applied_waits_for_it_to_come_back(
    mongo: Mongo, clock: FixedClock
) -> None:
    entry_id = await journaled(mongo, clock)
    noted = NoteAccountEvent("facebook", FACEBOOK_PAGE, clock.now(), "policy", "1", {})
    async with lanes(mongo, clock, bots={}) as (receiving, _):
        receiving.submit([understood(entry_id, written(clock, "1", "m_1"), noted)])
        async with asyncio.timeout(20):
            await receiving.drained()

    assert await state(mongo, entry_id) == (False, [(0, "unknown_account")])
    assert await JournalEntries(mongo, clock).parked_account_keys() == [KEY]


async def test_entry_that_is_claimed_again_while_it_waits_here_is_not_applied_beside_itself(
    mongo: Mongo, clock: FixedClock
) -> None:
    entry_id = await journaled(mongo, clock)
    async with lanes(mongo, clock) as (receiving, applier):
        receiving.submit([understood(entry_id, written(clock, "1", "m_1"))])
        receiving.submit([understood(entry_id, written(clock, "1", "m_1"))])

        assert receiving.backlog == 1
        assert receiving.holds(entry_id)
        async with asyncio.timeout(20):
            await receiving.drained()

    assert applier.sizes == [1]
    assert await state(mongo, entry_id) == (True, [])


async def test_two_thousand_attachments_and_a_burst_of_one_thousand_messages_are_kept(
    mongo: Mongo, clock: FixedClock
) -> None:
    await connect_accounts(mongo)
    body = facebook_message("nhiều ảnh", mid="m_many", at=1_789_612_345_678)
    image = {"type": "image", "payload": {"url": "https://cdn.example/" + "x" * 300}}
    body["entry"][0]["messaging"][0]["message"]["attachments"] = [image] * 2000
    burst = facebook_message("", mid="m_0", at=1_789_612_345_678)
    [first] = burst["entry"][0]["messaging"]
    burst["entry"][0]["messaging"] = [
        {**first, "message": {"mid": f"b_{number}", "text": f"tin {number}"}}
        for number in range(1000)
    ]
    async with running_ingest(mongo, clock) as ingest:
        await ingest.keep("facebook", body)
        await ingest.keep("facebook", burst)
        await ingest.applied()

    many = await mongo["messages"].find_one({"external_id": "m_many"})
    assert many is not None
    assert len(many["attachments"]) == 2000
    conversation = await mongo["conversations"].find_one()
    assert conversation is not None
    assert conversation["unread"] == 1001
