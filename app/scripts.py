"""Builds timed scripts: what writes them, and their routes."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from inbox.clock import Clock
from inbox.conversations.model import Channel
from inbox.http.routing import Routes
from inbox.media.uploads import Uploads
from inbox.mongo.client import Mongo
from inbox.ports import Messenger
from inbox.signals.store import SignalStore
from scheduler.scripts.configuring import ScriptConfiguring
from scheduler.scripts.routes import ScriptRoutes
from scheduler.scripts.surroundings import Surroundings

Loop = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


class Scripts:
    """One process's share of timed scripts."""

    def __init__(
        self,
        mongo: Mongo,
        clock: Clock,
        uploads: Uploads,
        messengers: Mapping[Channel, Messenger],
        *,
        signals: SignalStore,
    ) -> None:
        self._signals = signals
        around = Surroundings(mongo, uploads, messengers, clock)
        self._configuring = ScriptConfiguring(mongo, around, clock)

    def tables(self) -> Sequence[Routes]:
        return (ScriptRoutes(self._configuring),)

    def loops(self) -> Sequence[Loop]:
        """What the workers run."""
        return ()
