"""The inbox by keys alone, in a real browser; and what tells somebody who looks elsewhere."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from inbox.mongo.client import Mongo
from tests.sidebar_desk import ANH, SidebarDesk, sidebar_desk

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


COUNT_ASKING = """() => {
  window.asked = 0
  const ask = Notification.requestPermission.bind(Notification)
  Notification.requestPermission = () => { asked += 1; return ask() }
}"""


@pytest.fixture
async def desk(mongo: Mongo, mongo_uri: str, tmp_path: Path) -> AsyncIterator[SidebarDesk]:
    async with sidebar_desk(mongo, mongo_uri, tmp_path) as desk:
        await desk.facebook_writes("Shop ơi, còn hàng không?", mid="m_1")
        await desk.zalo_writes("Cho mình hỏi giá", mid="z_1", name="Lê Minh Châu")
        yield desk


async def make_tag(page: Page, name: str) -> None:
    """And take it off again, so that it is only in the catalogue."""
    await page.keyboard.press("t")
    await expect(page.get_by_test_id("tag-search")).to_be_focused()
    await page.keyboard.type(name)
    await expect(page.get_by_test_id("tag-new")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("block-tags").get_by_role("listitem")).to_have_count(2)
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("tag-picker")).to_have_count(0)
    await page.keyboard.press("1")
    await expect(page.get_by_text(f"Đã gỡ thẻ “{name}”")).to_be_visible()


async def write_a_note(page: Page) -> None:
    """What is typed is text, whatever keys it is made of."""
    await page.keyboard.press("n")
    composer = page.get_by_test_id("composer-text")
    await expect(composer).to_be_focused()
    await expect(page.get_by_test_id("composer")).to_have_attribute("data-note", "true")
    await page.keyboard.type("urnc a t 123 ? gọi lại")
    await expect(composer).to_have_value("urnc a t 123 ? gọi lại")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("message")).to_have_count(2)
    note = page.get_by_test_id("message").last
    await expect(note).to_have_attribute("data-internal", "true")
    await expect(note).to_contain_text("Ghi chú nội bộ")
    await page.keyboard.press("Escape")
    await expect(page.get_by_label("Tin nhắn", exact=True)).to_be_focused()


async def test_a_conversation_is_worked_through_by_keys_alone(desk: SidebarDesk) -> None:
    """X.INB.03: next unread, note, tag by number, assign, close; typing triggers none of them."""
    async with desk.signed_in() as page:
        await expect(page.get_by_test_id("conversation-row")).to_have_count(2)
        await page.keyboard.press("u")
        await expect(page.get_by_test_id("customer-name")).to_have_text(ANH)
        await write_a_note(page)
        await make_tag(page, "Khách sỉ")
        await page.keyboard.press("1")
        await expect(page.get_by_text("Đã gắn thẻ “Khách sỉ”")).to_be_visible()

        await page.keyboard.press("a")
        await expect(page.get_by_test_id("people-dialog-add")).to_be_visible()
        await page.keyboard.press("c")  # belongs to the dialog: nothing is closed behind it
        await page.keyboard.press("Escape")
        await page.keyboard.press("c")
        await expect(page.get_by_test_id("status-open")).to_be_visible()
        await page.keyboard.press("c")
        await expect(page.get_by_test_id("status-closed")).to_be_visible()

        await page.keyboard.press("u")
        await expect(page.get_by_test_id("customer-name")).to_have_text("Lê Minh Châu")
        await page.keyboard.press("r")
        await expect(page.get_by_test_id("composer")).to_have_attribute("data-note", "false")
        await expect(page.get_by_test_id("composer-text")).to_be_focused()


async def test_the_help_lists_the_keys_and_turns_letters_off(desk: SidebarDesk) -> None:
    async with desk.at_customer() as page:
        await page.keyboard.press("?")
        dialog = page.get_by_role("dialog", name="Phím tắt")
        await expect(dialog).to_contain_text("Hội thoại chưa đọc kế tiếp")
        await dialog.get_by_label("Dùng phím tắt chữ và số").uncheck()
        await page.keyboard.press("Escape")
        await expect(dialog).to_have_count(0)

        await page.keyboard.press("n")
        await page.keyboard.press("?")
        await page.keyboard.press("ArrowDown")
        await expect(page.get_by_test_id("customer-name")).to_have_text("Lê Minh Châu")
        await expect(page.get_by_test_id("composer")).to_have_attribute("data-note", "false")
        await expect(dialog).to_have_count(0)
        await page.get_by_test_id("account-menu").click()
        await page.get_by_test_id("open-keys").click()
        await expect(dialog).to_be_visible()  # by the mouse it is always there


async def test_who_looks_elsewhere_sees_new_messages_in_the_title(desk: SidebarDesk) -> None:
    async with desk.signed_in() as page:
        await expect(page.get_by_test_id("connection")).to_have_attribute("data-state", "open")
        await page.evaluate(COUNT_ASKING)
        await page.context.grant_permissions(["notifications"])
        await page.evaluate("document.hasFocus = () => false")
        await desk.facebook_writes("Alo shop?", mid="m_2")
        await expect(page).to_have_title("(1) Hộp thư")

        assert await page.evaluate("asked") == 0  # nothing is asked for unless somebody presses
        await page.get_by_test_id("account-menu").click()
        await page.get_by_test_id("my-notifications").click()
        await page.get_by_test_id("account-menu").click()
        await expect(page.get_by_test_id("my-notifications")).to_contain_text("Bật")
        assert await page.evaluate("asked") == 1
        await page.evaluate(
            "document.hasFocus = () => true; window.dispatchEvent(new Event('focus'))"
        )
        await expect(page).to_have_title("Hộp thư")


async def test_colleagues_are_seen_to_have_the_conversation_open(desk: SidebarDesk) -> None:
    async with desk.two_at_customer() as (owner, _):
        await expect(owner.get_by_test_id("thread-viewers")).to_contain_text("Lan đang xem")
