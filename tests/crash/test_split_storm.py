"""Four processes split a storm of new customers; two of them are killed -9 in the middle."""

import asyncio
import itertools
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Literal

import pytest

from inbox.mongo.client import Document, Mongo
from tests.crash.fleet import Fleet
from tests.crash.sender import Sender
from tests.crash.server import KillPoint, Start
from tests.crash.split_storm import Shop, assert_split_once, is_split, new_customers
from tests.crash.truths import forget, is_drained
from tests.failpoints import end_open_transactions, transactions_ending_after
from tests.waiting import until

pytestmark = pytest.mark.crash

PEOPLE = ("an", "binh", "chi", "dung", "giang")
_CONNECTIONS = 32
_LEASES_HAVE_ENDED = timedelta(seconds=30)
_FIRST_OF_A_BATCH = "find:split_rules in txn"
"""Only the assigner reads rules in a transaction."""
_TOLD_APART = ("insert:receipts in txn", "update:leases in txn", "commitTransaction")
"""The first write of a batch, the fence, and the end."""
_LEAST_COMMANDS = 9


@pytest.fixture
def hasty(start: Start, mongo_uri: str) -> Iterator[Start]:
    """What a dead server held is free again after a second, in the service and in mongod."""
    with transactions_ending_after(mongo_uri, 1):
        yield replace(start, lease=timedelta(seconds=1), poll=timedelta(milliseconds=100))


@pytest.mark.parametrize(
    ("count", "rule"),
    [
        pytest.param(200, {}, id="200 customers"),
        pytest.param(200, {"cap": {"open": 30}}, id="200 customers, more than the caps allow"),
        pytest.param(2_000, {}, id="2000 customers", marks=pytest.mark.torture),
        pytest.param(
            2_000,
            {"cap": {"open": 350}},
            id="2000 customers, more than the caps allow",
            marks=pytest.mark.torture,
        ),
    ],
)
async def test_four_processes_give_each_conversation_once(
    mongo: Mongo, servers: Fleet, hasty: Start, count: int, rule: Document
) -> None:
    """X.SPL.20, X.SPL.14, X.SPL.04, S0.11: webhooks twice, two processes killed -9."""
    shop = Shop(PEOPLE, rule)
    await shop.open(mongo)
    deliveries = new_customers(count)
    twice = [*deliveries, *deliveries]
    random.Random(count).shuffle(twice)
    living = await asyncio.gather(*(servers.start(hasty) for _ in range(4)))
    sender = Sender(servers.urls)
    began = time.monotonic()
    sending = asyncio.create_task(sender.deliver(twice, connections=_CONNECTIONS))
    for number, share in enumerate((0.35, 0.6)):
        await until(lambda share=share: sender.posted > share * len(twice))  # type: ignore[misc]
        await living[number].killed()
    await sending
    sent_after = time.monotonic() - began
    await until(lambda: is_drained(mongo), within_s=60)
    await until(lambda: is_split(mongo, count), within_s=60)
    took = time.monotonic() - began
    shares = await assert_split_once(mongo, deliveries, shop)
    print(  # noqa: T201 - the numbers of a run with -s
        f"{len(twice)} webhooks in {sent_after:.1f} s, all decided after {took:.1f} s, {shares}"
    )


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("kind", _TOLD_APART)
async def test_a_kill_at_a_command_of_a_batch_gives_nobody_two_turns(
    mongo: Mongo, servers: Fleet, start: Start, kind: str, moment: Literal["before", "after"]
) -> None:
    """X.SPL.20: what was not written is decided by another process, as if for the first time."""
    point = KillPoint(moment, 1, kind, counted_from=_FIRST_OF_A_BATCH)
    assert await _killed_and_split(mongo, servers, start, point)


@pytest.mark.torture
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_kill_at_every_command_of_a_batch_gives_nobody_two_turns(
    mongo: Mongo, servers: Fleet, start: Start, moment: Literal["before", "after"]
) -> None:
    """X.SPL.20."""
    for number in itertools.count(1):
        point = KillPoint(moment, number, counted_from=_FIRST_OF_A_BATCH)
        if not await _killed_and_split(mongo, servers, start, point) or number > 60:
            assert number > _LEAST_COMMANDS
            return
        await forget(mongo)
        for name in ("accounts", "bots", "staff"):
            await mongo[name].delete_many({})


async def _killed_and_split(mongo: Mongo, servers: Fleet, start: Start, kill: KillPoint) -> bool:
    """A few customers, a server that dies at a command, another that goes on; whether it died."""
    shop = Shop(PEOPLE[:3])
    await shop.open(mongo)
    deliveries = new_customers(7)
    first = await servers.start(replace(start, kill=kill))
    sender = Sender(servers.urls)
    sending = asyncio.create_task(sender.deliver(deliveries, connections=3))

    async def is_over() -> bool:
        return not first.alive or (sending.done() and await is_split(mongo, len(deliveries)))

    await until(is_over)
    died = not first.alive
    if died:
        end_open_transactions(start.uri)
        await servers.start(replace(start, ahead=_LEASES_HAVE_ENDED))
    await asyncio.wait_for(sending, 30)
    await until(lambda: is_drained(mongo))
    await until(lambda: is_split(mongo, len(deliveries)))
    servers.end()
    await assert_split_once(mongo, deliveries, shop)
    return died
