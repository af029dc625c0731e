"""The sidebar in a frame of another product, in a real browser: two sites, a pop-up, messages."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import FrameLocator, Page, expect

from inbox.mongo.client import Mongo
from tests.browser.embedding_hosts import OWNER, PASSWORD, Hosts, hosts
from tests.chromium import one_page
from tests.inbox.inbox_world import World, minutes
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

NAMES = ("Nguyễn Thị Hoa", "Lê Minh Châu", "Trần Văn An")


SELECT = "id => tell({type: 'chat-inbox:select', conversation_id: id})"


@pytest.fixture
async def threads(mongo: Mongo) -> list[str]:
    """A conversation with each of three customers; the first has a phone number."""
    world = World(mongo)
    made: list[str] = []
    for number, name in enumerate(NAMES):
        phones = ["+84912345678"] if number == 0 else []
        customer = await world.customer(name, phones=phones)
        made.append(await world.conversation(customer, at=minutes(number)))
    return made


@pytest.fixture
async def around(
    mongo: Mongo, mongo_uri: str, tmp_path: Path, threads: list[str]
) -> AsyncIterator[Hosts]:
    assert threads
    async with hosts(mongo, mongo_uri, tmp_path) as made:
        yield made


async def _sign_in(page: Page, frame: FrameLocator) -> None:
    async with page.expect_popup() as opening:
        await frame.get_by_test_id("embedding-sign-in").click()
    pop_up = await opening.value
    await pop_up.get_by_test_id("email").fill(OWNER)
    await pop_up.get_by_test_id("password").fill(PASSWORD)
    async with pop_up.expect_event("close"):
        await pop_up.get_by_test_id("submit").click()


async def _signed_in(page: Page, around: Hosts) -> FrameLocator:
    """The frame in the CRM's page, once the owner has signed in by the pop-up."""
    await page.goto(around.crm)
    frame = page.frame_locator("#inbox")
    await _sign_in(page, frame)
    await expect(frame.get_by_test_id("embedded")).to_have_attribute("data-signed-in", "true")
    await page.wait_for_function("heard.length >= 2")
    return frame


async def test_who_signs_in_by_the_pop_up_has_a_cookie_of_this_site_alone(around: Hosts) -> None:
    async with one_page(ignore_https_errors=True) as page:
        async with page.expect_response(lambda one: one.url.endswith("/embedded")) as answering:
            await _signed_in(page, around)

        headers = await (await answering.value).headers_array()
        [cookie] = [one["value"] for one in headers if one["name"].lower() == "set-cookie"]
        wanted = ("HttpOnly", "Secure", "SameSite=None", "Partitioned")
        assert all(part in cookie for part in wanted)
        # Writes carry the header: the cookie alone does nothing.
        inside = next(one for one in page.frames if one.url.endswith("/sidebar"))
        status = """async (headers) =>
          (await fetch('/api/v1/me/sessions', {method: 'DELETE', headers})).status"""
        token = "fetch('/api/v1/me').then((one) => one.json()).then((me) => me.csrf_token)"
        assert await inside.evaluate(status, {}) == 403
        csrf = await inside.evaluate(token)
        assert await inside.evaluate(status, {"X-CSRF-Token": csrf}) == 204


async def test_the_page_around_it_says_whom_to_show_also_as_chatwoot_does(
    around: Hosts, threads: list[str]
) -> None:
    async with one_page(ignore_https_errors=True) as page:
        frame = await _signed_in(page, around)
        name = frame.get_by_test_id("customer-name")

        assert await page.evaluate("heard") == [
            {"type": "chat-inbox:ready"},
            "chatwoot-dashboard-app:fetch-info",
        ]
        await page.evaluate(
            """tell(JSON.stringify({event: 'appContext', data: {
              contact: {id: 9, name: 'X', phone_number: '0912 345 678', identifier: null}}}))"""
        )
        await expect(name).to_have_text(NAMES[0])
        await page.evaluate(SELECT, threads[1])
        await expect(name).to_have_text(NAMES[1])


async def test_another_frame_of_the_same_page_is_not_heard(
    around: Hosts, threads: list[str]
) -> None:
    async with one_page(ignore_https_errors=True) as page:
        frame = await _signed_in(page, around)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        intruder = page.frame(url=f"{around.stranger}/intruder")
        assert intruder is not None

        await intruder.evaluate(SELECT, threads[0])
        await page.evaluate(SELECT, threads[2])

        await expect(frame.get_by_test_id("customer-name")).to_have_text(NAMES[2])
        assert [url for url in asked if threads[2] in url]
        assert not [url for url in asked if threads[0] in url]


async def test_a_page_that_is_not_configured_cannot_show_it(around: Hosts) -> None:
    async with one_page(ignore_https_errors=True) as page:
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))

        await page.goto(around.stranger)
        await until(lambda: any("frame-ancestors" in text for text in said))

        assert await page.evaluate("heard") == []
        assert not [one for one in page.frames if one.url.endswith("/sidebar")]


async def test_without_https_the_frame_says_why_nobody_can_sign_in(around: Hosts) -> None:
    async with one_page(ignore_https_errors=True) as page:
        await page.goto(around.plain_crm)
        frame = page.frame_locator("#inbox")

        await _sign_in(page, frame)

        await expect(frame.get_by_test_id("embedding-refusal")).to_contain_text("HTTPS")
        await expect(frame.get_by_test_id("embedded")).to_have_attribute("data-signed-in", "false")
