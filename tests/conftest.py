"""Fixtures that every test may use: a real MongoDB, a fresh database in it, and a clock."""

import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.data_lock import DataInUse
from app.embedded import EmbeddedMongo
from app.mongod import MongodFailed
from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from inbox.mongo.indexes import INDEXES, ensure_indexes

_PARAMETERS = {
    "enableTestCommands": "1",  # fail points
    "ttlMonitorEnabled": "false",  # the tests' clock stands still while the real one goes on
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs the MongoDB of the session can be left out, for an answer in two minutes."""
    for item in items:
        if "mongo_uri" in getattr(item, "fixturenames", ()):
            item.add_marker("database")


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
        except MongodFailed:  # what a session left here is beyond repair; it is only test data
            shutil.rmtree(base / str(slot), ignore_errors=True)
            continue
        return mongod
    raise AssertionError(f"64 test sessions are running in {base}")


@pytest.fixture(scope="session")
def spare_databases() -> list[str]:
    """Databases that earlier tests have left empty, indexes and all.

    Emptying takes a fifth of the time of dropping and making anew, and a dropped database keeps
    some 70 files open for minutes: a thousand tests would be more than mongod may open.
    """
    return []


@pytest.fixture
async def mongo(mongo_uri: str, spare_databases: list[str]) -> AsyncIterator[Mongo]:
    """An empty database with all indexes, this test's alone."""
    name = spare_databases.pop() if spare_databases else f"test_{secrets.token_hex(8)}"
    database = Mongo.connect(mongo_uri, name)
    await ensure_indexes(database)  # also for what a test before has dropped
    yield database
    await _empty(database)
    await database.close()
    spare_databases.append(name)


async def _empty(database: Mongo) -> None:
    """Delete every document; collections that the product does not know are dropped."""
    known = {index.collection for index in INDEXES}
    for name in await database.db.list_collection_names():
        if name in known:
            await database[name].delete_many({})
        else:
            await database.db.drop_collection(name)


@pytest.fixture
def clock() -> FixedClock:
    """Ten o'clock on a Sunday morning in Vietnam."""
    return FixedClock(datetime(2026, 11, 22, 3, 0, tzinfo=UTC))
