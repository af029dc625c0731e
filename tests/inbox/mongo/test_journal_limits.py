"""The journal at its limits: bodies beyond what MongoDB takes, replays of very many entries."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from bson import ObjectId
from pymongo.monitoring import CommandListener, CommandStartedEvent

from inbox.clock import FixedClock
from inbox.config import JournalConfig
from inbox.errors import Unavailable
from inbox.mongo.client import Mongo
from inbox.mongo.journal import (
    Entry,
    Journal,
    JournalEntries,
    Outcome,
    ParkedEvent,
)

TOO_LARGE = b"x" * (17 * 1024 * 1024)


class Updates(CommandListener):
    """Counts the update commands that a client sends."""

    def __init__(self) -> None:
        self.count = 0

    def started(self, event: CommandStartedEvent) -> None:
        self.count += event.command_name == "update"

    def succeeded(self, event: object) -> None:
        """Not asked for."""

    def failed(self, event: object) -> None:
        """Not asked for."""


async def test_body_that_the_driver_refuses_is_answered_and_the_journal_goes_on(
    mongo: Mongo, clock: FixedClock
) -> None:
    refused: list[int] = []
    journal = Journal(
        mongo,
        clock,
        owner="me",
        on_kept=_nothing,
        on_refused=lambda _, body: refused.append(len(body)),
        limits=JournalConfig(pending_bytes_max=64 * 1024 * 1024),
    )

    async with asyncio.timeout(20):
        with pytest.raises(Unavailable):
            await journal.keep("facebook", TOO_LARGE)
        await journal.keep("facebook", b"{}")
        await journal.close()

    assert refused == [len(TOO_LARGE)]
    assert await mongo["webhook_journal"].count_documents({}) == 1


async def test_replay_of_very_many_is_made_of_small_updates(
    mongo: Mongo, mongo_uri: str, clock: FixedClock
) -> None:
    applied = {"channel": "facebook", "received_at": clock.now(), "applied_at": clock.now()}
    await mongo["webhook_journal"].insert_many([{**applied, "body": b"{}"} for _ in range(2500)])
    updates = Updates()
    watched = Mongo.connect(mongo_uri, mongo.db.name, event_listeners=[updates])

    count = await JournalEntries(watched, clock).replay_range(
        clock.now(), clock.now() + timedelta(seconds=1)
    )
    await watched.close()

    assert count == 2500
    assert updates.count == 3
    due = {"apply.due_at": {"$exists": True}, "applied_at": {"$exists": False}}
    assert await mongo["webhook_journal"].count_documents(due) == 2500


async def test_entry_that_one_process_applied_and_another_parked_does_not_expire(
    mongo: Mongo, clock: FixedClock
) -> None:
    entry_id = ObjectId()
    await mongo["webhook_journal"].insert_one({"_id": entry_id, "body": b"{}"})
    entries = JournalEntries(mongo, clock)

    await entries.mark([Outcome(entry_id)])
    await entries.mark([Outcome(entry_id, parked=(ParkedEvent(0, "apply_failed:KeyError"),))])

    entry = await mongo["webhook_journal"].find_one({"_id": entry_id})
    assert entry is not None
    assert "applied_at" not in entry
    assert entry["parked"]["reason"] == "apply_failed:KeyError"


def _nothing(_: Sequence[Entry]) -> None:
    """Nobody applies what is kept here."""
