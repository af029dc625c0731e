"""The configuration of splitting as the API shows it and takes it."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from inbox.bots.model import SplitVisibility
from inbox.http.routing import Body
from inbox.splitting.documents import config_document, rule_document
from inbox.splitting.fairness import in_conversations
from inbox.splitting.model import Eligible, LedgerEntry, Mode, Rule, SplitConfig

MOST_RULES = 100
MOST_IN_POOL = 500
MOST_WEIGHT = 1000
MOST_HOLIDAYS = 100
_DAY_MIN = 24 * 60
_WEEK_MIN = 7 * _DAY_MIN

StaffId = Annotated[str, Field(max_length=64)]
Time = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]
Name = Annotated[str, Field(max_length=200, pattern=r"\S")]


class IntervalBody(Body):
    """From (inclusive) to (exclusive), "HH:MM"; `to` at or before `from` goes over midnight."""

    from_: Annotated[Time, Field(alias="from")]
    to: Time


Intervals = Annotated[list[IntervalBody], Field(max_length=10)]


class WeekBody(Body):
    """The intervals that begin on each day; a day without any is closed."""

    mon: Intervals = Field(default_factory=list)
    tue: Intervals = Field(default_factory=list)
    wed: Intervals = Field(default_factory=list)
    thu: Intervals = Field(default_factory=list)
    fri: Intervals = Field(default_factory=list)
    sat: Intervals = Field(default_factory=list)
    sun: Intervals = Field(default_factory=list)


class ScheduleBody(Body):
    """When it is open in a week."""

    weekdays: WeekBody


class HolidayBody(Body):
    """Days, both included, that are closed or open in `hours` instead."""

    from_: Annotated[date, Field(alias="from")]
    to: date
    name: Annotated[str, Field(max_length=100)] = ""
    hours: Intervals = Field(default_factory=list)


class AlertBody(Body):
    """Whom to tell when a customer has waited so long."""

    after_min: Annotated[int, Field(ge=1, le=_WEEK_MIN)]
    staff_ids: Annotated[list[StaffId], Field(min_length=1, max_length=100)]


class SettingsBody(Body):
    """What is to change of a bot's splitting; absent leaves as it is."""

    enabled: bool | None = None
    visibility: SplitVisibility | None = None
    replier_becomes_assignee: bool | None = None
    replier_takes_over: bool | None = None
    time_zone: Annotated[str, Field(max_length=64)] | None = None
    working_hours: ScheduleBody | None = None
    holidays: Annotated[list[HolidayBody], Field(max_length=MOST_HOLIDAYS)] | None = None
    auto_away_after_min: Annotated[int, Field(ge=1, le=_DAY_MIN)] | None = None
    alert: AlertBody | None = None


class PoolBody(Body):
    """Somebody who may get conversations, and how large their share is."""

    staff_id: StaffId
    weight: Annotated[int, Field(ge=0, le=MOST_WEIGHT)] = 1


class CapBody(Body):
    """How many conversations one may have open, or waiting for an answer."""

    open: Annotated[int, Field(ge=1, le=10_000)] | None = None
    waiting: Annotated[int, Field(ge=1, le=10_000)] | None = None


class RateBody(Body):
    """At most so many conversations in so many minutes."""

    count: Annotated[int, Field(ge=1, le=1000)]
    per_min: Annotated[int, Field(ge=1, le=_DAY_MIN)]


class KeepReturningBody(Body):
    """Whether returning customers go to whom they know."""

    enabled: bool = False
    within_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    whom: Literal["last_carer", "owner"] = "last_carer"
    otherwise: Literal["wait", "pass_on"] = "pass_on"


class ResplitBody(Body):
    """What happens when nobody answers."""

    after_min: Annotated[int, Field(ge=1, le=_WEEK_MIN)]
    action: Literal["transfer", "add"] = "transfer"
    keep: Annotated[int, Field(ge=1, le=20)] = 1
    max_rounds: Annotated[int, Field(ge=1, le=20)] = 3
    working_hours_only: bool = True


class RuleBody(Body):
    """A rule. `when` is `{all: [...]}`, `{any: [...]}` or `{field, op, value}`; the catch-all has
    none. An empty `pool` means every member of the bot.
    """

    name: Name
    enabled: bool = True
    when: dict[str, Any] | None = None
    mode: Mode = "even"
    eligible: Eligible = "all"
    pool: Annotated[list[PoolBody], Field(max_length=MOST_IN_POOL)] = Field(default_factory=list)
    cap: CapBody | None = None
    rate: RateBody | None = None
    keep_returning: KeepReturningBody = KeepReturningBody()
    resplit: ResplitBody | None = None
    redistribute: bool = False
    fallback_staff_id: StaffId | None = None
    excluded_posts: Annotated[
        list[Annotated[str, Field(max_length=128)]], Field(max_length=500)
    ] = Field(default_factory=list)


