"""A reset link of an admin, and one's own account, in a real browser."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from inbox.mongo.client import Mongo
from inbox.staff.model import Actor
from inbox.staff.service import NewStaff
from tests.chromium import one_page
from tests.service import OWNER, PASSWORD, RunningService, running_service

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

EMAIL, NEW, NEWER = "lan@shop.example", "mat-khau-moi-cua-lan", "mat-khau-moi-hon-nua"


async def _reset_link(inbox: RunningService) -> str:
    """What an admin gives to Lan, who has forgotten her password."""
    admin = Actor(id="boss", name="boss", role="owner")
    wanted = NewStaff(name="Vũ Ngọc Lan", email=EMAIL, password=PASSWORD, role="sale")
    lan = await inbox.service.staff.create(admin, wanted)
    token = await inbox.service.make_token(OWNER, "test", ["read", "write", "admin"], None)
    address = f"{inbox.url}/api/v1/staff/{lan.id}/password-reset"
    headers = {"Authorization": f"Bearer {token}"}
    async with inbox.session.post(address, headers=headers) as answer:
        link: str = (await answer.json())["url"]
        return link


async def test_a_forgotten_password_is_chosen_anew_and_changed_later(
    mongo: Mongo, mongo_uri: str, tmp_path: Path
) -> None:
    async with running_service(mongo, mongo_uri, tmp_path) as inbox, one_page() as page:
        link = await _reset_link(inbox)
        await page.goto(link)
        await page.get_by_test_id("password-new").fill(NEW)
        await page.get_by_test_id("password-submit").click()
        await page.get_by_test_id("to-sign-in").click()
        await page.get_by_test_id("email").fill(EMAIL)
        await page.get_by_test_id("password").fill(NEW)
        await page.get_by_test_id("submit").click()
        await page.get_by_test_id("account-menu").click()
        await page.get_by_test_id("open-me").click()

        session = page.get_by_test_id("session")
        await expect(session).to_have_count(1)
        await expect(session).to_contain_text("Chrome")
        await page.get_by_test_id("password-current").fill(NEW)
        await page.get_by_test_id("password-new").fill(NEWER)
        await page.get_by_test_id("password-submit").click()
        await expect(page.get_by_test_id("password-current")).to_have_value("")
        await expect(page.get_by_test_id("password-refusal")).to_have_count(0)
        await page.goto(link)  # was used up
        await page.get_by_test_id("password-new").fill(NEW)
        await page.get_by_test_id("password-submit").click()
        await expect(page.get_by_test_id("password-refusal")).to_contain_text("hết hạn")
