"""The simulated Zalo OpenAPI and its OAuth over real HTTP.

Errors come with HTTP 200. Source: https://developers.zalo.me/docs/official-account
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web
from aiohttp.web_request import FileField

from app.demo.courier import Pace
from app.demo.delivery import epoch_ms
from app.demo.exchange import Accepted, Call, Exchange
from app.demo.faults import Faults, Refusal
from app.demo.openapi.errors import ZaloError
from app.demo.openapi.messages import OaMessages
from app.demo.openapi.permission import Permission
from app.demo.openapi.reading import OaReading
from app.demo.openapi.tokens import Tokens
from app.demo.openapi.uploads import OaUploads
from app.demo.webhooks import Webhooks
from app.demo.world import Json, World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_CALLS_PER_MINUTE = 4000
_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class OaParts:
    """What the API is made of."""

    tokens: Tokens
    messages: OaMessages
    uploads: OaUploads
    reading: OaReading


class ZaloOpenApi:
    """Routes of the OpenAPI; also how Zalo words what goes wrong (a Dialect)."""

    def __init__(
        self, parts: OaParts, world: World, faults: Faults, webhooks: Webhooks, pace: Pace
    ) -> None:
        self.tokens = parts.tokens
        self.messages = parts.messages
        self.calls_per_minute = _CALLS_PER_MINUTE
        self._uploads = parts.uploads
        self._reading = parts.reading
        self._world = world
        self.permission = Permission(parts.tokens, world)
        self._exchange = Exchange(faults, webhooks, pace, self)
        self._minute = 0
        self._calls = 0

    def register(self, application: web.Application) -> None:
        router = application.router
        router.add_post("/v3.0/oa/message/cs", self._sending(self.messages.to_user))
        router.add_post("/v3.0/oa/group/message", self._sending(self.messages.to_group))
        router.add_post("/v2.0/oa/message", self._sending(self.messages.other))
        router.add_post("/v2.0/oa/upload/{kind}", self._upload)
        router.add_post("/v3.0/oa/quota/message", self._asking("other", self._reading.quota))
        for path, operation, read in (
            ("/v3.0/oa/user/detail", "profile", self._reading.user),
            ("/v3.0/oa/user/getlist", "history", self._reading.users),
            ("/v2.0/oa/listrecentchat", "history", self._reading.recent),
            ("/v2.0/oa/conversation", "history", self._reading.conversation),
            ("/v2.0/oa/getoa", "other", lambda oa_id, _: self._reading.oa(oa_id)),
        ):
            router.add_get(path, self._asking(operation, read))

    def register_oauth(self, application: web.Application) -> None:
        """The routes of oauth.zaloapp.com."""
        application.router.add_get("/v4/oa/permission", self.permission.show)
        application.router.add_post("/v4/oa/permission", self.permission.decide)
        application.router.add_post("/v4/oa/access_token", self._access_token)

    def rate_limited(self, _retry_after_s: float) -> web.Response:
        """Zalo does not say for how long."""
        headers = {"X-RateLimit-Limit": str(self.calls_per_minute), "X-RateLimit-Remain": "0"}
        return web.json_response(ZaloError(-32).body(), headers=headers)

    def refusal(self, refusal: Refusal) -> ZaloError:
        return ZaloError.of(refusal)

    def kill(self, token: str) -> None:
        for oa_id in self.tokens.oa_ids:
            if self.tokens.pair(oa_id).access == token:
                self.tokens.expire(oa_id)

    def _sending(self, send: Callable[[str, Json], Accepted]) -> Handler:
        """A handler of a call that sends."""

        async def handler(request: web.Request) -> web.StreamResponse:
            asked = await _read(request)
            recipient = asked.get("recipient")
            subject = next(iter(recipient.values()), "") if isinstance(recipient, dict) else ""
            operation = "other" if "sender_action" in asked else "send"
            return await self._do(
                request, operation, lambda oa_id: send(oa_id, asked), str(subject)
            )

        return handler

    def _asking(self, operation: str, read: Callable[[str, Json], object]) -> Handler:
        """A handler of a call that only asks."""

        async def handler(request: web.Request) -> web.StreamResponse:
            asked = await _read(request)

            def work(oa_id: str) -> Accepted:
                data = read(oa_id, asked)
                return Accepted({"data": data, "error": 0, "message": "Success"})

            return await self._do(request, operation, work, str(asked.get("user_id", "")))

        return handler

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        kind = request.match_info["kind"]
        file = (await request.post()).get("file")

        def work(oa_id: str) -> Accepted:
            if not isinstance(file, FileField):
                raise ZaloError(-201, "file is invalid")
            content = file.file.read()
            data = self._uploads.take(oa_id, kind, file.filename, file.content_type, content)
            return Accepted({"data": data, "error": 0, "message": "Success"})

        return await self._do(request, "upload", work, kind)

    async def _do(
        self,
        request: web.Request,
        operation: str,
        work: Callable[[str], Accepted],
        subject: str,
    ) -> web.StreamResponse:
        token = request.headers.get("access_token", "")
        given_proof = request.headers.get("appsecret_proof")

        def admitted() -> Accepted:
            left = self._admit()
            accepted = work(self.tokens.oa_of(token, given_proof))
            accepted.headers["X-RateLimit-Limit"] = str(self.calls_per_minute)
            accepted.headers["X-RateLimit-Remain"] = str(left)
            return accepted

        return await self._exchange.answer(request, Call(operation, subject, token), admitted)

    def _admit(self) -> int:
        """How many calls are left in this minute, over all OAs of the app.

        Raises:
            ZaloError: -32, there are none.
        """
        minute = epoch_ms(self._world.clock.now()) // _MINUTE_MS
        if minute != self._minute:
            self._minute, self._calls = minute, 0
        self._calls += 1
        if self._calls > self.calls_per_minute:
            raise ZaloError(-32)
        return self.calls_per_minute - self._calls

    async def _access_token(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        asked = {name: value for name, value in form.items() if isinstance(value, str)}
        secret = request.headers.get("secret_key", "")
        subject = asked.get("grant_type", "")
        return await self._exchange.answer(
            request,
            Call("token", subject),
            lambda: Accepted(self.tokens.exchange(asked, secret)),
        )


async def _read(request: web.Request) -> Json:
    """The JSON body, or the JSON text in `data` of a GET."""
    text = request.query.get("data", "{}")
    if request.method == "POST":
        text = await request.text()
    try:
        asked = json.loads(text)
    except ValueError:
        return {}
    return asked if isinstance(asked, dict) else {}
