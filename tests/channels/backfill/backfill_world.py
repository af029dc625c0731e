"""Simulated platforms whose webhooks do not always reach us, and the worker that reads back."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.fernet import Fernet
from pydantic import SecretStr

from app.demo import facebook, zalo
from app.demo.accounts import FACEBOOK_PAGE, INSTAGRAM_ACCOUNT, ZALO_OA, DemoAccount
from app.demo.delivery import epoch_ms
from app.demo.world import Said
from channels.accounts import AccountDirectory
from channels.backfill.filling import Backfilling
from channels.backfill.store import GapStore
from channels.breaker import Breakers
from channels.config import FacebookConfig, ZaloConfig
from channels.facebook.access import PageAccounts
from channels.facebook.client import GraphClient
from channels.facebook.history import FacebookHistory
from channels.facebook.traffic import Traffic
from channels.gaps import Gaps
from channels.http import HttpClient
from channels.store import Gap, IngestStore
from channels.zalo.client import ZaloApi, ZaloClient
from channels.zalo.history import ZaloHistory
from channels.zalo.oauth import ZaloOAuth
from channels.zalo.tokens import ZaloTokens
from inbox.bots.credentials.healing import Healing
from inbox.bots.credentials.store import CredentialStore
from inbox.bots.health.store import HealthStore
from inbox.bots.secrets import SecretBox
from inbox.clock import FixedClock
from inbox.conversations.model import Channel
from inbox.ids import account_key, conversation_key
from inbox.mongo.buckets import Buckets
from inbox.mongo.client import Document, Mongo
from inbox.mongo.due import Backoff, Pace
from inbox.ports import MessageSource
from tests.ingest import Ingest, running_ingest
from tests.simulated import APPS, Simulated, simulated

DEMO: Mapping[str, DemoAccount] = {
    "facebook": FACEBOOK_PAGE,
    "instagram": INSTAGRAM_ACCOUNT,
    "zalo": ZALO_OA,
}
KEYS = {channel: account_key(one.channel, one.account_id) for channel, one in DEMO.items()}
REACH = timedelta(days=30)
LEASE = timedelta(seconds=60)
_PAGE_INBOX = 263902037430900


@dataclass
class Gate:
    """Where webhooks arrive: nobody is there while it is shut."""

    ingest: Ingest
    shut: bool = False
    lost: int = 0

    async def receive(self, request: web.Request) -> web.Response:
        if self.shut:
            self.lost += 1
            return web.Response(status=503)
        await self.ingest.keep(request.match_info["platform"], await request.read())
        return web.Response()


@dataclass
class World:
    """`say` and `answer` happen at the platforms; `fill` reads back what was missed."""

    mongo: Mongo
    clock: FixedClock
    both: Simulated
    ingest: Ingest
    gate: Gate
    store: GapStore
    sources: dict[Channel, MessageSource]
    healing: Healing
    calls: list[str] = field(default_factory=list)

    def say(self, channel: str, person: str, text: str, **more: Any) -> str:
        """A customer writes; a second passes."""
        account = DEMO[channel]
        platforms = self.both.platforms
        platforms.world.interacted(account.account_id, person, self.clock.now())
        said = self._said(account, text, by_account=False, **more)
        platforms.webhooks.post(platforms.reports_of(account).message(account, person, said))
        return said.id

    def answer(self, channel: str, person: str, text: str, **more: Any) -> str:
        """Somebody answers in the platform's own tool; a second passes."""
        account = DEMO[channel]
        said = self._said(account, text, by_account=True, **more)
        build = self._zalo_echo if channel == "zalo" else self._meta_echo
        self.both.platforms.webhooks.post([build(account, person, said)])
        return said.id

    def _said(self, account: DemoAccount, text: str, *, by_account: bool, **more: Any) -> Said:
        world, is_zalo = self.both.platforms.world, account.channel == "zalo"
        id_ = world.new_hex() if is_zalo else world.new_mid(account.channel)
        said = Said(id_, self.clock.now(), by_account=by_account, text=text, **more)
        self.clock.advance(timedelta(seconds=1))
        return said

    def _meta_echo(self, account: DemoAccount, person: str, said: Said) -> Any:
        message: Document = {"mid": said.id, "text": said.text, "is_echo": True}
        if account.channel == "facebook":
            message["app_id"] = _PAGE_INBOX
        element = {
            "sender": {"id": account.account_id},
            "recipient": {"id": person},
            "timestamp": epoch_ms(said.at),
            "message": message,
        }
        entry = {"id": account.account_id, "time": epoch_ms(said.at), "messaging": [element]}
        return facebook.delivery(account, [entry], APPS.facebook_app_secret)

    def _zalo_echo(self, account: DemoAccount, person: str, said: Said) -> Any:
        event = {
            "app_id": APPS.zalo_app_id,
            "event_name": "oa_send_text",
            "timestamp": str(epoch_ms(said.at)),
            "sender": {"id": account.account_id, "admin_id": "6000000000000000701"},
            "recipient": {"id": person},
            "message": {"msg_id": said.id, "text": said.text},
        }
        return zalo.delivery(event, APPS.zalo_app_id, APPS.zalo_oa_secret_key)

    async def settle(self) -> None:
        """All webhooks have arrived or were given up, and what arrived is applied."""
        await self.both.platforms.settle()
        await self.ingest.applied()

    async def apply(self) -> None:
        """Apply what back-fill has put into the journal."""
        while await self.ingest.recover():
            pass

    def another_worker(self) -> Backfilling:
        pace = Pace(lease=LEASE, backoff=Backoff(timedelta(seconds=5), timedelta(minutes=10)))
        return Backfilling(
            GapStore(self.mongo, self.clock, pace=pace),
            self.sources,
            self.ingest.entries,
            self.healing,
            self.clock,
            reach=REACH,
            applied_soon=lambda: None,
        )

    async def missed(self, channel: str, since: Any, until: Any, reason: str = "silence") -> None:
        """Record an interval."""
        gap = Gap(KEYS[channel], since, until)
        await IngestStore(self.mongo).keep_gaps([gap], reason=reason, now=self.clock.now())

    async def silence(self) -> None:
        """A process starts after nobody was there; the one before gave its last sign of life."""
        store = IngestStore(self.mongo)
        directory = AccountDirectory(store.connected_accounts)
        await directory.refresh()
        await Gaps(store, directory, self.clock, lambda *_: []).note_silence()

    async def fill(self, *, within: timedelta = timedelta(hours=2)) -> None:
        """Let the time pass until every interval is read back, and apply what was found."""
        worker, end = self.another_worker(), self.clock.now() + within
        while await self.mongo["account_gaps"].find_one({"backfill": {"$exists": True}}):
            assert self.clock.now() < end, "still something to read back"
            if not await worker.step():
                self.clock.advance(timedelta(seconds=1))
        await self.apply()

    async def gap(self, channel: str) -> Document:
        """The only interval of an account."""
        [found] = await self.mongo["account_gaps"].find({"account_key": KEYS[channel]}).to_list()
        return found

    async def texts(self, channel: str, person: str) -> list[str]:
        """What was said with a person, as the thread shows it."""
        cursor = self.mongo["messages"].find(
            {"conversation_id": self.thread_id(channel, person), "at": {"$type": "date"}}
        )
        return [one["text"] async for one in cursor.sort([("at", 1), ("seq", 1)])]

    async def conversation(self, channel: str, person: str) -> Document:
        found = await self.mongo["conversations"].find_one({"_id": self.thread_id(channel, person)})
        assert found is not None
        return found

    def thread_id(self, channel: str, person: str) -> str:
        account = DEMO[channel]
        return conversation_key(account.channel, account.account_id, "inbox", person)


