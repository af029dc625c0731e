"""Quick search over HTTP: who sees what, pages, and what stops it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from inbox.mongo.client import Mongo
from inbox.search import store
from inbox.search.routes import SearchRoutes
from inbox.search.store import SearchStore
from tests.inbox.inbox_world import NOON, Answer, Api, World, an_actor, minutes, serve

SEARCH = "/search"


@pytest.fixture
def world(mongo: Mongo) -> World:
    return World(mongo)


@pytest.fixture
async def api(mongo: Mongo) -> AsyncIterator[Api]:
    actors = [
        an_actor("lan", "bot1"),
        an_actor("guest", "bot2"),
        an_actor("nobody"),
        an_actor("boss", role="admin"),
        an_actor("owner", role="owner"),
    ]
    api = await serve([SearchRoutes(SearchStore(mongo))], *actors)
    yield api
    await api.close()


async def messages(api: Api, as_: str, q: str, **query: Any) -> Answer:
    answer = await api.get(SEARCH, as_, q=q, kind="messages", **query)
    assert answer.status == 200, answer.json
    return answer


async def test_a_message_is_shown_with_its_thread_and_what_matched(world: World, api: Api) -> None:
    mai = await world.customer("Chị Mai")
    thread = await world.conversation(mai)
    id_ = await world.message(thread, "Cho em hỏi áo Đỏ size M", at=minutes(1))

    (item,) = (await messages(api, "lan", "ao do")).json["items"]

    text = item["snippet"]["text"]
    marked = [text[one["start"] : one["end"]] for one in item["snippet"]["highlights"]]
    assert marked == ["áo", "Đỏ"]
    assert (item["id"], item["conversation_id"], item["customer_id"]) == (id_, thread, mai)
    assert (item["kind"], item["customer_name"], item["channel"]) == ("message", "Chị Mai", "zalo")
    assert (item["author"], item["bot_id"]) == ("customer", "bot1")


async def test_a_customer_is_shown_with_the_newest_conversation_that_one_may_see(
    world: World, api: Api
) -> None:
    mai = await world.customer("Chị Mai", phones=["+84912345678"])
    await world.conversation(mai, at=minutes(-5))
    newer = await world.conversation(mai, at=minutes(-1))
    other = await world.conversation(mai, at=minutes(3), bot="bot2")
    unseen = await world.customer("Chị Mai Hai")

    by_phone = (await api.get(SEARCH, "lan", q="0912 345 678")).json["items"]
    assert [(one["id"], one["conversation_id"]) for one in by_phone] == [(mai, newer)]
    assert by_phone[0]["snippet"]["text"] == "+84912345678"
    assert (await api.get(SEARCH, "guest", q="mai")).json["items"][0]["conversation_id"] == other
    assert set((await api.get(SEARCH, "boss", q="mai")).ids) == {mai, unseen}
    assert (await api.get(SEARCH, "lan", q="mai")).ids == [mai]


async def test_nobody_finds_what_they_may_not_see(world: World, api: Api) -> None:
    mai = await world.customer("Chị Mai")
    ours = await world.message(await world.conversation(mai), "đơn hàng", at=minutes(1))
    theirs = await world.message(
        await world.conversation(mai, bot="bot2"), "đơn hàng", at=minutes(2)
    )

    assert (await messages(api, "lan", "don hang")).ids == [ours]
    assert (await messages(api, "guest", "don hang")).ids == [theirs]
    assert (await messages(api, "lan", "don hang", bot_id="bot2")).ids == []
    assert (await messages(api, "nobody", "don hang")).ids == []
    assert (await api.get(SEARCH, "nobody", q="mai")).ids == []
    assert (await messages(api, "boss", "don hang")).ids == [theirs, ours]
    assert (await messages(api, "owner", "don hang", bot_id="bot1")).ids == [ours]
    assert (await api.get(SEARCH, None, q="mai")).status == 401


async def test_all_words_must_be_there_and_the_rarest_leads(world: World, api: Api) -> None:
    thread = await world.conversation(await world.customer("Mai"))
    both = [
        await world.message(thread, "đơn hàng đỏ", at=minutes(-400)),
        await world.message(thread, "hàng đỏ", at=minutes(-500)),
    ]
    for n in range(300):
        await world.message(thread, "hàng xanh", at=minutes(-n))

    assert (await messages(api, "lan", "hang do")).ids == both
    assert (await messages(api, "lan", "hang do don")).ids == both[:1]
    assert (await messages(api, "lan", "hang tim")).ids == []


async def test_pages_have_no_hole_and_nothing_twice_while_messages_arrive(
    world: World, api: Api
) -> None:
    """The same time for several messages is where a page may end as well."""
    thread = await world.conversation(await world.customer("Mai"))
    there = [await world.message(thread, f"đơn hàng {n}", at=minutes(-(n // 4))) for n in range(23)]

    seen: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        page = await messages(api, "lan", "hang", limit=3, **cursor)
        seen += page.ids
        await world.message(thread, "đơn hàng mới", at=minutes(len(seen)))
        if page.json["next_cursor"] is None:
            break
        cursor = {"cursor": page.json["next_cursor"]}

    assert len(seen) == len(set(seen))
    assert sorted(seen) == sorted(there)
    times = {one["_id"]: one["at"] async for one in world.mongo["messages"].find()}
    assert [times[id_] for id_ in seen] == sorted((times[id_] for id_ in seen), reverse=True)


async def test_customers_made_at_the_same_moment_are_paged_too(world: World, api: Api) -> None:
    there = [await world.customer(f"Trần Mai {n}") for n in range(7)]

    pages = await api.pages(SEARCH, "boss", q="tran mai", limit=3)

    assert [len(page.ids) for page in pages] == [3, 3, 1]
    assert sorted(id_ for page in pages for id_ in page.ids) == sorted(there)


async def test_a_search_that_reads_too_much_says_so_and_can_be_gone_on_with(
    world: World, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MOST_KEYS", 60)
    mine = await world.conversation(await world.customer("Mai"))
    theirs = await world.conversation(await world.customer("Lan"), bot="bot2")
    wanted = await world.message(mine, "đơn hàng", at=minutes(-200))
    for n in range(100):
        await world.message(theirs, "đơn hàng", at=minutes(-n))

    first = await messages(api, "lan", "hang")
    assert (first.ids, first.json["partial"]) == ([], True)
    second = await messages(api, "lan", "hang", cursor=first.json["next_cursor"])
    assert (second.ids, second.json["partial"]) == ([wanted], False)
    assert second.json["next_cursor"] is None


async def test_what_is_found_exactly_at_the_end_of_the_keys_is_not_lost(
    world: World, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MOST_KEYS", 10)
    thread = await world.conversation(await world.customer("Mai"))
    there = [await world.message(thread, "hàng", at=minutes(-n)) for n in range(25)]

    pages = [await messages(api, "lan", "hang", limit=4)]
    while cursor := pages[-1].json["next_cursor"]:
        pages.append(await messages(api, "lan", "hang", limit=4, cursor=cursor))

    assert [id_ for page in pages for id_ in page.ids] == there


async def test_reading_is_bounded_by_the_index(world: World, api: Api, mongo: Mongo) -> None:
    """Every plan walks the index of words, in its order: nothing is sorted, nothing scanned."""
    thread = await world.conversation(await world.customer("Mai"))
    for n in range(300):
        await world.message(thread, "hàng xanh hằng ngày", at=NOON - timedelta(seconds=n))
    await mongo.db.command("profile", 2, slowms=0)
    try:
        await messages(api, "lan", "xanh han")
        first = await messages(api, "lan", "han", limit=5)
        await messages(api, "lan", "han", limit=5, cursor=first.json["next_cursor"])
    finally:
        await mongo.db.command("profile", 0)
    read = {"ns": f"{mongo.db.name}.messages"}
    profiled = await mongo["system.profile"].find(read).to_list()

    assert len(profiled) >= 6
    for one in profiled:
        assert one["keysExamined"] <= 120, one
        assert "hasSortStage" not in one, one
        assert "COLLSCAN" not in one.get("planSummary", ""), one


@pytest.mark.parametrize(
    "query",
    [
        {"q": "a" * 201},
        {"q": "mai", "limit": 51},
        {"q": "mai", "cursor": "x"},
        {"q": "mai", "kind": "staff"},
        {},
    ],
)
async def test_a_wrong_query_is_refused_by_field(api: Api, query: dict[str, Any]) -> None:
    assert (await api.get(SEARCH, "lan", **query)).status == 422


@pytest.mark.parametrize("q", ["", "***", "$where", "{'$gt': 1}", "\x00", "a" * 200, "1 " * 100])
async def test_hostile_words_find_nothing(world: World, api: Api, q: str) -> None:
    await world.message(await world.conversation(await world.customer("Mai")), "đơn hàng")

    assert (await messages(api, "lan", q)).ids == []
