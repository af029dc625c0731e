"""The pages of the settings that admins use, in a real browser against a real service."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Page, expect

from app.demo.getfly.crm import SimulatedGetfly
from inbox.bots.model import NewAccount
from inbox.clock import SystemClock
from inbox.conversations.model import Channel
from inbox.mongo.client import Mongo
from inbox.ports import Messenger
from inbox.staff.model import Actor
from tests.browser.settings_page import settings_page
from tests.fake_messenger import FakeMessenger, FakePlatform
from tests.ingest import facebook_message
from tests.service import OWNER, RunningService, running_service
from tests.sidebar_desk import ANH, SidebarDesk, sidebar_desk
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

ADMIN = Actor(id="boss", name="boss", role="owner")
_RESET_LINK = re.compile(r"/reset-password#[\w-]{20,}$")


@pytest.fixture
async def service(mongo: Mongo, mongo_uri: str, tmp_path: Path) -> AsyncIterator[RunningService]:
    messengers: dict[Channel, Messenger] = {"facebook": FakeMessenger(FakePlatform())}
    async with running_service(mongo, mongo_uri, tmp_path, messengers=messengers) as running:
        yield running


async def add_somebody(page: Page) -> None:
    """With an e-mail address that is taken at first; at the end there is a link to give."""
    await page.get_by_test_id("staff-new").click()
    await page.get_by_test_id("staff-name").fill("Vũ Ngọc Lan")
    await page.get_by_test_id("staff-email").fill(OWNER)
    await page.get_by_test_id("staff-new-bot").check()
    await page.get_by_test_id("staff-save").click()
    await expect(page.get_by_test_id("staff-email-wrong")).to_contain_text("đã được dùng")
    await page.get_by_test_id("staff-email").fill("lan@shop.vn")
    await page.get_by_test_id("staff-save").click()
    welcome = page.get_by_test_id("staff-welcome")
    await expect(welcome.get_by_test_id("once-value")).to_have_value(_RESET_LINK)


async def test_somebody_comes_is_promoted_and_leaves_with_a_handover(
    service: RunningService, mongo: Mongo
) -> None:
    """X.SPL.22 in the settings: who leaves is in no bot any more, and hands everything over."""
    async with settings_page(service.url, "staff") as page:
        await add_somebody(page)
        row = page.locator('[data-testid="staff-row"][data-email="lan@shop.vn"]')
        await row.get_by_test_id("staff-open").click()
        await expect(row.get_by_test_id("staff-bot")).to_be_checked()
        await row.get_by_test_id("staff-receiving").click()
        await expect(row.get_by_test_id("staff-receiving")).not_to_be_checked()
        await row.get_by_test_id("staff-role").select_option("manager")
        await row.get_by_test_id("staff-save").click()
        await expect(row).to_contain_text("Quản lý")
        await row.get_by_test_id("staff-leave").click()
        await row.get_by_test_id("staff-leave-sure").click()
        await expect(row).to_have_count(0)
        await page.get_by_test_id("staff-which").select_option("inactive")
        await expect(row).to_have_attribute("data-active", "false")

    lan = await mongo["staff"].find_one({"email": "lan@shop.vn"})
    assert lan is not None
    assert (lan["active"], lan["role"], lan["receiving"]) == (False, "manager", False)
    assert await mongo["bots"].count_documents({"member_ids": lan["_id"]}) == 0
    assert await mongo["handovers"].count_documents({"_id": lan["_id"]}) == 1


async def test_a_bot_is_made_switched_to_the_crm_and_deleted(
    service: RunningService, mongo: Mongo
) -> None:
    """S0.02: the switch of a project stands with its other settings."""
    async with settings_page(service.url, "bots") as page:
        await page.get_by_test_id("bot-new").click()
        await page.get_by_test_id("bot-name").fill("Giày An Nhiên")
        await page.get_by_test_id("bot-member").check()
        await page.get_by_test_id("bot-save").click()
        row = page.locator('[data-testid="bot-row"][data-name="Giày An Nhiên"]')
        await expect(row.get_by_test_id("bot-crm-state")).to_have_text("Không đồng bộ CRM")
        await row.get_by_test_id("bot-edit").click()
        await row.get_by_test_id("bot-crm").check()
        await row.get_by_test_id("bot-save").click()
        await expect(row.get_by_test_id("bot-crm-state")).to_have_text("Đồng bộ sang CRM")
        made = await mongo["bots"].find_one({"name": "Giày An Nhiên"})
        assert made is not None
        assert (made["crm_sync"], len(made["member_ids"])) == (True, 1)

        await row.get_by_test_id("bot-delete").click()
        await row.get_by_test_id("bot-delete-sure").click()
        await expect(row).to_have_count(0)
        full = page.get_by_test_id("bot-row")  # what has accounts is not deleted
        await full.get_by_test_id("bot-delete").click()
        await expect(full.get_by_role("alertdialog")).to_contain_text("2 tài khoản kênh")
    assert await mongo["bots"].count_documents({}) == 1


async def test_an_api_key_is_shown_once_works_and_is_revoked(service: RunningService) -> None:
    async with settings_page(service.url, "tokens") as page:
        await page.get_by_test_id("api-token-new").click()
        await page.get_by_test_id("api-token-name").fill("Báo cáo")
        await page.get_by_test_id("api-token-save").click()
        secret = await page.get_by_test_id("once-value").input_value()
        headers = {"Authorization": f"Bearer {secret}"}
        async with service.session.get(f"{service.url}/api/v1/bots", headers=headers) as answer:
            assert answer.status == 200
        async with service.session.post(f"{service.url}/api/v1/bots", headers=headers) as answer:
            assert answer.status == 403  # it only reads

        await page.reload()
        await expect(page.get_by_test_id("api-token")).to_have_attribute("data-name", "Báo cáo")
        await expect(page.get_by_test_id("once-value")).to_have_count(0)
        await page.get_by_test_id("api-token-revoke").click()
        await page.get_by_test_id("api-token-revoke-sure").click()
        await expect(page.get_by_test_id("api-token")).to_have_count(0)
        async with service.session.get(f"{service.url}/api/v1/bots", headers=headers) as answer:
            assert answer.status == 401


@asynccontextmanager
async def crm_desk(
    mongo: Mongo, mongo_uri: str, data: Path
) -> AsyncIterator[tuple[SidebarDesk, SimulatedGetfly]]:
    """A service that mirrors into a Getfly, in which one of the mapped fields is not there."""
    crm = SimulatedGetfly(SystemClock())
    fields = [
        {"ours": "phones", "theirs": "phone_office"},
        {"ours": "note", "theirs": "ghi_chu_rieng"},
    ]
    async with TestServer(crm.application) as server:
        url = str(server.make_url("")).rstrip("/")
        shop = {"kind": "getfly", "url": url, "calls_per_second": 100, "fields": fields}
        secrets = {"CRM_SYNC__SECRETS": f"shop={crm.key}"}
        overrides = {"crm_sync.connections": {"shop": shop}}
        async with sidebar_desk(
            mongo, mongo_uri, data, secrets=secrets, overrides=overrides
        ) as desk:
            await mongo["bots"].update_many({}, {"$set": {"crm_sync": True}})
            yield desk, crm


async def test_a_crm_is_checked_filled_and_tried_again(
    mongo: Mongo, mongo_uri: str, tmp_path: Path
) -> None:
    """The live check of every field, what is parked with its reason, and a back-fill."""
    async with crm_desk(mongo, mongo_uri, tmp_path) as (desk, crm):
        both = [crm.add_account(name, phone_office="0912345678") for name in ("Cũ", "Mới")]
        customer = await desk.facebook_writes("Shop ơi", mid="m_1")
        await desk.give(customer["_id"], phones=["+84912345678"])
        async with desk.signed_in(path="/settings/crm") as page:
            shop = page.get_by_test_id("crm-connection")
            await shop.get_by_test_id("crm-check").click()
            missing = shop.locator('[data-field="ghi_chu_rieng"]')
            await expect(missing).to_contain_text("CRM không có trường")
            await expect(shop.locator('[data-field="phone_office"]')).to_contain_text("Dùng được")

            await shop.get_by_test_id("crm-backfill").click()
            await shop.get_by_test_id("crm-backfill-begin").click()
            row = shop.get_by_test_id("crm-parked-row")
            await expect(row).to_contain_text("Có 2 hồ sơ CRM cùng phù hợp")
            await expect(row.get_by_role("link")).to_have_text(ANH)
            await expect(shop.get_by_test_id("crm-backfill-state")).to_contain_text("1 khách")
            crm.delete(both[0].id)
            await shop.get_by_test_id("crm-replay").click()
            await expect(shop.get_by_test_id("crm-parked")).to_contain_text("Không có gì")

            crm.change_key("another")
            await shop.get_by_test_id("crm-check").click()
            await expect(shop).to_have_attribute("data-state", "paused")
            await expect(shop.get_by_test_id("crm-checked")).to_contain_text("CRM_SYNC__SECRETS")


async def test_the_log_tells_who_did_what_and_is_narrowed_down(service: RunningService) -> None:
    """Sentences with what was changed; one person, one thing, one kind of act."""
    async with settings_page(service.url, "bots") as page:
        await page.get_by_test_id("bot-edit").click()
        await page.get_by_test_id("bot-name").fill("Áo Khoác Hà Nội")
        await page.get_by_test_id("bot-save").click()
        await expect(page.get_by_test_id("bot-row")).to_contain_text("Áo Khoác Hà Nội")
        await page.get_by_test_id("settings-audit").click()
        rows = page.get_by_test_id("audit-row")
        await expect(rows).to_have_count(3)  # the owner, the bot, its new name
        await expect(rows.first).to_contain_text("Quản trị viên đã sửa bot Áo Khoác Hà Nội")
        await expect(rows.first).to_contain_text("Tên: Shop Áo Khoác → Áo Khoác Hà Nội")

        await page.get_by_test_id("audit-action").select_option("bot_created")
        await expect(rows).to_have_count(1)
        await expect(rows).to_contain_text("Hệ thống đã tạo bot")
        await page.get_by_test_id("audit-action").select_option("")
        await expect(rows).to_have_count(3)
        await rows.first.get_by_role("button", name="mục này").click()
        await expect(rows).to_have_count(2)
        await expect(page.get_by_test_id("audit-target")).to_contain_text("Áo Khoác Hà Nội")
        await page.reload()  # the filter stands in the address
        await expect(rows).to_have_count(2)
        await page.get_by_test_id("audit-since").fill("2099-01-01")
        await expect(page.get_by_role("main")).to_contain_text("Không có gì trong nhật ký")


async def test_health_shows_what_is_wrong_and_a_parked_webhook_is_tried_again(
    service: RunningService,
) -> None:
    """The checks of `doctor`, the tokens of the accounts, and what nobody could apply."""
    stray = facebook_message("Chào shop", mid="m", at=1_789_612_000_000, page="999")
    assert await service.post_facebook(stray) == 200

    async def is_parked() -> bool:
        return await service.service.entries.count_parked() == 1

    await until(is_parked)
    async with settings_page(service.url, "health") as page:
        checks = page.get_by_test_id("health-check")
        await expect(checks).to_have_count(9)
        await expect(page.locator('[data-check="database"]')).to_have_attribute("data-state", "ok")
        unknown = page.locator('[data-check="unknown_account"]')
        await expect(unknown).to_have_attribute("data-state", "warning")
        await expect(unknown).to_contain_text("Cần làm: Kết nối tài khoản này")
        await expect(page.get_by_test_id("health-account")).to_have_count(2)

        webhook = page.get_by_test_id("parked-webhook")
        await expect(webhook).to_contain_text("Tài khoản 999 chưa thuộc bot nào")
        bot = (await service.service.bots.page(ADMIN, after=None, limit=1))[0].bot
        account = NewAccount(channel="facebook", account_id="999", name="Trang mới")
        await service.service.bots.connect(ADMIN, bot.id, account)
        await webhook.get_by_test_id("replay-one").click()
        await expect(page.get_by_test_id("parked-webhooks")).to_contain_text("Không có webhook nào")
        await expect(unknown).to_have_attribute("data-state", "ok")
