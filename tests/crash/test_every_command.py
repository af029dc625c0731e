"""kill -9 before and after every database command of a small storm of webhooks."""

import asyncio
import itertools
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

import pytest

from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.crash.fleet import Fleet
from tests.crash.sender import Sender
from tests.crash.server import APP_NAME, KillPoint, Start
from tests.crash.storms import SMALL_STORM, SMALL_STORM_MESSAGES
from tests.crash.truths import (
    Projection,
    assert_conversations_add_up,
    assert_every_message_is_there_once,
    forget,
    is_drained,
    undisturbed,
)
from tests.failpoints import end_open_transactions, failing
from tests.ingest import connect_accounts
from tests.projection import projection
from tests.waiting import until

pytestmark = pytest.mark.crash

Moment = Literal["before", "after"]
MOMENTS = pytest.mark.parametrize("moment", ["before", "after"])
_LEASES_HAVE_ENDED = timedelta(seconds=30)
_CONNECTIONS = 3
INTAKE = frozenset(
    {
        "insert:webhook_journal",
        "find:erased in txn",
        "find:messages in txn",
        "find:conversations in txn",
        "find:customers in txn",
        "insert:messages in txn",
        "update:messages in txn",
        "insert:conversations in txn",
        "update:conversations in txn",
        "insert:customers in txn",
        "insert:live_events in txn",
        "update:webhook_journal in txn",
        "commitTransaction",
    }
)
"""Every kind of command that taking in the small storm needs; other kinds come by chance."""


@dataclass(frozen=True, slots=True)
class World:
    """A database with its accounts, the servers on it, and what it says when nothing happens."""

    mongo: Mongo
    servers: Fleet
    start: Start
    expected: Projection

    def one_by_one(self) -> "World":
        """The same, with one body per transaction: then every kind of command occurs."""
        return replace(self, start=replace(self.start, batch=1))

    async def storm(self, kill: KillPoint) -> bool:
        """A storm into a server with a kill point, ended by another; whether it killed itself."""
        await forget(self.mongo)
        first = await self.servers.start(replace(self.start, kill=kill))
        sender = Sender(self.servers.urls)
        sending = asyncio.create_task(sender.deliver(SMALL_STORM, connections=_CONNECTIONS))

        async def is_over() -> bool:
            return not first.alive or (sending.done() and await is_drained(self.mongo))

        await until(is_over)
        killed = not first.alive
        if killed:
            assert first.process.exitcode == -9
            await self.recover()
        await asyncio.wait_for(sending, 30)
        await until(lambda: is_drained(self.mongo))
        self.servers.end()
        end_open_transactions(self.start.uri)  # of what those were at that ended just now
        await self.check(sender)
        return killed

    async def recover(self) -> None:
        """Start a server that lives some time later, when nothing of the dead one is held."""
        end_open_transactions(self.start.uri)
        await self.servers.start(replace(self.start, ahead=_LEASES_HAVE_ENDED))

    async def check(self, sender: Sender) -> None:
        assert sorted(sender.acknowledged) == sorted(SMALL_STORM)
        await assert_every_message_is_there_once(self.mongo, SMALL_STORM)
        await assert_conversations_add_up(self.mongo)
        assert await projection(self.mongo) == self.expected


@pytest.fixture
async def world(mongo: Mongo, clock: FixedClock, servers: Fleet, start: Start) -> World:
    await connect_accounts(mongo)
    expected = await undisturbed(mongo, clock, SMALL_STORM)
    assert sum(key.startswith("messages/") for key in expected) == SMALL_STORM_MESSAGES
    return World(mongo, servers, start, expected)


async def test_the_small_storm_takes_the_commands_that_are_killed_at(world: World) -> None:
    server = await world.servers.start(world.one_by_one().start)
    sender = Sender(world.servers.urls)

    await sender.deliver(SMALL_STORM, connections=1)
    await until(lambda: is_drained(world.mongo))
    kinds = await server.stopped()

    assert set(kinds) >= INTAKE
    await world.check(sender)


@MOMENTS
@pytest.mark.parametrize("kind", sorted(INTAKE))
async def test_a_kill_at_a_command_of_any_kind_loses_and_doubles_nothing(
    world: World, kind: str, moment: Moment
) -> None:
    assert await world.one_by_one().storm(KillPoint(moment, 1, kind))


@MOMENTS
async def test_a_kill_at_every_command_loses_and_doubles_nothing(
    world: World, moment: Moment
) -> None:
    await _kill_at_every_command(world, moment)


@pytest.mark.torture
@MOMENTS
async def test_a_kill_at_every_command_of_many_transactions_loses_and_doubles_nothing(
    world: World, moment: Moment
) -> None:
    await _kill_at_every_command(world.one_by_one(), moment)


async def _kill_at_every_command(world: World, moment: Moment) -> None:
    for number in itertools.count(1):
        if not await world.storm(KillPoint(moment, number)):
            assert number > len(INTAKE)
            return


@MOMENTS
async def test_a_kill_at_the_renewal_of_leases_loses_and_doubles_nothing(
    world: World, mongo_uri: str, moment: Moment
) -> None:
    slow = replace(world, start=replace(world.start, lease=timedelta(milliseconds=300)))

    with failing(
        mongo_uri, ["commitTransaction"], app_name=APP_NAME, blockConnection=True, blockTimeMS=250
    ):
        assert await slow.storm(KillPoint(moment, 1, "update:webhook_journal"))


@MOMENTS
@pytest.mark.parametrize(
    "kind",
    [
        "find:webhook_journal",
        "update:webhook_journal",
        "update:webhook_journal in txn",
        "commitTransaction",
    ],
)
async def test_a_kill_during_recovery_loses_and_doubles_nothing(
    world: World, kind: str, moment: Moment
) -> None:
    await forget(world.mongo)
    kill_first = KillPoint("before", 1, "commitTransaction")
    first = await world.servers.start(replace(world.start, kill=kill_first))
    sender = Sender(world.servers.urls)
    sending = asyncio.create_task(sender.deliver(SMALL_STORM, connections=_CONNECTIONS))
    await first.ended()
    end_open_transactions(world.start.uri)

    second_start = replace(
        world.start, ahead=_LEASES_HAVE_ENDED, kill=KillPoint(moment, 1, kind, from_start=True)
    )
    second = await world.servers.start(second_start)
    await second.ended()
    end_open_transactions(world.start.uri)
    third_start = replace(world.start, ahead=2 * _LEASES_HAVE_ENDED)
    await world.servers.start(third_start)
    await asyncio.wait_for(sending, 30)
    await until(lambda: is_drained(world.mongo))

    await world.check(sender)
