"""The inbox in a real browser with its only conversation open."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Page, expect

from tests.chromium import one_page, sign_in


@asynccontextmanager
async def open_thread(url: str) -> AsyncIterator[Page]:
    """Signed in, with the only conversation open; script errors fail the test."""
    async with one_page() as page:
        await sign_in(page, url)
        await page.get_by_test_id("conversation-row").click()
        await expect(page.get_by_test_id("message")).to_have_count(1)
        await page.evaluate("window.notReloaded = true")
        yield page
        assert await page.evaluate("window.notReloaded")
