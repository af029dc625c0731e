"""Zalo's timestamps: mostly epoch milliseconds as text, sometimes seconds, sometimes nonsense."""

from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MILLISECONDS = 10**12
_SECONDS = range(10**9, 10**10)
_LAST_MILLISECONDS = 253_402_300_799_999  # 9999-12-31, the last that a datetime holds
_MOST_DIGITS = 15


def moment(value: Any, fallback: datetime) -> datetime:
    """The time that `value` means, in UTC with millisecond precision, or `fallback`.

    `value`: a string or an integer; from 1e12 on it is milliseconds, 1e9 to 1e10 seconds.
    Anything else (the documentation's examples have 11 and 12 digits) means nothing.
    """
    number = _whole_number(value)
    if _FIRST_MILLISECONDS <= number <= _LAST_MILLISECONDS:
        return _EPOCH + timedelta(milliseconds=number)
    if number in _SECONDS:
        return _EPOCH + timedelta(seconds=number)
    return to_milliseconds(fallback)


def to_milliseconds(time: datetime) -> datetime:
    """`time` in UTC without what a BSON date cannot hold."""
    return time.astimezone(UTC).replace(microsecond=time.microsecond // 1000 * 1000)


def _whole_number(value: Any) -> int:
    if isinstance(value, str):
        digits = value.strip()
        if len(digits) <= _MOST_DIGITS and digits.isascii() and digits.isdigit():
            return int(digits)
    elif isinstance(value, int):
        return value
    return 0
