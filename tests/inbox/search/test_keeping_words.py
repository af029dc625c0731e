"""Whatever writes a text writes its words: the ingest, replies, edits, names, merges, erasure."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.conversations.applying import Applier
from inbox.conversations.changes import Change, EditMessage, KeepMessage, RemoveMessage
from inbox.conversations.model import Author, IdentityRef, MessageRef, ThreadRef
from inbox.customers.erasure.erasing import SETTLE, Erasing
from inbox.customers.erasure.store import ErasureStore
from inbox.customers.merging.store import MergeStore
from inbox.customers.profiles.store import ProfileStore
from inbox.customers.store import CustomerStore
from inbox.ids import account_key, hash_id
from inbox.mongo import word_filling
from inbox.mongo.client import Mongo
from inbox.mongo.journal import JournalEntries
from inbox.ports import Profile
from inbox.search.routes import SearchRoutes
from inbox.search.store import SearchStore
from inbox.search.tokens import customer_tokens, message_tokens
from tests.inbox.inbox_world import Api, World, an_actor, serve

BOSS = an_actor("boss", role="admin")
PERSON = IdentityRef("zalo", "oa1", "55501")
FRIEND = IdentityRef("zalo", "oa1", "55502")
THREAD = ThreadRef("zalo", "oa1", "inbox", "55501")
GROUP = ThreadRef("zalo", "oa1", "group", "g1")


@pytest.fixture
async def api(mongo: Mongo) -> AsyncIterator[Api]:
    api = await serve([SearchRoutes(SearchStore(mongo))], BOSS)
    yield api
    await api.close()


async def found(api: Api, q: str, kind: str = "messages") -> int:
    return len((await api.get("/search", "boss", q=q, kind=kind)).ids)


async def in_step(mongo: Mongo) -> bool:
    """Whether every stored document has exactly the words of what it says."""
    people = await mongo["customers"].find().to_list()
    said = await mongo["messages"].find().to_list()
    return all(one.get("tok", []) == customer_tokens(one) for one in people) and all(
        one.get("tok", []) == message_tokens(one) for one in said
    )


async def apply(mongo: Mongo, clock: FixedClock, *changes: Change) -> None:
    applier = Applier(mongo, clock, JournalEntries(mongo, clock))
    await applier.apply(changes, bots={account_key("zalo", "oa1"): "bot1"})


def said(
    text: str, at: datetime, *, name: str | None = "Đặng Hường", thread: ThreadRef = THREAD,
    by: IdentityRef = PERSON,
) -> KeepMessage:  # fmt: skip
    group = thread.kind == "group"
    return KeepMessage(
        message=MessageRef("zalo", "oa1", hash_id(text)),
        thread=thread,
        customer=None if group else by,
        direction="in",
        author=Author("customer", by.id, name) if group else Author("customer"),
        at=at,
        text=text,
        customer_name=None if group else name,
        writer=by if group else None,
    )


async def test_what_comes_in_is_found_and_what_is_edited_or_unsent_is_not(
    mongo: Mongo, clock: FixedClock, api: Api
) -> None:
    first, second = said("áo đỏ", clock.now()), said("áo xanh", clock.now())
    await apply(mongo, clock, first, second)
    assert await found(api, "ao") == 2
    assert await found(api, "huong dang", "customers") == 1

    later = clock.now() + timedelta(seconds=1)
    await apply(
        mongo,
        clock,
        EditMessage(first.message, None, later, 1, "váy tím"),
        RemoveMessage(second.message, None, later),
    )

    assert (await found(api, "ao"), await found(api, "vay tim")) == (0, 1)
    assert await in_step(mongo)


async def test_facts_that_come_before_their_message_are_not_found_before_it(
    mongo: Mongo, clock: FixedClock, api: Api
) -> None:
    message = said("áo đỏ", clock.now())
    later = clock.now() + timedelta(seconds=1)
    await apply(mongo, clock, EditMessage(message.message, THREAD, later, 1, "váy tím"))
    assert await found(api, "vay") == 0

    await apply(mongo, clock, message)

    assert (await found(api, "vay"), await found(api, "ao")) == (1, 0)
    assert await in_step(mongo)


async def test_a_customer_is_found_by_what_was_edited_and_fetched(
    mongo: Mongo, clock: FixedClock, api: Api
) -> None:
    await apply(mongo, clock, said("chào", clock.now(), name=None))
    customers = CustomerStore(mongo, clock)
    profiles = ProfileStore(mongo, clock)
    (claimed,) = await profiles.due.claim(1)
    await profiles.learn(claimed, {PERSON.id: Profile(name="Lê Bích")})
    edits: list[dict[str, Any]] = [
        {"phones": ["+84912345678"]}, {"note": "khách quen"}, {"emails": ["bich@shop.vn"]},
    ]  # fmt: skip
    for fields in edits:
        await customers.edit(PERSON.id, fields, BOSS, version=None)

    for query in ("bich", "0912345678", "quen", "bich@shop.vn"):
        assert await found(api, query, "customers") == 1, query
    await customers.edit(PERSON.id, {"phones": [], "note": ""}, BOSS, version=None)
    assert await found(api, "0912345678", "customers") == 0
    assert await in_step(mongo)


async def test_a_merge_brings_the_words_of_both_and_undoing_parts_them(
    mongo: Mongo, clock: FixedClock, api: Api
) -> None:
    world = World(mongo)
    mai = await world.customer("Mai", phones=["+84912345678"])
    lan = await world.customer("Lan", note="khách quen")
    merges = MergeStore(mongo, CustomerStore(mongo, clock), clock)

    survivor = await merges.merge(mai, lan, BOSS)
    assert await found(api, "mai lan quen 0912345678", "customers") == 1
    assert await in_step(mongo)
    merge = await merges.last_of(survivor)
    assert merge is not None
    await merges.undo(merge.id, BOSS)

    assert await found(api, "mai quen", "customers") == 0
    assert await found(api, "lan quen", "customers") == 1
    assert await in_step(mongo)


async def test_no_word_of_an_erased_person_is_left(
    mongo: Mongo, clock: FixedClock, api: Api
) -> None:
    """X.DIR.06: the words by which somebody was found go with them, in groups too."""
    await apply(
        mongo,
        clock,
        said("Mình là Đặng Hường", clock.now()),
        said("Hường đây", clock.now(), thread=GROUP),
        said("Đặng Hường ơi gọi bạn", clock.now(), thread=GROUP, by=FRIEND, name="Bạn"),
        said("xin chào", clock.now(), thread=GROUP, by=FRIEND, name="Bạn"),
    )
    assert await found(api, "huong") == 3
    erasures = ErasureStore(mongo, clock)
    erasing = Erasing(mongo, erasures, clock)

    await erasures.request(PERSON.id, BOSS)
    assert await erasing.run_one()
    clock.advance(SETTLE)
    assert await erasing.run_one()

    assert (await found(api, "huong"), await found(api, "huong", "customers")) == (0, 0)
    for collection in ("messages", "customers"):
        left = {word async for one in mongo[collection].find() for word in one.get("tok", [])}
        assert "huong" not in left
    assert await found(api, "chao") == 1


async def test_what_was_stored_before_is_found_after_the_migration(
    mongo: Mongo, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(word_filling, "BATCH", 2)
    world = World(mongo)
    people = [await world.customer(f"Trần Mai {n}") for n in range(3)]
    for n, person in enumerate(people):
        thread = await world.conversation(person)
        await world.message(thread, f"áo đỏ {n}")
        await world.message(thread)
    for collection in ("customers", "messages"):
        await mongo[collection].update_many({}, {"$unset": {"tok": 1}})
    assert await found(api, "ao") == 0
    await mongo["customers"].create_index("name_key", name="name_key")

    await word_filling.fill_words(mongo)

    assert (await found(api, "ao do"), await found(api, "tran mai", "customers")) == (3, 3)
    assert await in_step(mongo)
    assert "name_key" not in await mongo["customers"].index_information()
    await word_filling.fill_words(mongo)
    assert await in_step(mongo)


async def test_the_migration_goes_on_where_it_died_and_keeps_what_was_written_meanwhile(
    mongo: Mongo, api: Api
) -> None:
    world = World(mongo)
    thread = await world.conversation(await world.customer("Mai"))
    ids = sorted([await world.message(thread, f"áo {n}") for n in range(4)])
    await mongo["messages"].update_many({"_id": {"$ne": ids[3]}}, {"$unset": {"tok": 1}})
    await mongo["messages"].update_one({"_id": ids[3]}, {"$set": {"tok": ["newer"]}})
    mark = {"_id": "words:messages", "done_to": ids[0]}
    await mongo["service_marks"].insert_one(mark)

    await word_filling.fill_words(mongo)

    stored = {one["_id"]: one.get("tok") async for one in mongo["messages"].find()}
    assert stored[ids[0]] is None  # done, as the mark says, so it is not looked at again
    assert stored[ids[1]] is not None
    assert stored[ids[3]] == ["newer"]