class Counting(GraphClient):
    """Notes every call that reads."""

    calls: list[str]

    async def get(self, access: Any, path: str, query: Mapping[str, str]) -> Any:
        self.calls.append(path)
        return await super().get(access, path, query)


@asynccontextmanager
async def backfill_world(mongo: Mongo, clock: FixedClock) -> AsyncIterator[World]:
    """Everything is connected, and the gate is open."""
    async with simulated(clock) as both, running_ingest_of(mongo, both, clock) as ingest:
        gate = Gate(ingest)
        application = web.Application()
        application.router.add_post("/webhooks/{platform}", gate.receive)
        async with TestServer(application, host="127.0.0.1") as server:
            await both.platforms.deliver_to(str(server.make_url("/")))
            async with _clients(mongo, both, clock) as (sources, healing, calls):
                store = GapStore(mongo, clock)
                yield World(mongo, clock, both, ingest, gate, store, sources, healing, calls)


@asynccontextmanager
async def running_ingest_of(
    mongo: Mongo, both: Simulated, clock: FixedClock
) -> AsyncIterator[Ingest]:
    store = _credentials(mongo)
    for channel, account in DEMO.items():
        await mongo["accounts"].insert_one(
            {
                "_id": KEYS[channel],
                "channel": account.channel,
                "account_id": account.account_id,
                "bot_id": "bot",
                "name": account.name,
                "health": {"state": "ok", "at": clock.now()},
            }
        )
        await store.replace(KEYS[channel], both.platforms.credentials(account), now=clock.now())
    async with running_ingest(mongo, clock) as ingest:
        yield ingest


_BOX = SecretBox([Fernet.generate_key().decode()])


def _credentials(mongo: Mongo) -> CredentialStore:
    return CredentialStore(mongo, _BOX)


@asynccontextmanager
async def _clients(
    mongo: Mongo, both: Simulated, clock: FixedClock
) -> AsyncIterator[tuple[dict[Channel, MessageSource], Healing, list[str]]]:
    async def pause(seconds: float) -> None:
        clock.advance(timedelta(seconds=seconds))

    store = _credentials(mongo)
    http, buckets, breakers = HttpClient(), Buckets(mongo, clock), Breakers(clock)
    meta = FacebookConfig(
        api_url=both.urls.graph_url, app_secrets=(SecretStr(APPS.facebook_app_secret),)
    )
    config = ZaloConfig(
        app_id=APPS.zalo_app_id,
        app_secret=SecretStr(APPS.zalo_app_secret),
        app_secret_proof=True,
        api_url=both.urls.zalo_url,
        oauth_url=both.urls.oauth_url,
    )

    async def wake(key: str) -> None:
        await GapStore(mongo, clock).wake_account(key)

    healing = Healing(HealthStore(mongo, clock), wake)
    oauth = ZaloOAuth(http, config)
    tokens = ZaloTokens(mongo, store, healing, oauth, config, clock, owner="one")
    oa = ZaloClient(ZaloApi(http, config, buckets), tokens, breakers)
    graph, traffic = Counting(http, meta), Traffic(buckets, breakers, pause=pause)
    graph.calls = []
    pages = PageAccounts(store)
    try:
        yield (
            {
                "facebook": FacebookHistory("messenger", graph, pages, traffic),
                "instagram": FacebookHistory("instagram", graph, pages, traffic),
                "zalo": ZaloHistory(oa),
            },
            healing,
            graph.calls,
        )
    finally:
        await tokens.close()
        await http.close()
