"""Writing timed scripts in a real browser: made, edited, warned about, copied, deleted."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from inbox.conversations.model import Channel
from inbox.mongo.client import Mongo
from inbox.ports import Messenger
from tests.browser.settings_page import settings_page
from tests.fake_messenger import FakeMessenger, FakePlatform
from tests.service import RunningService, running_service

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@pytest.fixture
async def service(mongo: Mongo, mongo_uri: str, tmp_path: Path) -> AsyncIterator[RunningService]:
    messengers: dict[Channel, Messenger] = {"facebook": FakeMessenger(FakePlatform())}
    async with running_service(mongo, mongo_uri, tmp_path, messengers=messengers) as running:
        yield running


@asynccontextmanager
async def open_scripts(url: str) -> AsyncIterator[Page]:
    """From the inbox to the list of scripts, once it is there."""
    async with settings_page(url, "scripts") as page:
        await expect(page.get_by_test_id("script-new")).to_be_enabled()
        yield page


async def write_first_step(page: Page) -> None:
    await page.get_by_test_id("script-new").click()
    await page.get_by_test_id("script-name").fill("Chăm sóc sau mua")
    first = page.get_by_test_id("step").first
    await first.get_by_test_id("step-text").fill("Chào ")
    await first.get_by_test_id("put-name").click()
    await expect(first.get_by_test_id("step-text")).to_have_value("Chào {{name, bạn}}")
    await expect(page.get_by_test_id("axis-step")).to_have_count(1)
    await expect(page.get_by_test_id("step-warning")).to_have_count(0)


async def try_on_an_invented_customer(page: Page) -> None:
    """The draft, not saved yet, as somebody would get it."""
    await page.get_by_test_id("tab-try").click()
    bubble = page.get_by_test_id("trial-bubble")
    await expect(bubble).to_have_text("Chào Nguyễn Thị Lan")
    await page.get_by_test_id("trial-name").fill("")
    await expect(bubble).to_have_text("Chào bạn")
    await page.get_by_test_id("trial-start").fill("2027-03-01T10:00")
    await page.get_by_test_id("trial-start").press("Tab")
    await expect(page.get_by_test_id("trial-time")).to_contain_text("11:00")
    await expect(page.get_by_test_id("trial-time")).to_contain_text("1/3/2027")
    await expect(page.get_by_test_id("trial-why")).to_have_text("1 giờ sau khi gắn kịch bản.")
    await page.get_by_test_id("tab-try").press("ArrowLeft")
    await expect(page.get_by_test_id("axis-start")).to_have_value("2027-03-01T10:00")


async def write_second_step(page: Page) -> None:
    """With a mistake that is told and mended, and a delay that is warned about."""
    await page.get_by_test_id("step-add").click()
    second = page.get_by_test_id("step").nth(1)
    await second.get_by_test_id("step-text").fill("Hàng dùng tốt chứ {{tên}}?")
    await expect(second.get_by_test_id("content-wrong")).to_contain_text("tên")
    await second.get_by_test_id("step-text").fill("Hàng dùng tốt chứ ạ?")
    await expect(second.get_by_test_id("content-wrong")).to_have_count(0)
    await second.get_by_test_id("when-n").fill("3")
    await second.get_by_test_id("when-unit").select_option("day")
    warning = second.get_by_test_id("step-warning").first
    await expect(warning).to_contain_text("24 giờ")
    await expect(page.get_by_test_id("axis-step")).to_have_count(2)
    await page.get_by_test_id("script-on").click()
    await page.get_by_test_id("script-save").click()
    await expect(page).to_have_url(re.compile(r"/settings/scripts/\w+/(?!new)\w+$"))
    await expect(page.get_by_test_id("script-save")).to_be_disabled()


async def change_the_order(page: Page) -> None:
    """Down by keyboard, up again by dragging."""
    await page.get_by_test_id("step").first.get_by_test_id("step-down").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("step-text").first).to_have_value("Hàng dùng tốt chứ ạ?")
    await page.get_by_test_id("step-grip").nth(1).drag_to(page.get_by_test_id("step").first)
    await expect(page.get_by_test_id("step-text").first).to_have_value("Chào {{name, bạn}}")
    await page.get_by_test_id("step-text").first.fill("Xin chào {{name, bạn}}")
    await page.get_by_test_id("script-save").click()
    await expect(page.get_by_test_id("script-save")).to_be_disabled()
    await page.get_by_test_id("tab-report").click()
    await expect(page.get_by_test_id("report-enrolled")).to_have_text("0")


async def copy_and_delete(page: Page) -> None:
    await page.get_by_role("link", name="Kịch bản hẹn giờ").click()
    await page.get_by_test_id("script-clone").click()
    rows = page.get_by_test_id("script-row")
    await expect(rows).to_have_count(2)
    await expect(rows.nth(1)).to_contain_text("Chăm sóc sau mua (bản sao)")
    await expect(rows.nth(1).get_by_role("switch")).not_to_be_checked()
    await rows.nth(1).get_by_test_id("script-delete").click()
    await rows.nth(1).get_by_test_id("script-delete-yes").click()
    await expect(rows).to_have_count(1)
    await rows.get_by_role("switch").click()
    await expect(rows.get_by_role("switch")).not_to_be_checked()


async def test_a_script_is_written_warned_about_copied_and_deleted(
    service: RunningService, mongo: Mongo
) -> None:
    """X.SCR.01, X.SCR.11, X.SCR.12 and X.SCR.16 in the editor, by mouse and by keyboard."""
    async with open_scripts(service.url) as page:
        await write_first_step(page)
        await try_on_an_invented_customer(page)
        await write_second_step(page)
        await change_the_order(page)
        await copy_and_delete(page)

    kept = await mongo["scripts"].find_one({"deleted_at": {"$exists": False}})
    assert kept is not None
    assert [one["content"]["text"] for one in kept["steps"]] == [
        "Xin chào {{name, bạn}}",
        "Hàng dùng tốt chứ ạ?",
    ]
    assert kept["steps"][1]["when"] == {"kind": "delay", "n": 3, "unit": "day"}
    assert kept["enabled"] is False
