"""Canned replies over HTTP."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from inbox.canned.model import (
    PlaceholderUnknown,
    Shortcut,
    ShortcutTaken,
    Text,
)
from inbox.canned.service import CannedReplies
from inbox.errors import NotAllowed, NotFound
from inbox.http.routing import Body, Routes, route
from inbox.staff.model import Actor

BotId = Annotated[str, Field(max_length=64)]


class CannedView(BaseModel):
    """A canned reply; `bot_id` is null for one of all bots."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    bot_id: str | None
    shortcut: str
    text: str


class CannedList(BaseModel):
    """What one may use, by shortcut."""

    items: list[CannedView]


class NewCannedBody(Body):
    """A new canned reply, of one bot or, without one, of all."""

    shortcut: Shortcut
    text: Text
    bot_id: BotId | None = None


class CannedEditBody(Body):
    """What is to change; absent leaves as it is."""

    shortcut: Shortcut | None = None
    text: Text | None = None


class FilledView(BaseModel):
    """A text that is ready to be sent."""

    text: str


_WRONG = (NotAllowed, ShortcutTaken, PlaceholderUnknown)


class CannedRoutes(Routes):
    """Everybody uses them, leaders write them."""

    def __init__(self, replies: CannedReplies) -> None:
        self._replies = replies

    @route("GET", "/api/v1/canned-replies", access="staff", tag="canned replies")
    async def all(self, actor: Actor) -> CannedList:
        """Those of one's bots and of all bots, by shortcut."""
        found = await self._replies.all(actor)
        return CannedList(items=[CannedView.model_validate(one) for one in found])

    @route(
        "POST",
        "/api/v1/canned-replies",
        access="manager",
        tag="canned replies",
        status=201,
        problems=_WRONG,
    )
    async def create(self, actor: Actor, body: NewCannedBody) -> CannedView:
        """Add one; `{{name}}`, `{{given_name, bạn}}`, phone, email, agent, shop are filled in."""
        made = await self._replies.create(actor, body.bot_id, body.shortcut, body.text)
        return CannedView.model_validate(made)

    @route(
        "PATCH",
        "/api/v1/canned-replies/{reply_id}",
        access="manager",
        tag="canned replies",
        problems=_WRONG,
    )
    async def edit(self, actor: Actor, reply_id: str, body: CannedEditBody) -> CannedView:
        """Change one."""
        edited = await self._replies.edit(actor, reply_id, body.shortcut, body.text)
        return CannedView.model_validate(edited)

    @route(
        "DELETE",
        "/api/v1/canned-replies/{reply_id}",
        access="manager",
        tag="canned replies",
        problems=(NotAllowed,),
    )
    async def delete(self, actor: Actor, reply_id: str) -> None:
        """Delete one."""
        await self._replies.delete(actor, reply_id)

    @route(
        "GET",
        "/api/v1/conversations/{conversation_id}/canned-replies/{reply_id}",
        access="staff",
        tag="canned replies",
        problems=(NotAllowed, NotFound),
    )
    async def filled(self, actor: Actor, conversation_id: str, reply_id: str) -> FilledView:
        """The text with its placeholders filled in for the customer of a conversation."""
        return FilledView(text=await self._replies.filled_in(actor, reply_id, conversation_id))
