"""The whole service in this process, on a test database and a free port of loopback."""

import hashlib
import hmac
import json
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from pydantic import SecretStr

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

OWNER = "owner@shop.example"
PASSWORD = "mat-khau-that-dai"
FACEBOOK_SECRET = "facebook-app-secret"
ZALO_KEY = "oa-secret-key"
ZALO_APP_ID = "1930571846220957713"


@dataclass(slots=True)
class RunningService:
    """A service that answers at `url`, with one bot of a page and an OA."""

    service: Service
    url: str
    session: aiohttp.ClientSession

    async def post_facebook(self, body: dict[str, Any]) -> int:
        """Post a rightly signed Facebook webhook; the status of the answer."""
        raw = json.dumps(body).encode()
        signature = hmac.digest(FACEBOOK_SECRET.encode(), raw, "sha256").hex()
        headers = {"X-Hub-Signature-256": f"sha256={signature}"}
        async with self.session.post(
            f"{self.url}/webhooks/facebook", data=raw, headers=headers
        ) as answer:
            return answer.status

    async def post_zalo(self, body: dict[str, Any]) -> int:
        """Post a rightly signed Zalo webhook; the status of the answer."""
        raw = json.dumps(body, ensure_ascii=False).encode()
        signed = f"{body['app_id']}".encode() + raw + f"{body['timestamp']}{ZALO_KEY}".encode()
        headers = {"X-ZEvent-Signature": f"mac={hashlib.sha256(signed).hexdigest()}"}
        async with self.session.post(
            f"{self.url}/webhooks/zalo", data=raw, headers=headers
        ) as answer:
            return answer.status


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
    settings = load_settings(
        Path("config.yaml"),
        {
            "INBOX__SECRET_KEY": secrets.token_urlsafe(32),
            "INBOX__ADMIN__EMAIL": OWNER,
            "INBOX__ADMIN__PASSWORD": PASSWORD,
            "CHANNELS__FACEBOOK__APP_SECRETS": FACEBOOK_SECRET,
            "CHANNELS__ZALO__APP_ID": ZALO_APP_ID,
            "CHANNELS__ZALO__OA_SECRET_KEYS": ZALO_KEY,
        },
        {
            "app.data": data,
            "inbox.mongo.uri": SecretStr(mongo_uri),
            "inbox.mongo.database": mongo.db.name,
        },
    )
    listening = listening_socket("127.0.0.1", 0)
    parts = Parts(
        clock=clock or SystemClock(),
        profiles=profiles,
        messengers=messengers or {},
        web_build=WEB_BUILD,
    )
    async with (
        running(settings, Mongo.connect(mongo_uri, mongo.db.name), listening, parts) as service,
        aiohttp.ClientSession() as session,
    ):
        await service.bots.create(
            None,
            NewBot(
                name="Shop Áo Khoác",
                accounts=(
                    NewAccount(channel="facebook", account_id=FACEBOOK_PAGE, name="Trang"),
                    NewAccount(channel="zalo", account_id=ZALO_OA, name="OA"),
                ),
            ),
        )
        yield RunningService(service, url_of(listening), session)
