"""Fixtures that every test may use: a real MongoDB, a fresh database in it, and a clock."""

import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pymongo import MongoClient

from app.data_lock import DataInUse
from app.embedded import EmbeddedMongo
from inbox.clock import FixedClock
from inbox.mongo.client import Document, Mongo
from inbox.mongo.indexes import ensure_indexes


_PARAMETERS = {
    "enableTestCommands": "1",  # fail points
    "ttlMonitorEnabled": "false",  # the tests' clock stands still while the real one goes on
    "minSnapshotHistoryWindowInSeconds": "0",  # files of dropped databases go with a checkpoint
}
_DROPS_PER_CHECKPOINT = 8
"""Each database of a test has some 70 files, which mongod keeps open until they are gone."""


@pytest.fixture(scope="session")
def mongo_uri() -> Iterator[str]:
    """One mongod per test session; it takes fail points (configureFailPoint: failCommand)."""
    mongod = _start_in_free_slot()
    yield mongod.uri
    mongod.discard()


def _start_in_free_slot() -> EmbeddedMongo:
    """The first directory that no other session holds.

    A session that was killed leaves its mongod running there: the next one takes it over, so
    that killed test runs do not pile up servers.
    """
    base = Path(tempfile.gettempdir()) / f"chat-inbox-tests-{os.getuid()}"
    for slot in range(64):
        mongod = EmbeddedMongo(base / str(slot), parameters=_PARAMETERS)
        try:
            mongod.start()
        except DataInUse:
            continue
        return mongod
    raise AssertionError(f"64 test sessions are running in {base}")


@pytest.fixture(scope="session")
def drop_later(mongo_uri: str) -> Iterator[Callable[[str], object]]:
    """Drops a database behind the next test: mongod takes 100 ms for it, mostly waiting."""
    with MongoClient[Document](mongo_uri, appname="drop-later") as client:
        with ThreadPoolExecutor(max_workers=1) as background:
            drops: list[Future[None]] = []

            def drop(name: str, number: int) -> None:
                client.drop_database(name)
                if number % _DROPS_PER_CHECKPOINT == 0:
                    client.admin.command("fsync")

            yield lambda name: drops.append(background.submit(drop, name, len(drops)))
        for drop in drops:
            drop.result()  # a drop that failed fails the session


@pytest.fixture
async def mongo(mongo_uri: str, drop_later: Callable[[str], object]) -> AsyncIterator[Mongo]:
    """A fresh database with all indexes (75 ms), dropped afterwards."""
    database = Mongo.connect(mongo_uri, f"test_{secrets.token_hex(8)}")
    await ensure_indexes(database)
    yield database
    await database.close()
    drop_later(database.db.name)


@pytest.fixture
def clock() -> FixedClock:
    """Ten o'clock on a Sunday morning in Vietnam."""
    return FixedClock(datetime(2026, 11, 22, 3, 0, tzinfo=UTC))
