"""Who has a conversation, in a real browser: claimed, transferred by keyboard, explained, live."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Page, expect

from inbox.mongo.client import Mongo
from inbox.staff.model import Actor
from inbox.staff.service import NewStaff
from tests.chromium import chromium, connected, sign_in, somebody
from tests.ingest import facebook_message
from tests.service import PASSWORD, RunningService, running_service

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

NOW_MS = 1_795_330_000_000


@pytest.fixture
async def shop(mongo: Mongo, mongo_uri: str, tmp_path: Path) -> AsyncIterator[RunningService]:
    """A bot that splits by claiming and shows its sales their own; Lan and Minh are its sales."""
    async with running_service(mongo, mongo_uri, tmp_path) as shop:
        ids = [await _hire(shop, mongo, name) for name in ("Lan", "Minh")]
        bot = await mongo["bots"].find_one({})
        assert bot is not None
        split = {"enabled": True, "visibility": "own"}
        changes = {"member_ids": ids, "split": split}
        await mongo["bots"].update_one({"_id": bot["_id"]}, {"$set": changes})
        await mongo["split_rules"].insert_one(
            {
                "_id": f"default-{bot['_id']}",
                "bot_id": bot["_id"],
                "position": 1_000_000,
                "name": "Mặc định",
                "mode": "claim",
            }
        )
        await shop.service.directory.refresh()
        yield shop


async def _hire(shop: RunningService, mongo: Mongo, name: str) -> str:
    owner = await mongo["staff"].find_one({"role": "owner"})
    assert owner is not None
    actor = Actor(id=owner["_id"], name=owner["name"], role="owner")
    wanted = NewStaff(
        name=name, email=f"{name.lower()}@shop.example", password=PASSWORD, role="sale"
    )
    return (await shop.service.staff.create(actor, wanted)).id


async def _sign_in(person: BrowserContext, shop: RunningService, name: str) -> Page:
    page = await person.new_page()
    await sign_in(page, shop.url, f"{name.lower()}@shop.example")
    await connected(page)
    return page


async def test_one_claims_it_and_gives_it_to_another_by_keyboard(shop: RunningService) -> None:
    """X.SPL.07, X.SPL.18, X.SPL.19: the others see it come and go without a reload."""
    async with chromium() as browser, somebody(browser) as hers, somebody(browser) as his:
        lan, minh = await _sign_in(hers, shop, "Lan"), await _sign_in(his, shop, "Minh")
        await shop.post_facebook(facebook_message("Còn size L không?", mid="m_1", at=NOW_MS))
        rows = {page: page.get_by_test_id("conversation-row") for page in (lan, minh)}
        for page in (lan, minh):
            await expect(rows[page]).to_have_count(1)
        await rows[lan].click()
        await rows[minh].click()
        await expect(lan.get_by_test_id("assignee")).to_have_text("Chờ nhân viên nhận")

        await lan.get_by_test_id("people-claim").press("Enter")

        await expect(lan.get_by_test_id("assignee")).to_contain_text("Lan")
        await expect(lan.get_by_test_id("last-receipt")).to_have_text("Lan đã nhận hội thoại.")
        await expect(rows[minh]).to_have_count(0)
        await expect(minh.get_by_text("Không xem được hội thoại này")).to_be_visible()

        await lan.get_by_test_id("people-transfer").press("Enter")
        dialog = lan.get_by_test_id("people-dialog-transfer")
        await expect(dialog.get_by_role("radio")).to_have_count(2)
        await dialog.get_by_role("radio", name="Minh").press("Space")
        await lan.get_by_test_id("people-reason").fill("Khách quen của Minh")
        await lan.keyboard.press("Enter")

        await expect(rows[minh]).to_have_count(1)
        await expect(rows[lan]).to_have_count(0)
        await expect(minh.get_by_test_id("assignee")).to_contain_text("Minh")
        await minh.get_by_test_id("people-why").press("Enter")
        history = minh.get_by_test_id("people-history")
        await expect(history.get_by_role("listitem")).to_have_count(3)
        await expect(history.get_by_role("listitem").first).to_contain_text(
            "Lan chuyển từ Lan sang Minh. Lý do: Khách quen của Minh."
        )
        await minh.keyboard.press("Escape")
        await expect(history).to_have_count(0)
