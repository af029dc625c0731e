"""A list of very many conversations in a real browser: few are in the page, all are reachable."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from benchmarks.seed import Block
from inbox.clock import SystemClock
from inbox.mongo.client import Mongo
from tests.ingest import facebook_message
from tests.sidebar_desk import SidebarDesk, sidebar_desk
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

MOST_NODES = 2000
LIST = '[data-testid="conversation-list"]'
ROWS = f"{LIST} li[aria-posinset]"


@pytest.fixture
async def desk(mongo: Mongo, mongo_uri: str, tmp_path: Path) -> AsyncIterator[SidebarDesk]:
    """A desk of a thousand customers who wrote once each, and are answered."""
    async with sidebar_desk(mongo, mongo_uri, tmp_path) as desk:
        bot = await mongo["bots"].find_one({})
        assert bot is not None
        documents = Block(0).documents
        threads = [{**one, "bot_id": bot["_id"]} for one in documents["conversations"]]
        await mongo["customers"].insert_many(documents["customers"])
        await mongo["conversations"].insert_many(threads)
        yield desk


async def read_to_the_end(page: Page, count: int) -> None:
    """Scroll down, page by page, until the last of so many conversations is there."""
    await expect(page.locator(ROWS).first).to_be_visible()

    async def is_end() -> bool:
        await page.locator(LIST).evaluate("list => list.scrollTo(0, list.scrollHeight)")
        return await page.locator(f'{LIST} li[aria-posinset="{count}"]').count() == 1

    await until(is_end)
    await expect(page.locator(ROWS).last).to_have_attribute("aria-setsize", str(count))


def row_at(page: Page, place: int) -> Locator:
    """The row at this place, counted from 1."""
    return page.locator(f'{LIST} li[aria-posinset="{place}"] a')


async def top_of(row: Locator) -> float:
    box = await row.bounding_box()
    assert box is not None
    return box["y"]


async def news(desk: SidebarDesk, text: str) -> None:
    at = int((SystemClock().now() - timedelta(minutes=1)).timestamp() * 1000)
    body = facebook_message(text, mid=f"m_{text}", at=at)
    assert await desk.service.post_facebook(body) == 200


async def test_a_thousand_conversations_are_read_through_with_few_nodes_in_the_page(
    desk: SidebarDesk,
) -> None:
    async with desk.signed_in() as page:
        await read_to_the_end(page, 1000)
        nodes = await page.evaluate("document.querySelectorAll('*').length")
        assert nodes < MOST_NODES

        await page.locator(LIST).evaluate("list => list.scrollTo(0, list.scrollHeight / 2)")
        seen = row_at(page, 505)
        await expect(seen).to_be_in_viewport()
        name, before = await seen.inner_text(), await top_of(seen)
        await news(desk, "Shop ơi, còn hàng không?")
        shifted = row_at(page, 506)
        await expect(shifted).to_have_text(name, use_inner_text=True)
        await expect(shifted).to_be_in_viewport()
        assert await top_of(shifted) == pytest.approx(before, abs=2)  # nothing jumped

        await page.locator(LIST).evaluate("list => list.scrollTo(0, 0)")
        new = page.locator(ROWS).filter(has_text="còn hàng không")
        await expect(new).to_be_in_viewport()
        await expect(new).to_have_attribute("aria-setsize", "1001")


async def test_the_keyboard_walks_a_long_list_and_comes_back_to_where_it_was(
    desk: SidebarDesk,
) -> None:
    async with desk.signed_in() as page:
        await expect(page.locator(ROWS).first).to_be_visible()
        for place in range(1, 46):  # past the first page
            await page.keyboard.press("ArrowDown")
            await expect(row_at(page, place)).to_be_focused()
        row = row_at(page, 45)
        await expect(row).to_be_in_viewport()
        await expect(row).to_have_attribute("aria-current", "true")

        await page.locator(LIST).evaluate("list => list.scrollTo(0, 0)")
        await expect(row).not_to_be_in_viewport()
        await expect(row).to_be_focused()  # out of sight, never gone
        await page.keyboard.press("ArrowUp")
        above = row_at(page, 44)
        await expect(above).to_be_focused()
        await expect(above).to_be_in_viewport()
        stops = page.locator(f'{LIST} a[tabindex="0"]')
        await expect(stops).to_have_count(1)  # Tab passes the list with one press


async def test_on_a_phone_the_way_back_leads_to_where_the_list_was(desk: SidebarDesk) -> None:
    async with desk.signed_in() as page:
        await page.set_viewport_size({"width": 390, "height": 844})
        await expect(page.locator(ROWS).first).to_be_visible()
        await page.locator(LIST).evaluate("list => list.scrollTo(0, 1500)")
        row = row_at(page, 24)
        await expect(row).to_be_in_viewport()
        before = await top_of(row)
        await row.click()
        await expect(row).not_to_be_visible()

        await page.get_by_role("button", name="Quay lại danh sách").click()

        await expect(row).to_be_focused()
        assert await top_of(row) == pytest.approx(before, abs=2)
