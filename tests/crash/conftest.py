"""Fixtures of the crash tests: servers that can be killed, and how they are started."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from inbox.mongo.client import Mongo
from tests.crash.fleet import Fleet, fleet
from tests.crash.server import Start
from tests.failpoints import end_open_transactions


@pytest.fixture
def servers(mongo: Mongo, mongo_uri: str) -> Iterator[Fleet]:
    """Gone before the database is dropped, which would wait for their open transactions."""
    with fleet() as started:
        yield started
    end_open_transactions(mongo_uri)


@pytest.fixture
def start(mongo: Mongo, mongo_uri: str, tmp_path: Path) -> Start:
    """A server on the database of this test."""
    return Start(mongo_uri, mongo.db.name, tmp_path)
