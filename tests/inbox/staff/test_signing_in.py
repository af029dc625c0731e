"""Signing in: sessions that end when they should, and guessing that gets slow."""

import asyncio
from datetime import timedelta

from argon2 import PasswordHasher
from pytest_aiohttp import AiohttpClient

from inbox.clock import FixedClock
from inbox.http.authenticating import SESSION_COOKIE
from inbox.mongo.client import Mongo
from inbox.staff.passwords import Passwords
from inbox.staff.secrets import secret_id
from tests.staff_api import PASSWORD, Client, StaffApi, sign_in, staff_api

WRONG = "không phải mật khẩu"


async def _try(client: Client, email: str, password: str) -> int:
    answer = await client.post("/api/v1/session", json={"email": email, "password": password})
    await answer.read()
    return answer.status


async def test_signed_out_is_401_and_signed_in_is_who_they_are(
    api: StaffApi, client: Client
) -> None:
    """S0.01: signed out is 401."""
    lan = await api.hire("lan", "sale")
    assert (await client.get("/api/v1/me")).status == 401

    answer = await client.post(
        "/api/v1/session", json={"email": "  LAN@Shop.VN ", "password": PASSWORD}
    )

    person = {
        "id": lan.id,
        "name": "lan",
        "initials": "L",
        "email": "lan@shop.vn",
        "role": "sale",
        "active": True,
    }
    signed_in = await answer.json()
    assert signed_in["staff"] == person
    me = await (await client.get("/api/v1/me")).json()
    assert me == {
        "staff": person,
        "bots": [],
        "scopes": ["admin", "read", "write"],
        "csrf_token": signed_in["csrf_token"],
    }


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    api: StaffApi, client: Client, mongo: Mongo
) -> None:
    await api.hire("lan", "sale")
    body = {"email": "lan@shop.vn", "password": PASSWORD}

    plain = await client.post("/api/v1/session", json=body)

    cookie = plain.cookies[SESSION_COOKIE]
    assert cookie["httponly"]
    assert (cookie["samesite"], cookie["path"]) == ("Lax", "/")
    assert not cookie["secure"]
    kept = [document["_id"] async for document in mongo["sessions"].find()]
    assert cookie.value not in kept
    assert secret_id(cookie.value) in kept


async def test_a_wrong_password_an_unknown_person_and_an_inactive_one_are_told_alike(
    api: StaffApi, client: Client
) -> None:
    lan = await api.hire("lan", "sale")
    await api.staff.update(lan.id, {"active": False})
    await api.hire("mai", "sale")
    answers = [
        await client.post("/api/v1/session", json={"email": email, "password": password})
        for email, password in [
            ("mai@shop.vn", WRONG),
            ("nobody@shop.vn", PASSWORD),
            ("lan@shop.vn", PASSWORD),
        ]
    ]
    assert [answer.status for answer in answers] == [401, 401, 401]
    assert {(await answer.json())["code"] for answer in answers} == {"wrong_credentials"}


async def test_guessing_waits_longer_and_longer(
    api: StaffApi, client: Client, clock: FixedClock
) -> None:
    await api.hire("lan", "sale")
    email = "lan@shop.vn"
    assert [await _try(client, email, WRONG) for _ in range(5)] == [401] * 5

    refused = await client.post("/api/v1/session", json={"email": email, "password": PASSWORD})
    assert (refused.status, refused.headers["Retry-After"]) == (429, "30")
    assert "30 giây" in (await refused.json())["detail"]
    assert await _try(client, "other@shop.vn", WRONG) == 401

    clock.advance(timedelta(seconds=30))
    assert await _try(client, email, WRONG) == 401
    clock.advance(timedelta(seconds=59))
    assert await _try(client, email, PASSWORD) == 429
    clock.advance(timedelta(seconds=1))
    assert await _try(client, email, PASSWORD) == 200
    assert [await _try(client, email, WRONG) for _ in range(5)] == [401] * 5


async def test_no_wait_is_longer_than_the_longest(
    api: StaffApi, client: Client, clock: FixedClock
) -> None:
    await api.hire("lan", "sale")
    for _ in range(12):
        await _try(client, "lan@shop.vn", WRONG)
        clock.advance(timedelta(minutes=15))
    assert await _try(client, "lan@shop.vn", PASSWORD) == 200


