"""Search in a real browser: typed without accents, walked by the keys, led to the message."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from inbox.ids import message_key
from inbox.mongo.client import Mongo
from tests.chromium import one_page, sign_in
from tests.ingest import ZALO_OA
from tests.service import ZALO_APP_ID, RunningService, running_service
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

NOW_MS = 1_795_330_000_000
MESSAGES = 80


def text_body(number: int, text: str) -> dict[str, Any]:
    return {
        "app_id": ZALO_APP_ID,
        "event_name": "user_send_text",
        "timestamp": str(NOW_MS + number),
        "sender": {"id": "42"},
        "recipient": {"id": ZALO_OA},
        "message": {"msg_id": f"m{number}", "text": text},
    }


async def fill(service: RunningService, mongo: Mongo) -> None:
    assert await service.post_zalo(text_body(0, "Cho em hỏi áo Đầm đỏ")) == 200
    for number in range(1, MESSAGES):
        assert await service.post_zalo(text_body(number, f"tin {number}")) == 200

    async def all_there() -> bool:
        return await mongo["messages"].count_documents({"at": {"$exists": True}}) == MESSAGES

    await until(all_there)


async def test_a_message_far_up_is_found_and_opened_by_the_keys(
    mongo: Mongo, mongo_uri: str, tmp_path: Path
) -> None:
    """The words are typed without accents; Down and Enter lead to the message, which is marked."""
    async with running_service(mongo, mongo_uri, tmp_path) as service, one_page() as page:
        await fill(service, mongo)
        await sign_in(page, service.url)
        await page.get_by_test_id("conversation-row").click()
        await expect(page.get_by_text("tin 79").last).to_be_in_viewport()
        wanted = page.locator(f'[data-message="{message_key("zalo", ZALO_OA, "m0")}"]')
        await expect(wanted).to_have_count(0)  # not even loaded

        box = page.locator("input[data-testid=search], [data-testid=search] input")
        await box.fill("dam do")
        found = page.get_by_test_id("found")
        await expect(found).to_have_count(1)
        await expect(found.locator("mark").first).to_have_text("Đầm")
        await box.press("ArrowDown")
        await expect(found).to_have_attribute("aria-selected", "true")
        await box.press("Enter")

        await expect(wanted).to_be_in_viewport()
        await expect(wanted).to_have_attribute("data-marked", "true")
        await expect(found).to_have_count(0)
