"""Notices in a real browser: they come and go live, at the top and in the thread they are about."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from inbox.bots.credentials.model import Health
from inbox.clock import SystemClock
from inbox.ids import account_key
from inbox.mongo.client import Mongo
from tests.browser.only_thread import open_thread
from tests.ingest import FACEBOOK_PAGE, ZALO_OA, facebook_message
from tests.service import RunningService, running_service

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

PAGE_KEY, OA_KEY = account_key("facebook", FACEBOOK_PAGE), account_key("zalo", ZALO_OA)


@pytest.fixture
async def service(mongo: Mongo, mongo_uri: str, tmp_path: Path) -> AsyncIterator[RunningService]:
    async with running_service(mongo, mongo_uri, tmp_path) as running:
        yield running


async def test_a_dead_account_is_told_live_and_gone_when_it_is_healed(
    service: RunningService,
) -> None:
    at = int(SystemClock().now().timestamp() * 1000)
    body = facebook_message("Alo shop", mid="m_1", at=at, psid="7312094485501276")
    assert await service.post_facebook(body) == 200
    healing = service.service.healing
    async with open_thread(service.url) as page:
        notices = page.get_by_test_id("notices")
        await expect(notices).to_have_count(0)

        await healing.note(OA_KEY, Health("blocked", "package_too_low"))
        await expect(notices).to_have_count(1)
        await expect(notices).to_contain_text("nâng gói")
        await healing.note(PAGE_KEY, Health("reauth", "token_dead"))
        await expect(notices).to_have_count(2)  # at the top, and in the page's own thread
        await expect(page.locator("main").get_by_test_id("notices")).to_contain_text("Trang")
        link = notices.first.get_by_role("link", name="Mở cài đặt tài khoản").first
        await expect(link).to_be_visible()
        await page.set_viewport_size({"width": 390, "height": 780})
        await expect(page.get_by_test_id("composer-text")).to_be_visible()

        for key in (OA_KEY, PAGE_KEY):
            await healing.account_works(key)
        await expect(notices).to_have_count(0)
