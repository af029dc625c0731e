"""The web UI is served with its guards, the API docs need nothing from outside."""

import re
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from pytest_aiohttp import AiohttpClient
from yarl import URL

from inbox.http.application import build_application
from tests.signed_in import KnownActors

Client = TestClient[web.Request, web.Application]


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A web build, and a secret beside it."""
    (tmp_path / "secret.txt").write_text("secret")
    dist = tmp_path / "dist"
    for name, text in {
        "index.html": "<!doctype html><title>Hộp thư</title>",
        "favicon.svg": "<svg/>",
        "assets/index-abc.js": "run()",
        "docs/swagger-ui.css": "body{}",
        "docs/swagger-ui-bundle.js": "SwaggerUIBundle",
    }.items():
        path = dist / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (dist / "assets" / "way-out.txt").symlink_to(tmp_path / "secret.txt")
    return dist


async def _webhook(request: web.Request) -> web.Response:
    return web.Response(text="ok")


def _add_webhook(outer: web.Application) -> None:
    outer.router.add_post("/webhooks/x", _webhook)


@pytest.fixture
async def client(built: Path, aiohttp_client: AiohttpClient) -> Client:
    app = build_application([], KnownActors(), static=built, extra=[_add_webhook])
    return await aiohttp_client(app)


@pytest.mark.parametrize("path", ["/", "/conversations/abc", "/settings", "/apis"])
async def test_every_page_is_the_single_page(client: Client, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status, answer.content_type) == (200, "text/html")
    assert "Hộp thư" in await answer.text()
    assert answer.headers["Cache-Control"] == "no-cache"


async def test_assets_are_kept_for_good_and_other_files_are_asked_for_again(
    client: Client,
) -> None:
    asset = await client.get("/assets/index-abc.js")
    assert (asset.status, await asset.text()) == (200, "run()")
    assert "immutable" in asset.headers["Cache-Control"]
    icon = await client.get("/favicon.svg")
    assert icon.headers["Cache-Control"] == "no-cache"
    assert (await client.get("/assets/index-old.js")).status == 404


async def test_pages_are_guarded(client: Client) -> None:
    for path in ("/", "/assets/index-abc.js", "/api/docs"):
        headers = (await client.get(path)).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "http" not in policy  # nothing at all is loaded from another host
        assert "img-src 'self' data: blob:" in policy
        assert "unsafe-eval" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/assets/way-out.txt",
        "/%2fetc/passwd",
        "/%00",
        pytest.param("/" + "a" * 5000, id="a long name"),
    ],
)
async def test_nothing_outside_the_build_is_served(client: Client, path: str) -> None:
    answer = await client.get(URL(path, encoded=True))
    assert answer.status in {200, 404}
    text = await answer.text()
    assert "secret" not in text
    assert "root:" not in text


async def test_api_paths_are_never_the_single_page(client: Client) -> None:
    for path in ("/api/nowhere", "/api/v1/nowhere"):
        answer = await client.get(path)
        assert (answer.status, answer.content_type) == (404, "application/problem+json")


async def test_plain_routes_stand_beside_the_api(client: Client) -> None:
    assert await (await client.post("/webhooks/x")).text() == "ok"


async def test_the_docs_page_loads_nothing_from_outside(client: Client) -> None:
    page = await (await client.get("/api/docs")).text()
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert addresses
    for address in addresses:
        assert address.startswith("/api/docs/")
        assert (await client.get(address)).status == 200
    assert "/api/openapi.json" in await (await client.get("/api/docs/start.js")).text()
    document = await (await client.get("/api/openapi.json")).json()
    assert document["openapi"] == "3.1.0"


async def test_without_a_build_pages_say_how_to_make_one_and_the_api_works(
    aiohttp_client: AiohttpClient, tmp_path: Path
) -> None:
    for static in (None, tmp_path / "missing"):
        app = build_application([], KnownActors(), static=static)
        client: Client = await aiohttp_client(app)
        for path in ("/", "/api/docs"):
            answer = await client.get(path)
            assert answer.status == 503
            assert "make web" in await answer.text()
        assert (await client.get("/api/openapi.json")).status == 200
