"""A fuzzer reads the document of the whole API and finds no answer that it does not tell."""

import json
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from aiohttp import web
from hypothesis import HealthCheck, settings
from pymongo import MongoClient
from schemathesis import Case
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    ignored_auth,
    negative_data_rejection,
    positive_data_acceptance,
)

from app.parts import Parts
from app.settings import load_settings
from app.wiring import Service
from inbox.bots.model import NewBot
from inbox.clock import SystemClock
from inbox.http.application import build_application
from inbox.mongo.client import Mongo
from inbox.mongo.migrations import migrate
from inbox.staff.model import Actor
from tests.ingest import connect_accounts, facebook_message, payloads
from tests.served import served
from tests.signed_in import KnownActors, bearer
from tests.waiting import until

NOT_CHECKED = [
    ignored_auth,  # it adds a wrong cookie to our good token and expects 401
    positive_data_acceptance,  # no schema tells which e-mails and accounts are taken
    allow_header_conformance,  # at /conversations/counts aiohttp also names the methods of /{id}
]
OWNER = Actor(id="owner", name="Chủ", role="owner")
"""No row that the fuzzer could change: it deletes staff, tokens and sessions."""

Ids = dict[str, str]


async def fill(service: Service) -> None:
    """Every sample webhook applied, two parked ones, somebody, a bot and a token."""
    await service.staff.ensure_first_admin("lan@shop.vn", "mật khẩu dài 123")
    await service.make_token("lan@shop.vn", "CI", ["read"], None)
    await service.bots.create(None, NewBot(name="Shop Áo Khoác", accounts=()))
    await connect_accounts(service.mongo)
    await service.directory.refresh()
    for channel, body in payloads():
        await service.journal.keep(channel, body)
    await service.journal.keep("facebook", b"not json")
    unknown = facebook_message("Chào shop", mid="m", at=1_789_612_000_000, page="999")
    await service.journal.keep("facebook", json.dumps(unknown).encode())
    await until(lambda: not (service.ingesting.waiting or service.receiving.backlog))


async def real_ids(service: Service) -> Ids:
    """An id of something that is there for each name in a path."""
    mongo = service.mongo
    threads = mongo["conversations"].find({"last": {"$exists": True}, "kind": "inbox"})
    thread, other = await threads.to_list(2)
    rows = {name: await mongo[name].find_one() for name in ("bots", "staff", "tokens")}
    parked = await mongo["webhook_journal"].find_one({"parked": {"$exists": True}})
    assert parked is not None
    return {
        "conversation_id": thread["_id"],
        "customer_id": thread["customer_id"],
        "customer_id to erase": other["customer_id"],
        "entry_id": str(parked["_id"]),
        **{f"{name.rstrip('s')}_id": row["_id"] for name, row in rows.items() if row is not None},
    }


class Served:
    """Where the service answers, and what is in it."""

    def __init__(self) -> None:
        self.url = ""
        self.ids: Ids = {}


@pytest.fixture(scope="module")
def inbox(mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    name, found = f"test_{secrets.token_hex(8)}", Served()
    environ = {"INBOX__SECRET_KEY": secrets.token_urlsafe(32)}
    data = tmp_path_factory.mktemp("data")
    chosen = load_settings(Path("config.yaml"), environ, {"app.data": data})

    @asynccontextmanager
    async def application() -> AsyncIterator[web.Application]:
        mongo, clock = Mongo.connect(mongo_uri, name), SystemClock()
        await migrate(mongo, clock, owner="test")
        service = Service(chosen, mongo, Parts(clock=clock))
        await service.start()
        await fill(service)
        found.ids = await real_ids(service)
        yield build_application(service.tables(), KnownActors(OWNER), static=None)
        service.let_clients_go()
        await service.stop()

    with served(application) as url:
        found.url = url
        yield found
    with MongoClient[dict[str, Any]](mongo_uri) as client:
        client.drop_database(name)


@pytest.fixture(scope="module")
def document(inbox: Served) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{inbox.url}/api/openapi.json")


schema = schemathesis.pytest.from_fixture("document")


@schema.parametrize()
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_that_the_document_tells(case: Case[Any], inbox: Served) -> None:
    if is_good(case) and case.path_parameters:
        purpose = " to erase" if case.path.endswith("/erasure") else ""
        case.path_parameters |= {  # nobody guesses an id
            name: inbox.ids[name + purpose]
            for name in case.path_parameters
            if name + purpose in inbox.ids
        }
    excluded = [*NOT_CHECKED]
    if case.path == "/api/v1/uploads":
        excluded.append(negative_data_rejection)  # in a form, any bytes are a file
    answer = case.call(headers=bearer(OWNER))
    if answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        excluded.append(negative_data_rejection)  # refused as it should be; it knows no 413
    case.validate_response(answer, excluded_checks=excluded)


def is_good(case: Case[Any]) -> bool:
    """Whether the fuzzer sends what the document allows."""
    return case.meta is not None and case.meta.generation.mode.is_positive
