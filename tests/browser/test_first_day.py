"""A first day at the inbox: all is found by what it says, nothing by what it is called inside.

No test ids here: somebody new, or a screen reader, has only labels and roles.
"""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from inbox.clock import SystemClock
from inbox.conversations.model import Channel
from inbox.mongo.client import Mongo
from inbox.ports import Messenger
from tests.chromium import one_page, sign_in_by_labels
from tests.fake_messenger import FakeMessenger, FakePlatform
from tests.ingest import facebook_message
from tests.service import running_service

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


async def write_a_script(page: Page) -> None:
    await page.get_by_role("button", name="Tài khoản và cài đặt").click()
    await page.get_by_role("menuitem", name="Cài đặt").click()
    await page.get_by_role("link", name="Kịch bản hẹn giờ").click()
    await page.get_by_role("button", name="Tạo kịch bản").first.click()
    await page.get_by_label("Tên kịch bản").fill("Hỏi thăm sau mua")
    await page.get_by_role("textbox", name="Nội dung").fill(
        "Chào {{name, bạn}}, hàng dùng tốt chứ ạ?"
    )
    await page.get_by_role("switch", name="Bật kịch bản").click()
    save = page.get_by_role("button", name="Lưu")
    await save.click()
    await expect(save).to_be_disabled()  # there is nothing left to save
    await page.get_by_role("link", name="Kịch bản hẹn giờ").click()
    await page.get_by_role("link", name="Về hộp thư").click()


async def answer(page: Page) -> None:
    row = page.get_by_role("list", name="Hội thoại").get_by_role("link")
    await expect(row).to_have_count(1)
    await row.click()
    messages = page.get_by_label("Tin nhắn", exact=True)
    await expect(messages.get_by_text("Còn size L không shop?")).to_be_visible()
    await page.get_by_role("textbox", name="Soạn tin").fill("Dạ còn ạ, chị lấy màu nào?")
    await page.get_by_role("button", name="Gửi", exact=True).click()
    await expect(messages.get_by_text("Dạ còn ạ, chị lấy màu nào?")).to_be_visible()
    await expect(messages.get_by_text("Đã gửi")).to_be_visible()


async def add_a_tag(page: Page) -> None:
    await page.get_by_role("button", name="Gắn thẻ").click()
    await page.get_by_role("combobox", name="Tìm hoặc thêm thẻ").fill("Khách sỉ")
    await page.get_by_role("option", name="Thêm mới “Khách sỉ”").click()
    await expect(page.get_by_role("button", name="Gỡ thẻ Khách sỉ")).to_be_visible()
    await page.keyboard.press("Escape")


async def attach_a_script(page: Page) -> None:
    await page.get_by_role("button", name="Gắn kịch bản").click()
    await page.get_by_role("option", name="Hỏi thăm sau mua").click()
    await page.get_by_role("button", name="Gắn 1 kịch bản").click()
    await expect(page.get_by_text("Đã gắn “Hỏi thăm sau mua”")).to_be_visible()
    await expect(page.get_by_role("button", name="Gỡ Hỏi thăm sau mua")).to_be_visible()


async def test_somebody_new_finds_everything_by_what_it_says(
    mongo: Mongo, mongo_uri: str, tmp_path: Path
) -> None:
    """S0.01, S0.13 and S0.16: an answer, a new tag in one step, a script for this customer."""
    platform = FakePlatform()
    messengers: dict[Channel, Messenger] = {"facebook": FakeMessenger(platform)}
    async with running_service(mongo, mongo_uri, tmp_path, messengers=messengers) as service:
        now_ms = int(SystemClock().now().timestamp() * 1000)
        body = facebook_message("Còn size L không shop?", mid="m_1", at=now_ms)
        assert await service.post_facebook(body) == 200
        async with one_page() as page:
            await sign_in_by_labels(page, service.url)
            await write_a_script(page)
            await answer(page)
            await add_a_tag(page)
            await attach_a_script(page)

    assert platform.texts[0] == "Dạ còn ạ, chị lấy màu nào?"
    customer = await mongo["customers"].find_one({})
    tag = await mongo["tags"].find_one({"name": "Khách sỉ"})
    assert customer is not None
    assert tag is not None
    assert customer["tag_ids"] == [tag["_id"]]
    assert await mongo["enrolments"].count_documents({"customer_id": customer["_id"]}) == 1
