"""A customer's CRM record in the sidebar of a real browser; the CRM is the simulated Getfly."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Locator, Page, expect

from app.demo.getfly.crm import RECORD_PATH, SimulatedGetfly
from app.demo.getfly.model import Account
from inbox.clock import SystemClock
from inbox.mongo.client import Mongo
from tests.crm_sync.faults import FaultProxy, fault_proxy
from tests.sidebar_desk import ANH, SidebarDesk, sidebar_desk
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

SPELLED, PHONE = "0912 345 678", "0912345678"
"""As people read it here, and as Getfly has it."""
MIRRORED = ("Số điện thoại", "Email", "Ghi chú")
PUSHED = [
    {"ours": "name", "theirs": "account_name"},
    {"ours": "phones", "theirs": "phone_office"},
    {"ours": "emails", "theirs": "email"},
    {"ours": "note", "theirs": "description"},
]
TAGGED = [*PUSHED, {"ours": "tags", "theirs": "account_type"}]
BOTH_WAYS = [
    {"ours": "name", "theirs": "account_name"},
    {"ours": "phones", "theirs": "phone_office", "direction": "both", "conflict": "inbox_wins"},
]


class CrmDesk:
    """A sidebar, and the CRM that its customers are mirrored into; `proxy` stands between."""

    def __init__(self, desk: SidebarDesk, crm: SimulatedGetfly, proxy: FaultProxy) -> None:
        self.desk = desk
        self.crm = crm
        self.proxy = proxy

    async def switch(self, *, on: bool) -> None:
        """The bot's "đồng bộ dữ liệu sang CRM"."""
        await self.desk.mongo["bots"].update_many({}, {"$set": {"crm_sync": on}})

    def only_record(self) -> Account:
        (account,) = self.crm.accounts()
        return account

    def tags_there(self) -> set[str]:
        """What the only record is tagged with: Getfly's groups of customers."""
        return {self.crm.book.types[one].name for one in self.only_record().type_ids}

    async def has_phone(self, phone: str) -> bool:
        found = [one.texts["phone_office"] for one in self.crm.accounts()]
        return found == [phone]


@asynccontextmanager
async def crm_desk(
    mongo: Mongo, mongo_uri: str, data: Path, fields: list[dict[str, str]]
) -> AsyncIterator[CrmDesk]:
    crm = SimulatedGetfly(SystemClock())
    async with (
        TestServer(crm.application) as server,
        fault_proxy(str(server.make_url(""))) as proxy,
    ):
        connection: dict[str, Any] = {
            "kind": "getfly",
            "url": proxy.url,
            "record_url": f"{proxy.url}{RECORD_PATH}",
            "calls_per_second": 100,
            "poll_every": "PT1S",
            "fields": fields,
        }
        async with sidebar_desk(
            mongo,
            mongo_uri,
            data,
            secrets={"CRM_SYNC__SECRETS": f"shop={crm.key}"},
            overrides={"crm_sync.connections": {"shop": connection}},
        ) as desk:
            crm_desk = CrmDesk(desk, crm, proxy)
            await crm_desk.switch(on=True)
            yield crm_desk


@pytest.fixture
async def crm(mongo: Mongo, mongo_uri: str, tmp_path: Path) -> AsyncIterator[CrmDesk]:
    async with crm_desk(mongo, mongo_uri, tmp_path, PUSHED) as desk:
        yield desk


@pytest.fixture
async def two_ways(mongo: Mongo, mongo_uri: str, tmp_path: Path) -> AsyncIterator[CrmDesk]:
    async with crm_desk(mongo, mongo_uri, tmp_path, BOTH_WAYS) as desk:
        yield desk


@pytest.fixture
async def tagged(mongo: Mongo, mongo_uri: str, tmp_path: Path) -> AsyncIterator[CrmDesk]:
    async with crm_desk(mongo, mongo_uri, tmp_path, TAGGED) as desk:
        yield desk


async def edit_phone(page: Page, phone: str) -> None:
    await page.get_by_test_id("edit-phones").click()
    await page.get_by_test_id("input-phones").first.fill(phone)
    await page.get_by_test_id("save-phones").click()
    await expect(page.get_by_test_id("value-phones")).to_have_text(phone)


def state(page: Page) -> Locator:
    """Of the record as a whole."""
    return page.get_by_test_id("block-crm").get_by_test_id("crm-state").first


async def expect_state(page: Page, wanted: str) -> None:
    await expect(state(page)).to_have_attribute("data-state", wanted)


