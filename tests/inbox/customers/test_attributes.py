"""Attributes: the catalogue that admins look after, and the values that customers have."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.customers.attributes.routes import AttributeRoutes
from inbox.customers.attributes.service import AttributeService
from inbox.customers.merging.routes import MergeRoutes
from inbox.customers.merging.store import MergeStore
from inbox.customers.store import CustomerStore
from inbox.mongo.client import Mongo
from tests.inbox.inbox_world import (
    Answer,
    Api,
    World,
    an_actor,
    inbox_routes,
    media_links,
    serve,
)

SIZES = [{"value": size, "label": {"vi": size, "en": size}} for size in ("S", "M", "L")]


@pytest.fixture
def world(mongo: Mongo) -> World:
    return World(mongo)


@pytest.fixture
async def api(mongo: Mongo, clock: FixedClock) -> AsyncIterator[Api]:
    customers = CustomerStore(mongo, clock)
    merges = MergeStore(mongo, customers, clock)
    tables = [
        *inbox_routes(mongo, clock),
        AttributeRoutes(AttributeService(mongo, clock)),
        MergeRoutes(merges, customers, media_links(clock)),
    ]
    actors = [
        an_actor("lan", "bot1"),
        an_actor("lead", "bot1", role="manager"),
        an_actor("boss", role="admin"),
    ]
    api = await serve(tables, *actors)
    yield api
    await api.close()


@pytest.fixture
async def hoa(world: World, mongo: Mongo) -> str:
    await mongo["bots"].insert_one({"_id": "bot1", "name": "Shop", "member_ids": ["lan"]})
    hoa = await world.customer("Nguyễn Thị Hoa")
    await world.conversation(hoa)
    return hoa


async def add(api: Api, key: str, type_: str, as_: str = "boss", **fields: Any) -> Answer:
    body = {"key": key, "label": {"vi": key, "en": key}, "type": type_, **fields}
    return await api.call("POST", "/attributes", as_, json=body)


async def patch(api: Api, customer: str, attributes: Any, version: str = "*") -> Answer:
    return await api.call(
        "PATCH",
        f"/customers/{customer}",
        "lan",
        json={"attributes": attributes},
        headers={"If-Match": version},
    )


async def keys(api: Api) -> list[str]:
    return [one["key"] for one in (await api.get("/attributes", "lan")).json["items"]]


async def actions(mongo: Mongo) -> list[str]:
    return [one["action"] async for one in mongo["audit"].find().sort("_id", 1)]


async def test_every_shop_has_the_built_in_attributes(api: Api, hoa: str) -> None:
    shown = (await api.get("/attributes", "lan")).json["items"]

    assert [(one["key"], one["type"], one["builtin"]) for one in shown] == [
        ("address", "text", True),
        ("province", "choice", True),
        ("birthday", "date", True),
        ("gender", "choice", True),
    ]
    assert shown[0]["label"] == {"vi": "Địa chỉ", "en": "Address"}
    assert len(shown[1]["options"]) == 34
    assert (await patch(api, hoa, {"province": "Hà Nội", "gender": "female"})).status == 200
    deleted = await api.call("DELETE", "/attributes/address", "boss")
    assert (deleted.status, deleted.json["code"]) == (409, "attribute_built_in")


async def test_admins_look_after_the_catalogue_and_everybody_else_reads_it(
    world: World, api: Api, hoa: str, mongo: Mongo
) -> None:
    size = await add(api, "size", "choice", options=SIZES)
    assert size.status == 201, size.json
    assert (await add(api, "size", "text")).json["errors"][0]["code"] == "attribute_key_taken"
    assert (await add(api, "address", "text")).json["errors"][0]["code"] == "attribute_key_taken"
    for who in ("lan", "lead"):
        assert (await add(api, "other", "text", who)).status == 403
    path = f"/attributes/{size.json['id']}"
    edit = {"label": {"vi": "Cỡ", "en": "Size"}, "options": SIZES[:2], "required": True}

    edited = await api.call("PATCH", path, "boss", json=edit)
    again = await api.call("PATCH", path, "boss", json=edit)
    order = [size.json["id"], "gender", "address", "province", "birthday"]
    ordered = await api.call("POST", "/attributes/order", "boss", json={"ids": order})

    assert (edited.status, again.json) == (200, edited.json)
    assert edited.json["label"]["vi"] == "Cỡ"
    assert [one["id"] for one in ordered.json["items"]] == order
    assert await keys(api) == ["size", "gender", "address", "province", "birthday"]
    assert (
        await api.call("POST", "/attributes/order", "boss", json={"ids": order[:2]})
    ).status == 422
    assert await actions(mongo) == ["attribute_created", "attribute_edited", "attributes_ordered"]
    assert set(await world.live_types()) == {"attributes_changed"}
    assert (await api.call("PATCH", "/attributes/nothing", "boss", json=edit)).status == 404


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"type": "choice"}, "options"),
        ({"type": "text", "options": SIZES}, "options"),
        ({"type": "choice", "options": [*SIZES, SIZES[0]]}, "options"),
        ({"type": "date", "max": 5}, "max"),
        ({"type": "text", "key": "Ngày"}, "key"),
        ({"type": "text", "key": "a.b"}, "key"),
        ({"type": "text", "key": "$where"}, "key"),
        ({"type": "text", "label": {"vi": " ", "en": "x"}}, "label.vi"),
        ({"type": "json"}, "type"),
    ],
)
async def test_an_attribute_that_makes_no_sense_is_refused(
    api: Api, fields: dict[str, Any], field: str
) -> None:
    body = {"key": "size", "label": {"vi": "x", "en": "x"}, **fields}

    refused = await api.call("POST", "/attributes", "boss", json=body)

    assert refused.status == 422
    assert {error["field"] for error in refused.json["errors"]} == {field}


async def test_of_two_new_attributes_of_one_key_one_is_made(api: Api, hoa: str) -> None:
    both = await asyncio.gather(add(api, "size", "text"), add(api, "size", "number"))

    assert sorted(answer.status for answer in both) == [201, 422]
    assert (await keys(api)).count("size") == 1


async def test_an_attribute_is_retired_while_used_and_deleted_when_not(api: Api, hoa: str) -> None:
    size = (await add(api, "size", "text")).json["id"]
    await patch(api, hoa, {"size": "M"})
    path = f"/attributes/{size}"

    in_use = await api.call("DELETE", path, "boss")
    await api.call("PATCH", path, "boss", json={"retired": True})
    still = await api.call("DELETE", path, "boss")
    refused = await patch(api, hoa, {"size": "L"})
    shown = (await api.get(f"/customers/{hoa}", "lan")).json["attributes"]
    taken = await patch(api, hoa, {"size": None})
    gone = await api.call("DELETE", path, "boss")

    assert (in_use.status, still.json["code"]) == (409, "attribute_in_use")
    assert refused.json["errors"][0]["code"] == "attribute_retired"
    assert shown == {"size": "M"}
    assert (taken.json["attributes"], gone.status) == ({}, 204)
    assert "size" not in await keys(api)


@pytest.mark.parametrize(
    ("type_", "given", "stored"),
    [
        ("text", "  Cao 1m60  ", "Cao 1m60"),
        ("text", " ", None),
        ("number", 5, 5),
        ("number", 5.0, 5),
        ("number", -1.5, -1.5),
        ("date", "1990-02-28", "1990-02-28"),
        ("bool", False, False),
        ("choice", "M", "M"),
        ("multi_choice", ["L", "S", "L"], ["S", "L"]),
        ("multi_choice", [], None),
        ("url", "https://shop.vn/áo?a=1", "https://shop.vn/áo?a=1"),
        ("url", "", None),
    ],
)
async def test_a_value_is_stored_in_the_spelling_of_its_type(
    api: Api, hoa: str, type_: str, given: Any, stored: Any
) -> None:
    options = SIZES if type_ in {"choice", "multi_choice"} else []
    await add(api, "own", type_, options=options)

    edited = await patch(api, hoa, {"own": given})

    assert edited.status == 200, edited.json
    assert edited.json["attributes"].get("own") == stored


@pytest.mark.parametrize(
    ("type_", "most", "value", "code"),
    [
        ("text", None, 5, "attribute_no_text"),
        ("text", 3, "abcd", "attribute_too_long"),
        ("number", None, "5", "attribute_no_number"),
        ("number", None, True, "attribute_no_number"),
        pytest.param("number", None, 10**400, "attribute_no_number", id="number-enormous"),
        ("number", 10, 11, "attribute_too_large"),
        ("date", None, "1990-02-30", "attribute_no_date"),
        ("date", None, "28/02/1990", "attribute_no_date"),
        ("date", None, "1990-W05-1", "attribute_no_date"),
        ("bool", None, "true", "attribute_no_bool"),
        ("choice", None, "XL", "attribute_no_option"),
        ("choice", None, ["S"], "attribute_no_option"),
        ("multi_choice", None, "S", "attribute_no_list"),
        ("multi_choice", None, ["S", {"$gt": ""}], "attribute_no_option"),
        ("multi_choice", 1, ["S", "M"], "attribute_too_many"),
        ("url", None, "javascript:alert(1)", "attribute_no_url"),
        ("url", None, "https://", "attribute_no_url"),
        ("url", None, "https://shop.vn:port/", "attribute_no_url"),
        ("url", None, 'https://shop.vn/"onclick=x', "attribute_no_url"),
    ],
)
async def test_a_value_of_another_type_is_refused_in_both_languages(
    api: Api, hoa: str, type_: str, most: int | None, value: Any, code: str
) -> None:
    options = SIZES if type_ in {"choice", "multi_choice"} else []
    await add(api, "own", type_, options=options, max=most)
    body = {"attributes": {"own": value, "gender": "male"}}

    refused = {
        language: await api.call(
            "PATCH",
            f"/customers/{hoa}",
            "lan",
            json=body,
            headers={"If-Match": "*", "Accept-Language": language},
        )
        for language in ("vi", "en")
    }

    assert refused["vi"].status == 422
    [error] = refused["vi"].json["errors"]
    assert (error["field"], error["code"]) == ("attributes.own", code)
    assert error["message"] != refused["en"].json["errors"][0]["message"]
    assert (await api.get(f"/customers/{hoa}", "lan")).json["attributes"] == {}


@pytest.mark.parametrize("key", ["unknown", "address.x", "$set", "", "_id", "A" * 41])
async def test_an_unknown_attribute_is_refused(api: Api, hoa: str, key: str) -> None:
    refused = await patch(api, hoa, {key: "x"})

    assert refused.status == 422
    assert (await api.get(f"/customers/{hoa}", "lan")).json["attributes"] == {}


async def test_a_required_attribute_is_replaced_and_not_taken_away(api: Api, hoa: str) -> None:
    await add(api, "size", "text", required=True)
    await patch(api, hoa, {"size": "M"})

    taken = await patch(api, hoa, {"size": None})
    emptied = await patch(api, hoa, {"size": "  "})
    other = await patch(api, hoa, {"address": "12 phố Huế"})

    codes = [answer.json["errors"][0]["code"] for answer in (taken, emptied)]
    assert codes == ["attribute_required", "attribute_required"]
    assert other.json["attributes"] == {"size": "M", "address": "12 phố Huế"}


async def test_two_agents_who_edit_different_attributes_both_win(api: Api, hoa: str) -> None:
    first = await patch(api, hoa, {"address": "12 phố Huế"}, '"1"')
    second = await patch(api, hoa, {"birthday": "1990-02-28"}, '"1"')
    clash = await patch(api, hoa, {"address": "5 Lê Lợi", "gender": "male"}, '"1"')
    onwards = await patch(api, hoa, {"address": None}, '"3"')

    assert (first.status, second.status) == (200, 200)
    assert second.json["attributes"] == {"address": "12 phố Huế", "birthday": "1990-02-28"}
    assert second.json["field_versions"] == {"attributes.address": 2, "attributes.birthday": 3}
    assert (clash.status, clash.json["fields"]) == (412, ["attributes.address"])
    assert clash.json["current"] == {"attributes.address": "12 phố Huế", "version": 3}
    assert onwards.json["attributes"] == {"birthday": "1990-02-28"}
    assert onwards.json["field_versions"]["attributes.address"] == 4


async def test_an_edit_of_an_attribute_is_told_and_audited(
    api: Api, hoa: str, mongo: Mongo, clock: FixedClock
) -> None:
    await patch(api, hoa, {"address": "12 phố Huế"})
    clock.advance(timedelta(seconds=1))
    await patch(api, hoa, {"address": "5 Lê Lợi"})
    await patch(api, hoa, {"address": "5 Lê Lợi"})

    rows = (await api.get(f"/customers/{hoa}/timeline", "lan", type="edited")).json["items"]
    entries = await mongo["audit"].find({"action": "customer_edited"}).sort("_id", 1).to_list()
    events = await mongo["live_events"].find({"type": "customer_changed"}).to_list()
    assert rows[0]["data"] == {
        "before": {"attributes.address": "12 phố Huế"},
        "after": {"attributes.address": "5 Lê Lợi"},
    }
    assert [one["changes"]["attributes.address"]["after"] for one in entries] == [
        "12 phố Huế",
        "5 Lê Lợi",
    ]
    assert [one["actor"]["id"] for one in entries] == ["lan", "lan"]
    assert [one["data"] for one in events] == [{"fields": ["attributes.address"]}] * 2


async def test_merging_versions_each_attribute_and_undoing_takes_only_what_came(
    world: World, api: Api, hoa: str
) -> None:
    await patch(api, hoa, {"gender": "female"})
    other = await world.customer(
        "Hoa", attributes={"address": "12 phố Huế", "birthday": "1990-02-28"}
    )
    await world.conversation(other)

    merged = await api.call("POST", f"/customers/{hoa}/merge", "lan", json={"customer_id": other})
    version = merged.json["version"]
    stale = await patch(api, hoa, {"address": "5 Lê Lợi"}, str(version - 1))
    fine = await patch(api, hoa, {"province": "Huế"}, str(version - 1))
    await patch(api, hoa, {"address": "7 Hàng Bài"})
    last = (await api.get(f"/customers/{hoa}/duplicates", "lan")).json["last_merge"]
    await api.call("POST", f"/merges/{last['id']}/undo", "lan")

    assert (stale.status, fine.status) == (412, 200)
    survivor = (await api.get(f"/customers/{hoa}", "lan")).json
    back = (await api.get(f"/customers/{other}", "lan")).json
    assert survivor["attributes"] == {
        "gender": "female",
        "address": "7 Hàng Bài",
        "province": "Huế",
    }
    assert back["attributes"] == {"address": "12 phố Huế", "birthday": "1990-02-28"}
