"""The words of automations: who takes part in a bot, and what they are told."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

AutomationKind = Literal["webhook", "messenger"]
"""Told by signed webhooks of our own (Standard Webhooks), or as a Messenger bot is by Meta."""

EventType = Literal[
    "message.received",
    "message.sent",
    "message.changed",
    "postback.received",
    "customer.followed",
    "customer.unfollowed",
    "customer.noted",
    "customer.changed",
    "customer.tags_changed",
    "conversation.assigned",
    "conversation.status_changed",
    "conversation.automation_changed",
]
EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)

OffReason = Literal["by_hand", "gone"]
"""Why an automation is switched off: somebody did it, or its receiver answered 410."""
TURN_OVER = frozenset({"automation", "bot", "staff"})
"""Whose message is an answer to the customer. A script's is none: it was planned before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Automation:
    """A program that takes part in one bot.

    `events` are the types that it is told. `answers`: it answers customers first, so that a new
    conversation is not split before it hands it over; at most one automation of a bot does. After
    `answer_within` without an answer of anybody the conversation is handed to people.
    `hand_back_after`: so long after the last answer of a person the conversation is the
    automation's again by itself; None: when somebody gives it back, or closes it.
    `page_id` is the page that a Messenger bot is told it speaks for.
    """

    id: str
    bot_id: str
    name: str
    kind: AutomationKind
    url: str
    events: frozenset[EventType]
    answers: bool
    answer_within: timedelta
    hand_back_after: timedelta | None
    enabled: bool
    created_at: datetime
    version: int = 1
    page_id: str | None = None
    off_reason: OffReason | None = None
    off_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened in a bot, as automations are told.

    `stream_id` is the conversation, or the customer for what concerns them in all conversations;
    `sequence` grows within it, without a promise to leave out no number. The same event has the
    same `id` whenever it is told. `data` is ready for JSON; addresses of media in it are bare.
    """

    id: str
    type: EventType
    at: datetime
    bot_id: str
    stream_id: str
    sequence: int
    conversation_id: str | None
    customer_id: str | None
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Secrets:
    """What signs the events of an automation, newest first, and for Messenger bots its app secret
    and verify token.
    """

    signing: tuple[str, ...] = field(repr=False)
    app_secret: str | None = field(default=None, repr=False)
    verify_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """An HTTP request that tells one event: `body` goes out byte for byte as signed."""

    body: bytes = field(repr=False)
    headers: dict[str, str] = field(repr=False)
