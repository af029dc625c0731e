"""Staff: who may add and change whom, and what a change does to open sessions."""

import asyncio
from typing import Any

import pytest

from inbox.errors import InboxError
from inbox.mongo.client import Mongo
from inbox.staff.model import ROLES, Actor, Role, Staff, initials_of
from inbox.staff.service import StaffEdit
from tests.staff_api import PASSWORD, Client, StaffApi, sign_in


def _body(**values: Any) -> dict[str, Any]:
    return {"name": "Mai", "email": "mai@shop.vn", "password": PASSWORD, "role": "sale"} | values


def _acting(person: Staff) -> Actor:
    return Actor(id=person.id, name=person.name, role=person.role)


async def test_an_admin_adds_somebody_who_then_signs_in(api: StaffApi, client: Client) -> None:
    await api.hire("chu", "admin")
    headers = await sign_in(client, "chu")
    body = _body(name=" Nguyễn Thị Hồng Ánh ", email="  Anh@Shop.VN"[2:])
    answer = await client.post("/api/v1/staff", json=body, headers=headers)
    person = await answer.json()
    assert answer.status == 201
    assert person == {
        "id": person["id"],
        "name": "Nguyễn Thị Hồng Ánh",
        "initials": "HÁ",
        "email": "anh@shop.vn",
        "role": "sale",
        "active": True,
    }
    one = await client.get(f"/api/v1/staff/{person['id']}")
    assert await one.json() == person
    await sign_in(client, "anh")


@pytest.mark.parametrize(
    ("wrong", "field", "code"),
    [
        pytest.param({"password": "ngắn"}, "password", "too_short", id="short password"),
        pytest.param({"email": "CHU@shop.vn"}, "email", "email_taken", id="taken e-mail"),
        pytest.param({"email": "mai"}, "email", "invalid", id="no e-mail"),
        pytest.param({"name": "  "}, "name", "invalid", id="blank name"),
        pytest.param({"role": "boss"}, "role", "not_a_choice", id="unknown role"),
        pytest.param({"admin": True}, "admin", "unknown_field", id="unknown field"),
    ],
)
async def test_wrong_fields_are_named(
    api: StaffApi, client: Client, wrong: dict[str, Any], field: str, code: str
) -> None:
    await api.hire("chu", "admin")
    headers = await sign_in(client, "chu")
    answer = await client.post("/api/v1/staff", json=_body(**wrong), headers=headers)
    assert answer.status == 422
    errors = (await answer.json())["errors"]
    assert [(error["field"], error["code"]) for error in errors] == [(field, code)]


async def test_two_people_cannot_take_one_email_at_the_same_moment(
    api: StaffApi, client: Client, mongo: Mongo
) -> None:
    await api.hire("chu", "admin")
    headers = await sign_in(client, "chu")
    answers = await asyncio.gather(
        *(client.post("/api/v1/staff", json=_body(), headers=headers) for _ in range(4))
    )
    assert sorted(answer.status for answer in answers) == [201, 422, 422, 422]
    assert await mongo["staff"].count_documents({"email": "mai@shop.vn"}) == 1


ALLOWED: dict[Role, set[Role]] = {"owner": set(ROLES), "admin": {"admin", "manager", "sale"}}


@pytest.mark.parametrize("target", ROLES)
@pytest.mark.parametrize("role", ROLES)
async def test_nobody_grants_or_touches_a_role_above_their_own(
    api: StaffApi, client: Client, role: Role, target: Role
) -> None:
    await api.hire("actor", role)
    other = await api.hire("other", target)
    headers = await sign_in(client, "actor")
    may = target in ALLOWED.get(role, set())

    created = await client.post("/api/v1/staff", json=_body(role=target), headers=headers)
    edited = await client.patch(f"/api/v1/staff/{other.id}", json={"name": "Khác"}, headers=headers)
    raised = await client.patch(
        f"/api/v1/staff/{other.id}", json={"role": "owner"}, headers=headers
    )
    removed = await client.delete(f"/api/v1/staff/{other.id}", headers=headers)

    assert created.status == (201 if may else 403)
    assert edited.status == (200 if may else 403)
    assert raised.status == (200 if role == "owner" else 403)
    assert removed.status == (204 if may else 403)


