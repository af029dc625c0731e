"""The database of a service: joined by commands, started again when it dies."""

import os
import secrets
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.errors import OperationFailure

from app.data_lock import DataInUse, DataLock, write_private
from app.embedded import EmbeddedMongo
from app.serving import database
from app.settings import Settings, load_settings
from inbox.mongo.failures import is_passing


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    environ = {"INBOX__SECRET_KEY": secrets.token_urlsafe(32)}
    return load_settings(Path("config.yaml"), environ, {"app.data": tmp_path})


@pytest.fixture
def held(tmp_path: Path) -> DataLock:
    """What a running service holds."""
    lock = DataLock(tmp_path / "mongo")
    lock.take()
    return lock


def test_commands_beside_a_running_service_use_its_mongodb(
    settings: Settings, held: DataLock, tmp_path: Path
) -> None:
    write_private(tmp_path / "mongo" / "port", "20001")
    write_private(tmp_path / "mongo" / "user.json", '{"user": "inbox", "password": "p"}')

    with database(settings, joining=True) as uri:
        assert uri == EmbeddedMongo(tmp_path / "mongo").uri

    assert held.held
    held.release()


def test_second_service_does_not_join(settings: Settings, held: DataLock) -> None:
    with pytest.raises(DataInUse), database(settings):
        pass
    held.release()


def test_service_that_is_just_making_its_first_start_cannot_be_joined(
    settings: Settings, held: DataLock
) -> None:
    with pytest.raises(DataInUse), database(settings, joining=True):
        pass
    held.release()


def test_embedded_mongodb_that_dies_under_the_service_is_started_again(
    settings: Settings, tmp_path: Path
) -> None:
    with database(settings) as uri, MongoClient[dict[str, Any]](uri) as client:
        client["shop"]["messages"].insert_one({"_id": "kept"})
        died = int((tmp_path / "mongo" / "mongod.pid").read_text())

        os.kill(died, signal.SIGKILL)

        assert _once_it_answers(client["shop"]["messages"]) == {"_id": "kept"}
        assert int((tmp_path / "mongo" / "mongod.pid").read_text()) != died


def _once_it_answers(collection: Collection[dict[str, Any]]) -> dict[str, Any] | None:
    """What the collection holds; a server that has just started may say that it is not ready."""
    deadline = time.monotonic() + 20
    while True:
        try:
            return collection.find_one()
        except OperationFailure as error:
            if not is_passing(error) or time.monotonic() > deadline:
                raise
