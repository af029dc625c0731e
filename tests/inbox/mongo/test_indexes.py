"""The table of indexes: each has its reason, and what the stores ask is answered by one of them.

The stores are watched while they do their work: every command that they send is explained by
MongoDB afterwards, and none may read a whole collection that grows with the messages.
"""

import secrets
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.monitoring import CommandListener, CommandStartedEvent

from app.parts import Parts
from app.settings import load_settings
from app.wiring import Service
from channels.gaps import Gaps
from channels.store import IngestStore
from inbox.clock import FixedClock
from inbox.customers.profiles.store import ProfileStore
from inbox.ids import account_key
from inbox.mongo.client import Mongo
from inbox.mongo.indexes import INDEXES
from inbox.mongo.migrations import migrate
from tests.inbox.inbox_world import an_actor, inbox_routes, serve
from tests.ingest import FACEBOOK_PAGE, connect_accounts, facebook_message, payloads, running_ingest

SMALL = {"accounts", "bots", "staff", "migrations", "leases", "service_marks", "system.views"}
"""As many documents as a shop has people, bots and pages: reading all of them is fine."""
ABOUT_THE_SESSION = {
    "$clusterTime",
    "$db",
    "$readPreference",
    "autocommit",
    "lsid",
    "maxTimeMS",
    "readConcern",
    "startTransaction",
    "txnNumber",
    "writeConcern",
}
Command = dict[str, Any]
READS = {"find", "aggregate", "distinct", "count", "findAndModify"}
WRITES = {"update": "updates", "delete": "deletes"}


class Commands(CommandListener):
    """Remembers one command of every shape."""

    def __init__(self) -> None:
        self.by_shape: dict[str, Command] = {}

    def started(self, event: CommandStartedEvent) -> None:
        name, command = event.command_name, event.command
        plain = {key: value for key, value in command.items() if key not in ABOUT_THE_SESSION}
        if name in READS:
            self._remember(plain)
        elif name in WRITES:
            parts = plain[WRITES[name]]
            for part in parts:
                self._remember({name: plain[name], WRITES[name]: [part]})

    def _remember(self, command: Command) -> None:
        self.by_shape.setdefault(shape(command), command)

    def succeeded(self, event: object) -> None:
        """Not asked for."""

    def failed(self, event: object) -> None:
        """Not asked for."""


