"""The webhook journal: written in groups, refused rather than lost, marked, parked, replayed."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from pymongo.monitoring import CommandListener, CommandStartedEvent

from inbox.clock import FixedClock
from inbox.errors import Unavailable
from inbox.mongo.client import Mongo
from inbox.mongo.due import DueWork, Pace
from inbox.mongo.journal import (
    Entry,
    Journal,
    JournalEntries,
    JournalLimits,
    Outcome,
    ParkedEvent,
)
from tests.failpoints import failing

APP = "journal-test"
ACCOUNT = ("key", "facebook", "page")
PATIENT = timedelta(seconds=60)


class Inserts(CommandListener):
    """Counts the documents of every insert that a client sends."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name == "insert":
            self.sizes.append(len(event.command["documents"]))

    def succeeded(self, event: object) -> None:
        """Not asked for."""

    def failed(self, event: object) -> None:
        """Not asked for."""


class Keeping:
    """A journal and what it told."""

    def __init__(self, mongo: Mongo, clock: FixedClock, limits: JournalLimits) -> None:
        self.kept: list[Entry] = []
        self.refused: list[tuple[str, bytes]] = []
        self.journal = Journal(
            mongo,
            clock,
            owner="me",
            on_kept=self.kept.extend,
            on_refused=lambda channel, body: self.refused.append((channel, body)),
            limits=limits,
        )

    async def keep_all(self, bodies: Sequence[bytes]) -> list[BaseException | None]:
        """Keep them all at once; what came of each."""
        keeping = (self.journal.keep("facebook", body) for body in bodies)
        return await asyncio.gather(*keeping, return_exceptions=True)


Connect = Callable[..., Any]


@pytest.fixture
def connected(mongo: Mongo, mongo_uri: str, clock: FixedClock) -> Connect:
    """Opens journals on the test database with a client of their own."""

    @asynccontextmanager
    async def connect(
        limits: JournalLimits | None = None, **options: Any
    ) -> AsyncIterator[Keeping]:
        client = Mongo.connect(mongo_uri, mongo.db.name, appname=APP, **options)
        limits = limits or JournalLimits(stale_after=PATIENT, write_timeout=PATIENT)
        keeping = Keeping(client, clock, limits)
        yield keeping
        await keeping.journal.close()
        await client.close()

    return connect


@pytest.fixture
def entries(mongo: Mongo, clock: FixedClock) -> JournalEntries:
    return JournalEntries(mongo, clock)


@pytest.fixture
def due(mongo: Mongo, clock: FixedClock) -> DueWork:
    return DueWork(mongo, "webhook_journal", "apply", clock, pace=Pace(timedelta(seconds=15)))


def bodies(count: int) -> list[bytes]:
    return [b'{"n":%d}' % number for number in range(count)]


