"""/api/openapi.json and /api/docs: the document, and Swagger UI from our own files."""

from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from inbox.http.web_ui import SECURITY_HEADERS, not_built

_ASSETS = ("swagger-ui.css", "swagger-ui-bundle.js")
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Chat inbox API</title>
<link rel="stylesheet" href="/api/docs/swagger-ui.css">
<script src="/api/docs/swagger-ui-bundle.js" defer></script>
<script src="/api/docs/start.js" defer></script>
</head>
<body><div id="docs"></div></body>
</html>
"""
_START = """SwaggerUIBundle({
  url: '/api/openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  requestInterceptor: async (request) => {
    if (!['GET', 'HEAD'].includes(request.method) && !request.headers.Authorization) {
      const me = await fetch('/api/v1/me');
      if (me.ok) request.headers['X-CSRF-Token'] = (await me.json()).csrf_token;
    }
    return request;
  },
});
"""


class Docs:
    """Serves the OpenAPI document and a page to try it; `assets` holds the Swagger UI files."""

    def __init__(self, document: dict[str, Any], assets: Path | None) -> None:
        self._document = orjson.dumps(document, option=orjson.OPT_INDENT_2)
        self._assets = assets

    def add_routes(self, api: web.Application) -> None:
        """Add the routes to the application that is mounted at /api."""
        api.router.add_get("/openapi.json", self.document)
        api.router.add_get("/docs", self.page)
        api.router.add_get("/docs/start.js", self.start)
        for name in _ASSETS:
            api.router.add_get(f"/docs/{name}", self.asset)

    async def document(self, _request: web.Request) -> web.Response:
        return _answer(self._document, "application/json")

    async def page(self, _request: web.Request) -> web.Response:
        if not self._has_assets():
            return not_built()
        return _answer(_PAGE.encode(), "text/html")

    async def start(self, _request: web.Request) -> web.Response:
        return _answer(_START.encode(), "text/javascript")

    async def asset(self, request: web.Request) -> web.StreamResponse:
        if self._assets is None or not self._has_assets():
            return not_built()
        return web.FileResponse(
            self._assets / request.path.rpartition("/")[2],
            headers=SECURITY_HEADERS | {"Cache-Control": "no-cache"},
        )

    def _has_assets(self) -> bool:
        assets = self._assets
        return assets is not None and all((assets / name).is_file() for name in _ASSETS)


def _answer(body: bytes, content_type: str) -> web.Response:
    return web.Response(
        body=body,
        content_type=content_type,
        charset="utf-8",
        headers=SECURITY_HEADERS | {"Cache-Control": "no-cache"},
    )
