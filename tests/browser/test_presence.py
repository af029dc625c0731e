"""Presence in a real browser: the dot, the break and the receiving switch, live in every tab."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from inbox.mongo.client import Mongo
from tests.chromium import chromium, connected, one_page, sign_in, somebody
from tests.service import RunningService, running_service
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@pytest.fixture
async def inbox(mongo: Mongo, mongo_uri: str, tmp_path: Path) -> AsyncIterator[RunningService]:
    async with running_service(mongo, mongo_uri, tmp_path) as service:
        yield service


async def _press(page: Page, switch: str) -> None:
    await page.get_by_test_id("account-menu").click()
    await page.get_by_test_id(switch).click()


async def test_a_break_and_the_receiving_switch_show_in_every_tab(
    inbox: RunningService, mongo: Mongo
) -> None:
    """X.SPL.09 X.SPL.11: "Tạm nghỉ" and "Nhận dữ liệu" are one press away."""
    async with chromium() as browser, somebody(browser) as person:
        page = await person.new_page()
        await sign_in(page, inbox.url)
        await connected(page)
        dot = page.get_by_test_id("my-presence")
        await expect(dot).to_have_attribute("data-state", "online")
        other = await person.new_page()
        await other.goto(inbox.url)
        await expect(other.get_by_test_id("my-presence")).to_have_attribute("data-state", "online")

        await _press(page, "my-break")
        for tab in (page, other):
            await expect(tab.get_by_test_id("my-presence")).to_have_attribute("data-state", "away")
        menu = page.get_by_test_id("account-menu")
        await expect(menu).to_have_accessible_name(
            re.compile("Tài khoản và cài đặt, đang tạm nghỉ$")
        )
        await _press(other, "my-break")
        await expect(dot).to_have_attribute("data-state", "online")

        await _press(page, "my-receiving")
        await other.get_by_test_id("account-menu").click()
        await expect(other.get_by_test_id("my-receiving")).to_contain_text("Tắt")
        assert await mongo["staff"].count_documents({"receiving": False}) == 1


async def test_a_phone_says_that_it_is_one(inbox: RunningService) -> None:
    """X.SPL.11: its connection may sleep for longer."""
    screen = {"width": 400, "height": 800}
    async with one_page(viewport=screen, is_mobile=True, has_touch=True) as page:
        await sign_in(page, inbox.url)
        hub = inbox.service.hub
        await until(lambda: list(hub.connected().values()) == [True])
