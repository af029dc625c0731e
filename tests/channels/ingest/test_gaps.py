"""Intervals in which events may have been missed are stored per account, with a back-fill due."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from pymongo.errors import PyMongoError

from channels.accounts import AccountDirectory
from channels.gaps import Gaps
from channels.store import IngestStore
from inbox.clock import FixedClock
from inbox.ids import account_key
from inbox.mongo.client import Mongo
from tests.failpoints import failing
from tests.ingest import FACEBOOK_PAGE, SECOND_FACEBOOK_PAGE, ZALO_OA, connect_accounts

PAGE = account_key("facebook", FACEBOOK_PAGE)
SECOND_PAGE = account_key("facebook", SECOND_FACEBOOK_PAGE)
OA = account_key("zalo", ZALO_OA)
APP_NAME = "gaps"


async def gaps_of(mongo: Mongo, clock: FixedClock) -> Gaps:
    """As a process has them after its start; a body is the key of its account, or nothing."""
    store = IngestStore(mongo)
    directory = AccountDirectory(store.connected_accounts)
    await directory.refresh()
    return Gaps(store, directory, clock, lambda _, body: [body.decode()] if body else [])


async def stored(mongo: Mongo) -> dict[str, list[tuple[datetime, datetime, str]]]:
    found: dict[str, list[tuple[datetime, datetime, str]]] = {}
    async for gap in mongo["account_gaps"].find().sort("from", 1):
        assert set(gap["backfill"]) == {"due_at", "fence", "attempts"}
        found.setdefault(gap["account_key"], []).append((gap["from"], gap["to"], gap["reason"]))
    return found


@pytest.fixture
async def connected(mongo: Mongo) -> Mongo:
    await connect_accounts(
        mongo,
        [("facebook", FACEBOOK_PAGE), ("facebook", SECOND_FACEBOOK_PAGE), ("zalo", ZALO_OA)],
    )
    return mongo


async def test_the_silence_since_the_last_sign_of_life_is_a_gap_of_every_account(
    connected: Mongo, clock: FixedClock
) -> None:
    await (await gaps_of(connected, clock)).note_silence()
    assert await stored(connected) == {}, "before the first start nothing can have been missed"

    ended = clock.now()
    clock.advance(timedelta(hours=2))
    await (await gaps_of(connected, clock)).note_silence()

    silence = (ended, clock.now(), "silence")
    assert await stored(connected) == {PAGE: [silence], SECOND_PAGE: [silence], OA: [silence]}


async def test_a_quick_restart_is_no_gap(connected: Mongo, clock: FixedClock) -> None:
    await (await gaps_of(connected, clock)).note_silence()
    clock.advance(timedelta(seconds=50))
    await (await gaps_of(connected, clock)).step()
    clock.advance(timedelta(seconds=50))

    await (await gaps_of(connected, clock)).note_silence()

    assert await stored(connected) == {}


async def test_refusals_make_one_gap_per_account_from_the_first_to_the_last(
    connected: Mongo, clock: FixedClock
) -> None:
    gaps = await gaps_of(connected, clock)
    first = clock.now()
    gaps.note_refused("facebook", PAGE.encode())
    clock.advance(timedelta(seconds=7))
    gaps.note_refused("facebook", PAGE.encode())
    gaps.note_refused("zalo", OA.encode())
    last = clock.now()
    clock.advance(timedelta(seconds=7))
    assert gaps.open == 2

    await gaps.step()
    await gaps.step()

    assert gaps.open == 0
    assert await stored(connected) == {
        PAGE: [(first, last, "refused")],
        OA: [(last, last, "refused")],
    }


async def test_a_body_that_tells_no_account_makes_a_gap_for_its_whole_channel(
    connected: Mongo, clock: FixedClock
) -> None:
    gaps = await gaps_of(connected, clock)
    gaps.note_refused("facebook", b"")
    await gaps.step()

    assert (await stored(connected)).keys() == {PAGE, SECOND_PAGE}


async def test_refusals_are_remembered_until_the_database_takes_them(
    connected: Mongo, mongo_uri: str, clock: FixedClock
) -> None:
    away = Mongo.connect(mongo_uri, connected.db.name, appname=APP_NAME)
    gaps = await gaps_of(away, clock)
    first = clock.now()
    gaps.note_refused("facebook", PAGE.encode())
    refused: dict[str, Any] = {"errorCode": 13, "namespace": f"{connected.db.name}.account_gaps"}
    with failing(mongo_uri, ["update"], app_name=APP_NAME, **refused):
        with pytest.raises(PyMongoError):
            await gaps.step()
        clock.advance(timedelta(seconds=30))
        gaps.note_refused("facebook", PAGE.encode())
        with pytest.raises(PyMongoError):
            await gaps.step()
        assert gaps.open == 1

    await gaps.store_open()
    await away.close()

    assert await stored(connected) == {PAGE: [(first, clock.now(), "refused")]}
