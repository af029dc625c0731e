"""Meta's times: milliseconds, seconds, either of them as text, ISO 8601, or nothing."""

from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_SECONDS_END = 10**12  # below it a number means seconds: in ms it would be before September 2001
_END = 253_402_300_800_000  # the year 10000
_LONGEST_NUMBER = 16


def moment(value: Any) -> datetime | None:
    """The UTC time that Meta means, to the millisecond; None when it cannot be told.

    A number below 10^12 is seconds, from there on milliseconds.
    """
    if type(value) is str:
        value = value.strip()
        if not (value.isascii() and value.isdigit()):
            return _from_iso(value)
        value = int(value) if len(value) <= _LONGEST_NUMBER else None
    if type(value) is float and isfinite(value):
        value = int(value)
    if type(value) is not int:
        return None
    milliseconds = value * 1000 if value < _SECONDS_END else value
    if not 0 < milliseconds < _END:
        return None
    return _EPOCH + timedelta(milliseconds=milliseconds)


def to_millisecond(at: datetime) -> datetime:
    """An aware time as UTC, cut to whole milliseconds."""
    at = at.astimezone(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def epoch_ms(at: datetime) -> int:
    return (at - _EPOCH) // _MILLISECOND


def epoch_s(at: datetime) -> int:
    return epoch_ms(at) // 1000


def _from_iso(value: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(value)
        return to_millisecond(at if at.tzinfo else at.replace(tzinfo=UTC))
    except (ValueError, OverflowError):  # no time at all, or one beyond the calendar
        return None
