"""The conversation list over HTTP: views, filters, search, pages and counts."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.conversations.reading import store
from inbox.mongo.client import Mongo
from tests.inbox.inbox_world import (
    NOON,
    Api,
    World,
    an_actor,
    inbox_routes,
    minutes,
    serve,
)

LIST = "/conversations"
VIEWS = ["all", "mine", "unassigned", "uncared", "inbox", "comment", "spam", "deleted"]


@pytest.fixture
def world(mongo: Mongo) -> World:
    return World(mongo)


@pytest.fixture
async def api(mongo: Mongo, clock: FixedClock) -> AsyncIterator[Api]:
    actors = [
        an_actor("lan", "bot1"),
        an_actor("minh", "bot1"),
        an_actor("guest", "bot2"),
        an_actor("boss", role="admin"),
    ]
    api = await serve(inbox_routes(mongo, clock), *actors)
    yield api
    await api.close()


async def test_every_member_of_the_bot_lists_and_opens_it_and_nobody_else(
    world: World, api: Api
) -> None:
    """S0.09: split off, the conversation is visible to every staff member of that bot."""
    thread = await world.conversation(await world.customer("Hoa"))

    for member in ("lan", "minh", "boss"):
        assert (await api.get(LIST, member)).ids == [thread]
        assert (await api.get(f"{LIST}/{thread}", member)).status == 200
    assert (await api.get(LIST, "guest")).ids == []
    refused = await api.get(f"{LIST}/{thread}", "guest")
    assert (refused.status, refused.json["code"]) == (403, "not_allowed")
    assert (await api.get(f"{LIST}/{thread}/messages", "guest")).status == 403


async def test_nobody_reads_without_signing_in(world: World, api: Api) -> None:
    """S0.01, the sign-in part."""
    thread = await world.conversation(await world.customer("Hoa"))

    for path in (LIST, f"{LIST}/counts", f"{LIST}/{thread}", f"{LIST}/{thread}/messages"):
        assert (await api.get(path, None)).status == 401
        assert (await api.get(path, "stranger")).status == 401


async def test_an_unknown_conversation_is_not_found(api: Api) -> None:
    assert (await api.get(f"{LIST}/nothere", "lan")).status == 404


async def test_a_row_shows_who_what_and_when(world: World, api: Api) -> None:
    """X.INB.02: name, time and author of the last message, staff and tags."""
    customer = await world.customer("Nguyễn Thị Hoa", tag_ids=["vip"])
    await world.conversation(customer, assignee_id="lan", participant_ids=["minh"], unread=3)

    row = (await api.get(LIST, "lan")).json["items"][0]

    assert row["customer"]["name"] == "Nguyễn Thị Hoa"
    assert row["customer"]["avatar_url"].startswith(f"/api/v1/avatars/{customer}/")
    assert row["last"]["text"] == "Chào shop"
    assert (row["last"]["at"], row["last"]["by"]) == ("2026-11-22T05:00:00.000Z", "customer")
    assert (row["assignee"], row["participants"]) == ("lan", ["minh"])
    assert (row["tags"], row["unread"], row["channel"]) == (["vip"], 3, "zalo")


async def test_a_conversation_without_messages_is_not_listed(world: World, api: Api) -> None:
    thread = await world.conversation(await world.customer("Hoa"), last=None)

    assert (await api.get(LIST, "lan")).ids == []
    assert (await api.get(f"{LIST}/{thread}", "lan")).json["last"] is None


async def test_each_view_shows_its_own(world: World, api: Api) -> None:
    hoa = await world.customer("Hoa")
    mine = await world.conversation(hoa, assignee_id="lan", at=minutes(6))
    free = await world.conversation(hoa, at=minutes(5), status="closed", waiting_since=NOON)
    waits = await world.conversation(hoa, assignee_id="minh", at=minutes(4), waiting_since=NOON)
    comment = await world.conversation(None, kind="comment", at=minutes(3), channel="facebook")
    spam = await world.conversation(hoa, status="spam", at=minutes(2))
    gone = await world.conversation(hoa, status="deleted", at=minutes(1))

    shown = {view: (await api.get(LIST, "lan", view=view)).ids for view in VIEWS}

    assert shown == {
        "all": [mine, free, waits, comment],
        "mine": [mine],
        "unassigned": [free, comment],
        "uncared": [waits],
        "inbox": [mine, free, waits],
        "comment": [comment],
        "spam": [spam],
        "deleted": [gone],
    }


async def test_filters_narrow_each_other(world: World, api: Api) -> None:
    vip = await world.customer("Hoa", tag_ids=["vip"])
    plain = await world.customer("Hoa")
    zalo = await world.conversation(vip, at=minutes(4), unread=2)
    page = await world.conversation(vip, at=minutes(3), channel="facebook", assignee_id="minh")
    other = await world.conversation(plain, at=minutes(2), status="closed")
    far = await world.conversation(plain, at=minutes(1), bot="bot2")

    async def ids(**query: Any) -> list[str]:
        return (await api.get(LIST, "boss", **query)).ids

    assert await ids() == [zalo, page, other, far]
    assert await ids(channel="facebook") == [page]
    assert await ids(bot_id="bot2") == [far]
    assert await ids(assignee="minh") == [page]
    assert await ids(tag="vip") == [zalo, page]
    assert await ids(customer_id=plain) == [other, far]
    assert await ids(customer_id=plain, status="closed") == [other]
    assert await ids(unread="true") == [zalo]
    assert await ids(tag="vip", channel="zalo", q="hoa") == [zalo]
    assert await ids(view="spam", status="open") == []


async def test_a_bot_that_one_is_no_member_of_cannot_be_filtered_in(world: World, api: Api) -> None:
    await world.conversation(await world.customer("Hoa"), bot="bot2")

    assert (await api.get(LIST, "lan", bot_id="bot2")).ids == []
    assert (await api.get(LIST, "lan", q="hoa")).ids == []


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("đặng", ["dang"]),
        ("DANG", ["dang"]),
        ("thi hu", ["dang"]),
        ("huong dang", ["dang"]),
        ("Hường", ["dang"]),
        ("ường", []),
        ("an", ["an"]),
        ("(zalo", ["an"]),
        ("n", ["duc"]),
        ("0912 345 678", ["dang"]),
        ("+84912345", ["dang"]),
        ("0084912", ["dang"]),
        ("091234", ["dang"]),
        ("5678", ["dang"]),
        ("84912345678", ["dang"]),
        ("12", []),
        ("0999", []),
        ("   ", ["dang", "an", "duc"]),
        (".*", []),
        ("\x00", []),
        ("a\x00n", []),
    ],
)
async def test_search_finds_names_without_accents_and_phones_in_any_spelling(
    world: World, api: Api, q: str, found: list[str]
) -> None:
    """X.DIR.01: search meets all spellings of a number."""
    people = {
        "dang": await world.customer("Đặng Thị Hường", phones=["+84912345678"]),
        "an": await world.customer("An (Zalo)"),
        "duc": await world.customer("Nguyễn Văn Đức", phones=["+842438251234"]),
    }
    threads = {
        await world.conversation(customer, at=minutes(-number)): name
        for number, (name, customer) in enumerate(people.items())
    }
    await world.conversation(None, kind="group", at=minutes(-9))

    shown = (await api.get(LIST, "lan", q=q)).ids

    assert [threads[id_] for id_ in shown if id_ in threads] == found


async def test_a_search_that_matches_very_many_customers_still_finds_them_all(
    world: World, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MOST_CUSTOMERS", 2)
    threads = [
        await world.conversation(await world.customer(f"Nguyễn {n}"), at=minutes(-n))
        for n in range(5)
    ]
    await world.conversation(await world.customer("Trần"), at=minutes(-2.5))

    pages = await api.pages(LIST, "lan", q="nguyen", limit=2)

    assert [page.ids for page in pages] == [threads[:2], threads[2:4], threads[4:]]


async def test_pages_stay_stable_while_conversations_come_in(world: World, api: Api) -> None:
    hoa = await world.customer("Hoa")
    old = [await world.conversation(hoa, at=minutes(-(n // 3))) for n in range(7)]

    first = await api.get(LIST, "lan", limit=3)
    await world.conversation(hoa, at=minutes(5))
    second = await api.get(LIST, "lan", limit=3, cursor=first.json["next_cursor"])
    third = await api.get(LIST, "lan", limit=3, cursor=second.json["next_cursor"])

    assert sorted(first.ids + second.ids + third.ids) == sorted(old)
    assert third.json["next_cursor"] is None


@pytest.mark.parametrize(
    "query",
    [
        {"cursor": "junk"},
        {"cursor": "W10"},
        {"cursor": "WzEsMl0"},
        {"limit": 0},
        {"limit": 101},
        {"view": "every"},
        {"channel": "fax"},
    ],
)
async def test_a_wrong_query_is_refused_by_field(api: Api, query: dict[str, Any]) -> None:
    answer = await api.get(LIST, "lan", **query)

    assert (answer.status, answer.json["code"]) == (422, "invalid_input")
    assert answer.json["errors"][0]["field"] == next(iter(query))


async def test_the_counts_equal_the_lists(world: World, api: Api) -> None:
    """X.INB.01: uncared conversations of every view and channel."""
    hoa = await world.customer("Hoa")
    kinds: list[dict[str, Any]] = [
        {},
        {"assignee_id": "lan"},
        {"assignee_id": "minh"},
        {"kind": "comment", "channel": "facebook"},
        {"kind": "group"},
        {"channel": "instagram", "status": "closed"},
        {"status": "spam"},
        {"status": "deleted", "channel": "facebook"},
        {"bot": "bot2"},
        {"last": None},
    ]
    for number, fields in enumerate(kinds):
        await world.conversation(hoa, at=minutes(number), waiting_since=NOON, **fields)
        await world.conversation(hoa, at=minutes(-number), **fields)

    for actor in ("lan", "boss", "guest"):
        counts = (await api.get(f"{LIST}/counts", actor)).json
        listed = {
            view: len((await api.get(LIST, actor, view=view, uncared="true", limit=100)).ids)
            for view in VIEWS
        }
        assert counts["views"] == listed
        for channel, count in counts["channels"].items():
            answer = await api.get(LIST, actor, channel=channel, uncared="true")
            assert len(answer.ids) == count
    assert (await api.get(f"{LIST}/counts", "lan")).json["views"]["uncared"] == 5
    assert (await api.get(f"{LIST}/counts", "lan", bot_id="bot2")).json["views"]["all"] == 0
