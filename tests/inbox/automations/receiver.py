"""Somebody else's server that is told events: it checks signatures by its own means."""

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer

Answer = Callable[[dict[str, Any]], web.Response]


def taken(_event: dict[str, Any]) -> web.Response:
    return web.Response(status=204)


@dataclass
class Receiver:
    """`events` are genuine ones, as they came; `calls` counts all. `answer` may be replaced."""

    url: str = ""
    secrets: list[str] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    forged: int = 0
    calls: int = 0
    answer: Answer = taken

    async def receive(self, request: web.Request) -> web.Response:
        self.calls += 1
        body = await request.read()
        if not self._is_genuine(request, body):
            self.forged += 1
            return web.Response(status=401)
        event = orjson.loads(body)
        answer = self.answer(event)
        if answer.status < 300:
            assert request.headers["Webhook-Id"] == event["id"]
            self.events.append(event)
        return answer

    def _is_genuine(self, request: web.Request, body: bytes) -> bool:
        headers = request.headers
        content = f"{headers['Webhook-Id']}.{headers['Webhook-Timestamp']}.".encode() + body
        keys = [base64.b64decode(one.removeprefix("whsec_")) for one in self.secrets]
        digests = [hmac.new(key, content, hashlib.sha256).digest() for key in keys]
        wanted = {f"v1,{base64.b64encode(one).decode()}" for one in digests}
        return bool(wanted & set(headers["Webhook-Signature"].split(" ")))

    def types(self, *only: str) -> list[str]:
        return [one["type"] for one in self.events if not only or one["type"] in only]

    def texts(self) -> list[str]:
        """What customers said, as it was told."""
        told = [one for one in self.events if one["type"] == "message.received"]
        return [one["data"]["message"]["text"] for one in told]


def in_order(events: Iterable[dict[str, Any]]) -> bool:
    """Whether the first telling of each event came in the order of its conversation."""
    seen: dict[str, int] = {}
    known: set[str] = set()
    for one in events:
        if one["id"] in known:
            continue
        known.add(one["id"])
        stream = one["conversation_id"] or one["customer_id"]
        if one["sequence"] <= seen.get(stream, 0):
            return False
        seen[stream] = one["sequence"]
    return True


@asynccontextmanager
async def running_receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    application = web.Application(client_max_size=2**24)
    application.router.add_post("/hook", receiver.receive)
    async with TestServer(application) as server:
        receiver.url = str(server.make_url("/hook"))
        yield receiver
