"""Fixtures of the tests that run the command line."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from tests.app.shop_processes import Document, Shop


@pytest.fixture
def shop(tmp_path: Path, mongo_uri: str) -> Iterator[Shop]:
    a_shop = Shop(tmp_path, mongo_uri)
    yield a_shop
    with MongoClient[Document](mongo_uri) as client:
        client.drop_database(a_shop.database)


@pytest.fixture
def database(shop: Shop) -> Iterator[Database[Document]]:
    with MongoClient[Document](shop.uri, tz_aware=True) as client:
        yield client[shop.database]


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
