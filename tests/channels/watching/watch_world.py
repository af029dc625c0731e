"""The demo's accounts, connected to a database, and what looks after them, over simulators."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from pydantic import SecretStr

from app.demo.accounts import FACEBOOK_PAGE, INSTAGRAM_ACCOUNT, ZALO_OA, DemoAccount
from channels.breaker import Breakers
from channels.config import FacebookConfig, ZaloConfig
from channels.facebook.access import PageAccounts
from channels.facebook.client import GraphClient
from channels.facebook.probing import PageProbe
from channels.facebook.store import SubscriptionStore
from channels.facebook.subscribing import Subscribing
from channels.facebook.traffic import Traffic
from channels.http import HttpClient
from channels.store import IngestStore
from channels.watching.probing import Probing
from channels.watching.store import WatchStore
from channels.watching.watching import Watching
from channels.zalo.client import ZaloApi, ZaloClient
from channels.zalo.oauth import ZaloOAuth
from channels.zalo.probing import OaProbe
from channels.zalo.tokens import ZaloTokens
from inbox.bots.credentials.healing import Healing
from inbox.bots.credentials.store import CredentialStore
from inbox.bots.health.store import HealthStore
from inbox.bots.secrets import SecretBox
from inbox.clock import FixedClock
from inbox.conversations.delivery.store import DeliveryStore
from inbox.ids import account_key
from inbox.mongo.buckets import Buckets
from inbox.mongo.client import Document, Mongo
from tests.channels.zalo.zalo_oa import BOX_KEY
from tests.simulated import APPS, Simulated, no_wait, simulated

DEMO = (FACEBOOK_PAGE, INSTAGRAM_ACCOUNT, ZALO_OA)
PAGE_KEY, INSTAGRAM_KEY, OA_KEY = (account_key(one.channel, one.account_id) for one in DEMO)


@dataclass
class WatchWorld:
    """What one process does for accounts; `both` are the platforms."""

    mongo: Mongo
    clock: FixedClock
    both: Simulated
    credentials: CredentialStore
    healing: Healing
    probing: Probing
    watching: Watching
    store: WatchStore

    async def account(self, key: str) -> Document:
        found = await self.mongo["accounts"].find_one({"_id": key})
        assert found is not None
        return found

    async def health(self, key: str) -> tuple[str, str | None]:
        health = (await self.account(key))["health"]
        return health["state"], health.get("reason")

    async def gaps(self, key: str | None = None) -> list[Document]:
        query = {} if key is None else {"account_key": key}
        return await self.mongo["account_gaps"].find(query).sort("from", 1).to_list()

    async def events(self, key: str) -> list[str]:
        cursor = self.mongo["account_events"].find({"account_key": key}).sort("at", 1)
        return [one["type"] async for one in cursor]

    async def reconnect(self, account: DemoAccount) -> None:
        """Somebody has connected an account again: new secrets."""
        key = account_key(account.channel, account.account_id)
        self.both.platforms.graph.pages.accounts()  # a login gives tokens that live
        values = self.both.platforms.credentials(account)
        assert await self.credentials.replace(key, values, now=self.clock.now())


@asynccontextmanager
async def watch_world(
    mongo: Mongo, clock: FixedClock, *, with_app: bool = True
) -> AsyncIterator[WatchWorld]:
    """Everything connected; without the app's own credentials when not `with_app`."""
    async with simulated(clock) as both:
        quick = timedelta(seconds=2)
        facebook = FacebookConfig(
            api_url=both.urls.graph_url,
            app_id=APPS.facebook_app_id if with_app else None,
            app_secrets=(SecretStr(APPS.facebook_app_secret),) if with_app else (),
            timeout=quick,
        )
        zalo = ZaloConfig(
            app_id=APPS.zalo_app_id,
            app_secret=SecretStr(APPS.zalo_app_secret),
            api_url=both.urls.zalo_url,
            oauth_url=both.urls.oauth_url,
            timeout=quick,
        )
        credentials = CredentialStore(mongo, SecretBox([BOX_KEY]))
        for one in DEMO:
            await _connect(mongo, clock, credentials, both, one)
        healing = Healing(HealthStore(mongo, clock), DeliveryStore(mongo, clock).wake_account)
        http, breakers = HttpClient(), Breakers(clock)
        buckets = Buckets(mongo, clock)
        tokens = ZaloTokens(
            mongo, credentials, healing, ZaloOAuth(http, zalo), zalo, clock, owner="one"
        )
        graph, pages = GraphClient(http, facebook), PageAccounts(credentials)
        traffic = Traffic(buckets, breakers, pause=no_wait)
        page_probe = PageProbe(graph, pages, traffic, facebook, clock)
        oa = ZaloClient(ZaloApi(http, zalo, buckets), tokens, breakers)
        subscribing = Subscribing(
            graph, pages, SubscriptionStore(mongo), clock, app_id=facebook.app_id
        )
        store = WatchStore(mongo)
        probing = Probing(
            store,
            {"facebook": page_probe, "instagram": page_probe, "zalo": OaProbe(oa)},
            healing,
            clock,
            pause=no_wait,
        )
        watching = Watching(store, IngestStore(mongo), subscribing, clock)
        try:
            yield WatchWorld(mongo, clock, both, credentials, healing, probing, watching, store)
        finally:
            await tokens.close()
            await http.close()


async def _connect(
    mongo: Mongo,
    clock: FixedClock,
    credentials: CredentialStore,
    both: Simulated,
    account: DemoAccount,
) -> None:
    key = account_key(account.channel, account.account_id)
    await mongo["accounts"].insert_one(
        {
            "_id": key,
            "channel": account.channel,
            "account_id": account.account_id,
            "bot_id": "b1",
            "name": account.name,
            "created_at": clock.now(),
            "health": {"state": "ok", "at": clock.now()},
        }
    )
    assert await credentials.replace(key, both.platforms.credentials(account), now=clock.now())
