"""When a step is due, as somebody wrote it: which fields its kind needs, and their ranges. Pure."""

import re
from collections.abc import Collection
from datetime import datetime
from typing import Any

from inbox.errors import FieldErrors
from inbox.splitting.documents import clock_minutes
from scheduler.scripts.model import AttributeTime, ClockTime, Delay, FixedTime, Unit, When
from scheduler.scripts.view import WhenBody
from scheduler.scripts.wording import wrong

LONGEST_DAYS = 730
"""How long after the step before, at most."""

_NEEDED = {
    "delay": {"n", "unit"},
    "clock": {"days", "at"},
    "fixed": {"at"},
    "attribute": {"attribute", "days", "at"},
}
_ALLOWED = {
    "delay": set[str](),
    "clock": set[str](),
    "fixed": {"past"},
    "attribute": {"yearly", "past"},
}
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_LOCAL = re.compile(r"\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_PER_DAY: dict[Unit, int] = {"second": 86_400, "minute": 1440, "hour": 24, "day": 1}
_FIRST_YEAR, _LAST_YEAR = 2000, 2199
"""Calendars compute with the days around, which must exist too."""


def when_of(
    body: WhenBody, path: str, date_attributes: Collection[str], errors: FieldErrors
) -> When | None:
    """The moment that `body` describes; None when something is wrong, which goes into `errors`."""
    given: dict[str, Any] = body.model_dump(exclude={"kind"}, exclude_none=True)
    needed = _NEEDED[body.kind]
    found = FieldErrors()
    for name in sorted(needed - given.keys()):
        wrong(found, f"{path}.{name}", "required")
    for name in sorted(given.keys() - needed - _ALLOWED[body.kind]):
        wrong(found, f"{path}.{name}", "not_of_this_kind")
    _check_ranges(body, path, found)
    attribute = body.attribute
    if body.kind == "attribute" and attribute is not None and attribute not in date_attributes:
        wrong(found, f"{path}.attribute", "unknown_attribute")
    errors.errors += found.errors
    return None if found.errors else _moment(body)


def _check_ranges(body: WhenBody, path: str, errors: FieldErrors) -> None:
    if body.kind == "delay":
        if body.n and body.unit and body.n > LONGEST_DAYS * _PER_DAY[body.unit]:
            wrong(errors, f"{path}.n", "too_far", most=LONGEST_DAYS)
        return
    if body.kind == "fixed":
        if body.at is not None and _local_moment(body.at) is None:
            wrong(errors, f"{path}.at", "no_moment")
        return
    if body.at is not None and not _CLOCK.fullmatch(body.at):
        wrong(errors, f"{path}.at", "no_clock_time")
    if body.days is not None and abs(body.days) > LONGEST_DAYS:
        wrong(errors, f"{path}.days", "too_far", most=LONGEST_DAYS)
    elif body.kind == "clock" and body.days is not None and body.days < 0:
        wrong(errors, f"{path}.days", "not_before")


def _moment(body: WhenBody) -> When:
    """Of a body in which everything that its kind needs is there and right."""
    at, past = body.at or "", body.past or "stop"
    match body.kind:
        case "delay":
            return Delay(body.n or 0, body.unit or "hour")
        case "clock":
            return ClockTime(body.days or 0, clock_minutes(at))
        case "fixed":
            return FixedTime(datetime.fromisoformat(at), past)
        case "attribute":
            return AttributeTime(
                body.attribute or "", body.days or 0, clock_minutes(at), bool(body.yearly), past
            )


def _local_moment(text: str) -> datetime | None:
    if not _LOCAL.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if _FIRST_YEAR <= moment.year <= _LAST_YEAR else None
