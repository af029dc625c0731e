"""Messengers and profile sources of every channel, built as the service builds them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from channels.breaker import Breakers
from channels.config import FacebookConfig, ZaloConfig
from channels.facebook.access import PageAccounts
from channels.facebook.client import GraphClient
from channels.facebook.messenger import FacebookMessenger, FacebookParts
from channels.facebook.profiles import FacebookProfiles
from channels.facebook.traffic import Traffic
from channels.http import HttpClient
from channels.zalo.client import ZaloApi, ZaloClient
from channels.zalo.messenger import ZaloMessenger
from channels.zalo.oauth import ZaloOAuth
from channels.zalo.profiles import ZaloProfiles
from channels.zalo.tokens import ZaloTokens
from inbox.bots.credentials.healing import Healing
from inbox.bots.credentials.store import CredentialStore
from inbox.bots.health.store import HealthStore
from inbox.clock import Clock
from inbox.conversations.delivery.store import DeliveryStore
from inbox.conversations.model import Channel
from inbox.mongo.buckets import Buckets
from inbox.mongo.client import Mongo
from inbox.ports import Messenger, ProfileSource
from tests.simulated import no_wait


@dataclass(frozen=True, slots=True)
class PlatformClients:
    """By channel."""

    messengers: dict[Channel, Messenger]
    profiles: dict[Channel, ProfileSource]


@asynccontextmanager
async def platform_clients(
    mongo: Mongo,
    store: CredentialStore,
    clock: Clock,
    facebook: FacebookConfig,
    zalo: ZaloConfig,
) -> AsyncIterator[PlatformClients]:
    """Clients that share one HTTP client; nobody waits for a turn."""
    http, buckets, breakers = HttpClient(), Buckets(mongo, clock), Breakers(clock)
    heal = Healing(HealthStore(mongo, clock), DeliveryStore(mongo, clock).wake_account)
    tokens = ZaloTokens(mongo, store, heal, ZaloOAuth(http, zalo), zalo, clock, owner="one")
    oa = ZaloClient(ZaloApi(http, zalo, buckets), tokens, breakers)
    traffic = Traffic(buckets, breakers, pause=no_wait)
    graph, pages = GraphClient(http, facebook), PageAccounts(store)
    parts = FacebookParts(client=graph, accounts=pages, traffic=traffic, clock=clock)
    meta = FacebookProfiles(graph, pages, traffic)
    try:
        yield PlatformClients(
            {
                "facebook": FacebookMessenger("messenger", parts),
                "instagram": FacebookMessenger("instagram", parts),
                "zalo": ZaloMessenger(oa),
            },
            {"facebook": meta, "instagram": meta, "zalo": ZaloProfiles(oa)},
        )
    finally:
        await tokens.close()
        await http.close()
