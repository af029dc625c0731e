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
from inbox.media.links import MediaLinks
from inbox.mongo.client import Mongo
from inbox.mongo.leases import Leases
from inbox.splitting.assigning.alerting import Alerts
from inbox.splitting.assigning.following import FollowUps
from inbox.splitting.assigning.holding import HeldBots
from inbox.splitting.assigning.queues import Queues
from inbox.splitting.assigning.situation import Situations
from inbox.splitting.assigning.store import AssignStore
from inbox.splitting.assigning.worker import Assigner
from inbox.splitting.configuring import SplitConfiguring
from inbox.splitting.handling.people import People
from inbox.splitting.handling.replying import Carers
from inbox.splitting.handling.routes import HandlingRoutes
from inbox.splitting.handling.service import Handling
from inbox.splitting.handling.store import HandlingStore
from inbox.splitting.handover.handing_over import HandingOver
from inbox.splitting.handover.routes import HandoverRoutes
from inbox.splitting.handover.store import HandoverStore
from inbox.splitting.leaks.routes import LeakRoutes
from inbox.splitting.leaks.store import LeakStore
from inbox.splitting.presence.board import PresenceBoard
from inbox.splitting.presence.keeping import PresenceEnding, PresenceKeeping
from inbox.splitting.presence.model import Connected
from inbox.splitting.presence.routes import PresenceRoutes
from inbox.splitting.presence.store import PresenceStore
from inbox.splitting.rehearsal.routes import RehearsalRoutes
from inbox.splitting.rehearsal.store import RehearsalStore
from inbox.splitting.routes import SplitRoutes
from inbox.splitting.store import SplitStore
from inbox.staff.notices.routes import PersonalNoticeRoutes
from inbox.staff.notices.store import PersonalNotices
from inbox.staff.store import SessionStore, StaffStore

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
        self._clock, self._rules = clock, rules
        self.presence = PresenceStore(mongo, clock)
        self.store = SplitStore(mongo)
        self._configuring = SplitConfiguring(mongo, clock, on_changed=hub.on_sight_changed)
        sessions = SessionStore(mongo)
        self._rehearsals = RehearsalRoutes(RehearsalStore(mongo), self._configuring, clock)
        self._keeping = PresenceKeeping(
            self.presence,
            lambda: _connected(hub),
            clock,
            config,
            lambda staff_id: sessions.has_any(staff_id, now=clock.now()),
        )
        board = PresenceBoard(mongo, self.presence, clock)
        self._presence_routes = PresenceRoutes(self.presence, board, StaffStore(mongo))
        hub.on_connected = self._keeping.arrived
        self._ending = PresenceEnding(self.presence, clock, self._idle_since)
        situations = Situations(mongo)
        self._leaks = LeakStore(mongo, situations, rules)
        queues, leases = Queues(mongo, clock), Leases(mongo, clock, owner=owner)
        self.assigner = Assigner(
            AssignStore(mongo, situations, clock, rules),
            queues,
            FollowUps(queues, self.store, situations, clock),
            Alerts(mongo, queues, clock),
            leases,
            HeldBots(leases, clock),
        )
        self._by_hand = HandlingStore(mongo, clock, rules)
        self._handling = Handling(self._by_hand, clock, self.assigner.wake)
        self.carers = Carers(mongo, self._by_hand, self.presence, clock)
        self._notices = PersonalNotices(mongo)
        self._handovers = HandoverStore(mongo, clock, self._by_hand)
        self._handing_over = HandingOver(
            self._handovers,
            rights_changed=hub.on_sight_changed,
            wake=self.assigner.wake,
        )

    def tables(self, links: MediaLinks) -> Sequence[Routes]:
        people = People(self._by_hand, self.store, self.presence)
        return (
            SplitRoutes(self._configuring),
            self._rehearsals,
            LeakRoutes(self._leaks, self._clock, links, self._rules),
            self._presence_routes,
            HandlingRoutes(self._handling, people, links),
            HandoverRoutes(self._handing_over, self._handovers),
            PersonalNoticeRoutes(self._notices),
        )

    def web_loops(self) -> Sequence[Loop]:
        """What runs where inboxes are open."""
        return (self._keeping.run,)

    def worker_loops(self) -> Sequence[Loop]:
        return (self._ending.run, self.assigner.run, self._handing_over.run)

    async def _idle_since(self, now: datetime) -> Mapping[str, datetime]:
        limits = await self.store.auto_away_after()
        return {bot_id: now - timedelta(minutes=after) for bot_id, after in limits.items()}


def _connected(hub: Hub) -> list[Connected]:
    return [Connected(id_, by_phone=by_phone) for id_, by_phone in hub.connected().items()]
