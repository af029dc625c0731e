"""A page of the settings in a real browser, as the owner gets there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Page, ViewportSize

from tests.chromium import one_page, sign_in


@asynccontextmanager
async def settings_page(url: str, name: str) -> AsyncIterator[Page]:
    """Signed in, and from the inbox to the page called `name`; script errors fail the test."""
    async with one_page(viewport=ViewportSize(width=1280, height=1000)) as page:
        await sign_in(page, url)
        await page.get_by_test_id("account-menu").click()
        await page.get_by_test_id("open-settings").click()
        await page.get_by_test_id(f"settings-{name}").click()
        yield page
