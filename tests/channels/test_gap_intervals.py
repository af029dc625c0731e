"""What could not be received is remembered as intervals per account, whatever happens meanwhile."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from pymongo.errors import PyMongoError

from channels.accounts import AccountDirectory
from channels.gaps import SILENCE_IS_A_GAP, Gaps
from channels.store import IngestStore
from inbox.clock import FixedClock
from inbox.ids import account_key
from inbox.mongo.client import Mongo
from tests.failpoints import failing
from tests.ingest import FACEBOOK_PAGE, SECOND_FACEBOOK_PAGE, ZALO_OA, connect_accounts

APP = "gaps-test"
PAGE = account_key("facebook", FACEBOOK_PAGE)
SECOND_PAGE = account_key("facebook", SECOND_FACEBOOK_PAGE)
OA = account_key("zalo", ZALO_OA)


def _account_of(_: str, body: bytes) -> Iterable[str]:
    """Bodies of these tests are the key of their account, or nothing that is known."""
    return () if body == b"?" else (body.decode(),)


async def _gaps(mongo: Mongo, clock: FixedClock) -> Gaps:
    store = IngestStore(mongo)
    directory = AccountDirectory(store.connected_accounts)
    await directory.refresh()
    return Gaps(store, directory, clock, _account_of)


async def _stored(mongo: Mongo) -> dict[str, tuple[datetime, datetime, str]]:
    return {
        one["account_key"]: (one["from"], one["to"], one["reason"])
        async for one in mongo["account_gaps"].find({"backfill.due_at": {"$exists": True}})
    }


async def _alive_at(mongo: Mongo) -> datetime | None:
    return await IngestStore(mongo).alive_at()


async def test_refusals_become_one_interval_per_account(mongo: Mongo, clock: FixedClock) -> None:
    await connect_accounts(mongo)
    gaps, start = await _gaps(mongo, clock), clock.now()
    gaps.note_refused("facebook", PAGE.encode())
    clock.advance(timedelta(seconds=7))
    gaps.note_refused("facebook", PAGE.encode())
    gaps.note_refused("zalo", b"?")

    await gaps.step()

    end = start + timedelta(seconds=7)
    assert await _stored(mongo) == {PAGE: (start, end, "refused"), OA: (end, end, "refused")}
    assert gaps.open == 0


async def test_interval_goes_on_while_the_database_is_away_and_no_sign_of_life_is_given(
    mongo: Mongo, mongo_uri: str, clock: FixedClock
) -> None:
    await connect_accounts(mongo)
    failing_mongo = Mongo.connect(mongo_uri, mongo.db.name, appname=APP, retryWrites=False)
    gaps, start = await _gaps(failing_mongo, clock), clock.now()
    await gaps.step()
    gaps.note_refused("facebook", PAGE.encode())
    clock.advance(timedelta(seconds=30))
    namespace = f"{mongo.db.name}.account_gaps"
    with (
        failing(mongo_uri, ["update"], app_name=APP, errorCode=11602, namespace=namespace),
        pytest.raises(PyMongoError),
    ):
        await gaps.step()
    assert await _alive_at(mongo) == start
    gaps.note_refused("facebook", PAGE.encode())

    await gaps.step()
    await failing_mongo.close()

    assert await _stored(mongo) == {PAGE: (start, clock.now(), "refused")}
    assert await _alive_at(mongo) == clock.now()


async def test_silence_of_all_processes_is_a_gap_of_every_account_and_found_once(
    mongo: Mongo, clock: FixedClock
) -> None:
    accounts = (("facebook", FACEBOOK_PAGE), ("facebook", SECOND_FACEBOOK_PAGE))
    await connect_accounts(mongo, accounts)
    last = clock.now()
    await (await _gaps(mongo, clock)).note_silence()
    clock.advance(SILENCE_IS_A_GAP + timedelta(seconds=1))

    await (await _gaps(mongo, clock)).note_silence()
    await (await _gaps(mongo, clock)).note_silence()

    silence = (last, clock.now(), "silence")
    assert await _stored(mongo) == {PAGE: silence, SECOND_PAGE: silence}


async def test_short_restart_is_no_gap(mongo: Mongo, clock: FixedClock) -> None:
    await connect_accounts(mongo)
    await (await _gaps(mongo, clock)).note_silence()
    clock.advance(SILENCE_IS_A_GAP)

    await (await _gaps(mongo, clock)).note_silence()

    assert await _stored(mongo) == {}
