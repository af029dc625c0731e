"""Editing a customer in the sidebar of a real browser, alone and against a colleague."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from inbox.mongo.client import Mongo
from tests.sidebar_desk import ANH, SidebarDesk, sidebar_desk

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@pytest.fixture
async def desk(mongo: Mongo, mongo_uri: str, tmp_path: Path) -> AsyncIterator[SidebarDesk]:
    async with sidebar_desk(mongo, mongo_uri, tmp_path) as desk:
        yield desk


async def edit(page: Page, field: str, value: str) -> None:
    await page.get_by_test_id(f"edit-{field}").click()
    await page.get_by_test_id(f"input-{field}").first.fill(value)
    await page.get_by_test_id(f"save-{field}").click()


async def test_sale_sees_the_blocks_beside_the_open_conversation(desk: SidebarDesk) -> None:
    """S0.01, S0.08: customer, people, tags, scripts, media; no assignee while nothing is split."""
    await desk.facebook_writes("Shop ơi", mid="m_1")
    sale = await desk.hire("Lan", "sale")

    async with desk.at_customer(sale) as page:
        for block in ("customer", "people", "tags", "scripts"):
            await expect(page.get_by_test_id(f"block-{block}")).to_have_attribute(
                "data-state", "ok"
            )
        await expect(page.get_by_test_id("media-image")).to_be_visible()
        people = page.get_by_test_id("block-people")
        await expect(people).to_contain_text("Người tham gia")
        await expect(people).not_to_contain_text("Nhân viên chăm sóc")


async def test_the_name_is_text_and_nowhere_a_field(desk: SidebarDesk) -> None:
    """S0.03: even with every form of the block open."""
    await desk.facebook_writes("Shop ơi", mid="m_1")
    async with desk.at_customer() as page:
        sidebar = page.get_by_test_id("sidebar")
        await page.get_by_test_id("more-attributes").click()
        for field in ("phones", "emails", "note"):
            await page.get_by_test_id(f"edit-{field}").click()

        fields = sidebar.locator("input:not([type=checkbox]), textarea, select, [contenteditable]")
        assert await fields.count() >= 3
        for index in range(await fields.count()):
            label = await fields.nth(index).get_attribute("aria-label")
            assert "Tên" not in (label or "")
            assert await fields.nth(index).input_value() != ANH
        name = page.get_by_test_id("customer-name")
        assert await name.evaluate("one => one.tagName") == "H2"
        await expect(sidebar.locator("header").locator("input, button, textarea")).to_have_count(0)
        await expect(sidebar).to_contain_text("Tên lấy từ kênh, không sửa được")


async def test_phone_is_saved_in_any_spelling_and_refused_when_it_is_none(
    desk: SidebarDesk,
) -> None:
    """S0.04: stored as E.164, shown as it is written at home, to be called and copied."""
    customer = await desk.facebook_writes("Shop ơi", mid="m_1")
    async with desk.at_customer() as page:
        await edit(page, "phones", "12")
        await expect(page.get_by_test_id("field-phones")).to_contain_text("không hợp lệ")
        wrong = page.get_by_test_id("input-phones")
        await expect(wrong).to_have_attribute("aria-invalid", "true")
        await expect(wrong).to_be_focused()

        await wrong.fill("0912.345.678")
        await wrong.press("Enter")
        phone = page.get_by_test_id("value-phones")
        await expect(phone).to_have_text("0912 345 678")
        await expect(phone).to_have_attribute("href", "tel:+84912345678")
        assert (await desk.customer(customer["_id"]))["phones"] == ["+84912345678"]

        await page.get_by_test_id("copy-phones").click()
        await expect(page.get_by_text("Đã chép 0912 345 678")).to_be_visible()
        assert await page.evaluate("navigator.clipboard.readText()") == "0912345678"


async def test_email_and_note_are_saved_and_cleared(desk: SidebarDesk) -> None:
    """S0.05, S0.06: a malformed address is refused with words; a note can be taken away."""
    customer = await desk.facebook_writes("Shop ơi", mid="m_1")
    async with desk.at_customer() as page:
        await page.get_by_test_id("edit-emails").click()
        address = page.get_by_test_id("input-emails")
        await address.evaluate("one => { one.type = 'text' }")  # the browser has a check of its own
        await address.fill("anh@")
        await page.get_by_test_id("save-emails").click()
        await expect(page.get_by_test_id("field-emails")).to_contain_text("email không hợp lệ")
        await address.fill("anh@vidu.vn")
        await page.get_by_test_id("save-emails").click()
        await expect(page.get_by_test_id("value-emails")).to_have_text("anh@vidu.vn")

        await edit(page, "note", "Khách quen\nThích màu đỏ")
        await expect(page.get_by_test_id("value-note")).to_contain_text("Thích màu đỏ")
        stored = await desk.customer(customer["_id"])
        assert (stored["emails"], stored["note"]) == (["anh@vidu.vn"], "Khách quen\nThích màu đỏ")

        await edit(page, "note", "")
        await expect(page.get_by_test_id("value-note")).to_have_count(0)
        await page.get_by_test_id("tab-timeline").click()
        edits = page.locator('[data-testid="timeline-row"][data-type="edited"]')
        await expect(edits).to_have_count(3)
        await expect(edits.first).to_contain_text("Ghi chú: Khách quen")
        await page.get_by_test_id("timeline-filter").select_option("tag_added")
        await expect(edits).to_have_count(0)
    assert (await desk.customer(customer["_id"]))["note"] == ""


async def test_two_who_edit_the_same_field_are_told_and_choose(desk: SidebarDesk) -> None:
    """S0.04: the second sees the current value, and takes it or writes over it."""
    customer = await desk.facebook_writes("Shop ơi", mid="m_1")
    await desk.give(customer["_id"], phones=["+84912345678"])
    async with desk.two_at_customer() as (first, second):
        await second.get_by_test_id("edit-phones").click()
        await edit(first, "phones", "0987 654 321")
        await expect(first.get_by_test_id("value-phones")).to_have_text("0987 654 321")

        await second.get_by_test_id("input-phones").fill("0901 222 333")
        await second.get_by_test_id("save-phones").click()
        clash = second.get_by_test_id("clash-phones")
        await expect(clash).to_be_focused()
        await expect(clash.get_by_test_id("clash-theirs")).to_have_text("0987 654 321")
        await expect(clash.get_by_test_id("clash-mine")).to_have_text("0901 222 333")
        await clash.get_by_test_id("clash-take").click()
        await expect(second.get_by_test_id("value-phones")).to_have_text("0987 654 321")
        assert (await desk.customer(customer["_id"]))["phones"] == ["+84987654321"]

        await second.get_by_test_id("edit-phones").click()
        await edit(first, "phones", "0912 345 678")
        await expect(first.get_by_test_id("value-phones")).to_have_text("0912 345 678")
        await second.get_by_test_id("input-phones").fill("0901 222 333")
        await second.get_by_test_id("save-phones").click()
        await second.get_by_test_id("clash-overwrite").click()
        await expect(second.get_by_test_id("value-phones")).to_have_text("0901 222 333")
        await expect(first.get_by_test_id("value-phones")).to_have_text("0901 222 333")


async def test_edits_of_different_fields_both_win_and_are_seen_live(desk: SidebarDesk) -> None:
    """S0.05, S0.06: nobody is asked anything."""
    customer = await desk.facebook_writes("Shop ơi", mid="m_1")
    async with desk.two_at_customer() as (first, second):
        await second.get_by_test_id("edit-note").click()
        await edit(first, "emails", "anh@vidu.vn")
        await expect(second.get_by_test_id("value-emails")).to_have_text("anh@vidu.vn")
        await second.get_by_test_id("input-note").fill("Gọi sau 18h")
        await second.get_by_test_id("save-note").click()

        await expect(first.get_by_test_id("value-note")).to_have_text("Gọi sau 18h")
        await expect(second.get_by_test_id("clash-note")).to_have_count(0)
        await expect(first.get_by_test_id("people-viewers")).to_have_text(re.compile("Lan"))
    stored = await desk.customer(customer["_id"])
    assert (stored["emails"], stored["note"]) == (["anh@vidu.vn"], "Gọi sau 18h")


async def test_what_the_customer_told_is_saved_or_declined_with_one_press(
    desk: SidebarDesk,
) -> None:
    """X.SYN.06: offered in the thread at once; what is declined stays away."""
    customer = await desk.facebook_writes("Shop ơi", mid="m_1")
    async with desk.at_customer() as page:
        await desk.facebook_writes("sdt em 0912.345.678", mid="m_2")
        offer = page.get_by_test_id("suggestion")
        await expect(offer).to_contain_text("Lưu số 0912 345 678?")
        await offer.get_by_test_id("suggestion-save").click()
        await expect(offer).to_have_count(0)
        await expect(page.get_by_test_id("value-phones")).to_have_text("0912 345 678")

        await desk.facebook_writes("mail anh@vidu.vn nha", mid="m_3")
        await offer.get_by_test_id("suggestion-decline").click()
        await expect(offer).to_have_count(0)
    async with desk.at_customer() as page:
        await expect(page.get_by_test_id("value-phones")).to_have_text("0912 345 678")
        await expect(page.get_by_test_id("suggestion")).to_have_count(0)
    stored = await desk.customer(customer["_id"])
    assert (stored["phones"], stored.get("emails", [])) == (["+84912345678"], [])


async def test_attribute_is_edited_by_its_type(desk: SidebarDesk) -> None:
    customer = await desk.facebook_writes("Shop ơi", mid="m_1")
    async with desk.at_customer() as page:
        await page.get_by_test_id("more-attributes").click()
        await page.get_by_test_id("edit-attributes.birthday").click()
        await page.get_by_test_id("input-attributes.birthday").fill("1990-02-28")
        await page.get_by_test_id("save-attributes.birthday").click()
        await expect(page.get_by_test_id("value-attributes.birthday")).to_have_text("28/2/1990")
    assert (await desk.customer(customer["_id"]))["attributes"] == {"birthday": "1990-02-28"}
