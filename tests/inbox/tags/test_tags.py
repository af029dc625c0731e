"""Tags over HTTP: attached, made on the way, looked after by leaders, deleted everywhere."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.config import TagsConfig
from inbox.customers.store import CustomerStore
from inbox.mongo.client import Mongo
from inbox.mongo.due import Pace
from inbox.tags.removing import BATCH, SETTLED_AFTER, TagRemoving
from inbox.tags.routes import TagRoutes
from inbox.tags.service import TagService
from tests.inbox.inbox_world import Api, World, an_actor, inbox_routes, serve

MOST = 5


@pytest.fixture
def world(mongo: Mongo) -> World:
    return World(mongo)


@pytest.fixture
def service(mongo: Mongo, clock: FixedClock) -> TagService:
    customers = CustomerStore(mongo, clock)
    return TagService(mongo, customers, clock, TagsConfig(most_per_customer=MOST))


@pytest.fixture
async def api(mongo: Mongo, clock: FixedClock, service: TagService) -> AsyncIterator[Api]:
    actors = [
        an_actor("lan", "bot1"),
        an_actor("guest", "bot2"),
        an_actor("lead", "bot1", role="manager"),
    ]
    api = await serve([*inbox_routes(mongo, clock), TagRoutes(service)], *actors)
    yield api
    await api.close()


@pytest.fixture
async def hoa(world: World) -> str:
    hoa = await world.customer("Nguyễn Thị Hoa")
    await world.conversation(hoa)
    return hoa


async def attach(api: Api, customer: str, as_: str = "lan", **body: Any) -> Any:
    return await api.call("POST", f"/customers/{customer}/tags", as_, json=body)


async def tags_of(api: Api, customer: str) -> list[str]:
    """Names of the tags, as the customer and the catalogue show them together."""
    shown = (await api.get(f"/customers/{customer}", "lan")).json["tags"]
    names = {one["id"]: one["name"] for one in (await catalogue(api))}
    return [names[id_] for id_ in shown]


async def catalogue(api: Api, **query: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await api.get("/tags", "lan", **query)).json["items"]
    return items


async def rows(mongo: Mongo, customer: str) -> list[str]:
    found = mongo["interactions"].find({"customer_id": customer}).sort("at", 1)
    return [row["type"] async for row in found]


async def test_an_existing_tag_is_attached_once_however_often(
    api: Api, hoa: str, mongo: Mongo
) -> None:
    """S0.12."""
    vip = (await api.call("POST", "/tags", "lead", json={"name": "VIP"})).json
    first = await attach(api, hoa, tag_id=vip["id"])
    again = await attach(api, hoa, tag_id=vip["id"])

    assert (first.json["attached"], again.json["attached"]) == (True, False)
    assert await tags_of(api, hoa) == ["VIP"]
    assert await rows(mongo, hoa) == ["tag_added"]


async def test_an_unknown_name_becomes_a_tag_and_is_attached_in_one_call(
    api: Api, hoa: str
) -> None:
    """S0.13."""
    answer = await attach(api, hoa, name="  Khách   sỉ ")
    assert (answer.status, answer.json["created"], answer.json["attached"]) == (200, True, True)
    assert answer.json["tag"]["name"] == "Khách sỉ"
    assert await tags_of(api, hoa) == ["Khách sỉ"]


async def test_many_clicks_at_once_make_one_tag(api: Api, world: World, mongo: Mongo) -> None:
    """S0.13: also when several people tag several customers with the same new name."""
    people = [await world.customer(f"Khách {number}") for number in range(4)]
    for one in people:
        await world.conversation(one)
    answers = await asyncio.gather(
        *(attach(api, people[n % 4], name=["VIP", "vip ", "Víp"][n % 3]) for n in range(20))
    )

    assert [one.status for one in answers] == [200] * 20
    assert len({one.json["tag"]["id"] for one in answers}) == 1
    assert sum(one.json["created"] for one in answers) == 1
    assert len(await catalogue(api)) == 1
    for one in people:
        assert len(await tags_of(api, one)) == 1
        assert await rows(mongo, one) == ["tag_added"]


async def test_a_tag_travels_with_the_customer_over_channels(api: Api, world: World) -> None:
    """S0.14: set in the Zalo conversation, shown in the Facebook one, list and detail alike."""
    both = await world.customer("Trần Văn Bình")
    await world.conversation(both)
    await world.conversation(both, channel="facebook", account="page1")
    tag = (await attach(api, both, name="Đã mua")).json["tag"]

    listed = (await api.get("/conversations", "lan")).json["items"]
    assert [one["tags"] for one in listed] == [[tag["id"]], [tag["id"]]]
    assert (await api.get(f"/customers/{both}", "lan")).json["tags"] == [tag["id"]]
    assert len((await api.get("/conversations", "lan", tag=tag["id"])).ids) == 2


@pytest.mark.parametrize("spelling", ["VIP ", "vip", " V I P".replace(" ", ""), "Víp", "VIP"])
async def test_names_are_one_whatever_their_case_accents_and_blanks(
    api: Api, hoa: str, spelling: str
) -> None:
    """X.TAG.01: the display name is kept as it was first written."""
    await attach(api, hoa, name="VIP")
    answer = await attach(api, hoa, name=spelling)
    assert not answer.json["created"]
    assert [one["name"] for one in await catalogue(api)] == ["VIP"]


async def test_detaching_is_safe_to_repeat(api: Api, hoa: str, mongo: Mongo) -> None:
    """X.TAG.02, the local half."""
    tag = (await attach(api, hoa, name="Nợ")).json["tag"]
    for _ in range(2):
        gone = await api.call("DELETE", f"/customers/{hoa}/tags/{tag['id']}", "lan")
        assert gone.status == 204
    assert await tags_of(api, hoa) == []
    assert sorted(await rows(mongo, hoa)) == ["tag_added", "tag_removed"]


async def test_whoever_may_not_make_tags_only_attaches(
    mongo: Mongo, clock: FixedClock, world: World, hoa: str
) -> None:
    """X.TAG.03: no 'Thêm mới' is offered, and the API refuses."""
    config = TagsConfig(created_by="manager")
    service = TagService(mongo, CustomerStore(mongo, clock), clock, config)
    actors = [an_actor("lan", "bot1"), an_actor("lead", "bot1", role="manager")]
    api = await serve([*inbox_routes(mongo, clock), TagRoutes(service)], *actors)
    try:
        assert (await api.get("/tags", "lan")).json["may_create"] is False
        assert (await api.get("/tags", "lead")).json["may_create"] is True
        for refused in (
            await attach(api, hoa, name="Mới"),
            await api.call("POST", "/tags", "lan", json={"name": "Mới"}),
        ):
            assert (refused.status, refused.json["code"]) == (403, "tag_creation_not_allowed")
        assert await catalogue(api) == []
        await api.call("POST", "/tags", "lead", json={"name": "Mới"})
        assert (await attach(api, hoa, name="mới")).status == 200
    finally:
        await api.close()


async def test_names_and_numbers_of_tags_have_limits(api: Api, hoa: str) -> None:
    """X.TAG.03."""
    assert (await attach(api, hoa, name="x" * 51)).status == 422
    assert (await attach(api, hoa, name="   ")).status == 422
    assert (await attach(api, hoa, name="\u0301")).json["code"] == "tag_name_empty"
    for number in range(MOST):
        assert (await attach(api, hoa, name=f"Thẻ {number}")).status == 200
    refused = await attach(api, hoa, name="Thẻ nữa")
    assert (refused.status, refused.json["code"]) == (422, "too_many_tags")
    assert len(await catalogue(api)) == MOST, "a tag that could not be attached is not made either"
    assert (await attach(api, hoa, name="Thẻ 0")).status == 200


async def test_strangers_and_outsiders_attach_nothing(api: Api, hoa: str) -> None:
    assert (await attach(api, hoa, "guest", name="VIP")).status == 403
    assert (await attach(api, "nobody", name="VIP")).status == 404
    assert (await attach(api, hoa, tag_id="no-such-tag")).status == 404
    assert (await attach(api, hoa)).status == 422
    assert (await attach(api, hoa, name="VIP", tag_id="x")).status == 422
    assert await catalogue(api) == []


async def test_a_renamed_and_coloured_tag_is_so_everywhere(
    api: Api, hoa: str, mongo: Mongo
) -> None:
    """X.TAG.04."""
    tag = (await attach(api, hoa, name="VIP")).json["tag"]
    edited = await api.call(
        "PATCH", f"/tags/{tag['id']}", "lead", json={"name": "Khách quý", "colour": "amber"}
    )
    assert (edited.json["name"], edited.json["colour"]) == ("Khách quý", "amber")
    assert await tags_of(api, hoa) == ["Khách quý"]
    assert (await attach(api, hoa, name="khach quy")).json["created"] is False

    other = (await attach(api, hoa, name="VIP")).json
    assert other["created"] is True, "the old name is free"
    taken = await api.call("PATCH", f"/tags/{tag['id']}", "lead", json={"name": "vip"})
    assert (taken.status, taken.json["code"]) == (422, "tag_taken")
    same = await api.call("PATCH", f"/tags/{tag['id']}", "lead", json={"name": "KHÁCH QUÝ"})
    assert same.json["name"] == "KHÁCH QUÝ", "another spelling of its own name is fine"
    assert (await api.call("PATCH", f"/tags/{tag['id']}", "lan", json={})).status == 403
    audited = await mongo["audit"].distinct("action")
    assert set(audited) == {"tag_created", "tag_edited"}


async def test_a_retired_tag_stays_where_it_is_and_is_attached_no_more(
    api: Api, hoa: str, world: World
) -> None:
    """X.TAG.04."""
    tag = (await attach(api, hoa, name="Tết 2025")).json["tag"]
    await api.call("PATCH", f"/tags/{tag['id']}", "lead", json={"retired": True})
    other = await world.customer("Khách khác")
    await world.conversation(other)

    assert await tags_of(api, hoa) == ["Tết 2025"]
    assert [one["retired"] for one in await catalogue(api)] == [True]
    for body in ({"tag_id": tag["id"]}, {"name": "tet 2025"}):
        assert (await attach(api, other, **body)).json["code"] == "tag_retired"
    await api.call("PATCH", f"/tags/{tag['id']}", "lead", json={"retired": False})
    assert (await attach(api, other, tag_id=tag["id"])).status == 200


async def test_the_catalogue_keeps_the_order_that_leaders_give_it(api: Api, hoa: str) -> None:
    """X.TAG.04."""
    made = [(await attach(api, hoa, name=name)).json["tag"]["id"] for name in ("A", "B", "C")]
    wanted = [made[2], made[0], made[1]]
    ordered = await api.call("POST", "/tags/order", "lead", json={"ids": wanted})
    assert [one["name"] for one in ordered.json["items"]] == ["C", "A", "B"]
    assert [one["id"] for one in await catalogue(api)] == wanted
    for wrong in (wanted[:2], [*wanted, "x"], [wanted[0], *wanted[:2]]):
        assert (await api.call("POST", "/tags/order", "lead", json={"ids": wrong})).status == 422


async def test_deleting_asks_with_the_usage_and_detaches_everywhere(
    api: Api, world: World, service: TagService, clock: FixedClock, mongo: Mongo
) -> None:
    """X.TAG.04: more customers than a batch holds, a worker that dies on the way, a late click."""
    tag = (await api.call("POST", "/tags", "lead", json={"name": "Cũ"})).json["id"]
    keep = (await api.call("POST", "/tags", "lead", json={"name": "Giữ"})).json["id"]
    count = BATCH * 2 + 7
    for number in range(count):
        await world.customer(f"Khách {number}", tag_ids=[tag, keep])
    assert {one["name"]: one["usage"] for one in await catalogue(api, usage=True)} == {
        "Cũ": count,
        "Giữ": count,
    }

    asked = await api.call("DELETE", f"/tags/{tag}", "lead")
    assert (asked.status, asked.json["code"], asked.json["usage"]) == (409, "tag_in_use", count)
    sure = await api.call("DELETE", f"/tags/{tag}", "lead", params={"usage": str(count)})
    assert sure.status == 204
    assert [one["name"] for one in await catalogue(api)] == ["Giữ"]

    (dying,) = await service.store.due.claim(1)
    assert await service.store.detach_some(dying, BATCH) == BATCH
    clock.advance(SETTLED_AFTER)  # its lease is over
    removing = TagRemoving(service.store)
    assert await removing.step() == 1
    assert await mongo["customers"].count_documents({"tag_ids": tag}) == 0
    assert await mongo["customers"].count_documents({"tag_ids": keep}) == count
    assert await mongo["interactions"].count_documents({"type": "tag_removed"}) == count
    clock.advance(SETTLED_AFTER)
    await removing.step()
    assert await mongo["tags"].count_documents({}) == 1


@pytest.mark.parametrize("first_worker", ["lives", "dies"])
async def test_a_tag_attached_while_it_is_deleted_goes_too(
    api: Api, hoa: str, service: TagService, clock: FixedClock, mongo: Mongo, first_worker: str
) -> None:
    tag = (await api.call("POST", "/tags", "lead", json={"name": "Cũ"})).json["id"]
    await api.call("DELETE", f"/tags/{tag}", "lead")
    removing = TagRemoving(service.store)
    if first_worker == "dies":
        await service.store.due.claim(1)
        clock.advance(Pace().lease)
    assert await removing.step() == 1
    # a transaction that had read the catalogue before commits only now
    await mongo["customers"].update_one({"_id": hoa}, {"$set": {"tag_ids": [tag]}})
    clock.advance(SETTLED_AFTER)
    await removing.step()
    assert (await api.get(f"/customers/{hoa}", "lan")).json["tags"] == []
    assert await mongo["tags"].count_documents({}) == 0


async def test_open_inboxes_are_told(api: Api, hoa: str, mongo: Mongo, world: World) -> None:
    await mongo["bots"].insert_one({"_id": "bot1", "name": "Hoa", "member_ids": ["lan"]})
    tag = (await attach(api, hoa, name="VIP")).json["tag"]
    await api.call("PATCH", f"/tags/{tag['id']}", "lead", json={"colour": "red"})
    assert await world.live_types() == ["tags_changed", "customer_changed", "tags_changed"]
