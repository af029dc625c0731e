"""Migrations: each runs once, in order, by one process; what was killed half-way goes on."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from inbox.clock import FixedClock, SystemClock
from inbox.mongo import migrations
from inbox.mongo.client import Mongo
from inbox.mongo.indexes import INDEXES, ensure_indexes
from inbox.mongo.leases import Leases
from inbox.mongo.migrations import MIGRATIONS, Migration, MigrationsBusy, migrate, pending


@pytest.fixture
async def empty(mongo_uri: str) -> AsyncIterator[Mongo]:
    """A database without anything in it."""
    database = Mongo.connect(mongo_uri, f"test_{secrets.token_hex(8)}")
    yield database
    await database.client.drop_database(database.db.name)
    await database.close()


def test_numbers_are_unique_and_in_order() -> None:
    numbers = [one.number for one in MIGRATIONS]

    assert numbers == sorted(set(numbers))


async def test_empty_database_gets_every_collection_and_index(
    empty: Mongo, clock: FixedClock
) -> None:
    ran = await migrate(empty, clock, owner="me")

    assert ran == [one.number for one in MIGRATIONS]
    assert await pending(empty) == []
    there = set(await empty.db.list_collection_names())
    assert {index.collection for index in INDEXES} <= there
    for index in INDEXES:
        made = await empty[index.collection].index_information()
        assert index.model().document["name"] in made


async def test_second_run_does_nothing(empty: Mongo, clock: FixedClock) -> None:
    await migrate(empty, clock, owner="me")

    assert await migrate(empty, clock, owner="me") == []


async def test_migration_that_died_half_way_runs_again_and_those_before_it_do_not(
    empty: Mongo, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []

    async def first(_: Mongo) -> None:
        ran.append("first")

    async def second(mongo: Mongo) -> None:
        ran.append("second")
        await mongo["notes"].update_one({"_id": 1}, {"$set": {"done": True}}, upsert=True)
        if ran.count("second") == 1:
            raise ConnectionError

    steps = (Migration(1, "first", first), Migration(2, "second", second))
    monkeypatch.setattr(migrations, "MIGRATIONS", steps)

    with pytest.raises(ConnectionError):
        await migrate(empty, clock, owner="me")
    assert await migrate(empty, clock, owner="somebody else") == [2]

    assert ran == ["first", "second", "second"]


async def test_while_one_process_migrates_another_is_told_to_wait(
    empty: Mongo, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_: Mongo) -> None:
        started.set()
        await go_on.wait()

    monkeypatch.setattr(migrations, "MIGRATIONS", (Migration(1, "slow", slow),))
    migrating = asyncio.create_task(migrate(empty, clock, owner="one"))
    await started.wait()

    with pytest.raises(MigrationsBusy):
        await migrate(empty, clock, owner="other")
    go_on.set()

    assert await migrating == [1]
    assert await migrate(empty, clock, owner="other") == []


async def test_killed_process_keeps_the_others_waiting_for_seconds_only(
    empty: Mongo, clock: FixedClock
) -> None:
    await Leases(empty, clock, owner="killed").acquire("migrations", migrations._LEASE)

    with pytest.raises(MigrationsBusy):
        await migrate(empty, clock, owner="me")
    clock.advance(timedelta(seconds=20))

    assert await migrate(empty, clock, owner="me") == [one.number for one in MIGRATIONS]


async def test_long_migration_keeps_its_lease(
    empty: Mongo, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "_LEASE", timedelta(milliseconds=30))

    async def long(mongo: Mongo) -> None:
        """Until the lease has been renewed after its time."""
        clock.advance(timedelta(minutes=1))
        async with asyncio.timeout(20):
            while True:
                lease = await mongo["leases"].find_one({"_id": "migrations"})
                if lease is not None and lease["expires_at"] > clock.now():
                    return

    monkeypatch.setattr(migrations, "MIGRATIONS", (Migration(1, "long", long),))

    assert await migrate(empty, clock, owner="me") == [1]


async def test_missing_index_is_made_by_the_next_migration_run(
    mongo: Mongo, clock: FixedClock
) -> None:
    await migrate(mongo, clock, owner="me")
    await mongo["messages"].drop_indexes()

    await migrate(mongo, clock, owner="me")
    await ensure_indexes(mongo)

    assert "conversation_id_-at_-seq" in await mongo["messages"].index_information()


async def test_recent_media_is_copied_and_nothing_else_is_touched(
    empty: Mongo, clock: FixedClock
) -> None:
    """X.INB.07: what came before copying was there is copied too, while its links may live."""
    now = SystemClock().now()  # the database's own time decides
    recent, old = now - timedelta(days=3), now - timedelta(days=40)
    picture = {"kind": "image", "url": "https://scontent.xx.fbcdn.net/a.jpg"}
    messages: list[dict[str, Any]] = [
        {"_id": "recent", "at": recent, "attachments": [picture]},
        {"_id": "ours", "at": recent, "attachments": [{"kind": "file", "upload_id": "u"}]},
        {"_id": "old", "at": old, "attachments": [picture]},
        {"_id": "copied", "at": recent, "attachments": [{**picture, "copy": {"state": "failed"}}]},
        {"_id": "story", "at": recent, "attachments": [{**picture, "keep_copy": False}]},
        {"_id": "link", "at": recent, "attachments": [{**picture, "kind": "link"}]},
        {"_id": "removed", "at": recent, "attachments": [], "removed_at": recent},
        {"_id": "waiting", "attachments": [picture]},
    ]
    await empty["messages"].insert_many(messages)

    await migrate(empty, clock, owner="me")
    await empty["migrations"].delete_many({})
    await migrate(empty, clock, owner="me")

    due = await empty["messages"].find({"copying": {"$exists": True}}).sort("_id", 1).to_list()
    assert [one["_id"] for one in due] == ["ours", "recent"]
    for one in due:
        assert one["copying"].keys() == {"due_at", "fence", "attempts"}
        assert abs(one["copying"]["due_at"] - now) < timedelta(minutes=5)


async def test_events_that_are_not_told_yet_are_for_whom_wants_their_type(
    empty: Mongo, clock: FixedClock
) -> None:
    events, streams = empty["automation_events"], empty["automation_streams"]
    both = {"bot_id": "b1", "events": ["message.received", "message.sent"]}
    await empty["automations"].insert_many(
        [{"_id": "one", "bot_id": "b1", "events": ["message.received"]}, {"_id": "two", **both}]
    )
    await events.insert_many(
        [
            {"_id": "in", "bot_id": "b1", "type": "message.received"},
            {"_id": "out", "bot_id": "b1", "type": "message.sent"},
            {"_id": "new", "bot_id": "b1", "type": "message.sent", "to": []},
        ]
    )
    watch = {"due_at": clock.now(), "automation_id": "one"}
    await streams.insert_one({"_id": "waits", "watch": watch})

    await migrate(empty, clock, owner="me")

    rows = {one["_id"]: one["to"] async for one in events.find()}
    assert {id_: sorted(to) for id_, to in rows.items()} == {
        "in": ["one", "two"],
        "out": ["two"],
        "new": [],
    }
    waits = await streams.find_one({"_id": "waits"})
    assert waits is not None
    assert waits["watch"]["at"] == clock.now()
    assert waits["watch"]["seq"] > 1_000_000
