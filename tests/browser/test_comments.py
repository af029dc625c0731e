"""Comments in a real browser: answered in public and privately, hidden, taken back, all live."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from app.demo.setup import OWNER_EMAIL, PASSWORD
from app.demo.world import Comment
from inbox.clock import FixedClock, SystemClock
from inbox.mongo.client import Mongo
from tests.chromium import one_page, sign_in
from tests.comment_service import CommentService, comment_service
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@pytest.fixture
async def shop(mongo: Mongo, mongo_uri: str, tmp_path: Path) -> AsyncIterator[CommentService]:
    clock = FixedClock(SystemClock().now())  # the browser has the clock of this machine
    async with comment_service(mongo, mongo_uri, tmp_path, clock) as shop:
        yield shop


@asynccontextmanager
async def open_thread(shop: CommentService, comment: Comment) -> AsyncIterator[Page]:
    """Signed in, with the thread of a comment open; script errors fail the test."""
    async with one_page() as page:
        await sign_in(page, shop.url, OWNER_EMAIL, PASSWORD)
        await expect(page.get_by_test_id("conversation-row").first).to_be_visible()
        await page.goto(f"{shop.url}/inbox/{shop.thread_of(comment)}")
        await expect(shown(page, shop, comment)).to_be_visible()
        await page.evaluate("window.notReloaded = true")
        yield page
        assert await page.evaluate("window.notReloaded")


def shown(page: Page, shop: CommentService, comment: Comment) -> Locator:
    return page.locator(f'[data-message="{shop.id_of(comment)}"]')


def said(page: Page, text: str) -> Locator:
    return page.get_by_test_id("message").filter(has_text=text)


async def test_a_comment_is_messaged_privately_and_leads_to_the_persons_inbox(
    shop: CommentService,
) -> None:
    comment = await shop.comments("Inbox mình giá nhé")
    async with open_thread(shop, comment) as page:
        mine = shown(page, shop, comment)
        await expect(page.get_by_test_id("post-line")).to_contain_text("Xem bài viết")
        await mine.get_by_test_id("comment-private").press("Enter")
        await expect(page.get_by_test_id("composer-private")).to_contain_text(
            "chỉ người viết bình luận thấy"
        )
        await expect(page.get_by_test_id("composer-private")).to_contain_text("còn 6 ngày")
        await expect(page.get_by_test_id("composer-send")).to_have_text("Nhắn riêng")

        await page.keyboard.type("Em chào chị, áo 250k ạ")  # the words go into the composer
        await page.keyboard.press("Enter")

        done = mine.get_by_test_id("comment-private-done")
        await expect(done).to_have_text("Đã nhắn riêng")
        await expect(said(page, "áo 250k")).to_have_count(0)
        await expect(page.get_by_test_id("composer-private")).to_have_count(0)
        await done.click()
        answer = said(page, "áo 250k")
        await expect(answer).to_have_attribute("data-status", "sent")
        await answer.get_by_test_id("private-from").click()
        await expect(shown(page, shop, comment)).to_be_visible()
        await expect(mine.get_by_test_id("comment-private")).to_have_count(0)
    [received] = shop.platforms.ledger.received
    assert (received.kind, received.text) == ("private_reply", "Em chào chị, áo 250k ạ")


async def test_a_comment_is_answered_in_public_and_the_answer_taken_back(
    shop: CommentService,
) -> None:
    first = await shop.comments("Giá sao shop?")
    await shop.comments("Mình cũng hỏi", under=first, person=1)
    async with open_thread(shop, first) as page:
        await expect(page.get_by_test_id("window-left")).to_contain_text("công khai")
        await shown(page, shop, first).get_by_test_id("comment-reply").click()
        await expect(page.get_by_test_id("composer-quote")).to_contain_text(first.text)
        await page.get_by_test_id("composer-text").fill("Dạ 25k ạ")
        await page.get_by_test_id("composer-send").click()
        answer = page.locator('[data-testid="message"][data-direction="out"]')
        await expect(answer).to_have_attribute("data-status", "sent")
        await expect(answer).to_have_count(1)

        await answer.get_by_test_id("comment-remove").press("Enter")
        await expect(answer.get_by_test_id("comment-remove-yes")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(answer).to_contain_text("đã được thu hồi")
    [received] = shop.platforms.ledger.received
    assert received.customer_id == first.id
    assert shop.platforms.world.comments[received.platform_id].removed is True


async def test_hiding_follows_the_button_and_the_platforms_own_tool(shop: CommentService) -> None:
    comment = await shop.comments("Số mình 0900000101")
    async with open_thread(shop, comment) as page:
        mine = shown(page, shop, comment)
        hide = mine.get_by_test_id("comment-hide")
        await expect(hide).to_have_text("Ẩn")
        await hide.press("Enter")
        await expect(hide).to_have_text("Hiện lại")
        await expect(hide).to_have_attribute("aria-pressed", "true")
        await expect(mine.get_by_test_id("hidden")).to_have_text("Bình luận đã ẩn")
        await until(lambda: comment.hidden)

        await shop.elsewhere_hides(comment, hidden=False)
        await expect(hide).to_have_text("Ẩn")
        await expect(mine.get_by_test_id("hidden")).to_have_count(0)


async def test_what_the_platform_refuses_stands_with_its_reason(shop: CommentService) -> None:
    comment = await shop.comments("Inbox nhé")
    comment.answered_privately = True
    async with open_thread(shop, comment) as page:
        mine = shown(page, shop, comment)
        await mine.get_by_test_id("comment-private").click()
        await page.get_by_test_id("composer-text").fill("Em chào chị")
        await page.get_by_test_id("composer-send").click()
        failed = said(page, "Em chào chị")
        await expect(failed).to_have_attribute("data-status", "failed")
        reason = failed.get_by_test_id("message-reason")
        await expect(reason).to_have_text("Bình luận này đã được trả lời riêng rồi.")
        await expect(mine.get_by_test_id("comment-private")).to_be_disabled()
