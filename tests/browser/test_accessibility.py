"""Every page of the web UI before axe, in light and dark: WCAG 2.2 at the levels A and AA."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from inbox.mongo.client import Mongo
from tests.service import OWNER, PASSWORD
from tests.sidebar_desk import SidebarDesk, sidebar_desk

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

WEB = Path(__file__).parents[2] / "web"
AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RUN = """
async (levels) => {
  const found = await axe.run(document, { runOnly: { type: 'tag', values: levels } })
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}\\n${failureSummary}`))
}
"""
SETTLED = """
() => document.querySelector('.bone, [aria-busy="true"], .el-loading-mask') === null
  && document.getAnimations().every(({ playState }) => playState !== 'running')
"""
VISITED = {
    "/sign-in",
    "/inbox/:conversationId?",
    "/reset-password",
    "/sidebar",
    "/frame-sign-in",
}
"""What is not found by following the navigation of the settings."""


@pytest.fixture
async def desk(mongo: Mongo, mongo_uri: str, tmp_path: Path) -> AsyncIterator[SidebarDesk]:
    """A customer with a phone number to suggest, tags, a note, and somebody who waits."""
    async with sidebar_desk(mongo, mongo_uri, tmp_path) as desk:
        await desk.facebook_writes("Em lấy 2 áo, số em 0912 345 678", mid="m_1")
        await desk.zalo_writes("Shop còn hàng không ạ?", mid="z_1", name="Lê Minh Châu")
        await mongo["conversations"].update_one({"channel": "zalo"}, {"$set": {"unread": 12}})
        yield desk


class Watched:
    """A page, and what axe has found so far on the places that were looked at."""

    def __init__(self, page: Page, theme: str) -> None:
        self.page = page
        self.found: list[str] = []
        self._theme = theme

    async def look(self, place: str) -> None:
        await self.page.wait_for_function(SETTLED)
        await self.page.evaluate(AXE.read_text(encoding="utf-8"))
        self.found += [
            f"{place} ({self._theme}): {one}" for one in await self.page.evaluate(RUN, LEVELS)
        ]

    async def visit(self, path: str) -> None:
        await self.page.goto(path)
        await expect(self.page.locator("main").first).to_be_visible()
        await self.look(path)


async def sign_in(watched: Watched) -> None:
    page = watched.page
    await page.goto("/inbox")
    await expect(page.get_by_test_id("sign-in-form")).to_be_visible()
    await watched.look("/sign-in")
    await page.get_by_test_id("email").fill(OWNER)
    await page.get_by_test_id("password").fill("sai-mat-khau-roi")
    await page.get_by_test_id("submit").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await watched.look("/sign-in, refused")
    await page.get_by_test_id("password").fill(PASSWORD)
    await page.get_by_test_id("submit").click()


async def look_at_the_inbox(watched: Watched) -> None:
    """The list alone, what a search finds, and a conversation with its sidebar."""
    page = watched.page
    await expect(page.get_by_test_id("conversation-row")).to_have_count(2)
    await watched.look("/inbox")
    await page.get_by_test_id("search").fill("shop")
    await expect(page.get_by_test_id("found").first).to_be_visible()
    await watched.look("/inbox, searching")
    await page.get_by_test_id("search").fill("")
    await expect(page.get_by_test_id("conversation-row")).to_have_count(2)
    await page.get_by_test_id("conversation-row").first.click()
    await expect(page.get_by_test_id("message").first).to_be_visible()
    await expect(page.get_by_test_id("customer-name")).to_be_visible()
    await page.get_by_test_id("composer-note").click()
    await page.get_by_test_id("composer-text").fill("Khách quen")
    await page.get_by_test_id("composer-text").press("Enter")
    await expect(page.get_by_test_id("message")).to_have_count(2)
    await watched.look("/inbox/:conversationId, as a note")
    await page.get_by_test_id("tag-add").click()
    await page.get_by_test_id("tag-search").fill("Khách sỉ")
    await expect(page.get_by_test_id("tag-new")).to_be_visible()
    await watched.look("/inbox/:conversationId, choosing tags")
    await page.get_by_test_id("tag-new").click()
    await page.keyboard.press("Escape")
    await look_at_what_opens(watched)


async def look_at_what_opens(watched: Watched) -> None:
    """The history of the customer, the help, and the account menu."""
    page = watched.page
    await page.get_by_test_id("tab-timeline").click()
    await watched.look("/inbox/:conversationId, timeline")
    await page.get_by_test_id("tab-about").click()
    await page.keyboard.press("?")
    await expect(page.get_by_test_id("keys-dialog")).to_be_visible()
    await watched.look("/inbox, the keys")
    await page.keyboard.press("Escape")
    await page.get_by_test_id("account-menu").click()
    await expect(page.get_by_test_id("sign-out")).to_be_visible()
    await watched.look("/inbox, account menu")
    await page.keyboard.press("Escape")


async def look_at_the_settings(watched: Watched) -> None:
    """Whatever the navigation leads to, and the editor of scripts."""
    page = watched.page
    await page.goto("/settings")
    links = page.locator('[data-testid^="settings-"]')
    await expect(links.first).to_be_visible()
    paths = [await one.get_attribute("href") for one in await links.all()]
    assert len(paths) >= 5
    for path in paths:
        assert path is not None
        await watched.visit(path)
    await page.goto("/settings/scripts")
    await page.get_by_test_id("script-new").click()
    await expect(page.get_by_test_id("step")).to_have_count(1)
    await page.get_by_test_id("step-text").fill("Chào {{tên}}")
    await expect(page.get_by_test_id("content-wrong")).to_be_visible()
    await watched.look("/settings/scripts/:botId/new")


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_axe_finds_nothing_on_any_page(desk: SidebarDesk, theme: str) -> None:
    context = await desk.browser.new_context(
        base_url=desk.service.url,
        locale="vi-VN",
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
        viewport={"width": 1500, "height": 1000},
    )
    watched = Watched(await context.new_page(), theme)

    await sign_in(watched)
    await look_at_the_inbox(watched)
    await look_at_the_settings(watched)
    await watched.visit("/sidebar")
    await watched.visit("/reset-password#token=x")
    await watched.visit("/frame-sign-in")
    await watched.page.set_viewport_size({"width": 390, "height": 844})
    await watched.page.goto("/inbox")
    await expect(watched.page.get_by_test_id("conversation-row")).to_have_count(2)
    await watched.look("/inbox on a phone")
    await watched.page.get_by_test_id("conversation-row").last.click()
    await expect(watched.page.get_by_test_id("message").first).to_be_visible()
    await watched.look("/inbox/:conversationId on a phone")
    await watched.page.get_by_test_id("show-customer").click()
    await expect(watched.page.get_by_test_id("customer-name")).to_be_visible()
    await watched.look("/inbox/:conversationId on a phone, the customer")
    await context.close()

    assert watched.found == [], "\n\n".join(watched.found)


def test_no_page_of_the_router_is_forgotten() -> None:
    """Pages of the settings are found by their navigation; others have to be named here."""
    source = (WEB / "src" / "router.ts").read_text(encoding="utf-8")
    named = set(re.findall(r"\{\s*path: '([^']+)'", source)) | {"/frame-sign-in"}
    pages = {one for one in named if not one.startswith(("/settings", "/:rest")) and one != "/"}

    assert pages == VISITED
