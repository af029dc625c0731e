"""Whether an arrival meets the condition of a rule."""

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any

from inbox.splitting.model import (
    WEEKDAYS,
    AllOf,
    AnyOf,
    Arrival,
    Comparison,
    Condition,
    Field,
    Operator,
)
from inbox.splitting.schedules import Hours
from inbox.text import fold

_NEGATIONS: dict[Operator, Operator] = {
    "is_not": "is",
    "not_in": "in",
    "not_contains": "contains",
    "not_exists": "exists",
}


def matches(condition: Condition | None, arrival: Arrival, hours: Hours) -> bool:
    """None, the catch-all, is met by everything. Times are those of the arrival, in the bot's zone.

    `hours` are the bot's working hours with its holidays.
    """
    match condition:
        case None:
            return True
        case AllOf(conditions):
            return all(matches(one, arrival, hours) for one in conditions)
        case AnyOf(conditions):
            return any(matches(one, arrival, hours) for one in conditions)
        case Comparison():
            return _holds(condition, arrival, hours)


def asks_for(condition: Condition | None, field: Field) -> bool:
    """Whether a condition looks at a fact."""
    match condition:
        case None:
            return False
        case AllOf(conditions) | AnyOf(conditions):
            return any(asks_for(one, field) for one in conditions)
        case Comparison():
            return condition.field == field


def _holds(comparison: Comparison, arrival: Arrival, hours: Hours) -> bool:
    negated = _NEGATIONS.get(comparison.op)
    if negated is not None:
        positive = Comparison(comparison.field, negated, comparison.value, comparison.name)
        return not _holds(positive, arrival, hours)
    match comparison.field:
        case "keyword":
            return has_keyword(arrival.text or "", _listed(comparison.value))
        case "hour" | "weekday" | "working_hours":
            return _in_time(comparison, arrival.at, hours)
        case "attribute":
            return _compared(comparison, arrival.attributes.get(comparison.name or ""))
        case _:
            return _compared(comparison, _FACTS[comparison.field](arrival))


def _in_time(comparison: Comparison, at: datetime, hours: Hours) -> bool:
    if comparison.field == "working_hours":
        return hours.is_open(at) is (comparison.value == "inside")
    local = hours.local(at)
    if comparison.field == "weekday":
        return WEEKDAYS[local.weekday()] in _listed(comparison.value)
    if comparison.op != "between":
        return local.hour in _listed(comparison.value)
    start, end = map(str, comparison.value)
    now = f"{local.hour:02}:{local.minute:02}"
    return start <= now < end if start < end else now >= start or now < end


_FACTS: dict[Field, Callable[[Arrival], Any]] = {
    "channel": lambda arrival: arrival.channel,
    "account": lambda arrival: arrival.account,
    "kind": lambda arrival: arrival.kind,
    "post": lambda arrival: arrival.post,
    "ad": lambda arrival: arrival.ad,
    "referral": lambda arrival: arrival.referral,
    "tag": lambda arrival: arrival.tags,
    "province": lambda arrival: arrival.province,
    "returning": lambda arrival: arrival.returning,
}


def _compared(comparison: Comparison, fact: Any) -> bool:
    facts = {_plain(one) for one in _listed(fact)} - {""}
    if comparison.op == "exists":
        return bool(facts)
    wanted = [_plain(one) for one in _listed(comparison.value)]
    if comparison.op == "contains":
        return any(str(part) in str(one) for part in wanted for one in facts)
    return any(one in facts for one in wanted)


def _plain(value: Any) -> Any:
    """Text without case and accents; True stays apart from 1, a number from its text does not."""
    if isinstance(value, bool):
        return value, bool
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return fold(str(value))


def _listed(value: Any) -> tuple[Any, ...]:
    if value is None:
        return ()
    return tuple(value) if isinstance(value, tuple | list | frozenset | set) else (value,)


@lru_cache(maxsize=1024)
def words_of(text: str) -> str:
    """The words of `text`, folded, with one blank before and after each: " bao gia ao "."""
    folded = "".join(c if c.isalnum() else " " for c in fold(text))
    return f" {' '.join(folded.split())} "


def has_keyword(text: str, keywords: tuple[Any, ...]) -> bool:
    """Whether one of `keywords` stands in `text` as whole words: "giá" in "cho xin GIA nhé".

    A keyword that ends in * needs only to begin there: "ship*" finds "shipping".
    """
    words = words_of(text)
    for keyword in keywords:
        wanted = words_of(str(keyword))
        if str(keyword).rstrip().endswith("*"):
            wanted = wanted.rstrip()
        if wanted.strip() and wanted in words:
            return True
    return False
