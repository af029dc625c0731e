"""The real staff API on a real database, and signing in to it."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web
from aiohttp.test_utils import TestClient

from inbox.clock import Clock
from inbox.config import StaffConfig
from inbox.http.application import build_application
from inbox.http.authenticating import CSRF_HEADER
from inbox.http.routing import Routes
from inbox.mongo.client import Mongo
from inbox.splitting.presence.store import PresenceStore
from inbox.staff.audit.store import AuditStore
from inbox.staff.authenticator import ActorCache, StaffAuthenticator
from inbox.staff.me.routes import MeRoutes
from inbox.staff.me.service import OwnAccount
from inbox.staff.model import Actor, Role, Staff
from inbox.staff.passwords import Passwords
from inbox.staff.resets.routes import ResetRoutes
from inbox.staff.resets.service import PasswordResets
from inbox.staff.routes import AuditRoutes, SessionRoutes, StaffRoutes, TokenRoutes
from inbox.staff.service import NewStaff, StaffService
from inbox.staff.signing_in import SigningIn, SignInStores
from inbox.staff.store import SessionStore, StaffStore, TokenStore, TryStore
from inbox.staff.tokens import Tokens

PASSWORD = "mật khẩu dài 123"

Client = TestClient[web.Request, web.Application]


@dataclass
class StaffApi:
    """What one process holds of the staff API."""

    staff: StaffStore
    service: StaffService
    authenticator: StaffAuthenticator
    actors: ActorCache
    signing_in: SigningIn
    tables: Sequence[Routes]

    async def hire(self, name: str, role: Role) -> Staff:
        """A new person whose e-mail is "<name>@shop.vn" and whose password is PASSWORD."""
        owner = await self.service.ensure_first_admin("root@shop.vn", PASSWORD)
        root = owner or await self.staff.by_email("root@shop.vn")
        assert root is not None
        wanted = NewStaff(name=name, email=f"{name}@shop.vn", password=PASSWORD, role=role)
        return await self.service.create(_actor_of(root), wanted)

    def application(self, *more: Routes) -> web.Application:
        return build_application([*self.tables, *more], self.authenticator, static=None)


def staff_api(
    mongo: Mongo,
    clock: Clock,
    passwords: Passwords,
    config: StaffConfig | None = None,
    presence: PresenceStore | None = None,
) -> StaffApi:
    """A process of its own: two of them share nothing but the database."""
    config = config or StaffConfig()
    actors = ActorCache(config.actor_kept, clock)
    staff, sessions, tokens = StaffStore(mongo), SessionStore(mongo), TokenStore(mongo)
    stores = SignInStores(staff, sessions, TryStore(mongo))
    presence = presence or PresenceStore(mongo, clock)
    service = StaffService(mongo, passwords, actors, clock, presence.leave)
    signing_in = SigningIn(mongo, stores, passwords, actors, config, clock, on_left=presence.leave)
    tables = (
        SessionRoutes(signing_in, staff, presence.one),
        MeRoutes(OwnAccount(mongo, signing_in, passwords, actors, clock), service),
        StaffRoutes(service),
        ResetRoutes(PasswordResets(mongo, passwords, actors, clock), None),
        TokenRoutes(Tokens(mongo, actors, clock)),
        AuditRoutes(AuditStore(mongo)),
    )
    authenticator = StaffAuthenticator(staff, sessions, tokens, actors, config, clock)
    return StaffApi(staff, service, authenticator, actors, signing_in, tables)


async def sign_in(client: Client, name: str, password: str = PASSWORD) -> dict[str, str]:
    """Sign "<name>@shop.vn" in; returns the headers that writes carry."""
    answer = await client.post(
        "/api/v1/session", json={"email": f"{name}@shop.vn", "password": password}
    )
    assert answer.status == 200, await answer.text()
    return {CSRF_HEADER: (await answer.json())["csrf_token"]}


def _actor_of(person: Staff) -> Actor:
    return Actor(id=person.id, name=person.name, role=person.role)
