"""Who sees a conversation beside its sidebar, with splitting off and on, each in a browser."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import expect

from inbox.clock import SystemClock
from inbox.mongo.client import Mongo
from tests.ingest import facebook_message
from tests.sidebar_desk import SidebarDesk, sidebar_desk

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


NOTE_ROWS = """() => {
  window.everShown = new Set()
  const note = (one) => window.everShown.add(one.dataset.conversation)
  const look = () => document.querySelectorAll('[data-conversation]').forEach(note)
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true })
}"""


@pytest.fixture
async def desk(mongo: Mongo, mongo_uri: str, tmp_path: Path) -> AsyncIterator[SidebarDesk]:
    async with sidebar_desk(mongo, mongo_uri, tmp_path) as desk:
        yield desk


async def test_with_splitting_off_all_members_see_it_and_nobody_else(desk: SidebarDesk) -> None:
    """S0.09: both members have it in their list and open it; who is no member is refused."""
    await desk.facebook_writes("Shop ơi, còn size L không?", mid="m_1")
    members = [await desk.hire(name, "sale") for name in ("Lan", "Minh")]
    stranger = await desk.hire("Tuan", "sale", is_member=False)
    thread = await desk.mongo["conversations"].find_one({})
    assert thread is not None

    async with AsyncExitStack() as browsers:
        for member in members:
            page = await browsers.enter_async_context(desk.at_customer(member))
            await expect(page.get_by_test_id("message")).to_contain_text("còn size L không?")
        other = await browsers.enter_async_context(desk.signed_in(stranger))
        await expect(other.get_by_test_id("connection")).to_have_attribute("data-state", "open")
        await expect(other.get_by_test_id("conversation-row")).to_have_count(0)
        await other.goto(f"{desk.service.url}/inbox/{thread['_id']}")
        await expect(other.get_by_text("Không xem được hội thoại này")).to_be_visible()
        await expect(other.get_by_test_id("message")).to_have_count(0)
        path = f"{desk.service.url}/api/v1/conversations/{thread['_id']}"
        assert (await other.request.get(path)).status == 403


async def split_evenly(desk: SidebarDesk) -> None:
    """Splitting is on: sales see what is theirs, and what is still nobody's."""
    bot = await desk.mongo["bots"].find_one({})
    assert bot is not None
    split = {"enabled": True, "visibility": "own_unassigned"}
    await desk.mongo["bots"].update_one({"_id": bot["_id"]}, {"$set": {"split": split}})
    rule = {"_id": f"default-{bot['_id']}", "bot_id": bot["_id"], "position": 1_000_000}
    await desk.mongo["split_rules"].insert_one({**rule, "name": "Mặc định", "mode": "even"})
    await desk.service.service.directory.refresh()


async def writes(desk: SidebarDesk, who: str, text: str) -> None:
    at = int((SystemClock().now() - timedelta(minutes=1)).timestamp() * 1000)
    body = facebook_message(text, mid=f"m_{who}", at=at, psid=f"7312{who}")
    assert await desk.service.post_facebook(body) == 200


async def test_each_incoming_conversation_goes_to_one_sale_who_is_shown_with_the_reason(
    desk: SidebarDesk,
) -> None:
    """S0.10, S0.11: of four customers each sale gets two, and reads there why they are theirs.

    A conversation that is nobody's would be seen by both: none of them ever is.
    """
    sales = {name: await desk.hire(name, "sale") for name in ("Lan", "Minh")}
    await split_evenly(desk)
    texts = {"an": "Áo đen còn không?", "bich": "Áo be còn không?"}
    texts |= {"cuong": "Áo xám còn không?", "dung": "Áo nâu còn không?"}
    seen: list[str] = []
    async with AsyncExitStack() as browsers:
        pages = {
            name: await browsers.enter_async_context(desk.signed_in(email))
            for name, email in sales.items()
        }
        for page in pages.values():
            await expect(page.get_by_test_id("connection")).to_have_attribute("data-state", "open")
            await page.evaluate(NOTE_ROWS)
        for who, text in texts.items():
            await writes(desk, who, text)

        for name, page in pages.items():
            rows = page.get_by_test_id("conversation-row")
            await expect(rows).to_have_count(2)
            seen += await rows.all_inner_texts()
            assert len(await page.evaluate("[...window.everShown]")) == 2
            await rows.first.click()
            block = page.get_by_test_id("block-people")
            await expect(block.get_by_role("heading", name="Nhân viên chăm sóc")).to_be_visible()
            await expect(block.get_by_test_id("assignee")).to_contain_text(name)
            await expect(block.get_by_test_id("participants")).to_contain_text(name)
            await expect(block.get_by_test_id("last-receipt")).to_contain_text(name)
    for text in texts.values():
        assert len([row for row in seen if text in row]) == 1, seen
