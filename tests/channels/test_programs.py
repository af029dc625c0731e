"""Programs of this process: they answer customers, once, and never over a person."""

import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.programs import ProgramMissing, programs_of
from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.inbox.automations.shop import Shop, a_shop
from tests.ingest import FACEBOOK_PAGE
from tests.waiting import until

pytestmark = pytest.mark.timeout(120)

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
PROGRAM = "price_program:program"


@pytest.fixture
async def shop(
    mongo: Mongo,
    mongo_uri: str,
    tmp_path: Path,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Shop]:
    """With the program of the documentation."""
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.delitem(sys.modules, "price_program", raising=False)
    settings = {"channels.programs": [PROGRAM]}
    async with a_shop(mongo, mongo_uri, tmp_path, clock, **settings) as made:
        await made.running.service.directory.refresh()
        yield made


async def test_the_program_of_the_documentation_answers_once(shop: Shop) -> None:
    thread = await shop.customer_says("an", "Áo này giá bao nhiêu?")
    await until(lambda: shop.platform.texts == ["Dạ áo bên em giá 250.000đ ạ."])

    said = (await shop.messages(thread))[-1]
    assert (said["author"]["kind"], said["author"]["name"]) == ("automation", "Báo giá")
    assert await shop.mongo["automation_answers"].count_documents({}) == 0
    entry = await shop.mongo["webhook_journal"].find_one({})
    assert entry is not None
    await shop.running.service.entries.replay_one(str(entry["_id"]))
    await shop.customer_says("an", "Quần giá sao?")
    await until(lambda: len(shop.platform.texts) == 2)
    assert shop.platform.texts[1] == "Dạ quần bên em giá 320.000đ ạ."


async def test_a_question_offers_choices_and_a_press_is_answered(shop: Shop) -> None:
    await shop.customer_says("an", "Giá sao shop?")
    await until(lambda: shop.platform.texts == ["Dạ anh/chị hỏi giá món nào ạ?"])
    await shop.customer_says("an", "Giá mũ", quick_reply={"payload": "Giá mũ"})
    await until(lambda: len(shop.platform.texts) == 2)

    assert shop.platform.texts[1] == "Dạ mũ bên em giá 90.000đ ạ."


async def test_get_started_is_welcomed(shop: Shop) -> None:
    at = int(shop.clock.now().timestamp() * 1000)
    pressed = {
        "sender": {"id": "an"},
        "recipient": {"id": FACEBOOK_PAGE},
        "timestamp": at,
        "postback": {"mid": "m_start", "title": "Bắt đầu", "payload": "GET_STARTED"},
    }
    await shop.webhook(at, pressed)

    await until(lambda: bool(shop.platform.texts))
    assert str(shop.platform.texts[0]).startswith("Chào anh/chị")


async def test_a_program_is_silent_while_a_person_has_the_conversation(shop: Shop) -> None:
    thread = await shop.customer_says("an", "Alo")
    await until(lambda: _is_there(shop, thread))
    await shop.staff_says(thread, "Chị đây")
    await until(lambda: shop.platform.texts == ["Chị đây"])
    shop.clock.advance(timedelta(hours=2))

    await shop.customer_says("an", "Áo giá sao?")
    await until(lambda: _nothing_waits(shop, "Áo giá sao?"))

    assert shop.platform.texts == ["Chị đây"]


def test_a_name_that_leads_nowhere_stops_the_start() -> None:
    for name in ("no_such_module:program", "sys:no_such_name", "sys:path"):
        with pytest.raises(ProgramMissing, match=name):
            programs_of([name])


async def _is_there(shop: Shop, thread: str) -> bool:
    return bool(await shop.messages(thread))


async def _nothing_waits(shop: Shop, text: str) -> bool:
    kept = await shop.mongo["messages"].find_one({"text": text})
    left = await shop.mongo["automation_answers"].count_documents({})
    return kept is not None and left == 0
