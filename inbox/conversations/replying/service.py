"""Answering a customer: checked against the channel's rules, stored once, queued for delivery."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from inbox.clock import Clock
from inbox.conversations.automation import automation_of, person_has
from inbox.conversations.files import attachment_of, outgoing_file
from inbox.conversations.model import Channel
from inbox.conversations.parts import (
    UNDECIDED,
    error_of,
    failed,
    mark_sent,
    new_parts,
    requeued,
    set_parts,
)
from inbox.conversations.replying.errors import (
    AnsweredPrivately,
    AutomationPaused,
    CannotCancel,
    ChannelCannotSend,
    ClientIdReused,
    CommentRemoved,
    ConversationTakenOver,
    CustomerOptedOut,
    EmptyMessage,
    NothingToRetry,
    NotPrivately,
    PrivatelyImpossible,
    PrivateWindowClosed,
    QuotedMessageMissing,
    RefusedByChannel,
    ReplyWindowClosed,
)
from inbox.conversations.replying.model import Reply, Writer, writer_of
from inbox.conversations.replying.store import Open, ReplyStore, Within
from inbox.conversations.sheet import Document, Tracked
from inbox.conversations.view import View, message_view
from inbox.conversations.window import (
    DEFAULT_RULES,
    PRIVATE_REPLY,
    WindowRules,
    closed_since,
    may_answer_privately,
    window_of,
)
from inbox.media.model import Upload
from inbox.media.uploads import Uploads
from inbox.ports import Draft, Messenger, Part, Place, SendError, SendRefused
from inbox.staff.model import Actor
from inbox.text import printable

RetryAction = Literal["resend", "mark_sent"]


class Cancelled(SendError):
    """Its writer took it back before it was sent."""

    code = "cancelled"
    vi = "Tin nhắn đã bị huỷ trước khi gửi."
    en = "The message was cancelled before it was sent."


class ReplyService:
    """What staff, bots and scripts say. `wake` is called when something is to be delivered."""

    def __init__(
        self,
        store: ReplyStore,
        uploads: Uploads,
        messengers: Mapping[Channel, Messenger],
        clock: Clock,
        wake: Callable[[], None],
        rules: WindowRules = DEFAULT_RULES,
    ) -> None:
        self._store = store
        self._uploads = uploads
        self._messengers = messengers
        self._clock = clock
        self._wake = wake
        self._rules = rules

    async def post(
        self, conversation_id: str, reply: Reply, writer: Writer, *, actor: Actor | None = None
    ) -> View:
        """Store and queue an answer; the message as it is shown.

        The same writer's same client id is the same message, however often it is posted.

        `actor` must be allowed to see the conversation; None is the service itself.

        Raises:
            NotFound, NotAllowed: of the conversation. UploadNotFound.
            ClientIdReused: that client id was used for other words.
            EmptyMessage, QuotedMessageMissing, NotPrivately, RefusedByChannel: it cannot be said.
            CustomerOptedOut: the customer wants nothing automatic. AutomationPaused: scripts are
        to be silent. ConversationTakenOver: people talk with the customer, so automations do not.
            ReplyWindowClosed, CommentRemoved, PrivateWindowClosed, PrivatelyImpossible,
        AnsweredPrivately: not now, not any more, not again.
            ChannelCannotSend: there is no way to send.
        """
        view, _ = await self.post_within(conversation_id, reply, writer, None, actor=actor)
        return view

    async def post_within(
        self,
        conversation_id: str,
        reply: Reply,
        writer: Writer,
        within: Within | None,
        *,
        actor: Actor | None = None,
    ) -> tuple[View, bool]:
        """As `post`; the message, and whether it is new.

        `within` is awaited in the transaction of a new message, after it was written: what it
        writes stands if and only if the message does. It may run several times, and may raise to
        let nothing come of either. Nobody calls it for a message that was there already.
        """
        conversation = await self._store.conversation(conversation_id, actor)
        message_id = writer.message_id(reply.client_id)
        fingerprint = reply.fingerprint(conversation_id)
        kept = await self._store.message(message_id)
        if kept is not None:
            return _same(kept, fingerprint, conversation), False
        if reply.is_empty:
            raise EmptyMessage
        uploads = [await self._uploads.get(id_) for id_ in reply.upload_ids]
        parts = None if reply.internal else await self._plan(conversation, reply, uploads)
        fixed = _fixed_fields(reply, writer, uploads) | {"fingerprint": fingerprint}

        def make(opened: Open) -> Document:
            self._check(opened, reply, writer)
            return _message(opened, fixed, parts, message_id)

        message, thread, is_new = await self._store.post(
            message_id, conversation_id, reply, make, within=within
        )
        if not is_new:
            return _same(message, fingerprint, thread), False
        self._wake()
        return message_view(message, conversation=thread), True

    async def retry(self, message_id: str, action: RetryAction, actor: Actor) -> View:
        """Send again what failed or is in doubt, or say that what is in doubt has arrived.

        Raises:
            NotFound, NotAllowed. NothingToRetry: it is neither failed nor in doubt, or what
            failed for certain is to be marked as sent. ReplyWindowClosed.
            ConversationTakenOver, CustomerOptedOut: of automations.
        """

        def work(message: Tracked, thread: Tracked) -> None:
            self.check_may_speak(thread.document, writer_of(actor))
            states = {part["state"] for part in message.get("parts") or ()}
            if not states & {"failed", "uncertain"} or message.get("removed_at") is not None:
                raise NothingToRetry
            if action == "mark_sent":
                _mark_sent(message)
                self._store.wake(thread)  # what followed may have waited for it
                return
            if not message.get("private"):
                self._check_window(thread, by_human=bool(message.get("by_human")))
            set_parts(
                message,
                lambda part: requeued() if part["state"] in ("failed", "uncertain") else {},
            )
            self._store.wake(thread)

        message, thread = await self._store.change(message_id, actor, work)
        self._wake()
        return message_view(message, conversation=thread)

    async def cancel(self, message_id: str, actor: Actor) -> View:
        """Take a message back that is still queued; it is shown as removed.

        Raises:
            NotFound, NotAllowed. CannotCancel: a part of it is on its way, or has arrived.
        """
        now = self._clock.now()

        def work(message: Tracked, _thread: Tracked) -> None:
            if message.get("cancelled"):
                return
            parts = message.get("parts") or ()
            if not parts or any(part["state"] not in ("queued", "failed") for part in parts):
                raise CannotCancel
            reason = failed(error_of(Cancelled(), now))
            set_parts(message, lambda _: {**reason, "content": None})
            for name in ("text", "content"):
                message.put(name, None)
            message.put("attachments", [])
            message.put("cancelled", True)
            message.put("removed_at", now)

        message, thread = await self._store.change(message_id, actor, work)
        return message_view(message, conversation=thread)

    async def _plan(
        self, conversation: Document, reply: Reply, uploads: list[Upload]
    ) -> tuple[Part, ...]:
        messenger = self._messengers.get(conversation["channel"])
        if messenger is None or not await self._store.has_account(conversation["account_key"]):
            raise ChannelCannotSend
        files = tuple(outgoing_file(self._uploads, upload) for upload in uploads)
        draft = Draft(
            _clean(reply.text),
            files,
            reply.quick_replies,
            reply.buttons,
            reply.sticker,
            place=_place(conversation, reply),
            cards=reply.cards,
        )
        try:
            parts = messenger.plan(draft)
        except SendRefused as error:
            raise RefusedByChannel(error) from error
        assert draft.place == "message" or len(parts) == 1, "a comment is answered by one message"
        return parts

    def _check(self, opened: Open, reply: Reply, writer: Writer) -> None:
        if reply.reply_to is not None and opened.quoted is None:
            raise QuotedMessageMissing
        if opened.answers and opened.quoted is not None and opened.quoted.get("removed_at"):
            raise CommentRemoved
        if reply.internal:
            return
        self.check_may_speak(opened.conversation.document, writer)
        if reply.private:
            self._check_private(opened)
        else:
            self._check_window(opened.conversation, by_human=writer.is_human)

    def check_may_speak(self, conversation: Mapping[str, Any], writer: Writer) -> None:
        """Whether this writer may say anything to the customer at this moment.

        Raises:
            CustomerOptedOut, AutomationPaused, ConversationTakenOver: never of people.
        """
        if writer.author.kind not in ("script", "automation"):
            return
        now = self._clock.now()
        automation = automation_of(conversation, now)
        if automation.opted_out_at is not None:
            raise CustomerOptedOut
        if writer.author.kind == "automation":
            if person_has(conversation, now, writer.hand_back_after):
                raise ConversationTakenOver
        elif not automation.may_speak:
            raise AutomationPaused(automation.paused_until)

    def _check_window(self, thread: Tracked, *, by_human: bool) -> None:
        window = window_of(thread.document, self._clock.now(), self._rules)
        if window is None:
            raise ReplyWindowClosed(closed_since(thread.document, self._rules))
        if window.human_only and not by_human:
            raise ReplyWindowClosed(closed_since(thread.document, WindowRules(human_agent=False)))

    def _check_private(self, opened: Open) -> None:
        comment, thread = opened.comment, opened.conversation
        if comment is None or thread.get("kind") != "comment" or comment["direction"] != "in":
            raise NotPrivately
        if not may_answer_privately(comment["at"], self._clock.now()):
            raise PrivateWindowClosed(comment["at"] + PRIVATE_REPLY)
        if opened.answered:
            raise AnsweredPrivately
        if comment.get("private_refused") is not None:
            raise PrivatelyImpossible


def _place(conversation: Document, reply: Reply) -> Place:
    if reply.private:
        return "private"
    return "comment" if conversation["kind"] == "comment" else "message"


def _same(message: Document, fingerprint: str, conversation: Document) -> View:
    if message.get("fingerprint") != fingerprint:
        raise ClientIdReused
    return message_view(message, conversation=conversation)


def _fixed_fields(reply: Reply, writer: Writer, uploads: list[Upload]) -> Document:
    """What does not depend on the conversation."""
    author = writer.author
    fields = {
        "direction": "out",
        "author": {"kind": author.kind, "id": author.id, "name": author.name},
        "by_human": writer.is_human,
        "client_id": reply.client_id,
        "text": _clean(reply.text),
        "attachments": [attachment_of(upload) for upload in uploads],
        "internal": reply.internal,
        "reply_to": reply.reply_to,
        "content": reply.content(),
    }
    return {name: value for name, value in fields.items() if value is not None}


def _message(
    opened: Open, fixed: Document, parts: tuple[Part, ...] | None, message_id: str
) -> Document:
    """The message as it is stored; the conversation takes note of it."""
    thread = opened.conversation
    message: Document = {
        "conversation_id": thread.id,
        "channel": thread.get("channel"),
        **fixed,
        "at": opened.now,
        "status": "sent",
    }
    if parts is None:
        return message
    message |= {"status": "queued", "parts": new_parts(parts), "pending": True}
    if opened.comment is not None:
        comment_id = opened.comment["_id"]
        message["private"] = {
            "comment_id": opened.comment["external_id"],
            "message_id": comment_id,
            "conversation_id": thread.id,
        }
        message.pop("reply_to", None)  # the comment stays in its thread when the message moves
        answers = thread.get("private_replies") or {}
        thread.put("private_replies", {**answers, comment_id: message_id})
    elif opened.answers and opened.quoted is not None:
        message["reply_to"] = opened.quoted["_id"]
    if fixed["by_human"]:
        thread.put_later("last_out_at", opened.now)
        waiting_since = thread.get("waiting_since")
        if waiting_since is not None and waiting_since <= opened.now:
            thread.put("waiting_since", None)
    return message


def _mark_sent(message: Tracked) -> None:
    """Somebody has looked: what was in doubt has arrived."""
    parts: list[dict[str, Any]] = message.get("parts")
    if any(part["state"] in ("queued", "sending") for part in parts):
        raise NothingToRetry
    doubtful = [
        part
        for part in parts
        if part["state"] == "uncertain"
        or (part["state"] == "failed" and part["error"]["code"] in UNDECIDED)
    ]
    if not doubtful:
        raise NothingToRetry
    for part in doubtful:
        mark_sent(message, part["n"], None)


def _clean(text: str | None) -> str | None:
    return None if text is None else printable(text)
