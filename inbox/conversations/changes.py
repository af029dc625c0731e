"""What an event changes, in our own words: handlers add these to a batch, `receiving` applies them.

Every change is safe to apply twice and in any order: the result is the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from inbox.conversations.model import (
    Attachment,
    Author,
    Channel,
    Direction,
    IdentityRef,
    MessageRef,
    ThreadRef,
    Window,
)


@dataclass(frozen=True, slots=True)
class KeepMessage:
    """A message of a thread. `customer` is the person the thread is with, if it has one.

    `human_reply`: a person of the shop wrote it, so nobody waits for an answer any more.
    `writer` is who wrote it where that is not the customer of the thread (comments, groups).
    `own`: the platform says, or does not deny, that it was written through us.
    `from_history`: it was read back; what a webhook says of the same message is truer.
    """

    message: MessageRef
    thread: ThreadRef
    customer: IdentityRef | None
    direction: Direction
    author: Author
    at: datetime
    text: str | None = None
    attachments: tuple[Attachment, ...] = ()
    reply_to: MessageRef | None = None
    payload: str | None = None
    standby: bool = False
    human_reply: bool = False
    writer: IdentityRef | None = None
    customer_name: str | None = None
    window: Window | None = None
    own: bool = False
    from_history: bool = False
    extra: dict[str, Any] = field(default_factory=dict)
    """Stored beside the message: `referral`, `post_id`, `data`, `metadata`, `app_id`."""


@dataclass(frozen=True, slots=True)
class KeepSent:
    """The platform took a part of a message of ours, and calls it `message`.

    `window` is what its answer says about the reply window. `read_back`: found in the platform's
    history, which may be another message with the same content; an answer is certain. `home` and
    `customer`: whom a private answer to a comment went to, and the thread with them.
    """

    message_id: str
    part: int
    message: MessageRef
    thread: ThreadRef
    at: datetime
    window: dict[str, Any] | None = None
    read_back: bool = False
    home: ThreadRef | None = None
    customer: IdentityRef | None = None


@dataclass(frozen=True, slots=True)
class EditMessage:
    """The text changed; the highest `number` wins."""

    message: MessageRef
    thread: ThreadRef | None
    at: datetime
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class RemoveMessage:
    """The message was unsent or removed, for good: its text and attachments go."""

    message: MessageRef
    thread: ThreadRef | None
    at: datetime


@dataclass(frozen=True, slots=True)
class HideMessage:
    """A comment was hidden from the public or shown again; the latest wins."""

    message: MessageRef
    thread: ThreadRef | None
    at: datetime
    hidden: bool


@dataclass(frozen=True, slots=True)
class RefusePrivateAnswer:
    """The platform will not take a private answer to this comment; `code` says why."""

    message: MessageRef
    thread: ThreadRef
    at: datetime
    code: str


@dataclass(frozen=True, slots=True)
class React:
    """The latest reaction of one person to one message; `emoji` None takes it back."""

    message: MessageRef
    thread: ThreadRef | None
    at: datetime
    person: str
    emoji: str | None
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """The platform says what the customer got or read: a watermark, or single messages."""

    kind: Literal["delivered", "seen"]
    thread: ThreadRef
    at: datetime
    up_to: datetime | None = None
    messages: tuple[MessageRef, ...] = ()


@dataclass(frozen=True, slots=True)
class NoteInteraction:
    """An entry of the customer's timeline. (type, key) makes a repeat harmless."""

    thread: ThreadRef
    customer: IdentityRef | None
    at: datetime
    type: str
    key: str
    data: dict[str, Any]
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class ChangeFollow:
    """The customer follows the account, or not; the latest wins."""

    thread: ThreadRef
    customer: IdentityRef
    at: datetime
    following: bool


@dataclass(frozen=True, slots=True)
class ShareInfo:
    """What the customer typed into a form about themselves; the latest form wins."""

    thread: ThreadRef
    customer: IdentityRef
    at: datetime
    info: dict[str, str]


@dataclass(frozen=True, slots=True)
class PassThread:
    """Which app owns the thread now (Meta's conversation routing); the latest wins."""

    thread: ThreadRef
    customer: IdentityRef | None
    at: datetime
    app_id: str | None


@dataclass(frozen=True, slots=True)
class AskErasure:
    """The platform asks in the customer's name that their data be deleted."""

    thread: ThreadRef
    customer: IdentityRef
    at: datetime


@dataclass(frozen=True, slots=True)
class AnswerCustomer:
    """A program of this process answers, because of `key` (a message id, mostly), at `at`.

    The same program's same key is the same answer, however often it comes; `nth` tells several
    answers to one key apart, in their order. `choices` are offered as quick replies. It is said
    soon after, unless people talk with the customer by then.
    """

    thread: ThreadRef
    customer: IdentityRef | None
    at: datetime
    program: str
    key: str
    text: str
    choices: tuple[str, ...] = ()
    nth: int = 0


@dataclass(frozen=True, slots=True)
class NoteAccountEvent:
    """Something that concerns an account and no customer. (type, key) makes a repeat harmless."""

    channel: Channel
    account_id: str
    at: datetime
    type: str
    key: str
    data: dict[str, Any]
    people: tuple[IdentityRef, ...] = ()


MessageFact = EditMessage | RemoveMessage | HideMessage | RefusePrivateAnswer | React
ThreadFact = (
    Acknowledge
    | NoteInteraction
    | ChangeFollow
    | ShareInfo
    | PassThread
    | AskErasure
    | AnswerCustomer
)
Change = KeepMessage | KeepSent | MessageFact | ThreadFact | NoteAccountEvent


class Batch:
    """What a handler may touch: it adds changes here and does nothing else."""

    __slots__ = ("changes",)

    def __init__(self) -> None:
        self.changes: list[Change] = []

    def keep(self, *changes: Change) -> None:
        self.changes.extend(changes)


def lane_key(change: Change) -> str:
    """What must not be applied at the same time by two lanes: the thread, else the message."""
    match change:
        case NoteAccountEvent():
            return change.account_id
        case EditMessage() | RemoveMessage() | HideMessage() | RefusePrivateAnswer() | React():
            return change.thread.id if change.thread is not None else change.message.id
        case _:
            return change.thread.id


def thread_of(change: Change) -> ThreadRef | None:
    """The thread that a change belongs to; None where the platform did not say."""
    return None if isinstance(change, NoteAccountEvent) else change.thread


def subjects(change: Change) -> Iterable[str]:
    """Ids of the people, and of messages whose people are not known, that a change speaks of.

    Erasure finds journal bodies by them, and tombstones are kept under them.
    """
    match change:
        case NoteAccountEvent():
            return [person.id for person in change.people]
        case EditMessage() | RemoveMessage() | HideMessage() | RefusePrivateAnswer() | React():
            inbox = change.thread is not None and change.thread.kind == "inbox"
            return [_person_of(change.thread)] if inbox and change.thread else [change.message.id]
        case KeepMessage():
            people = [one.id for one in (change.customer, change.writer) if one is not None]
            return people if change.thread.kind == "inbox" else [*people, change.message.id]
        case Acknowledge():
            return [_person_of(change.thread)]
        case KeepSent():
            return []
        case _:
            return [change.customer.id] if change.customer is not None else []


def _person_of(thread: ThreadRef) -> str:
    """The identity behind an inbox thread: both carry the person's id on that account."""
    return IdentityRef(thread.channel, thread.account_id, thread.external_id).id
