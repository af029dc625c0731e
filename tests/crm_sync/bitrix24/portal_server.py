"""The test portal over HTTP: who may ask, how much and how often, and the shape of each answer."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.crm_sync.bitrix24.portal import Portal
from tests.crm_sync.bitrix24.portal_clock import LeakyBucket
from tests.crm_sync.bitrix24.portal_contacts import Listed, Refused

SECRET = "7/k3b9x0m1b2c3d4e5"
BATCH_MAX = 50
"""https://apidocs.bitrix24.com/settings/how-to-call-rest-api/batch.html"""
OPERATING_MAX_S = 480
"""Of one method within ten minutes."""


@dataclass
class PortalServer:
    """`bucket` None: as often as one likes. `before` is called once, just before a method is."""

    portal: Portal
    url: str = ""
    bucket: LeakyBucket | None = None
    secret: str = SECRET
    refuses: Refused | None = None
    """What every call is answered with, whatever it asks."""
    forbidden: frozenset[str] = frozenset()
    """Methods that need a scope which the webhook was not given."""
    operating: dict[str, float] = field(default_factory=dict)
    """How many seconds each method has been busy lately."""
    tells_reset: bool = False
    """Whether a refusal for it tells itself when it ends."""
    before: dict[str, Callable[[], object]] = field(default_factory=dict)

    async def handle(self, request: web.Request) -> web.Response:
        self.portal.clock.pass_tick()
        who, _, last = request.match_info["path"].rpartition("/")
        method = last.removesuffix(".json")
        try:
            self._let_in(who)
            told = self._call(method, await request.json())
        except Refused as refused:
            told = {"error": refused.code, "error_description": refused.text}
            if refused.code == "OPERATION_TIME_LIMIT" and self.tells_reset:
                told["time"] = self._time(method)
            return self._answer(told, refused.status)
        return self._answer({**told, "time": self._time(method)})

    def _answer(self, told: dict[str, Any], status: int = 200) -> web.Response:
        date = format_datetime(self.portal.clock.now, usegmt=True)
        return web.json_response(told, status=status, headers={"Date": date})

    def _let_in(self, who: str) -> None:
        if self.refuses is not None:
            raise self.refuses
        if self.bucket is not None and not self.bucket.takes_one():
            raise Refused("QUERY_LIMIT_EXCEEDED", "Too many requests", 503)
        if "/" not in who:
            raise Refused("NO_AUTH_FOUND", "Wrong authorization data", 401)
        if who != self.secret:
            raise Refused("INVALID_CREDENTIALS", "Invalid request credentials", 401)

    def _call(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self.portal.calls.append(method)
        if method == "batch":
            return {"result": self._batch(params)}
        if self.operating.get(method, 0.0) > OPERATING_MAX_S:
            raise Refused(
                "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit", 429
            )
        if method in self.forbidden:
            raise Refused("insufficient_scope", "The request requires higher privileges", 401)
        found = self.portal.methods().get(method)
        if found is None:
            raise Refused("ERROR_METHOD_NOT_FOUND", "Method not found!", 404)
        self.before.pop(method, lambda: None)()
        return _told(found(params))

    def _batch(self, params: dict[str, Any]) -> dict[str, Any]:
        """Each its own error; all of them are one request for the bucket."""
        results: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        for number, (key, command) in enumerate(params["cmd"].items()):
            try:
                results[key] = self._command(number, command)
            except Refused as refused:
                errors[key] = {"error": refused.code, "error_description": refused.text}
                if params.get("halt"):
                    break
        return {"result": results or [], "result_error": errors or []}

    def _command(self, number: int, command: str) -> Any:
        method, _, query = command.partition("?")
        if number >= BATCH_MAX:
            raise Refused("ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
        if method == "batch":
            raise Refused("ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed")
        return self._call(method, _params(query))["result"]

    def _time(self, method: str) -> dict[str, Any]:
        clock = self.portal.clock
        at = clock.now.timestamp()
        return {
            "start": at,
            "finish": at,
            "duration": 0.05,
            "processing": 0.02,
            "date_start": clock.text(),
            "date_finish": clock.text(),
            "operating_reset_at": int(at) + 600,
            "operating": self.operating.get(method, 0.0),
        }


def _told(result: Any) -> dict[str, Any]:
    if not isinstance(result, Listed):
        return {"result": result}
    more = {} if result.next is None else {"next": result.next}
    return {"result": result.result, "total": result.total, **more}


def _params(query: str) -> dict[str, Any]:
    """Of "a=1&fields[NAME]=Lan&values[]=x"."""
    params: dict[str, Any] = {}
    for key, value in parse_qsl(query):
        name, *inner = re.findall(r"[^\[\]]+", key)
        if key.endswith("[]"):
            params.setdefault(name, []).append(value)
        elif inner:
            params.setdefault(name, {})[inner[0]] = value
        else:
            params[name] = value
    return params


@asynccontextmanager
async def portal_server(portal: Portal) -> AsyncIterator[PortalServer]:
    served = PortalServer(portal)
    application = web.Application(client_max_size=64 * 1024 * 1024)
    application.router.add_post("/rest/{path:.*}", served.handle)
    async with TestServer(application) as server:
        served.url = str(server.make_url("")).rstrip("/")
        yield served
