"""Merging two records of one person, undoing it, and everything that may happen in between."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.config import TagsConfig
from inbox.conversations.applying import Applier
from inbox.conversations.changes import KeepMessage
from inbox.conversations.model import Author, IdentityRef, MessageRef, ThreadRef
from inbox.customers.erasure.erasing import SETTLE, Erasing
from inbox.customers.erasure.store import ErasureStore
from inbox.customers.merging.routes import MergeRoutes
from inbox.customers.merging.settling import MergeSettling
from inbox.customers.merging.store import SETTLED_AFTER, MergeStore
from inbox.customers.store import CustomerStore
from inbox.ids import account_key
from inbox.mongo.client import Mongo
from inbox.mongo.journal import JournalEntries
from inbox.tags.routes import TagRoutes
from inbox.tags.service import TagService
from tests.inbox.inbox_world import (
    Answer,
    Api,
    World,
    an_actor,
    inbox_routes,
    media_links,
    minutes,
    serve,
)

PHONE = "+84912345678"


@pytest.fixture
def world(mongo: Mongo) -> World:
    return World(mongo)


@pytest.fixture
def merges(mongo: Mongo, clock: FixedClock) -> MergeStore:
    return MergeStore(mongo, CustomerStore(mongo, clock), clock)


@pytest.fixture
async def api(mongo: Mongo, clock: FixedClock, merges: MergeStore) -> AsyncIterator[Api]:
    customers = CustomerStore(mongo, clock)
    tables = [
        *inbox_routes(mongo, clock),
        MergeRoutes(merges, customers, media_links(clock)),
        TagRoutes(TagService(mongo, customers, clock, TagsConfig())),
    ]
    actors = [an_actor("lan", "bot1"), an_actor("guest", "bot2"), an_actor("boss", role="admin")]
    api = await serve(tables, *actors)
    yield api
    await api.close()


class Pair:
    """Hoa on Zalo and Hoa on Facebook, with the same phone; each has a conversation."""

    def __init__(self, zalo: str, facebook: str, threads: dict[str, str]) -> None:
        self.zalo = zalo
        self.facebook = facebook
        self.threads = threads


@pytest.fixture
async def pair(world: World) -> Pair:
    zalo = await world.customer("Nguyễn Thị Hoa", phones=[PHONE], tag_ids=["vip"], note="Thích đỏ")
    facebook = await world.customer(
        "Hoa Nguyen",
        channel="facebook",
        account="page1",
        phones=["+84987654321", PHONE],
        emails=["hoa@shop.vn"],
        tag_ids=["vip", "si"],
        note="Ship nhanh",
        attributes={"address": "12 phố Huế"},
        owner_id="minh",
    )
    threads = {
        "zalo": await world.conversation(zalo),
        "facebook": await world.conversation(facebook, channel="facebook", account="page1"),
    }
    return Pair(zalo, facebook, threads)


async def merge(api: Api, into: str, other: str, as_: str = "lan") -> Answer:
    return await api.call("POST", f"/customers/{into}/merge", as_, json={"customer_id": other})


async def undo(api: Api, customer: str) -> Answer:
    last = (await api.get(f"/customers/{customer}/duplicates", "lan")).json["last_merge"]
    return await api.call("POST", f"/merges/{last['id']}/undo", "lan")


async def everything(mongo: Mongo) -> dict[str, Any]:
    """Customers and whose conversations are, without what counts changes."""
    counting = {"version": 0, "field_versions": 0, "updated_at": 0}
    customers = {one["_id"]: one async for one in mongo["customers"].find({}, counting)}
    threads = mongo["conversations"].find({}, {"customer_id": 1})
    return {"customers": customers, "threads": {t["_id"]: t["customer_id"] async for t in threads}}


async def test_the_same_phone_over_channels_is_shown_with_its_owner(
    api: Api, pair: Pair, world: World
) -> None:
    """S2.33, S2.35: what is not visible is shown as there, not opened."""
    hidden = await world.customer("Hoa 2", phones=[PHONE])
    await world.conversation(hidden, bot="bot2")
    found = (await api.get(f"/customers/{pair.zalo}/duplicates", "lan")).json
    by_id = {one["id"]: one for one in found["items"]}
    assert by_id[pair.facebook] == {
        "id": pair.facebook,
        "name": "Hoa Nguyen",
        "channels": ["facebook"],
        "owner": "minh",
        "same": [PHONE],
        "may_open": True,
    }
    assert by_id[hidden]["may_open"] is False
    assert found["last_merge"] is None
    assert (await merge(api, pair.zalo, hidden)).status == 403


async def test_a_duplicate_can_simply_be_edited_instead(api: Api, pair: Pair) -> None:
    """S2.36: each duplicate that one may open is edited like any customer; then it is none."""
    (other,) = (await api.get(f"/customers/{pair.zalo}/duplicates", "lan")).json["items"]
    assert other["may_open"] is True
    edited = await api.call(
        "PATCH",
        f"/customers/{other['id']}",
        "lan",
        json={"phones": ["0987654321"]},
        headers={"If-Match": "*"},
    )
    assert edited.status == 200
    assert (await api.get(f"/customers/{pair.zalo}/duplicates", "lan")).json["items"] == []


async def test_a_merge_moves_identities_tags_and_empty_fields(
    api: Api, pair: Pair, mongo: Mongo
) -> None:
    """S2.34: one record with everything of both; the old id leads to it."""
    merged = (await merge(api, pair.zalo, pair.facebook)).json

    assert merged["name"] == "Nguyễn Thị Hoa"
    assert merged["phones"] == [PHONE, "+84987654321"]
    assert merged["emails"] == ["hoa@shop.vn"]
    assert merged["tags"] == ["vip", "si"]
    assert merged["note"] == "Thích đỏ\n\nShip nhanh"
    assert merged["attributes"] == {"address": "12 phố Huế"}
    assert merged["owner"] == "minh"
    assert [one["channel"] for one in merged["identities"]] == ["zalo", "facebook"]
    assert merged["merged_from"] == [pair.facebook]
    assert (await api.get(f"/customers/{pair.facebook}", "lan")).json["id"] == pair.zalo
    listed = await api.get("/conversations", "lan", customer_id=pair.zalo)
    assert sorted(listed.ids) == sorted(pair.threads.values())
    assert await mongo["customers"].count_documents({}) == 1


async def test_the_timeline_of_both_is_one(api: Api, pair: Pair) -> None:
    for id_, note in ((pair.zalo, "a"), (pair.facebook, "b")):
        await api.call(
            "PATCH", f"/customers/{id_}", "lan", json={"note": note}, headers={"If-Match": "*"}
        )
    await merge(api, pair.zalo, pair.facebook)
    for id_ in (pair.zalo, pair.facebook):
        rows = (await api.get(f"/customers/{id_}/timeline", "lan")).json["items"]
        assert sorted(row["type"] for row in rows) == ["edited", "edited", "merged"]


async def test_undoing_gives_back_both_as_they_were(api: Api, pair: Pair, mongo: Mongo) -> None:
    before = await everything(mongo)
    await merge(api, pair.zalo, pair.facebook)
    back = await undo(api, pair.zalo)

    assert back.json["id"] == pair.facebook
    assert await everything(mongo) == before
    assert (await api.get(f"/customers/{pair.facebook}", "lan")).json["id"] == pair.facebook


async def test_what_was_edited_since_stays_with_the_survivor(api: Api, pair: Pair) -> None:
    merged = (await merge(api, pair.zalo, pair.facebook)).json
    edit = {"note": "Mới", "phones": [*merged["phones"], "+84901111222"]}
    edited = await api.call(
        "PATCH",
        f"/customers/{pair.facebook}",
        "lan",
        json=edit,
        headers={"If-Match": str(merged["version"])},
    )
    assert edited.status == 200, "an edit under the old id reaches the survivor"
    back = (await undo(api, pair.zalo)).json
    survivor = (await api.get(f"/customers/{pair.zalo}", "lan")).json

    assert (survivor["note"], back["note"]) == ("Mới", "Ship nhanh")
    assert survivor["phones"] == [PHONE, "+84901111222"]
    assert back["phones"] == ["+84987654321", PHONE]


async def test_repeats_and_nonsense_are_told_apart(api: Api, pair: Pair) -> None:
    assert (await merge(api, pair.zalo, pair.zalo)).json["code"] == "merge_with_itself"
    assert (await merge(api, pair.zalo, "nobody")).status == 404
    first = (await merge(api, pair.zalo, pair.facebook)).json
    again = (await merge(api, pair.zalo, pair.facebook)).json
    assert again["version"] == first["version"]
    last = (await api.get(f"/customers/{pair.zalo}/duplicates", "lan")).json["last_merge"]
    assert (await undo(api, pair.zalo)).status == 200
    twice = await api.call("POST", f"/merges/{last['id']}/undo", "lan")
    assert (twice.status, twice.json["code"]) == (409, "merge_undone")
    assert (await api.call("POST", f"/merges/{last['id']}/undo", "guest")).status == 403


async def test_merges_are_undone_from_the_last_to_the_first(
    api: Api, pair: Pair, world: World, mongo: Mongo
) -> None:
    third = await world.customer("Hoa 3", phones=["+84933333333"])
    await world.conversation(third)
    before = await everything(mongo)
    await merge(api, pair.facebook, pair.zalo)
    first = (await api.get(f"/customers/{pair.facebook}/duplicates", "lan")).json["last_merge"]
    await merge(api, third, pair.facebook)
    assert (await api.get(f"/customers/{pair.zalo}", "lan")).json["id"] == third

    deeper = await api.call("POST", f"/merges/{first['id']}/undo", "lan")
    assert (deeper.status, deeper.json["code"]) == (409, "merge_buried_deeper")
    await undo(api, third)
    assert (await api.get(f"/customers/{pair.zalo}", "lan")).json["id"] == pair.facebook
    await undo(api, pair.facebook)
    assert await everything(mongo) == before


async def test_twenty_people_who_merge_and_edit_at_once_leave_one_whole_record(
    api: Api, pair: Pair, mongo: Mongo
) -> None:
    def edit(number: int) -> Any:
        side = pair.zalo if number % 2 else pair.facebook
        body = {"name": f"Thẻ {number}"}
        return api.call("POST", f"/customers/{side}/tags", "lan", json=body)

    answers = await asyncio.gather(
        *(merge(api, pair.zalo, pair.facebook) for _ in range(10)),
        *(edit(number) for number in range(10)),
    )
    assert {one.status for one in answers} == {200}
    merged = (await api.get(f"/customers/{pair.zalo}", "lan")).json
    assert len(merged["tags"]) == len(set(merged["tags"])) == 2 + 10
    assert len(merged["identities"]) == 2
    assert await mongo["merges"].count_documents({}) == 1
    assert await mongo["customers"].count_documents({}) == 1


def message(channel: str, account: str, person: str, number: int) -> KeepMessage:
    thread = ThreadRef(channel, account, "inbox", person)  # type: ignore[arg-type]
    return KeepMessage(
        message=MessageRef(channel, account, f"mid{number}"),  # type: ignore[arg-type]
        at=minutes(number),
        thread=thread,
        customer=IdentityRef(channel, account, person),  # type: ignore[arg-type]
        direction="in",
        author=Author("customer"),
        text="Chào shop",
    )


async def test_messages_to_come_belong_to_whoever_holds_the_identity(
    api: Api, pair: Pair, mongo: Mongo, clock: FixedClock
) -> None:
    """A new thread of the merged identity is the survivor's, and goes back when it is undone."""
    applier = Applier(mongo, clock, JournalEntries(mongo, clock))
    found = await mongo["customers"].find_one({"_id": pair.facebook})
    assert found is not None
    person = found["identities"][0]["external_id"]
    bots = {account_key("facebook", "page1"): "bot1"}
    await merge(api, pair.zalo, pair.facebook)
    await applier.apply([message("facebook", "page1", person, 1)], bots=bots)
    assert set((await everything(mongo))["threads"].values()) == {pair.zalo}

    await undo(api, pair.zalo)
    owners = list((await everything(mongo))["threads"].values())
    assert sorted(owners) == sorted([pair.zalo, pair.facebook, pair.facebook])


