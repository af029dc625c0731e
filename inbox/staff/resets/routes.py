"""The HTTP of reset links: an admin makes one, whoever has it chooses a new password."""

from datetime import datetime
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, Field

from inbox.http.proxies import own_origin
from inbox.http.routing import Body, Routes, route
from inbox.staff.errors import RoleTooHigh
from inbox.staff.model import Actor
from inbox.staff.resets.service import PasswordResets, PersonInactive, ResetLinkInvalid
from inbox.staff.view import Password

PAGE = "/reset-password"
"""Of the web UI; the secret stands behind a "#", so that no server's log ever sees it."""


class ResetLinkView(BaseModel):
    """A link for one person; it is shown this once, and good for one new password."""

    url: str
    expires_at: datetime


class NewPasswordBody(Body):
    """`token` is what stands behind the "#" of the link."""

    token: Annotated[str, Field(max_length=100)]
    new: Password


class ResetRoutes(Routes):
    """`public_url` is where browsers reach us, if it is configured."""

    def __init__(self, resets: PasswordResets, public_url: str | None) -> None:
        self._resets = resets
        self._public_url = public_url

    @route(
        "POST",
        "/api/v1/staff/{staff_id}/password-reset",
        access="admin",
        tag="staff",
        status=201,
        problems=(RoleTooHigh, PersonInactive),
    )
    async def make_reset_link(
        self, request: web.Request, actor: Actor, staff_id: str
    ) -> ResetLinkView:
        """Make a link by which somebody chooses a new password; an earlier link ends.

        Give it to that person alone: whoever has it within 24 hours becomes them.
        """
        secret, until = await self._resets.make(actor, staff_id)
        origin = self._public_url or own_origin(request)
        return ResetLinkView(url=f"{origin}{PAGE}#{secret}", expires_at=until)

    @route(
        "POST",
        "/api/v1/password-reset",
        access="public",
        tag="session",
        problems=(ResetLinkInvalid,),
    )
    async def reset_password(self, body: NewPasswordBody) -> None:
        """Choose a new password with a reset link; every session of the person ends."""
        await self._resets.use(body.token, body.new)