async def test_the_last_owner_cannot_be_removed_or_lowered(api: StaffApi, client: Client) -> None:
    boss = await api.hire("boss", "owner")
    headers = await sign_in(client, "boss")
    root = await api.staff.by_email("root@shop.vn")
    assert root is not None
    assert (await client.delete(f"/api/v1/staff/{root.id}", headers=headers)).status == 204
    for answer in (
        await client.delete(f"/api/v1/staff/{boss.id}", headers=headers),
        await client.patch(f"/api/v1/staff/{boss.id}", json={"role": "sale"}, headers=headers),
    ):
        assert (answer.status, (await answer.json())["code"]) == (409, "last_owner")


async def test_two_owners_who_remove_each_other_leave_one(api: StaffApi) -> None:
    boss = await api.hire("boss", "owner")
    root = await api.staff.by_email("root@shop.vn")
    assert root is not None
    outcomes = await asyncio.gather(
        api.service.edit(_acting(boss), root.id, StaffEdit(active=False)),
        api.service.edit(_acting(root), boss.id, StaffEdit(active=False)),
        return_exceptions=True,
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, InboxError)]
    assert [error.code for error in refused] == ["last_owner"]
    assert len(await api.staff.active_ids([boss.id, root.id])) == 1


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param({"role": "manager"}, id="another role"),
        pytest.param({"password": "mật khẩu khác hẳn"}, id="another password"),
        pytest.param({"active": False}, id="deactivated"),
    ],
)
async def test_a_change_of_rights_ends_the_sessions_of_that_person(
    api: StaffApi, client: Client, mongo: Mongo, edit: dict[str, Any]
) -> None:
    lan = await api.hire("lan", "sale")
    await sign_in(client, "lan")
    assert (await client.get("/api/v1/me")).status == 200
    root = await api.staff.by_email("root@shop.vn")
    assert root is not None

    await api.service.edit(_acting(root), lan.id, StaffEdit(**edit))

    assert (await client.get("/api/v1/me")).status == 401
    ended = await mongo["live_events"].find_one({"type": "session_ended"})
    assert ended is not None
    assert ended["data"] == {"staff_id": lan.id}


async def test_a_new_name_leaves_sessions_alone(api: StaffApi, client: Client) -> None:
    lan = await api.hire("lan", "sale")
    await sign_in(client, "lan")
    root = await api.staff.by_email("root@shop.vn")
    assert root is not None
    await api.service.edit(_acting(root), lan.id, StaffEdit(name="Lan Anh"))
    me = await (await client.get("/api/v1/me")).json()
    assert (me["staff"]["name"], me["staff"]["initials"]) == ("Lan Anh", "LA")


async def test_staff_are_listed_by_name_page_by_page(api: StaffApi, client: Client) -> None:
    for name in ("an", "binh", "chi", "dung"):
        await api.hire(name, "sale")
    await sign_in(client, "an")
    names: list[str] = []
    cursor: str | None = None
    for _ in range(3):
        params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = await (await client.get("/api/v1/staff", params=params)).json()
        names += [person["name"] for person in page["items"]]
        cursor = page["next_cursor"]
    assert cursor is None
    assert names == sorted(names)
    assert {"an", "binh", "chi", "dung"} < set(names)


async def test_the_audit_log_tells_changes_and_no_secret(api: StaffApi, client: Client) -> None:
    await api.hire("chu", "admin")
    headers = await sign_in(client, "chu")
    person = await (await client.post("/api/v1/staff", json=_body(), headers=headers)).json()
    await client.patch(
        f"/api/v1/staff/{person['id']}",
        json={"role": "manager", "password": "một bí mật khác"},
        headers=headers,
    )
    first = await (await client.get("/api/v1/audit?limit=1")).json()
    assert first["items"][0] | {"id": "", "at": "", "actor_id": ""} == {
        "id": "",
        "at": "",
        "actor_id": "",
        "actor_name": "chu",
        "address": "127.0.0.1",
        "action": "staff_edited",
        "target_kind": "staff",
        "target_id": person["id"],
        "changes": {"role": {"before": "sale", "after": "manager"}, "password": {}},
    }
    rest = await client.get("/api/v1/audit", params={"cursor": first["next_cursor"]})
    text = await rest.text() + str(first)
    assert "staff_created" in text
    assert "argon2" not in text
    assert "bí mật" not in text


@pytest.mark.parametrize(
    ("name", "initials"),
    [
        ("Nguyễn Thị Hồng Ánh", "HÁ"),
        ("Lan", "L"),
        ("đặng  văn lâm", "VL"),
        ("", ""),
    ],
)
def test_initials_are_those_of_the_last_two_words(name: str, initials: str) -> None:
    assert initials_of(name) == initials
