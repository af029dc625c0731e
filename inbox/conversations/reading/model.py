"""What clients read of conversations: the shapes of the API, and the keys of their pages."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field, WithJsonSchema

from inbox.conversations.attachments import CopyState
from inbox.conversations.automation import AutomationReason, AutomationState
from inbox.conversations.model import (
    AttachmentKind,
    AuthorKind,
    Channel,
    ConversationKind,
    ConversationStatus,
    Direction,
)
from inbox.conversations.reading.listing import TagMatch, View
from inbox.conversations.window import Cost
from inbox.http.paging import CursorValue, Page, bad_cursor, decode_cursor
from inbox.live.model import SplitState

Limit = Annotated[int, Field(ge=1, le=100, description="how many items at most")]
Time = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
"""ISO 8601 in UTC; views write it, so an answer and a live frame hold the same text."""


MOST_TAGS = 20
Tags = Annotated[
    tuple[Annotated[str, Field(max_length=64)], ...],
    Field(
        default=(),
        max_length=MOST_TAGS,
        description="tag ids of the customer; repeat the parameter",
    ),
]
HowTagsMatch = Annotated[
    TagMatch, Field(description="with several `tag`: any one of them, or all of them")
]


class CustomerBrief(BaseModel):
    """Who a conversation is with."""

    id: str
    name: str | None
    avatar_url: str | None


class LastMessage(BaseModel):
    """The newest message of a conversation; `kind` says what it was when it has no text."""

    message_id: str | None
    text: str | None
    at: Time
    by: AuthorKind
    kind: str | None


class WindowView(BaseModel):
    """Until when the channel lets us write; null means for ever. After `free_until` it costs."""

    until: Time | None
    kind: str
    cost: Cost
    human_only: bool = Field(description="people may use it, bots and scripts may not")
    free_until: Time | None


class AutomationView(BaseModel):
    """Whether scripts may speak. `paused_until` null while they may not: until they are let.

    `opted_out_at`: when the customer asked for no automatic messages; stronger than `state`.
    """

    state: AutomationState
    paused_until: Time | None
    reason: AutomationReason | None
    opted_out_at: Time | None


class ConversationView(BaseModel):
    """A conversation. `assignee`, `participants` and `last_carer` are staff ids, `tags` the
    customer's; `split` is how far its splitting is. The last carer is who answered last.
    """

    id: str
    bot_id: str | None
    channel: Channel
    account_id: str
    kind: ConversationKind
    customer: CustomerBrief | None
    assignee: str | None
    participants: list[str]
    last_carer: str | None
    split: SplitState
    tags: list[str]
    status: ConversationStatus
    unread: int
    seq: int = Field(description="of the newest message; send it to mark everything read")
    read_seq: int
    last: LastMessage | None
    waiting_since: Time | None
    window: WindowView | None = Field(description="null: the channel does not let us write now")
    automation: AutomationView
    created_at: Time | None


class AuthorView(BaseModel):
    """Who wrote; `id` is a staff id for staff, the customer's id for a customer."""

    kind: AuthorKind
    id: str | None
    name: str | None


class AttachmentView(BaseModel):
    """What came with a message; `size` in bytes, `data` what only this kind has.

    `url` and `thumbnail_url` are signed links to our copy and live some hours; null without a
    copy. Of a link, a contact and a place, `url` is what was sent.
    """

    kind: AttachmentKind
    name: str | None
    size: int | None
    mime: str | None
    url: str | None
    thumbnail_url: str | None
    data: dict[str, Any]
    copy_state: CopyState = Field(
        description="none: there is nothing to copy, or the platform forbids to keep it"
    )
    copy_reason: str | None = Field(
        description="why copying failed: refused, too_large, wrong_type, gone, unavailable, …"
    )


class ReactionView(BaseModel):
    by: str
    emoji: str
    at: Time


class ErrorView(BaseModel):
    """Why a message failed or is in doubt; `code` is stable, `platform_code` the platform's."""

    code: str
    vi: str
    en: str
    platform_code: str | None
    at: Time


