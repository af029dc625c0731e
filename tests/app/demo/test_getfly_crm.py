"""The simulated Getfly: who is let in, what lists take, and the pages that people read."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from app.demo.getfly.crm import SimulatedGetfly
from app.demo.getfly.memory import CrmMemory
from inbox.clock import FixedClock

_KEY = "9HzV4BkrWu26Qj6YPIbRPLvvp2kkbQ"
Client = TestClient[Any, Any]


@pytest.fixture
def crm(clock: FixedClock) -> SimulatedGetfly:
    return SimulatedGetfly(clock, _KEY)


@pytest.fixture
async def client(crm: SimulatedGetfly) -> AsyncIterator[Client]:
    async with TestClient(TestServer(crm.application)) as client:
        yield client


async def ask(
    client: Client,
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
    *,
    key: str = _KEY,
    query: Mapping[str, str] | None = None,
) -> tuple[int, Any]:
    async with client.request(
        method, path, json=body, params=query, headers={"X-API-KEY": key}
    ) as answer:
        return answer.status, await answer.json()


@pytest.mark.parametrize("key", ["", "x", "không phải nó"])
async def test_nobody_gets_in_without_the_key(client: Client, key: str) -> None:
    status, told = await ask(client, "GET", "/api/v6/accounts", key=key)

    assert (status, set(told)) == (401, {"message"})


async def test_code_is_unique_even_when_its_account_was_deleted(
    client: Client, crm: SimulatedGetfly
) -> None:
    body = {"account_code": "KH1", "account_name": "Lan"}
    made, told = await ask(client, "POST", "/api/v6.1/account", body)
    crm.delete(told["data"]["account_id"])

    status, refused = await ask(client, "POST", "/api/v6.1/account", body)

    assert (made, status) == (201, 400)
    assert list(refused["errors"]) == ["account_code"]
    assert (await ask(client, "GET", "/api/v6.1/account", query={"account_code": "KH1"}))[0] == 404
    assert (await ask(client, "POST", "/api/v6.1/account/restore", body))[0] == 200
    assert (await ask(client, "GET", "/api/v6.1/account", query={"account_code": "KH1"}))[0] == 200


async def test_deleted_accounts_are_told_since_a_time(
    client: Client, crm: SimulatedGetfly, clock: FixedClock
) -> None:
    for name in ("Lan", "Hoa"):
        crm.add_account(name)
    first, second = crm.accounts()
    crm.delete(first.id)
    clock.advance(timedelta(hours=1))
    assert (await ask(client, "DELETE", "/api/v6.1/account", {"account_code": second.code}))[
        0
    ] == 200

    since = {"filtering[last_sync]": str(int(clock.now().timestamp()) - 1)}
    _, told = await ask(client, "GET", "/api/v6/accounts/deleted_ids", query=since)

    assert [one["account_id"] for one in told["data"]] == [second.id]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"filtering[email]": "LAN@shop.vn"}, ["Lan"]),
        ({"filtering[email:contains]": "a_@shop"}, ["Lan"]),
        ({"filtering[phone_office:contains]": "345678"}, ["Lan"]),
        ({"filtering[updated_at:gte]": "2026-11-22"}, ["Hoa", "Lan"]),
        ({"filtering[updated_at:lte]": "2020-01-01"}, []),
        ({"filtering[updated_at:between]": "2020-01-01,2030-01-01"}, ["Hoa", "Lan"]),
        ({"limit": "1"}, ["Hoa"]),
        ({"limit": "1", "offset": "1"}, ["Lan"]),
    ],
)
async def test_list_takes_filters(
    client: Client, crm: SimulatedGetfly, query: dict[str, str], found: list[str]
) -> None:
    crm.add_account("Lan", email="lan@shop.vn", phone_office="0912345678")
    crm.add_account("Hoa", email="hoa@shop.com")

    asked = {"fields": "account_name", **query}
    status, told = await ask(client, "GET", "/api/v6/accounts", query=asked)

    assert status == 200
    assert [one["account_name"] for one in told["data"]] == found


@pytest.mark.parametrize(
    "query",
    [{"fields": "ten"}, {"filtering[ten]": "x"}, {"filtering[email:like]": "x"}, {"filtering": ""}],
)
async def test_what_there_is_not_cannot_be_asked_for(client: Client, query: dict[str, str]) -> None:
    assert (await ask(client, "GET", "/api/v6/accounts", query=query))[0] == 400


@pytest.mark.parametrize(
    "body",
    [
        {"email": None},
        {"phone_office": "0912 345 678"},
        {"account_type": [99]},
        {"account_type": "1,2"},
        {"account_manager": 99},
        {"custom_fields": {"hang": "Vàng"}},
        {"custom_fields": {"zalo": True}},
        {"custom_fields": []},
    ],
)
async def test_wrong_value_changes_nothing(
    client: Client, crm: SimulatedGetfly, body: dict[str, Any]
) -> None:
    crm.add_field("hang", "Hạng", "select", ["Vàng"])
    crm.add_field("zalo", "Zalo", "checkbox")
    account = crm.add_account("Lan")

    path = f"/api/v6/accounts/{account.id}"
    status, _ = await ask(client, "PUT", path, {"description": "x", **body})

    assert status == 400
    assert account.texts["description"] == ""


async def test_unknown_address_is_told_in_json(client: Client) -> None:
    assert (await ask(client, "PATCH", "/api/v6/nothing"))[0] == 404


async def test_page_shows_a_customer_and_runs_nothing_of_theirs(
    client: Client, crm: SimulatedGetfly
) -> None:
    crm.add_field("hang", "Hạng <b>", "select", ["Vàng & bạc"])
    user = crm.add_user("Sale <i>", "sale@shop.vn")
    account = crm.add_account("<script>alert(1)</script>", description='"><img src=x>')
    crm.edit(account.id, {"hang": "Vàng & bạc"})
    crm.assign(account.id, user.id)
    crm.tag(account.id, "<u>VIP</u>")
    crm.comment(account.id, "<svg onload=x>", user.id)

    text = ""
    for path in ("/crm", f"/crm/account/{account.id}"):
        async with client.get(path) as answer:
            text = await answer.text()
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "&lt;script&gt;" in text
        assert not [one for one in ("<script", "<img", "<svg", "<u>", "<b>", "<i>") if one in text]
        assert "http" not in text
    assert "Vàng &amp; bạc" in text


async def test_page_of_a_customer_that_was_deleted_says_so(
    client: Client, crm: SimulatedGetfly
) -> None:
    account = crm.add_account("Lan")
    crm.delete(account.id)

    async with client.get(f"/crm/account/{account.id}") as answer:
        assert answer.status == 404
        assert "đã bị xoá" in await answer.text()
    async with client.get("/") as answer:
        assert "Chưa có khách hàng nào" in await answer.text()


async def test_person_saves_the_form_of_a_customer(client: Client, crm: SimulatedGetfly) -> None:
    id_ = crm.add_account("Lan", phone_office="0912345678", website="lan.vn").id
    form = {
        "phone_office": " 0912 345 679 ",
        "description": "\r\n<b>Một</b>\r\nHai",
        "website": "x",
    }

    async with client.post(f"/crm/account/{id_}", data=form) as answer:
        page = await answer.text()

    texts = crm.account(id_).texts
    assert (texts["phone_office"], texts["website"]) == ("0912 345 679", "lan.vn")
    assert texts["description"] == "<b>Một</b>\nHai"
    assert 'name="phone_office" value="0912 345 679"' in page
    assert "<b>" not in page


async def test_form_of_a_customer_who_is_gone_is_refused(
    client: Client, crm: SimulatedGetfly
) -> None:
    id_ = crm.add_account("Lan").id
    crm.delete(id_)

    async with client.post(f"/crm/account/{id_}", data={"email": "lan@shop.vn"}) as answer:
        assert answer.status == 404


def test_everything_in_it_outlives_a_restart(clock: FixedClock, tmp_path: Path) -> None:
    path = tmp_path / "getfly.json"
    first, second = SimulatedGetfly(clock, _KEY), SimulatedGetfly(clock, _KEY)
    assert not CrmMemory(path, first.book).load()
    user = first.add_user("Mai", "mai@shop.vn")
    first.add_field("hang", "Hạng", "select", ["Vàng", "Bạc"])
    id_ = first.add_account("Lan", hang="Bạc").id
    first.assign(id_, user.id)
    first.tag(id_, "VIP")
    first.delete(first.add_account("Hoa").id)
    first.comment(id_, "Đã gọi")

    assert CrmMemory(path, second.book).load()

    assert second.book.dump() == first.book.dump()
    assert second.add_account("Ngọc").id not in {id_, user.id}
    assert path.stat().st_mode & 0o777 == 0o600