async def linked(page: Page) -> None:
    """With a record in the CRM, made by an edit of the phone."""
    await edit_phone(page, SPELLED)
    await expect_state(page, "synced")
    await expect(page.get_by_test_id("crm-open")).to_be_enabled()


async def test_an_edit_is_seen_to_arrive_and_the_card_leads_to_the_record(crm: CrmDesk) -> None:
    """S0.02, S0.04, S0.07, X.SYN.05: by keys alone once it is there."""
    await crm.desk.facebook_writes("Shop ơi", mid="m_1")
    async with crm.desk.at_customer() as page:
        icon = page.get_by_test_id("crm-open")
        await expect(icon).to_be_disabled()
        await expect(page.get_by_test_id("crm-reason")).to_have_text(
            "Khách hàng chưa có trong CRM."
        )
        await linked(page)
        account = crm.only_record()
        assert (account.name, account.texts["phone_office"]) == (ANH, PHONE)

        await icon.focus()
        await icon.press("Enter")
        await expect(icon).to_have_attribute("aria-expanded", "true")
        card = page.get_by_role("region", name="CRM shop")
        await expect(card.get_by_test_id("crm-id")).to_have_text(str(account.id))
        await expect(card.get_by_test_id("crm-name")).to_have_text(ANH)
        await expect(card.get_by_test_id("crm-phone")).to_have_text(SPELLED)
        fields = card.get_by_test_id("crm-field")
        await expect(fields).to_have_count(len(MIRRORED))
        for label in MIRRORED:
            await expect(fields.filter(has_text=label)).to_contain_text("Đã đồng bộ")

        out = card.get_by_test_id("crm-out")
        await expect(out).to_have_attribute("rel", "noopener noreferrer")
        async with page.context.expect_page() as opening:
            await out.press("Enter")
        theirs = await opening.value
        await expect(theirs.get_by_role("heading", name=ANH)).to_be_visible()
        assert theirs.url.endswith(f"/crm/account/{account.id}")


async def new_tag(page: Page, name: str) -> None:
    await page.get_by_test_id("tag-add").click()
    await page.get_by_test_id("tag-search").fill(name)
    await page.get_by_test_id("tag-new").click()
    await page.keyboard.press("Escape")


async def test_tags_are_mirrored_and_those_of_the_crm_itself_are_left_alone(
    tagged: CrmDesk,
) -> None:
    """S0.15: attached and taken off here; a group of the CRM's own stays through both."""
    await tagged.desk.facebook_writes("Shop ơi", mid="m_1")
    async with tagged.desk.at_customer() as page:
        await linked(page)
        tagged.crm.tag(tagged.only_record().id, "Đại lý")

        await new_tag(page, "Khách sỉ")
        await until(lambda: tagged.tags_there() == {"Đại lý", "Khách sỉ"})
        await expect_state(page, "synced")
        await page.get_by_test_id("crm-open").click()
        await expect(page.get_by_test_id("crm-tags")).to_contain_text("Khách sỉ")

        await page.get_by_test_id("tag-remove").click()
        await until(lambda: tagged.tags_there() == {"Đại lý"})


async def test_a_crm_that_is_down_is_told_and_the_sidebar_goes_on(crm: CrmDesk) -> None:
    """S0.07, X.SYN.05: the state follows the worker, with nobody touching the page."""
    await crm.desk.facebook_writes("Shop ơi", mid="m_1")
    async with crm.desk.at_customer() as page:
        await linked(page)
        crm.proxy.is_down = True
        await edit_phone(page, "0987 654 321")

        await expect_state(page, "waiting")
        await expect(state(page)).to_contain_text("Chờ đồng bộ từ")
        await expect(page.get_by_test_id("crm-reason")).to_contain_text("CRM hiện không phản hồi")
        await expect(page.get_by_test_id("block-people")).to_have_attribute("data-state", "ok")
        await page.get_by_test_id("crm-open").click()
        waiting = page.locator('[data-testid="crm-field"][data-field="phones"]')
        await expect(waiting).to_have_attribute("data-state", "waiting")
        await page.get_by_test_id("crm-sync").click()
        await expect(page.get_by_test_id("crm-result")).to_contain_text("đang chờ")

        crm.proxy.is_down = False
        await until(lambda: crm.has_phone("0987654321"))
        await expect_state(page, "synced")
        await expect(waiting).to_have_attribute("data-state", "synced")
        await expect(page.get_by_test_id("crm-phone")).to_have_text("0987 654 321")


