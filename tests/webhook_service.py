"""The service in this process, for tests that post webhooks to it: any settings, any clock."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from app.parts import Parts
from app.serving import listening_socket, running, url_of
from app.settings import load_settings
from app.wiring import Service
from inbox.clock import Clock
from inbox.mongo.client import Mongo
from tests.webhook_signing import SECRETS, signed

_CONFIG = Path(__file__).parents[1] / "config.yaml"


@dataclass(frozen=True, slots=True)
class WebhookService:
    """A running service and a client of it."""

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


@asynccontextmanager
async def webhook_service(
    mongo: Mongo,
    clock: Clock,
    data: Path,
    *,
    secrets: Mapping[str, str] = SECRETS,
    overrides: Mapping[str, Any] | None = None,
) -> AsyncIterator[WebhookService]:
    """Serve on `mongo`, which is closed at the end."""
    settings = load_settings(_CONFIG, secrets, {"app.data": data, **(overrides or {})})
    listening = listening_socket("127.0.0.1", 0)
    url = url_of(listening)
    async with (
        running(settings, mongo, listening, Parts(clock=clock)) as service,
        aiohttp.ClientSession(url) as client,
    ):
        yield WebhookService(service, url, client)
