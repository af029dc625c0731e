"""The database freezes or dies: quick refusals, nothing acknowledged is lost, gaps are stored."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.errors import PyMongoError

from app.embedded import EmbeddedMongo
from inbox.clock import FixedClock
from inbox.ids import account_key
from inbox.mongo.client import Mongo
from tests.crash.sender import Sender
from tests.crash.storms import said, storm
from tests.crash.truths import (
    assert_conversations_add_up,
    assert_every_message_is_there_once,
    is_drained,
)
from tests.ingest import FACEBOOK_PAGE, SECOND_FACEBOOK_PAGE, connect_accounts
from tests.service import WebhookService, webhook_service
from tests.waiting import until

pytestmark = pytest.mark.crash

_ANSWERED_WITHIN_S = 2.0
"""What Zalo allows."""
_CONNECTIONS = 6


@dataclass(slots=True)
class PrivateDatabase:
    """A mongod of this test alone, that may be frozen and killed."""

    mongod: EmbeddedMongo
    mongo: Mongo

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It answers nobody, yet its connections stay open."""
        pid = self.mongod.pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def killed_and_restarted(self) -> None:
        """Kill -9, then a start with recovery."""
        assert self.mongod.pid is not None
        os.kill(self.mongod.pid, signal.SIGKILL)
        self.mongod.stop()
        self.mongod.start()


@pytest.fixture(scope="module")
def private_mongod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedMongo]:
    mongod = EmbeddedMongo(tmp_path_factory.mktemp("private"))
    mongod.start()
    yield mongod
    mongod.discard()


@pytest.fixture
async def database(
    private_mongod: EmbeddedMongo, clock: FixedClock
) -> AsyncIterator[PrivateDatabase]:
    mongo = Mongo.connect(private_mongod.uri, "away")
    await mongo.client.drop_database("away")
    await connect_accounts(mongo)
    yield PrivateDatabase(private_mongod, mongo)
    await mongo.close()


def _handle(database: PrivateDatabase) -> Mongo:
    return Mongo.connect(database.mongod.uri, database.mongo.db.name)


async def test_webhooks_of_a_minute_without_database_are_refused_at_once_and_make_a_gap(
    database: PrivateDatabase, clock: FixedClock, tmp_path: Path
) -> None:
    async with webhook_service(_handle(database), clock, tmp_path) as service:
        assert await service.post(*said(0, "before", "Alo")) == 200
        clock.advance(timedelta(seconds=5))
        first_refusal = clock.now()

        with database.frozen():
            await _refused(service, "early", times=2)
            clock.advance(timedelta(seconds=60))
            await _refused(service, "late", times=1)
            last_refusal = clock.now()
        clock.advance(timedelta(seconds=5))
        await until(lambda: _stored(service))
        assert await service.post(*said(9_000, "after", "Có ai không")) == 200

    gaps = await _gaps(database.mongo)
    assert [(one["account_key"], one["from"], one["to"], one["reason"]) for one in gaps] == [
        (account_key("facebook", FACEBOOK_PAGE), first_refusal, last_refusal, "refused")
    ]
    assert gaps[0]["backfill"]["due_at"] <= clock.now()


async def test_refusals_of_an_unreadable_sender_make_a_gap_for_every_account_of_the_channel(
    database: PrivateDatabase, clock: FixedClock, tmp_path: Path
) -> None:
    async with webhook_service(_handle(database), clock, tmp_path) as service:
        with database.frozen():
            assert await service.post("facebook", b'{"object": "page", "entry": 7}') == 503
        await until(lambda: _stored(service))

    gaps = await _gaps(database.mongo)
    assert {one["account_key"] for one in gaps} == {
        account_key("facebook", FACEBOOK_PAGE),
        account_key("facebook", SECOND_FACEBOOK_PAGE),
    }


async def test_a_killed_database_has_everything_that_was_acknowledged(
    database: PrivateDatabase, clock: FixedClock, tmp_path: Path
) -> None:
    deliveries = storm(300, seed=3)
    async with webhook_service(_handle(database), clock, tmp_path) as service:
        sender = Sender(lambda: [service.url])
        sending = asyncio.create_task(sender.deliver(deliveries, connections=_CONNECTIONS))
        await until(lambda: len(sender.acknowledged) > 100)

        await asyncio.to_thread(database.killed_and_restarted)
        await sending

        clock.advance(timedelta(seconds=30))  # what was kept although it was refused is due
        await until(lambda: is_drained(database.mongo))

    await assert_every_message_is_there_once(database.mongo, deliveries)
    await assert_conversations_add_up(database.mongo)


async def _refused(service: WebhookService, name: str, *, times: int) -> None:
    """Several connections post some webhooks each; each is refused before Zalo would give up."""

    async def connection(number: int) -> None:
        for again in range(times):
            began = time.monotonic()
            assert await service.post(*said(0, f"{name}_{number}_{again}", "Alo")) == 503
            assert time.monotonic() - began < _ANSWERED_WITHIN_S

    await asyncio.gather(*(connection(number) for number in range(_CONNECTIONS)))


async def _stored(service: WebhookService) -> bool:
    """Whether the database is back and took the gaps."""
    try:
        await service.service.gaps.step()
    except PyMongoError:
        return False
    return service.service.gaps.open == 0


async def _gaps(mongo: Mongo) -> list[dict[str, Any]]:
    return [gap async for gap in mongo["account_gaps"].find()]
