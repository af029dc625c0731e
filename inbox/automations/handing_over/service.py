"""Leaving a conversation to people: one note that says why, and whoever is to have it is found."""

from collections.abc import Callable
from datetime import timedelta

from inbox.automations.handing_over.store import HandOverStore, Waiting
from inbox.conversations.replying.model import Reply, Writer, writer_of
from inbox.conversations.replying.service import ReplyService
from inbox.ids import random_id
from inbox.mongo.client import Session
from inbox.staff.model import Actor


class _PeopleHaveIt(Exception):
    """Nothing is to be handed over, and nothing of it is written."""


class HandingOver:
    """Hands conversations over."""

    def __init__(self, store: HandOverStore, replies: ReplyService) -> None:
        self._store = store
        self._replies = replies
        self.on_handed_over: Callable[[], None] = lambda: None
        """Called when a conversation may be to be split."""

    async def by_request(self, actor: Actor, conversation_id: str, note: str | None) -> bool:
        """An automation, or a person, leaves the conversation to people; whether it had to be.

        Repeating it changes nothing and leaves no second note.

        Raises:
            NotFound, NotAllowed: of the conversation.
        """
        said = note or f"“{actor.name}” chuyển cuộc trò chuyện này cho nhân viên."
        return await self._hand_over(conversation_id, writer_of(actor), said, actor)

    async def because_silent(
        self, conversation_id: str, writer: Writer, waited: timedelta | None, since: Waiting
    ) -> bool:
        """An automation has not answered for so long; None: it is switched off.

        Whether it has is looked up: the relay that would have ended its turn may be behind.
        """
        why = (
            "đang tắt"
            if waited is None
            else f"không trả lời khách trong {int(waited.total_seconds())} giây"
        )
        said = f"“{writer.author.name}” {why}; cuộc trò chuyện được chuyển cho nhân viên."
        return await self._hand_over(conversation_id, writer, said, None, since)

    async def _hand_over(
        self,
        conversation_id: str,
        writer: Writer,
        said: str,
        actor: Actor | None,
        since: Waiting | None = None,
    ) -> bool:
        """The note and the handover are one transaction: there is never one without the other."""
        note = Reply(client_id=f"handover:{random_id()}", text=said, internal=True)

        async def within(session: Session) -> None:
            if not await self._store.hand_over(conversation_id, writer, session, since):
                raise _PeopleHaveIt

        try:
            await self._replies.post_within(conversation_id, note, writer, within, actor=actor)
        except _PeopleHaveIt:
            return False
        self.on_handed_over()
        return True
