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
    "presence_changed",
    "notice",
    "tags_changed",
    "attributes_changed",
    "viewers_changed",
    "enrolments_changed",
    "customer_noted",
    "session_ended",
]
FrameType = EventType | Literal["hello", "resync", "pong"]


SplitState = Literal["off", "pending", "waiting", "assigned", "claimable", "manual", "released"]
"""How far splitting is: `released` was given to everybody in vain, the rest say it themselves."""


@dataclass(frozen=True, slots=True)
class People:
    """Who was in charge of a conversation at one moment, and how far its splitting was."""

    assignee_id: str | None = None
    participant_ids: frozenset[str] = frozenset()
    split: SplitState = "off"


NOBODY = People()


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveEvent:
    """Something that happened, with everything needed to say who may know of it.

    `bot_ids`: the bot of the conversation, or all bots a customer wrote to. `left_bot_id`: the
    bot that a conversation was in until now, when it has moved. `before` and `after`
    are the people in charge of the conversation; equal when they did not change. `staff_ids`: the
    only people who are told, whatever they see; None for what is not meant for anybody by name.
    `id` is its document's: the same event, told twice, has the same.
    """

    type: EventType
    at: datetime
    id: str = field(default="", compare=False)
    bot_ids: frozenset[str] = frozenset()
    left_bot_id: str | None = None
    conversation_id: str | None = None
    customer_id: str | None = None
    staff_ids: frozenset[str] | None = None
    before: People = NOBODY
    after: People = NOBODY
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
    people: People = NOBODY,
    people_before: People | None = None,
    staff_ids: Iterable[str] | None = None,
    data: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The document to insert into `live_events`, in the transaction that makes the change.

    Of a conversation, give its `people` (`inbox.conversations.visibility.people_of`), and
    `people_before` where they have just changed: both are needed to tell who may see the event.
    `data` must be ready for JSON. What it holds for each type:

    - message_received, message_changed: `message`, as the API shows it. `late: true` with a new one
      that is older than an hour: it is shown and counted, and nothing rings or answers.
    - conversation_changed: `conversation`, or the fields of it that changed.
    - conversation_removed: nothing.
    - customer_changed: names of changed `fields`, never their values: everybody who sees one of
      `bot_ids` is told, and may not be allowed to read the customer. `customer_id` is added.
    - bot_changed: nothing secret; every connected client's bots are looked up anew.
    - presence_changed: `staff_id`, `state`, `since`; whoever shares one of `bot_ids` is told.
    - notice: a notice of one of `staff_ids`, as the API shows it; nobody else is told.
    - customer_noted: `kind` and `interaction_id` of what a platform told of a customer, never what
      it told: everybody who sees the conversation is told.
    - tags_changed, attributes_changed: nothing; the catalogue is read anew.
    - viewers_changed: `staff`, everybody who has the conversation open now.
    - session_ended: `session_id`, `token_id` or `staff_id`; their sockets are closed.
    """
    before = people if people_before is None else people_before
    document: dict[str, Any] = {
        "type": type,
        "at": at,
        "bot_id": bot_id,
        "assignee": {"before": before.assignee_id, "after": people.assignee_id},
        "participants": {
            "before": sorted(before.participant_ids),
            "after": sorted(people.participant_ids),
        },
        "split": {"before": before.split, "after": people.split},
        "data": data or {},
    }
    if further := sorted(set(bot_ids)):
        document["bot_ids"] = further
    if left_bot_id is not None:
        document["left_bot_id"] = left_bot_id
    if staff_ids is not None:
        document["staff_ids"] = sorted(set(staff_ids))
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
        id=str(document.get("_id", "")),
        bot_ids=frozenset(bot for bot in bots if bot is not None),
        left_bot_id=document.get("left_bot_id"),
        conversation_id=document.get("conversation_id"),
        customer_id=document.get("customer_id"),
        staff_ids=frozenset(document["staff_ids"]) if "staff_ids" in document else None,
        before=_people(document, "before"),
        after=_people(document, "after"),
        data=document.get("data", {}),
    )


def _people(document: dict[str, Any], when: Literal["before", "after"]) -> People:
    return People(
        document.get("assignee", {}).get(when),
        frozenset(document.get("participants", {}).get(when, ())),
        document.get("split", {}).get(when, "off"),
    )
