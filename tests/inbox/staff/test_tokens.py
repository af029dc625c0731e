"""API tokens do what their scopes say, and end when they are told to."""

from datetime import timedelta
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.staff_api import Client, StaffApi, sign_in


async def _make(client: Client, headers: dict[str, str], **wanted: Any) -> dict[str, Any]:
    body = {"name": "Tích hợp", "scopes": ["read"]} | wanted
    answer = await client.post("/api/v1/tokens", json=body, headers=headers)
    assert answer.status == 201, await answer.text()
    made: dict[str, Any] = await answer.json()
    return made


def _bearer(made: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {made['secret']}"}


async def test_a_token_acts_for_its_person_within_its_scopes(
    api: StaffApi, client: Client, mongo: Mongo
) -> None:
    chu = await api.hire("chu", "admin")
    headers = await sign_in(client, "chu")
    reads = await _make(client, headers, scopes=["read"])
    writes = await _make(client, headers, scopes=["read", "write"])
    rules = await _make(client, headers, scopes=["read", "write", "admin"])
    await client.delete("/api/v1/session", headers=headers)

    me = await (await client.get("/api/v1/me", headers=_bearer(reads))).json()
    assert (me["staff"]["id"], me["scopes"], me["csrf_token"]) == (chu.id, ["read"], None)
    outcomes = [
        (await client.get("/api/v1/staff", headers=_bearer(made))).status
        for made in (reads, writes, rules)
    ]
    assert outcomes == [200, 200, 200]
    new = {"name": "Mai", "email": "mai@shop.vn", "password": "mật khẩu dài"}
    outcomes = [
        (await client.post("/api/v1/staff", json=new, headers=_bearer(made))).status
        for made in (reads, writes, rules)
    ]
    assert outcomes == [403, 403, 201]
    assert await mongo["tokens"].find_one({"_id": reads["secret"]}) is None


async def test_a_token_cannot_make_a_wider_one(api: StaffApi, client: Client) -> None:
    await api.hire("chu", "admin")
    narrow = await _make(client, await sign_in(client, "chu"), scopes=["read", "write"])
    body = {"name": "x", "scopes": ["admin"]}
    answer = await client.post("/api/v1/tokens", json=body, headers=_bearer(narrow))
    assert (answer.status, (await answer.json())["code"]) == (403, "scope_too_wide")


async def test_a_revoked_token_ends_at_once_and_its_sockets_are_told(
    api: StaffApi, client: Client, mongo: Mongo
) -> None:
    await api.hire("lan", "sale")
    headers = await sign_in(client, "lan")
    made = await _make(client, headers)
    assert (await client.get("/api/v1/me", headers=_bearer(made))).status == 200
    token_id = made["token"]["id"]
    assert (await client.delete(f"/api/v1/tokens/{token_id}", headers=headers)).status == 204
    assert (await client.get("/api/v1/me", headers=_bearer(made))).status == 401
    ended = await mongo["live_events"].find_one({"type": "session_ended"})
    assert ended is not None
    assert ended["data"] == {"token_id": token_id}


async def test_a_token_expires(api: StaffApi, client: Client, clock: FixedClock) -> None:
    await api.hire("lan", "sale")
    made = await _make(client, await sign_in(client, "lan"), expires_in_days=1)
    assert made["token"]["expires_at"] == "2026-11-23T03:00:00Z"
    clock.advance(timedelta(days=1))
    assert (await client.get("/api/v1/me", headers=_bearer(made))).status == 401


async def test_a_token_of_somebody_inactive_is_nobodys(api: StaffApi, client: Client) -> None:
    lan = await api.hire("lan", "sale")
    made = await _make(client, await sign_in(client, "lan"))
    await api.staff.update(lan.id, {"active": False})
    api.actors.clear()
    assert (await client.get("/api/v1/me", headers=_bearer(made))).status == 401


async def test_people_see_and_revoke_their_own_tokens_and_admins_all(
    api: StaffApi, client: Client
) -> None:
    await api.hire("lan", "sale")
    await api.hire("mai", "sale")
    await api.hire("chu", "admin")
    of_lan = await _make(client, await sign_in(client, "lan"))
    headers = await sign_in(client, "mai")
    await _make(client, headers)
    await _make(client, headers)
    listed = (await (await client.get("/api/v1/tokens?limit=1")).json())["next_cursor"]
    rest = await (await client.get("/api/v1/tokens", params={"cursor": listed})).json()
    assert len(rest["items"]) == 1
    assert "secret" not in str(rest)
    path = f"/api/v1/tokens/{of_lan['token']['id']}"
    assert (await client.delete(path, headers=headers)).status == 404
    headers = await sign_in(client, "chu")
    assert len((await (await client.get("/api/v1/tokens")).json())["items"]) == 3
    assert (await client.delete(path, headers=headers)).status == 204


async def test_a_bot_has_tokens_that_admins_make(
    api: StaffApi, client: Client, mongo: Mongo
) -> None:
    await mongo["bots"].insert_one({"_id": "b1", "name": "Cửa hàng", "member_ids": []})
    await api.hire("lan", "sale")
    await api.hire("chu", "admin")
    body = {"name": "x", "scopes": ["read", "write"], "bot_id": "b1"}
    as_sale = await client.post("/api/v1/tokens", json=body, headers=await sign_in(client, "lan"))
    assert as_sale.status == 403
    headers = await sign_in(client, "chu")
    unknown = await client.post("/api/v1/tokens", json=body | {"bot_id": "b2"}, headers=headers)
    assert (await unknown.json())["errors"][0]["code"] == "unknown_bot"
    made = await _make(client, headers, **body)
    await client.delete("/api/v1/session", headers=headers)

    me = await (await client.get("/api/v1/me", headers=_bearer(made))).json()
    assert (me["staff"], me["bots"]) == (None, [{"id": "b1", "name": "Cửa hàng"}])
    assert (await client.post("/api/v1/tokens", json=body, headers=_bearer(made))).status == 403


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        pytest.param({"scopes": []}, "scopes", id="no scope"),
        pytest.param({"scopes": ["all"]}, "scopes.0", id="unknown scope"),
        pytest.param({"expires_in_days": 0}, "expires_in_days", id="expired at birth"),
        pytest.param({"name": ""}, "name", id="no name"),
    ],
)
async def test_a_token_that_makes_no_sense_is_refused(
    api: StaffApi, client: Client, wanted: dict[str, Any], field: str
) -> None:
    await api.hire("lan", "sale")
    headers = await sign_in(client, "lan")
    body = {"name": "x", "scopes": ["read"]} | wanted
    answer = await client.post("/api/v1/tokens", json=body, headers=headers)
    assert answer.status == 422
    assert [error["field"] for error in (await answer.json())["errors"]] == [field]
