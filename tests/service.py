"""The whole service in this process, on a test database and a free port of loopback."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from app.parts import Parts
from app.serving import WEB_BUILD, listening_socket, running, url_of
from app.settings import load_settings
from app.wiring import Service
from inbox.bots.model import NewAccount, NewBot
from inbox.clock import Clock, SystemClock
from inbox.conversations.model import Channel
from inbox.mongo.client import Mongo
from inbox.ports import Messenger, ProfileSource
from tests.ingest import FACEBOOK_PAGE, ZALO_OA
from tests.webhook_signing import SECRETS, ZALO_APP_ID, signed

__all__ = [
    "OWNER",
    "PASSWORD",
    "ZALO_APP_ID",
    "RunningService",
    "WebhookService",
    "running_service",
    "service_with_bot",
    "webhook_service",
]

OWNER = "owner@shop.example"
PASSWORD = "mat-khau-that-dai"
_ADMIN = {"INBOX__ADMIN__EMAIL": OWNER, "INBOX__ADMIN__PASSWORD": PASSWORD}
_CONFIG = Path(__file__).parents[1] / "config.yaml"


@dataclass(frozen=True, slots=True)
class WebhookService:
    """A running service and a client of it, which names paths alone."""

    service: Service
    url: str
    client: aiohttp.ClientSession

    async def post(
        self, channel: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> int:
        """The status that a webhook is answered with; rightly signed unless `headers` are given."""
        headers = signed(channel, body) if headers is None else headers
        async with self.client.post(f"/webhooks/{channel}", data=body, headers=headers) as answer:
            return answer.status


@dataclass(frozen=True, slots=True)
class RunningService:
    """A service that answers at `url`, with one bot of a page and an OA."""

    webhooks: WebhookService
    session: aiohttp.ClientSession

    @property
    def service(self) -> Service:
        return self.webhooks.service

    @property
    def url(self) -> str:
        return self.webhooks.url

    async def post_facebook(self, body: dict[str, Any]) -> int:
        """Post a rightly signed Facebook webhook; the status of the answer."""
        return await self.webhooks.post("facebook", json.dumps(body).encode())

    async def post_zalo(self, body: dict[str, Any]) -> int:
        """Post a rightly signed Zalo webhook of ZALO_APP_ID; the status of the answer."""
        return await self.webhooks.post("zalo", json.dumps(body, ensure_ascii=False).encode())


@asynccontextmanager
async def webhook_service(
    mongo: Mongo,
    clock: Clock,
    data: Path,
    *,
    secrets: Mapping[str, str] = SECRETS,
    overrides: Mapping[str, Any] | None = None,
    parts: Parts | None = None,
) -> AsyncIterator[WebhookService]:
    """Serve on `mongo`, which is closed at the end: any settings, any clock."""
    settings = load_settings(_CONFIG, secrets, {"app.data": data, **(overrides or {})})
    listening = listening_socket("127.0.0.1", 0)
    url = url_of(listening)
    async with (
        running(settings, mongo, listening, parts or Parts(clock=clock)) as service,
        aiohttp.ClientSession(url) as client,
    ):
        yield WebhookService(service, url, client)


@asynccontextmanager
async def running_service(
    mongo: Mongo,
    mongo_uri: str,
    data: Path,
    *,
    clock: Clock | None = None,
    profiles: ProfileSource | None = None,
    messengers: Mapping[Channel, Messenger] | None = None,
) -> AsyncIterator[RunningService]:
    """Start the service on the database of `mongo`, with an owner and a connected bot."""
    clock = clock or SystemClock()
    parts = Parts(clock=clock, profiles=profiles, messengers=messengers or {}, web_build=WEB_BUILD)
    async with service_with_bot(mongo, mongo_uri, data, parts) as service:
        yield service


@asynccontextmanager
async def service_with_bot(
    mongo: Mongo,
    mongo_uri: str,
    data: Path,
    parts: Parts,
    *,
    secrets: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> AsyncIterator[RunningService]:
    """The same of these parts; `secrets` and `overrides` are settings besides."""
    handle = Mongo.connect(mongo_uri, mongo.db.name)
    environ = {**SECRETS, **_ADMIN, **(secrets or {})}
    async with (
        webhook_service(
            handle, parts.clock, data, secrets=environ, overrides=overrides, parts=parts
        ) as webhooks,
        aiohttp.ClientSession() as session,
    ):
        await webhooks.service.bots.create(
            None,
            NewBot(
                name="Shop Áo Khoác",
                accounts=(
                    NewAccount(channel="facebook", account_id=FACEBOOK_PAGE, name="Trang"),
                    NewAccount(channel="zalo", account_id=ZALO_OA, name="OA"),
                ),
            ),
        )
        yield RunningService(webhooks, session)
