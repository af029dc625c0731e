"""Entries of the webhook journal: marked, parked, listed, replayed, redacted, given back."""

from datetime import timedelta
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from inbox.mongo.due import DueWork, Pace
from inbox.mongo.journal import (
    JournalEntries,
    Outcome,
    ParkedEvent,
)
from tests.inbox.mongo.journals import Connect, bodies, connector, keep, stored

ACCOUNT = ("key", "facebook", "page")


@pytest.fixture
def connected(mongo: Mongo, mongo_uri: str, clock: FixedClock) -> Connect:
    return connector(mongo, mongo_uri, clock)


@pytest.fixture
def entries(mongo: Mongo, clock: FixedClock) -> JournalEntries:
    return JournalEntries(mongo, clock)


@pytest.fixture
def due(mongo: Mongo, clock: FixedClock) -> DueWork:
    return DueWork(mongo, "webhook_journal", "apply", clock, pace=Pace(timedelta(seconds=15)))


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
