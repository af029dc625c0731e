"""Bots: their people, their accounts, who sees them and who changes them."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from bson import ObjectId
from cryptography.fernet import Fernet
from pytest_aiohttp import AiohttpClient

from inbox.bots.model import NewAccount
from inbox.bots.routes import BotRoutes
from inbox.bots.secrets import SecretBox, WrongSecretKey
from inbox.bots.service import BotService
from inbox.clock import FixedClock
from inbox.errors import InboxError
from inbox.ids import account_key
from inbox.mongo.client import Mongo
from inbox.staff.model import ROLES, Actor, Role
from inbox.staff.passwords import Passwords
from tests.staff_api import Client, StaffApi, sign_in, staff_api

PAGE = {"channel": "facebook", "account_id": "1001", "name": "Trang A"}
PAGE_KEY = account_key("facebook", "1001")
WELL = {
    "state": "ok",
    "reason": None,
    "detail": None,
    "since": "2026-11-22T03:00:00Z",
    "ends_at": None,
    "held_messages": 0,
}
OA = {"channel": "zalo", "account_id": "9001", "name": "OA B"}
SYSTEM = Actor(id="root", name="root", role="owner")


@pytest.fixture(scope="module")
def passwords() -> Iterator[Passwords]:
    made = Passwords()
    yield made
    made.close()


@pytest.fixture
def api(mongo: Mongo, clock: FixedClock, passwords: Passwords) -> StaffApi:
    return staff_api(mongo, clock, passwords)


@pytest.fixture
def connected() -> list[str]:
    """The accounts whose parked webhooks were asked for."""
    return []


@pytest.fixture
def bots(mongo: Mongo, clock: FixedClock, api: StaffApi, connected: list[str]) -> BotService:
    async def on_account_connected(key: str) -> None:
        connected.append(key)

    box = SecretBox([Fernet.generate_key().decode()])
    return BotService(mongo, box, api.actors, clock, on_account_connected)


@pytest.fixture
async def client(api: StaffApi, bots: BotService, aiohttp_client: AiohttpClient) -> Client:
    return await aiohttp_client(api.application(BotRoutes(bots)))


async def _as_admin(api: StaffApi, client: Client) -> dict[str, str]:
    await api.hire("chu", "admin")
    return await sign_in(client, "chu")


async def _make(client: Client, headers: dict[str, str], **wanted: Any) -> dict[str, Any]:
    answer = await client.post("/api/v1/bots", json={"name": "Bot"} | wanted, headers=headers)
    assert answer.status == 201, await answer.text()
    bot: dict[str, Any] = await answer.json()
    return bot


async def test_a_bot_is_made_with_its_accounts_and_people(
    api: StaffApi, client: Client, mongo: Mongo, connected: list[str]
) -> None:
    headers = await _as_admin(api, client)
    lan = await api.hire("lan", "sale")
    bot = await _make(
        client,
        headers,
        name=" Cửa hàng ",
        accounts=[PAGE | {"credentials": {"access_token": "EAA-secret"}}, OA],
        member_ids=[lan.id, lan.id],
        crm_sync=True,
        split={"enabled": True},
    )
    assert bot == {
        "id": bot["id"],
        "name": "Cửa hàng",
        "member_ids": [lan.id],
        "accounts": [
            OA | {"id": account_key("zalo", "9001"), "health": WELL, "moved": None},
            PAGE | {"id": PAGE_KEY, "health": WELL, "moved": None},
        ],
        "crm_sync": True,
        "split": {"enabled": True, "visibility": "own_unassigned"},
        "version": 1,
    }
    assert await (await client.get(f"/api/v1/bots/{bot['id']}")).json() == bot
    assert sorted(connected) == sorted([PAGE_KEY, account_key("zalo", "9001")])
    assert await mongo["live_events"].count_documents({"type": "bot_changed"}) == 1
    me = await (await client.get("/api/v1/me")).json()
    assert me["bots"] == [{"id": bot["id"], "name": "Cửa hàng"}]


async def test_credentials_are_kept_encrypted_and_never_shown(
    api: StaffApi, client: Client, mongo: Mongo, bots: BotService
) -> None:
    headers = await _as_admin(api, client)
    secret = {"access_token": "EAA-secret", "refresh_token": "bí mật"}
    made = await _make(client, headers, accounts=[PAGE | {"credentials": secret}])
    shown = await (await client.get(f"/api/v1/bots/{made['id']}")).text()
    audit = await (await client.get("/api/v1/audit")).text()
    kept = str(await mongo["accounts"].find_one({"_id": PAGE_KEY}))
    for text in (str(made), shown, audit, kept):
        assert "EAA-secret" not in text
        assert "credentials" not in shown
    assert await bots.credentials(PAGE_KEY) == secret
    assert await bots.credentials("unknown") == {}


def test_what_an_old_key_sealed_opens_until_it_is_renewed_and_the_key_is_gone() -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    sealed = SecretBox([old]).seal({"token": "x"})
    both = SecretBox([new, old])
    assert both.open(sealed) == {"token": "x"}
    renewed = both.renew(sealed)
    assert SecretBox([new]).open(renewed) == {"token": "x"}
    for refuses in (SecretBox([new]).open, SecretBox([new]).renew):
        with pytest.raises(WrongSecretKey):
            refuses(sealed)


@pytest.mark.parametrize("keys", [[], ["short"], [Fernet.generate_key().decode(), ""]])
def test_a_key_of_another_form_stops_the_start(keys: list[str]) -> None:
    with pytest.raises(ValueError, match="key"):
        SecretBox(keys)


async def test_an_account_is_in_one_bot_only(api: StaffApi, client: Client, mongo: Mongo) -> None:
    headers = await _as_admin(api, client)
    first = await _make(client, headers, accounts=[PAGE])
    body = {"name": "Khác", "accounts": [OA, PAGE, OA]}
    refused = await client.post("/api/v1/bots", json=body, headers=headers)
    errors = (await refused.json())["errors"]
    assert refused.status == 422
    assert [(error["field"], error["code"]) for error in errors] == [
        ("accounts.1.account_id", "account_taken"),
        ("accounts.2.account_id", "account_taken"),
    ]
    again = await client.post(f"/api/v1/bots/{first['id']}/accounts", json=PAGE, headers=headers)
    assert (await again.json())["errors"][0]["field"] == "account_id"
    assert await mongo["bots"].count_documents({}) == 1
    assert await mongo["accounts"].count_documents({}) == 1


async def test_one_account_connected_to_two_bots_at_the_same_moment_is_in_one(
    api: StaffApi, client: Client, mongo: Mongo
) -> None:
    headers = await _as_admin(api, client)
    made = [await _make(client, headers) for _ in range(2)]
    answers = await asyncio.gather(
        *(
            client.post(f"/api/v1/bots/{bot['id']}/accounts", json=PAGE, headers=headers)
            for bot in made
        )
    )
    assert sorted(answer.status for answer in answers) == [201, 422]
    assert await mongo["accounts"].count_documents({}) == 1


async def test_members_are_active_staff(api: StaffApi, client: Client) -> None:
    headers = await _as_admin(api, client)
    lan, mai = await api.hire("lan", "sale"), await api.hire("mai", "sale")
    bot = await _make(client, headers, member_ids=[lan.id])
    await client.delete(f"/api/v1/staff/{lan.id}", headers=headers)
    path = f"/api/v1/bots/{bot['id']}"

    body = {"member_ids": [lan.id, mai.id, "nobody"]}
    refused = await client.patch(path, json=body, headers=headers)
    errors = (await refused.json())["errors"]
    assert [(error["field"], error["code"]) for error in errors] == [
        ("member_ids.2", "unknown_member")
    ]
    kept = await client.patch(path, json={"member_ids": [lan.id, mai.id]}, headers=headers)
    assert (await kept.json())["member_ids"] == [lan.id, mai.id]
    await client.patch(path, json={"member_ids": []}, headers=headers)
    refused = await client.patch(path, json={"member_ids": [lan.id]}, headers=headers)
    assert refused.status == 422


async def test_two_admins_who_edit_different_fields_both_win(api: StaffApi, client: Client) -> None:
    headers = await _as_admin(api, client)
    bot = await _make(client, headers)
    path, match = f"/api/v1/bots/{bot['id']}", headers | {"If-Match": '"1"'}

    renamed = await client.patch(path, json={"name": "Mới"}, headers=match)
    synced = await client.patch(path, json={"crm_sync": True}, headers=match)
    late = await client.patch(path, json={"name": "Khác", "crm_sync": True}, headers=match)

    assert ((await renamed.json())["version"], (await synced.json())["version"]) == (2, 3)
    clash = await late.json()
    assert (late.status, clash["code"]) == (412, "version_clash")
    assert (clash["fields"], clash["current"]) == (["name"], {"name": "Mới"})
    split = await client.patch(
        path, json={"split": {"visibility": "own"}}, headers=headers | {"If-Match": "3"}
    )
    assert (await split.json())["split"] == {"enabled": False, "visibility": "own"}


async def test_a_new_member_sees_the_bot_at_once_and_a_former_one_no_more(
    api: StaffApi, client: Client, bots: BotService, aiohttp_client: AiohttpClient
) -> None:
    headers = await _as_admin(api, client)
    lan = await api.hire("lan", "sale")
    bot = await _make(client, headers)
    path = f"/api/v1/bots/{bot['id']}"
    sale: Client = await aiohttp_client(api.application(BotRoutes(bots)))
    await sign_in(sale, "lan")

    async def seen() -> tuple[int, list[str]]:
        page = await (await sale.get("/api/v1/bots")).json()
        return (await sale.get(path)).status, [one["id"] for one in page["items"]]

    assert await seen() == (403, [])
    await client.patch(path, json={"member_ids": [lan.id]}, headers=headers)
    assert await seen() == (200, [bot["id"]])
    await client.patch(path, json={"member_ids": []}, headers=headers)
    assert await seen() == (403, [])


async def test_a_bot_is_deleted_once_it_has_no_accounts(
    api: StaffApi, client: Client, mongo: Mongo
) -> None:
    headers = await _as_admin(api, client)
    bot = await _make(client, headers, accounts=[PAGE])
    path = f"/api/v1/bots/{bot['id']}"
    refused = await client.delete(path, headers=headers)
    assert (refused.status, (await refused.json())["code"]) == (409, "bot_has_accounts")
    account = f"{path}/accounts/{PAGE_KEY}"
    assert (await client.delete(account, headers=headers)).status == 204
    assert (await client.delete(account, headers=headers)).status == 404
    assert (await client.delete(path, headers=headers)).status == 204
    assert (await client.get(path)).status == 404
    assert await mongo["accounts"].count_documents({}) == 0


async def test_an_account_is_never_connected_to_a_bot_that_is_being_deleted(
    api: StaffApi, bots: BotService, mongo: Mongo, client: Client
) -> None:
    headers = await _as_admin(api, client)
    page = NewAccount(channel="facebook", account_id="1001", name="Trang A")
    for _ in range(5):
        bot = await _make(client, headers)
        outcomes = await asyncio.gather(
            bots.connect(SYSTEM, bot["id"], page),
            bots.delete(SYSTEM, bot["id"]),
            return_exceptions=True,
        )
        refused = [one.code for one in outcomes if isinstance(one, InboxError)]
        assert refused in (["not_found"], ["bot_has_accounts"])
        is_there = await mongo["bots"].count_documents({"_id": bot["id"]})
        assert await mongo["accounts"].count_documents({}) == is_there
        await mongo["accounts"].delete_many({})


async def test_unknown_accounts_are_listed_with_what_waits_for_them(
    api: StaffApi, client: Client, mongo: Mongo, clock: FixedClock
) -> None:
    headers = await _as_admin(api, client)
    assert (await (await client.get("/api/v1/accounts/unknown")).json())["items"] == []

    def parked(minute: int, *account_ids: str) -> dict[str, Any]:
        accounts = [
            {
                "key": account_key("facebook", account_id),
                "channel": "facebook",
                "account_id": account_id,
            }
            for account_id in account_ids
        ]
        return {
            "_id": ObjectId(),
            "channel": "facebook",
            "received_at": clock.now().replace(minute=minute),
            "parked": {
                "reason": "unknown_account" if accounts else "malformed",
                "account": [account["key"] for account in accounts],
                "accounts": accounts,
            },
        }

    await mongo["webhook_journal"].insert_many(
        [parked(1, "1"), parked(5, "1", "2"), parked(3, "1"), parked(9)]
    )
    items = (await (await client.get("/api/v1/accounts/unknown", headers=headers)).json())["items"]
    assert items == [
        {
            "channel": "facebook",
            "account_id": account_id,
            "count": count,
            "first_at": f"2026-11-22T03:0{first}:00Z",
            "last_at": "2026-11-22T03:05:00Z",
        }
        for account_id, count, first in [("1", 3, 1), ("2", 1, 5)]
    ]


@pytest.mark.parametrize("role", ROLES)
async def test_what_each_role_may_do_with_bots(
    api: StaffApi, client: Client, bots: BotService, role: Role
) -> None:
    actor = await api.hire("actor", role)
    headers = await _as_admin(api, client)
    bot = await _make(client, headers, accounts=[PAGE], member_ids=[actor.id])
    other = await _make(client, headers)
    await client.delete("/api/v1/session", headers=headers)
    headers = await sign_in(client, "actor")
    path, foreign = f"/api/v1/bots/{bot['id']}", f"/api/v1/bots/{other['id']}"

    statuses = [
        (await client.request(method, url, json=body, headers=headers)).status
        for method, url, body in [
            ("GET", "/api/v1/bots", None),
            ("GET", path, None),
            ("GET", foreign, None),
            ("GET", "/api/v1/accounts/unknown", None),
            ("POST", "/api/v1/bots", {"name": "Mới"}),
            ("PATCH", path, {"name": "Khác"}),
            ("POST", f"{path}/accounts", OA),
            ("DELETE", f"{path}/accounts/{PAGE_KEY}", None),
            ("DELETE", foreign, None),
        ]
    ]

    admin = [200, 200, 200, 200, 201, 200, 201, 204, 204]
    member = [200, 200, 403, 403, 403, 403, 403, 403, 403]
    assert statuses == (admin if role in {"owner", "admin"} else member)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/bots"),
        ("POST", "/api/v1/bots"),
        ("GET", "/api/v1/accounts/unknown"),
        ("GET", "/api/v1/staff"),
        ("GET", "/api/v1/tokens"),
        ("GET", "/api/v1/audit"),
        ("DELETE", "/api/v1/session"),
    ],
)
async def test_signed_out_nothing_is_shown(client: Client, method: str, path: str) -> None:
    """S0.01: signed out is 401."""
    answer = await client.request(method, path, json={})
    assert (answer.status, (await answer.json())["code"]) == (401, "sign_in_required")
