"""The HTTP of people: session, me, staff, API tokens and the audit log."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from inbox.errors import NotAllowed, TooManyTries
from inbox.http.authenticating import SESSION_COOKIE, csrf_token
from inbox.http.cookies import forget_session, keep_session
from inbox.http.paging import (
    Cursor,
    Limit,
    Page,
    encode_cursor,
    id_only,
    name_and_id,
    time_and_id,
)
from inbox.http.proxies import client_address, is_https
from inbox.http.routing import Routes, json_answer, route
from inbox.splitting.presence.model import Presence
from inbox.splitting.presence.view import presence_view
from inbox.staff.audit.store import AuditStore
from inbox.staff.errors import LastOwner, RoleTooHigh, ScopeTooWide, WrongCredentials
from inbox.staff.me.devices import device_of
from inbox.staff.model import Actor
from inbox.staff.service import StaffEdit, StaffService
from inbox.staff.signing_in import SigningIn
from inbox.staff.store import StaffStore
from inbox.staff.tokens import Tokens
from inbox.staff.view import (
    AuditQuery,
    AuditView,
    BotNameView,
    MeView,
    NewStaffBody,
    NewTokenBody,
    NewTokenView,
    SignedInView,
    SignInBody,
    StaffEditBody,
    StaffView,
    TokenView,
    audit_view,
    staff_view,
    token_view,
)

Here = Callable[[str], Awaitable[Presence]]
"""How a person is now."""


async def never_here(staff_id: str) -> Presence:
    """Where nobody keeps presence."""
    return Presence(staff_id, "offline")


class SessionRoutes(Routes):
    """Signing in and out, and who one is."""

    def __init__(self, signing_in: SigningIn, staff: StaffStore, here: Here = never_here) -> None:
        self._signing_in = signing_in
        self._staff = staff
        self._here = here

    @route(
        "POST",
        "/api/v1/session",
        access="public",
        tag="session",
        answer=SignedInView,
        problems=(WrongCredentials, TooManyTries),
    )
    async def sign_in(self, request: web.Request, body: SignInBody) -> web.Response:
        """Sign in with e-mail and password; the answer sets the session cookie."""
        address = client_address(request)
        device = device_of(request.headers.get("User-Agent", ""))
        signed_in = await self._signing_in.sign_in(body.email, body.password, address, device)
        secret = signed_in.session_secret
        response = json_answer(
            SignedInView(staff=staff_view(signed_in.staff), csrf_token=csrf_token(secret))
        )
        keep_session(response, secret, secure=is_https(request))
        return response

    @route("DELETE", "/api/v1/session", access="staff", tag="session", status=204, media_type="")
    async def sign_out(self, request: web.Request, actor: Actor) -> web.Response:
        """Sign out: the session and its live connections end."""
        if actor.session_id is None:
            raise NotAllowed  # a token is revoked, not signed out
        await self._signing_in.sign_out(actor.id, actor.session_id)
        response = web.Response(status=204)
        forget_session(response, secure=is_https(request))
        return response

    @route("GET", "/api/v1/me", access="staff", tag="session")
    async def me(self, request: web.Request, actor: Actor) -> MeView:
        """Who is signed in, and the bots they may work with."""
        person = await self._staff.get(actor.id) if actor.kind == "staff" else None
        bots = await self._staff.bot_names(None if actor.sees_every_bot else actor.bot_ids)
        secret = request.cookies.get(SESSION_COOKIE) if actor.session_id is not None else None
        return MeView(
            staff=staff_view(person) if person is not None else None,
            presence=presence_view(await self._here(person.id)) if person is not None else None,
            receiving=person.receiving if person is not None else None,
            bots=[BotNameView(id=bot.id, name=bot.name) for bot in bots],
            scopes=sorted(actor.scopes),
            csrf_token=csrf_token(secret) if secret is not None else None,
        )


class StaffRoutes(Routes):
    """Staff: everybody reads the names of their colleagues, admins change them."""

    def __init__(self, service: StaffService) -> None:
        self._service = service

    @route("GET", "/api/v1/staff", access="staff", tag="staff")
    async def page(self, limit: Limit = 50, cursor: Cursor = None) -> Page[StaffView]:
        """Staff by name, those who are no longer active included."""
        people = await self._service.page(after=name_and_id(cursor), limit=limit + 1)
        shown = people[:limit]
        more = len(people) > limit
        return Page(
            items=[staff_view(person) for person in shown],
            next_cursor=encode_cursor(shown[-1].name, shown[-1].id) if more else None,
        )

    @route("GET", "/api/v1/staff/{staff_id}", access="staff", tag="staff")
    async def one(self, staff_id: str) -> StaffView:
        """One member of staff."""
        return staff_view(await self._service.get(staff_id))

    @route(
        "POST",
        "/api/v1/staff",
        access="admin",
        tag="staff",
        status=201,
        problems=(RoleTooHigh,),
    )
    async def create(self, actor: Actor, body: NewStaffBody) -> StaffView:
        """Add a member of staff, with a role not above one's own."""
        return staff_view(await self._service.create(actor, body.wanted()))

    @route(
        "PATCH",
        "/api/v1/staff/{staff_id}",
        access="admin",
        tag="staff",
        problems=(RoleTooHigh, LastOwner),
    )
    async def edit(self, actor: Actor, staff_id: str, body: StaffEditBody) -> StaffView:
        """Change a member of staff.

        A new role, a new password and `active: false` end the sessions and reset links of that
        person; `active: false` their API tokens too.
        """
        return staff_view(await self._service.edit(actor, staff_id, body.edit()))

    @route(
        "DELETE",
        "/api/v1/staff/{staff_id}",
        access="admin",
        tag="staff",
        problems=(RoleTooHigh, LastOwner),
    )
    async def deactivate(self, actor: Actor, staff_id: str) -> None:
        """Deactivate a member of staff; what they wrote stays theirs.

        Their sessions, API tokens, live connections and reset links end at once.
        """
        await self._service.edit(actor, staff_id, StaffEdit(active=False))