async def test_with_the_switch_off_the_icon_says_why_and_nothing_is_sent(crm: CrmDesk) -> None:
    """S0.02, S0.07."""
    await crm.switch(on=False)
    await crm.desk.facebook_writes("Shop ơi", mid="m_1")
    async with crm.desk.at_customer() as page:
        await edit_phone(page, SPELLED)
        icon = page.get_by_test_id("crm-open")
        await expect(icon).to_be_disabled()
        why = "Bot chưa bật đồng bộ dữ liệu sang CRM."
        await expect(icon).to_have_attribute("title", why)
        await expect(icon).to_have_accessible_description(why)
        await expect(page.get_by_test_id("crm-reason")).to_have_text(why)
        await expect(page.get_by_test_id("crm-link")).to_have_count(0)
    assert crm.crm.accounts() == []


async def test_of_several_records_that_fit_somebody_chooses_one(crm: CrmDesk) -> None:
    """X.SYN.03, X.SYN.05: none is made, none is guessed."""
    both = [crm.crm.add_account(name, phone_office=SPELLED) for name in ("Ánh cũ", "Ánh mới")]
    await crm.desk.facebook_writes("Shop ơi", mid="m_1")
    async with crm.desk.at_customer() as page:
        await edit_phone(page, SPELLED)
        await expect_state(page, "failed")
        await expect(page.get_by_test_id("crm-reason")).to_contain_text(
            "Có 2 hồ sơ CRM cùng phù hợp"
        )
        await page.get_by_test_id("crm-link").click()
        choice = page.get_by_role("group", name="Hồ sơ nào là của khách này?")
        await expect(choice.get_by_role("radio")).to_have_count(2)
        await expect(page.get_by_test_id("crm-choose")).to_be_disabled()
        await expect(page.get_by_test_id("crm-out")).to_have_count(0)
        await choice.get_by_role("radio", name="Ánh mới").check()
        await page.get_by_test_id("crm-choose").click()

        await expect_state(page, "synced")
        await expect(page.get_by_test_id("crm-id")).to_have_text(str(both[1].id))
        await expect(page.get_by_test_id("crm-sync")).to_be_focused()
    assert len(crm.crm.accounts()) == 2


async def test_a_record_that_was_deleted_there_is_made_again_when_confirmed(crm: CrmDesk) -> None:
    """S0.07, X.SYN.05."""
    await crm.desk.facebook_writes("Shop ơi", mid="m_1")
    async with crm.desk.at_customer() as page:
        await linked(page)
        crm.crm.delete(crm.only_record().id)
        await edit_phone(page, "0987 654 321")
        await expect_state(page, "failed")
        await expect(page.get_by_test_id("crm-reason")).to_contain_text("đã bị xoá trong CRM")
        assert crm.crm.accounts() == []

        await page.get_by_test_id("crm-open").click()
        await page.get_by_test_id("crm-again").click()
        await expect(page.get_by_test_id("crm-again-keep")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(page.get_by_test_id("crm-again")).to_be_focused()
        await page.keyboard.press("Enter")
        await page.get_by_test_id("crm-again-sure").click()
        await expect_state(page, "synced")
        await expect(page.get_by_test_id("crm-result")).to_have_text("Đã đồng bộ xong.")
        assert crm.only_record().texts["phone_office"] == "0987654321"


async def test_who_won_a_conflict_stands_in_the_timeline(two_ways: CrmDesk) -> None:
    """S0.04, X.SYN.05: and whoever edited in the CRM is called by its name."""
    await two_ways.desk.facebook_writes("Shop ơi", mid="m_1")
    async with two_ways.desk.at_customer() as page:
        await linked(page)
        record = two_ways.only_record()
        two_ways.crm.edit(record.id, {"phone_office": "0977 777 777"})
        await expect(page.get_by_test_id("value-phones")).to_have_text("0977 777 777")

        two_ways.proxy.is_down = True
        two_ways.crm.edit(record.id, {"phone_office": "0966 666 666"})
        await edit_phone(page, "0955 555 555")
        two_ways.proxy.is_down = False
        await until(lambda: two_ways.has_phone("0955555555"))

        await page.get_by_test_id("tab-timeline").click()
        row = page.locator('[data-testid="timeline-row"][data-type="crm_conflict"]')
        await expect(row).to_contain_text(
            "Số điện thoại: giữ giá trị sửa ở hộp thư, không lấy của CRM shop"
        )
        await expect(row).to_contain_text("Đã giữ: 0955 555 555")
        await expect(row).to_contain_text("Đã bỏ: 0966 666 666")
        edits = page.locator('[data-testid="timeline-row"][data-type="edited"]')
        await expect(edits.filter(has_text="CRM shop")).to_contain_text("→ 0977 777 777")
