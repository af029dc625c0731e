"""Journals on the test database, with what they told."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from pymongo.monitoring import CommandListener, CommandStartedEvent

from inbox.clock import FixedClock
from inbox.config import JournalConfig
from inbox.mongo.client import Mongo
from inbox.mongo.journal import (
    Entry,
    Journal,
)

APP = "journal-test"
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

    def __init__(self, mongo: Mongo, clock: FixedClock, limits: JournalConfig) -> None:
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


def connector(mongo: Mongo, mongo_uri: str, clock: FixedClock) -> Connect:
    """Opens journals on the test database with a client of their own."""

    @asynccontextmanager
    async def connect(
        limits: JournalConfig | None = None, **options: Any
    ) -> AsyncIterator[Keeping]:
        client = Mongo.connect(mongo_uri, mongo.db.name, appname=APP, **options)
        limits = limits or JournalConfig(stale_after=PATIENT, write_timeout=PATIENT)
        keeping = Keeping(client, clock, limits)
        yield keeping
        await keeping.journal.close()
        await client.close()

    return connect


def bodies(count: int) -> list[bytes]:
    return [b'{"n":%d}' % number for number in range(count)]


async def stored(mongo: Mongo) -> dict[bytes, dict[str, Any]]:
    """Journal entries by body."""
    return {bytes(one["body"]): one async for one in mongo["webhook_journal"].find()}


async def keep(connected: Connect, *some: bytes) -> list[Entry]:
    async with connected() as keeping:
        await keeping.keep_all(some)
    return [next(one for one in keeping.kept if one.body == body) for body in some]
