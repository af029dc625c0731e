"""The built web UI: its files, index.html for every other page, and the headers that guard it."""

from collections.abc import Collection
from pathlib import Path

from aiohttp import web

FRAMED = "sidebar"
"""The one page that other products may show in a frame."""

_DIRECTIVES = (
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",  # components set sizes and places in style attributes
    # what customers sent is copied: the platforms are not told who looks at it
    "img-src 'self' data: blob:",
    "media-src 'self' data: blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
)


def content_security_policy(frame_ancestors: Collection[str] = ()) -> str:
    """The policy of a page that these origins may show in a frame; nobody, unless said."""
    ancestors = " ".join(frame_ancestors) or "'none'"
    return "; ".join((*_DIRECTIVES, f"frame-ancestors {ancestors}"))


CONTENT_SECURITY_POLICY = content_security_policy()
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
_IMMUTABLE = "public, max-age=31536000, immutable"
_ASSETS = "assets"
_NOT_BUILT = """<!doctype html>
<html lang="vi"><meta charset="utf-8"><title>Chat inbox</title>
<h1>Giao diện web chưa được dựng</h1>
<p>Chạy <code>make web</code> rồi tải lại trang này. API vẫn hoạt động.</p>
<p lang="en">The web UI is not built. Run <code>make web</code>, then reload this page.
The API works all the same.</p></html>
"""


class WebUi:
    """Serves the files under `root` (the `dist` folder of the web build).

    `frame_ancestors` are the origins whose pages may show /sidebar in a frame.
    """

    def __init__(self, root: Path | None, frame_ancestors: Collection[str] = ()) -> None:
        self._root = root.resolve() if root is not None else None
        self._framed = {"Content-Security-Policy": content_security_policy(frame_ancestors)}

    def add_routes(self, application: web.Application) -> None:
        """Answer GET and HEAD of every path that nothing else answers; add these last."""
        application.router.add_get("/{path:.*}", self.page)

    async def page(self, request: web.Request) -> web.StreamResponse:
        """The file of this path; for any other path the single page, which routes by itself."""
        path = request.match_info["path"]
        file = self._file(path)
        if file is not None:
            return web.FileResponse(file, headers=_headers(path))
        if path.startswith(f"{_ASSETS}/"):
            raise web.HTTPNotFound(headers=SECURITY_HEADERS)
        index = self._file("index.html")
        if index is None:
            return not_built()
        headers = _headers("index.html")
        if path == FRAMED:
            headers |= self._framed
        return web.FileResponse(index, headers=headers)

    def _file(self, path: str) -> Path | None:
        """The file at `path` inside the root: links and dots do not lead out of it."""
        if self._root is None or not path or "\0" in path:
            return None
        try:
            file = (self._root / path).resolve()
            return file if file.is_relative_to(self._root) and file.is_file() else None
        except OSError:  # a name that is too long for the file system is nobody's name
            return None


def not_built() -> web.Response:
    """The page that says how to build the web UI."""
    return web.Response(
        status=503, text=_NOT_BUILT, content_type="text/html", headers=SECURITY_HEADERS
    )


def _headers(path: str) -> dict[str, str]:
    cache = _IMMUTABLE if path.startswith(f"{_ASSETS}/") else "no-cache"
    return SECURITY_HEADERS | {"Cache-Control": cache}
