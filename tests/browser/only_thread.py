"""The inbox in a real browser with its only conversation open."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Page, async_playwright, expect

from tests.service import OWNER, PASSWORD

CHROMIUM = "/usr/bin/chromium"


@asynccontextmanager
async def open_thread(url: str) -> AsyncIterator[Page]:
    """Signed in, with the only conversation open; script errors fail the test."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = await browser.new_page(locale="vi-VN", viewport={"width": 1400, "height": 900})
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        await page.goto(url)
        await page.get_by_test_id("email").fill(OWNER)
        await page.get_by_test_id("password").fill(PASSWORD)
        await page.get_by_test_id("submit").click()
        await page.get_by_test_id("conversation-row").click()
        await expect(page.get_by_test_id("message")).to_have_count(1)
        await page.evaluate("window.notReloaded = true")
        yield page
        assert await page.evaluate("window.notReloaded")
        await browser.close()
        assert errors == []
