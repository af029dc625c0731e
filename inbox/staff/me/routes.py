"""The HTTP of one's own account."""

from inbox.errors import NotAllowed, NotFound, TooManyTries
from inbox.http.routing import Routes, route
from inbox.staff.me.service import OwnAccount
from inbox.staff.me.view import (
    MeEditBody,
    PasswordBody,
    SessionsView,
    session_view,
)
from inbox.staff.model import Actor
from inbox.staff.service import StaffEdit, StaffService
from inbox.staff.view import StaffView, staff_view


class MeRoutes(Routes):
    """What everybody may do about themselves; a bot's token is nobody's account."""

    def __init__(self, account: OwnAccount, staff: StaffService) -> None:
        self._account = account
        self._staff = staff

    @route("PUT", "/api/v1/me/name", access="staff", tag="session", problems=(NotAllowed, NotFound))
    async def rename_me(self, actor: Actor, body: MeEditBody) -> StaffView:
        """Change how one is called."""
        if actor.kind != "staff":
            raise NotAllowed
        return staff_view(await self._staff.edit(actor, actor.id, StaffEdit(name=body.name)))

    @route(
        "POST",
        "/api/v1/me/password",
        access="staff",
        tag="session",
        problems=(NotAllowed, TooManyTries),
    )
    async def change_password(self, actor: Actor, body: PasswordBody) -> None:
        """Change one's password; all other sessions end.

        Wrong passwords are counted together with those of signing in. Only in a session: a token
        cannot do it.
        """
        await self._account.change_password(actor, body.current, body.new)

    @route("GET", "/api/v1/me/sessions", access="staff", tag="session", problems=(NotAllowed,))
    async def my_sessions(self, actor: Actor) -> SessionsView:
        """Where one is signed in."""
        found = await self._account.sessions(actor)
        return SessionsView(items=[session_view(one, actor.session_id) for one in found])

    @route("DELETE", "/api/v1/me/sessions", access="staff", tag="session", problems=(NotAllowed,))
    async def end_others(self, actor: Actor) -> None:
        """Sign out everywhere else, at once."""
        await self._account.end_other_sessions(actor)

    @route(
        "DELETE",
        "/api/v1/me/sessions/{session_id}",
        access="staff",
        tag="session",
        problems=(NotAllowed,),
    )
    async def end_one(self, actor: Actor, session_id: str) -> None:
        """Sign one of one's devices out, at once."""
        await self._account.end_session(actor, session_id)
