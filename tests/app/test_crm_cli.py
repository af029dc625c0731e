"""`crm check|backfill|reconcile|parked` in processes of their own, with a CRM on a socket."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from pymongo.database import Database

from app.demo.getfly.crm import SimulatedGetfly
from inbox.clock import SystemClock
from tests.app.shop_processes import Document, Shop

NOW = datetime(2026, 11, 22, 5, tzinfo=UTC)
PHONE = "+84912345678"


class CrmShop:
    """A shop with a connection "getfly", and the Getfly behind it."""

    def __init__(self, shop: Shop, getfly: SimulatedGetfly, database: "Database[Document]") -> None:
        self.shop, self.getfly, self.database = shop, getfly, database

    async def run(self, name: str, *words: str) -> "subprocess.CompletedProcess[str]":
        """Beside the Getfly, which answers meanwhile."""
        ended = await asyncio.to_thread(self.shop.run, f"crm {name}", *words)
        assert "Traceback" not in ended.stdout + ended.stderr, ended.stderr
        for secret in (self.getfly.key, PHONE):
            assert secret not in ended.stdout + ended.stderr
        return ended

    def linked(self, **crm: Any) -> int:
        """A customer of a bot that is mirrored, and their record; its id."""
        account = self.getfly.add_account("Trần Thị Hoa", phone_office="0912345678")
        part = {"link": {"id": str(account.id)}, "synced": [], **crm}
        self.database["bots"].insert_one({"_id": "shop", "crm_sync": True})
        self.database["customers"].insert_one(
            {"_id": "hoa", "name": "Trần Thị Hoa", "phones": [PHONE], "crm": {"getfly": part}}
        )
        self.database["conversations"].insert_one(
            {"_id": "c", "customer_id": "hoa", "bot_id": "shop", "account_id": "a"}
        )
        return account.id

    def part(self) -> dict[str, Any]:
        found = self.database["customers"].find_one({"_id": "hoa"})
        assert found is not None
        part: dict[str, Any] = found["crm"]["getfly"]
        return part

    def audited(self) -> list[tuple[str, Any]]:
        return [(one["action"], one["actor"]) for one in self.database["audit"].find({})]


@pytest.fixture
async def crm_shop(shop: Shop, database: "Database[Document]") -> AsyncIterator[CrmShop]:
    getfly = SimulatedGetfly(SystemClock())
    async with TestServer(getfly.application) as server:
        with shop.config.open("a") as config:
            config.write(
                "crm_sync:\n  connections:\n    getfly:\n      kind: getfly\n"
                f"      url: {str(server.make_url('')).rstrip('/')}\n"
                "      calls_per_second: 1000\n"
            )
        shop.variables["CRM_SYNC__SECRETS"] = f"getfly={getfly.key}"
        yield CrmShop(shop, getfly, database)


async def test_check_says_whether_credentials_and_mapping_fit(crm_shop: CrmShop) -> None:
    good = await crm_shop.run("check")
    crm_shop.getfly.change_key("another")
    refused, unknown = await asyncio.gather(
        crm_shop.run("check", "--connection=getfly"), crm_shop.run("check", "--connection=odoo")
    )

    assert (good.returncode, good.stdout) == (0, "✓ getfly: kết nối tốt. / it answers.\n")
    assert (refused.returncode, refused.stdout) == (1, "✗ getfly: crm_auth_refused\n")
    assert unknown.returncode == 2
    assert crm_shop.database["crm_connections"].find_one({"paused": {"$exists": True}})


async def test_check_resumes_a_connection_and_says_so_in_the_audit_log(crm_shop: CrmShop) -> None:
    crm_shop.database["crm_connections"].insert_one(
        {"_id": "getfly", "paused": {"code": "crm_auth_refused", "at": NOW}, "failures": 0}
    )

    paused = await crm_shop.run("parked")
    good = await crm_shop.run("check")
    well = await crm_shop.run("parked")

    assert [one.returncode for one in (paused, good, well)] == [1, 0, 0]
    assert paused.stdout.startswith("✗ getfly: ")
    assert crm_shop.audited() == [("crm_connection_resumed", None)]


async def test_backfill_is_asked_for(crm_shop: CrmShop) -> None:
    run = await crm_shop.run("backfill", "--bot=shop", "--everyone")

    assert run.returncode == 0, run.stderr
    found = crm_shop.database["crm_connections"].find_one({"_id": "getfly"})
    assert found is not None
    assert (found["backfill"]["bot_id"], found["backfill"]["everyone"]) == ("shop", True)
    assert crm_shop.audited() == [("crm_backfill_asked", None)]


async def test_reconcile_compares_and_says_when_it_cannot(crm_shop: CrmShop) -> None:
    crm_shop.linked()

    compared = await crm_shop.run("reconcile")
    crm_shop.getfly.change_key("another")
    refused = await crm_shop.run("reconcile")

    assert compared.returncode == 0, compared.stderr
    assert compared.stdout.startswith("✓ getfly: 1 so sánh / compared")
    assert (refused.returncode, refused.stdout) == (1, "✗ getfly: crm_auth_refused\n")


async def test_parked_is_listed_and_tried_again(crm_shop: CrmShop) -> None:
    """X.SYN.01: failed, with a manual retry."""
    row = {"kind": "refused", "at": NOW, "fields": ["phones"], "detail": f"no {PHONE}"}
    crm_shop.linked(rev=1, parked=[{**row, "record_ids": []}])

    listed = await crm_shop.run("parked")
    other, wrong = await asyncio.gather(
        crm_shop.run("parked", "--kind=gone"), crm_shop.run("parked", "--kind=lost")
    )
    again = await crm_shop.run("parked", "--kind=refused", "--replay")

    assert [one.returncode for one in (listed, other, wrong, again)] == [1, 0, 2, 0]
    assert listed.stdout.startswith("! getfly: 2026-11-22 05:00 hoa refused phones ")
    assert "1 are tried again" in again.stdout
    assert (crm_shop.part()["parked"], crm_shop.part()["dirty"][0]["field"]) == ([], "phones")
    assert crm_shop.audited() == [("crm_parked_replayed", None)]


async def test_crm_that_does_not_answer_is_said_in_a_line(
    crm_shop: CrmShop, free_port: int
) -> None:
    text = crm_shop.shop.config.read_text()
    before, _, after = text.partition("      url: ")
    nobody = f"http://127.0.0.1:{free_port}\n{after.partition(chr(10))[2]}"
    crm_shop.shop.config.write_text(f"{before}      url: {nobody}")

    run = await crm_shop.run("check")

    assert (run.returncode, run.stdout) == (1, "✗ getfly: crm_away\n")


async def test_shop_without_a_crm_is_told(shop: Shop) -> None:
    run = await asyncio.to_thread(shop.run, "crm check")

    assert run.returncode == 0
    assert "No CRM is configured" in run.stdout


async def test_connection_without_its_secret_stops_the_command(crm_shop: CrmShop) -> None:
    crm_shop.shop.variables.clear()

    run = await crm_shop.run("check")

    assert run.returncode == 2
    assert "CRM_SYNC__SECRETS" in run.stderr
