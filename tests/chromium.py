"""Debian's Chromium, headless and in Vietnamese, and how people sign in with it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import (
    Browser,
    BrowserContext,
    Page,
    ViewportSize,
    async_playwright,
    expect,
)

from app.serving import WEB_BUILD
from tests.service import OWNER, PASSWORD

CHROMIUM = "/usr/bin/chromium"
_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
_SCREEN = ViewportSize(width=1400, height=900)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A fresh one. The web UI is served as it was built last."""
    assert (WEB_BUILD / "index.html").is_file(), "build the web UI first: make test does"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(_ARGUMENTS))
        yield browser
        await browser.close()


@asynccontextmanager
async def somebody(browser: Browser, **options: Any) -> AsyncIterator[BrowserContext]:
    """Cookies and tabs of one person; errors of scripts in any of the tabs fail the test.

    `options` are those of Playwright's `new_context`.
    """
    context = await browser.new_context(**{"locale": "vi-VN", "viewport": _SCREEN, **options})
    errors: list[str] = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    yield context
    await context.close()
    assert errors == []


@asynccontextmanager
async def one_page(**options: Any) -> AsyncIterator[Page]:
    """One person with one tab, in a browser of their own; see `somebody`."""
    async with chromium() as browser, somebody(browser, **options) as context:
        yield await context.new_page()


async def sign_in(page: Page, url: str, email: str = OWNER, password: str = PASSWORD) -> None:
    """By the form that `url` leads to; what lies behind it begins to load."""
    await page.goto(url)
    await page.get_by_test_id("email").fill(email)
    await page.get_by_test_id("password").fill(password)
    await page.get_by_test_id("submit").click()


async def sign_in_by_labels(page: Page, url: str, email: str = OWNER) -> None:
    """By what everybody sees, until the inbox is there."""
    await page.goto(url)
    await page.get_by_label("Email").fill(email)
    await page.get_by_label("Mật khẩu", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Đăng nhập").click()
    await expect(page.get_by_role("button", name="Tài khoản và cài đặt")).to_be_visible()


async def connected(page: Page) -> None:
    """What happens from now on reaches the page by itself."""
    await expect(page.get_by_test_id("connection")).to_have_attribute("data-state", "open")
