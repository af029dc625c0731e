"""When a step is due: delays, clock times and dates, in the time zone of the bot. Pure.

APScheduler's triggers compute the calendar (`CronTrigger`); nothing of it is scheduled here.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

from inbox.splitting.model import Holiday
from inbox.splitting.schedules import Hours, hours_of
from scheduler.scripts.model import (
    AttributeTime,
    ClockTime,
    Delay,
    Facts,
    FixedTime,
    Next,
    Recurring,
    Script,
    Step,
    StepLog,
    Unit,
    When,
)

_UNITS: Mapping[Unit, timedelta] = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
_FEBRUARY = 2
_LEAP_DAY = 29
_WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_FIELDS = 5
"""minute hour day month weekday"""


class NoSuchMoment(Exception):
    """There is no moment: `reason` is "past" or "no_date"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def due_at(when: When, base: datetime, facts: Facts) -> datetime:
    """When a step is due that comes after `base`, in UTC; never before it.

    Raises:
        NoSuchMoment: it is over and the step says stop, or the customer has no such date.
    """
    zone = ZoneInfo(facts.time_zone)
    match when:
        case Delay():
            return base + length_of(when)
        case ClockTime(days, at):
            return _clock_time(days, at, base, zone)
        case FixedTime(at, past):
            return _not_over(_moment(at.date(), at.time(), zone), base, past)
        case AttributeTime():
            return _from_attribute(when, base, facts, zone)


def length_of(delay: Delay) -> timedelta:
    return delay.n * _UNITS[delay.unit]


def deferred(at: datetime, window: Hours | None) -> datetime | None:
    """The first moment from `at` on at which sending is allowed; None is never."""
    return at if window is None else window.next_opening(at)


def window_hours(script: Script, facts: Facts) -> Hours | None:
    """The hours in which a script may send, holidays closed; None is any time."""
    if script.window is None:
        return None
    holidays: tuple[Holiday, ...] = facts.holidays
    return hours_of(script.window, holidays, facts.time_zone)


def next_step(script: Script, log: tuple[StepLog, ...], base: datetime, facts: Facts) -> Next:
    """What comes after the steps in `log`; `base` is when the last one ended, or the start.

    Steps are those that the script has now: new content counts, removed and disabled steps are
    passed over, and nothing before the last step that is done is gone back to.
    """
    step = _after(script.steps, log)
    if step is None:
        return Next(ends="done")
    try:
        at = due_at(step.when, base, facts)
    except NoSuchMoment as error:
        return Next(step, ends=error.reason)  # type: ignore[arg-type]
    opening = deferred(at, window_hours(script, facts))
    return Next(step, opening) if opening is not None else Next(step, ends="past")


def _after(steps: tuple[Step, ...], log: tuple[StepLog, ...]) -> Step | None:
    done = {one.step_id for one in log}
    places = [place for place, step in enumerate(steps) if step.id in done]
    start = places[-1] + 1 if places else 0
    for step in steps[start:]:
        if step.enabled and not step.content.is_empty and step.id not in done:
            return step
    return None


def crontab(text: str, zone: str) -> CronTrigger:
    """A trigger of five fields, "minute hour day month weekday".

    Weekdays by name only: the library counts them from Monday where everybody else counts from
    Sunday. https://github.com/agronholm/apscheduler/issues/495

    Raises:
        ValueError: not five fields, a weekday by number, or values that do not exist.
    """
    fields = text.split()
    if len(fields) != _FIELDS:
        raise ValueError("write five fields: minute hour day month weekday")
    minute, hour, day, month, weekday = fields
    if any(character.isdigit() for character in weekday):
        raise ValueError(f"write weekdays by name: {', '.join(_WEEKDAYS)}")
    return CronTrigger(
        minute=minute,
        hour=hour,
        day=day,
        month=month,
        day_of_week=weekday.lower(),
        timezone=ZoneInfo(zone),
    )


def next_run(trigger: CronTrigger, after: datetime) -> datetime | None:
    """The first time after `after`, in UTC; None is never."""
    found: datetime | None = trigger.get_next_fire_time(after, after + timedelta(microseconds=1))
    return None if found is None else found.astimezone(UTC)


def calendar_of(script: Script, time_zone: str, after: datetime) -> datetime | None:
    """When a script attaches itself next by a calendar; None is never."""
    if not script.is_attachable:
        return None
    runs = (
        next_run(crontab(one.crontab, time_zone), after)
        for one in script.triggers
        if isinstance(one, Recurring)
    )
    return min((at for at in runs if at is not None), default=None)


def _clock_time(days: int, at: int, base: datetime, zone: ZoneInfo) -> datetime:
    day = base.astimezone(zone).date() + timedelta(days=days)
    moment = _moment(day, _time(at), zone)
    if moment < base:  # only with 0 days: that time of today is over
        moment = _moment(day + timedelta(days=1), _time(at), zone)
    return moment


def _from_attribute(when: AttributeTime, base: datetime, facts: Facts, zone: ZoneInfo) -> datetime:
    day = _date(facts.attributes.get(when.attribute))
    if day is None:
        raise NoSuchMoment("no_date")
    if not when.yearly:
        moment = _moment(day + timedelta(days=when.days), _time(when.at), zone)
        return _not_over(moment, base, when.past)
    this_year = base.astimezone(zone).year
    for year in range(this_year - 1, this_year + 3):
        shifted = _in_year(day, year) + timedelta(days=when.days)
        moment = _moment(shifted, _time(when.at), zone)
        if moment >= base:
            return moment
    raise AssertionError("a day of the year comes every year")


def _in_year(day: date, year: int) -> date:
    """The same day of another year; the 29th of February is the 28th where there is none."""
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, _FEBRUARY, _LEAP_DAY - 1)


def _date(value: Any) -> date | None:
    """Dates are kept as text, "2026-11-22": a birthday has no time zone."""
    if not isinstance(value, str):
        return None
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        return None


def _not_over(moment: datetime, base: datetime, past: str) -> datetime:
    if moment >= base:
        return moment
    if past == "stop":
        raise NoSuchMoment("past")
    return base


def _time(minutes: int) -> time:
    return time(minutes // 60, minutes % 60)


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """A local time that a change of the clocks skips is that much later; twice: the first."""
    return datetime.combine(day, at.replace(tzinfo=None), zone).astimezone(UTC)
