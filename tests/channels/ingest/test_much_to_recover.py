"""Recovery of much: it waits in the journal, and nothing is taken twice by one process."""

import asyncio
from datetime import timedelta

from bson import ObjectId

from channels.accounts import AccountDirectory
from channels.facebook.parser import parse as parse_facebook
from channels.handlers import router
from channels.ingesting import RECOVERED_AT_ONCE, Ingesting, Understanding
from channels.store import IngestStore
from inbox.clock import FixedClock
from inbox.conversations.applying import Applier
from inbox.conversations.receiving import Receiving
from inbox.mongo.client import Mongo
from inbox.mongo.due import DueWork, due
from inbox.mongo.journal import Entry, JournalEntries
from tests.waiting import until

EMPTY = b'{"object": "page", "entry": []}'


def _ingesting(mongo: Mongo, clock: FixedClock) -> tuple[Ingesting, Receiving]:
    """An ingest whose lanes are not started: what is submitted stays."""
    entries = JournalEntries(mongo, clock)
    receiving = Receiving(Applier(mongo, clock, entries), entries, clock, {})
    directory = AccountDirectory(IngestStore(mongo).connected_accounts)
    understanding = Understanding(
        {"facebook": lambda body, at: parse_facebook(body, own_app_id=None, received_at=at)},
        router,
        directory,
    )
    work = DueWork(mongo, "webhook_journal", "apply", clock)
    return Ingesting(understanding, receiving, entries, work, clock, owner="me"), receiving


async def _journaled(mongo: Mongo, clock: FixedClock, count: int) -> list[Entry]:
    entries = [Entry(ObjectId(), "facebook", EMPTY, clock.now()) for _ in range(count)]
    await mongo["webhook_journal"].insert_many(
        [
            {
                "_id": one.id,
                "channel": one.channel,
                "body": one.body,
                "received_at": one.received_at,
                "apply": due(one.received_at),
            }
            for one in entries
        ]
    )
    return entries


async def test_recovery_claims_no_more_than_keeps_the_lanes_working(
    mongo: Mongo, clock: FixedClock
) -> None:
    await _journaled(mongo, clock, 2000)
    ingesting, receiving = _ingesting(mongo, clock)
    stop = asyncio.Event()
    recovering = asyncio.create_task(ingesting.recover(stop))

    await until(lambda: not receiving.has_room)
    await asyncio.wait([recovering], timeout=0.5)

    claimed = await mongo["webhook_journal"].count_documents({"apply.attempts": 1})
    assert claimed == receiving.backlog < 1024 + RECOVERED_AT_ONCE
    stop.set()
    await recovering


async def test_entry_that_waits_here_and_is_claimed_by_this_process_is_submitted_once(
    mongo: Mongo, clock: FixedClock
) -> None:
    [entry] = await _journaled(mongo, clock, 1)
    ingesting, receiving = _ingesting(mongo, clock)
    ingesting.accept([entry])
    clock.advance(timedelta(minutes=1))
    await ingesting.recover_step()
    receiving.start()
    await receiving.drained()
    stop = asyncio.Event()
    stop.set()

    await ingesting.run(stop)

    assert ingesting.waiting == 0
    assert receiving.backlog == 0
    await receiving.stop(within=timedelta(seconds=5))
