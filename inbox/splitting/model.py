"""The words of splitting: a bot's configuration, and what a decision looks at and says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from inbox.bots.model import SplitVisibility
from inbox.conversations.model import Channel, ConversationKind

Mode = Literal["even", "weighted", "least_loaded", "longest_idle", "claim", "manual", "fixed"]
Eligible = Literal["all", "online", "on_shift", "online_on_shift"]
PresenceState = Literal["online", "away", "offline"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Field = Literal[
    "channel",
    "account",
    "kind",
    "post",
    "ad",
    "referral",
    "tag",
    "attribute",
    "province",
    "returning",
    "keyword",
    "hour",
    "weekday",
    "working_hours",
]
Operator = Literal[
    "is", "is_not", "in", "not_in", "contains", "not_contains", "exists", "not_exists", "between"
]
Outcome = Literal["assigned", "fallback", "waiting", "claimable", "manual", "excluded_source"]
Way = Literal["turn", "load", "idle", "fixed", "returning", "fallback"]
"""How the chosen one was found; only `turn`, `load`, `idle` and `fixed` use a turn."""
ExclusionReason = Literal[
    "inactive",  # left the company
    "not_member",  # not in this bot
    "paused",  # "Nhận dữ liệu" is off
    "tried",  # had it already in this chain: {round}
    "excluded",  # named by the caller: the one it is taken from
    "away",  # {since}
    "offline",  # {since}
    "off_shift",  # {until} when the next shift starts
    "cap_open",  # {have, cap}
    "cap_waiting",  # {have, cap}
    "rate",  # {count, per_min, frees_at}
    "no_weight",  # a weight of 0
]
ReceiptKind = Literal[
    "assigned",
    "waiting",
    "claimable",
    "manual",
    "claimed",
    "transferred",
    "taken_over",
    "resplit",
    "released",
    "handed_over",
    "participant_added",
    "participant_removed",
    "unassigned",
]

WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DEFAULT_TIME_ZONE = "Asia/Ho_Chi_Minh"
DAY_MIN = 24 * 60


@dataclass(frozen=True, slots=True)
class Interval:
    """From `start` (inclusive) to `end` (exclusive), in minutes after local midnight.

    `end` <= `start` goes over midnight into the next day; equal ones are 24 hours.
    """

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """When it is open in a week: the intervals that begin on each of seven days, Monday first."""

    weekdays: tuple[tuple[Interval, ...], ...]


DEFAULT_HOURS = Schedule(((Interval(8 * 60, 23 * 60),),) * 7)
"""8:00 to 23:00 every day."""


@dataclass(frozen=True, slots=True)
class Holiday:
    """Days (both included) that are closed, or open in `hours` instead of the weekday's."""

    first: date
    last: date
    name: str
    hours: tuple[Interval, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """One fact of an arrival compared with `value`; `name` says which attribute."""

    field: Field
    op: Operator
    value: Any = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class AllOf:
    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    conditions: tuple["Condition", ...]


Condition = AllOf | AnyOf | Comparison


@dataclass(frozen=True, slots=True)
class PoolEntry:
    """A person who may get conversations of a rule; `weight` is a whole number from 0 on."""

    staff_id: str
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Cap:
    """How many conversations a person may have open, or waiting for an answer."""

    open: int | None = None
    waiting: int | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` conversations of the rule per person in any `per_min` minutes."""

    count: int
    per_min: int


@dataclass(frozen=True, slots=True)
class KeepReturning:
    """Returning customers go to whom they know, if that one is eligible.

    `within_days` counts from the carer's last answer; None is without end.
    """

    enabled: bool = False
    within_days: int | None = None
    whom: Literal["last_carer", "owner"] = "last_carer"
    otherwise: Literal["wait", "pass_on"] = "pass_on"


@dataclass(frozen=True, slots=True)
class Resplit:
    """What happens when nobody answers for `after_min` minutes.

    `add` keeps the first `keep` people on it; after `max_rounds` it is unassigned.
    """

    after_min: int
    action: Literal["transfer", "add"] = "transfer"
    keep: int = 1
    max_rounds: int = 3
    working_hours_only: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of the ordered list. `when` None is the catch-all, which is always last.

    `redistribute`: what nobody has answered yet is given to others when its person takes a
    break, goes offline, ends the shift or leaves.
    """

    id: str
    bot_id: str
    position: int
    name: str
    enabled: bool = True
    when: Condition | None = None
    mode: Mode = "even"
    eligible: Eligible = "all"
    pool: tuple[PoolEntry, ...] = ()
    cap: Cap | None = None
    rate: Rate | None = None
    keep_returning: KeepReturning = KeepReturning()
    resplit: Resplit | None = None
    redistribute: bool = False
    fallback_staff_id: str | None = None
    excluded_posts: frozenset[str] = frozenset()
    created_at: datetime | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class Alert:
    """Whom to tell when a customer has waited for `after_min` minutes."""

    after_min: int
    staff_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitConfig:
    """How one bot divides its conversations: its settings and its rules in their order."""

    bot_id: str
    enabled: bool = False
    visibility: SplitVisibility = "own_unassigned"
    replier_becomes_assignee: bool = True
    replier_takes_over: bool = False
    time_zone: str = DEFAULT_TIME_ZONE
    working_hours: Schedule = DEFAULT_HOURS
    holidays: tuple[Holiday, ...] = ()
    auto_away_after_min: int = 10
    alert: Alert | None = None
    version: int = 1
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What is known of a conversation that is to be split.

    `account` is the account key; `tags` are ids; `text` is the customer's first message of this
    visit, `at` when it came. `tried` had it already in this chain, in order; `excluded` must not
    get it now. `round` is 0 for a new conversation and counts re-splits.
    """

    conversation_id: str
    channel: Channel
    account: str
    at: datetime
    kind: ConversationKind = "inbox"
    post: str | None = None
    ad: str | None = None
    referral: str | None = None
    tags: frozenset[str] = frozenset()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    province: str | None = None
    returning: bool = False
    last_carer_id: str | None = None
    last_cared_at: datetime | None = None
    owner_id: str | None = None
    text: str | None = None
    tried: tuple[str, ...] = ()
    excluded: frozenset[str] = frozenset()
    assignee_id: str | None = None
    round: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A member of staff at the moment of a decision.

    `open` and `waiting` count conversations over all bots. `presence_since`: since when away or
    offline. `next_shift_at`: when the next shift starts, for one who is not on shift.
    `last_given_at` is the last conversation given by any rule, `last_active_at` the last answer.
    """

    id: str
    name: str = ""
    active: bool = True
    member: bool = True
    receiving: bool = True
    presence: PresenceState = "online"
    presence_since: datetime | None = None
    on_shift: bool = True
    next_shift_at: datetime | None = None
    open: int = 0
    waiting: int = 0
    last_given_at: datetime | None = None
    last_active_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """What one person got from one rule.

    `given` counts turns; `sticky`, `fallback` and `manual` came beside the turns. `lag` is what
    the person is owed, in units of fairness.UNIT to a conversation (negative: had too many).
    `period_lag` is the same since the set of eligible people or their weights last changed, and
    `period` names that set. `turn` is the number of the rule's turn that was the last one given.
    `recent` are the last times of getting one, as many as the rule's rate asks for, oldest first.
    """

    rule_id: str
    staff_id: str
    bot_id: str = ""
    given: int = 0
    lag: int = 0
    period_lag: int = 0
    period: str | None = None
    turn: int = 0
    sticky: int = 0
    fallback: int = 0
    manual: int = 0
    last_given_at: datetime | None = None
    recent: tuple[datetime, ...] = ()


Ledger = Mapping[tuple[str, str], LedgerEntry]
"""By (rule id, staff id); whoever is missing has had nothing."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One who could have got it, with the numbers compared. `lag` in conversations, before."""

    staff_id: str
    weight: int
    lag: float
    load: int
    last_given_at: datetime | None


@dataclass(frozen=True, slots=True)
class Exclusion:
    """One who could not get it: a stable reason code and its numbers."""

    staff_id: str
    reason: ExclusionReason
    numbers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReceiptActor:
    kind: Literal["system", "staff"] = "system"
    id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Why a conversation belongs to whom: everything a sentence about it needs, but no names.

    `numbers` of a decision: mode, way, turn_used, why (of waiting), retry_at.
    """

    conversation_id: str
    bot_id: str
    kind: ReceiptKind
    at: datetime
    rule_id: str | None = None
    rule_name: str | None = None
    round: int = 0
    chosen: str | None = None
    before: str | None = None
    candidates: tuple[Candidate, ...] = ()
    excluded: tuple[Exclusion, ...] = ()
    numbers: Mapping[str, Any] = field(default_factory=dict)
    actor: ReceiptActor = ReceiptActor()
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is to be done with a conversation, and the entries of the ledger that change by it.

    `retry_at`: when another try may end differently by the clock alone (a shift starts, a rate
    frees up); None when only an event can change it (somebody comes online, a cap frees up).
    """

    outcome: Outcome
    receipt: Receipt
    chosen: str | None = None
    rule: Rule | None = None
    way: Way | None = None
    turn_used: bool = False
    retry_at: datetime | None = None
    ledger: tuple[LedgerEntry, ...] = ()
