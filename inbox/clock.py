"""The time, asked of one object so that tests can set it."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What time it is; always timezone-aware UTC, in whole milliseconds as MongoDB keeps it."""

    def now(self) -> datetime: ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        return to_milliseconds(datetime.now(UTC))  # noqa: TID251 - the one place that may ask


class FixedClock:
    """A clock that moves only when told to."""

    def __init__(self, now: datetime) -> None:
        self._now = to_milliseconds(now)

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        self._now = to_milliseconds(self._now + by)


def to_milliseconds(moment: datetime) -> datetime:
    """Cut to whole milliseconds: what MongoDB gives back then equals what was stored."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
