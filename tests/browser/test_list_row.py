"""A row of the conversation list in a real browser: everything about it changes live."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from inbox.clock import SystemClock
from inbox.conversations.model import Channel
from inbox.mongo.client import Mongo
from inbox.ports import Messenger
from tests.browser.only_thread import open_thread
from tests.fake_messenger import FakeMessenger, FakePlatform
from tests.ingest import facebook_message
from tests.service import RunningService, running_service
from tests.sidebar_desk import ANH, sidebar_desk

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@pytest.fixture
async def service(mongo: Mongo, mongo_uri: str, tmp_path: Path) -> AsyncIterator[RunningService]:
    messengers: dict[Channel, Messenger] = {"facebook": FakeMessenger(FakePlatform())}
    async with running_service(mongo, mongo_uri, tmp_path, messengers=messengers) as running:
        yield running


async def test_the_row_shows_what_was_said_by_whom_and_the_tags_live(
    service: RunningService,
) -> None:
    """X.INB.02: last message and its writer, initials of the staff, time, tags."""
    now_ms = int(SystemClock().now().timestamp() * 1000)
    await service.post_facebook(facebook_message("Còn size L không?", mid="m_1", at=now_ms))
    async with open_thread(service.url) as page:
        row = page.get_by_test_id("conversation-row")
        await expect(row).to_contain_text("Còn size L không?")
        await expect(row.locator("time")).to_have_text("Vừa xong")
        await expect(row.get_by_test_id("row-carer")).to_have_count(0)

        await page.get_by_test_id("composer-text").fill("Dạ còn ạ")
        await page.get_by_test_id("composer-text").press("Enter")
        await expect(row).to_contain_text("Dạ còn ạ")
        await expect(row).to_contain_text("Nhân viên:")  # for readers; a drawn arrow for eyes
        name = await page.get_by_test_id("account-menu").locator("strong").inner_text()
        await expect(row.get_by_test_id("row-carer")).to_contain_text(f"Phụ trách: {name}")

        await page.get_by_test_id("tag-add").click()
        for tag in ("Khách sỉ", "Hẹn gọi lại", "VIP"):
            await page.get_by_test_id("tag-search").fill(tag)
            await page.get_by_test_id("tag-new").click()
            await expect(page.get_by_test_id("block-tags").locator(".chip")).not_to_have_count(0)
        await expect(row.get_by_test_id("tag")).to_have_text(["Khách sỉ", "Hẹn gọi lại"])
        await expect(row.get_by_title("VIP")).to_have_text("+1 thẻ")


async def test_the_list_is_of_a_tag_and_whoever_gets_it_joins_live(
    mongo: Mongo, mongo_uri: str, tmp_path: Path
) -> None:
    """S1.20: the list filters by tag; the address keeps it, and a press takes it away."""
    async with sidebar_desk(mongo, mongo_uri, tmp_path) as desk:
        await desk.facebook_writes("Shop ơi", mid="m_1")
        await desk.zalo_writes("Alo", mid="z_1", name="Lê Minh Châu")
        async with desk.at_customer() as page, desk.at_customer(name="Lê Minh Châu") as other:
            await attach_new_tag(page, "VIP")
            await page.get_by_test_id("filter-tag").filter(has_text="VIP").click()
            rows = page.get_by_test_id("conversation-row")
            await expect(rows).to_have_count(1)
            await expect(rows).to_contain_text(ANH)
            assert "tag=" in page.url

            await other.get_by_test_id("tag-add").click()
            await other.get_by_test_id("tag-option").filter(has_text="VIP").click()
            await expect(rows).to_have_count(2)
            await page.get_by_test_id("filter-tag").click()
            await expect(page.get_by_test_id("filter-tag")).to_have_attribute(
                "aria-pressed", "false"
            )


async def attach_new_tag(page: Page, name: str) -> None:
    await page.get_by_test_id("tag-add").click()
    await page.get_by_test_id("tag-search").fill(name)
    await page.get_by_test_id("tag-new").click()
    await expect(page.get_by_test_id("block-tags").get_by_test_id("tag-remove")).to_have_count(1)
