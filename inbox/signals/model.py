"""The words of signals: what happened, to whom, and what else must be known to heed it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

SignalKind = Literal[
    "customer_wrote",
    "staff_wrote",
    "conversation_closed",
    "automation_resumed",
    "tag_added",
    "tag_removed",
    "opted_out",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """Something that happened; `at` is the platform's time of a message, ours of the rest.

    `bot_id` and `conversation_id` are None where it concerns the customer in every bot (tags).
    `message_id` leads to the words of a message, which are not copied here. `first`: the first
    message that this conversation has of its customer. `late`: it became known long after it
    happened, so that it stops what runs and starts nothing.
    """

    kind: SignalKind
    at: datetime
    customer_id: str
    bot_id: str | None = None
    conversation_id: str | None = None
    message_id: str | None = None
    tag_id: str | None = None
    first: bool = False
    late: bool = False
