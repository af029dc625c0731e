"""Filters of the list that only the customer knows: tags by OR and AND, owner, follower."""

from collections.abc import AsyncIterator
from itertools import combinations
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.conversations.reading import store
from inbox.mongo.client import Mongo
from tests.inbox.inbox_world import NOON, Api, World, an_actor, inbox_routes, minutes, serve

TAGS = ("vip", "si", "no")


@pytest.fixture
def world(mongo: Mongo) -> World:
    return World(mongo)


@pytest.fixture
async def api(mongo: Mongo, clock: FixedClock) -> AsyncIterator[Api]:
    api = await serve(inbox_routes(mongo, clock), an_actor("lan", "bot1"))
    yield api
    await api.close()


@pytest.fixture
async def threads(world: World) -> dict[frozenset[str], str]:
    """A waiting conversation of a customer with each set of tags; one more without a customer."""
    found: dict[frozenset[str], str] = {}
    for count in range(len(TAGS) + 1):
        for tags in combinations(TAGS, count):
            one = await world.customer("Hoa", tag_ids=list(tags))
            found[frozenset(tags)] = await world.conversation(
                one, at=minutes(len(found)), waiting_since=NOON
            )
    await world.conversation(None, at=minutes(60), waiting_since=NOON)
    return found


def matching(threads: dict[frozenset[str], str], wanted: set[str], how: str) -> list[str]:
    """What the operator says, newest first."""
    fitting = {
        "any": [tags for tags in threads if tags & wanted],
        "all": [tags for tags in threads if wanted <= tags],
    }
    return [threads[tags] for tags in reversed(fitting[how])]


async def list_ids(api: Api, path: str) -> list[str]:
    pages: list[dict[str, Any]] = []
    further = ""
    while True:
        page = (await api.get(f"{path}&limit=3{further}", "lan")).json
        pages += page["items"]
        if page["next_cursor"] is None:
            return [one["id"] for one in pages]
        further = f"&cursor={page['next_cursor']}"


@pytest.mark.parametrize("most", [1000, 1], ids=["named customers", "walked list"])
@pytest.mark.parametrize("how", ["any", "all"])
async def test_several_tags_filter_exactly_and_counts_equal_the_lists(
    api: Api,
    threads: dict[frozenset[str], str],
    how: str,
    most: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """X.TAG.05, X.INB.01: any and all, for every set of tags, page by page."""
    monkeypatch.setattr(store, "MOST_CUSTOMERS", most)
    for count in (1, 2, 3):
        for wanted in combinations(TAGS, count):
            query = "&".join(f"tag={tag}" for tag in wanted) + f"&tags={how}"

            listed = await list_ids(api, f"/conversations?{query}")
            counts = (await api.get(f"/conversations/counts?{query}", "lan")).json

            assert listed == matching(threads, set(wanted), how), query
            assert counts["views"]["all"] == len(listed), query
            assert counts["channels"]["zalo"] == len(listed), query


async def test_one_tag_needs_no_operator_and_a_repeated_one_is_one(
    api: Api, threads: dict[frozenset[str], str]
) -> None:
    expected = matching(threads, {"vip"}, "any")

    assert await list_ids(api, "/conversations?tag=vip") == expected
    assert await list_ids(api, "/conversations?tag=vip&tag=vip&tags=all") == expected
    assert await list_ids(api, "/conversations?tag=unknown") == []
    assert (await api.get("/conversations?tag=vip&tags=none", "lan")).status == 422
    many = "&".join(f"tag=t{n}" for n in range(21))
    assert (await api.get(f"/conversations?{many}", "lan")).status == 422


async def test_the_conversations_of_whose_customers_one_looks_after(world: World, api: Api) -> None:
    mine = await world.conversation(
        await world.customer("Hoa", owner_id="lan"), at=minutes(2), waiting_since=NOON
    )
    followed = await world.conversation(
        await world.customer("Mai", owner_id="minh", follower_ids=["an", "lan"], tag_ids=["vip"]),
        at=minutes(1),
    )
    await world.conversation(await world.customer("Cúc"), at=minutes(3))
    await world.conversation(await world.customer("Xa", owner_id="lan"), bot="bot2")

    assert await list_ids(api, "/conversations?owner=lan") == [mine]
    assert await list_ids(api, "/conversations?follower=lan") == [followed]
    assert await list_ids(api, "/conversations?follower=lan&owner=minh&tag=vip") == [followed]
    assert await list_ids(api, "/conversations?follower=lan&owner=lan") == []
    counts = (await api.get("/conversations/counts?owner=lan", "lan")).json
    assert counts["views"]["all"] == 1


async def test_a_row_shows_who_it_is_what_was_said_last_who_cares_and_the_tags(
    world: World, api: Api
) -> None:
    """X.INB.02, X.INB.04: initials are those of the staff list, by id."""
    hoa = await world.customer("Hoa", tag_ids=["vip"])
    for by in ("customer", "staff", "bot"):
        await world.conversation(
            hoa,
            at=minutes(1),
            assignee_id="lan",
            participant_ids=["lan", "minh"],
            last_carer_id="minh",
            last={"message_id": "m", "text": "Dạ", "at": minutes(1), "by": by},
        )

    rows = (await api.get("/conversations", "lan")).json["items"]

    assert {row["last"]["by"] for row in rows} == {"customer", "staff", "bot"}
    for row in rows:
        assert row["customer"]["name"] == "Hoa"
        assert (row["last"]["text"], row["last"]["at"]) == ("Dạ", "2026-11-22T05:01:00.000Z")
        assert (row["assignee"], row["last_carer"]) == ("lan", "minh")
        assert (row["participants"], row["tags"]) == (["lan", "minh"], ["vip"])


async def test_the_chat_of_a_customer_is_their_latest_conversation(world: World, api: Api) -> None:
    """S4.17: the latest first, every channel, none where there is none."""
    hoa, nobody = await world.customer("Hoa"), await world.customer("Chưa nhắn")
    zalo = await world.conversation(hoa, at=minutes(1))
    page = await world.conversation(hoa, at=minutes(2), channel="facebook", account="page1")

    found = (await api.get("/conversations", "lan", customer_id=hoa)).json["items"]

    assert [one["id"] for one in found] == [page, zalo]
    assert [one["channel"] for one in found] == ["facebook", "zalo"]
    assert (await api.get("/conversations", "lan", customer_id=nobody)).json["items"] == []
