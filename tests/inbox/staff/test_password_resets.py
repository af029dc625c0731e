"""Reset links set one new password within a day, and deactivation ends everything at once."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import WSMsgType
from pytest_aiohttp import AiohttpClient

from inbox.clock import FixedClock
from inbox.config import LiveConfig
from inbox.live.hub import SESSION_ENDED, Hub
from inbox.live.routes import LiveRoutes
from inbox.live.store import LiveStore
from inbox.live.viewing.keeping import ViewerKeeping
from inbox.live.viewing.store import ViewerStore
from inbox.mongo.client import Mongo
from tests.staff_api import PASSWORD, Client, StaffApi, sign_in

NEW = "mật khẩu hoàn toàn mới"


@pytest.fixture
async def admin(api: StaffApi, aiohttp_client: AiohttpClient) -> Client:
    """An admin's browser, signed in; its session's headers are its defaults."""
    await api.hire("an", "admin")
    browser = await aiohttp_client(api.application())
    browser.session.headers.update(await sign_in(browser, "an"))
    return browser


async def _link(admin: Client, staff_id: str) -> str:
    """The token of a new link."""
    answer = await admin.post(f"/api/v1/staff/{staff_id}/password-reset")
    assert answer.status == 201, await answer.text()
    made = await answer.json()
    page, _, token = made["url"].partition("#")
    assert page == f"{admin.make_url('/reset-password')}"
    assert made["expires_at"] == "2026-11-23T03:00:00Z"
    return str(token)


async def _reset(client: Client, token: str, new: str = NEW) -> tuple[int, dict[str, Any]]:
    answer = await client.post("/api/v1/password-reset", json={"token": token, "new": new})
    return answer.status, {} if answer.status == 204 else await answer.json()


async def test_a_link_sets_one_new_password_and_ends_every_session(
    api: StaffApi, admin: Client, client: Client, mongo: Mongo
) -> None:
    lan = await api.hire("lan", "sale")
    await sign_in(client, "lan")
    token = await _link(admin, lan.id)
    kept = await mongo["password_resets"].find_one()
    assert kept is not None
    assert token not in str(kept)  # hashed at rest

    assert (await _reset(client, token, "ngắn"))[0] == 422  # does not use the link up
    assert await _reset(client, token) == (204, {})

    assert (await client.get("/api/v1/me")).status == 401
    await sign_in(client, "lan", NEW)
    status, problem = await _reset(client, token, PASSWORD)
    assert (status, problem["code"]) == (404, "reset_link_invalid")
    actions = await mongo["audit"].distinct("action", {"target.id": lan.id})
    assert {"password_reset", "password_reset_link_made"} <= set(actions)


async def test_a_link_ends_after_a_day_and_by_a_newer_one(
    api: StaffApi, admin: Client, client: Client, clock: FixedClock
) -> None:
    lan = await api.hire("lan", "sale")
    first = await _link(admin, lan.id)
    second = await _link(admin, lan.id)

    assert (await _reset(client, first))[0] == 404
    clock.advance(timedelta(hours=24))
    assert (await _reset(client, second))[0] == 404


async def test_of_two_uses_at_once_one_counts(api: StaffApi, admin: Client, client: Client) -> None:
    lan = await api.hire("lan", "sale")
    token = await _link(admin, lan.id)

    answers = await asyncio.gather(*(_reset(client, token, f"{NEW} {n}") for n in range(4)))

    assert sorted(status for status, _ in answers) == [204, 404, 404, 404]


async def test_links_are_made_by_admins_for_people_not_above_them_who_are_active(
    api: StaffApi, admin: Client, client: Client
) -> None:
    owner, lan = await api.hire("chu", "owner"), await api.hire("lan", "sale")
    here = await sign_in(client, "lan")

    by_sale = await client.post(f"/api/v1/staff/{lan.id}/password-reset", headers=here)
    for_owner = await admin.post(f"/api/v1/staff/{owner.id}/password-reset")
    for_nobody = await admin.post("/api/v1/staff/nobody/password-reset")
    await admin.delete(f"/api/v1/staff/{lan.id}")
    for_inactive = await admin.post(f"/api/v1/staff/{lan.id}/password-reset")

    assert by_sale.status == 403
    assert (await for_owner.json())["code"] == "role_too_high"
    assert for_nobody.status == 404
    assert (await for_inactive.json())["code"] == "person_inactive"


async def test_deactivating_somebody_ends_everything_of_theirs_at_once_and_for_good(
    api: StaffApi, mongo: Mongo, clock: FixedClock, aiohttp_client: AiohttpClient
) -> None:
    viewers = ViewerKeeping(ViewerStore(mongo, clock))
    hub = Hub(LiveStore(mongo), api.authenticator.refresh, LiveConfig())
    stop = asyncio.Event()
    following = asyncio.create_task(hub.run(stop))
    await hub.watching.wait()
    browser, admin = [
        await aiohttp_client(api.application(LiveRoutes(hub, LiveConfig(), viewers)))
        for _ in range(2)
    ]
    lan = await api.hire("lan", "sale")
    await api.hire("an", "admin")
    admin.session.headers.update(await sign_in(admin, "an"))
    here = await sign_in(browser, "lan")
    wanted = {"name": "CI", "scopes": ["read"]}
    made = await (await browser.post("/api/v1/tokens", json=wanted, headers=here)).json()
    token = {"Authorization": f"Bearer {made['secret']}"}
    reset = await _link(admin, lan.id)
    sockets = [
        await browser.ws_connect("/api/v1/live"),
        await admin.ws_connect("/api/v1/live", headers=token),
    ]
    for socket in sockets:
        assert (await socket.receive_json())["type"] == "hello"

    assert (await admin.delete(f"/api/v1/staff/{lan.id}")).status == 204

    assert (await browser.get("/api/v1/me")).status == 401
    assert (await admin.get("/api/v1/me", headers=token)).status == 401
    assert (await _reset(browser, reset))[0] == 404
    for socket in sockets:
        async with asyncio.timeout(10):
            assert (await socket.receive()).type is WSMsgType.CLOSE
        assert socket.close_code == SESSION_ENDED
    # Nothing of it comes back with the person.
    assert (await admin.patch(f"/api/v1/staff/{lan.id}", json={"active": True})).status == 200
    assert (await browser.get("/api/v1/me")).status == 401
    assert (await admin.get("/api/v1/me", headers=token)).status == 401
    assert (await _reset(browser, reset))[0] == 404
    await sign_in(browser, "lan")
    stop.set()
    await following


async def test_the_audit_log_is_filtered_by_who_what_and_when(
    api: StaffApi, admin: Client, clock: FixedClock
) -> None:
    lan, minh = await api.hire("lan", "sale"), await api.hire("minh", "sale")
    me = (await (await admin.get("/api/v1/me")).json())["staff"]["id"]
    await _link(admin, lan.id)
    clock.advance(timedelta(hours=1))
    for person in (lan, minh):
        await admin.patch(f"/api/v1/staff/{person.id}", json={"name": f"{person.name} hai"})

    async def found(**query: str) -> list[tuple[str, str]]:
        shown: list[tuple[str, str]] = []
        asked: dict[str, str] = {**query, "limit": "1"}
        while True:
            page = await (await admin.get("/api/v1/audit", params=asked)).json()
            shown += [(one["action"], one["target_id"]) for one in page["items"]]
            if page["next_cursor"] is None:
                return shown
            asked["cursor"] = page["next_cursor"]

    edits = [("staff_edited", minh.id), ("staff_edited", lan.id)]
    assert await found(actor=me) == [*edits, ("password_reset_link_made", lan.id)]
    assert await found(action="staff_edited") == edits
    assert await found(target=lan.id, action="staff_edited") == edits[1:]
    assert await found(actor=me, since="2026-11-22T04:00:00Z") == edits
    assert await found(since="2026-11-22T11:00:00+07:00") == edits
    assert await found(actor=lan.id) == []
    for wrong in ("hôm qua", "0.5", "1795316400", "2026-11-22T10:00:00"):
        assert (await admin.get("/api/v1/audit", params={"since": wrong})).status == 422
