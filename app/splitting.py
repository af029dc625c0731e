"""Builds splitting: presence, the assigner and their routes."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from inbox.clock import Clock
from inbox.config import PresenceConfig
from inbox.conversations.window import WindowRules
from inbox.http.routing import Routes
from inbox.live.hub import Hub
from inbox.mongo.client import Mongo
from inbox.mongo.leases import Leases
from inbox.splitting.assigning.following import FollowUps
from inbox.splitting.assigning.situation import Situations
from inbox.splitting.assigning.store import AssignStore
from inbox.splitting.assigning.worker import Assigner
from inbox.splitting.configuring import SplitConfiguring
from inbox.splitting.presence.keeping import PresenceEnding, PresenceKeeping
from inbox.splitting.presence.model import Connected
from inbox.splitting.presence.store import PresenceStore
from inbox.splitting.routes import SplitRoutes
from inbox.splitting.store import SplitStore

Loop = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


class Splitting:
    """One process's share of splitting; `owner` names the process in leases."""

    def __init__(
        self,
        mongo: Mongo,
        clock: Clock,
        hub: Hub,
        config: PresenceConfig,
        rules: WindowRules,
        *,
        owner: str,
    ) -> None:
        self.presence = PresenceStore(mongo, clock)
        self.store = SplitStore(mongo)
        self._configuring = SplitConfiguring(mongo, clock)
        self._keeping = PresenceKeeping(self.presence, lambda: _connected(hub), clock, config)
        hub.on_connected = self._keeping.arrived
        self._ending = PresenceEnding(self.presence, clock, self._idle_since)
        situations = Situations(mongo, self.presence)
        assigning = AssignStore(mongo, situations, clock, rules)
        follow_ups = FollowUps(assigning, self.store, situations, clock)
        leases = Leases(mongo, clock, owner=owner)
        self.assigner = Assigner(assigning, follow_ups, self.store, leases, clock)

    def tables(self) -> Sequence[Routes]:
        return (SplitRoutes(self._configuring),)

    def web_loops(self) -> Sequence[Loop]:
        """What runs where inboxes are open."""
        return (self._keeping.run,)

    def worker_loops(self) -> Sequence[Loop]:
        return (self._ending.run, self.assigner.run)

    async def _idle_since(self, now: datetime) -> Mapping[str, datetime]:
        limits = await self.store.auto_away_after()
        return {bot_id: now - timedelta(minutes=after) for bot_id, after in limits.items()}


def _connected(hub: Hub) -> list[Connected]:
    return [Connected(id_, by_phone=by_phone) for id_, by_phone in hub.connected().items()]
