"""Presence in a real browser: the dot, the break and the receiving switch, live in every tab."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, async_playwright, expect

from app.serving import WEB_BUILD
from inbox.mongo.client import Mongo
from tests.service import OWNER, PASSWORD, RunningService, running_service
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

CHROMIUM = "/usr/bin/chromium"


@asynccontextmanager
async def a_browser(**options: Any) -> AsyncIterator[BrowserContext]:
    """A fresh headless Chromium in Vietnamese; script errors fail the test."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        context = await browser.new_context(locale="vi-VN", **options)
        errors: list[str] = []
        context.on("weberror", lambda error: errors.append(str(error.error)))
        yield context
        await browser.close()
        assert errors == []


@pytest.fixture
async def inbox(mongo: Mongo, mongo_uri: str, tmp_path: Path) -> AsyncIterator[RunningService]:
    assert (WEB_BUILD / "index.html").is_file(), "build the web UI first: make test does"
    async with running_service(mongo, mongo_uri, tmp_path) as service:
        yield service


async def _sign_in(page: Page, url: str) -> None:
    await page.goto(url)
    await page.get_by_test_id("email").fill(OWNER)
    await page.get_by_test_id("password").fill(PASSWORD)
    await page.get_by_test_id("submit").click()
    await expect(page.get_by_test_id("connection")).to_have_attribute("data-state", "open")


async def _press(page: Page, switch: str) -> None:
    await page.get_by_test_id("account-menu").click()
    await page.get_by_test_id(switch).click()


async def test_a_break_and_the_receiving_switch_show_in_every_tab(
    inbox: RunningService, mongo: Mongo
) -> None:
    """X.SPL.09 X.SPL.11: "Tạm nghỉ" and "Nhận dữ liệu" are one press away."""
    async with a_browser(viewport={"width": 1400, "height": 900}) as context:
        page = await context.new_page()
        await _sign_in(page, inbox.url)
        dot = page.get_by_test_id("my-presence")
        await expect(dot).to_have_attribute("data-state", "online")
        other = await context.new_page()
        await other.goto(inbox.url)
        await expect(other.get_by_test_id("my-presence")).to_have_attribute("data-state", "online")

        await _press(page, "my-break")
        for tab in (page, other):
            await expect(tab.get_by_test_id("my-presence")).to_have_attribute("data-state", "away")
        menu = page.get_by_test_id("account-menu")
        await expect(menu).to_have_accessible_name(
            re.compile("Tài khoản và cài đặt, đang tạm nghỉ$")
        )
        await _press(other, "my-break")
        await expect(dot).to_have_attribute("data-state", "online")

        await _press(page, "my-receiving")
        await other.get_by_test_id("account-menu").click()
        await expect(other.get_by_test_id("my-receiving")).to_contain_text("Tắt")
        assert await mongo["staff"].count_documents({"receiving": False}) == 1


async def test_a_phone_says_that_it_is_one(inbox: RunningService) -> None:
    """X.SPL.11: its connection may sleep for longer."""
    screen = {"width": 400, "height": 800}
    async with a_browser(viewport=screen, is_mobile=True, has_touch=True) as context:
        page = await context.new_page()
        await _sign_in(page, inbox.url)
        hub = inbox.service.hub
        await until(lambda: list(hub.connected().values()) == [True])
