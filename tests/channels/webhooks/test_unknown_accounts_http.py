"""Webhooks of an account that is in no bot: kept, shown to admins, applied once it is connected."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.ingest import FACEBOOK_PAGE, SECOND_FACEBOOK_PAGE, connect_accounts, facebook_message
from tests.service import WebhookService, webhook_service
from tests.waiting import until
from tests.webhook_signing import SECRETS

T0 = 1_789_612_000_000
OWNER = {"INBOX__ADMIN__EMAIL": "owner@shop.example", "INBOX__ADMIN__PASSWORD": "mat-khau-that-dai"}


@pytest.fixture
async def service(
    mongo: Mongo, mongo_uri: str, clock: FixedClock, tmp_path: Path
) -> AsyncIterator[WebhookService]:
    """One page is connected, the second one is not; the client acts for the owner."""
    await connect_accounts(mongo, [("facebook", FACEBOOK_PAGE)])
    handle = Mongo.connect(mongo_uri, mongo.db.name)
    async with webhook_service(handle, clock, tmp_path, secrets=SECRETS | OWNER) as running:
        email = OWNER["INBOX__ADMIN__EMAIL"]
        token = await running.service.make_token(email, "tests", ["read", "write", "admin"], None)
        running.client.headers["Authorization"] = f"Bearer {token}"
        yield running


async def _get(service: WebhookService, path: str) -> Any:
    async with service.client.get(path) as answer:
        assert answer.status == 200
        return await answer.json()


async def _post_message(service: WebhookService, mid: str, page: str) -> None:
    body = json.dumps(facebook_message(f"Tin {mid}", mid=mid, at=T0, page=page)).encode()
    assert await service.post("facebook", body) == 200


async def _texts(mongo: Mongo) -> set[str]:
    return {one["text"] async for one in mongo["messages"].find({"at": {"$exists": True}})}


async def test_an_unknown_account_is_kept_shown_and_applied_once_it_is_connected(
    service: WebhookService, mongo: Mongo
) -> None:
    for mid in ("m_1", "m_2"):
        await _post_message(service, mid, SECOND_FACEBOOK_PAGE)
    await _post_message(service, "m_3", FACEBOOK_PAGE)
    await until(lambda: _parked(mongo, 2))
    await until(lambda: _shows(mongo, {"Tin m_3"}))

    [unknown] = (await _get(service, "/api/v1/accounts/unknown"))["items"]
    assert (unknown["channel"], unknown["account_id"]) == ("facebook", SECOND_FACEBOOK_PAGE)
    parked = (await _get(service, "/api/v1/webhooks/parked"))["items"]
    assert [one["events"] for one in parked] == [[{"index": 0, "reason": "unknown_account"}]] * 2
    assert {one["accounts"][0]["account_id"] for one in parked} == {SECOND_FACEBOOK_PAGE}

    account = {"channel": "facebook", "account_id": SECOND_FACEBOOK_PAGE, "name": "Trang 2"}
    async with service.client.post(
        "/api/v1/bots", json={"name": "Shop 2", "accounts": [account]}
    ) as answer:
        assert answer.status == 201

    await until(lambda: _shows(mongo, {"Tin m_1", "Tin m_2", "Tin m_3"}))
    await until(lambda: _parked(mongo, 0))
    assert (await _get(service, "/api/v1/accounts/unknown"))["items"] == []
    await _post_message(service, "m_4", SECOND_FACEBOOK_PAGE)
    await until(lambda: _shows(mongo, {"Tin m_1", "Tin m_2", "Tin m_3", "Tin m_4"}))


async def test_a_body_of_a_known_and_an_unknown_account_is_applied_in_part_and_then_whole(
    service: WebhookService, mongo: Mongo
) -> None:
    known = facebook_message("Tin biết", mid="m_1", at=T0, page=FACEBOOK_PAGE)
    unknown = facebook_message("Tin lạ", mid="m_2", at=T0, page=SECOND_FACEBOOK_PAGE)
    both = {"object": "page", "entry": known["entry"] + unknown["entry"]}

    assert await service.post("facebook", json.dumps(both).encode()) == 200
    await until(lambda: _parked(mongo, 1))
    assert await _texts(mongo) == {"Tin biết"}

    account = {"channel": "facebook", "account_id": SECOND_FACEBOOK_PAGE, "name": "Trang 2"}
    async with service.client.post(
        "/api/v1/bots", json={"name": "Shop 2", "accounts": [account]}
    ) as answer:
        assert answer.status == 201
    await until(lambda: _shows(mongo, {"Tin biết", "Tin lạ"}))
    await until(lambda: _parked(mongo, 0))
    conversations = await mongo["conversations"].find().to_list(None)
    assert [one["unread"] for one in conversations] == [1, 1]


async def _parked(mongo: Mongo, count: int) -> bool:
    return await mongo["webhook_journal"].count_documents({"parked": {"$exists": True}}) == count


async def _shows(mongo: Mongo, texts: set[str]) -> bool:
    return await _texts(mongo) == texts
