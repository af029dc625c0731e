"""People change their password, see where they are signed in, and end what is not theirs."""

import asyncio
from datetime import timedelta

import pytest
from pytest_aiohttp import AiohttpClient

from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from inbox.staff.me.devices import device_of
from tests.staff_api import PASSWORD, Client, StaffApi, sign_in

NEW = "mật khẩu hoàn toàn mới"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Safari/537.36"
)
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)


@pytest.fixture
async def phone(api: StaffApi, aiohttp_client: AiohttpClient) -> Client:
    """A second device."""
    return await aiohttp_client(api.application())


async def _status(client: Client, name: str, password: str) -> int:
    body = {"email": f"{name}@shop.vn", "password": password}
    answer = await client.post("/api/v1/session", json=body)
    await answer.read()
    return answer.status


async def test_a_new_password_needs_the_old_one_and_ends_all_other_sessions(
    api: StaffApi, client: Client, phone: Client, mongo: Mongo
) -> None:
    lan = await api.hire("lan", "sale")
    here = await sign_in(client, "lan")
    await sign_in(phone, "lan")
    body = {"current": "không phải", "new": NEW}

    wrong = await client.post("/api/v1/me/password", json=body, headers=here)
    assert wrong.status == 422
    assert (await wrong.json())["errors"][0] == {
        "field": "current",
        "code": "wrong_password",
        "message": "Mật khẩu hiện tại không đúng.",
    }
    assert (await phone.get("/api/v1/me")).status == 200

    body["current"] = PASSWORD
    assert (await client.post("/api/v1/me/password", json=body, headers=here)).status == 204

    assert (await client.get("/api/v1/me")).status == 200
    assert (await phone.get("/api/v1/me")).status == 401
    assert await _status(phone, "lan", PASSWORD) == 401
    assert await _status(phone, "lan", NEW) == 200
    entry = await mongo["audit"].find_one({"action": "password_changed"})
    assert entry is not None
    assert entry["target"]["id"] == entry["actor"]["id"] == lan.id
    assert entry["changes"] == {"password": {}}
    ended = await mongo["live_events"].find({"type": "session_ended"}).to_list()
    assert [set(event["data"]) for event in ended] == [{"session_id"}]


async def test_guessing_the_password_in_a_session_is_throttled_like_signing_in(
    api: StaffApi, client: Client, clock: FixedClock
) -> None:
    await api.hire("lan", "sale")
    here = await sign_in(client, "lan")
    body = {"current": "không phải", "new": NEW}

    async def change() -> int:
        answer = await client.post("/api/v1/me/password", json=body, headers=here)
        await answer.read()
        return answer.status

    tried = [await change() for _ in range(6)]

    assert tried == [422] * 5 + [429]
    assert await _status(client, "lan", PASSWORD) == 429  # one count for both
    clock.advance(timedelta(minutes=1))
    body["current"] = PASSWORD
    assert await change() == 204


async def test_a_token_cannot_take_the_account_over(
    api: StaffApi, client: Client, phone: Client
) -> None:
    await api.hire("lan", "sale")
    here = await sign_in(client, "lan")
    wanted = {"name": "CI", "scopes": ["read", "write"]}
    made = await (await client.post("/api/v1/tokens", json=wanted, headers=here)).json()
    token = {"Authorization": f"Bearer {made['secret']}"}

    answer = await phone.post(
        "/api/v1/me/password", json={"current": PASSWORD, "new": NEW}, headers=token
    )

    assert answer.status == 403


async def test_of_two_sign_ins_with_the_old_password_none_outlives_the_change(
    api: StaffApi, client: Client, aiohttp_client: AiohttpClient
) -> None:
    """Whoever proved the old password just before it was changed is out as well."""
    await api.hire("lan", "sale")
    here = await sign_in(client, "lan")
    others = [await aiohttp_client(api.application()) for _ in range(4)]

    await asyncio.gather(
        client.post("/api/v1/me/password", json={"current": PASSWORD, "new": NEW}, headers=here),
        *(_status(other, "lan", PASSWORD) for other in others),
    )

    assert [(await other.get("/api/v1/me")).status for other in others] == [401] * 4
    assert (await client.get("/api/v1/me")).status == 200


