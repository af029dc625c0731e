"""What is wrong with the installation, as admins read it over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from inbox.mongo.client import Mongo
from inbox.staff.model import Actor, Role
from inbox.staff.service import NewStaff
from tests.ingest import facebook_message
from tests.service import OWNER, PASSWORD, RunningService, running_service
from tests.waiting import until

CHECKS = "/api/v1/health/checks"


@pytest.fixture
async def shop(mongo: Mongo, mongo_uri: str, tmp_path: Path) -> AsyncIterator[RunningService]:
    async with running_service(mongo, mongo_uri, tmp_path) as running:
        yield running


async def asked(shop: RunningService, email: str) -> tuple[int, dict[str, Any]]:
    """The status and the answer that this person gets."""
    token = await shop.service.make_token(email, "test", ["read", "admin"], None)
    headers = {"Authorization": f"Bearer {token}"}
    async with shop.session.get(shop.url + CHECKS, headers=headers) as answer:
        return answer.status, await answer.json()


async def findings(shop: RunningService) -> dict[str, dict[str, Any]]:
    status, body = await asked(shop, OWNER)
    assert status == 200
    return {one["check"]: one for one in body["items"]}


async def test_every_check_is_told_also_when_all_is_well(shop: RunningService) -> None:
    found = await findings(shop)

    assert {name: one["state"] for name, one in found.items()} == dict.fromkeys(
        (
            "facebook",
            "zalo",
            "database",
            "clock",
            "migrations",
            "journal",
            "unknown_account",
            "parked",
            "sends",
        ),
        "ok",
    )
    assert found["database"]["text"]["vi"].startswith("MongoDB ")


async def test_what_is_parked_for_an_unknown_account_is_told(shop: RunningService) -> None:
    stray = facebook_message("Chào shop", mid="m", at=1_789_612_000_000, page="999")
    assert await shop.post_facebook(stray) == 200

    async def is_parked() -> bool:
        return await shop.service.entries.count_parked() == 1

    await until(is_parked)
    found = await findings(shop)

    assert (found["parked"]["state"], found["unknown_account"]["state"]) == ("warning", "warning")
    assert "999" in found["unknown_account"]["text"]["en"]


@pytest.mark.parametrize("role", ["manager", "sale"])
async def test_only_admins_are_told(shop: RunningService, role: Role) -> None:
    boss = Actor(id="boss", name="boss", role="owner")
    wanted = NewStaff(name="Lan", email="lan@shop.vn", password=PASSWORD, role=role)
    await shop.service.staff.create(boss, wanted)

    status, body = await asked(shop, "lan@shop.vn")

    assert (status, body["code"]) == (403, "not_allowed")
