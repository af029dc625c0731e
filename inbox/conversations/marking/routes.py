"""Marking over HTTP: the status of a conversation, and how far the team has read it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from inbox.conversations.marking.store import HandState, MarkingStore
from inbox.conversations.model import ConversationStatus
from inbox.conversations.reading.model import ConversationView
from inbox.errors import NotAllowed, NotFound
from inbox.http.routing import Body, Routes, route
from inbox.media.links import MediaLinks
from inbox.mongo.client import Document
from inbox.staff.model import Actor

LARGEST_SEQ = 2**53 - 1
"""The largest whole number that every JSON client keeps exactly."""
MOST_MINUTES = 7 * 24 * 60
"""Who wants silence for longer than a week wants it until they say otherwise."""


class StatusChange(Body):
    status: ConversationStatus


class ReadMark(Body):
    """`up_to_seq` is the `seq` of the newest message that was looked at."""

    up_to_seq: Annotated[int, Field(ge=0, le=LARGEST_SEQ)]


class AutomationChange(Body):
    """`human` silences automations for `minutes` from now, or until they are given back (null);
    `active` gives the conversation back to them.
    """

    state: HandState
    minutes: Annotated[int, Field(ge=1, le=MOST_MINUTES)] | None = None


class MarkingRoutes(Routes):
    """What staff do to a conversation itself."""

    def __init__(
        self,
        marking: MarkingStore,
        links: MediaLinks,
        on_read: Callable[[Document], None] | None = None,
    ) -> None:
        """`on_read` is told of each conversation that somebody has read."""
        self._marking = marking
        self._links = links
        self._on_read = on_read

    @route(
        "PATCH",
        "/api/v1/conversations/{conversation_id}",
        access="staff",
        tag="conversations",
        problems=(NotAllowed, NotFound),
    )
    async def change(
        self, actor: Actor, conversation_id: str, body: StatusChange
    ) -> ConversationView:
        """Open, close, delete a conversation or call it spam; repeating changes nothing.

        A closed or deleted conversation opens by itself when the customer writes again.
        """
        view = await self._marking.set_status(conversation_id, body.status, actor)
        return ConversationView.model_validate(self._links.conversation(view))

    @route(
        "POST",
        "/api/v1/conversations/{conversation_id}/read",
        access="staff",
        tag="conversations",
        problems=(NotAllowed, NotFound),
    )
    async def read(self, actor: Actor, conversation_id: str, body: ReadMark) -> ConversationView:
        """Mark a conversation as read up to a message, for the whole team; never moves back."""
        view = await self._marking.read_up_to(
            conversation_id, body.up_to_seq, actor, on_moved=self._on_read
        )
        return ConversationView.model_validate(self._links.conversation(view))

    @route(
        "PUT",
        "/api/v1/conversations/{conversation_id}/automation",
        access="staff",
        tag="conversations",
        problems=(NotAllowed, NotFound),
    )
    async def set_automation(
        self, actor: Actor, conversation_id: str, body: AutomationChange
    ) -> ConversationView:
        """Silence scripts in a conversation, or let them speak again after a person has answered.

        A customer who has asked for no automatic messages gets none either way.
        """
        pause = None if body.minutes is None else timedelta(minutes=body.minutes)
        view = await self._marking.set_automation(conversation_id, body.state, pause, actor)
        return ConversationView.model_validate(self._links.conversation(view))
