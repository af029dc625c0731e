"""What platforms tell us, as typed facts: one frozen class per kind, one union of them all.

A parser makes these from verified bytes; no platform dict travels further. Times are UTC with
millisecond precision; ids are strings exactly as the platform writes them.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from inbox.conversations.model import AttachmentKind, Channel, ConversationKind


class Part(BaseModel):
    """A piece of an event: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Thread(Part):
    """Where it happened. `external_id` is the person (inbox), the root comment or the group."""

    kind: ConversationKind = "inbox"
    external_id: str


class Person(Part):
    """Somebody outside: a customer, a commenter, a group member. `name` only if the event has it.

    `temporary`: the id will not last (anonymous Zalo visitor, Facebook `user_ref`).
    """

    id: str
    name: str | None = None
    temporary: bool = False


class File(Part):
    """An attachment as the platform describes it; `size` in bytes, `url` expires.

    `data` keeps what only its kind has: `{"lat", "long"}` of a location, `{"phone"}` of a
    contact, `{"sticker_id"}`, the elements of a template; `keep_copy` is false where the
    platform forbids copying the media.
    """

    kind: AttachmentKind
    name: str | None = None
    size: int | None = None
    mime: str | None = None
    url: str | None = None
    thumbnail_url: str | None = None
    data: dict[str, Any] = Field(default_factory=dict)
    keep_copy: bool = True


class PlatformEvent(Part):
    """What every event has. `account_id` is the page, Instagram account or OA it happened at.

    `standby`: another app owns the thread; it is kept and shown, nothing automatic reacts to it.
    `from_history`: no webhook said it, it was read back; who wrote for the account is not told.
    """

    channel: Channel
    account_id: str
    at: datetime
    standby: bool = False
    from_history: bool = False


class InboundMessage(PlatformEvent):
    """A customer wrote. `author` is the writer; in an inbox thread that is the customer."""

    type: Literal["message"] = "message"
    thread: Thread
    author: Person | None
    message_id: str
    text: str | None = None
    attachments: tuple[File, ...] = ()
    reply_to: str | None = None
    quick_reply: str | None = None
    referral: dict[str, Any] | None = None
    data: dict[str, Any] = Field(default_factory=dict)


class MessageEcho(PlatformEvent):
    """The account wrote: through us (`own`), by a human in the platform's tool, or another app.

    `metadata` is what we put into our own send; `person` is whom it was written to, if known.
    """

    type: Literal["echo"] = "echo"
    thread: Thread
    person: Person | None
    message_id: str
    source: Literal["own", "human", "automation"]
    text: str | None = None
    attachments: tuple[File, ...] = ()
    reply_to: str | None = None
    metadata: str | None = None
    app_id: str | None = None


class Postback(PlatformEvent):
    """The customer pressed a button, a menu entry or an ice breaker.

    `message_id` is the platform's id, or a hash of (person, time, payload) where there is none.
    `payload` is None on standby.
    """

    type: Literal["postback"] = "postback"
    thread: Thread
    author: Person
    message_id: str
    title: str | None = None
    payload: str | None = None
    referral: dict[str, Any] | None = None


class Comment(PlatformEvent):
    """A comment or visitor post was added. `thread.external_id` is the root comment or post.

    `by_account`: the page itself wrote it. `author` is None where the platform withholds it.
    """

    type: Literal["comment"] = "comment"
    thread: Thread
    author: Person | None
    by_account: bool = False
    message_id: str
    is_root: bool
    text: str | None = None
    attachments: tuple[File, ...] = ()
    post_id: str | None = None
    post_url: str | None = None
    reply_to: str | None = None


class MessageEdited(PlatformEvent):
    """The text changed. `number` counts the edits of a message; the highest wins.

    Where the platform counts none (comments), `number` is the edit time in epoch seconds.
    """

    type: Literal["edit"] = "edit"
    thread: Thread | None = None
    message_id: str
    number: int
    text: str


class MessageRemoved(PlatformEvent):
    """The message was unsent or the comment removed; final. Its text and media must go."""

    type: Literal["removal"] = "removal"
    thread: Thread | None = None
    message_id: str


class MessageHidden(PlatformEvent):
    """A comment was hidden from the public (`hidden`) or shown again."""

    type: Literal["hiding"] = "hiding"
    thread: Thread | None = None
    message_id: str
    hidden: bool


class Reaction(PlatformEvent):
    """Somebody reacted to a message; `emoji` None takes the reaction back.

    `emoji` is the platform's own token where it is not an emoji (Zalo's "/-heart").
    `by_account`: the page or OA reacted.
    """

    type: Literal["reaction"] = "reaction"
    thread: Thread | None = None
    message_id: str
    person: Person | None
    by_account: bool = False
    emoji: str | None