async def test_sessions_tell_device_address_and_use_and_end_one_by_one(
    api: StaffApi, client: Client, phone: Client, clock: FixedClock
) -> None:
    await api.hire("lan", "sale")
    client.session.headers["User-Agent"], phone.session.headers["User-Agent"] = CHROME, SAFARI
    here = await sign_in(client, "lan")
    clock.advance(timedelta(minutes=10))
    there = await sign_in(phone, "lan")
    clock.advance(timedelta(minutes=10))
    assert (await client.get("/api/v1/me")).status == 200

    items = (await (await client.get("/api/v1/me/sessions")).json())["items"]

    assert [(one["device"], one["address"], one["current"]) for one in items] == [
        ("Chrome, Windows", "127.0.0.1", True),
        ("Safari, iPhone", "127.0.0.1", False),
    ]
    assert items[0]["used_at"] == "2026-11-22T03:20:00Z"
    assert items[0]["created_at"] == "2026-11-22T03:00:00Z"
    gone = await client.delete(f"/api/v1/me/sessions/{items[1]['id']}", headers=here)
    assert gone.status == 204
    assert (await phone.get("/api/v1/me")).status == 401
    again = await client.delete(f"/api/v1/me/sessions/{items[1]['id']}", headers=here)
    assert again.status == 404
    there = await sign_in(phone, "lan")
    assert (await phone.delete("/api/v1/me/sessions", headers=there)).status == 204
    assert (await client.get("/api/v1/me")).status == 401
    assert (await phone.get("/api/v1/me")).status == 200


async def test_nobody_ends_a_session_of_somebody_else(
    api: StaffApi, client: Client, phone: Client
) -> None:
    await api.hire("lan", "owner")
    await api.hire("minh", "sale")
    here = await sign_in(client, "lan")
    await sign_in(phone, "minh")
    theirs = (await (await phone.get("/api/v1/me/sessions")).json())["items"][0]["id"]

    answer = await client.delete(f"/api/v1/me/sessions/{theirs}", headers=here)

    assert answer.status == 404
    assert (await phone.get("/api/v1/me")).status == 200


async def test_people_change_their_own_name_and_nothing_else_of_themselves(
    api: StaffApi, client: Client
) -> None:
    await api.hire("lan", "sale")
    here = await sign_in(client, "lan")

    named = await client.put("/api/v1/me/name", json={"name": "Vũ Ngọc Lan"}, headers=here)
    raised = await client.put("/api/v1/me/name", json={"role": "owner"}, headers=here)

    assert (await named.json())["initials"] == "NL"
    assert (await (await client.get("/api/v1/me")).json())["staff"]["name"] == "Vũ Ngọc Lan"
    assert raised.status == 422


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        pytest.param(CHROME, "Chrome, Windows", id="Chrome"),
        pytest.param(SAFARI, "Safari, iPhone", id="Safari on a phone"),
        pytest.param(f"{CHROME} Edg/131.0", "Edge, Windows", id="Edge names Chrome too"),
        pytest.param(f"{CHROME} coc_coc_browser/130.0", "Cốc Cốc, Windows", id="Cốc Cốc"),
        pytest.param("Mozilla/5.0 (X11; Linux x86_64; rv:132.0)", "Linux", id="a system alone"),
        pytest.param("curl/8.5.0 (extra)", "curl/8.5.0", id="a program"),
        pytest.param("x" * 500, "x" * 40, id="endless"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_devices_are_told_in_a_few_words(user_agent: str, device: str) -> None:
    assert device_of(user_agent) == device
