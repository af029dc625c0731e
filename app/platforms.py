"""The real platforms, wired: how each channel sends and whose names it tells."""

import asyncio
from collections.abc import Mapping

from app.account_care import account_duties
from app.backfilling import waking_all
from app.connecting import Doors
from app.settings import Settings
from channels.breaker import Breakers
from channels.connecting.attaching import AttachingParts
from channels.connecting.checking import Checking
from channels.connecting.facebook import FacebookLogin
from channels.connecting.store import ConnectedAccounts
from channels.connecting.zalo import ZaloLogin
from channels.facebook.access import PageAccounts
from channels.facebook.client import GraphClient
from channels.facebook.history import FacebookHistory
from channels.facebook.messenger import FacebookMessenger, FacebookParts
from channels.facebook.moderating import FacebookComments
from channels.facebook.probing import PageProbe
from channels.facebook.profiles import FacebookProfiles
from channels.facebook.store import SubscriptionStore
from channels.facebook.subscribing import Subscribing
from channels.facebook.traffic import Traffic
from channels.http import HttpClient
from channels.media.client import MediaClient
from channels.zalo.client import ZaloApi, ZaloClient
from channels.zalo.history import ZaloHistory
from channels.zalo.messenger import ZaloMessenger
from channels.zalo.oauth import ZaloOAuth
from channels.zalo.probing import OaProbe
from channels.zalo.profiles import ZaloProfiles
from channels.zalo.tokens import ZaloTokens
from inbox.bots.credentials.caching import CachedCredentials
from inbox.bots.credentials.healing import Healing
from inbox.bots.credentials.store import CredentialStore
from inbox.bots.health.store import HealthStore
from inbox.clock import Clock
from inbox.conversations.delivery.store import DeliveryStore
from inbox.conversations.model import Channel, IdentityRef
from inbox.mongo.buckets import Buckets
from inbox.mongo.client import Mongo
from inbox.ports import CommentModeration, MessageSource, Messenger, Profile, ProfileSource


class ProfilesByChannel:
    """Implements ProfileSource: asks the source of the identity's channel."""

    def __init__(self, sources: Mapping[Channel, ProfileSource]) -> None:
        self._sources = sources

    async def fetch(self, identity: IdentityRef) -> Profile:
        return await self._sources[identity.channel].fetch(identity)


class Platforms:
    """Facebook, Instagram and Zalo over one HTTP client; make it inside the running loop.

    `owner` names this process: Zalo's tokens are refreshed by one process at a time.
    """

    def __init__(self, settings: Settings, mongo: Mongo, clock: Clock, *, owner: str) -> None:
        facebook, zalo = settings.channels.facebook, settings.channels.zalo
        store = CredentialStore(mongo, settings.secret_box())
        cached = CachedCredentials(store, clock)
        wake = waking_all(mongo, clock, DeliveryStore(mongo, clock).wake_account)
        self.healing = Healing(HealthStore(mongo, clock), wake, cached.forget)
        self._http = HttpClient()
        self.media = MediaClient(settings.channels.media)
        buckets, breakers = Buckets(mongo, clock), Breakers(clock)
        oauth = ZaloOAuth(self._http, zalo)
        self._tokens = ZaloTokens(mongo, store, self.healing, oauth, zalo, clock, owner=owner)
        api = ZaloApi(self._http, zalo, buckets)
        oa = ZaloClient(api, self._tokens, breakers)
        graph, traffic = GraphClient(self._http, facebook), Traffic(buckets, breakers)
        pages = PageAccounts(cached)
        parts = FacebookParts(
            client=graph,
            accounts=pages,
            traffic=traffic,
            clock=clock,
            human_agent=settings.inbox.delivery.human_agent,
        )
        meta = FacebookProfiles(graph, pages, traffic)
        self.messengers: dict[Channel, Messenger] = {
            "facebook": FacebookMessenger("messenger", parts),
            "instagram": FacebookMessenger("instagram", parts),
            "zalo": ZaloMessenger(oa),
        }
        self.moderation: dict[Channel, CommentModeration] = {
            "facebook": FacebookComments("messenger", parts),
            "instagram": FacebookComments("instagram", parts),
        }
        self.profiles: ProfileSource = ProfilesByChannel(
            {"facebook": meta, "instagram": meta, "zalo": ZaloProfiles(oa)}
        )
        self.histories: dict[Channel, MessageSource] = {
            "facebook": FacebookHistory("messenger", graph, pages, traffic),
            "instagram": FacebookHistory("instagram", graph, pages, traffic),
            "zalo": ZaloHistory(oa),
        }
        subscribing = Subscribing(
            graph, pages, SubscriptionStore(mongo), clock, app_id=facebook.app_id
        )
        login = FacebookLogin(self._http, graph, facebook)
        self.doors = Doors(
            attaching=AttachingParts(
                ConnectedAccounts(mongo), store, subscribing, self.healing, cached.forget
            ),
            checking=Checking(login, graph, api, app_id=facebook.app_id),
            logins={"facebook": login, "zalo": ZaloLogin(oauth, api, zalo, clock)},
            people=login,
        )
        page_probe = PageProbe(graph, pages, traffic, facebook, clock)
        self.duties = account_duties(
            mongo,
            clock,
            self.healing,
            subscribing,
            {"facebook": page_probe, "instagram": page_probe, "zalo": OaProbe(oa)},
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Refresh tokens before they end, until `stop`."""
        await self._tokens.run(stop)

    async def close(self) -> None:
        """After the last send and before the database goes: a refreshed pair must be kept."""
        await self._tokens.close()
        await self._http.close()
        await self.media.close()