class OrderBody(Body):
    """Every rule with a condition, in its new order."""

    ids: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=MOST_RULES)]


class ShiftBody(Body):
    """The hours of somebody; null: the working hours of their bot."""

    schedule: ScheduleBody | None


class RuleView(BaseModel):
    """A rule as it stands; `version` goes into If-Match. The catch-all cannot be deleted."""

    id: str
    name: str
    enabled: bool
    catch_all: bool
    when: dict[str, Any] | None
    mode: Mode
    eligible: Eligible
    pool: list[PoolBody]
    cap: CapBody | None
    rate: RateBody | None
    keep_returning: KeepReturningBody
    resplit: ResplitBody | None
    redistribute: bool
    fallback_staff_id: str | None
    excluded_posts: list[str]
    version: int


class ScheduleView(BaseModel):
    """When it is open in a week, by weekday."""

    weekdays: dict[str, list[dict[str, str]]]


class HolidayView(BaseModel):
    """Days that are closed, or open in `hours` instead."""

    from_: Annotated[date, Field(alias="from", serialization_alias="from")]
    to: date
    name: str
    hours: list[dict[str, str]]


class SplitConfigView(BaseModel):
    """How a bot divides its conversations; `version` goes into If-Match."""

    enabled: bool
    visibility: SplitVisibility
    replier_becomes_assignee: bool
    replier_takes_over: bool
    time_zone: str
    working_hours: ScheduleView
    holidays: list[HolidayView]
    auto_away_after_min: int
    alert: AlertBody | None
    version: int
    rules: list[RuleView]


class ShareView(BaseModel):
    """What one person got from one rule.

    `wanted` and `got` are shares of the rule's turns from 0 to 1; `owed` is in conversations
    (negative: had too many). `sticky`, `fallback` and `manual` came beside the turns.
    """

    staff_id: str
    weight: int
    wanted: float
    got: float
    owed: float
    given: int
    sticky: int
    fallback: int
    manual: int
    last_given_at: datetime | None


class RuleLedgerView(BaseModel):
    """What a rule gave to whom."""

    rule_id: str
    rule_name: str
    shares: list[ShareView]


class LedgerView(BaseModel):
    """The books of a bot's splitting."""

    rules: list[RuleLedgerView]


class ShiftView(BaseModel):
    """The hours of somebody; null: those of their bot."""

    staff_id: str
    schedule: ScheduleView | None


def config_view(config: SplitConfig) -> SplitConfigView:
    document = config_document(config)
    return SplitConfigView.model_validate(
        {**document, "rules": [rule_view(rule) for rule in config.rules]}
    )


def rule_view(rule: Rule) -> RuleView:
    document = rule_document(rule)
    return RuleView.model_validate(
        {name: document[name] for name in RuleView.model_fields if name in document}
        | {"id": rule.id, "catch_all": rule.when is None}
    )


def ledger_view(config: SplitConfig, ledger: dict[tuple[str, str], LedgerEntry]) -> LedgerView:
    """`config` with its pools filled in."""
    return LedgerView(rules=[_rule_ledger(rule, ledger) for rule in config.rules])


def _rule_ledger(rule: Rule, ledger: dict[tuple[str, str], LedgerEntry]) -> RuleLedgerView:
    weights = {one.staff_id: one.weight for one in rule.pool}
    entries = {staff: entry for (rule_id, staff), entry in ledger.items() if rule_id == rule.id}
    for staff_id in weights.keys() - entries.keys():
        entries[staff_id] = LedgerEntry(rule_id=rule.id, staff_id=staff_id)
    all_weights = sum(weights.values()) or 1
    all_given = sum(entry.given for entry in entries.values()) or 1
    shares = [
        ShareView(
            staff_id=staff_id,
            weight=weights.get(staff_id, 0),
            wanted=round(weights.get(staff_id, 0) / all_weights, 4),
            got=round(entry.given / all_given, 4),
            owed=in_conversations(entry.lag),
            given=entry.given,
            sticky=entry.sticky,
            fallback=entry.fallback,
            manual=entry.manual,
            last_given_at=entry.last_given_at,
        )
        for staff_id, entry in sorted(entries.items())
    ]
    return RuleLedgerView(rule_id=rule.id, rule_name=rule.name, shares=shares)
