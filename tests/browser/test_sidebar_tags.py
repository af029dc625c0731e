"""Tags in a real browser: attached, made, and looked after by leaders."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from inbox.mongo.client import Mongo
from tests.service import OWNER
from tests.sidebar_desk import SidebarDesk, sidebar_desk
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@pytest.fixture
async def desk(mongo: Mongo, mongo_uri: str, tmp_path: Path) -> AsyncIterator[SidebarDesk]:
    async with sidebar_desk(mongo, mongo_uri, tmp_path) as desk:
        yield desk


async def make_tags(page: Page, *names: str) -> None:
    """Through the page of the settings."""
    for name in names:
        await page.get_by_test_id("new-tag-name").fill(name)
        await page.get_by_test_id("new-tag-add").click()
        await expect(page.locator(f'[data-testid="tag-row"][data-name="{name}"]')).to_be_visible()


async def names(page: Page) -> list[str | None]:
    rows = page.get_by_test_id("tag-row")
    return [await rows.nth(at).get_attribute("data-name") for at in range(await rows.count())]


async def test_existing_tag_is_found_without_accents_and_attached_once(desk: SidebarDesk) -> None:
    """S0.12: by keys alone; a colleague sees it at once; it can be taken off again."""
    customer = await desk.facebook_writes("Shop ơi", mid="m_1")
    async with desk.signed_in(path="/settings/tags") as page:
        await make_tags(page, "Khách sỉ", "Khách lẻ", "VIP")
    async with desk.two_at_customer() as (first, second):
        await first.get_by_test_id("tag-add").click()
        await expect(first.get_by_test_id("tag-option")).to_have_count(3)
        search = first.get_by_test_id("tag-search")
        await search.fill("khach")
        await expect(first.get_by_test_id("tag-option")).to_have_count(2)
        await search.press("ArrowDown")
        await search.press("ArrowUp")
        await search.press("Enter")
        block = first.get_by_test_id("block-tags")
        await expect(block.get_by_test_id("tag-remove")).to_have_count(1)
        await search.fill("khach si")
        await search.press("Enter")  # attached already: nothing happens
        await search.press("Escape")
        await expect(first.get_by_test_id("tag-picker")).to_have_count(0)
        await expect(first.get_by_test_id("tag-add")).to_be_focused()

        theirs = second.get_by_test_id("block-tags").get_by_test_id("tag")
        await expect(theirs).to_have_text(["Khách sỉ"])
        assert len((await desk.customer(customer["_id"]))["tag_ids"]) == 1
        await second.get_by_test_id("tag-remove").click()
        await expect(block.get_by_test_id("tag")).to_have_count(0)
    assert (await desk.customer(customer["_id"]))["tag_ids"] == []


async def test_unknown_text_offers_one_new_tag_and_two_clicks_at_once_make_one(
    desk: SidebarDesk,
) -> None:
    """S0.13: both colleagues press "Thêm mới" at the same moment."""
    await desk.facebook_writes("Shop ơi", mid="m_1")
    async with desk.two_at_customer() as both:
        for page in both:
            await page.get_by_test_id("tag-add").click()
            await page.get_by_test_id("tag-search").fill("Khách  hàng thân thiết")
            new = page.get_by_test_id("tag-new")
            await expect(new).to_have_count(1)
            await expect(new).to_have_text("Thêm mới “Khách hàng thân thiết”")
            await expect(page.get_by_test_id("tag-option")).to_have_count(0)

        await asyncio.gather(*(_click_twice(page) for page in both))

        for page in both:
            shown = page.get_by_test_id("block-tags").locator(".chip:has(button)")
            await expect(shown).to_have_text(["Khách hàng thân thiết"])
    assert await desk.mongo["tags"].count_documents({}) == 1


async def _click_twice(page: Page) -> None:
    """Where "Thêm mới" stands; after the first click it may have gone from under the mouse."""
    box = await page.get_by_test_id("tag-new").bounding_box()
    assert box is not None
    await page.mouse.dblclick(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def row_of(page: Page, name: str) -> Locator:
    return page.locator(f'[data-testid="tag-row"][data-name="{name}"]')


async def test_leader_puts_tags_in_order_by_keys_and_by_dragging(desk: SidebarDesk) -> None:
    leader = await desk.hire("Minh", "manager")
    async with desk.signed_in(leader, "/settings/tags") as page:
        await expect(page.get_by_test_id("settings-canned")).to_be_visible()
        await expect(page.get_by_test_id("settings-accounts")).to_have_count(0)
        await make_tags(page, "Một", "Hai", "Ba")
        grip = row_of(page, "Ba").get_by_test_id("tag-grip")
        await grip.focus()
        await grip.press("ArrowUp")
        await expect(grip).to_be_focused()
        await grip.press("ArrowUp")
        await expect(page.get_by_text("Ba: vị trí 1 trên 3")).to_be_attached()
        assert await names(page) == ["Ba", "Một", "Hai"]

        await row_of(page, "Hai").get_by_test_id("tag-grip").drag_to(row_of(page, "Ba"))
        await expect(page.get_by_test_id("tag-row").first).to_have_attribute("data-name", "Hai")
        await until(lambda: _stored_order(desk, ["Hai", "Ba", "Một"]))
        await page.reload()
        await expect(page.get_by_test_id("tag-row")).to_have_count(3)
        assert await names(page) == ["Hai", "Ba", "Một"]


async def _stored_order(desk: SidebarDesk, wanted: list[str]) -> bool:
    found = await desk.mongo["tags"].find({}).sort("position", 1).to_list()
    return [tag["name"] for tag in found] == wanted


async def test_leader_renames_and_colours_but_no_two_tags_are_called_the_same(
    desk: SidebarDesk,
) -> None:
    leader = await desk.hire("Minh", "manager")
    async with desk.signed_in(leader, "/settings/tags") as page:
        await make_tags(page, "Hai", "Ba")
        row = row_of(page, "Ba")
        await row.get_by_test_id("tag-edit").click()
        await row.get_by_test_id("tag-name").fill("HAI")
        await row.get_by_test_id("tag-save").click()
        await expect(row.get_by_role("alert")).to_contain_text("Đã có thẻ “Hai”")
        await row.get_by_test_id("tag-name").fill("Bốn")
        await row.locator("label", has_text="Hồng").click()
        await row.get_by_test_id("tag-save").click()
        chip = row_of(page, "Bốn").get_by_test_id("tag")
        await expect(chip).to_have_attribute("data-colour", "pink")


async def test_leader_deletes_a_tag_only_when_all_its_customers_were_confirmed(
    desk: SidebarDesk,
) -> None:
    customer = await desk.facebook_writes("Shop ơi", mid="m_1")
    leader = await desk.hire("Minh", "manager")
    async with desk.signed_in(leader, "/settings/tags") as page:
        await make_tags(page, "Cũ")
        tag = await desk.mongo["tags"].find_one({})
        assert tag is not None
        row = row_of(page, "Cũ")
        await row.get_by_test_id("tag-delete").click()
        await expect(row).to_contain_text("gỡ khỏi 0 khách")
        await desk.give(customer["_id"], tag_ids=[tag["_id"]])  # somebody else, meanwhile
        await row.get_by_test_id("tag-delete-sure").click()
        await expect(row.get_by_role("alert")).to_contain_text("1 khách hàng")
        await expect(row.get_by_test_id("tag-delete-sure")).to_contain_text("1 khách")
        await row.get_by_test_id("tag-delete-sure").click()
        await expect(row).to_have_count(0)
    await until(lambda: _has_no_tags(desk, customer["_id"]))


async def _has_no_tags(desk: SidebarDesk, customer_id: str) -> bool:
    return not (await desk.customer(customer_id))["tag_ids"]


async def test_retired_tag_stays_where_it_is_and_is_offered_no_more(desk: SidebarDesk) -> None:
    """S0.12: the picker lists active tags."""
    await desk.facebook_writes("Shop ơi", mid="m_1")
    async with desk.signed_in(OWNER, "/settings/tags") as page:
        await make_tags(page, "Một", "Hai")
        async with desk.at_customer() as inbox:
            await inbox.get_by_test_id("tag-add").click()
            await inbox.get_by_test_id("tag-option").filter(has_text="Một").click()
            shown = inbox.get_by_test_id("block-tags").locator(".chip:has(button)")
            await expect(shown).to_have_count(1)
            await row_of(page, "Một").get_by_test_id("tag-retire").click()
            await expect(row_of(page, "Một")).to_contain_text("ngừng dùng")

            await expect(shown).to_contain_text("ngừng dùng")  # told live
            await expect(inbox.get_by_test_id("tag-option")).to_have_text(["Hai"])
            await inbox.get_by_test_id("tag-search").fill("mot")
            await expect(inbox.get_by_test_id("tag-picker")).to_contain_text("ngừng dùng")
            await expect(inbox.get_by_test_id("tag-new")).to_have_count(0)


async def test_sale_is_led_away_from_the_settings(desk: SidebarDesk) -> None:
    sale = await desk.hire("Lan", "sale")
    async with desk.signed_in(sale, "/settings/tags") as page:
        await expect(page.get_by_test_id("account-menu")).to_be_visible()
        assert page.url.endswith("/inbox")
        await page.get_by_test_id("account-menu").click()
        await expect(page.get_by_test_id("sign-out")).to_be_visible()
        await expect(page.get_by_test_id("open-settings")).to_have_count(0)
