"""Reading back what was missed, wired: who asks the platforms, and what admins see of it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import timedelta
from typing import Any

from channels.backfill.filling import Backfilling
from channels.backfill.routes import BackfillRoutes
from channels.backfill.store import GapStore
from inbox.bots.credentials.healing import Healing
from inbox.clock import Clock
from inbox.conversations.model import Channel
from inbox.http.routing import Routes
from inbox.mongo.client import Mongo
from inbox.mongo.due import Backoff, Pace
from inbox.mongo.journal import JournalEntries
from inbox.ports import MessageSource

Loop = Callable[[asyncio.Event], Coroutine[Any, Any, None]]
Wake = Callable[[str], Awaitable[None]]

_PACE = Pace(
    lease=timedelta(seconds=60), backoff=Backoff(timedelta(seconds=5), timedelta(minutes=10))
)


class MissedMessages:
    """One per process. Without `sources` nothing is read here, and what is due waits."""

    def __init__(
        self, mongo: Mongo, clock: Clock, sources: Mapping[Channel, MessageSource]
    ) -> None:
        self._clock = clock
        self._sources = sources
        self._store = GapStore(mongo, clock, pace=_PACE)

    def tables(self) -> Sequence[Routes]:
        return (BackfillRoutes(self._store, self._clock),)

    def loops(
        self,
        journal: JournalEntries,
        healing: Healing,
        reach: timedelta,
        applied_soon: Callable[[], None],
    ) -> Sequence[Loop]:
        """What a process with the role "workers" runs."""
        if not self._sources:
            return ()
        filling = Backfilling(
            self._store,
            self._sources,
            journal,
            healing,
            self._clock,
            reach=reach,
            applied_soon=applied_soon,
        )
        return (filling.run,)


def waking_all(mongo: Mongo, clock: Clock, deliveries: Wake) -> Wake:
    """What waits for an account that works again: its messages, and what it has missed."""
    gaps = GapStore(mongo, clock, pace=_PACE)

    async def wake(account_key: str) -> None:
        await deliveries(account_key)
        await gaps.wake_account(account_key)

    return wake
