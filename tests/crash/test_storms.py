"""kill -9 and SIGTERM at random moments of a storm, with one server and with two."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from inbox.clock import FixedClock, SystemClock
from inbox.mongo.client import Mongo
from tests.crash.fleet import Fleet, Server
from tests.crash.sender import Delivery, Sender
from tests.crash.server import Start
from tests.crash.storms import storm
from tests.crash.truths import (
    assert_conversations_add_up,
    assert_every_message_is_there_once,
    is_drained,
    message_ids,
    undisturbed,
)
from tests.failpoints import transactions_ending_after
from tests.ingest import connect_accounts
from tests.projection import projection
from tests.waiting import until

pytestmark = pytest.mark.crash

_CONNECTIONS = 8
_DRAIN_WITHIN_S = 20.0


@pytest.fixture
def hasty(start: Start, mongo_uri: str) -> Iterator[Start]:
    """What a dead server held is free again after a second, in the service and in mongod."""
    with transactions_ending_after(mongo_uri, 1):
        yield replace(start, lease=timedelta(seconds=1), poll=timedelta(milliseconds=100))


@dataclass(slots=True)
class Chaos:
    """Servers that live and die while a storm goes on."""

    servers: Fleet
    start: Start
    sender: Sender
    chance: random.Random
    living: list[Server] = field(default_factory=list)

    async def grow(self) -> None:
        self.living.append(await self.servers.start(self.start))

    async def deliver(self, deliveries: Sequence[Delivery], *, kills: int) -> None:
        """Post these webhooks, and kill -9 a server at random moments meanwhile."""
        posted = self.sender.posted
        moments = self.chance.sample(range(posted, posted + len(deliveries)), kills)
        sending = asyncio.create_task(self.sender.deliver(deliveries, connections=_CONNECTIONS))
        for moment in sorted(moments):
            await until(lambda moment=moment: self.sender.posted > moment)  # type: ignore[misc]
            victim = self.chance.choice(self.living)
            await victim.killed()
            self.living.remove(victim)
            await self.grow()
        await sending


@pytest.mark.parametrize(
    ("size", "kills"), [(1_200, 16), pytest.param(10_000, 40, marks=pytest.mark.torture)]
)
async def test_kills_at_random_moments_lose_and_double_nothing(
    mongo: Mongo, clock: FixedClock, servers: Fleet, hasty: Start, size: int, kills: int
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    deliveries = storm(size, seed=seed)
    await connect_accounts(mongo)
    expected = await undisturbed(mongo, clock, deliveries)
    sender = Sender(servers.urls)
    chaos = Chaos(servers, hasty, sender, random.Random(seed))
    await chaos.grow()

    await chaos.deliver(deliveries[: size // 2], kills=kills // 2)
    await chaos.grow()  # from here on two servers share the database
    await chaos.deliver(deliveries[size // 2 :], kills=kills - kills // 2)
    await until(lambda: is_drained(mongo), within_s=60)

    assert sorted(sender.acknowledged) == sorted(deliveries)
    await assert_every_message_is_there_once(mongo, deliveries)
    await assert_conversations_add_up(mongo)
    assert await projection(mongo) == expected


async def test_a_graceful_stop_leaves_nothing_that_was_acknowledged_unapplied(
    mongo: Mongo, clock: FixedClock, servers: Fleet, start: Start
) -> None:
    deliveries = storm(400, seed=1)
    await connect_accounts(mongo)
    expected = await undisturbed(mongo, clock, deliveries)
    sender = Sender(servers.urls)
    server = await servers.start(start)
    sending = asyncio.create_task(sender.deliver(deliveries, connections=_CONNECTIONS))
    await until(lambda: sender.posted > 150)

    async with asyncio.timeout(_DRAIN_WITHIN_S):
        await server.stopped()  # asserts exit code 0

    assert not sending.done()
    assert sender.refusals.keys() <= {0, 503}
    await _assert_applied(mongo, sender.acknowledged)
    still_held = {"apply.due_at": {"$gt": SystemClock().now()}}
    assert await mongo["webhook_journal"].find_one(still_held) is None

    await servers.start(start)
    await sending
    await until(lambda: is_drained(mongo))
    await assert_every_message_is_there_once(mongo, deliveries)
    assert await projection(mongo) == expected


async def _assert_applied(mongo: Mongo, acknowledged: list[Delivery]) -> None:
    ids = message_ids(acknowledged)
    shown = {"_id": {"$in": list(ids)}, "at": {"$exists": True}}
    assert ids
    assert await mongo["messages"].count_documents(shown) == len(ids)
