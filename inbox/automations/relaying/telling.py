"""From what the live feed tells to what automations are told: pure.

Messages and what platforms note of customers are told one by one. Status, assignee and who has a
conversation are told as they stand: an event goes out when they are others than were told last,
so that nothing depends on who changed them, and how.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from inbox.automations.model import TURN_OVER, EventType
from inbox.conversations.automation import person_has
from inbox.live.model import LiveEvent

Document = Mapping[str, Any]
Owner = Literal["program", "handoff_requested", "people"]

_NOTED: dict[str, EventType] = {
    "followed": "customer.followed",
    "unfollowed": "customer.unfollowed",
}
_DETAILS = frozenset({"source", "ref", "ad_id", "type"})
"""What may be told of a note: where a customer came from, never what they wrote into a form."""


@dataclass(frozen=True, slots=True)
class Happening:
    """An event before it has its number; `key` and `type` are its own for good."""

    key: str
    type: EventType
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Around:
    """What must be known besides a batch of live events, as it is now.

    `postbacks` are the messages that are presses of a button; `notes` interactions by id, `tags`
    the tags of customers by customer.
    """

    conversations: Mapping[str, Document] = field(default_factory=dict)
    postbacks: frozenset[str] = frozenset()
    notes: Mapping[str, Document] = field(default_factory=dict)
    tags: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)


@dataclass(slots=True)
class Told:
    """What was told last of how a conversation stands; a new one is open, and nobody's."""

    status: str = "open"
    assignee: str | None = None
    owner: Owner = "program"


def happenings(
    event: LiveEvent, told: Told, around: Around, back: timedelta | None = None
) -> list[Happening]:
    """What automations are told because of a live event; `told` is brought up to it.

    `back`: after how long a conversation is the automation's again by itself.
    """
    return [*_standing(event, told, around, back), *_happened(event, around)]


def stream_of(event: LiveEvent) -> str | None:
    """In whose order it is told: the conversation's, else the customer's; None: it is not told."""
    return event.conversation_id or event.customer_id


def owner_of(
    conversation: Document, now: datetime, hand_back_after: timedelta | None = None
) -> Owner:
    """Who talks with the customer."""
    if not person_has(conversation, now, hand_back_after):
        return "program"
    state = (conversation.get("automation") or {}).get("state")
    return "handoff_requested" if state == "handoff_requested" else "people"


def ends_turn(event: LiveEvent) -> bool:
    """Whether somebody has answered the customer."""
    message = _message(event)
    return message is not None and message["author"]["kind"] in TURN_OVER


def begins_turn(event: LiveEvent) -> bool:
    """Whether the customer waits for an answer now."""
    message = _message(event)
    return message is not None and message["direction"] == "in"


def _message(event: LiveEvent) -> Document | None:
    """A new message of today that is not a note among colleagues."""
    message: Document | None = event.data.get("message")
    if event.type != "message_received" or message is None:
        return None
    return None if message["internal"] or event.data.get("late") else message


def _standing(
    event: LiveEvent, told: Told, around: Around, back: timedelta | None
) -> Iterator[Happening]:
    conversation = around.conversations.get(event.conversation_id or "")
    if conversation is None:
        return
    now_told = Told(
        conversation["status"],
        conversation.get("assignee_id"),
        owner_of(conversation, event.at, back),
    )
    data: dict[str, Any]
    if now_told.status != told.status:
        data = {"status": now_told.status, "before": told.status}
        yield Happening(event.id, "conversation.status_changed", data)
    if now_told.assignee != told.assignee:
        data = {"assignee": now_told.assignee, "before": told.assignee}
        yield Happening(event.id, "conversation.assigned", data)
    if now_told.owner != told.owner:
        data = {"owner": now_told.owner, "before": told.owner}
        yield Happening(event.id, "conversation.automation_changed", data)
    told.status, told.assignee, told.owner = now_told.status, now_told.assignee, now_told.owner


def _happened(event: LiveEvent, around: Around) -> Iterator[Happening]:
    match event.type:
        case "message_received":
            if (message := _message(event)) is not None:
                yield Happening(message["id"], _type_of(message, around), _said(event))
        case "message_changed":
            if not event.data["message"]["internal"]:
                yield Happening(event.id, "message.changed", _said(event))
        case "customer_noted":
            yield from _noted(event, around)
        case "customer_changed":
            yield from _customer_changed(event, around)
        case _:
            pass


def _type_of(message: Document, around: Around) -> EventType:
    if message["direction"] == "out":
        return "message.sent"
    return "postback.received" if message["id"] in around.postbacks else "message.received"


def _said(event: LiveEvent) -> dict[str, Any]:
    return {name: event.data[name] for name in ("message", "conversation") if name in event.data}


def _noted(event: LiveEvent, around: Around) -> Iterator[Happening]:
    kind, note_id = event.data["kind"], event.data["interaction_id"]
    data = (around.notes.get(note_id) or {}).get("data") or {}
    details = {name: data[name] for name in sorted(_DETAILS & data.keys())}
    type_ = _NOTED.get(kind, "customer.noted")
    yield Happening(note_id, type_, {"kind": kind, "details": details})


def _customer_changed(event: LiveEvent, around: Around) -> Iterator[Happening]:
    """Names of fields, and never their values: who may read them asks for them."""
    fields = sorted(set(event.data.get("fields", ())) - {"tags"})
    if "tags" in event.data.get("fields", ()):
        tags = around.tags.get(event.customer_id or "", [])
        yield Happening(event.id, "customer.tags_changed", {"tags": tags})
    if fields:
        yield Happening(event.id, "customer.changed", {"fields": fields})
