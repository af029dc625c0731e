"""Signals: kept with what they tell of, due at once, gone when they were heeded."""

import asyncio
from datetime import timedelta

import pytest

from inbox.clock import FixedClock
from inbox.mongo.client import Mongo, Session
from inbox.signals.model import Signal
from inbox.signals.store import SignalStore, signal_from
from tests.inbox.inbox_world import NOON

WROTE = Signal(
    kind="customer_wrote",
    at=NOON,
    customer_id="hoa",
    bot_id="bot1",
    conversation_id="c1",
    message_id="m1",
    first=True,
)
TAGGED = Signal(kind="tag_added", at=NOON, customer_id="mai", tag_id="vip")


@pytest.fixture
def signals(mongo: Mongo, clock: FixedClock) -> SignalStore:
    return SignalStore(mongo, clock)


async def keep(mongo: Mongo, signals: SignalStore, *told: Signal) -> None:
    async def work(session: Session) -> None:
        await signals.add(told, session=session)

    await mongo.transaction(work)


async def waits(mongo: Mongo, signals: SignalStore, customer_id: str) -> bool:
    async def work(session: Session) -> bool:
        return await signals.is_waiting(customer_id, session=session)

    return await mongo.transaction(work)


@pytest.mark.parametrize("signal", [WROTE, TAGGED], ids=["message", "tag"])
async def test_a_signal_is_read_as_it_was_written(
    mongo: Mongo, signals: SignalStore, signal: Signal
) -> None:
    await keep(mongo, signals, signal)

    [claimed] = await signals.due.claim(10)

    assert signal_from(claimed.document) == signal


async def test_nothing_is_kept_of_a_transaction_that_fails(
    mongo: Mongo, signals: SignalStore
) -> None:
    async def work(session: Session) -> None:
        await signals.add([WROTE], session=session)
        raise LookupError

    with pytest.raises(LookupError):
        await mongo.transaction(work)

    assert await signals.due.claim(10) == []


async def test_a_step_waits_for_what_is_to_be_heeded_of_its_customer(
    mongo: Mongo, signals: SignalStore, clock: FixedClock
) -> None:
    """Also while somebody is at it; what was parked holds up nobody."""
    await keep(mongo, signals, WROTE)
    assert await waits(mongo, signals, "hoa")
    assert not await waits(mongo, signals, "mai")

    [claimed] = await signals.due.claim(10)
    assert await waits(mongo, signals, "hoa")
    await signals.due.park(claimed, "broken")

    assert not await waits(mongo, signals, "hoa")


async def test_who_has_lost_the_lease_deletes_nothing(
    mongo: Mongo, signals: SignalStore, clock: FixedClock
) -> None:
    await keep(mongo, signals, WROTE)
    [first] = await signals.due.claim(10)
    clock.advance(timedelta(minutes=1))
    [second] = await signals.due.claim(10)

    async def delete(token: str) -> bool:
        async def work(session: Session) -> bool:
            return await signals.delete(first.id, token, session=session)

        return await mongo.transaction(work)

    assert not await delete(first.token)
    assert await delete(second.token)
    assert not await delete(second.token)


async def test_many_transactions_at_once_keep_each_their_own(
    mongo: Mongo, signals: SignalStore
) -> None:
    await asyncio.gather(*(keep(mongo, signals, WROTE, TAGGED) for _ in range(10)))

    assert len(await signals.due.claim(100)) == 20
