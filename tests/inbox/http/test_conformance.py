"""A fuzzer reads the OpenAPI document and finds no answer that it does not tell."""

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import schemathesis
from aiohttp import web
from cryptography.fernet import Fernet
from hypothesis import HealthCheck, settings
from pymongo import MongoClient
from schemathesis import Case
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from inbox.bots.routes import BotRoutes
from inbox.bots.secrets import SecretBox
from inbox.bots.service import BotService
from inbox.clock import SystemClock
from inbox.http.application import build_application
from inbox.mongo.client import Mongo
from inbox.mongo.indexes import ensure_indexes
from inbox.staff.model import Actor
from inbox.staff.passwords import Passwords
from tests.served import served
from tests.signed_in import KnownActors, bearer
from tests.staff_api import staff_api

NOT_CHECKED = [
    ignored_auth,  # it adds a wrong cookie to our good token and expects 401
    positive_data_acceptance,  # no schema tells which e-mails and accounts are taken
]
OWNER = Actor(id="owner", name="Chủ", role="owner")


async def _nothing_waits(_account: str) -> None:
    """No webhook is parked here."""


@pytest.fixture(scope="module")
def base_url(mongo_uri: str) -> Iterator[str]:
    """The staff and bots API; its one actor is no row that the fuzzer could change."""
    name = f"test_{secrets.token_hex(8)}"

    @asynccontextmanager
    async def application() -> AsyncIterator[web.Application]:
        mongo, clock, passwords = Mongo.connect(mongo_uri, name), SystemClock(), Passwords()
        await ensure_indexes(mongo)
        api = staff_api(mongo, clock, passwords)
        box = SecretBox([Fernet.generate_key().decode()])
        bots = BotService(mongo, box, api.actors, clock, _nothing_waits)
        yield build_application([*api.tables, BotRoutes(bots)], KnownActors(OWNER), static=None)
        passwords.close()
        await mongo.close()

    with served(application) as url:
        yield url
    with MongoClient[dict[str, Any]](mongo_uri) as client:
        client.drop_database(name)


@pytest.fixture(scope="module")
def document(base_url: str) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{base_url}/api/openapi.json")


schema = schemathesis.pytest.from_fixture("document")


@schema.parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_that_the_document_tells(case: Case[Any]) -> None:
    case.call_and_validate(headers=bearer(OWNER), excluded_checks=NOT_CHECKED)
