"""Automations in a real browser: made, told, talking, handing over, refusing and switched on."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Page, expect

from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.browser.settings_page import settings_page
from tests.inbox.automations.receiver import taken
from tests.inbox.automations.shop import Shop, a_shop
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@pytest.fixture
async def shop(
    mongo: Mongo, mongo_uri: str, tmp_path: Path, clock: FixedClock
) -> AsyncIterator[Shop]:
    async with a_shop(mongo, mongo_uri, tmp_path, clock) as made:
        yield made


@asynccontextmanager
async def open_automations(url: str) -> AsyncIterator[Page]:
    """From the inbox to the automations, once they are there."""
    async with settings_page(url, "automations") as page:
        await expect(page.get_by_test_id("automation-new")).to_be_enabled()
        yield page


async def make_one(page: Page, shop: Shop) -> None:
    """By the form; the secret and the token are on the page this once."""
    await page.get_by_test_id("automation-new").click()
    await page.get_by_test_id("automation-name").fill("Trợ lý")
    await page.get_by_test_id("automation-url").fill(shop.receiver.url)
    await page.get_by_test_id("automation-answers").check()
    await page.get_by_test_id("event-message.changed").uncheck()
    await page.get_by_test_id("event-conversation.assigned").uncheck()
    await page.get_by_test_id("automation-save").click()
    await expect(page.get_by_test_id("shown-once")).to_contain_text("Chỉ hiện một lần")
    shop.receiver.secrets.append(await page.get_by_test_id("once-secret").inner_text())
    shop.token = await page.get_by_test_id("once-token").inner_text()
    await page.get_by_test_id("once-kept").click()
    await expect(page.get_by_test_id("shown-once")).to_have_count(0)
    await expect(page.get_by_test_id("automation")).to_contain_text("Trả lời khách trước")
    await shop.running.service.directory.refresh()


async def see_what_was_told(page: Page, shop: Shop) -> None:
    """In the log, which tells it once more by a press."""
    await page.get_by_test_id("automation-log").click()
    await page.get_by_test_id("log-state").select_option("delivered")
    row = page.get_by_test_id("delivery").filter(has_text="Khách nhắn tin")

    async def is_there() -> bool:
        await page.get_by_test_id("log-reload").click()
        return await row.count() == 1

    await until(is_there)
    await expect(row).to_contain_text("đã nhận (204)")
    await row.get_by_test_id("delivery-replay").click()
    await until(lambda: shop.receiver.texts() == ["Áo này còn không?"] * 2)


async def talk_and_hand_over(page: Page, shop: Shop, thread: str) -> None:
    """What it says stands under its name; a person gives the conversation back."""
    assert (await shop.automation_says(thread, "Dạ còn ạ")).status == 201
    handed = await shop.call("POST", f"/conversations/{thread}/handoff", {}, token=shop.token)
    assert handed.status == 200, handed.json

    row = page.get_by_test_id("delivery").filter(has_text="Khách nhắn tin")
    await row.get_by_test_id("delivery-conversation").click()
    await expect(page).to_have_url(re.compile(rf"/inbox/{thread}"))
    said = page.get_by_test_id("message").filter(has_text="Dạ còn ạ")
    await expect(said).to_contain_text("Trợ lý · tự động")
    line = page.get_by_test_id("handover")
    await expect(line).to_contain_text("Chương trình tự động chuyển cho nhân viên")
    await line.get_by_test_id("give-back").click()
    await expect(line).to_have_count(0)
    assert (await shop.automation_says(thread, "Em đây ạ", "c2")).status == 201


async def refuse_and_switch_on(page: Page, shop: Shop) -> None:
    """A receiver that answers 410 switches it off; what it refused is told when it is on again."""
    await until(lambda: len(shop.receiver.types("message.sent")) == 2)  # nothing else waits
    shop.receiver.answer = lambda _: web.Response(status=410)
    await shop.customer_says("an", "Cho mình 2 cái")
    await until(lambda: is_off(shop))
    await page.goto(f"{shop.running.url}/settings/automations")
    await expect(page.get_by_test_id("automation-off")).to_contain_text("410")
    shop.receiver.answer = taken
    switch = page.get_by_test_id("automation-enabled")
    await expect(switch).not_to_be_checked()
    await switch.click()
    await expect(switch).to_be_checked()
    await expect(page.get_by_test_id("automation-off")).to_have_count(0)

    def is_told() -> bool:
        shop.clock.advance(timedelta(seconds=1))
        return "Cho mình 2 cái" in shop.receiver.texts()

    await until(is_told)


async def is_off(shop: Shop) -> bool:
    found = await shop.mongo["automations"].find_one({"enabled": False})
    return found is not None


async def change_the_secret_and_delete(page: Page, shop: Shop) -> None:
    await page.get_by_test_id("automation-secrets").click()
    await page.get_by_test_id("secret-make").click()
    fresh = await page.get_by_test_id("once-secret").inner_text()
    assert fresh.startswith("whsec_")
    await page.get_by_test_id("once-kept").click()
    await page.get_by_test_id("secret-retire").click()
    await page.get_by_test_id("secret-retire-yes").click()
    await expect(page.get_by_test_id("secret-retire-yes")).to_have_count(0)
    shop.receiver.secrets = [fresh]
    await shop.customer_says("an", "Cảm ơn shop")
    await shop.told("Cảm ơn shop")

    await page.get_by_test_id("automation-delete").click()
    await expect(page.get_by_test_id("automation-keep")).to_be_focused()
    await page.get_by_test_id("automation-delete-yes").click()
    await expect(page.get_by_test_id("automation")).to_have_count(0)


async def test_an_automation_is_made_told_taken_over_and_deleted(shop: Shop) -> None:
    async with open_automations(shop.running.url) as page:
        await make_one(page, shop)
        thread = await shop.customer_says("an", "Áo này còn không?")
        await shop.told("Áo này còn không?")
        await see_what_was_told(page, shop)
        await talk_and_hand_over(page, shop, thread)
        await refuse_and_switch_on(page, shop)
        await change_the_secret_and_delete(page, shop)

    assert shop.receiver.forged == 0
    assert "message.changed" not in shop.receiver.types()
    assert (await shop.automation_says(thread, "Còn ai?", "c3")).status == 401
