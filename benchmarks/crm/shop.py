"""Shops whose customers are mirrored into a CRM, wired as the app wires them."""

import secrets
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import Self

from pydantic import SecretStr
from pymongo.monitoring import CommandListener

from app.crm import Crm
from app.crm_connectors import connector_of
from app.customers import Customers
from crm_sync.config import ConnectionConfig, CrmSyncConfig
from crm_sync.connections.pacing import Paced
from crm_sync.connectors.model import Connector, Edit, Written
from crm_sync.mapping.presets import PRESETS, CrmKind
from crm_sync.mirror import CrmMirror
from inbox.clock import SystemClock
from inbox.config import InboxConfig
from inbox.ids import conversation_key, identity_key
from inbox.media.links import MediaLinks
from inbox.mongo.buckets import Buckets
from inbox.mongo.client import Document, Mongo
from inbox.mongo.indexes import ensure_indexes
from inbox.staff.model import Actor

CONNECTION = "crm"
LIFTED = 100_000.0
"""Calls a second, so that the rate is nothing that anybody waits for."""
_BOT, _ACCOUNT = "bench", "300000000000000"
AGENT = Actor(id="lan", name="Lan", role="manager", bot_ids=frozenset({_BOT}))
_BATCH = 5000


@dataclass(frozen=True, slots=True)
class Target:
    """A CRM and how a connection reaches it; `records` are there, customers share them in turn."""

    kind: CrmKind
    url: str
    secret: str
    database: str | None = None
    user: str | None = None
    records: Sequence[str] = ()
    calls_per_second: float = LIFTED

    def config(self) -> ConnectionConfig:
        return ConnectionConfig(
            kind=self.kind,
            url=self.url,
            database=self.database,
            user=self.user,
            allow_private=True,
            calls_per_second=self.calls_per_second,
        )

    @property
    def note(self) -> str:
        """What it calls the note."""
        return PRESETS[self.kind].note


@dataclass(slots=True)
class Calls:
    """`written`: the note of each record that was written, and when the CRM had answered."""

    count: int = 0
    written: list[tuple[str, str, float]] = field(default_factory=list)

    def at(self) -> dict[str, float]:
        """When each note had arrived, the first time."""
        found: dict[str, float] = {}
        for _, note, at in self.written:
            found.setdefault(note, at)
        return found


class Recorded(Paced):
    """A connector whose calls are counted; the rate is left to the line around it."""

    def __init__(self, connector: Connector, buckets: Buckets, calls: Calls, note: str) -> None:
        super().__init__(connector, buckets, "unused", LIFTED)
        self._calls = calls
        self._note = note

    async def _turn(self) -> None:
        self._calls.count += 1

    async def update(self, record_id: str, edit: Edit) -> Written:
        written = await super().update(record_id, edit)
        note = str(edit.values.get(self._note, ""))
        self._calls.written.append((record_id, note, time.time()))
        return written