def shape(value: Any) -> str:
    """The keys of a command without its values, but for the names of collections and fields."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{shape(one)}" for key, one in sorted(value.items())) + "}"
    if isinstance(value, list):
        return "[" + ",".join(sorted({shape(one) for one in value})) + "]"
    return value if isinstance(value, str) and value.isidentifier() else type(value).__name__


def stages(plan: Any) -> Iterable[str]:
    """The names of all stages of an explanation, however it is nested."""
    if isinstance(plan, Mapping):
        if isinstance(plan.get("stage"), str):
            yield plan["stage"]
        for key, one in plan.items():
            if key not in ("rejectedPlans", "command"):
                yield from stages(one)
    elif isinstance(plan, list):
        for one in plan:
            yield from stages(one)


async def whole_reads(mongo: Mongo, commands: Commands) -> list[Command]:
    """The commands for which MongoDB would read a whole collection that grows."""
    found = []
    for command in commands.by_shape.values():
        collection = next(iter(command.values()))
        changes = any("$changeStream" in stage for stage in command.get("pipeline", []))
        if collection in SMALL or changes:
            continue
        plain = {key: one for key, one in command.items() if key != "cursor"}
        if "aggregate" in command:
            plain["cursor"] = {}
        explained = await mongo.db.command("explain", plain, verbosity="queryPlanner")
        if "COLLSCAN" in stages(explained):
            found.append(command)
    return found


@pytest.fixture
async def commands(mongo: Mongo) -> Commands:
    await connect_accounts(mongo)
    return Commands()


@pytest.fixture
async def watched(mongo: Mongo, mongo_uri: str, commands: Commands) -> AsyncIterator[Mongo]:
    """Another handle on the test database whose commands are remembered."""
    handle = Mongo.connect(mongo_uri, mongo.db.name, event_listeners=[commands])
    yield handle
    await handle.close()


@asynccontextmanager
async def a_service(mongo: Mongo, clock: FixedClock, data: Path) -> AsyncIterator[Service]:
    environ = {"INBOX__SECRET_KEY": secrets.token_urlsafe(32)}
    settings = load_settings(Path("config.yaml"), environ, {"app.data": data})
    service = Service(settings, mongo, Parts(clock=clock))
    yield service
    service._people.close()


def test_every_index_says_why_it_exists() -> None:
    for index in INDEXES:
        assert len(index.why.split()) >= 2, index
        assert not index.why.endswith("."), index


def test_no_index_is_there_twice_or_is_the_beginning_of_another() -> None:
    for index in INDEXES:
        for other in INDEXES:
            same = index.collection == other.collection and index.partial == other.partial
            if same and index is not other and not (index.unique or index.expire_after_s):
                assert other.keys[: len(index.keys)] != index.keys, (index, other)


async def test_every_index_is_in_the_database_as_the_table_says(mongo: Mongo) -> None:
    for index in INDEXES:
        model = index.model().document
        made = (await mongo[index.collection].index_information())[model["name"]]
        assert made["key"] == list(model["key"].items())
        assert made.get("partialFilterExpression") == index.partial
        assert made.get("expireAfterSeconds") == index.expire_after_s
        assert made.get("unique", False) == index.unique


async def test_a_command_without_an_index_would_be_noticed(
    mongo: Mongo, watched: Mongo, commands: Commands
) -> None:
    await mongo["messages"].insert_one({"_id": "m", "text": "x"})
    await watched["messages"].find({"text": "x"}).to_list()
    await watched["messages"].update_one({"text": "y"}, {"$set": {"text": "z"}})

    assert len(await whole_reads(mongo, commands)) == 2


async def test_ingest_reads_no_whole_collection(
    mongo: Mongo, watched: Mongo, commands: Commands, clock: FixedClock
) -> None:
    async with running_ingest(watched, clock) as ingest:
        for channel, body in payloads():
            await ingest.keep(channel, body)
        await ingest.keep("facebook", b"not json")
        await ingest.keep("facebook", facebook_message("?", mid="m", at=1, page="999"))
        await ingest.applied()
        await ingest.recover()
        await ingest.entries.list_parked(after=None, limit=10)
        await ingest.entries.list_parked(after="f" * 24, limit=10)
        await ingest.entries.count_parked()
        await ingest.entries.replay_account(account_key("facebook", FACEBOOK_PAGE))
        await ingest.entries.replay_range(clock.now() - timedelta(hours=1), clock.now())
        await ingest.entries.replay_parked()
        await ingest.entries.lag()
        await ingest.recover()
        gaps = Gaps(IngestStore(watched), ingest.directory, clock, lambda _c, _b: ())
        gaps.note_refused("facebook", b"{}")
        await gaps.step()
    await ProfileStore(watched, clock).due.claim(10)

    assert commands.by_shape
    assert await whole_reads(mongo, commands) == []


async def test_reading_the_inbox_reads_no_whole_collection(
    mongo: Mongo, watched: Mongo, commands: Commands, clock: FixedClock
) -> None:
    async with running_ingest(mongo, clock) as ingest:
        for channel, body in payloads():
            await ingest.keep(channel, body)
        await ingest.applied()
    sale, owner = an_actor("sale", "bot"), an_actor("owner", role="owner")
    api = await serve(inbox_routes(watched, clock), sale, owner)
    some = await mongo["conversations"].find({"last": {"$exists": True}}).to_list(1)
    thread, customer = some[0]["_id"], some[0]["customer_id"]
    lists: list[dict[str, Any]] = [
        {},
        {"view": "mine"},
        {"view": "unassigned"},
        {"view": "uncared"},
        {"view": "comment"},
        {"view": "spam"},
        {"bot_id": "bot"},
        {"customer_id": customer},
        {"channel": "zalo", "status": "open"},
    ]
    for who in ("sale", "owner"):
        for query in lists:
            assert (await api.get("/conversations", who, limit=1, **query)).status == 200
        await api.pages("/conversations", who, limit=50)
        for path in (
            "/conversations/counts",
            f"/conversations/{thread}",
            f"/customers/{customer}",
            f"/customers/{customer}/media",
            f"/customers/{customer}/timeline",
        ):
            assert (await api.get(path, who)).status == 200, path
        await api.pages(f"/conversations/{thread}/messages", who, limit=1)
        read = await api.call("POST", f"/conversations/{thread}/read", who, json={"up_to_seq": 1})
        assert read.status < 300
    await api.close()

    assert commands.by_shape
    assert await whole_reads(mongo, commands) == []


async def test_examining_the_service_reads_no_whole_collection(
    mongo: Mongo, watched: Mongo, commands: Commands, clock: FixedClock, tmp_path: Path
) -> None:
    async with running_ingest(mongo, clock) as ingest:
        await ingest.keep("facebook", b"not json")
        await ingest.keep("facebook", facebook_message("?", mid="m", at=1, page="999"))
        await ingest.applied()
    await migrate(mongo, clock, owner="test")
    async with a_service(watched, clock, tmp_path) as service:
        assert all((await service.health.checks()).values())
        findings = await service.doctor.examine()

    assert {"parked", "unknown_account"} <= {one.check for one in findings}
    assert await whole_reads(mongo, commands) == []
