"""Routes bind what their signatures ask for and answer every mistake with a problem document."""

from collections.abc import AsyncIterator
from typing import Annotated, Literal

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from pydantic import BaseModel, Field
from pymongo.errors import AutoReconnect
from pytest_aiohttp import AiohttpClient
from structlog.testing import capture_logs

from inbox.errors import Conflict, VersionClash
from inbox.http.application import build_application
from inbox.http.authenticating import CSRF_HEADER, SESSION_COOKIE, csrf_token
from inbox.http.paging import Cursor, Limit, Page, decode_cursor, encode_cursor
from inbox.http.routing import Body, Routes, route
from inbox.staff.model import Actor
from tests.signed_in import KnownActors, bearer

Client = TestClient[web.Request, web.Application]

OWNER = Actor(id="owner-1", name="Chủ", role="owner", session_id="s1")
SALE = Actor(id="sale-1", name="Lan", role="sale", bot_ids=frozenset({"b1"}), session_id="s2")
READER = Actor(id="reader-1", name="Đọc", role="owner", token_id="t1", scopes=frozenset({"read"}))


class Fruit(BaseModel):
    name: str
    price: int


class NewFruit(Body):
    name: Annotated[str, Field(min_length=2, max_length=20)]
    price: Annotated[int, Field(ge=0)]
    kinds: list[Literal["sweet", "sour"]] = Field(default_factory=list)


class FruitFilter(Body):
    colour: str | None = None
    sizes: list[int] = Field(default_factory=list)


class FruitRoutes(Routes):
    @route("GET", "/api/v1/fruits", access="staff", tag="fruits")
    async def page(self, limit: Limit = 2, cursor: Cursor = None) -> Page[Fruit]:
        """Some fruits."""
        start = decode_cursor(cursor)[0] if cursor else 0
        assert isinstance(start, int)
        items = [Fruit(name=f"quả {n}", price=n) for n in range(start, start + limit)]
        return Page(items=items, next_cursor=encode_cursor(start + limit))

    @route("POST", "/api/v1/fruits", access="staff", tag="fruits", status=201)
    async def add(self, actor: Actor, body: NewFruit, loud: bool = False) -> Fruit:
        return Fruit(name=f"{actor.id}:{body.name}{'!' if loud else ''}", price=body.price)

    @route("GET", "/api/v1/fruits/search", access="staff", tag="fruits")
    async def search(self, query: FruitFilter) -> dict[str, list[int] | str | None]:
        return {"colour": query.colour, "sizes": query.sizes}

    @route("PATCH", "/api/v1/fruits/{fruit_id}", access="staff", tag="fruits")
    async def edit(self, fruit_id: int, if_match: int | None = None) -> Fruit:
        if if_match == 1:
            raise VersionClash(fields=["name"], current={"name": "mít"})
        return Fruit(name=str(fruit_id), price=if_match or 0)

    @route("DELETE", "/api/v1/fruits/{fruit_id}", access="admin", tag="fruits")
    async def remove(self, fruit_id: str) -> None:
        if fruit_id == "taken":
            raise Conflict

    @route("GET", "/api/v1/broken", access="public", tag="fruits")
    async def broken(self) -> Fruit:
        raise RuntimeError("Nguyễn Văn Bí Mật 0912345678")

    @route("GET", "/api/v1/away", access="public", tag="fruits")
    async def away(self) -> Fruit:
        raise AutoReconnect("db-7.internal:27017 is gone")

    @route("POST", "/api/v1/crates", access="staff", tag="fruits", max_body=3000)
    async def add_many(self, body: list[str]) -> Fruit:
        return Fruit(name=body[0][:1], price=len(body))

    @route("GET", "/api/v1/hello", access="public", tag="fruits", media_type="text/plain")
    async def hello(self, request: web.Request) -> web.Response:
        return web.Response(text=request.method)


@pytest.fixture
async def client(aiohttp_client: AiohttpClient) -> Client:
    people = KnownActors(OWNER, SALE, READER)
    app = build_application([FruitRoutes()], people, static=None, max_body=2000)
    return await aiohttp_client(app)


async def test_arguments_come_from_path_query_body_and_actor(client: Client) -> None:
    added = await client.post(
        "/api/v1/fruits?loud=true&unknown=1",
        json={"name": "xoài", "price": 5},
        headers=bearer(SALE),
    )
    assert added.status == 201
    assert await added.json() == {"name": "sale-1:xoài!", "price": 5}
    searched = await client.get("/api/v1/fruits/search?sizes=1&sizes=2", headers=bearer(SALE))
    assert await searched.json() == {"colour": None, "sizes": [1, 2]}
    edited = await client.patch(
        "/api/v1/fruits/7", headers=bearer(SALE) | {"If-Match": 'W/"3"'}, json={}
    )
    assert await edited.json() == {"name": "7", "price": 3}
    removed = await client.delete("/api/v1/fruits/7", headers=bearer(OWNER))
    assert (removed.status, await removed.read()) == (204, b"")


