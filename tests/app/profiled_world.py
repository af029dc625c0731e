"""A small but real amount of data behind the whole service, and what mongod did to serve it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from app.parts import Parts
from app.serving import listening_socket, running
from app.settings import load_settings
from app.wiring import Service
from benchmarks.seed import Account, Block
from inbox.bots.model import NewAccount, NewBot
from inbox.clock import SystemClock
from inbox.ids import account_key, random_id
from inbox.mongo.client import Document, Mongo
from inbox.mongo.due import due
from inbox.staff.model import Actor
from tests.crm_sync.fake_crm import FakeCrm
from tests.inbox.inbox_world import Api, serve

CUSTOMERS = 300
"""Of the thousand that a block has: enough that reading them all stands out."""
MOST_EXAMINED = 50
"""Documents that may be read for one that is returned."""

NEVER = datetime(2100, 1, 1, tzinfo=UTC)
OWNER = Actor(id="owner", name="Chủ", role="owner")


@dataclass(slots=True)
class ProfiledWorld:
    """The service, its API as `owner` and as `sale`, and the ids that paths are filled with."""

    service: Service
    mongo: Mongo
    api: Api
    ids: dict[str, str]

    async def start_profiling(self) -> None:
        await self.mongo.db.drop_collection("system.profile")
        await self.mongo.db.command("profile", 2, slowms=0)

    async def profiled(self) -> list[Document]:
        """What the database did since `start_profiling`, which ends."""
        await self.mongo.db.command("profile", 0)
        own = {"ns": {"$ne": f"{self.mongo.db.name}.system.profile"}}
        return await self.mongo["system.profile"].find(own).to_list()


@asynccontextmanager
async def profiled_world(mongo: Mongo, uri: str, data: Path) -> AsyncIterator[ProfiledWorld]:
    """Start the service on a database with some hundred customers in two bots."""
    environ = {"INBOX__SECRET_KEY": "k" * 43 + "=", "CRM_SYNC__SECRETS": "shop=" + "x" * 32}
    chosen = {
        "app.data": data,
        "inbox.mongo.uri": SecretStr(uri),
        "inbox.mongo.database": mongo.db.name,
        "crm_sync.connections": {"shop": {"kind": "webhook", "url": "https://crm.example"}},
    }
    settings = load_settings(Path("config.yaml"), environ, chosen)
    listening = listening_socket("127.0.0.1", 0)
    own = Mongo.connect(uri, mongo.db.name)
    clock = SystemClock()
    parts = Parts(clock=clock, crm_connectors={"shop": FakeCrm(clock)})
    async with running(settings, own, listening, parts) as service:
        accounts = tuple(
            NewAccount(channel=Account(n).channel, account_id=Account(n).id, name=f"Trang {n}")  # type: ignore[arg-type]
            for n in range(2)
        )
        bots = [
            await service.bots.create(None, NewBot(name="Bắc", accounts=accounts, crm_sync=True)),
            await service.bots.create(None, NewBot(name="Nam")),
        ]
        ids = await _fill(mongo, [bot.bot.id for bot in bots])
        sale = Actor(
            id="sale", name="Lan", role="sale", bot_ids=frozenset({ids["bot_id"]}), session_id="s"
        )
        api = await serve(service.tables(), OWNER, sale)
        try:
            yield ProfiledWorld(service, mongo, api, ids)
        finally:
            await mongo.db.command("profile", 0)
            await api.close()


async def _fill(mongo: Mongo, bots: list[str]) -> dict[str, str]:
    block = Block(0).documents
    people = {one["_id"] for one in block["customers"][:CUSTOMERS]}
    threads = [one for one in block["conversations"] if one["customer_id"] in people]
    for one in threads:
        one["bot_id"] = bots[int(one["bot_id"][-2:]) % 2]
    here = {one["_id"] for one in threads}
    await mongo["customers"].insert_many(block["customers"][:CUSTOMERS])
    await mongo["conversations"].insert_many(threads)
    messages = [one for one in block["messages"] if one["conversation_id"] in here]
    await mongo["messages"].insert_many(messages)
    rows = [one for one in block["interactions"] if one["customer_id"] in people]
    await mongo["interactions"].insert_many(rows)
    await _fill_records(mongo)
    with_picture = next(
        one for one in messages if one["attachments"] and _bot(threads, one) == bots[0]
    )
    thread = next(one for one in threads if one["_id"] == with_picture["conversation_id"])
    return {
        "bot_id": bots[0],
        "conversation_id": thread["_id"],
        "customer_id": thread["customer_id"],
        "message_id": with_picture["_id"],
        "identity_id": thread["customer_id"],
        "account": account_key(Account(0).channel, Account(0).id),
        "key": account_key(Account(0).channel, Account(0).id),
        "position": "0",
        "connection": "shop",
    }


def _bot(threads: list[Document], message: Document) -> Any:
    return next(one["bot_id"] for one in threads if one["_id"] == message["conversation_id"])


async def _fill_records(mongo: Mongo) -> None:
    """What gathers by the hundred over the years, of other people and things."""
    at = SystemClock().now()
    many = [(random_id(), at - timedelta(minutes=n)) for n in range(CUSTOMERS)]
    await mongo["audit"].insert_many(
        {"_id": id_, "at": when, "actor": {"kind": "staff", "id": "x"}, "action": "bot_changed",
         "target": {"kind": "bot", "id": "x"}, "changes": {}}
        for id_, when in many
    )  # fmt: skip
    await mongo["webhook_journal"].insert_many(
        {"channel": "zalo", "body": b"", "received_at": when, "applied_at": when, "subjects": [id_]}
        for id_, when in many
    )
    await mongo["live_events"].insert_many({"at": when, "type": "x"} for _, when in many)
    await _fill_automations(mongo, many)
    await mongo["sessions"].insert_many(
        {"_id": id_, "staff_id": id_, "created_at": when, "used_at": when,
         "expires_at": at + timedelta(days=1)}
        for id_, when in many
    )  # fmt: skip
    await mongo["tokens"].insert_many(
        {"_id": id_, "name": "CI", "staff_id": id_, "bot_id": None, "scopes": ["read"],
         "created_at": when}
        for id_, when in many
    )  # fmt: skip
    await mongo["account_events"].insert_many(
        {"_id": id_, "account_key": id_, "type": "x", "at": when, "data": {}, "subjects": [id_]}
        for id_, when in many
    )
    await mongo["uploads"].insert_many(
        {"_id": id_, "sha256": id_, "name": "a", "at": when} for id_, when in many
    )
    await mongo["stored_objects"].insert_many({"_id": id_, "at": when} for id_, when in many)
    await mongo["merges"].insert_many(
        {"_id": id_, "survivor_id": id_, "people": [id_], "at": when} for id_, when in many
    )
    await mongo["erasures"].insert_many(
        {"_id": id_, "identity_ids": [id_], "done_at": when} for id_, when in many
    )
    await mongo["scripts"].insert_many(
        {"_id": id_, "bot_id": id_, "created_at": when, "enabled": True} for id_, when in many
    )
    await mongo["enrolments"].insert_many(
        {"_id": id_, "script_id": id_, "customer_id": id_, "conversation_id": id_, "bot_id": id_,
         "status": "active", "open": True, "next_at": at + timedelta(days=1), "started_at": when,
         "work": due(at + timedelta(days=1))}
        for id_, when in many
    )  # fmt: skip
    await mongo["signals"].insert_many(
        {"_id": id_, "customer_id": id_, "kind": "staff_wrote", "at": when,
         "work": due(at + timedelta(days=1))}
        for id_, when in many
    )  # fmt: skip


async def _fill_automations(mongo: Mongo, many: list[tuple[str, datetime]]) -> None:
    """What automations of other bots were told, and are still to be told."""
    for collection, fields in (
        ("automations", {"answers": False, "enabled": False}),
        ("automation_events", {"type": "x", "data": {}}),
        ("automation_streams", {"watch": {"due_at": NEVER, "automation_id": "x"}}),
        ("automation_queues", {"automation_id": "x", "work": {"due_at": NEVER}}),
        ("automation_deliveries", {"automation_id": "x", "state": "parked"}),
    ):
        await mongo[collection].insert_many(
            {"_id": id_, "bot_id": id_, "stream_id": id_, "seq": 1, "conversation_id": id_,
             "customer_id": id_, "relayed_at": when, "tried_at": when, "at": when, **fields}
            for id_, when in many
        )  # fmt: skip