class Delivered(PlatformEvent):
    """Everything we wrote up to `up_to` reached the customer; or just these messages."""

    type: Literal["delivery"] = "delivery"
    thread: Thread
    up_to: datetime | None = None
    message_ids: tuple[str, ...] = ()


class Seen(PlatformEvent):
    """The customer read everything up to `up_to`, or up to the newest of these messages."""

    type: Literal["seen"] = "seen"
    thread: Thread
    up_to: datetime | None = None
    message_ids: tuple[str, ...] = ()


class Followed(PlatformEvent):
    """The customer followed the account (`following`) or stopped."""

    type: Literal["follow"] = "follow"
    thread: Thread
    person: Person
    following: bool
    source: str | None = None


class Referred(PlatformEvent):
    """The customer came (back) through a link, an ad or a lead form."""

    type: Literal["referral"] = "referral"
    thread: Thread
    person: Person
    referral: dict[str, Any]


class OptedIn(PlatformEvent):
    """The customer agreed to (`status` "in") or stopped ("stop") messages of a topic."""

    type: Literal["optin"] = "optin"
    thread: Thread
    person: Person
    status: Literal["in", "stop", "resume"]
    data: dict[str, Any]


class InfoSubmitted(PlatformEvent):
    """The customer filled in a form: name, phone, address as given, nothing verified."""

    type: Literal["submitted_info"] = "submitted_info"
    thread: Thread
    person: Person
    name: str | None = None
    phone: str | None = None
    email: str | None = None
    address: str | None = None
    birthday: str | None = None
    gender: str | None = None
    data: dict[str, Any] = Field(default_factory=dict)


class ThreadControlChanged(PlatformEvent):
    """Another app or tool took, passed or asked for the thread (Meta's conversation routing)."""

    type: Literal["handover"] = "handover"
    thread: Thread
    person: Person
    action: Literal["pass", "take", "request"]
    owner_app_id: str | None
    previous_app_id: str | None = None
    metadata: str | None = None


class CustomerNoted(PlatformEvent):
    """Something that belongs on the customer's timeline and changes nothing else.

    `name` says what: account_linked, feedback, order, label_added, call, consent, ...
    `key` makes a repeat harmless: the parts of the platform's own idempotency key.
    """

    type: Literal["noted"] = "noted"
    thread: Thread
    person: Person
    name: str
    key: str
    data: dict[str, Any]
    opens_window: bool = False


class DataWithdrawn(PlatformEvent):
    """The customer asks the platform that their data be deleted everywhere; obeyed by erasure."""

    type: Literal["withdrawal"] = "withdrawal"
    thread: Thread
    person: Person


class GroupChanged(PlatformEvent):
    """A Zalo group was created, changed or lost members; kept on the account."""

    type: Literal["group"] = "group"
    thread: Thread
    name: str
    person_ids: tuple[str, ...] = ()
    data: dict[str, Any] = Field(default_factory=dict)


class AccountNoted(PlatformEvent):
    """Something that concerns an account and no customer: policy, quota, template, profile.

    `person_ids` names the people that `data` speaks of, so that their erasure finds it.
    """

    type: Literal["account"] = "account"
    name: str
    key: str
    data: dict[str, Any]
    person_ids: tuple[str, ...] = ()


class Unknown(PlatformEvent):
    """An event type that we do not know: kept as JSON text and counted, never an error."""

    type: Literal["unknown"] = "unknown"
    name: str
    key: str
    raw: str
    person_ids: tuple[str, ...] = ()


AnyEvent = Annotated[
    InboundMessage
    | MessageEcho
    | Postback
    | Comment
    | MessageEdited
    | MessageRemoved
    | MessageHidden
    | Reaction
    | Delivered
    | Seen
    | Followed
    | Referred
    | OptedIn
    | InfoSubmitted
    | ThreadControlChanged
    | CustomerNoted
    | DataWithdrawn
    | GroupChanged
    | AccountNoted
    | Unknown,
    Field(discriminator="type"),
]


class BadEvent(Part):
    """An event that could not be understood; it is parked alone, its neighbours are applied.

    `index` is its place in the body; `account_id` only if it could be told.
    """

    index: int
    reason: str
    account_id: str | None = None


class Parsed(Part):
    """What one webhook body holds: events in the order of the body, and what was broken.

    `indices[i]` is the place of `events[i]` in the body, counted over all elements.
    """

    events: tuple[AnyEvent, ...] = ()
    indices: tuple[int, ...] = ()
    bad: tuple[BadEvent, ...] = ()


class MalformedBody(ValueError):
    """The whole body is not what the platform sends (not JSON, not an object, no entries)."""
