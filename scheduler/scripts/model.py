"""The words of timed scripts: steps, when they are due, enrolments and what became of each step."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from inbox.splitting.model import Schedule

Unit = Literal["second", "minute", "hour", "day"]
Past = Literal["stop", "go_on"]
"""What a moment that is over already does: ends the enrolment, or sends at once."""
StopOn = Literal["customer_replies", "staff_replies", "conversation_closed"]
Outside = Literal["skip", "hold", "hand_over"]
"""A step outside the platform's reply window: skipped, held until it opens, or an agent is told."""
EnrolmentStatus = Literal["active", "paused", "done", "stopped"]
StopReason = Literal[
    "detached",
    "customer_replied",
    "staff_replied",
    "conversation_closed",
    "tag_added",
    "tag_removed",
    "opted_out",
    "script_deleted",
    "past",  # a fixed moment was over
    "no_date",  # the customer has no such date
    "no_conversation",
    "merged",  # the same script runs for the record that the customer was merged with
    "moved",  # the account is in another bot now
]
Holding = Literal["window", "script_off", "human"]
"""Why an enrolment waits for something else than a time: the customer to write, the script to be
switched on, a person to give the conversation back."""
Via = Literal["staff", "tag_added", "first_message", "keyword", "cron"]
StepResult = Literal["sent", "skipped", "failed"]
SkipReason = Literal["window", "by_hand", "handed_over"]


@dataclass(frozen=True, slots=True)
class Delay:
    """So long after the step before went out, the first one after enrolling."""

    n: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class ClockTime:
    """At a time of day (minutes after midnight), so many days after the step before.

    With 0 days it is the next time that the clock shows it.
    """

    days: int
    at: int


@dataclass(frozen=True, slots=True)
class FixedTime:
    """At one moment for everybody, as the clock on the wall of the bot shows it (no zone)."""

    at: datetime
    past: Past = "stop"


@dataclass(frozen=True, slots=True)
class AttributeTime:
    """So many days from a date attribute of the customer (negative: before it), at a time of day.

    `yearly`: the next time that day comes round, as birthdays do.
    """

    attribute: str
    days: int
    at: int
    yearly: bool = False
    past: Past = "stop"


When = Delay | ClockTime | FixedTime | AttributeTime


@dataclass(frozen=True, slots=True)
class Content:
    """What a step says. `text` may hold placeholders; files are uploads."""

    text: str | None = None
    upload_ids: tuple[str, ...] = ()
    buttons: tuple[Mapping[str, str], ...] = ()
    quick_replies: tuple[Mapping[str, str], ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.text and self.text.strip()) and not self.upload_ids


@dataclass(frozen=True, slots=True)
class Step:
    """One message. Its `id` never changes, however often the step is edited or moved."""

    id: str
    when: When
    content: Content
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Stops:
    """What ends an enrolment by itself."""

    on: frozenset[StopOn] = frozenset()
    tags_added: frozenset[str] = frozenset()
    tags_removed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TagAdded:
    """Attaches to a customer who gets one of these tags."""

    tag_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FirstMessage:
    """Attaches to a customer who writes to this bot for the first time."""


@dataclass(frozen=True, slots=True)
class Keyword:
    """Attaches to a customer who writes one of these words (`splitting.conditions.has_keyword`)."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recurring:
    """At the times of a crontab, in the zone of the bot, attaches to who has one of these tags."""

    crontab: str
    tag_ids: tuple[str, ...]


Trigger = TagAdded | FirstMessage | Keyword | Recurring


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Ordered steps of one bot. `window` None sends at any time; `repeat` lets a customer run it
    again after it is done.
    """

    id: str
    bot_id: str
    name: str
    enabled: bool
    steps: tuple[Step, ...]
    window: Schedule | None = None
    stops: Stops = Stops()
    repeat: bool = False
    outside: Outside = "skip"
    triggers: tuple[Trigger, ...] = ()
    created_at: datetime
    version: int = 1

    @property
    def is_attachable(self) -> bool:
        """Whether there is anything to send."""
        return self.enabled and any(s.enabled and not s.content.is_empty for s in self.steps)


@dataclass(frozen=True, slots=True)
class StepLog:
    """What became of a step. `message_id` leads to the message, whose own state tells the rest."""

    step_id: str
    result: StepResult
    at: datetime
    reason: str | None = None
    message_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """One customer on one script. `next_at` is when the next step is due; `via` what attached it,
    `by` whoever did, if it was a person.
    """

    id: str
    script_id: str
    bot_id: str
    customer_id: str
    conversation_id: str | None
    status: EnrolmentStatus
    started_at: datetime
    by: str | None
    next_step_id: str | None = None
    next_at: datetime | None = None
    log: tuple[StepLog, ...] = ()
    reason: StopReason | None = None
    paused_at: datetime | None = None
    ended_at: datetime | None = None
    holding: Holding | None = None
    via: Via = "staff"
    script_created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Next:
    """The step that is due next and when; or why there is none."""

    step: Step | None = None
    at: datetime | None = None
    ends: Literal["done"] | StopReason | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What timing asks of the customer and the bot."""

    time_zone: str
    attributes: Mapping[str, Any]
    holidays: tuple[Any, ...] = ()
