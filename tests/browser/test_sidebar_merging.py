"""Merging two records of one person in a real browser, and parting them again."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import expect

from inbox.mongo.client import Mongo
from tests.sidebar_desk import ANH, SidebarDesk, sidebar_desk

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@pytest.fixture
async def desk(mongo: Mongo, mongo_uri: str, tmp_path: Path) -> AsyncIterator[SidebarDesk]:
    async with sidebar_desk(mongo, mongo_uri, tmp_path) as desk:
        yield desk


@dataclass(frozen=True, slots=True)
class Twins:
    """Two records of one person: from Facebook with a note, from Zalo with everything else."""

    one: str
    other: str
    owner: str


async def twins(desk: SidebarDesk) -> Twins:
    one = await desk.facebook_writes("Shop ơi", mid="m_1")
    other = await desk.zalo_writes("Alo shop", mid="z_1", name="Hồng Ánh")
    owner = await desk.mongo["staff"].find_one({})
    assert owner is not None
    same = ["+84912345678"]
    await desk.give(one["_id"], phones=same, note="Thích màu đỏ")
    await desk.give(
        other["_id"], phones=same, emails=["anh@vidu.vn"], owner_id=owner["_id"], note="Size M"
    )
    return Twins(one["_id"], other["_id"], owner["name"])


async def threads_of(desk: SidebarDesk, customer_id: str) -> int:
    return await desk.mongo["conversations"].count_documents({"customer_id": customer_id})


async def test_duplicate_is_shown_with_its_owner_and_compared(desk: SidebarDesk) -> None:
    both = await twins(desk)
    async with desk.at_customer() as page:
        duplicate = page.get_by_test_id("duplicate")
        await expect(duplicate).to_contain_text("Có thể trùng với Hồng Ánh")
        await expect(duplicate).to_contain_text("Cùng có 0912 345 678")
        await expect(duplicate).to_contain_text(f"Người phụ trách: {both.owner}")

        await duplicate.get_by_test_id("compare").click()
        dialog = page.get_by_test_id("merge-dialog")
        await expect(dialog.get_by_test_id("merge-side")).to_contain_text([ANH, "Hồng Ánh"])
        for words in ("anh@vidu.vn", "Thích màu đỏ", "Size M", both.owner):
            await expect(dialog).to_contain_text(words)
        await page.keyboard.press("Escape")
        await expect(dialog).to_have_count(0)
    assert await threads_of(desk, both.one) == 1


async def test_records_are_merged_and_parted_again(desk: SidebarDesk) -> None:
    both = await twins(desk)
    async with desk.at_customer() as page:
        await page.get_by_test_id("compare").click()
        await page.get_by_test_id("merge-sure").click()
        await expect(page.get_by_test_id("merge-dialog")).to_have_count(0)
        await expect(page.get_by_test_id("duplicate")).to_have_count(0)
        await expect(page.get_by_test_id("value-emails")).to_have_text("anh@vidu.vn")
        await expect(page.get_by_test_id("value-note")).to_contain_text("Size M")
        await expect(page.get_by_test_id("customer-name")).to_have_text(ANH)
        assert await threads_of(desk, both.one) == 2

        last = page.get_by_test_id("last-merge")
        await expect(last).to_contain_text("Đã gộp với Hồng Ánh")
        await last.get_by_test_id("undo-merge").click()
        await expect(last).to_have_count(0)
        await expect(page.get_by_test_id("duplicate")).to_be_visible()
        await expect(page.get_by_test_id("value-emails")).to_have_count(0)
        assert await threads_of(desk, both.one) == 1


async def test_the_other_record_may_be_the_one_that_stays(desk: SidebarDesk) -> None:
    both = await twins(desk)
    async with desk.at_customer() as page:
        await page.get_by_test_id("compare").click()
        await page.get_by_test_id("merge-side").last.get_by_role("radio").check()
        await page.get_by_test_id("merge-sure").click()

        await expect(page.get_by_test_id("customer-name")).to_have_text("Hồng Ánh")
        await expect(page.get_by_test_id("last-merge")).to_contain_text(ANH)
    assert await threads_of(desk, both.other) == 2


async def test_a_tag_travels_with_the_customer_to_their_other_conversation(
    desk: SidebarDesk,
) -> None:
    """S0.14: attached at the one on Facebook; a colleague at the one on Zalo sees it at once."""
    both = await twins(desk)
    colleague = await desk.hire("Lan", "sale")
    async with desk.at_customer() as page, desk.signed_in(colleague) as other:
        await page.get_by_test_id("compare").click()
        await page.get_by_test_id("merge-sure").click()
        await expect(page.get_by_test_id("merge-dialog")).to_have_count(0)
        await other.get_by_test_id("conversation-row").filter(has_text="Alo shop").click()
        theirs = other.get_by_test_id("block-tags").get_by_test_id("tag")
        await expect(other.get_by_test_id("message")).to_contain_text("Alo shop")
        await expect(theirs).to_have_count(0)

        await page.get_by_test_id("tag-add").click()
        await page.get_by_test_id("tag-search").fill("Khách thân thiết")
        await page.get_by_test_id("tag-new").click()

        await expect(theirs).to_have_text(["Khách thân thiết"])
        await other.reload()
        await expect(theirs).to_have_text(["Khách thân thiết"])
        answer = await other.request.get(f"{desk.service.url}/api/v1/conversations")
        listed = (await answer.json())["items"]
        tag = await desk.mongo["tags"].find_one({})
        assert tag is not None
        assert [one["tags"] for one in listed] == [[tag["_id"]]] * 2
    assert (await desk.customer(both.one))["tag_ids"] == [tag["_id"]]
