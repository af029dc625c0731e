"""Answering over HTTP: post a message, send it again, cancel it, show typing."""

from typing import Annotated

from pydantic import Field, StringConstraints

from inbox.conversations.reading.model import MessageView
from inbox.conversations.reading.store import ConversationReads
from inbox.conversations.replying.errors import (
    AnsweredPrivately,
    CannotCancel,
    ChannelCannotSend,
    ClientIdReused,
    CommentRemoved,
    ConversationTakenOver,
    CustomerOptedOut,
    NothingToRetry,
    PrivatelyImpossible,
    PrivateWindowClosed,
    ReplyWindowClosed,
)
from inbox.conversations.replying.model import Reply, writer_of
from inbox.conversations.replying.service import ReplyService, RetryAction
from inbox.conversations.replying.signals import Signals
from inbox.errors import NotAllowed, NotFound
from inbox.http.routing import Body, Routes, route
from inbox.media.links import MediaLinks
from inbox.media.uploads import UploadNotFound
from inbox.ports import Button
from inbox.staff.model import Actor

Id = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class AttachedUpload(Body):
    """A file that was uploaded before (POST /uploads)."""

    upload_id: Id


class ButtonBody(Body):
    """A choice for the customer: opens `url`, or comes back as a message with `payload`."""

    title: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    url: Annotated[str, StringConstraints(max_length=2000, pattern=r"^(https?://|tel:)")] | None = (
        None
    )
    payload: Annotated[str, StringConstraints(max_length=1000)] | None = None

    def button(self) -> Button:
        return Button(self.title, self.url, self.payload)


class NewMessage(Body):
    """What is to be said.

    `client_id` is yours: posting again under the same one sends nothing new. `internal` is a
    note that never leaves; `reply_to` is the id of the message that is quoted.

    Under a post an answer is public: it goes under the comment `reply_to`, or under the newest of
    a customer. `private` answers the comment `reply_to` (or the one that began the thread) where
    only its writer sees it: one message per comment, within seven days. It moves into the
    person's inbox conversation as soon as the platform has taken it.
    """

    client_id: Id
    text: Annotated[str, StringConstraints(max_length=20_000)] | None = None
    attachments: tuple[AttachedUpload, ...] = Field((), max_length=20)
    quick_replies: tuple[ButtonBody, ...] = Field((), max_length=13)
    buttons: tuple[ButtonBody, ...] = Field((), max_length=10)
    sticker: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    internal: bool = False
    private: bool = False
    reply_to: Id | None = None

    def reply(self) -> Reply:
        return Reply(
            client_id=self.client_id,
            text=self.text,
            upload_ids=tuple(one.upload_id for one in self.attachments),
            quick_replies=tuple(one.button() for one in self.quick_replies),
            buttons=tuple(one.button() for one in self.buttons),
            sticker=self.sticker,
            internal=self.internal,
            private=self.private,
            reply_to=self.reply_to,
        )


class Retry(Body):
    """`resend` what failed or is in doubt; or `mark_sent` what is in doubt and has arrived."""

    action: RetryAction = "resend"


class ReplyRoutes(Routes):
    """What staff and bots say to customers."""

    def __init__(
        self, replies: ReplyService, reads: ConversationReads, signals: Signals, links: MediaLinks
    ) -> None:
        self._replies = replies
        self._links = links
        self._reads = reads
        self._signals = signals

    @route(
        "POST",
        "/api/v1/conversations/{conversation_id}/messages",
        access="staff",
        tag="conversations",
        status=201,
        problems=(
            NotAllowed,
            NotFound,
            UploadNotFound,
            ClientIdReused,
            ConversationTakenOver,
            CustomerOptedOut,
            ReplyWindowClosed,
            PrivateWindowClosed,
            PrivatelyImpossible,
            AnsweredPrivately,
            CommentRemoved,
            ChannelCannotSend,
        ),
    )
    async def post(self, actor: Actor, conversation_id: str, body: NewMessage) -> MessageView:
        """Answer a customer, or leave a note for colleagues; safe to repeat.

        The message is queued; the live feed tells what becomes of it.
        """
        writer = writer_of(actor)
        view = await self._replies.post(conversation_id, body.reply(), writer, actor=actor)
        return MessageView.model_validate(self._links.message(view))

    @route(
        "POST",
        "/api/v1/messages/{message_id}/retry",
        access="staff",
        tag="conversations",
        problems=(NotAllowed, NotFound, NothingToRetry, ReplyWindowClosed, ConversationTakenOver),
    )
    async def retry(self, actor: Actor, message_id: str, body: Retry) -> MessageView:
        """Send a failed message again, or decide about one of which nobody knows the fate."""
        view = await self._replies.retry(message_id, body.action, actor)
        return MessageView.model_validate(self._links.message(view))

    @route(
        "DELETE",
        "/api/v1/messages/{message_id}",
        access="staff",
        tag="conversations",
        status=200,
        problems=(NotAllowed, NotFound, CannotCancel),
    )
    async def cancel(self, actor: Actor, message_id: str) -> MessageView:
        """Take back a message that is still queued; it is shown as removed."""
        view = await self._replies.cancel(message_id, actor)
        return MessageView.model_validate(self._links.message(view))

    @route(
        "POST",
        "/api/v1/conversations/{conversation_id}/typing",
        access="staff",
        tag="conversations",
        problems=(NotAllowed, NotFound, ConversationTakenOver, CustomerOptedOut),
    )
    async def typing(self, actor: Actor, conversation_id: str) -> None:
        """Show the customer that somebody is typing, where the channel can."""
        conversation = await self._reads.get(conversation_id, actor)
        self._replies.check_may_speak(conversation, writer_of(actor))
        self._signals.typing(conversation)
