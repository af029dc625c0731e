"""Shows that answering goes first and applying gives way, but loses nothing and always goes on."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

from channels.accounts import AccountDirectory
from channels.ingesting import Ingesting, Understanding
from channels.router import Router
from channels.store import IngestStore
from inbox.clock import FixedClock
from inbox.config import ReceivingConfig
from inbox.conversations.applying import Applier
from inbox.conversations.receiving import Receiving
from inbox.conversations.work import Understood
from inbox.mongo.client import Mongo
from inbox.mongo.due import DueWork
from inbox.mongo.journal import Entry, EntryId, JournalEntries
from tests.ingest import FACEBOOK_PAGE, connect_accounts, running_ingest

OWNER = "test"
LEASE = timedelta(seconds=15)


def a_message(number: int) -> dict[str, Any]:
    message = {
        "sender": {"id": str(7_000_000_000_000_000 + number % 50)},
        "recipient": {"id": FACEBOOK_PAGE},
        "timestamp": 1_795_000_000_000 + number,
        "message": {"mid": f"m_flood_{number}", "text": "Còn hàng không shop?"},
    }
    entry = {"id": FACEBOOK_PAGE, "time": message["timestamp"], "messaging": [message]}
    return {"object": "page", "entry": [entry]}


def _bytes(number: int) -> bytes:
    return json.dumps(a_message(number)).encode()


def _kept(entry: Entry) -> dict[str, Any]:
    """As the journal writes it: born leased to its own process."""
    apply = {"due_at": entry.received_at + LEASE, "token": OWNER, "fence": 0, "attempts": 0}
    return {
        "_id": entry.id,
        "channel": entry.channel,
        "body": entry.body,
        "received_at": entry.received_at,
        "apply": apply,
    }


async def _due_at(mongo: Mongo, entry: Entry) -> datetime:
    document = await mongo["webhook_journal"].find_one({"_id": entry.id})
    assert document is not None
    due_at: datetime = document["apply"]["due_at"]
    return due_at


async def test_a_flood_waits_as_bytes_and_is_applied_in_the_end(
    mongo: Mongo, clock: FixedClock
) -> None:
    """The lanes get no more than a few batches ahead, whatever arrives."""
    await connect_accounts(mongo)
    flood = 2_000
    async with running_ingest(mongo, clock) as ingest:
        bodies = [Entry(EntryId(), "facebook", _bytes(n), clock.now()) for n in range(flood)]
        await mongo["webhook_journal"].insert_many([_kept(one) for one in bodies])
        most = 0
        ingest.ingesting.accept(bodies)
        while ingest.ingesting.waiting:
            await asyncio.sleep(0)
            most = max(most, ingest.receiving.backlog)
        await ingest.applied()

    assert await mongo["messages"].count_documents({}) == flood
    assert await mongo["webhook_journal"].count_documents({"apply": {"$exists": True}}) == 0
    limits = ReceivingConfig()
    assert 0 < most <= limits.lanes * limits.batch * 2 + 16


async def test_what_waits_long_keeps_its_lease(mongo: Mongo, clock: FixedClock) -> None:
    """Nobody else claims what waits here: the lease is renewed before it ends, and for longer."""
    entries = JournalEntries(mongo, clock)
    ingesting = Ingesting(
        Understanding(
            {}, Router("nobody"), AccountDirectory(IngestStore(mongo).connected_accounts)
        ),
        Receiving(Applier(mongo, clock, entries), entries, clock, {}),
        entries,
        DueWork(mongo, "webhook_journal", "apply", clock),
        clock,
        owner=OWNER,
    )
    entry = Entry(EntryId(), "facebook", _bytes(1), clock.now())
    await mongo["webhook_journal"].insert_one(_kept(entry))
    ingesting.accept([entry])

    clock.advance(LEASE / 4)
    await ingesting._renew_ending()
    assert await _due_at(mongo, entry) == entry.received_at + LEASE

    clock.advance(LEASE / 2)
    await ingesting._renew_ending()
    renewed = await _due_at(mongo, entry)
    assert renewed == clock.now() + 2 * LEASE

    clock.advance(LEASE)
    await ingesting._renew_ending()
    assert await _due_at(mongo, entry) == renewed


async def test_while_requests_wait_applying_goes_on_lane_by_lane(
    mongo: Mongo, clock: FixedClock
) -> None:
    """Giving way is a pause, never a stop."""
    entries = JournalEntries(mongo, clock)
    receiving = Receiving(
        Applier(mongo, clock, entries), entries, clock, {}, requests_wait=lambda: True
    )
    receiving.start()
    kept = [Entry(EntryId(), "facebook", b"{}", clock.now()) for _ in range(300)]
    await mongo["webhook_journal"].insert_many([_kept(one) for one in kept])

    receiving.submit([Understood(one.id, 2, "test", (), (), one.received_at) for one in kept])
    await receiving.drained()
    await receiving.stop(within=LEASE)

    assert await mongo["webhook_journal"].count_documents({"apply": {"$exists": True}}) == 0