async def test_a_conversation_that_began_while_merging_is_moved_after(
    api: Api, pair: Pair, world: World, clock: FixedClock, merges: MergeStore, mongo: Mongo
) -> None:
    await merge(api, pair.zalo, pair.facebook)
    # a transaction that had read the record before it went commits only now
    late = await world.conversation(pair.facebook, channel="facebook", account="page1")
    settling = MergeSettling(merges)
    assert await settling.step() == 0
    clock.advance(SETTLED_AFTER)
    assert await settling.step() == 1
    assert (await everything(mongo))["threads"][late] == pair.zalo
    await undo(api, pair.zalo)
    assert (await everything(mongo))["threads"][late] == pair.facebook


async def test_erasing_reaches_the_records_as_they_were_before_the_merge(
    api: Api, pair: Pair, mongo: Mongo, clock: FixedClock
) -> None:
    """X.DIR.06."""
    await merge(api, pair.zalo, pair.facebook)
    erasures = ErasureStore(mongo, clock)
    erasing = Erasing(mongo, erasures, clock)
    await erasures.request(pair.zalo, an_actor("boss", role="admin"))
    assert await erasing.run_one()
    clock.advance(SETTLE)
    assert await erasing.run_one()

    for collection in ("customers", "merges", "redirects", "conversations", "interactions"):
        assert await mongo[collection].count_documents({}) == 0, collection
    assert (await api.get(f"/customers/{pair.facebook}", "boss")).status == 404


