"""Moderating comments over HTTP: hide, like, take back."""

from inbox.conversations.moderating.errors import (
    ModerationRefused,
    ModerationUnavailable,
    NotModerated,
)
from inbox.conversations.moderating.service import Moderating
from inbox.conversations.reading.model import MessageView
from inbox.conversations.replying.errors import ChannelCannotSend, CommentRemoved
from inbox.conversations.view import View
from inbox.errors import NotAllowed, NotFound
from inbox.http.routing import Body, Routes, route
from inbox.media.links import MediaLinks
from inbox.staff.model import Actor

_PROBLEMS = (
    NotAllowed,
    NotFound,
    NotModerated,
    CommentRemoved,
    ChannelCannotSend,
    ModerationRefused,
    ModerationUnavailable,
)


class Hiding(Body):
    hidden: bool


class Liking(Body):
    liked: bool


class ModeratingRoutes(Routes):
    """What staff do to the comments under posts."""

    def __init__(self, moderating: Moderating, links: MediaLinks) -> None:
        self._moderating = moderating
        self._links = links

    @route(
        "POST",
        "/api/v1/messages/{message_id}/hidden",
        access="staff",
        tag="conversations",
        problems=_PROBLEMS,
    )
    async def hide(self, actor: Actor, message_id: str, body: Hiding) -> MessageView:
        """Hide a customer's comment from the public, or show it again; safe to repeat."""
        return self._view(await self._moderating.hide(message_id, actor, hidden=body.hidden))

    @route(
        "POST",
        "/api/v1/messages/{message_id}/liked",
        access="staff",
        tag="conversations",
        problems=_PROBLEMS,
    )
    async def like(self, actor: Actor, message_id: str, body: Liking) -> MessageView:
        """Like a customer's comment as the page, or take the like back; Facebook only."""
        return self._view(await self._moderating.like(message_id, actor, liked=body.liked))

    @route(
        "POST",
        "/api/v1/messages/{message_id}/removed",
        access="staff",
        tag="conversations",
        problems=_PROBLEMS,
    )
    async def remove(self, actor: Actor, message_id: str) -> MessageView:
        """Delete a public answer of ours under a post, for good; safe to repeat."""
        return self._view(await self._moderating.remove(message_id, actor))

    def _view(self, view: View) -> MessageView:
        return MessageView.model_validate(self._links.message(view))
