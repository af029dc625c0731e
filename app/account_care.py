"""What looks after connected accounts, wired: their notices, what is moved, what is watched."""

from collections.abc import Sequence
from datetime import timedelta

from app.settings import Settings
from inbox.bots.health.notices import Installation, Notices
from inbox.bots.health.routes import NoticeRoutes
from inbox.bots.health.store import HealthStore
from inbox.clock import Clock
from inbox.conversations.model import Channel
from inbox.http.routing import Routes
from inbox.mongo.client import Mongo
from inbox.mongo.probe import clock_skew


class AccountCare:
    """One per process."""

    def __init__(self, settings: Settings, mongo: Mongo, clock: Clock) -> None:
        self._mongo = mongo
        self._clock = clock
        installation = Installation(_checked_channels(settings), self._skew)
        self._notices = Notices(HealthStore(mongo, clock), installation)

    def tables(self) -> Sequence[Routes]:
        """What the API tells of accounts, besides their bots."""
        return (NoticeRoutes(self._notices),)

    async def _skew(self) -> timedelta:
        return await clock_skew(self._mongo, self._clock.now())


def _checked_channels(settings: Settings) -> frozenset[Channel]:
    """Channels whose webhooks can be told from forged ones."""
    found: set[Channel] = set()
    if settings.channels.facebook.app_secrets:
        found.add("facebook")
    if settings.channels.zalo.oa_secret_keys:
        found.add("zalo")
    return frozenset(found)
