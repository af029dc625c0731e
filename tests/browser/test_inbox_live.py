"""The web UI in a real browser against the real service: sign in, watch messages arrive."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from inbox.conversations.model import IdentityRef
from inbox.mongo.client import Mongo
from inbox.ports import Profile
from tests.chromium import connected, one_page, sign_in
from tests.ingest import ZALO_OA, facebook_message
from tests.service import OWNER, ZALO_APP_ID, RunningService, running_service

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

NOW_MS = 1_795_330_000_000


class OneName:
    """A channel where everybody has the same name."""

    async def fetch(self, identity: IdentityRef) -> Profile:
        return Profile("Nguyễn Thị Ánh")


@pytest.fixture
async def inbox(mongo: Mongo, mongo_uri: str, tmp_path: Path) -> AsyncIterator[RunningService]:
    async with running_service(mongo, mongo_uri, tmp_path, profiles=OneName()) as service:
        yield service


async def test_a_message_of_a_webhook_appears_in_list_and_thread_without_reload(
    inbox: RunningService,
) -> None:
    """S0.01: the signed-in owner sees the conversation; nothing is reloaded."""
    async with one_page() as page:
        await sign_in(page, inbox.url)
        await connected(page)

        first = facebook_message("Shop ơi, còn áo size L không ạ?", mid="m_1", at=NOW_MS)
        assert await inbox.post_facebook(first) == 200
        row = page.get_by_test_id("conversation-row")
        await expect(row).to_have_count(1)
        await expect(row).to_contain_text("còn áo size L không")
        await expect(row.get_by_test_id("unread-badge")).to_have_text("1")
        await expect(row).to_contain_text("Nguyễn Thị Ánh")

        await row.click()
        await expect(page.get_by_test_id("message")).to_have_count(1)
        await page.evaluate("window.notReloaded = true")
        second = facebook_message("Alo shop?", mid="m_2", at=NOW_MS + 60_000)
        assert await inbox.post_facebook(second) == 200

        await expect(page.get_by_test_id("message")).to_have_count(2)
        await expect(page.get_by_test_id("message").last).to_contain_text("Alo shop?")
        assert await page.evaluate("window.notReloaded")
        await expect(row.get_by_test_id("unread-badge")).to_have_count(0)  # read while open


async def test_the_customer_name_is_text_and_not_an_input(inbox: RunningService) -> None:
    """S0.03: the sidebar shows the channel's name and offers no way to edit it."""
    async with one_page() as page:
        await sign_in(page, inbox.url)
        await connected(page)
        await inbox.post_facebook(facebook_message("Alo", mid="m_1", at=NOW_MS))
        await page.get_by_test_id("conversation-row").click()

        name = page.get_by_test_id("customer-name")
        await expect(name).to_have_text("Nguyễn Thị Ánh")
        assert await name.evaluate("one => one.isContentEditable") is False
        assert await name.locator("input, textarea, button").count() == 0


async def test_without_a_session_every_page_leads_to_the_sign_in(inbox: RunningService) -> None:
    """S0.01: signed out, nothing of the inbox is shown; a wrong password says so."""
    async with one_page() as page:
        await page.goto(f"{inbox.url}/inbox")
        await expect(page.get_by_test_id("sign-in-form")).to_be_visible()

        await page.get_by_test_id("email").fill(OWNER)
        await page.get_by_test_id("password").fill("sai-mat-khau-roi")
        await page.get_by_test_id("submit").click()

        await expect(page.get_by_text("E-mail hoặc mật khẩu không đúng.")).to_be_visible()
        await expect(page.get_by_test_id("conversation-row")).to_have_count(0)


async def test_the_media_block_sorts_by_kind_and_jumps_to_the_message(
    inbox: RunningService,
) -> None:
    """X.INB.08: images and files stand apart by what they are; a click opens their message."""
    async with one_page() as page:
        await sign_in(page, inbox.url)
        await connected(page)
        file = {"size": "284113", "name": "Đơn hàng.pdf", "type": "pdf", "url": "https://x.vn/a"}
        photo = {"size": "90", "name": "mau-ao.jpg", "type": "jpg", "url": "https://x.vn/b.jpg"}
        for number, payload in enumerate((file, photo)):
            message = {
                "msg_id": f"z{number}",
                "attachments": [{"type": "file", "payload": payload}],
            }
            body = {
                "app_id": ZALO_APP_ID,
                "event_name": "user_send_file",
                "timestamp": str(NOW_MS + number),
                "sender": {"id": "42"},
                "recipient": {"id": ZALO_OA},
                "message": message,
            }
            assert await inbox.post_zalo(body) == 200
        for number in range(2, 30):  # so that the media are far above what is shown
            body = {
                "app_id": ZALO_APP_ID,
                "event_name": "user_send_text",
                "timestamp": str(NOW_MS + number),
                "sender": {"id": "42"},
                "recipient": {"id": ZALO_OA},
                "message": {"msg_id": f"z{number}", "text": f"tin {number}"},
            }
            assert await inbox.post_zalo(body) == 200
        await page.get_by_test_id("conversation-row").click()
        sent = page.get_by_test_id("message").filter(has_text="Đơn hàng.pdf")
        await expect(page.get_by_text("tin 29").last).to_be_in_viewport()
        await expect(sent).not_to_be_in_viewport()

        await page.get_by_test_id("media-file").click()
        await expect(page.get_by_test_id("media-item")).to_have_count(1)
        await page.get_by_test_id("media-item").first.click()

        await expect(sent).to_be_in_viewport()


async def test_the_api_documentation_loads_nothing_from_outside(inbox: RunningService) -> None:
    async with one_page() as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))

        await page.goto(f"{inbox.url}/api/docs")

        await expect(page.locator(".opblock").first).to_be_visible()
        assert asked
        assert all(url.startswith((inbox.url, "data:")) for url in asked)
