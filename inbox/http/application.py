"""The web application: the API under /api, the plain routes beside it, the web UI for the rest."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from inbox.http.authenticating import Authenticator, Gate
from inbox.http.docs import Docs
from inbox.http.openapi import build_document
from inbox.http.problems import problems_middleware
from inbox.http.routing import Route, Routes
from inbox.http.web_ui import WebUi

DEFAULT_MAX_BODY = 1024 * 1024
"""Bytes of a request body, unless a route says otherwise."""

API = "/api"
TITLE = "Chat inbox"
VERSION = "1"

AddRoutes = Callable[[web.Application], None]
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def build_application(  # noqa: PLR0913 - all that an application is made of
    tables: Sequence[Routes],
    authenticator: Authenticator,
    *,
    static: Path | None,
    max_body: int = DEFAULT_MAX_BODY,
    extra: Sequence[AddRoutes] = (),
    allowed_origins: Collection[str] = (),
    frame_ancestors: Collection[str] = (),
) -> web.Application:
    """The application that answers everything.

    The routes of `tables` live in an application of its own under /api with the middleware; what
    `extra` adds (webhooks, health, metrics) lives on the outer one, which has none, so that
    nothing stands between a webhook and its handler.

    Args:
        tables: the API.
        authenticator: knows who a cookie or a token belongs to.
        static: the `dist` folder of the web build; a missing one answers 503.
        max_body: bytes; routes that take more read the body by themselves with `read_body`.
        extra: each adds its routes to the outer application.
        frame_ancestors: origins whose pages may show the sidebar in a frame.
        allowed_origins: further origins whose pages may call the API.
    """
    routes = [row for table in tables for row in table.table()]
    outer = web.Application(client_max_size=max_body)
    for add_routes in extra:
        add_routes(outer)
    gate = Gate(authenticator, allowed_origins=allowed_origins)
    outer.add_subapp(API, _api(routes, gate, static))
    WebUi(static, frame_ancestors).add_routes(outer)
    return outer


def api_document(tables: Sequence[Routes]) -> dict[str, Any]:
    """The OpenAPI document of `tables`, without a server."""
    return build_document(
        [row for table in tables for row in table.table()], title=TITLE, version=VERSION
    )


def _api(routes: Sequence[Route], gate: Gate, static: Path | None) -> web.Application:
    api = web.Application(middlewares=[problems_middleware()])
    for row in routes:
        if not row.operation.path.startswith(f"{API}/"):
            raise ValueError(f"{row.operation.path} does not start with {API}/")
        path = row.operation.path.removeprefix(API)
        handler = _guarded(row, gate)
        api.router.add_route(row.operation.method, path, handler)
        if row.operation.options.get("head"):
            api.router.add_route("HEAD", path, handler)
    document = build_document(routes, title=TITLE, version=VERSION)
    Docs(document, static / "docs" if static is not None else None).add_routes(api)
    return api


def _guarded(row: Route, gate: Gate) -> _Handler:
    """The handler of `row` behind the gate."""
    access = row.operation.access

    async def handle(request: web.Request) -> web.StreamResponse:
        await gate.admit(request, access)
        return await row.handle(request)

    return handle
