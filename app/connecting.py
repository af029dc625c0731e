"""Connecting accounts, wired: the dialogs of the platforms, checked tokens, Meta's callbacks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from app.settings import Settings
from channels.connecting.attaching import Attaching, AttachingParts
from channels.connecting.callbacks.routes import CallbackRoutes, Sessions
from channels.connecting.checking import Checking
from channels.connecting.connecting import Connecting
from channels.connecting.deletions.leaving import Leaving, PeopleOfPages
from channels.connecting.deletions.routes import DeletionRoutes, LeavingRoutes
from channels.connecting.model import ConnectChannel, Login
from channels.connecting.onboarding import Onboarding
from channels.connecting.routes import ConnectRoutes
from channels.connecting.store import ConnectedAccounts, FlowStore
from inbox.bots.service import BotService
from inbox.clock import Clock
from inbox.customers.erasure.store import ErasureStore
from inbox.http.routing import Routes
from inbox.mongo.client import Mongo


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What the real platforms bring along for connecting; app/platforms.py makes it."""

    attaching: AttachingParts
    checking: Checking
    logins: Mapping[ConnectChannel, Login]
    people: PeopleOfPages


class AccountConnections:
    """Built once per process; without `doors` nothing can be connected by a dialog, and pasted
    credentials are kept unchecked.
    """

    def __init__(
        self, settings: Settings, mongo: Mongo, clock: Clock, bots: BotService, doors: Doors | None
    ) -> None:
        self._settings = settings
        self._mongo = mongo
        self._clock = clock
        self._bots = bots
        self._doors = doors
        self._accounts = ConnectedAccounts(mongo)
        self.onboarding: Onboarding | None = None
        attaching = None
        if doors is not None:
            attaching = Attaching(mongo, bots, doors.attaching, clock)
            self.onboarding = Onboarding(doors.checking, attaching, self._accounts)
        logins = doors.logins if doors is not None else {}
        flows = FlowStore(mongo, settings.secret_box())
        self._connecting = Connecting(mongo, flows, attaching, logins, clock)
        self._leaving = self._build_leaving()

    def _build_leaving(self) -> Leaving:
        mongo, doors = self._mongo, self._doors
        return Leaving(
            mongo,
            self._settings.secret_box(),
            ErasureStore(mongo, self._clock),
            doors.attaching.healing if doors is not None else None,
            doors.people if doors is not None else None,
            self._clock,
        )

    def tables(self) -> Sequence[Routes]:
        """The API of connecting."""
        routes = ConnectRoutes(
            self._connecting,
            self.onboarding,
            self._accounts,
            self._bots,
            public_url=self._settings.app.public_url,
        )
        return routes, DeletionRoutes(self._leaving)

    def register(self, app: web.Application, sessions: Sessions) -> None:
        """Where browsers come back from dialogs, and what Meta calls."""
        CallbackRoutes(self._connecting, sessions).register(app)
        secrets = self._settings.channels.facebook.app_secrets
        keys = tuple(secret.get_secret_value().encode() for secret in secrets)
        public_url = self._settings.app.public_url
        LeavingRoutes(self._leaving, keys, public_url=public_url).register(app)
