"""Transactions: all or nothing, repeated whole when they collide, never on another error."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.errors import DuplicateKeyError, OperationFailure, PyMongoError

from inbox.mongo.client import Mongo, Session
from inbox.mongo.failures import is_passing
from tests.failpoints import failing

APP = "client-test"


async def test_everything_in_a_transaction_is_written_or_nothing(mongo: Mongo) -> None:
    async def fails(session: Session) -> None:
        await mongo["staff"].insert_one({"_id": 1, "email": "a"}, session=session)
        await mongo["bots"].insert_one({"_id": 1}, session=session)
        raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        await mongo.transaction(fails)

    assert await mongo["staff"].count_documents({}) == 0
    assert await mongo["bots"].count_documents({}) == 0


async def test_result_of_the_work_is_given_back(mongo: Mongo) -> None:
    async def insert(session: Session) -> str:
        await mongo["bots"].insert_one({"_id": 1}, session=session)
        return "done"

    assert await mongo.transaction(insert) == "done"
    assert await mongo["bots"].count_documents({}) == 1


async def test_transactions_that_collide_are_repeated_until_all_have_counted(mongo: Mongo) -> None:
    await mongo["bots"].insert_one({"_id": "counter", "n": 0})
    tries = 0

    async def count(session: Session) -> None:
        nonlocal tries
        tries += 1
        found = await mongo["bots"].find_one({"_id": "counter"}, session=session)
        assert found is not None
        await asyncio.sleep(0)
        await mongo["bots"].update_one(
            {"_id": "counter"}, {"$set": {"n": found["n"] + 1}}, session=session
        )

    await asyncio.gather(*(mongo.transaction(count) for _ in range(6)))

    counter = await mongo["bots"].find_one({"_id": "counter"})
    assert counter is not None
    assert counter["n"] == 6
    assert tries > 6, "nothing collided: this test shows nothing"


@pytest.mark.parametrize("many", [False, True])
async def test_duplicate_key_that_somebody_just_committed_repeats_and_then_reads_it(
    mongo: Mongo, *, many: bool
) -> None:
    tries = 0
    ours = {"_id": "ours", "email": "an@shop.vn"}

    async def insert_if_absent(session: Session) -> str:
        nonlocal tries
        tries += 1
        found = await mongo["staff"].find_one({"email": "an@shop.vn"}, session=session)
        if found is not None:
            return "was there"
        if tries == 1:  # another process is quicker
            await mongo["staff"].insert_one({"_id": "theirs", "email": "an@shop.vn"})
        if many:
            await mongo["staff"].insert_many([ours], session=session)
        else:
            await mongo["staff"].insert_one(ours, session=session)
        return "inserted"

    assert await mongo.transaction(insert_if_absent) == "was there"
    assert tries == 2


async def test_duplicate_key_that_stays_is_raised_in_the_end(
    mongo: Mongo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inbox.mongo.client._LONGEST_PAUSE_S", 0.001)
    await mongo["staff"].insert_one({"_id": "theirs", "email": "an@shop.vn"})

    async def insert(session: Session) -> None:
        await mongo["staff"].insert_one({"_id": "ours", "email": "an@shop.vn"}, session=session)

    with pytest.raises(DuplicateKeyError):
        await mongo.transaction(insert)


async def test_error_of_our_own_making_is_raised_at_once(mongo: Mongo) -> None:
    tries = 0

    async def wrong(session: Session) -> None:
        nonlocal tries
        tries += 1
        await mongo["bots"].update_one({}, {"$nonsense": {}}, upsert=True, session=session)

    with pytest.raises(OperationFailure):
        await mongo.transaction(wrong)

    assert tries == 1


async def test_commit_whose_answer_was_lost_is_asked_again_and_written_once(
    mongo: Mongo, mongo_uri: str
) -> None:
    client = Mongo.connect(mongo_uri, mongo.db.name, appname=APP)
    tries = 0

    async def insert(session: Session) -> None:
        nonlocal tries
        tries += 1
        await client["bots"].insert_one({"_id": tries}, session=session)

    with failing(mongo_uri, ["commitTransaction"], app_name=APP, times=1, closeConnection=True):
        await client.transaction(insert)
    await client.close()

    assert tries == 1
    assert await mongo["bots"].count_documents({}) == 1


async def test_commit_that_is_refused_repeats_the_whole_work(mongo: Mongo, mongo_uri: str) -> None:
    client = Mongo.connect(mongo_uri, mongo.db.name, appname=APP)
    tries = 0

    async def insert(session: Session) -> None:
        nonlocal tries
        tries += 1
        await client["bots"].insert_one({"_id": tries}, session=session)

    with failing(
        mongo_uri,
        ["commitTransaction"],
        app_name=APP,
        times=1,
        errorCode=112,
        errorLabels=["TransientTransactionError"],
    ):
        await client.transaction(insert)
    await client.close()

    assert tries == 2
    assert [one["_id"] async for one in mongo["bots"].find()] == [2]


async def test_database_that_stays_away_is_told_soon_as_a_passing_failure(
    mongo: Mongo, mongo_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Repeating for as many tries as a collision gets would take a minute and more."""
    monkeypatch.setattr("inbox.mongo.client._REPEAT_FOR_S", 0.0)
    client = Mongo.connect(mongo_uri, mongo.db.name, appname=APP)
    tries = 0

    async def insert(session: Session) -> None:
        nonlocal tries
        tries += 1
        await client["bots"].insert_one({"_id": 1}, session=session)

    with (
        failing(mongo_uri, ["insert"], app_name=APP, closeConnection=True),
        pytest.raises(PyMongoError) as raised,
    ):
        await client.transaction(insert)
    await client.close()

    assert is_passing(raised.value)
    assert tries == 1
    assert await mongo["bots"].count_documents({}) == 0


async def test_connection_that_breaks_in_a_transaction_is_no_reason_to_give_up(
    mongo: Mongo, mongo_uri: str
) -> None:
    client = Mongo.connect(mongo_uri, mongo.db.name, appname=APP)

    async def insert(session: Session) -> None:
        await client["bots"].insert_one({"_id": 1}, session=session)

    with failing(mongo_uri, ["insert"], app_name=APP, times=2, closeConnection=True):
        await client.transaction(insert)
    await client.close()

    assert await mongo["bots"].count_documents({}) == 1


async def test_cancelled_work_leaves_nothing_behind_and_the_handle_usable(mongo: Mongo) -> None:
    inside = asyncio.Event()

    async def waits(session: Session) -> None:
        await mongo["bots"].insert_one({"_id": 1}, session=session)
        inside.set()
        await asyncio.Event().wait()

    working = asyncio.create_task(mongo.transaction(waits))
    await inside.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working

    async def insert(session: Session) -> None:
        await mongo["bots"].insert_one({"_id": 1}, session=session)

    await mongo.transaction(insert)
    assert await mongo["bots"].count_documents({}) == 1


async def test_times_come_back_in_utc(mongo: Mongo) -> None:
    at = datetime(2026, 11, 22, 3, tzinfo=UTC)
    await mongo["bots"].insert_one({"_id": 1, "at": at})

    found: dict[str, Any] | None = await mongo["bots"].find_one()

    assert found == {"_id": 1, "at": at}


@pytest.mark.parametrize(
    "error", [ValueError("no"), OperationFailure("no such operator", 9), DuplicateKeyError("twice")]
)
def test_wrong_commands_are_no_passing_failures(error: Exception) -> None:
    assert not is_passing(error)