async def test_every_wrong_field_is_listed_at_once(client: Client) -> None:
    answer = await client.post(
        "/api/v1/fruits?loud=maybe",
        json={"name": "x", "price": "5", "kinds": ["bitter"], "colour": "đỏ"},
        headers=bearer(SALE) | {"Accept-Language": "en"},
    )
    problem = await answer.json()
    assert answer.status == 422
    assert answer.content_type == "application/problem+json"
    assert (problem["code"], problem["status"]) == ("invalid_input", 422)
    assert {(wrong["field"], wrong["code"]) for wrong in problem["errors"]} == {
        ("loud", "wrong_type"),
        ("name", "too_short"),
        ("price", "wrong_type"),
        ("kinds.0", "not_a_choice"),
        ("colour", "unknown_field"),
    }
    assert all(wrong["message"] for wrong in problem["errors"])


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        pytest.param(b"{", 400, "malformed_json", id="cut short"),
        pytest.param(b"", 400, "malformed_json", id="empty"),
        pytest.param(b'"\xff"', 400, "malformed_json", id="not UTF-8"),
        pytest.param(b'{"name": "\\ud800x", "price": 1}', 400, "malformed_json", id="surrogate"),
        pytest.param(b"[]", 422, "invalid_input", id="not an object"),
        pytest.param(b"null", 422, "invalid_input", id="null"),
        pytest.param(b'{"name": "' + b"x" * 2000 + b'"}', 413, "too_large", id="too large"),
    ],
)
async def test_a_bad_body_is_refused(client: Client, body: bytes, status: int, code: str) -> None:
    answer = await client.post("/api/v1/fruits", data=body, headers=bearer(SALE))
    assert (answer.status, (await answer.json())["code"]) == (status, code)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        pytest.param(None, "vi", id="not asked"),
        pytest.param("en", "en", id="English"),
        pytest.param("en-US,en;q=0.9,vi;q=0.8", "en", id="English first"),
        pytest.param("vi-VN,vi;q=0.9,en;q=0.8", "vi", id="Vietnamese first"),
        pytest.param("fr, en;q=0.1", "en", id="English rather than nothing"),
        pytest.param("*;q=x,,;", "vi", id="junk"),
    ],
)
async def test_problems_speak_the_language_asked_for(
    client: Client, header: str | None, language: str
) -> None:
    answer = await client.get("/api/v1/nowhere", headers={"Accept-Language": header or ""})
    sentences = {"vi": "Không tìm thấy.", "en": "Not found."}
    assert (await answer.json())["detail"] == sentences[language]
    assert answer.headers["Content-Language"] == language


async def test_paths_and_methods_that_do_not_exist_are_problems(client: Client) -> None:
    missing = await client.get("/api/v1/nowhere")
    assert (missing.status, (await missing.json())["code"]) == (404, "not_found")
    wrong = await client.put("/api/v1/fruits")
    assert (wrong.status, (await wrong.json())["code"]) == (405, "method_not_allowed")
    assert wrong.headers["Allow"] == "GET, POST"


async def test_an_unexpected_error_shows_its_id_and_nothing_else(client: Client) -> None:
    with capture_logs() as logs:
        answer = await client.get("/api/v1/broken")
    problem = await answer.json()
    assert (answer.status, problem["code"]) == (500, "internal")
    assert [entry["error_id"] for entry in logs] == [problem["error_id"]]
    assert logs[0]["error"] == "RuntimeError"
    assert "Bí Mật" not in str(logs) + await answer.text()
    assert "Traceback" not in await answer.text()