@dataclass(slots=True)
class Shop:
    """One process of an inbox with one connection, or with none."""

    mongo: Mongo
    customers: Customers
    target: Target | None
    crm: Crm | None
    calls: Calls

    @classmethod
    async def of(
        cls,
        uri: str,
        name: str,
        target: Target | None,
        listeners: Sequence[CommandListener] = (),
    ) -> Self:
        """As every process opens it. The database may be there or not."""
        mongo = Mongo.connect(uri, name, timeoutMS=60_000, event_listeners=list(listeners))
        clock, calls = SystemClock(), Calls()
        inbox = InboxConfig(secret_key=(SecretStr("A" * 43 + "="),))
        links = MediaLinks([b"k" * 32], clock, timedelta(hours=1))
        customers = Customers(mongo, clock, inbox, links)
        if target is None:
            return cls(mongo, customers, None, None, calls)
        config = CrmSyncConfig(
            connections={CONNECTION: target.config()},
            secrets={CONNECTION: SecretStr(target.secret)},
        )
        direct = connector_of(target.config(), target.secret, clock)
        connector = Recorded(direct, Buckets(mongo, clock), calls, target.note)
        crm = Crm(config, mongo, clock, customers, {CONNECTION: connector})
        return cls(mongo, customers, target, crm, calls)

    @classmethod
    async def made(cls, uri: str, target: Target | None) -> Self:
        """A new database with all indexes and one bot that has its switch on."""
        shop = await cls.of(uri, f"crm_{secrets.token_hex(4)}", target)
        await ensure_indexes(shop.mongo)
        bot = {"_id": _BOT, "name": "Shop Hoa", "crm_sync": True, "member_ids": [AGENT.id]}
        await shop.mongo["bots"].insert_one(bot)
        if shop.crm is not None:
            await shop.crm.start()
            await shop.mirror.agreeing.terms()
            # The first minute of a mapping every write is read back: no steady state.
            shop.mirror.agreeing._fresh_until = None  # noqa: SLF001
        return shop

    @property
    def mirror(self) -> CrmMirror:
        assert self.crm is not None
        return self.crm.mirrors[CONNECTION]

    async def known(self, names: Sequence[str], *, dirty: bool = False) -> list[str]:
        """Customers who are mirrored already; with `dirty` each has a new note, its name."""
        await self._insert("customers", (self._customer(name, dirty=dirty) for name in names))
        await self._insert("conversations", map(_conversation, names))
        return [_id(name) for name in names]

    async def edit(self, customer_id: str, note: str) -> None:
        """An agent edits the note."""
        await self.customers.store.edit(customer_id, {"note": note}, AGENT, version=None)

    async def is_empty(self) -> bool:
        """Whether nothing is left to push."""
        return await self.mirror.store.next_due() is None

    async def close(self, *, drop: bool = True) -> None:
        if self.crm is not None:
            await self.crm.close()
        if drop:
            await self.mongo.client.drop_database(self.mongo.db.name)
        await self.mongo.close()

    def _customer(self, name: str, *, dirty: bool) -> Document:
        document = _customer(name, name if dirty else "")
        if self.target is None:
            return document
        number = int(name.rpartition("-")[2])
        records = self.target.records or (f"record-{name}",)
        crm: Document = {"rev": 0, "link": {"id": records[number % len(records)]}, "synced": []}
        document["crm"] = {CONNECTION: crm}
        if dirty:
            marks = self.mirror.mark(document, ["note"], SystemClock().now())
            crm |= {path.rpartition(".")[2]: value for path, value in marks.items()}
        return document

    async def _insert(self, collection: str, documents: Iterable[Document]) -> None:
        left: Iterator[Document] = iter(documents)
        while batch := list(islice(left, _BATCH)):
            await self.mongo[collection].insert_many(batch, ordered=False)


def named(prefix: str, count: int) -> list[str]:
    return [f"{prefix}-{number}" for number in range(count)]


def lags(edited: Mapping[str, float], arrived: Mapping[str, float]) -> list[float]:
    """Seconds from each commit until the CRM had answered. Every edit must be there."""
    missing: Collection[str] = edited.keys() - arrived.keys()
    if missing:
        raise SystemExit(f"{len(missing)} edits of {len(edited)} never arrived")
    return [max(0.0, arrived[note] - at) for note, at in edited.items()]


def _id(name: str) -> str:
    return identity_key("facebook", _ACCOUNT, name)


def _customer(name: str, note: str) -> Document:
    now = SystemClock().now()
    return {
        "_id": _id(name),
        "name": f"Khách {name}",
        "name_key": f"khach {name}",
        "phones": [],
        "emails": [],
        "note": note,
        "attributes": {},
        "tag_ids": [],
        "follower_ids": [],
        "identities": [],
        "version": 1,
        "field_versions": {},
        "merged_from": [],
        "created_at": now,
        "updated_at": now,
    }


def _conversation(name: str) -> Document:
    return {
        "_id": conversation_key("facebook", _ACCOUNT, "inbox", name),
        "channel": "facebook",
        "account_id": _ACCOUNT,
        "bot_id": _BOT,
        "customer_id": _id(name),
        "kind": "inbox",
        "external_id": name,
        "status": "open",
        "seq": 0,
    }
