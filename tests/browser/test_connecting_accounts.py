"""Connecting a page and an OA in a real browser, through the platforms' own dialogs and back."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from inbox.clock import SystemClock
from inbox.mongo.client import Mongo
from tests.browser.settings_page import settings_page
from tests.connect_world import OA, PAGE, ConnectWorld, connect_world

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@pytest.fixture
async def world(mongo: Mongo, mongo_uri: str, tmp_path: Path) -> AsyncIterator[ConnectWorld]:
    async with connect_world(mongo, mongo_uri, tmp_path, SystemClock()) as world:
        yield world


async def test_page_is_connected_by_facebooks_dialog_and_disconnected(world: ConnectWorld) -> None:
    async with settings_page(world.url, "accounts") as page:
        bot = page.locator(f'[data-bot="{world.bot_id}"]')
        await bot.get_by_test_id("connect-facebook").click()
        await expect(page.get_by_role("heading", name="Facebook")).to_be_visible()
        await page.get_by_role("button", name="Allow").click()
        await expect(page.get_by_test_id(f"choose-{PAGE}")).to_be_checked()
        await page.get_by_test_id("finish").click()
        finished = page.get_by_test_id("finished").filter(has_text="An Nhiên Outlet")
        await expect(finished).to_have_attribute("data-outcome", "connected")
        await page.get_by_test_id("close-chooser").click()

        row = bot.locator(f'[data-account="{PAGE}"]')
        await expect(row).to_have_attribute("data-health", "ok")
        await expect(row.get_by_test_id("subscription")).to_have_attribute("data-state", "ok")
        await row.get_by_test_id("disconnect").click()
        await row.get_by_test_id("disconnect-sure").click()
        await expect(row).to_have_count(0)
        await expect(bot.get_by_test_id("account")).to_have_count(2)


async def test_oa_is_connected_by_zalos_dialog_after_a_refusal(world: ConnectWorld) -> None:
    async with settings_page(world.url, "accounts") as page:
        bot = page.locator(f'[data-bot="{world.bot_id}"]')
        await bot.get_by_test_id("connect-zalo").click()
        await page.get_by_role("button", name="Deny").click()
        await expect(page.get_by_role("main")).to_contain_text("không cấp quyền")
        await page.get_by_role("link", name="Về trang cài đặt").click()

        await bot.get_by_test_id("connect-zalo").click()
        await page.get_by_role("button", name="Allow").click()
        await page.get_by_test_id("finish").click()
        await expect(page.get_by_test_id("finished")).to_have_attribute("data-outcome", "connected")
        await page.get_by_test_id("close-chooser").click()
        await expect(bot.locator(f'[data-account="{OA}"]')).to_have_attribute("data-health", "ok")


async def test_wrong_token_is_refused_and_a_right_one_kept(world: ConnectWorld) -> None:
    async with settings_page(world.url, "accounts") as page:
        bot = page.locator(f'[data-bot="{world.bot_id}"]')
        await bot.get_by_test_id("paste-new").click()
        await bot.get_by_test_id("token-account").fill(PAGE)
        await bot.get_by_test_id("token-name").fill("Trang chính")
        await bot.get_by_test_id("token-access").fill("EAAnonsense")
        await bot.get_by_test_id("token-submit").click()
        await expect(bot.get_by_test_id("token-refusal")).to_contain_text("không chấp nhận token")

        await bot.get_by_test_id("token-access").fill(world.page_token(PAGE))
        await bot.get_by_test_id("token-submit").click()
        row = bot.locator(f'[data-account="{PAGE}"]')
        await expect(row).to_have_attribute("data-health", "ok")
