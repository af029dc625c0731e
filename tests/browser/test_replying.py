"""Answering in a real browser: an agent writes, a fake channel takes it, no page is reloaded."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import FilePayload, expect

from inbox.clock import SystemClock
from inbox.conversations.model import Channel
from inbox.mongo.client import Mongo
from inbox.ports import Messenger, SendUnavailable
from tests.browser.only_thread import open_thread
from tests.fake_messenger import FakeMessenger, FakePlatform, TooBig
from tests.ingest import facebook_message
from tests.service import RunningService, running_service
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

PSID = "7312094485501276"


@dataclass(slots=True)
class Desk:
    """A running service whose page is a fake channel; `platform` is what the customer got."""

    service: RunningService
    platform: FakePlatform

    async def customer_writes(self, text: str, *, ago: timedelta = timedelta(minutes=1)) -> None:
        at = SystemClock().now() - ago
        body = facebook_message(text, mid=f"m_{text}", at=int(at.timestamp() * 1000), psid=PSID)
        assert await self.service.post_facebook(body) == 200


@pytest.fixture
async def desk(mongo: Mongo, mongo_uri: str, tmp_path: Path) -> AsyncIterator[Desk]:
    platform = FakePlatform()
    messengers: dict[Channel, Messenger] = {"facebook": FakeMessenger(platform)}
    async with running_service(mongo, mongo_uri, tmp_path, messengers=messengers) as service:
        yield Desk(service, platform)


async def test_an_answer_reaches_the_customer_and_turns_to_sent_without_reload(desk: Desk) -> None:
    """S4.18: typed and sent with Enter, shown once, its status follows by itself."""
    await desk.customer_writes("Còn size L không shop?")
    async with open_thread(desk.service.url) as page:
        await page.get_by_test_id("composer-text").fill("Dạ còn ạ")
        await page.get_by_test_id("composer-text").press("Shift+Enter")
        await page.get_by_test_id("composer-text").press_sequentially("Chị lấy màu nào?")
        await page.get_by_test_id("composer-text").press("Enter")

        answer = page.get_by_test_id("message").last
        await expect(answer).to_contain_text("Chị lấy màu nào?")
        await expect(answer).to_have_attribute("data-status", "sent")
        await expect(page.get_by_test_id("message")).to_have_count(2)
        await expect(page.get_by_test_id("composer-text")).to_have_value("")
    assert desk.platform.texts == ["Dạ còn ạ\nChị lấy màu nào?"]


async def test_a_file_goes_with_the_answer(desk: Desk) -> None:
    await desk.customer_writes("Cho xin bảng giá")
    async with open_thread(desk.service.url) as page:
        chosen: FilePayload = {
            "name": "bang-gia.txt",
            "mimeType": "text/plain",
            "buffer": b"ao len 250k",
        }
        await page.get_by_test_id("composer-files").set_input_files(chosen)
        file = page.get_by_test_id("composer-file")
        await expect(file).to_have_attribute("data-state", "ready")
        await page.get_by_test_id("composer-send").click()

        await expect(file).to_have_count(0)
        answer = page.get_by_test_id("message").last
        await expect(answer).to_contain_text("bang-gia.txt")
        await expect(answer).to_have_attribute("data-status", "sent")
    assert [one.content for one in desk.platform.taken] == ["ao len 250k"]


async def test_a_note_is_shown_to_colleagues_and_never_reaches_the_channel(desk: Desk) -> None:
    """X.INB.03: the note is in the thread; only the answer after it was sent."""
    await desk.customer_writes("Alo shop")
    async with open_thread(desk.service.url) as page:
        await page.get_by_test_id("composer-note").click()
        await page.get_by_test_id("composer-text").fill("Khách quen, giảm 10%")
        await page.get_by_test_id("composer-send").click()
        note = page.get_by_test_id("message").filter(has_text="Khách quen")
        await expect(note).to_have_attribute("data-internal", "true")

        await page.get_by_test_id("composer-note").click()
        await page.get_by_test_id("composer-text").fill("Dạ em nghe")
        await page.get_by_test_id("composer-send").click()
        answer = page.get_by_test_id("message").filter(has_text="Dạ em nghe")
        await expect(answer).to_have_attribute("data-status", "sent")
    assert desk.platform.texts == ["Dạ em nghe"]


async def test_a_failed_answer_says_why_and_is_sent_again(desk: Desk) -> None:
    await desk.customer_writes("Alo shop")
    desk.platform.faults = [TooBig()]
    async with open_thread(desk.service.url) as page:
        await page.get_by_test_id("composer-text").fill("Dạ em nghe")
        await page.get_by_test_id("composer-send").click()
        answer = page.get_by_test_id("message").last
        await expect(answer).to_have_attribute("data-status", "failed")
        await expect(answer.get_by_test_id("message-reason")).to_have_text("Tệp quá lớn.")

        await answer.get_by_test_id("message-retry").click()

        await expect(answer).to_have_attribute("data-status", "sent")
        await expect(page.get_by_test_id("message-retry")).to_have_count(0)
    assert desk.platform.texts == ["Dạ em nghe"]


async def test_the_composer_tells_how_long_the_customer_may_be_answered(desk: Desk) -> None:
    """X.INB.06: an open window shows what is left of it and what it costs."""
    await desk.customer_writes("Alo shop")
    async with open_thread(desk.service.url) as page:
        left = page.get_by_test_id("window-left")
        await expect(left).to_contain_text("Còn 23 giờ để trả lời")
        await expect(left).to_contain_text("Miễn phí")
        await expect(page.get_by_test_id("composer-text")).to_be_enabled()


async def test_a_closed_window_disables_the_composer_but_not_its_notes(desk: Desk) -> None:
    """X.INB.06: closed, the reason stands there; it opens again when the customer writes."""
    await desk.customer_writes("Alo shop", ago=timedelta(days=8))
    async with open_thread(desk.service.url) as page:
        text = page.get_by_test_id("composer-text")
        await expect(text).to_be_disabled()
        await expect(page.get_by_test_id("composer-send")).to_be_disabled()
        await expect(page.get_by_test_id("window-left")).to_have_attribute("data-state", "closed")
        await expect(page.get_by_test_id("window-left")).to_contain_text("Đã hết thời gian")

        await page.get_by_test_id("composer-note").click()
        await text.fill("Gọi điện cho khách")
        await page.get_by_test_id("composer-send").click()
        await expect(page.get_by_test_id("message")).to_have_count(2)
        await page.get_by_test_id("composer-note").click()
        await expect(text).to_be_disabled()

        await desk.customer_writes("Shop còn đó không?")
        await expect(text).to_be_enabled()
    assert desk.platform.calls == 0


async def test_a_draft_waits_for_its_writer(desk: Desk) -> None:
    await desk.customer_writes("Alo shop")
    async with open_thread(desk.service.url) as page:
        await page.get_by_test_id("composer-text").fill("Dạ để em kiểm tra")
        await page.get_by_test_id("message").hover()
        await page.get_by_test_id("message-reply").click()
        await page.reload()

        await expect(page.get_by_test_id("composer-text")).to_have_value("Dạ để em kiểm tra")
        await expect(page.get_by_test_id("composer-quote")).to_contain_text("Alo shop")
        await page.evaluate("window.notReloaded = true")
        await page.get_by_test_id("composer-send").click()
        await until(lambda: len(desk.platform.taken) == 1)
    assert desk.platform.taken[0].reply_to == "m_Alo shop"


async def test_a_message_that_waits_is_taken_back_before_it_goes_out(desk: Desk) -> None:
    """A rate limit holds it up; cancelled, it never reaches the customer."""
    await desk.customer_writes("Alo shop")
    desk.platform.faults = [SendUnavailable("busy", retry_after_s=600)]
    async with open_thread(desk.service.url) as page:
        await page.get_by_test_id("composer-text").fill("Dạ giá 250k")
        await page.get_by_test_id("composer-send").click()
        await until(lambda: desk.platform.calls == 1)
        answer = page.get_by_test_id("message").last
        await expect(answer).to_have_attribute("data-status", "queued")
        cancel = answer.get_by_test_id("message-cancel")
        await expect(cancel).to_have_text("Huỷ gửi")

        await cancel.click()

        await expect(answer).to_contain_text("Tin nhắn đã được thu hồi")
        await expect(page.get_by_test_id("message-cancel")).to_have_count(0)
        await expect(page.get_by_test_id("message-retry")).to_have_count(0)
    assert desk.platform.texts == []


@pytest.mark.parametrize(
    ("button", "words", "arrived"),
    [("message-arrived", "Đã đến rồi", 1), ("message-retry", "Gửi lại", 2)],
)
async def test_somebody_decides_about_an_answer_in_doubt(
    desk: Desk, button: str, words: str, arrived: int
) -> None:
    await desk.customer_writes("Alo shop")
    desk.platform.hides = True
    desk.platform.faults = ["taken"]
    async with open_thread(desk.service.url) as page:
        await page.get_by_test_id("composer-text").fill("Dạ em nghe")
        await page.get_by_test_id("composer-send").click()
        answer = page.get_by_test_id("message").last
        await expect(answer).to_have_attribute("data-status", "uncertain")
        reason = answer.get_by_test_id("message-reason")
        await expect(reason).to_have_text("Không rõ đã đến khách chưa")
        await expect(answer.get_by_test_id(button)).to_have_text(words)

        await answer.get_by_test_id(button).click()

        await expect(answer).to_have_attribute("data-status", "sent")
        await expect(page.get_by_test_id(button)).to_have_count(0)
    assert desk.platform.texts == ["Dạ em nghe"] * arrived
