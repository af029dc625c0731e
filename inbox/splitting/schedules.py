"""Open or closed: weekly hours, over midnight, with holidays, in the time zone of a bot."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from inbox.splitting.model import DAY_MIN, Holiday, Interval, Schedule

_ONE_DAY = timedelta(days=1)
_HORIZON_DAYS = 400
"""How far ahead an opening or a closing is looked for; what is later counts as never."""
_REMEMBERED_DAYS = 1000

Span = tuple[datetime, datetime]
"""From (inclusive) to (exclusive), both UTC."""


class Hours:
    """Weekly hours and holidays in one time zone; every moment passed in must know its zone.

    A local time that a change of the clocks skips counts as that much later, one that comes twice
    as its first time; so a night shift is an hour longer or shorter on those two nights. A holiday
    also ends what began the evening before, at midnight.
    """

    def __init__(
        self, schedule: Schedule, holidays: Iterable[Holiday] = (), time_zone: str = "UTC"
    ) -> None:
        self._schedule = schedule
        self._holidays = tuple(holidays)
        self._zone = ZoneInfo(time_zone)
        self._spans: dict[date, tuple[Span, ...]] = {}
        self._never = not any(schedule.weekdays) and not any(h.hours for h in self._holidays)

    def local(self, moment: datetime) -> datetime:
        """The same moment as the clock on the wall shows it."""
        return moment.astimezone(self._zone)

    def is_open(self, moment: datetime) -> bool:
        today = self.local(moment).date()
        return any(
            start <= moment < end
            for day in (today - _ONE_DAY, today)
            for start, end in self._spans_of(day)
        )

    def next_opening(self, moment: datetime) -> datetime | None:
        """The first open moment from `moment` on, itself included; None is never."""
        for start, _ in self._open_runs(moment):
            return max(start, moment)
        return None

    def next_closing(self, moment: datetime) -> datetime | None:
        """The first closed moment from `moment` on, itself included; None is never."""
        for start, end in self._open_runs(moment):
            if start > moment:
                return moment
            return end if end < moment + timedelta(days=_HORIZON_DAYS - 2) else None
        return moment

    def open_minutes(self, since: datetime, until: datetime) -> float:
        """How many minutes of open time lie between two moments; 0 if `until` is not later."""
        total = timedelta()
        for start, end in self._open_runs(since):
            if start >= until:
                break
            total += min(end, until) - max(start, since)
        return total / timedelta(minutes=1)

    def after_open(self, since: datetime, minutes: float) -> datetime | None:
        """When `minutes` of open time will have passed since `since`; None is never."""
        left = timedelta(minutes=minutes)
        for start, end in self._open_runs(since):
            begin = max(start, since)
            if end - begin >= left:
                return begin + left
            left -= end - begin
        return None

    def _open_runs(self, since: datetime) -> Iterator[Span]:
        """The stretches of open time that end after `since`, in order, none touching the next."""
        if self._never:
            return
        first = self.local(since).date() - _ONE_DAY
        run: Span | None = None
        for offset in range(_HORIZON_DAYS):
            for span in self._spans_of(first + offset * _ONE_DAY):
                if span[1] <= since:
                    continue
                if run is None:
                    run = span
                elif span[0] <= run[1]:
                    run = (run[0], max(run[1], span[1]))
                else:
                    yield run
                    run = span
        if run is not None:
            yield run

    def _spans_of(self, day: date) -> tuple[Span, ...]:
        """What opens on `day`, in order."""
        known = self._spans.get(day)
        if known is None:
            if len(self._spans) >= _REMEMBERED_DAYS:
                self._spans.clear()
            known = self._spans[day] = tuple(sorted(self._made(day)))
        return known

    def _made(self, day: date) -> Iterator[Span]:
        holiday = self._holiday_on(day)
        intervals = self._schedule.weekdays[day.weekday()] if holiday is None else holiday.hours
        following = self._holiday_on(day + _ONE_DAY)
        cut = following is not None and following is not holiday
        for interval in intervals:
            start = self._moment(day, interval.start)
            end = self._moment(day, _end_minute(interval, cut=cut))
            if start < end:  # a change of the clocks can swallow an interval
                yield start, end

    def _holiday_on(self, day: date) -> Holiday | None:
        return next((one for one in self._holidays if one.first <= day <= one.last), None)

    def _moment(self, day: date, minute: int) -> datetime:
        days, minute = divmod(minute, DAY_MIN)
        wall = time(minute // 60, minute % 60, tzinfo=self._zone)
        return datetime.combine(day + days * _ONE_DAY, wall).astimezone(UTC)


def _end_minute(interval: Interval, *, cut: bool) -> int:
    """Minutes after the midnight of the day it begins; at most 1440 if the next day is `cut`."""
    end = interval.end if interval.end > interval.start else interval.end + DAY_MIN
    return min(end, DAY_MIN) if cut else end


@lru_cache(maxsize=4096)
def hours_of(schedule: Schedule, holidays: tuple[Holiday, ...], time_zone: str) -> Hours:
    """The same Hours for the same settings, so that what it worked out is remembered."""
    return Hours(schedule, holidays, time_zone)


def is_time_zone(name: str) -> bool:
    """Whether the machine knows a time zone of this name, such as Asia/Ho_Chi_Minh."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
