"""Canned replies in a real browser: written by a leader, put in with a slash by an agent."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from inbox.mongo.client import Mongo
from tests.sidebar_desk import SidebarDesk, sidebar_desk

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@pytest.fixture
async def desk(mongo: Mongo, mongo_uri: str, tmp_path: Path) -> AsyncIterator[SidebarDesk]:
    async with sidebar_desk(mongo, mongo_uri, tmp_path) as desk:
        yield desk


async def write(page: Page, shortcut: str, text: str) -> None:
    """Through the page of the settings."""
    await page.get_by_test_id("canned-new").click()
    await page.get_by_test_id("canned-shortcut").fill(shortcut)
    await page.get_by_test_id("canned-text").fill(text)
    await page.get_by_test_id("canned-save").click()
    row = page.get_by_test_id("canned-row").filter(has_text=text)
    await expect(row).to_be_visible()


async def test_placeholder_is_put_in_by_a_press_and_an_unknown_one_refused(
    desk: SidebarDesk,
) -> None:
    leader = await desk.hire("Minh", "manager")
    async with desk.signed_in(leader, "/settings/canned") as page:
        await page.get_by_test_id("canned-new").click()
        await page.get_by_test_id("canned-shortcut").fill("/chào")
        text = page.get_by_test_id("canned-text")
        await text.fill("Dạ {{tuoi}}")
        await page.get_by_test_id("canned-save").click()
        await expect(page.get_by_test_id("canned-refusal")).to_contain_text("tuoi")

        await text.fill("Dạ em chào ")
        await page.get_by_test_id("placeholder-given_name").click()
        await text.press_sequentially(" ạ!")
        await expect(text).to_have_value("Dạ em chào {{given_name}} ạ!")
        await page.get_by_test_id("canned-save").click()
        await expect(page.get_by_test_id("canned-row")).to_contain_text("/chào")


async def test_slash_offers_replies_and_puts_one_in_filled_for_the_customer(
    desk: SidebarDesk,
) -> None:
    """X.INB.05: found by shortcut or words, chosen by keys alone; nothing is sent by it."""
    await desk.facebook_writes("Shop ơi", mid="m_1")
    leader = await desk.hire("Minh", "manager")
    async with desk.signed_in(leader, "/settings/canned") as page:
        await write(page, "chào", "Dạ em chào {{given_name}} ạ!")
        await write(page, "ship", "Phí giao hàng là 30k ạ")

    async with desk.at_customer() as page:
        writing = page.get_by_test_id("composer-text")
        await writing.press_sequentially("/")
        await expect(page.get_by_test_id("canned-option")).to_have_count(2)
        await writing.press_sequentially("giao")
        await expect(page.get_by_test_id("canned-option")).to_contain_text(["/ship"])
        await writing.press("Escape")
        await expect(page.get_by_test_id("canned-list")).to_be_hidden()

        await writing.fill("")
        await writing.press_sequentially("Alo, /ch")
        await expect(page.get_by_test_id("canned-option")).to_have_count(1)
        await writing.press("Enter")
        await expect(writing).to_have_value("Alo, Dạ em chào Ánh ạ!")
        await expect(writing).to_be_focused()
        await expect(page.get_by_test_id("message")).to_have_count(1)


async def test_manager_edits_and_deletes_a_reply(desk: SidebarDesk) -> None:
    leader = await desk.hire("Minh", "manager")
    async with desk.signed_in(leader, "/settings/canned") as page:
        await write(page, "gia", "Giá 250k")
        await page.get_by_test_id("canned-edit").click()
        await page.get_by_test_id("canned-text").fill("Giá 260k")
        await page.get_by_test_id("canned-save").click()
        await expect(page.get_by_test_id("canned-row")).to_contain_text("260k")
        await expect(page.get_by_test_id("canned-edit")).to_be_focused()

        await page.get_by_test_id("canned-delete").click()
        await page.get_by_test_id("canned-delete-sure").click()
        await expect(page.get_by_test_id("canned-row")).to_have_count(0)
    assert await desk.mongo["canned_replies"].count_documents({}) == 0
