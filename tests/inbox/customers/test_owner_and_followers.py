"""Who looks after a customer: set by colleagues, told, audited, and forgotten with the customer."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.customers.erasure.erasing import SETTLE, Erasing
from inbox.customers.erasure.store import ErasureStore
from inbox.customers.merging.store import MergeStore
from inbox.customers.store import CustomerStore
from inbox.mongo.client import Mongo
from tests.inbox.inbox_world import Answer, Api, World, an_actor, inbox_routes, serve


@pytest.fixture
def world(mongo: Mongo) -> World:
    return World(mongo)


@pytest.fixture
async def api(mongo: Mongo, clock: FixedClock) -> AsyncIterator[Api]:
    actors = [an_actor("lan", "bot1"), an_actor("boss", role="admin")]
    api = await serve(inbox_routes(mongo, clock), *actors)
    yield api
    await api.close()


@pytest.fixture
async def hoa(world: World, mongo: Mongo) -> str:
    people = [
        ("lan", "sale", True),
        ("minh", "sale", True),
        ("gone", "sale", False),
        ("far", "sale", True),
        ("boss", "admin", True),
    ]
    await mongo["staff"].insert_many(
        [
            {"_id": id_, "name": id_, "email": id_, "role": role, "active": active}
            for id_, role, active in people
        ]
    )
    members = ["lan", "minh", "gone"]
    await mongo["bots"].insert_many(
        [
            {"_id": "bot1", "name": "Shop", "member_ids": members},
            {"_id": "bot2", "name": "Khác", "member_ids": ["far"]},
        ]
    )
    hoa = await world.customer("Nguyễn Thị Hoa")
    await world.conversation(hoa)
    return hoa


async def patch(api: Api, customer: str, version: str = "*", **body: Any) -> Answer:
    return await api.call(
        "PATCH", f"/customers/{customer}", "lan", json=body, headers={"If-Match": version}
    )


async def test_a_customer_is_given_to_a_colleague_and_followed(
    api: Api, hoa: str, mongo: Mongo
) -> None:
    """S3.42: "assigned to sale" is written by its action, with actor and time."""
    edited = await patch(api, hoa, owner="minh", followers=["boss", "lan", "lan"])

    assert edited.status == 200, edited.json
    assert (edited.json["owner"], edited.json["followers"]) == ("minh", ["boss", "lan"])
    assert edited.json["field_versions"] == {"owner": 2, "followers": 2}
    rows = (await api.get(f"/customers/{hoa}/timeline", "lan")).json["items"]
    told = {row["type"]: row["data"] for row in rows}
    assert told == {
        "assigned": {"before": None, "after": "minh"},
        "edited": {"before": {"followers": []}, "after": {"followers": ["boss", "lan"]}},
    }
    assert {row["actor_id"] for row in rows} == {"lan"}
    entry = await mongo["audit"].find_one({"action": "customer_edited"})
    assert entry is not None
    assert entry["changes"]["owner"] == {"before": None, "after": "minh"}
    event = await mongo["live_events"].find_one({"type": "customer_changed"})
    assert event is not None
    assert event["data"] == {"fields": ["followers", "owner"]}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"owner": "gone"}, "owner"),
        ({"owner": "far"}, "owner"),
        ({"owner": "nobody"}, "owner"),
        ({"followers": ["lan", "far"]}, "followers.1"),
        ({"followers": ["gone", "minh"]}, "followers.0"),
    ],
)
async def test_only_active_people_of_a_bot_of_the_customer_look_after_them(
    api: Api, hoa: str, mongo: Mongo, body: dict[str, Any], field: str
) -> None:
    before = await mongo["customers"].find_one({"_id": hoa})

    refused = await patch(api, hoa, **body)

    assert refused.status == 422
    [error] = refused.json["errors"]
    assert (error["field"], error["code"]) == (field, "not_of_a_bot")
    assert await mongo["customers"].find_one({"_id": hoa}) == before


async def test_somebody_who_has_left_since_does_not_hold_up_another_edit(
    api: Api, hoa: str, mongo: Mongo
) -> None:
    await patch(api, hoa, owner="minh", followers=["minh"])
    await mongo["staff"].update_one({"_id": "minh"}, {"$set": {"active": False}})

    added = await patch(api, hoa, owner="minh", followers=["minh", "lan"])
    taken = await patch(api, hoa, owner=None)

    assert (added.status, added.json["followers"]) == (200, ["minh", "lan"])
    assert (taken.status, taken.json["owner"]) == (200, None)
    stored = await mongo["customers"].find_one({"_id": hoa})
    assert stored is not None
    assert "owner_id" not in stored


async def test_two_agents_who_give_the_customer_to_different_people_clash(
    api: Api, hoa: str
) -> None:
    await patch(api, hoa, '"1"', owner="minh")

    clash = await patch(api, hoa, '"1"', owner="lan")
    follower = await patch(api, hoa, '"1"', followers=["lan"])

    assert (clash.status, clash.json["fields"]) == (412, ["owner"])
    assert clash.json["current"] == {"owner": "minh", "version": 2}
    assert follower.status == 200


async def test_erasing_the_customer_redacts_what_the_audit_log_says_of_edits(
    world: World, api: Api, hoa: str, mongo: Mongo, clock: FixedClock
) -> None:
    """X.DIR.06: also of the record that was merged into theirs."""
    other = await world.customer("Hoa", channel="facebook", account="page1")
    await world.conversation(other, channel="facebook", account="page1")
    await patch(api, hoa, phones=["0912345678"], note="Thích đỏ")
    await patch(api, other, emails=["hoa@shop.vn"], attributes={"address": "12 phố Huế"})
    customers = CustomerStore(mongo, clock)
    await MergeStore(mongo, customers, clock).merge(hoa, other, an_actor("lan", "bot1"))
    erasures = ErasureStore(mongo, clock)
    await erasures.request(hoa, an_actor("boss", role="admin"))

    for _ in range(2):
        await Erasing(mongo, erasures, clock).run_one()
        clock.advance(SETTLE + timedelta(seconds=1))

    entries = await mongo["audit"].find({"action": "customer_edited"}).to_list()
    assert len(entries) == 2
    assert [entry["changes"] for entry in entries] == [{}, {}]
    assert [entry["actor"]["id"] for entry in entries] == ["lan", "lan"]
    assert await mongo["interactions"].count_documents({}) == 0
