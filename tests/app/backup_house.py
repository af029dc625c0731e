"""A shop to back up: the service on a test database, with media in a folder of its own."""

import secrets
import socket
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from pydantic import SecretStr

from app.backup.making import Making
from app.backup.manifest import Manifest
from app.backup.restoring import Restoring
from app.parts import Parts
from app.serving import WEB_BUILD, listening_socket, running, url_of
from app.settings import load_settings
from app.wiring import Service
from inbox.clock import SystemClock
from inbox.media.files import MediaFiles
from inbox.mongo.client import Mongo
from tests import webhook_signing

KEY, OTHER_KEY = secrets.token_bytes(32), secrets.token_bytes(32)
EMAIL, PASSWORD = "owner@shop.example", "mat-khau-that-dai"


@dataclass
class Desk:
    """A running service and the owner, signed in."""

    service: Service
    url: str
    session: aiohttp.ClientSession

    async def call(self, method: str, path: str, **options: Any) -> Any:
        async with self.session.request(method, f"{self.url}/api/v1{path}", **options) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()

    async def bytes_of(self, address: str) -> bytes:
        async with self.session.get(f"{self.url}{address}") as answer:
            assert answer.status == 200, await answer.text()
            return await answer.read()

    async def post_webhook(self, body: bytes) -> int:
        headers = webhook_signing.signed("facebook", body)
        url = f"{self.url}/webhooks/facebook"
        async with self.session.post(url, data=body, headers=headers) as answer:
            return answer.status


@asynccontextmanager
async def closed(database: Mongo, listening: socket.socket) -> AsyncIterator[None]:
    """Also where the service does not even start."""
    try:
        yield
    finally:
        await database.close()
        listening.close()


@dataclass
class House:
    """`mongo` is the original; `folder` holds media (`old`, `new`) and backups."""

    uri: str
    folder: Path
    mongo: Mongo

    def files(self, name: str) -> MediaFiles:
        return MediaFiles.in_folder(self.folder / name / "media")

    async def backup(self, name: str = "backup", **more: Any) -> Path:
        what = {"media": self.files("old"), "secret_keys": [KEY], "clock": SystemClock(), **more}
        await Making(mongo=self.mongo, **what).into(self.folder / name)
        return self.folder / name

    async def restore(
        self, backup: Path, into: Mongo, *, key: bytes = KEY, other_key: bool = False
    ) -> Manifest:
        restoring = Restoring(
            mongo=into, media=self.files("new"), secret_keys=[key], clock=SystemClock()
        )
        return await restoring.back(backup, other_key=other_key)

    @asynccontextmanager
    async def open(self, mongo: Mongo, data: str) -> AsyncIterator[Desk]:
        """The service on a database, with the media of `data`."""
        environment = webhook_signing.SECRETS | {
            "INBOX__SECRET_KEY": urlsafe_b64encode(KEY).decode(),
            "INBOX__ADMIN__EMAIL": EMAIL,
            "INBOX__ADMIN__PASSWORD": PASSWORD,
        }
        overrides = {
            "app.data": self.folder / data,
            "inbox.mongo.uri": SecretStr(self.uri),
            "inbox.mongo.database": mongo.db.name,
        }
        settings = load_settings(Path("config.yaml"), environment, overrides)
        listening = listening_socket("127.0.0.1", 0)
        database = Mongo.connect(self.uri, mongo.db.name)
        parts = Parts(clock=SystemClock(), web_build=WEB_BUILD)
        jar = aiohttp.CookieJar(unsafe=True)
        async with (
            closed(database, listening),
            running(settings, database, listening, parts) as service,
            aiohttp.ClientSession(cookie_jar=jar) as session,
        ):
            desk = Desk(service, url_of(listening), session)
            body = {"email": EMAIL, "password": PASSWORD}
            signed_in = await desk.call("POST", "/session", json=body)
            session.headers["X-CSRF-Token"] = signed_in["csrf_token"]
            yield desk