async def test_who_read_the_other_record_overwrites_nothing_they_have_not_seen(
    world: World, api: Api
) -> None:
    """X.DIR.05: the versions of two records are not compared with each other by chance."""
    short = await world.customer("Hoa", note="Thích đỏ")
    long = await world.customer("Hoa", version=40, field_versions={"phones": 40})
    for one in (short, long):
        await world.conversation(one)

    async def note(id_: str, version: int) -> Answer:
        headers = {"If-Match": str(version)}
        return await api.call(
            "PATCH", f"/customers/{id_}", "lan", json={"note": "đè"}, headers=headers
        )

    merged = await merge(api, short, long)
    by_reader_of_the_other = await note(long, 40)
    edited = await note(long, merged.json["version"])
    await undo(api, short)
    by_reader_of_both = await note(long, edited.json["version"])

    assert (by_reader_of_the_other.status, edited.status) == (412, 200)
    assert edited.json["id"] == short
    assert by_reader_of_both.status == 412
    assert (await api.get(f"/customers/{short}", "lan")).json["note"] == "đè"
    assert (await api.get(f"/customers/{long}", "lan")).json["note"] == ""


async def test_reading_by_an_old_id_is_one_moment(
    world: World, mongo: Mongo, clock: FixedClock, merges: MergeStore
) -> None:
    """However often the two are merged and parted meanwhile, versions of one id only grow."""
    lan = an_actor("lan", "bot1")
    pair = [await world.customer("Hoa", note=note) for note in ("đỏ", "xanh")]
    for one in pair:
        await world.conversation(one)
    customers = CustomerStore(mongo, clock)
    over = asyncio.Event()
    seen: list[tuple[int, str]] = []

    async def read() -> None:
        while not over.is_set():
            shown = await customers.get(pair[1], lan)
            seen.append((shown["version"], shown["note"]))

    async def merge_and_part() -> None:
        for _ in range(15):
            survivor = await merges.merge(pair[0], pair[1], lan)
            last = await merges.last_of(survivor)
            assert last is not None
            await merges.undo(last.id, lan)
        over.set()

    async with asyncio.timeout(60):
        await asyncio.gather(merge_and_part(), *(read() for _ in range(4)))

    assert {note for _, note in seen} <= {"xanh", "đỏ\n\nxanh"}, "never the other record alone"
    assert len({note for _, note in seen}) == 2


@pytest.mark.parametrize("whose", ["zalo", "facebook"])
async def test_scripts_of_either_record_are_scripts_of_both(
    api: Api, pair: Pair, mongo: Mongo, whose: str
) -> None:
    """What tells scripts of a customer's tags must not be lost by merging."""
    owner = getattr(pair, whose)
    await mongo["customers"].update_one({"_id": owner}, {"$set": {"automated": True}})

    await merge(api, pair.zalo, pair.facebook)

    merged = await mongo["customers"].find_one({"_id": pair.zalo})
    assert merged is not None
    assert merged["automated"] is True


async def test_a_script_that_began_for_both_goes_on_for_the_one_that_is_back(
    api: Api, pair: Pair, mongo: Mongo
) -> None:
    """It may run in a conversation that goes back to the other record."""
    await merge(api, pair.zalo, pair.facebook)
    await mongo["customers"].update_one({"_id": pair.zalo}, {"$set": {"automated": True}})

    await undo(api, pair.zalo)

    assert await mongo["customers"].count_documents({"automated": True}) == 2
