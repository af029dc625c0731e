"""Faults of the database while bodies are kept and applied: nothing is lost, doubled or parked."""

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.errors import Unavailable
from inbox.mongo.client import Mongo
from tests.crash.storms import storm
from tests.crash.truths import (
    Projection,
    assert_conversations_add_up,
    assert_every_message_is_there_once,
    undisturbed,
)
from tests.failpoints import end_open_transactions, failing, transactions_ending_after
from tests.ingest import LEASE, Ingest, connect_accounts, running_ingest
from tests.projection import projection
from tests.waiting import until

pytestmark = pytest.mark.crash

_APP_NAME = "shaken"
_DATABASE_TIMEOUT_MS = 500
STORM = storm(40, seed=7)
_STEPDOWN, _SHUTDOWN, _WRITE_CONFLICT, _TIMED_OUT = 189, 91, 112, 50
_REPLICATION_TIMEOUT, _NOT_AUTHORIZED, _DISK_FULL, _INTERRUPTED = 64, 13, 14031, 11601


@pytest.fixture
async def shaken(mongo: Mongo, mongo_uri: str) -> AsyncIterator[Mongo]:
    """The same database through a client that the fail points find.

    It asks every half second whether the server is well: a real server would tell by itself
    that it is back, which a fail point does not. What a lost commit leaves open ends soon.
    """
    database = Mongo.connect(
        mongo_uri,
        mongo.db.name,
        appname=_APP_NAME,
        timeoutMS=_DATABASE_TIMEOUT_MS,
        serverMonitoringMode="poll",
        heartbeatFrequencyMS=500,
    )
    with transactions_ending_after(mongo_uri, 1):
        yield database
        await database.close()
        end_open_transactions(mongo_uri)


@pytest.fixture
async def expected(mongo: Mongo, clock: FixedClock) -> Projection:
    await connect_accounts(mongo)
    return await undisturbed(mongo, clock, STORM)


async def _keep_stubbornly(ingest: Ingest, channel: str, body: bytes) -> None:
    """As a platform does: again and again until it is kept."""

    async def is_kept() -> bool:
        try:
            await ingest.keep(channel, body)
        except Unavailable:
            return False
        return True

    await until(is_kept)


@dataclass(frozen=True, slots=True)
class Fault:
    """The next `times` of these commands (words) fail in this way: see `failing`."""

    commands: str
    times: int
    how: dict[str, Any]

    def happens(self, mongo_uri: str, **where: Any) -> AbstractContextManager[None]:
        return failing(
            mongo_uri,
            self.commands.split(),
            app_name=_APP_NAME,
            times=self.times,
            **self.how,
            **where,
        )


def _fault(name: str, commands: str, times: int, **how: Any) -> Any:
    return pytest.param(Fault(commands, times, how), id=name)


BLOCKED = {"blockConnection": True, "blockTimeMS": 800}
UNKNOWN_COMMIT = {"errorLabels": ["UnknownTransactionCommitResult"]}


@pytest.mark.parametrize(
    "fault",
    [
        _fault("journal: connection lost once", "insert", 1, closeConnection=True),
        _fault("journal: connection lost often", "insert", 5, closeConnection=True),
        _fault("journal: stepping down", "insert", 5, errorCode=_STEPDOWN),
        _fault("journal: refused", "insert", 3, errorCode=_NOT_AUTHORIZED),
        _fault(
            "journal: written, replication unknown",
            "insert",
            3,
            writeConcernError={"code": _REPLICATION_TIMEOUT, "errmsg": "slow"},
        ),
        _fault("journal: too slow", "insert", 2, **BLOCKED),
    ],
)
async def test_a_fault_while_keeping_loses_and_doubles_nothing(
    shaken: Mongo, mongo_uri: str, clock: FixedClock, expected: Projection, fault: Fault
) -> None:
    journal = f"{shaken.db.name}.webhook_journal"
    async with running_ingest(shaken, clock) as ingest:
        with fault.happens(mongo_uri, namespace=journal):
            for channel, body in STORM:
                await _keep_stubbornly(ingest, channel, body)
        await ingest.applied()
        clock.advance(by=LEASE)
        await ingest.recover()  # what was durable although its sender was refused

    await _assert_unharmed(shaken, expected)


@pytest.mark.parametrize(
    "fault",
    [
        _fault("connection lost once", "find", 1, closeConnection=True),
        _fault("connection lost often", "find insert update", 5, closeConnection=True),
        _fault("stepping down", "find insert update", 9, errorCode=_STEPDOWN),
        _fault("shutting down", "update", 3, errorCode=_SHUTDOWN),
        _fault("interrupted", "insert", 3, errorCode=_INTERRUPTED),
        _fault("colliding for long", "insert", 30, errorCode=_WRITE_CONFLICT),
        _fault("slow reads", "find", 3, **BLOCKED),
        _fault("slow writes", "update", 3, **BLOCKED),
        _fault("refusing for a while", "find insert update", 40, errorCode=_NOT_AUTHORIZED),
        _fault("disk full for a while", "insert update", 40, errorCode=_DISK_FULL),
        _fault("commit: connection lost once", "commitTransaction", 1, closeConnection=True),
        _fault("commit: connection lost often", "commitTransaction", 5, closeConnection=True),
        _fault("commit: slow", "commitTransaction", 3, **BLOCKED),
        _fault(
            "commit: result unknown", "commitTransaction", 7, errorCode=_TIMED_OUT, **UNKNOWN_COMMIT
        ),
        _fault("commit: refused", "commitTransaction", 7, errorCode=_NOT_AUTHORIZED),
        _fault(
            "commit: replication unknown",
            "commitTransaction",
            7,
            writeConcernError={"code": _REPLICATION_TIMEOUT, "errmsg": "slow"},
        ),
        _fault(
            "commit: shutting down behind it",
            "commitTransaction",
            7,
            writeConcernError={"code": _SHUTDOWN, "errmsg": "shutdown"},
        ),
        _fault("abort fails too", "update abortTransaction", 6, closeConnection=True),
    ],
)
async def test_a_fault_while_applying_loses_doubles_and_parks_nothing(
    shaken: Mongo, mongo_uri: str, clock: FixedClock, expected: Projection, fault: Fault
) -> None:
    async with running_ingest(shaken, clock) as ingest:
        with fault.happens(mongo_uri):
            for channel, body in STORM:
                await _keep_stubbornly(ingest, channel, body)
            await ingest.applied()
        clock.advance(by=LEASE)
        await ingest.recover()

    await _assert_unharmed(shaken, expected)


async def test_a_stop_that_cannot_apply_gives_everything_back_at_once(
    shaken: Mongo, mongo_uri: str, clock: FixedClock, expected: Projection
) -> None:
    refusing = Fault("find", 10_000, {"errorCode": _NOT_AUTHORIZED})
    with refusing.happens(mongo_uri, namespace=f"{shaken.db.name}.erased"):
        async with running_ingest(shaken, clock, drain_within=timedelta(0)) as ingest:
            for channel, body in STORM:
                await ingest.keep(channel, body)

    journal = shaken["webhook_journal"]
    assert await journal.count_documents({"apply.due_at": {"$lte": clock.now()}}) == len(STORM)

    async with running_ingest(shaken, clock, owner="another process") as other:
        assert await other.recover() == len(STORM)  # without any lease having to end
    await _assert_unharmed(shaken, expected)


async def _assert_unharmed(mongo: Mongo, expected: Projection) -> None:
    await assert_every_message_is_there_once(mongo, STORM)
    await assert_conversations_add_up(mongo)
    assert await projection(mongo) == expected
