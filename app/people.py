"""Builds what people need: signing in, their own account, staff, tokens, the audit log."""

from collections.abc import Sequence
from datetime import timedelta

from app.settings import Settings
from inbox.clock import Clock
from inbox.errors import NotFound
from inbox.http.routing import Routes
from inbox.mongo.client import Mongo
from inbox.staff.audit.store import AuditStore
from inbox.staff.authenticator import ActorCache, StaffAuthenticator
from inbox.staff.embedding.routes import EmbeddingRoutes
from inbox.staff.embedding.service import Handovers
from inbox.staff.me.routes import MeRoutes
from inbox.staff.me.service import OwnAccount
from inbox.staff.model import Actor, Scope
from inbox.staff.passwords import Passwords
from inbox.staff.resets.routes import ResetRoutes
from inbox.staff.resets.service import PasswordResets
from inbox.staff.routes import AuditRoutes, Here, SessionRoutes, StaffRoutes, TokenRoutes
from inbox.staff.service import StaffService
from inbox.staff.signing_in import Left, SigningIn, SignInStores, normal_email
from inbox.staff.store import SessionStore, StaffStore, TokenStore, TryStore
from inbox.staff.tokens import TokenRequest, Tokens


class People:
    """One process's share of looking after staff."""

    def __init__(self, settings: Settings, mongo: Mongo, clock: Clock, on_left: Left) -> None:
        config = settings.inbox.staff
        self._mongo, self._clock = mongo, clock
        self._public_url = settings.app.public_url
        self._frame_ancestors = settings.inbox.embedding.frame_ancestors
        self.actors = ActorCache(config.actor_kept, clock)
        self._passwords = Passwords()
        self.store = StaffStore(mongo)
        sessions, tokens = SessionStore(mongo), TokenStore(mongo)
        self.authenticator = StaffAuthenticator(
            self.store, sessions, tokens, self.actors, config, clock
        )
        self.staff = StaffService(mongo, self._passwords, self.actors, clock, on_left)
        self.tokens = Tokens(mongo, self.actors, clock)
        stores = SignInStores(self.store, sessions, TryStore(mongo))
        self._signing_in = SigningIn(
            mongo, stores, self._passwords, self.actors, config, clock, on_left=on_left
        )

    def tables(self, here: Here) -> Sequence[Routes]:
        mongo, clock = self._mongo, self._clock
        account = OwnAccount(mongo, self._signing_in, self._passwords, self.actors, clock)
        resets = PasswordResets(mongo, self._passwords, self.actors, clock)
        return (
            SessionRoutes(self._signing_in, self.store, here),
            MeRoutes(account, self.staff),
            StaffRoutes(self.staff),
            ResetRoutes(resets, self._public_url),
            EmbeddingRoutes(Handovers(mongo, self._signing_in, clock), self._frame_ancestors),
            TokenRoutes(self.tokens),
        )

    def audit(self) -> Routes:
        """The last of the API's documentation."""
        return AuditRoutes(AuditStore(self._mongo))

    def close(self) -> None:
        self._passwords.close()

    async def make_token(
        self, email: str, name: str, scopes: Sequence[Scope], lifetime: timedelta | None
    ) -> str:
        """The secret of a new token that acts for the staff member with this e-mail."""
        person = await self.store.by_email(normal_email(email))
        if person is None:
            raise NotFound
        actor = Actor(id=person.id, name=person.name, role=person.role)
        wanted = TokenRequest(name=name, scopes=frozenset(scopes), lifetime=lifetime)
        _, secret = await self.tokens.create(actor, wanted)
        return secret
