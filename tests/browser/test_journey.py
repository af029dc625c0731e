"""From connecting a page to a customer in the CRM: everything by what people see in the browser.

The platforms and the CRM are the simulated ones of the demo; their webhooks are signed.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Locator, Page, ViewportSize, expect

from app.demo.getfly.crm import RECORD_PATH, SimulatedGetfly
from crm_sync.mapping.presets import default_fields
from inbox.clock import SystemClock
from inbox.mongo.client import Mongo
from tests.chromium import chromium, sign_in_by_labels, somebody
from tests.connect_world import OWNER, PAGE, ConnectWorld, connect_world, hire
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

CUSTOMER, NAME = "7312094485501276", "Nguyễn Thị Hồng Ánh"
QUESTION, ANSWER, CARE = "Áo khoác đen còn size L không?", "Dạ còn ạ!", "Hàng dùng tốt chứ ạ?"
SALES = ("Lan", "Minh")
CRM = "crm_sync.connections.shop"


@dataclass
class Shop:
    """A bot of no accounts and no members, two sales, a CRM; `people` have signed in."""

    world: ConnectWorld
    crm: SimulatedGetfly
    browser: Browser
    emails: dict[str, str]
    people: AsyncExitStack

    async def sign_in(self, email: str) -> Page:
        """A browser of its own, at the inbox."""
        screen = ViewportSize(width=1500, height=1000)
        person = await self.people.enter_async_context(somebody(self.browser, viewport=screen))
        page = await person.new_page()
        await sign_in_by_labels(page, self.world.url, email)
        return page

    def received(self) -> list[str]:
        """What the customer has got at the platform."""
        return self.world.platforms.ledger.texts(CUSTOMER)

    def groups_in_crm(self) -> list[list[str]]:
        """Of each record, by name: what comes nearest to tags there."""
        types = self.crm.book.types
        return [[types[one].name for one in record.type_ids] for record in self.crm.accounts()]


@pytest.fixture
async def shop(mongo: Mongo, mongo_uri: str, tmp_path: Path) -> AsyncIterator[Shop]:
    crm = SimulatedGetfly(SystemClock())
    async with (
        TestServer(crm.application) as server,
        connect_world(
            mongo,
            mongo_uri,
            tmp_path,
            SystemClock(),
            overrides=_leading_to(crm, str(server.make_url(""))),
        ) as world,
        chromium() as browser,
        AsyncExitStack() as people,
    ):
        await world.service.bots.delete(world.owner, world.other_bot_id)
        world.platforms.meet(PAGE, CUSTOMER, NAME)
        emails = {name: await hire(world, name, "sale") for name in SALES}
        yield Shop(world, crm, browser, emails, people)


def _leading_to(crm: SimulatedGetfly, url: str) -> dict[str, Any]:
    """Settings of a connection as its preset has it, tags included."""
    connection = {
        "kind": "getfly",
        "url": url.rstrip("/"),
        "record_url": f"{url.rstrip('/')}{RECORD_PATH}",
        "calls_per_second": 100,
        "fields": [one.model_dump() for one in default_fields("getfly")],
    }
    return {CRM: connection, "crm_sync.secrets.shop": crm.key}


async def test_from_a_connected_page_to_a_customer_in_the_crm(shop: Shop) -> None:
    """S0.01 S0.02 S0.04 S0.07 S0.10 S0.11 S0.13 S0.15 S0.16 S0.20: one after the other."""
    owner = await shop.sign_in(OWNER)
    await owner.get_by_role("button", name="Tài khoản và cài đặt").click()
    await owner.get_by_role("menuitem", name="Cài đặt").click()
    await _connect_the_page(owner)
    await _make_sales_members_and_mirror(owner)
    await _write_a_script(owner)
    await _switch_splitting_on(owner)

    pages = {name: await shop.sign_in(email) for name, email in shop.emails.items()}
    shop.world.platforms.customer_writes(PAGE, CUSTOMER, QUESTION)
    sale, other = await _whose_it_is(pages)

    await _answer(pages[sale], sale)
    await until(lambda: shop.received() == [ANSWER])
    await _tag(pages[sale], "Khách sỉ")
    await _attach_the_script(pages[sale])
    await until(lambda: shop.received() == [ANSWER, CARE])
    await expect(pages[sale].get_by_text(CARE).last).to_be_visible()

    await _give_a_phone(pages[sale])
    await until(lambda: shop.groups_in_crm() == [["Khách sỉ"]])
    await _see_the_record(pages[sale], str(shop.crm.accounts()[0].id))
    await expect(_rows(pages[other])).to_have_count(0)


async def _connect_the_page(owner: Page) -> None:
    bot = owner.get_by_role("region", name="Shop Áo Khoác")
    await bot.get_by_role("button", name="Kết nối Facebook và Instagram").click()
    await owner.get_by_role("button", name="Allow").click()  # on the platform's own page
    chooser = owner.get_by_role("region", name="Chọn tài khoản để kết nối")
    await chooser.get_by_role("button", name="tài khoản").click()
    await expect(chooser.get_by_text("Đã kết nối").first).to_be_visible()
    await chooser.get_by_role("button", name="Đóng").click()
    await expect(bot.get_by_text("Hoạt động").first).to_be_visible()


async def _make_sales_members_and_mirror(owner: Page) -> None:
    await owner.get_by_role("link", name="Bot (dự án)").click()
    await owner.get_by_role("button", name="Sửa bot Shop Áo Khoác").click()
    for name in SALES:
        await owner.get_by_role("checkbox", name=name).check()
    await owner.get_by_role("checkbox", name="Đồng bộ dữ liệu sang CRM").check()
    await owner.get_by_role("button", name="Lưu").click()
    await expect(owner.get_by_text("Thành viên: 2")).to_be_visible()


async def _write_a_script(owner: Page) -> None:
    """Of one step, a second after it is attached."""
    await owner.get_by_role("link", name="Kịch bản hẹn giờ").click()
    await owner.get_by_role("button", name="Tạo kịch bản").click()
    await owner.get_by_label("Tên kịch bản").fill("Hỏi thăm")
    await owner.get_by_role("textbox", name="Nội dung", exact=True).fill(CARE)
    await owner.get_by_label("Số", exact=True).fill("1")
    await owner.get_by_label("Đơn vị").select_option("giây")
    await owner.get_by_role("switch", name="Bật kịch bản").click()
    await owner.get_by_role("button", name="Lưu").click()
    await expect(owner.get_by_role("button", name="Lưu")).to_be_disabled()
    await owner.get_by_role("link", name="Kịch bản hẹn giờ").click()
    await expect(owner.get_by_role("switch", name="Bật kịch bản Hỏi thăm")).to_be_checked()


async def _switch_splitting_on(owner: Page) -> None:
    await owner.get_by_role("link", name="Chia tin").click()
    await owner.get_by_role("button", name="Diễn tập rồi bật").click()
    await owner.get_by_role("button", name="Bật chia tin").click()
    await expect(owner.get_by_text("Chia tin đang bật")).to_be_visible()


def _rows(page: Page) -> Locator:
    return page.get_by_role("list", name="Hội thoại").get_by_role("link")


async def _whose_it_is(pages: dict[str, Page]) -> tuple[str, str]:
    """The name of the only sale who has got the conversation, and of the other one."""
    await until(lambda: _is_somebodys(pages))
    (sale,) = [name for name, page in pages.items() if await _rows(page).count()]
    (other,) = pages.keys() - {sale}
    return sale, other


async def _is_somebodys(pages: dict[str, Page]) -> bool:
    return any([await _rows(page).count() for page in pages.values()])


async def _answer(page: Page, sale: str) -> None:
    await _rows(page).click()
    await expect(page.get_by_role("heading", name=NAME, level=2)).to_be_visible()
    await expect(page.get_by_text(QUESTION).last).to_be_visible()
    people = page.get_by_role("region", name="Người chăm sóc").last
    await expect(people.get_by_role("heading", name="Nhân viên chăm sóc")).to_be_visible()
    await expect(people.get_by_text(f"Chia cho {sale} theo luật")).to_be_visible()
    await page.get_by_role("textbox", name="Soạn tin").fill(ANSWER)
    await page.get_by_role("button", name="Gửi", exact=True).click()


async def _tag(page: Page, name: str) -> None:
    await page.get_by_role("button", name="Gắn thẻ").click()
    await page.get_by_label("Tìm hoặc thêm thẻ").fill(name)
    await page.get_by_role("option", name=f"Thêm mới “{name}”").click()
    await expect(page.get_by_role("button", name=f"Gỡ thẻ {name}")).to_be_visible()
    await page.keyboard.press("Escape")


async def _attach_the_script(page: Page) -> None:
    """Scripts are silent while a person answers, until that person lets them speak again."""
    await page.get_by_role("button", name="Gắn kịch bản").click()
    await page.get_by_role("option", name="Hỏi thăm").click()
    await page.get_by_role("button", name="Gắn 1 kịch bản").click()
    await expect(page.get_by_text("Đã gắn “Hỏi thăm”")).to_be_visible()
    await page.get_by_role("button", name="Bật lại").click()


async def _give_a_phone(page: Page) -> None:
    await page.get_by_role("button", name="Thêm số điện thoại").click()
    await page.get_by_role("textbox", name="Số điện thoại").fill("0912 345 678")
    await page.get_by_role("button", name="Lưu", exact=True).click()


async def _see_the_record(page: Page, record_id: str) -> None:
    await page.get_by_role("button", name="Hồ sơ CRM").click()
    card = page.get_by_role("region", name="CRM shop")
    for words in (record_id, NAME, "0912 345 678", "Khách sỉ"):
        await expect(card.get_by_role("definition").filter(has_text=words).first).to_be_visible()
    await expect(page.get_by_role("region", name="CRM", exact=True)).to_contain_text("Đã đồng bộ")
    await expect(card.get_by_role("link", name="Mở trong CRM")).to_be_visible()
