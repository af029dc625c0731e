"""A page of the settings in a real browser, as the owner gets there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Page, async_playwright

from tests.service import OWNER, PASSWORD

CHROMIUM = "/usr/bin/chromium"


@asynccontextmanager
async def settings_page(url: str, name: str) -> AsyncIterator[Page]:
    """Signed in, and from the inbox to the page called `name`; script errors fail the test."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = await browser.new_page(locale="vi-VN", viewport={"width": 1280, "height": 1000})
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        await page.goto(url)
        await page.get_by_test_id("email").fill(OWNER)
        await page.get_by_test_id("password").fill(PASSWORD)
        await page.get_by_test_id("submit").click()
        await page.get_by_test_id("account-menu").click()
        await page.get_by_test_id("open-settings").click()
        await page.get_by_test_id(f"settings-{name}").click()
        yield page
        await browser.close()
        assert errors == []
