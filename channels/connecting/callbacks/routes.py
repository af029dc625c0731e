"""`/connect/{channel}/callback`: a browser comes back from a platform's login dialog."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog
from aiohttp import web

from channels.connecting.callbacks.page import HEADERS, error_page
from channels.connecting.connecting import CameBack, Connecting
from channels.connecting.errors import ConnectInProgress, FlowOver
from channels.connecting.model import ConnectChannel
from inbox.errors import InboxError, Unavailable
from inbox.http.authenticating import SESSION_COOKIE
from inbox.http.problems import language_of
from inbox.mongo.failures import is_passing
from inbox.staff.model import Actor

log = structlog.get_logger(__name__)

SETTINGS = "/settings/accounts"
"""The page of the web UI where connecting begins and ends."""
_LONGEST = 4096
"""Characters of a code or a state; the platforms' are some hundred long."""
_LOOK_AGAIN_S = "2"


class Sessions(Protocol):
    """Knows whose a session cookie is."""

    async def by_session(self, secret: str) -> Actor | None: ...


class CallbackRoutes:
    """Public routes without the API's middleware: an answer is a page, never a problem document."""

    def __init__(self, connecting: Connecting, sessions: Sessions) -> None:
        self._connecting = connecting
        self._sessions = sessions

    def register(self, app: web.Application) -> None:
        app.router.add_get("/connect/facebook/callback", self._handler("facebook"))
        app.router.add_get("/connect/zalo/callback", self._handler("zalo"))

    def _handler(
        self, channel: ConnectChannel
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                return await self._come_back(request, channel)
            except InboxError as error:
                return _page(request, error)
            except Exception as error:
                if not is_passing(error):
                    log.exception("a callback failed", channel=channel)
                    return _page(request, InboxError())
                return _page(request, Unavailable())

        return handle

    async def _come_back(self, request: web.Request, channel: ConnectChannel) -> web.StreamResponse:
        query = request.query
        state = query.get("state", "")
        code = query.get("code") or None
        if not state or max(len(state), len(code or "")) > _LONGEST:
            raise FlowOver
        secret = request.cookies.get(SESSION_COOKIE)
        actor = await self._sessions.by_session(secret) if secret else None
        back = CameBack(state, code, query.get("error"))
        flow = await self._connecting.come_back(actor, channel, back)
        headers = HEADERS | {"Location": f"{SETTINGS}?flow={flow.id}"}
        return web.Response(status=303, headers=headers)


def _page(request: web.Request, error: InboxError) -> web.Response:
    language = language_of(request)
    headers = dict(HEADERS) | {"Content-Language": language}
    if isinstance(error, ConnectInProgress):
        headers["Refresh"] = _LOOK_AGAIN_S
    return web.Response(
        text=error_page(error, language, SETTINGS),
        status=error.status,
        content_type="text/html",
        charset="utf-8",
        headers=headers,
    )
