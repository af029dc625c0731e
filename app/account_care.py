"""What looks after connected accounts, wired: their notices, what is moved, what is watched."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import timedelta
from typing import Any

from app.jobs import Duties, Jobs, table
from app.settings import Settings
from channels.facebook.subscribing import Subscribing
from channels.facebook.traffic import HISTORY, Traffic
from channels.store import IngestStore
from channels.watching.model import Probe
from channels.watching.probing import Probing
from channels.watching.store import WatchStore
from channels.watching.watching import Watching
from inbox.bots.credentials.healing import Healing
from inbox.bots.health.notices import Installation, Notices
from inbox.bots.health.routes import NoticeRoutes
from inbox.bots.health.store import HealthStore
from inbox.bots.moving.moving import Moving, Refresh
from inbox.bots.moving.routes import MovingRoutes
from inbox.bots.moving.store import MovingStore
from inbox.clock import Clock
from inbox.conversations.model import Channel
from inbox.conversations.window import WindowRules
from inbox.http.routing import Routes
from inbox.mongo.client import Mongo
from inbox.mongo.probe import clock_skew
from inbox.staff.authenticator import ActorCache


class AccountCare:
    """One per process."""

    def __init__(  # noqa: PLR0913 - each is something that looking after accounts needs
        self,
        settings: Settings,
        mongo: Mongo,
        clock: Clock,
        duties: Duties,
        actors: ActorCache,
        refresh: Refresh,
        *,
        owner: str,
    ) -> None:
        self._mongo = mongo
        self._clock = clock
        installation = Installation(_checked_channels(settings), self._skew)
        self._notices = Notices(HealthStore(mongo, clock), installation)
        rules = WindowRules(human_agent=settings.inbox.delivery.human_agent)
        self.moving = Moving(MovingStore(mongo, clock, rules=rules), actors, refresh)
        self.jobs = Jobs(mongo, clock, table(duties), owner=owner)

    def tables(self) -> Sequence[Routes]:
        """What the API tells of accounts, besides their bots."""
        return (NoticeRoutes(self._notices), MovingRoutes(self.moving))

    def loops(self) -> Sequence[Callable[[asyncio.Event], Coroutine[Any, Any, None]]]:
        """What a process with the role "workers" runs."""
        return (self.jobs.run, self.moving.run)

    async def _skew(self) -> timedelta:
        return await clock_skew(self._mongo, self._clock.now())


def account_duties(
    mongo: Mongo,
    clock: Clock,
    healing: Healing,
    subscribing: Subscribing,
    traffic: Traffic,
    probes: Mapping[Channel, Probe],
) -> Duties:
    """What is done for accounts at set times, over the real platforms."""
    store = WatchStore(mongo)
    probing = Probing(store, probes, healing, clock)
    gaps, turn = IngestStore(mongo), lambda key: traffic.turn(key, HISTORY)
    watching = Watching(store, gaps, subscribing, clock, turn)
    return Duties(probe_accounts=probing.run, watch_accounts=watching.run)


def _checked_channels(settings: Settings) -> frozenset[Channel]:
    """Channels whose webhooks can be told from forged ones."""
    found: set[Channel] = set()
    if settings.channels.facebook.app_secrets:
        found.add("facebook")
    if settings.channels.zalo.oa_secret_keys:
        found.add("zalo")
    return frozenset(found)
