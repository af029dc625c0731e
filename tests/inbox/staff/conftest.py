"""Fixtures for tests of people: the staff API and a client of it."""

from collections.abc import Iterator

import pytest
from pytest_aiohttp import AiohttpClient

from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from inbox.staff.passwords import Passwords
from tests.staff_api import Client, StaffApi, staff_api


@pytest.fixture(scope="session")
def passwords() -> Iterator[Passwords]:
    made = Passwords()
    yield made
    made.close()


@pytest.fixture
def api(mongo: Mongo, clock: FixedClock, passwords: Passwords) -> StaffApi:
    return staff_api(mongo, clock, passwords)


@pytest.fixture
async def client(api: StaffApi, aiohttp_client: AiohttpClient) -> Client:
    return await aiohttp_client(api.application())
