"""Timed scripts beside the conversation in a real browser: attached, steered, silenced."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, ViewportSize, expect

from inbox.clock import SystemClock
from inbox.conversations.model import Channel
from inbox.ids import random_id
from inbox.mongo.client import Document, Mongo, Session
from inbox.ports import Messenger
from scheduler.scripts.model import Content, Delay, Script, Step, Unit
from scheduler.scripts.store import ScriptStore
from tests.chromium import chromium
from tests.fake_messenger import FakeMessenger, FakePlatform
from tests.service import running_service
from tests.sidebar_desk import ANH, SidebarDesk
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

PHONE = ViewportSize(width=390, height=844)


@dataclass(frozen=True, slots=True)
class Desk:
    """A customer who has just written, people who look after them, and a channel that sends."""

    sidebar: SidebarDesk
    platform: FakePlatform
    customer_id: str
    bot_id: str

    @property
    def mongo(self) -> Mongo:
        return self.sidebar.mongo

    async def script(
        self, name: str, *delays: tuple[int, Unit], bot_id: str | None = None, enabled: bool = True
    ) -> str:
        """A script whose steps say "<name> 1", "<name> 2", ...; its id."""
        script = Script(
            id=random_id(),
            bot_id=bot_id or self.bot_id,
            name=name,
            enabled=enabled,
            steps=tuple(
                Step(f"{name}_{at}", Delay(n, unit), Content(text=f"{name} {at}"))
                for at, (n, unit) in enumerate(delays, start=1)
            ),
            created_at=SystemClock().now(),
        )

        async def insert(session: Session) -> None:
            await ScriptStore(self.mongo).insert(script, {}, session=session)

        await self.mongo.transaction(insert)
        return script.id

    async def enrolment(self, script_id: str) -> Document:
        found = await self.mongo["enrolments"].find_one({"script_id": script_id})
        assert found is not None
        return found

    async def has_status(self, script_id: str, status: str) -> bool:
        return bool((await self.enrolment(script_id))["status"] == status)


@pytest.fixture
async def desk(mongo: Mongo, mongo_uri: str, tmp_path: Path) -> AsyncIterator[Desk]:
    platform = FakePlatform()
    messengers: dict[Channel, Messenger] = {"facebook": FakeMessenger(platform)}
    async with (
        running_service(mongo, mongo_uri, tmp_path, messengers=messengers) as service,
        chromium() as browser,
    ):
        sidebar = SidebarDesk(service, mongo, browser)
        customer = await sidebar.facebook_writes("Shop ơi", mid="m_1")
        bot = await mongo["bots"].find_one({})
        assert bot is not None
        yield Desk(sidebar, platform, customer["_id"], bot["_id"])


async def attach(page: Page, *names: str) -> None:
    """By keys alone: each is found by typing, all go with one press."""
    await page.get_by_test_id("script-add").focus()
    await page.keyboard.press("Enter")
    search = page.get_by_test_id("script-search")
    await expect(search).to_be_focused()
    for name in names:
        await search.fill(name)
        await expect(page.get_by_test_id("script-option")).to_have_count(1)
        await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("script-attach")).to_have_text(f"Gắn {len(names)} kịch bản")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_test_id("script-picker")).to_have_count(0)
    await expect(page.get_by_test_id("script-add")).to_be_focused()


def card(page: Page, name: str) -> Locator:
    return page.get_by_test_id("enrolment").filter(has=page.get_by_text(name, exact=True))


async def shows_time_of(shown: Locator, enrolment: Document) -> None:
    at = await shown.get_by_test_id("enrolment-next").locator("time").get_attribute("datetime")
    assert at is not None
    assert at[:19] == enrolment["next_at"].isoformat()[:19]


async def test_sale_attaches_two_scripts_at_once_by_keys_alone(desk: Desk) -> None:
    """S0.16, S0.17, S0.19: what is on and of this bot is offered, with its first due time."""
    other = await desk.sidebar.zalo_writes("Chào shop", mid="z_1", name="Trần Bình")
    hour = await desk.script("Hỏi thăm", (1, "hour"), (2, "day"))
    week = await desk.script("Mời mua lại", (3, "hour"))
    await desk.script("Đang tắt", (1, "hour"), enabled=False)
    await desk.script("Của bot khác", (1, "hour"), bot_id="another bot")
    sale = await desk.sidebar.hire("Lan", "sale")
    async with desk.sidebar.at_customer(sale) as page:
        await expect(page.get_by_test_id("block-scripts")).to_have_attribute("data-state", "ok")
        await page.get_by_test_id("script-add").click()
        options = page.get_by_test_id("script-option")
        await expect(options).to_have_count(2)
        await expect(options.nth(0)).to_contain_text("Hỏi thăm")
        await expect(options.nth(0)).to_contain_text("2 bước")
        await expect(options.nth(0)).to_contain_text("tin đầu")
        await page.keyboard.press("Escape")
        await expect(page.get_by_test_id("script-picker")).to_have_count(0)

        await attach(page, "hoi tham", "moi mua")

        lines = page.get_by_test_id("attach-outcome").locator("li")
        await expect(lines).to_have_text(["Đã gắn “Hỏi thăm”", "Đã gắn “Mời mua lại”"])
        await expect(page.get_by_test_id("enrolment")).to_have_count(2)
        await shows_time_of(card(page, "Hỏi thăm"), await desk.enrolment(hour))
        await shows_time_of(card(page, "Mời mua lại"), await desk.enrolment(week))
        await expect(card(page, "Hỏi thăm").get_by_test_id("enrolment-progress")).to_contain_text(
            "0/2"
        )

        await page.get_by_test_id("script-add").click()
        await expect(options.nth(0)).to_contain_text("đang chạy")
        await expect(options.nth(0)).to_be_disabled()
    assert await desk.mongo["enrolments"].count_documents({"customer_id": other["_id"]}) == 0
    assert await desk.mongo["enrolments"].count_documents({"customer_id": desk.customer_id}) == 2


async def test_progress_next_time_last_result_and_what_is_to_come_match_the_store(
    desk: Desk,
) -> None:
    """X.SCR.14: a step goes out, and a colleague sees it without doing anything."""
    care = await desk.script("Chăm sóc", (0, "second"), (1, "hour"), (1, "hour"))
    await desk.script("Xen giữa", (90, "minute"))
    async with desk.sidebar.two_at_customer() as (page, colleague):
        await attach(page, "Chăm sóc", "Xen giữa")
        await until(lambda: _took(desk.platform, "Chăm sóc 1"))

        for one in (page, colleague):
            shown = card(one, "Chăm sóc")
            await expect(shown.get_by_test_id("enrolment-progress")).to_contain_text("1/3")
            await expect(shown.get_by_test_id("enrolment-next")).to_contain_text("Bước 2 · ")
            await expect(shown.get_by_test_id("enrolment-last")).to_contain_text("Bước 1 · Đã gửi")
            await shows_time_of(shown, await desk.enrolment(care))
            coming = one.get_by_test_id("upcoming-step")
            await expect(coming).to_have_count(3)
            await expect(coming.nth(0)).to_contain_text("Chăm sóc 2")
            await expect(coming.nth(1)).to_contain_text("Xen giữa 1")
            await expect(coming.nth(2)).to_contain_text("Chăm sóc 3")
            bubble = one.get_by_test_id("message").filter(has_text="Chăm sóc 1")
            await expect(bubble).to_contain_text("Kịch bản “Chăm sóc”")


async def _took(platform: FakePlatform, text: str) -> bool:
    return any(one.text == text for one in platform.taken)


async def test_every_step_goes_out_once_in_its_order_and_not_before_its_time(desk: Desk) -> None:
    """S0.20: with nobody touching the page, until the script is through."""
    care = await desk.script("Chăm sóc", (0, "second"), (1, "second"), (2, "second"))
    wanted = ["Chăm sóc 1", "Chăm sóc 2", "Chăm sóc 3"]
    async with desk.sidebar.at_customer() as page:
        await attach(page, "Chăm sóc")

        await expect(page.get_by_test_id("message")).to_contain_text(["Shop ơi", *wanted])
        await expect(page.get_by_test_id("enrolment")).to_have_count(0)
        await page.get_by_test_id("ended").locator("summary").click()
        await expect(page.get_by_test_id("ended-script")).to_contain_text("Đã xong")
    assert desk.platform.texts == wanted
    assert await desk.has_status(care, "done")
    stored = desk.mongo["messages"].find({"author.kind": "script"}).sort("seq", 1)
    first, second, third = [one["at"] async for one in stored]
    assert second - first >= timedelta(seconds=1)
    assert third - second >= timedelta(seconds=2)


async def test_a_script_is_paused_resumed_and_a_step_skipped_by_keys(desk: Desk) -> None:
    """X.SCR.14: what is shown is what is stored."""
    care = await desk.script("Chăm sóc", (1, "hour"), (2, "hour"))
    async with desk.sidebar.at_customer() as page:
        await attach(page, "Chăm sóc")
        shown = card(page, "Chăm sóc")
        await shown.get_by_test_id("enrolment-pause").press("Enter")
        await expect(shown.get_by_test_id("enrolment-paused")).to_be_visible()
        await expect(page.get_by_test_id("upcoming-step")).to_have_count(0)
        assert await desk.has_status(care, "paused")

        await expect(shown.get_by_test_id("enrolment-resume")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(shown.get_by_test_id("enrolment-pause")).to_be_visible()
        assert await desk.has_status(care, "active")

        await shown.get_by_test_id("enrolment-skip").press("Enter")
        await expect(shown.get_by_test_id("enrolment-progress")).to_contain_text("1/2")
        await expect(shown.get_by_test_id("enrolment-last")).to_contain_text("Bước 1 · Bỏ qua")
        await expect(shown.get_by_test_id("enrolment-next")).to_contain_text("Bước 2 · ")
        await expect(page.get_by_test_id("upcoming-step")).to_have_count(1)
        await shows_time_of(shown, await desk.enrolment(care))
    assert desk.platform.taken == []


async def test_a_script_is_detached_after_a_question(desk: Desk) -> None:
    """X.SCR.14: Escape keeps it; what ended stays to be read, with its reason."""
    care = await desk.script("Chăm sóc", (1, "hour"))
    async with desk.sidebar.at_customer() as page:
        await attach(page, "Chăm sóc")
        shown = card(page, "Chăm sóc")
        await shown.get_by_test_id("enrolment-detach").press("Enter")
        await expect(shown.get_by_test_id("enrolment-keep")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(shown.get_by_test_id("enrolment-detach")).to_be_focused()
        assert await desk.has_status(care, "active")

        await page.keyboard.press("Enter")
        await shown.get_by_test_id("enrolment-detach-sure").press("Enter")
        await expect(page.get_by_test_id("enrolment")).to_have_count(0)
        await expect(page.get_by_test_id("script-add")).to_be_focused()
        await page.get_by_test_id("ended").locator("summary").click()
        await expect(page.get_by_test_id("ended-script")).to_contain_text("Đã gỡ kịch bản")
        assert await desk.has_status(care, "stopped")


async def test_fifty_scripts_stay_usable(desk: Desk) -> None:
    """S0.18, S0.19: all chosen by keys, attached with one press, counted, each within reach."""
    for number in range(50):
        await desk.script(f"Kịch bản {number:02}", (1, "hour"), (1, "day"))
    async with desk.sidebar.at_customer() as page:
        await page.get_by_test_id("script-add").click()
        for _ in range(50):
            await page.keyboard.press("Enter")
            await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Control+Enter")

        cards = page.get_by_test_id("enrolment")
        await expect(cards).to_have_count(50)
        block = page.get_by_test_id("block-scripts")
        await expect(block).to_contain_text("Đang gắn (50)")
        await expect(block).to_contain_text("Sắp gửi (100)")
        await page.get_by_test_id("upcoming-more").click()
        await expect(page.get_by_test_id("upcoming-step")).to_have_count(100)
        await cards.nth(49).get_by_test_id("enrolment-pause").click()
        await expect(cards.nth(49).get_by_test_id("enrolment-paused")).to_be_visible()
        height = await block.evaluate("one => one.offsetHeight")
        assert height < 1200


async def test_an_answer_silences_scripts_until_they_are_let_speak_again(desk: Desk) -> None:
    await desk.script("Chăm sóc", (1, "hour"))
    async with desk.sidebar.at_customer() as page:
        await attach(page, "Chăm sóc")
        await expect(page.get_by_test_id("automation-paused")).to_have_count(0)
        await page.get_by_test_id("composer-text").fill("Dạ shop đây ạ")
        await page.get_by_test_id("composer-text").press("Enter")

        line = page.get_by_test_id("automation-paused")
        await expect(line).to_contain_text("Tin tự động tạm dừng đến")
        await line.get_by_test_id("automation-resume").click()
        await expect(line).to_have_count(0)


async def test_who_asks_for_silence_gets_no_script(desk: Desk) -> None:
    await desk.script("Chăm sóc", (1, "hour"))
    async with desk.sidebar.at_customer() as page:
        await attach(page, "Chăm sóc")
        await desk.sidebar.facebook_writes("STOP", mid="m_2")

        await expect(page.get_by_test_id("opted-out")).to_be_visible()
        await expect(page.get_by_test_id("enrolment")).to_have_count(0)
        await expect(page.get_by_test_id("script-add")).to_have_count(0)
        await page.get_by_test_id("ended").locator("summary").click()
        await expect(page.get_by_test_id("ended-script")).to_contain_text(
            "Khách đã yêu cầu ngừng tin tự động"
        )


@asynccontextmanager
async def embedded_on_a_phone(desk: Desk) -> AsyncIterator[Page]:
    thread = await desk.mongo["conversations"].find_one({"customer_id": desk.customer_id})
    assert thread is not None
    path = f"/sidebar?conversation_id={thread['_id']}"
    async with desk.sidebar.signed_in(path=path) as page:
        await page.set_viewport_size(PHONE)
        await expect(page.get_by_test_id("customer-name")).to_have_text(ANH)
        yield page


async def test_the_embedded_sidebar_attaches_too_on_a_phone(desk: Desk) -> None:
    """S0.16: by touch; nothing is wider than the phone."""
    await desk.script("Chăm sóc", (1, "hour"), (1, "day"))
    async with embedded_on_a_phone(desk) as page:
        await page.get_by_test_id("script-add").click()
        await page.get_by_test_id("script-option").click()
        await page.get_by_test_id("script-attach").click()
        await expect(card(page, "Chăm sóc")).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