class MessageLink(BaseModel):
    """Another message and the conversation that it is in."""

    message_id: str
    conversation_id: str | None


class CommentView(BaseModel):
    """What only a comment under a post has."""

    post_id: str | None
    post_url: str | None = Field(description="of the post on the platform")
    private_until: Time | None = Field(
        description="until when it may be answered privately, once; null: it may not"
    )
    private_answer: MessageLink | None = Field(
        description="our private answer; it moves into the person's inbox once it was taken"
    )


class MessageView(BaseModel):
    """A message. A removed one has no text and no attachments any more."""

    id: str
    conversation_id: str
    direction: Direction
    author: AuthorView
    text: str | None
    attachments: list[AttachmentView]
    at: Time
    seq: int
    status: str = Field(
        description="received | queued | sending | sent | delivered | read | failed | uncertain"
    )
    error: ErrorView | None
    internal: bool
    reply_to: str | None
    payload: Any
    reactions: list[ReactionView]
    edited_at: Time | None
    removed_at: Time | None
    hidden: bool
    standby: bool
    client_id: str | None = Field(description="what the sender called it, where we sent it")
    content: dict[str, Any] | None = Field(
        description="quick_replies, buttons, cards, sticker of ours"
    )
    private: bool = Field(description="a private answer to a comment")
    private_to: MessageLink | None = Field(description="the comment that it answers")
    comment: CommentView | None = Field(description="null: not a comment under a post")


class MessagePage(Page[MessageView]):
    """Messages, newest first. `next_cursor` leads to older ones, `previous_cursor` to newer.

    `previous_cursor` is there only where a page was asked for around a message or with such a
    cursor: what is newer than the first page comes over the live feed.
    """

    previous_cursor: str | None = None


class UncaredCounts(BaseModel):
    """Conversations in which a customer waits for an answer; see `uncared` of the list."""

    views: dict[View, int]
    channels: dict[Channel, int]


class ConversationsQuery(BaseModel):
    """Filters of the conversation list; each narrows the others."""

    view: View = "all"
    bot_id: str | None = None
    channel: Channel | None = None
    assignee: str | None = Field(None, description="a staff id")
    tag: Tags
    tags: HowTagsMatch = "any"
    owner: str | None = Field(None, description="staff id of who looks after the customer")
    follower: str | None = Field(None, description="staff id of who follows the customer")
    q: str | None = Field(
        None,
        max_length=100,
        description="beginnings of words of the customer's name, accents ignored; or a phone "
        "number in any spelling, its beginning, or at least three digits of it",
    )
    status: ConversationStatus | None = None
    customer_id: str | None = None
    unread: bool = Field(default=False, description="only those with unread messages")
    uncared: bool = Field(default=False, description="only those counted as uncared")
    limit: Limit = 30
    cursor: str | None = Field(None, max_length=1000)


class CountsQuery(BaseModel):
    """Filters of the counts; they mean what they mean for the list."""

    bot_id: str | None = None
    tag: Tags
    tags: HowTagsMatch = "any"
    owner: str | None = Field(None, description="staff id of who looks after the customer")
    follower: str | None = Field(None, description="staff id of who follows the customer")


def place(cursor: str, *types: type[CursorValue]) -> tuple[CursorValue, ...]:
    """The values of a cursor that must be of these types.

    Raises:
        InvalidInput: it is not a cursor of this list, or holds what MongoDB cannot compare.
    """
    values = decode_cursor(cursor)
    if len(values) != len(types):
        raise bad_cursor()
    return tuple(_comparable(v, t) for v, t in zip(values, types, strict=True))


def _comparable(value: CursorValue, wanted: type[CursorValue]) -> CursorValue:
    if type(value) is not wanted:
        raise bad_cursor()
    if isinstance(value, datetime):
        try:
            return value.astimezone(UTC)
        except OverflowError:
            raise bad_cursor() from None
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise bad_cursor()
    return value
