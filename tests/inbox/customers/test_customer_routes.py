"""Customers over HTTP: what is shown, what may be edited, and what happens to two editors."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.inbox.inbox_world import (
    Answer,
    Api,
    World,
    an_actor,
    inbox_routes,
    minutes,
    serve,
)

NAME_REFUSED = "Tên khách hàng không được sửa hoặc xóa"


@pytest.fixture
def world(mongo: Mongo) -> World:
    return World(mongo)


@pytest.fixture
async def api(mongo: Mongo, clock: FixedClock) -> AsyncIterator[Api]:
    actors = [
        an_actor("lan", "bot1"),
        an_actor("guest", "bot2"),
        an_actor("boss", role="admin"),
    ]
    api = await serve(inbox_routes(mongo, clock), *actors)
    yield api
    await api.close()


@pytest.fixture
async def hoa(world: World) -> str:
    hoa = await world.customer("Nguyễn Thị Hoa", phones=["+84912345678"])
    await world.conversation(hoa)
    return hoa


async def patch(api: Api, id_: str, body: Any, version: str | None = '"1"') -> Answer:
    headers = {} if version is None else {"If-Match": version}
    return await api.call("PATCH", f"/customers/{id_}", "lan", json=body, headers=headers)


async def test_a_member_and_an_admin_read_the_customer_and_nobody_else(api: Api, hoa: str) -> None:
    """S0.01, the customer block: member and admin 200, signed out 401, outside the bot 403."""
    statuses = {
        who: (await api.get(f"/customers/{hoa}", who)).status
        for who in ("lan", "boss", "guest", None)
    }

    assert statuses == {"lan": 200, "boss": 200, "guest": 403, None: 401}
    assert (await api.get("/customers/nobody", "lan")).status == 404


async def test_a_customer_shows_the_name_of_the_channel(api: Api, hoa: str) -> None:
    shown = (await api.get(f"/customers/{hoa}", "lan")).json

    assert shown["name"] == "Nguyễn Thị Hoa"
    assert shown["phones"] == ["+84912345678"]
    assert shown["identities"][0]["channel"] == "zalo"
    assert "external_id" not in shown["identities"][0]
    assert (shown["version"], shown["field_versions"]) == (1, {})


@pytest.mark.parametrize("name", ["Khác", "", None, "Nguyễn Thị Hoa", 5, ["x"]])
@pytest.mark.parametrize("version", ['"1"', None])
async def test_the_name_can_be_neither_edited_nor_deleted(
    api: Api, hoa: str, mongo: Mongo, name: Any, version: str | None
) -> None:
    """S0.03."""
    before = await mongo["customers"].find_one({"_id": hoa})

    refused = await patch(api, hoa, {"name": name, "note": "x"}, version)

    assert (refused.status, refused.json["code"]) == (422, "customer_name_read_only")
    assert refused.json["detail"] == NAME_REFUSED
    assert await mongo["customers"].find_one({"_id": hoa}) == before


async def test_an_edit_is_normalised_kept_on_the_timeline_and_told(
    world: World, api: Api, hoa: str, mongo: Mongo, clock: FixedClock
) -> None:
    """X.DIR.01."""
    body = {
        "phones": ["0987 654 321 (Zalo)", "84987654321", "0912.345.678/01662345678"],
        "emails": ["Hoa@EXAMPLE.com"],
        "note": "Thích màu xanh",
    }

    edited = await patch(api, hoa, body)

    assert edited.status == 200, edited.json
    assert edited.json["phones"] == ["+84987654321", "+84912345678", "+84362345678"]
    assert edited.json["emails"] == ["Hoa@example.com"]
    assert edited.json["version"] == 2
    assert edited.json["field_versions"] == {"phones": 2, "emails": 2, "note": 2}
    row = (await api.get(f"/customers/{hoa}/timeline", "lan")).json["items"][0]
    assert (row["type"], row["actor_id"]) == ("edited", "lan")
    assert row["data"]["before"]["phones"] == ["+84912345678"]
    assert row["data"]["after"]["note"] == "Thích màu xanh"
    event = await mongo["live_events"].find_one()
    assert event is not None
    assert (event["type"], event["customer_id"], event["bot_ids"]) == (
        "customer_changed",
        hoa,
        ["bot1"],
    )
    assert event["data"] == {"fields": ["emails", "note", "phones"]}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"phones": ["0912345678", "junk"]}, "phones.1"),
        ({"phones": [""]}, "phones.0"),
        ({"phones": ["0912345678"] * 21}, "phones"),
        ({"phones": "0912345678"}, "phones"),
        ({"phones": None}, "phones"),
        ({"emails": ["hoa@"]}, "emails.0"),
        ({"emails": ["hoa@localhost\x00.com"]}, "emails.0"),
        ({"note": "x" * 10_001}, "note"),
        ({"version": 5}, "version"),
        ({"tags": []}, "tags"),
    ],
)
async def test_a_wrong_field_is_refused_and_nothing_is_written(
    api: Api, hoa: str, mongo: Mongo, body: dict[str, Any], field: str
) -> None:
    before = await mongo["customers"].find_one({"_id": hoa})

    refused = await patch(api, hoa, body)

    assert (refused.status, refused.json["code"]) == (422, "invalid_input")
    assert [error["field"] for error in refused.json["errors"]] == [field]
    assert await mongo["customers"].find_one({"_id": hoa}) == before


async def test_an_edit_must_say_which_version_it_was_made_from(api: Api, hoa: str) -> None:
    missing = await patch(api, hoa, {"note": "x"}, None)
    junk = await patch(api, hoa, {"note": "x"}, "one")

    assert (missing.status, missing.json["code"]) == (428, "precondition_required")
    assert junk.status == 422


async def test_two_agents_who_edit_different_fields_both_win(api: Api, hoa: str) -> None:
    first = await patch(api, hoa, {"note": "của Lan"}, '"1"')
    second = await patch(api, hoa, {"phones": ["0987654321"]}, 'W/"1"')

    assert (first.status, second.status) == (200, 200)
    assert second.json["note"] == "của Lan"
    assert second.json["field_versions"] == {"note": 2, "phones": 3}


async def test_the_second_edit_of_the_same_field_is_refused_with_what_is_there(
    api: Api, hoa: str
) -> None:
    await patch(api, hoa, {"note": "của Lan"})

    clash = await patch(api, hoa, {"note": "của Minh", "phones": []})

    assert (clash.status, clash.json["code"]) == (412, "version_clash")
    assert clash.json["fields"] == ["note"]
    assert clash.json["current"] == {"note": "của Lan", "version": 2}
    assert (await api.get(f"/customers/{hoa}", "lan")).json["phones"] == ["+84912345678"]
    assert (await patch(api, hoa, {"note": "của Minh"}, '"2"')).status == 200
    assert (await patch(api, hoa, {"note": "đè"}, "*")).json["note"] == "đè"


async def test_of_edits_at_the_same_moment_one_wins_per_field(api: Api, hoa: str) -> None:
    edits = [{"note": f"ghi chú {n}"} for n in range(4)] + [{"phones": ["0987654321"]}]

    answers = await asyncio.gather(*(patch(api, hoa, edit) for edit in edits))

    notes, [phones] = answers[:4], answers[4:]
    assert sorted(answer.status for answer in notes) == [200, 412, 412, 412]
    assert phones.status == 200
    [winner] = [answer.json["note"] for answer in notes if answer.status == 200]
    shown = (await api.get(f"/customers/{hoa}", "lan")).json
    assert (shown["note"], shown["version"]) == (winner, 3)


async def test_an_edit_that_changes_nothing_is_not_noted(world: World, api: Api, hoa: str) -> None:
    same = await patch(api, hoa, {"phones": ["0912 345 678"]})
    nothing = await patch(api, hoa, {})

    assert (same.status, same.json["version"], nothing.status) == (200, 1, 200)
    assert await world.live_types() == []
    assert (await api.get(f"/customers/{hoa}/timeline", "lan")).json["items"] == []


async def test_who_may_not_see_a_customer_may_not_edit_them(api: Api, hoa: str) -> None:
    refused = await api.call(
        "PATCH", f"/customers/{hoa}", "guest", json={"note": "x"}, headers={"If-Match": "1"}
    )

    assert refused.status == 403


async def test_all_sources_of_one_customer_are_listed_with_their_channel(
    world: World, api: Api, hoa: str
) -> None:
    """S4.38: Facebook and Zalo conversations of one customer, with the source marked."""
    await world.conversation(hoa, channel="facebook", account="page1", at=minutes(3))
    await world.conversation(await world.customer("Khác"), at=minutes(4))

    listed = (await api.get("/conversations", "lan", customer_id=hoa)).json["items"]

    assert [row["channel"] for row in listed] == ["facebook", "zalo"]
    assert {row["customer"]["id"] for row in listed} == {hoa}


async def test_the_timeline_shows_what_one_may_see_page_by_page(
    world: World, api: Api, hoa: str, mongo: Mongo
) -> None:
    near = await world.conversation(hoa)
    far = await world.conversation(hoa, bot="bot2")
    rows = [
        {"_id": f"i{n}", "customer_id": hoa, "at": minutes(n // 2), "data": {}} | extra
        for n, extra in enumerate(
            [
                {"type": "followed", "conversation_id": near},
                {"type": "note"},
                {"type": "followed", "conversation_id": far},
                {"type": "referral", "conversation_id": near},
                {"type": "followed", "conversation_id": near},
            ]
        )
    ]
    await mongo["interactions"].insert_many(rows)
    path = f"/customers/{hoa}/timeline"

    assert [page.ids for page in await api.pages(path, "lan", limit=3)] == [
        ["i4", "i3", "i1"],
        ["i0"],
    ]
    assert (await api.get(path, "boss")).ids == ["i4", "i3", "i2", "i1", "i0"]
    assert (await api.get(path, "lan", type="followed")).ids == ["i4", "i0"]
    assert (await api.get(path, "guest")).ids == ["i2", "i1"]