async def stored(mongo: Mongo) -> dict[bytes, dict[str, Any]]:
    """Journal entries by body."""
    return {bytes(one["body"]): one async for one in mongo["webhook_journal"].find()}


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
    limits = JournalLimits(max_batch=10, stale_after=PATIENT, write_timeout=PATIENT)
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
    limits = JournalLimits(pending_bytes_max=1000, stale_after=PATIENT, write_timeout=PATIENT)
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
    limits = JournalLimits(
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
    limits = JournalLimits(write_timeout=timedelta(milliseconds=100), stale_after=PATIENT)
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


async def keep(connected: Connect, *some: bytes) -> list[Entry]:
    async with connected() as keeping:
        await keeping.keep_all(some)
    return [next(one for one in keeping.kept if one.body == body) for body in some]


async def test_applied_entry_may_expire_and_an_unapplied_or_parked_one_never_does(
    mongo: Mongo, connected: Connect, entries: JournalEntries, clock: FixedClock
) -> None:
    applied, parked, _ = await keep(connected, b"applied", b"parked", b"waiting")

    await entries.mark(
        [
            Outcome(applied.id, frozenset({"b", "a"})),
            Outcome(parked.id, frozenset({"c"}), (ParkedEvent(1, "bad_event:time", ACCOUNT),)),
        ]
    )

    found = await stored(mongo)
    assert found[b"applied"]["applied_at"] == clock.now()
    assert found[b"applied"]["subjects"] == ["a", "b"]
    assert {body for body, one in found.items() if "applied_at" in one} == {b"applied"}
    assert {body for body, one in found.items() if "apply" in one} == {b"waiting"}
    assert found[b"parked"]["parked"] == {
        "at": clock.now(),
        "reason": "bad_event:time",
        "events": [{"index": 1, "reason": "bad_event:time"}],
        "account": ["key"],
        "accounts": [{"key": "key", "channel": "facebook", "account_id": "page"}],
    }


async def test_parked_entries_are_listed_newest_first_without_bodies_page_by_page(
    connected: Connect, entries: JournalEntries
) -> None:
    kept = await keep(connected, *bodies(3), b"applied")
    await entries.mark([Outcome(kept[3].id)])
    await entries.mark([Outcome(one.id, parked=(ParkedEvent(0, "x"),)) for one in kept[:3]])
    newest_first = sorted((one.id for one in kept[:3]), reverse=True)

    first = await entries.list_parked(after=None, limit=2)
    second = await entries.list_parked(after=str(first[-1]["_id"]), limit=2)

    assert [one["_id"] for one in (*first, *second)] == newest_first
    assert all("body" not in one for one in first)
    assert await entries.count_parked() == 3
    assert await entries.list_parked(after="no id", limit=9) == await entries.list_parked(
        after=None, limit=9
    )


async def test_replay_of_what_is_parked_makes_it_due_at_once(
    connected: Connect, entries: JournalEntries, due: DueWork
) -> None:
    one, other, _ = await keep(connected, b"one", b"other", b"applied")
    await entries.mark([Outcome(entry.id, parked=(ParkedEvent(0, "x"),)) for entry in (one, other)])

    assert await entries.replay_parked() == 2
    assert await entries.replay_parked() == 0

    assert {entry.id for entry in await due.claim(10)} == {one.id, other.id}
    assert await entries.count_parked() == 0


async def test_replay_of_one_needs_a_parked_entry(
    connected: Connect, entries: JournalEntries, due: DueWork
) -> None:
    parked, other, applied = await keep(connected, b"parked", b"other", b"applied")
    for entry in (parked, other):
        await entries.mark([Outcome(entry.id, parked=(ParkedEvent(0, "x"),))])
    await entries.mark([Outcome(applied.id)])

    assert await entries.replay_one(str(parked.id)) is True
    assert await entries.replay_one(str(applied.id)) is False
    assert await entries.replay_one("ffffffffffffffffffffffff") is False
    assert await entries.replay_one("no id") is False
    assert [entry.id for entry in await due.claim(10)] == [parked.id]


async def test_replay_of_an_account_takes_what_waits_for_it_and_nothing_else(
    connected: Connect, entries: JournalEntries, due: DueWork
) -> None:
    mine, theirs, broken = await keep(connected, b"mine", b"theirs", b"broken")
    other = ("other", "zalo", "oa")
    await entries.mark(
        [
            Outcome(mine.id, parked=(ParkedEvent(0, "unknown_account", ACCOUNT),)),
            Outcome(theirs.id, parked=(ParkedEvent(0, "unknown_account", other),)),
            Outcome(broken.id, parked=(ParkedEvent(0, "malformed_body"),)),
        ]
    )

    assert sorted(await entries.parked_account_keys()) == ["key", "other"]
    assert await entries.replay_account("key") == 1

    assert [entry.id for entry in await due.claim(10)] == [mine.id]
    assert await entries.parked_account_keys() == ["other"]


async def test_replay_of_a_range_takes_its_start_and_not_its_end(
    connected: Connect, entries: JournalEntries, due: DueWork, clock: FixedClock
) -> None:
    start = clock.now()
    kept = []
    for body in bodies(3):
        kept += await keep(connected, body)
        clock.advance(timedelta(minutes=1))
    await entries.mark([Outcome(one.id) for one in kept])

    assert await entries.replay_range(start, start + timedelta(minutes=2)) == 2

    assert [entry.id for entry in await due.claim(10)] == [one.id for one in kept[:2]]


async def test_redacted_entry_has_no_body_and_is_never_replayed(
    mongo: Mongo, connected: Connect, entries: JournalEntries, clock: FixedClock
) -> None:
    [erased] = await keep(connected, b"a phone number")

    await entries.mark([Outcome(erased.id, frozenset({"somebody"}), redact=True)])

    [found] = (await stored(mongo)).values()
    assert (found["body"], found["redacted_at"]) == (b"", clock.now())
    assert await entries.replay_range(clock.now(), clock.now() + timedelta(hours=1)) == 0


async def test_entries_of_this_process_are_renewed_and_given_back_and_others_are_not(
    connected: Connect, entries: JournalEntries, due: DueWork, clock: FixedClock
) -> None:
    renewed, left = await keep(connected, b"renewed", b"left")
    until = clock.now() + timedelta(minutes=1)
    await entries.renew([renewed.id], owner="me", until=until)
    await entries.renew([left.id], owner="somebody else", until=until)
    clock.advance(timedelta(seconds=15))

    assert [entry.id for entry in await due.claim(10)] == [left.id]
    await entries.release([left.id], owner="me")  # it is the claimer's now
    assert await due.claim(10) == []
    await entries.release([renewed.id], owner="me")
    assert [entry.id for entry in await due.claim(10)] == [renewed.id]


async def test_lag_is_the_age_of_what_is_neither_applied_nor_parked(
    connected: Connect, entries: JournalEntries, clock: FixedClock
) -> None:
    assert await entries.lag() == timedelta(0)
    [first] = await keep(connected, b"first")
    clock.advance(timedelta(seconds=40))
    [second] = await keep(connected, b"second")
    clock.advance(timedelta(seconds=2))

    assert await entries.lag() == timedelta(seconds=42)
    await entries.mark([Outcome(first.id, parked=(ParkedEvent(0, "x"),))])
    assert await entries.lag() == timedelta(seconds=2)
    await entries.mark([Outcome(second.id)])
    assert await entries.lag() == timedelta(0)


async def test_mark_in_a_transaction_that_fails_leaves_the_entry_unapplied(
    mongo: Mongo, connected: Connect, entries: JournalEntries
) -> None:
    [entry] = await keep(connected, b"{}")

    async def fails(session: Any) -> None:
        await entries.mark([Outcome(entry.id)], session=session)
        raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        await mongo.transaction(fails)

    assert "applied_at" not in (await stored(mongo))[b"{}"]
