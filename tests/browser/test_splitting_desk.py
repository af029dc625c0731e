"""The splitting desk in a browser: rules, a rehearsal, switching on; who waits, who is here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Page, ViewportSize, expect

from inbox.clock import SystemClock
from inbox.mongo.client import Mongo
from inbox.staff.model import Actor
from inbox.staff.service import NewStaff
from tests.chromium import one_page, sign_in_by_labels
from tests.ingest import facebook_message
from tests.service import PASSWORD, RunningService, running_service
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

SALES = ("Lan", "Minh")


@pytest.fixture
async def shop(mongo: Mongo, mongo_uri: str, tmp_path: Path) -> AsyncIterator[RunningService]:
    """A bot of two sales that does not split yet; four customers wrote yesterday."""
    async with running_service(mongo, mongo_uri, tmp_path) as shop:
        ids = [await _hire(shop, mongo, name) for name in SALES]
        await mongo["bots"].update_one({}, {"$set": {"member_ids": ids}})
        await shop.service.directory.refresh()
        for place in range(4):
            await _writes(shop, f"past{place}", "Chào shop", ago=timedelta(hours=20 + place))
        await until(lambda: _is_there(mongo, 4))
        yield shop


async def _hire(shop: RunningService, mongo: Mongo, name: str) -> str:
    owner = await mongo["staff"].find_one({"role": "owner"})
    assert owner is not None
    actor = Actor(id=owner["_id"], name=owner["name"], role="owner")
    wanted = NewStaff(
        name=name, email=f"{name.lower()}@shop.example", password=PASSWORD, role="sale"
    )
    return (await shop.service.staff.create(actor, wanted)).id


async def _writes(
    shop: RunningService, who: str, text: str, *, ago: timedelta = timedelta()
) -> None:
    at = SystemClock().now() - ago
    body = facebook_message(text, mid=f"m_{who}", at=int(at.timestamp() * 1000), psid=f"7312{who}")
    assert await shop.post_facebook(body) == 200


async def _is_there(mongo: Mongo, count: int) -> bool:
    return await mongo["conversations"].count_documents({}) == count


@asynccontextmanager
async def signed_in(shop: RunningService) -> AsyncIterator[Page]:
    """The owner in the inbox, found by what everybody sees."""
    async with one_page(viewport=ViewportSize(width=1280, height=1000)) as page:
        await sign_in_by_labels(page, shop.url)
        yield page


async def _open_desk(page: Page) -> None:
    await page.get_by_role("button", name="Tài khoản và cài đặt").click()
    await page.get_by_role("menuitem", name="Cài đặt").click()
    await page.get_by_role("link", name="Chia tin").click()
    await expect(page.get_by_role("heading", name="Chia tin", exact=True)).to_be_visible()


async def _write_a_rule(page: Page) -> None:
    """For whoever asks for a price; a mistake is told at its field and mended."""
    await page.get_by_role("button", name="Thêm luật").click()
    await page.get_by_label("Tên luật").fill("Hỏi giá")
    await page.get_by_role("button", name="Lưu luật").click()
    await expect(page.get_by_text("Cần từ 1 đến 500 giá trị.")).to_be_visible()
    await page.get_by_label("Điều kiện 1: giá trị").fill("giá, bao nhiêu")
    await page.get_by_label("Chia cho ai, chia thế nào").select_option("Nhân viên tự nhận")
    await page.get_by_role("button", name="Lưu luật").click()
    rule = page.get_by_role("listitem").filter(has_text="Hỏi giá")
    await expect(rule).to_contain_text("Tin đầu tiên có chứa “giá” hoặc “bao nhiêu”")
    await expect(rule).to_contain_text("Nhân viên tự nhận")


async def _rehearse_and_switch_on(page: Page) -> None:
    await page.get_by_role("button", name="Diễn tập rồi bật").click()
    await expect(page.get_by_text("4 hội thoại được chia thử")).to_be_visible()
    shares = page.get_by_role("table", name="Mỗi người nhận bao nhiêu")
    for name in SALES:
        await expect(shares.get_by_role("row", name=name)).to_contain_text("50%")
    await page.get_by_role("button", name="Bật chia tin").click()
    await expect(page.get_by_text("Chia tin đang bật")).to_be_visible()


async def test_a_rule_is_written_rehearsed_and_splitting_switched_on(
    shop: RunningService, mongo: Mongo
) -> None:
    """X.SPL.02 X.SPL.03 X.SPL.04 X.SPL.07, by visible words and roles alone."""
    async with signed_in(shop) as page:
        await _open_desk(page)
        await expect(page.get_by_text("Chia tin đang tắt")).to_be_visible()
        await _write_a_rule(page)
        await _rehearse_and_switch_on(page)

        for who in ("an", "bich"):
            await _writes(shop, who, "Áo này còn không?")
        await _writes(shop, "cuong", "Cho mình hỏi GIA bao nhieu")

        async def divided() -> bool:
            given = await mongo["conversations"].distinct(
                "assignee_id", {"assignee_id": {"$ne": None}}
            )
            open_to_all = await mongo["conversations"].count_documents({"split.state": "claimable"})
            return (len(given), open_to_all) == (2, 1)

        await until(divided)


async def _splits(shop: RunningService, mongo: Mongo, **rule: object) -> None:
    """Splitting is on, with a default rule like this."""
    bot = await mongo["bots"].find_one({})
    assert bot is not None
    await mongo["bots"].update_one({"_id": bot["_id"]}, {"$set": {"split": {"enabled": True}}})
    stored = {"_id": f"default-{bot['_id']}", "bot_id": bot["_id"], "position": 1_000_000}
    await mongo["split_rules"].insert_one({**stored, "name": "Mặc định", **rule})
    await shop.service.directory.refresh()


async def test_who_waits_is_told_why_and_given_to_somebody(
    shop: RunningService, mongo: Mongo
) -> None:
    """X.SPL.10 X.SPL.18: the board fills live, and the books know what was given by hand."""
    await _splits(shop, mongo, mode="even", eligible="online")
    async with signed_in(shop) as page:
        await _open_desk(page)
        await page.get_by_role("link", name="Khách đang chờ").click()
        row = page.get_by_test_id("leak").filter(has_text="Có ship Đà Nẵng không?")
        await expect(page.get_by_test_id("leak")).to_have_count(4)
        await _writes(shop, "dung", "Có ship Đà Nẵng không?")

        await expect(row).to_contain_text("chưa có ai nhận được")
        await row.get_by_text("Vì sao chưa ai nhận được (2)").click()
        await expect(row.get_by_text("Minh: đang ngoại tuyến")).to_be_visible()
        await row.get_by_role("button", name="Giao cho").click()
        await page.get_by_role("radio", name="Minh").check()
        await page.get_by_role("button", name="Chuyển", exact=True).click()
        await expect(row).to_contain_text("Minh chưa trả lời")

        await page.get_by_role("link", name="Sổ công bằng").click()
        books = page.get_by_role("table", name="Sổ của luật Mặc định")
        await expect(books.get_by_role("row", name="Minh")).to_contain_text("1")


async def test_a_colleague_is_switched_off_and_gets_hours_of_their_own(
    shop: RunningService, mongo: Mongo
) -> None:
    """X.SPL.09 X.SPL.11 X.SPL.15: who is here, who gets conversations, and who is on when."""
    async with signed_in(shop) as page:
        await _open_desk(page)
        await page.get_by_role("link", name="Người trực & ca").click()
        board = page.get_by_role("table", name="Người trực")
        lan = board.get_by_role("row", name="Lan")
        await expect(lan).to_contain_text("ngoại tuyến")
        await lan.get_by_role("switch").click()
        await expect(lan.get_by_role("switch")).not_to_be_checked()
        await expect(lan).to_contain_text("không nhận dữ liệu")

        week = page.get_by_role("table", name="Ca làm trong tuần")
        minh = week.get_by_role("row", name="Minh")
        await minh.get_by_role("button", name="Sửa ca").click()
        await page.get_by_role("radio", name="Ca riêng").check()
        await page.get_by_label("Thứ Hai, từ").fill("22:00")
        await page.get_by_label("Thứ Hai, đến").fill("06:00")
        await page.get_by_role("button", name="Lưu").click()
        await expect(minh).to_contain_text("22:00–06:00")
        await expect(minh.get_by_role("button", name="Sửa ca")).to_be_focused()

    assert await mongo["staff"].distinct("name", {"receiving": False}) == ["Lan"]
    shift = await mongo["staff_shifts"].find_one({})
    assert shift is not None
    assert shift["schedule"]["weekdays"]["mon"] == [{"from": "22:00", "to": "06:00"}]


async def _add_rules(mongo: Mongo, *names: str) -> None:
    bot = await mongo["bots"].find_one({})
    assert bot is not None
    for place, name in enumerate(names, start=1):
        when = {"field": "keyword", "op": "contains", "value": [name]}
        rule = {"_id": name, "bot_id": bot["_id"], "position": place, "name": name, "when": when}
        await mongo["split_rules"].insert_one(rule)


async def test_rules_change_places_by_keyboard_and_by_dragging(
    shop: RunningService, mongo: Mongo
) -> None:
    """X.SPL.02: the order is stored, and the default rule stays the last."""
    await _add_rules(mongo, "Giá", "Ship", "Size")
    async with signed_in(shop) as page:
        await _open_desk(page)
        names = page.get_by_role("list", name="Luật chia").get_by_role("heading")
        await page.get_by_role("button", name="để chuyển luật Giá").press("ArrowDown")
        await expect(names).to_have_text(["Ship", "Giá", "Size", "Mặc định"])
        await expect(page.get_by_text("Giá: vị trí 2 trên 3")).to_be_attached()
        grip = page.get_by_role("button", name="để chuyển luật Size")
        await grip.drag_to(page.get_by_role("heading", name="Ship"))
        await expect(names).to_have_text(["Size", "Ship", "Giá", "Mặc định"])

        async def kept() -> bool:
            rules = mongo["split_rules"].find({"when": {"$ne": None}}).sort("position", 1)
            return [rule["_id"] async for rule in rules] == ["Size", "Ship", "Giá"]

        await until(kept)


async def test_settings_are_saved_and_a_mistake_is_told_at_its_field(
    shop: RunningService, mongo: Mongo
) -> None:
    """X.SPL.15 X.SPL.16 X.SPL.17 X.SPL.23: what is wrong saves nothing, what is right all of it."""
    async with signed_in(shop) as page:
        await _open_desk(page)
        await page.get_by_role("link", name="Cài đặt").click()
        own = page.get_by_role("radio", name="Chỉ hội thoại của mình")
        await own.check()
        await page.get_by_role(
            "link", name="Về hộp thư"
        ).click()  # the question is answered with no
        await expect(own).to_be_checked()
        await page.get_by_role("checkbox", name="thì tiếp quản").check()
        await page.get_by_role("checkbox", name="Báo cho những người được chọn").check()
        await page.get_by_role("checkbox", name="Lan").check()
        await page.get_by_role("button", name="Thêm ngày nghỉ").click()
        await page.get_by_label("Ngày nghỉ 1, từ ngày").fill("2027-02-08")
        await page.get_by_label("Ngày nghỉ 1, đến hết ngày").fill("2027-02-05")
        await page.get_by_role("button", name="Lưu", exact=True).click()
        holiday = page.get_by_role("list", name="Ngày nghỉ lễ")
        await expect(holiday).to_contain_text("Ngày kết thúc phải sau ngày bắt đầu.")
        await page.get_by_label("Ngày nghỉ 1, đến hết ngày").fill("2027-02-12")
        await page.get_by_role("button", name="Lưu", exact=True).click()
        await expect(page.get_by_text("Đã lưu")).to_be_visible()

    bot = await mongo["bots"].find_one({})
    assert bot is not None
    split = bot["split"]
    assert (split["visibility"], split["replier_takes_over"]) == ("own", True)
    assert split["holidays"][0]["to"] == "2027-02-12"
    assert split["alert"]["after_min"] == 15