class TokenRoutes(Routes):
    """API tokens."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    @route("GET", "/api/v1/tokens", access="staff", tag="tokens")
    async def page(self, actor: Actor, limit: Limit = 50, cursor: Cursor = None) -> Page[TokenView]:
        """One's own tokens; for admins everybody's and those of bots."""
        after = id_only(cursor)
        tokens = await self._tokens.page(actor, after=after, limit=limit + 1)
        shown = tokens[:limit]
        return Page(
            items=[token_view(token) for token in shown],
            next_cursor=encode_cursor(shown[-1].id) if len(tokens) > limit else None,
        )

    @route(
        "POST",
        "/api/v1/tokens",
        access="staff",
        tag="tokens",
        status=201,
        problems=(ScopeTooWide,),
    )
    async def create(self, actor: Actor, body: NewTokenBody) -> NewTokenView:
        """Make a token; its secret is shown this once."""
        token, secret = await self._tokens.create(actor, body.wanted())
        return NewTokenView(token=token_view(token), secret=secret)

    @route("DELETE", "/api/v1/tokens/{token_id}", access="staff", tag="tokens")
    async def revoke(self, actor: Actor, token_id: str) -> None:
        """Revoke a token at once."""
        await self._tokens.revoke(actor, token_id)


class AuditRoutes(Routes):
    """The audit log."""

    def __init__(self, audit: AuditStore) -> None:
        self._audit = audit

    @route("GET", "/api/v1/audit", access="admin", tag="audit")
    async def page(
        self,
        query: AuditQuery,
    ) -> Page[AuditView]:
        """Who changed what, newest first; each filter narrows the others."""
        after, limit = time_and_id(query.cursor), query.limit
        entries = await self._audit.page(query.wanted(), after=after, limit=limit + 1)
        shown = entries[:limit]
        more = len(entries) > limit
        return Page(
            items=[audit_view(entry) for entry in shown],
            next_cursor=encode_cursor(shown[-1].at, shown[-1].id) if more else None,
        )