async def test_guesses_at_the_same_moment_share_one_count_over_all_processes(
    api: StaffApi,
    mongo: Mongo,
    clock: FixedClock,
    passwords: Passwords,
    aiohttp_client: AiohttpClient,
) -> None:
    await api.hire("lan", "sale")
    one = await aiohttp_client(api.application())
    other = await aiohttp_client(staff_api(mongo, clock, passwords).application())
    statuses = await asyncio.gather(
        *(_try(client, "lan@shop.vn", WRONG) for client in (one, other) for _ in range(10))
    )
    assert sorted(statuses) == [401] * 5 + [429] * 15


async def test_signing_out_ends_the_session_and_tells_the_live_feed(
    api: StaffApi, client: Client, mongo: Mongo
) -> None:
    await api.hire("lan", "sale")
    headers = await sign_in(client, "lan")
    cookie = client.session.cookie_jar.filter_cookies(client.make_url("/"))[SESSION_COOKIE].value

    assert (await client.delete("/api/v1/session", headers=headers)).status == 204

    assert (await client.get("/api/v1/me")).status == 401
    with_old_cookie = {"Cookie": f"{SESSION_COOKIE}={cookie}"}
    assert (await client.get("/api/v1/me", headers=with_old_cookie)).status == 401
    ended = await mongo["live_events"].find_one({"type": "session_ended"})
    assert ended is not None
    assert ended["data"] == {"session_id": secret_id(cookie)}


async def test_another_process_forgets_an_ended_session_within_two_seconds(
    api: StaffApi,
    client: Client,
    mongo: Mongo,
    clock: FixedClock,
    passwords: Passwords,
    aiohttp_client: AiohttpClient,
) -> None:
    await api.hire("lan", "sale")
    other = await aiohttp_client(staff_api(mongo, clock, passwords).application())
    headers = await sign_in(client, "lan")
    cookies = client.session.cookie_jar.filter_cookies(client.make_url("/"))
    cookie = {"Cookie": f"{SESSION_COOKIE}={cookies[SESSION_COOKIE].value}"}
    assert (await other.get("/api/v1/me", headers=cookie)).status == 200
    await client.delete("/api/v1/session", headers=headers)
    clock.advance(timedelta(seconds=2))
    assert (await other.get("/api/v1/me", headers=cookie)).status == 401


async def test_a_session_lives_while_it_is_used(
    api: StaffApi, client: Client, clock: FixedClock
) -> None:
    await api.hire("lan", "sale")
    await sign_in(client, "lan")
    for _ in range(3):
        clock.advance(timedelta(days=13))
        assert (await client.get("/api/v1/me")).status == 200
    clock.advance(timedelta(days=14, seconds=1))
    assert (await client.get("/api/v1/me")).status == 401


async def test_a_hash_of_other_parameters_is_renewed_at_sign_in(
    api: StaffApi, client: Client
) -> None:
    lan = await api.hire("lan", "sale")
    weak = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
    await api.staff.update(lan.id, {"password_hash": weak})
    await sign_in(client, "lan")
    kept = await api.staff.password_hash(lan.id)
    assert kept is not None
    assert "m=19456,t=2,p=1" in kept
    await sign_in(client, "lan")


async def test_a_page_of_another_site_cannot_sign_somebody_in(
    api: StaffApi, client: Client
) -> None:
    await api.hire("lan", "sale")
    answer = await client.post(
        "/api/v1/session",
        json={"email": "lan@shop.vn", "password": PASSWORD},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert (answer.status, (await answer.json())["code"]) == (403, "cross_site")


async def test_the_first_owner_is_added_once(api: StaffApi) -> None:
    first = await api.service.ensure_first_admin("Chu@Shop.vn", PASSWORD)
    assert first is not None
    assert (first.email, first.role) == ("chu@shop.vn", "owner")
    assert await api.service.ensure_first_admin("other@shop.vn", PASSWORD) is None


async def test_two_processes_that_start_together_add_one_owner(
    api: StaffApi, mongo: Mongo, clock: FixedClock, passwords: Passwords
) -> None:
    other = staff_api(mongo, clock, passwords)
    added = await asyncio.gather(
        *(one.service.ensure_first_admin("chu@shop.vn", PASSWORD) for one in (api, other))
    )
    assert [person is None for person in added].count(True) == 1
    assert await mongo["staff"].count_documents({}) == 1