async def test_a_database_that_is_away_is_a_passing_problem(client: Client) -> None:
    answer = await client.get("/api/v1/away")
    assert (answer.status, (await answer.json())["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"]
    assert "db-7" not in await answer.text()


async def test_a_route_may_take_larger_bodies_up_to_its_own_limit(client: Client) -> None:
    async def in_chunks(size: int) -> AsyncIterator[bytes]:
        yield b'["'
        for _ in range(size):
            yield b"x"
        yield b'"]'

    for size, status in ((2500, 200), (3500, 413)):
        whole = await client.post("/api/v1/crates", json=["x" * size], headers=bearer(SALE))
        chunked = await client.post("/api/v1/crates", data=in_chunks(size), headers=bearer(SALE))
        assert (whole.status, chunked.status) == (status, status)


async def test_a_version_clash_tells_the_current_values(client: Client) -> None:
    answer = await client.patch("/api/v1/fruits/7", headers=bearer(SALE) | {"If-Match": '"1"'})
    problem = await answer.json()
    assert answer.status == 412
    assert (problem["fields"], problem["current"]) == (["name"], {"name": "mít"})


async def test_pages_follow_their_cursor_and_refuse_another(client: Client) -> None:
    first = await (await client.get("/api/v1/fruits", headers=bearer(SALE))).json()
    second = await client.get(
        "/api/v1/fruits", params={"cursor": first["next_cursor"]}, headers=bearer(SALE)
    )
    assert [item["price"] for item in (await second.json())["items"]] == [2, 3]
    for junk in ("x", "!!", encode_cursor(1)[:-1], "eyJhIjoxfQ"):
        refused = await client.get(f"/api/v1/fruits?cursor={junk}", headers=bearer(SALE))
        assert refused.status == 422
        assert (await refused.json())["errors"][0]["code"] == "invalid_cursor"


async def test_who_is_not_signed_in_is_asked_to(client: Client) -> None:
    """S0.01: signed out is 401."""
    for headers in ({}, {"Authorization": "Bearer nobody"}, {"Authorization": "Basic eA=="}):
        answer = await client.get("/api/v1/fruits", headers=headers)
        assert (answer.status, (await answer.json())["code"]) == (401, "sign_in_required")
    client.session.cookie_jar.update_cookies({SESSION_COOKIE: "nobody"})
    assert (await client.get("/api/v1/fruits")).status == 401
    assert (await client.get("/api/v1/hello")).status == 200


async def test_role_and_scope_decide_who_may(client: Client) -> None:
    as_sale = await client.delete("/api/v1/fruits/1", headers=bearer(SALE))
    assert (as_sale.status, (await as_sale.json())["code"]) == (403, "not_allowed")
    assert (await client.get("/api/v1/fruits", headers=bearer(READER))).status == 200
    as_reader = await client.delete("/api/v1/fruits/1", headers=bearer(READER))
    assert (as_reader.status, (await as_reader.json())["code"]) == (403, "scope_missing")


async def test_a_write_by_cookie_needs_the_token_of_its_session(client: Client) -> None:
    client.session.cookie_jar.update_cookies({SESSION_COOKIE: SALE.id})
    fruit = {"name": "xoài", "price": 5}
    for headers in ({}, {CSRF_HEADER: "junk"}, {CSRF_HEADER: csrf_token(OWNER.id)}):
        refused = await client.post("/api/v1/fruits", json=fruit, headers=headers)
        assert (refused.status, (await refused.json())["code"]) == (403, "csrf_failed")
    good = {CSRF_HEADER: csrf_token(SALE.id)}
    assert (await client.post("/api/v1/fruits", json=fruit, headers=good)).status == 201
    assert (await client.get("/api/v1/fruits")).status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"Origin": "https://evil.example"}, 403, id="another origin"),
        pytest.param({"Origin": "null"}, 403, id="a sandboxed frame"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, 403, id="cross-site"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, 403, id="a sister domain"),
        pytest.param({"Sec-Fetch-Site": "same-origin"}, 201, id="our own page"),
        pytest.param({"Origin": "http://{host}"}, 201, id="our own origin"),
    ],
)
async def test_a_write_by_cookie_comes_from_our_own_pages(
    client: Client, headers: dict[str, str], status: int
) -> None:
    client.session.cookie_jar.update_cookies({SESSION_COOKIE: SALE.id})
    host = f"{client.host}:{client.port}"
    sent = {name: value.format(host=host) for name, value in headers.items()}
    answer = await client.post(
        "/api/v1/fruits",
        json={"name": "xoài", "price": 5},
        headers=sent | {CSRF_HEADER: csrf_token(SALE.id)},
    )
    assert answer.status == status
    if status == 403:
        assert (await answer.json())["code"] == "cross_site"


async def test_an_upgrade_by_cookie_comes_from_our_own_pages(client: Client) -> None:
    client.session.cookie_jar.update_cookies({SESSION_COOKIE: SALE.id})
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket"}
    foreign = upgrade | {"Origin": "https://evil.example"}
    assert (await client.get("/api/v1/fruits", headers=foreign)).status == 403
    assert (await client.get("/api/v1/fruits", headers=upgrade)).status == 200
