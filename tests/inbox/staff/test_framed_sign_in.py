"""A frame signs in by a code of its pop-up: once, soon, over HTTPS, while its session lives."""

from collections.abc import Sequence
from datetime import timedelta
from ipaddress import ip_network

import pytest
from aiohttp import ClientResponse
from pytest_aiohttp import AiohttpClient

from inbox.clock import FixedClock
from inbox.http.proxies import PROXIES, trusting
from inbox.mongo.client import Mongo
from inbox.staff.embedding.routes import EmbeddingRoutes
from inbox.staff.embedding.service import Handovers
from tests.staff_api import Client, StaffApi, sign_in

CRM = "https://crm.shop.vn"
HTTPS = {"X-Forwarded-Proto": "https"}


async def _browser(
    api: StaffApi,
    mongo: Mongo,
    clock: FixedClock,
    aiohttp_client: AiohttpClient,
    origins: Sequence[str] = (CRM,),
) -> Client:
    handovers = Handovers(mongo, api.signing_in, clock)
    application = api.application(EmbeddingRoutes(handovers, origins))
    application[PROXIES] = trusting([ip_network("127.0.0.0/8")])
    client: Client = await aiohttp_client(application)
    return client


@pytest.fixture
async def pop_up(
    api: StaffApi, mongo: Mongo, clock: FixedClock, aiohttp_client: AiohttpClient
) -> Client:
    """Lan's, signed in; the session's headers are its defaults."""
    await api.hire("lan", "sale")
    client = await _browser(api, mongo, clock, aiohttp_client)
    client.session.headers.update(await sign_in(client, "lan"))
    return client


@pytest.fixture
async def frame(
    api: StaffApi, mongo: Mongo, clock: FixedClock, aiohttp_client: AiohttpClient
) -> Client:
    return await _browser(api, mongo, clock, aiohttp_client)


async def _code(pop_up: Client) -> str:
    answer = await pop_up.post("/api/v1/session/handover")
    assert answer.status == 201
    code: str = (await answer.json())["code"]
    return code


async def _join(frame: Client, code: str, *, https: bool = True) -> ClientResponse:
    headers = HTTPS if https else {}
    answer = await frame.post("/api/v1/session/embedded", json={"code": code}, headers=headers)
    await answer.read()
    return answer


async def test_a_code_signs_in_once_with_a_partitioned_cookie(
    pop_up: Client, frame: Client, mongo: Mongo
) -> None:
    code = await _code(pop_up)
    assert code not in str(await mongo["session_handovers"].find_one())  # hashed at rest

    first, second = await _join(frame, code), await _join(frame, code)

    assert (first.status, second.status) == (200, 403)
    cookie = first.headers["Set-Cookie"]
    assert cookie.endswith("HttpOnly; Secure; SameSite=None; Partitioned")
    secret = cookie.partition(";")[0]
    me = await frame.get("/api/v1/me", headers={"Cookie": secret})
    assert (await me.json())["staff"]["name"] == "lan"
    csrf = (await first.json())["csrf_token"]
    out = await frame.delete(
        "/api/v1/session", headers={"Cookie": secret, "X-CSRF-Token": csrf, **HTTPS}
    )
    gone = out.headers.getall("Set-Cookie")
    assert any("Partitioned" in one and "Max-Age=0" in one for one in gone)
    assert (await frame.get("/api/v1/me", headers={"Cookie": secret})).status == 401
    assert (await pop_up.get("/api/v1/me")).status == 200


async def test_a_code_lives_a_minute(pop_up: Client, frame: Client, clock: FixedClock) -> None:
    code = await _code(pop_up)
    clock.advance(timedelta(minutes=1))

    assert (await _join(frame, code)).status == 403


async def test_a_code_ends_with_the_session_that_made_it(pop_up: Client, frame: Client) -> None:
    code = await _code(pop_up)
    assert (await pop_up.delete("/api/v1/session")).status == 204

    assert (await _join(frame, code)).status == 403


async def test_a_code_of_somebody_who_was_deactivated_is_good_no_longer(
    api: StaffApi, pop_up: Client, frame: Client
) -> None:
    code = await _code(pop_up)
    await api.hire("an", "admin")
    headers = await sign_in(frame, "an")
    me = (await (await pop_up.get("/api/v1/me")).json())["staff"]["id"]
    assert (await frame.delete(f"/api/v1/staff/{me}", headers=headers)).status == 204

    assert (await _join(frame, code)).status == 403


async def test_without_https_nobody_is_signed_in_and_the_code_stays_good(
    pop_up: Client, frame: Client
) -> None:
    code = await _code(pop_up)

    refused = await _join(frame, code, https=False)

    assert (refused.status, (await refused.json())["code"]) == (409, "embedding_needs_https")
    assert "Set-Cookie" not in refused.headers
    assert (await _join(frame, code)).status == 200


async def test_nobody_signs_in_a_frame_where_none_is_allowed(
    api: StaffApi, mongo: Mongo, clock: FixedClock, aiohttp_client: AiohttpClient
) -> None:
    await api.hire("lan", "sale")
    client = await _browser(api, mongo, clock, aiohttp_client, origins=())
    headers = await sign_in(client, "lan")

    handed = await client.post("/api/v1/session/handover", headers=headers)

    assert (handed.status, (await handed.json())["code"]) == (403, "embedding_off")
    assert (await _join(client, "x")).status == 403
    settings = await (await client.get("/api/v1/embedding")).json()
    assert settings == {"origins": [], "secure": False}


async def test_another_sites_page_cannot_sign_a_frame_in(pop_up: Client, frame: Client) -> None:
    code = await _code(pop_up)

    answer = await frame.post(
        "/api/v1/session/embedded",
        json={"code": code},
        headers={**HTTPS, "Origin": CRM, "Sec-Fetch-Site": "cross-site"},
    )

    assert (answer.status, (await answer.json())["code"]) == (403, "cross_site")
