"""The timeline's kinds: all named in both languages, inner workings hidden, filtered by kind."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from inbox.timeline.kinds import DIRECTORY, HIDDEN, KINDS, interaction
from tests.inbox.inbox_world import Api, World, an_actor, inbox_routes, minutes, serve

ROOT = Path(__file__).parents[3]


@pytest.fixture
async def api(mongo: Mongo, clock: FixedClock) -> AsyncIterator[Api]:
    api = await serve(inbox_routes(mongo, clock), an_actor("lan", "bot1"))
    yield api
    await api.close()


async def test_the_eleven_kinds_are_there_with_words_in_both_languages(api: Api) -> None:
    """S3.42."""
    shown = (await api.get("/timeline/kinds", "lan")).json["items"]

    eleven = [one for one in shown if one["directory"]]
    assert [one["type"] for one in eleven] == list(DIRECTORY)
    assert len(eleven) == 11
    assert not any(one["hidden"] for one in eleven)
    for one in shown:
        assert one["label"]["vi"]
        assert one["label"]["vi"] != one["label"]["en"]
    assert (await api.get("/timeline/kinds", None)).status == 401


def test_what_platforms_are_said_to_tell_is_written_as_a_named_kind() -> None:
    """Names that stand in the code of channels, each of which a row may carry."""
    pattern = re.compile(r'_note(?:d)?\(\s*(?:batch, event, customer|exchange|event), "(\w+)"')
    sources = [*(ROOT / "channels").rglob("*.py")]
    told = {name for path in sources for name in pattern.findall(path.read_text())}

    assert {"referral", "order", "feedback", "call", "consent", "chat_started"} <= told
    assert told <= KINDS.keys()


def test_rows_are_written_in_one_place() -> None:
    """Whoever writes one by hand goes by the types that `interaction` checks."""
    writers = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "inbox").rglob("*.py"))
        if re.search(r'\["interactions"\]\s*\.insert', path.read_text())
        and not re.search(r"timeline\.kinds import .*\binteraction\b", path.read_text())
    ]
    assert writers == []


async def test_inner_workings_come_only_when_they_are_asked_for(api: Api, mongo: Mongo) -> None:
    world = World(mongo)
    hoa = await world.customer("Hoa")
    thread = await world.conversation(hoa)
    for number, kind in enumerate(("appointment", "bot_changed", "classified")):
        row = interaction(
            kind,  # type: ignore[arg-type]  # a row of the table
            customer_id=hoa,
            at=minutes(number),
            data={},
            actor_id="lan",
            conversation_id=thread,
        )
        await mongo["interactions"].insert_one(row)
    path = f"/customers/{hoa}/timeline"

    async def types(query: str = "") -> list[str]:
        return [one["type"] for one in (await api.get(path + query, "lan")).json["items"]]

    assert "bot_changed" in HIDDEN
    assert await types() == ["classified", "appointment"]
    assert await types("?type=bot_changed&type=classified") == ["classified", "bot_changed"]
    assert await types("?type=potential") == []


async def test_a_long_timeline_is_filtered_by_kind_without_reading_all_of_it(
    mongo: Mongo,
) -> None:
    rows = [
        interaction("edited" if n % 100 else "appointment", customer_id="c", at=minutes(n), data={})
        for n in range(400)
    ]
    await mongo["interactions"].insert_many(rows)
    query = {
        "customer_id": {"$in": ["c", "merged"]},
        "conversation_id": {"$in": [None, "t"]},
        "type": {"$in": ["appointment"]},
    }

    found = mongo["interactions"].find(query).sort({"at": -1, "_id": -1}).limit(3)
    stats = (await found.explain())["executionStats"]

    assert stats["nReturned"] == 3
    assert stats["totalDocsExamined"] <= 4
