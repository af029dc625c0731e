"""A connected OA on a real database, and the token endpoint as it behaves: each token once."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from channels.breaker import Breakers
from channels.config import ZaloConfig
from channels.http import HttpClient
from channels.zalo.client import ZaloApi, ZaloClient
from channels.zalo.messenger import ZaloMessenger
from channels.zalo.oauth import ZaloOAuth
from channels.zalo.tokens import ZaloTokens
from inbox.bots.credentials.healing import Healing
from inbox.bots.credentials.store import CredentialStore
from inbox.bots.health.store import HealthStore
from inbox.bots.secrets import SecretBox
from inbox.clock import Clock
from inbox.conversations.delivery.store import DeliveryStore
from inbox.ids import account_key
from inbox.mongo.buckets import Buckets
from inbox.mongo.client import Document, Mongo

OA = "4118290375522816043"
KEY = account_key("zalo", OA)
USER = "7205934418860273519"
APP_SECRET = "app-secret-of-tests"
BOX_KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
FIRST = {"access_token": "AT-0", "refresh_token": "RT-0"}


def zalo_config(url: str, **more: Any) -> ZaloConfig:
    return ZaloConfig(
        app_id="1122334455",
        app_secret=SecretStr(APP_SECRET),
        api_url=url,
        oauth_url=url,
        **more,
    )


def credential_store(mongo: Mongo) -> CredentialStore:
    return CredentialStore(mongo, SecretBox([BOX_KEY]))


def healing(mongo: Mongo, clock: Clock) -> Healing:
    return Healing(HealthStore(mongo, clock), DeliveryStore(mongo, clock).wake_account)


async def connect(mongo: Mongo, clock: Clock, *, oa_id: str = OA, **more: str) -> CredentialStore:
    """An OA with a pair of tokens; `more` such as expires_at."""
    key = account_key("zalo", oa_id)
    await mongo["accounts"].insert_one(
        {
            "_id": key,
            "channel": "zalo",
            "account_id": oa_id,
            "bot_id": "b1",
            "name": "Shop Thử",
            "created_at": clock.now(),
            "health": {"state": "ok", "at": clock.now()},
        }
    )
    store = credential_store(mongo)
    assert await store.replace(key, {**FIRST, **more}, now=clock.now())
    return store


def fresh(clock: Clock) -> dict[str, str]:
    """A token that is not due, for tests that are not about tokens."""
    return {"expires_at": (clock.now() + timedelta(hours=20)).isoformat()}


async def account(mongo: Mongo) -> Document:
    found = await mongo["accounts"].find_one({"_id": KEY})
    assert found is not None
    return found


class Oa:
    """The parts of the product for one OA, against a server at `url`, as process `owner`."""

    def __init__(
        self, mongo: Mongo, clock: Clock, config: ZaloConfig, *, owner: str = "process-1"
    ) -> None:
        self.http = HttpClient()
        self.oauth = ZaloOAuth(self.http, config)
        self.tokens = ZaloTokens(
            mongo,
            credential_store(mongo),
            healing(mongo, clock),
            self.oauth,
            config,
            clock,
            owner=owner,
        )
        self.api = ZaloApi(self.http, config, Buckets(mongo, clock))
        self.client = ZaloClient(self.api, self.tokens, Breakers(clock))
        self.messenger = ZaloMessenger(self.client)

    async def close(self) -> None:
        await self.tokens.close()
        await self.http.close()


@asynccontextmanager
async def working(
    mongo: Mongo, clock: Clock, config: ZaloConfig, *, owner: str = "process-1"
) -> AsyncIterator[Oa]:
    oa = Oa(mongo, clock, config, owner=owner)
    try:
        yield oa
    finally:
        await oa.close()


class TokenEndpoint:
    """Zalo's token endpoint for one OA: a refresh token works once, the next is in its answer.

    `hold` makes answers wait for `go`; the token is used up before.
    """

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.hold = False
        self.go = asyncio.Event()
        self.answers_instead: list[web.Response] = []
        self.expires_in: Any = "90000"
        self.more: dict[str, Any] = {}
        self._number = 0
        application = web.Application()
        application.router.add_post("/v4/oa/access_token", self._answer)
        self._server = TestServer(application)

    @property
    def url(self) -> str:
        return str(self._server.make_url("")).rstrip("/")

    @property
    def living(self) -> tuple[str, str]:
        return f"AT-{self._number}", f"RT-{self._number}"

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append({name: str(value) for name, value in (await request.post()).items()})
        self.headers.append(dict(request.headers))
        if self.answers_instead:
            return self.answers_instead.pop(0)
        if self.asked[-1]["refresh_token"] != f"RT-{self._number}":
            return web.json_response({"error_name": "Invalid refresh token", "error": -14014})
        self._number += 1
        access_token, refresh_token = self.living
        if self.hold:
            await self.go.wait()
        return web.json_response(
            {
                "access_token": access_token,
                "refresh_token": refresh_token,
                "expires_in": self.expires_in,
                **self.more,
            }
        )

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["TokenEndpoint"]:
        await self._server.start_server()
        try:
            yield self
        finally:
            self.go.set()
            await self._server.close()
