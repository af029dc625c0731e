"""The words of the live feed: what happened, to whom it may be told, and what clients receive."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

EventType = Literal[
    "message_received",
    "message_changed",
    "conversation_changed",
    "conversation_removed",
    "customer_changed",
    "bot_changed",
    "tags_changed",
    "attributes_changed",
    "viewers_changed",
    "session_ended",
]
FrameType = EventType | Literal["hello", "resync", "pong"]


@dataclass(frozen=True, slots=True)
class People:
    """Who was in charge of a conversation at one moment."""

    assignee_id: str | None = None
    participant_ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveEvent:
    """Something that happened, with everything needed to say who may know of it.

    `bot_ids`: the bot of the conversation, or all bots a customer wrote to. `left_bot_id`: the
    bot that a conversation was in until now, when it has moved. `before` and `after`
    are the people in charge of the conversation; equal when they did not change.
    """

    type: EventType
    at: datetime
    bot_ids: frozenset[str] = frozenset()
    left_bot_id: str | None = None
    conversation_id: str | None = None
    customer_id: str | None = None
    before: People = People()
    after: People = People()
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What a client receives. `id` is the resume token to come back with (`?after=`)."""

    id: str | None
    type: FrameType
    at: datetime | None = None
    conversation_id: str | None = None
    data: dict[str, Any] = field(default_factory=dict)


def live_event(  # noqa: PLR0913 - the fields of one document
    *,
    type: EventType,  # noqa: A002 - the name of the field
    at: datetime,
    bot_id: str | None = None,
    bot_ids: Iterable[str] = (),
    left_bot_id: str | None = None,
    conversation_id: str | None = None,
    customer_id: str | None = None,
    assignee_before: str | None = None,
    assignee_after: str | None = None,
    participants_before: Iterable[str] = (),
    participants_after: Iterable[str] = (),
    data: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The document to insert into `live_events`, in the transaction that makes the change.

    Give the people before and after even when nothing changed for them: both are needed to tell
    who may see the event. `data` must be ready for JSON. What it holds for each type:

    - message_received, message_changed: `message`, as the API shows it.
    - conversation_changed: `conversation`, or the fields of it that changed.
    - conversation_removed: nothing.
    - customer_changed: names of changed `fields`, never their values: everybody who sees one of
      `bot_ids` is told, and may not be allowed to read the customer. `customer_id` is added.
    - bot_changed: nothing secret; every connected client's bots are looked up anew.
    - tags_changed, attributes_changed: nothing; the catalogue is read anew.
    - viewers_changed: `staff`, everybody who has the conversation open now.
    - session_ended: `session_id`, `token_id` or `staff_id`; their sockets are closed.
    """
    document: dict[str, Any] = {
        "type": type,
        "at": at,
        "bot_id": bot_id,
        "assignee": {"before": assignee_before, "after": assignee_after},
        "participants": {
            "before": list(participants_before),
            "after": list(participants_after),
        },
        "data": data or {},
    }
    if further := sorted(set(bot_ids)):
        document["bot_ids"] = further
    if left_bot_id is not None:
        document["left_bot_id"] = left_bot_id
    if conversation_id is not None:
        document["conversation_id"] = conversation_id
    if customer_id is not None:
        document["customer_id"] = customer_id
    return document


def event_from_document(document: dict[str, Any]) -> LiveEvent:
    """The event that `live_event` wrote."""
    bots = [document.get("bot_id"), *document.get("bot_ids", ())]
    return LiveEvent(
        type=document["type"],
        at=document["at"],
        bot_ids=frozenset(bot for bot in bots if bot is not None),
        left_bot_id=document.get("left_bot_id"),
        conversation_id=document.get("conversation_id"),
        customer_id=document.get("customer_id"),
        before=_people(document, "before"),
        after=_people(document, "after"),
        data=document.get("data", {}),
    )


def _people(document: dict[str, Any], when: Literal["before", "after"]) -> People:
    return People(
        document.get("assignee", {}).get(when),
        frozenset(document.get("participants", {}).get(when, ())),
    )
