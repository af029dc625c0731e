"""The webhook journal: written in groups, refused rather than lost."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.config import JournalConfig
from inbox.errors import Unavailable
from inbox.mongo.client import Mongo
from tests.failpoints import failing
from tests.inbox.mongo.journals import (
    APP,
    PATIENT,
    Connect,
    Inserts,
    bodies,
    connector,
    stored,
)


@pytest.fixture
def connected(mongo: Mongo, mongo_uri: str, clock: FixedClock) -> Connect:
    return connector(mongo, mongo_uri, clock)


async def test_bodies_that_wait_together_are_written_together(
    mongo: Mongo, connected: Connect
) -> None:
    inserts = Inserts()
    async with connected(event_listeners=[inserts]) as keeping:
        assert await keeping.keep_all(bodies(300)) == [None] * 300

    assert sum(inserts.sizes) == 300
    assert len(inserts.sizes) <= 3
    assert {entry.body for entry in keeping.kept} == set(bodies(300)) == set(await stored(mongo))


async def test_batch_is_never_larger_than_its_limit(connected: Connect) -> None:
    inserts = Inserts()
    limits = JournalConfig(max_batch=10, stale_after=PATIENT, write_timeout=PATIENT)
    async with connected(limits, event_listeners=[inserts]) as keeping:
        await keeping.keep_all(bodies(35))

    assert sum(inserts.sizes) == 35
    assert max(inserts.sizes) == 10


async def test_body_is_kept_byte_for_byte_leased_to_its_process(
    mongo: Mongo, connected: Connect, clock: FixedClock
) -> None:
    odd = b'\xff\x00 {"not": utf-8'
    async with connected() as keeping:
        await keeping.journal.keep("zalo", odd)

    entry = (await stored(mongo))[odd]
    assert (entry["channel"], entry["received_at"]) == ("zalo", clock.now())
    assert entry["apply"] == {
        "due_at": clock.now() + timedelta(seconds=15),
        "token": "me",
        "fence": 0,
        "attempts": 0,
    }
    assert "applied_at" not in entry


async def test_kept_is_told_only_when_the_body_is_durable(mongo: Mongo, connected: Connect) -> None:
    async with connected() as keeping:
        await keeping.journal.keep("facebook", b"{}")

        assert [entry.body for entry in keeping.kept] == [b"{}"]
        assert set(await stored(mongo)) == {b"{}"}


async def test_bodies_beyond_the_byte_cap_are_refused_at_once_and_the_others_are_kept(
    mongo: Mongo, connected: Connect
) -> None:
    limits = JournalConfig(pending_bytes_max=1000, stale_after=PATIENT, write_timeout=PATIENT)
    large = [bytes([number]) * 400 for number in range(5)]
    async with connected(limits) as keeping:
        results = await keeping.keep_all(large)

        assert [type(one) for one in results] == [type(None)] * 2 + [Unavailable] * 3
        assert keeping.refused == [("facebook", body) for body in large[2:]]
        assert await keeping.keep_all(large[:1]) == [None]  # room again

    assert set(await stored(mongo)) == set(large[:2])


async def test_bodies_that_waited_too_long_are_refused_and_not_written_late(
    mongo: Mongo, mongo_uri: str, connected: Connect
) -> None:
    limits = JournalConfig(
        max_batch=1, in_flight=1, stale_after=timedelta(milliseconds=50), write_timeout=PATIENT
    )
    async with connected(limits) as keeping:
        with failing(
            mongo_uri, ["insert"], app_name=APP, times=1, blockConnection=True, blockTimeMS=300
        ):
            results = await keeping.keep_all(bodies(20))

    assert results[0] is None
    assert {type(one) for one in results[1:]} == {Unavailable}
    assert len(keeping.refused) == 19
    assert set(await stored(mongo)) == {bodies(1)[0]}


async def test_slow_database_is_unavailable_within_the_write_time_out(
    mongo_uri: str, connected: Connect
) -> None:
    limits = JournalConfig(write_timeout=timedelta(milliseconds=100), stale_after=PATIENT)
    async with connected(limits) as keeping:
        await keeping.journal.keep("facebook", b"connects")
        with failing(mongo_uri, ["insert"], app_name=APP, blockConnection=True, blockTimeMS=2000):
            async with asyncio.timeout(1.5):
                [result] = await keeping.keep_all([b"slow"])

    assert isinstance(result, Unavailable)
    assert keeping.refused == [("facebook", b"slow")]


@pytest.mark.parametrize(
    "fault",
    [
        {"errorCode": 11602, "errorLabels": []},  # interrupted by a step-down
        {"writeConcernError": {"code": 64, "errmsg": "waiting for replication timed out"}},
        {"closeConnection": True},
        {"errorCode": 13},  # not authorised: ours to mend, and still nothing that is kept
    ],
)
async def test_failing_database_refuses_every_body_and_the_journal_goes_on_afterwards(
    mongo_uri: str, connected: Connect, fault: dict[str, Any]
) -> None:
    async with connected(retryWrites=False) as keeping:
        with failing(mongo_uri, ["insert"], app_name=APP, **fault):
            results = await keeping.keep_all(bodies(5))
        assert await keeping.keep_all([b"later"]) == [None]

    assert [type(one) for one in results] == [Unavailable] * 5
    assert [body for _, body in keeping.refused] == bodies(5)
    assert [entry.body for entry in keeping.kept] == [b"later"]


async def test_sender_that_hangs_up_does_not_disturb_the_others(
    mongo: Mongo, connected: Connect
) -> None:
    async with connected() as keeping:
        gone = asyncio.create_task(keeping.journal.keep("facebook", b"gone"))
        stays = asyncio.create_task(keeping.journal.keep("facebook", b"stays"))
        await asyncio.sleep(0)
        gone.cancel()
        await stays

    assert gone.cancelled()
    assert set(await stored(mongo)) == {b"gone", b"stays"}


async def test_closed_journal_writes_what_waits_and_refuses_what_comes(
    mongo: Mongo, connected: Connect
) -> None:
    async with connected() as keeping:
        waiting = [asyncio.create_task(keeping.journal.keep("zalo", one)) for one in bodies(50)]
        await asyncio.sleep(0)

        await keeping.journal.close()

        assert await asyncio.gather(*waiting) == [None] * 50
        with pytest.raises(Unavailable):
            await keeping.journal.keep("zalo", b"late")
    assert set(await stored(mongo)) == set(bodies(50))
    assert keeping.refused == [("zalo", b"late")]
