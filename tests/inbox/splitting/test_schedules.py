"""Weekly hours: several intervals, midnight, holidays, time zones."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.splitting.model import DEFAULT_HOURS, Holiday, Interval, Schedule
from inbox.splitting.schedules import Hours, hours_of, is_time_zone

HCM = ZoneInfo("Asia/Ho_Chi_Minh")
NEVER = Schedule(((),) * 7)


def at(text: str, zone: ZoneInfo = HCM) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def interval(start: str, end: str) -> Interval:
    def minutes(clock: str) -> int:
        return int(clock[:2]) * 60 + int(clock[3:])

    return Interval(minutes(start), minutes(end))


def every_day(*intervals: Interval) -> Schedule:
    return Schedule((intervals,) * 7)


def hours(schedule: Schedule, *holidays: Holiday, zone: str = "Asia/Ho_Chi_Minh") -> Hours:
    return Hours(schedule, holidays, zone)


@pytest.mark.parametrize(
    ("clock", "is_open"),
    [("07:59", False), ("08:00", True), ("22:59", True), ("23:00", False), ("00:30", False)],
)
def test_default_hours_are_eight_to_eleven_at_night(clock: str, is_open: bool) -> None:
    """X.SPL.15: 22:59 is inside, 23:00 outside."""
    moment = at(f"2026-11-18T{clock}")

    assert hours(DEFAULT_HOURS).is_open(moment) is is_open
    assert hours(DEFAULT_HOURS).is_open(moment.astimezone(UTC)) is is_open


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-20T21:59", False),
        ("2026-11-20T22:00", True),
        ("2026-11-21T00:00", True),
        ("2026-11-21T05:59", True),
        ("2026-11-21T06:00", False),
        ("2026-11-21T22:30", False),
    ],
)
def test_interval_over_midnight_belongs_to_the_day_it_begins_on(moment: str, is_open: bool) -> None:
    """X.SPL.15: 2026-11-20 is a Friday, the only night that is worked."""
    friday = Schedule(((), (), (), (), (interval("22:00", "06:00"),), (), ()))

    assert hours(friday).is_open(at(moment)) is is_open


def test_several_intervals_of_a_day_leave_the_noon_rest_closed() -> None:
    """X.SPL.15"""
    shop = hours(every_day(interval("08:00", "12:00"), interval("13:30", "17:30")))

    assert not shop.is_open(at("2026-11-18T12:00"))
    assert shop.next_opening(at("2026-11-18T12:10")) == at("2026-11-18T13:30")
    assert shop.next_closing(at("2026-11-18T09:00")) == at("2026-11-18T12:00")
    assert shop.next_opening(at("2026-11-18T18:00")) == at("2026-11-19T08:00")
    assert shop.open_minutes(at("2026-11-18T11:00"), at("2026-11-19T09:00")) == 60 + 240 + 60


def test_equal_ends_are_a_whole_day_and_the_clock_round_never_closes() -> None:
    round_the_clock = hours(every_day(interval("00:00", "00:00")))

    assert round_the_clock.is_open(at("2026-11-18T23:59"))
    assert round_the_clock.next_closing(at("2026-11-18T23:59")) is None
    assert round_the_clock.open_minutes(at("2026-11-18T00:00"), at("2026-11-20T00:00")) == 2880


def test_touching_and_overlapping_intervals_count_once() -> None:
    shop = hours(every_day(interval("08:00", "12:00"), interval("10:00", "14:00")))

    assert shop.open_minutes(at("2026-11-18T00:00"), at("2026-11-19T00:00")) == 360
    assert shop.next_closing(at("2026-11-18T09:00")) == at("2026-11-18T14:00")


def test_without_any_interval_it_never_opens() -> None:
    closed = hours(NEVER)
    now = at("2026-11-18T12:00")

    assert not closed.is_open(now)
    assert closed.next_opening(now) is None
    assert closed.next_closing(now) == now
    assert closed.after_open(now, 1) is None
    assert closed.open_minutes(now, now + timedelta(days=30)) == 0


TET = Holiday(date(2027, 2, 5), date(2027, 2, 10), "Tết")


def test_holidays_are_closed_and_the_next_opening_is_after_them() -> None:
    shop = hours(DEFAULT_HOURS, TET)

    assert not shop.is_open(at("2027-02-05T08:00"))
    assert not shop.is_open(at("2027-02-10T22:59"))
    assert shop.next_opening(at("2027-02-04T23:00")) == at("2027-02-11T08:00")
    assert shop.after_open(at("2027-02-04T22:50"), 15) == at("2027-02-11T08:05")


def test_holiday_with_hours_of_its_own_is_open_in_them_alone() -> None:
    shop = hours(
        DEFAULT_HOURS,
        Holiday(date(2027, 2, 5), date(2027, 2, 5), "30 Tết", (interval("09:00", "12:00"),)),
    )

    assert not shop.is_open(at("2027-02-05T08:30"))
    assert shop.is_open(at("2027-02-05T11:59"))
    assert not shop.is_open(at("2027-02-05T12:00"))


def test_night_shift_ends_at_midnight_when_a_holiday_begins() -> None:
    nights = hours(every_day(interval("22:00", "06:00")), TET)

    assert nights.next_closing(at("2027-02-04T22:30")) == at("2027-02-05T00:00")
    assert nights.is_open(at("2027-02-11T22:00"))
    assert not nights.is_open(at("2027-02-11T01:00"))


def test_night_hours_of_a_holiday_run_through_its_midnights() -> None:
    nights = Holiday(
        date(2027, 2, 5), date(2027, 2, 6), "Chợ đêm Tết", (interval("20:00", "02:00"),)
    )

    assert hours(NEVER, nights).is_open(at("2027-02-06T01:00"))
    assert hours(NEVER, nights).next_closing(at("2027-02-06T20:00")) == at("2027-02-07T02:00")


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("night", "minutes"),
    [("2026-03-28", 7 * 60), ("2026-10-24", 9 * 60), ("2026-11-18", 8 * 60)],
    ids=["clocks forward", "clocks back", "ordinary"],
)
def test_night_in_which_the_clocks_change_is_an_hour_shorter_or_longer(
    night: str, minutes: int
) -> None:
    shop = hours(every_day(interval("22:00", "06:00")), zone="Europe/Berlin")
    start = at(f"{night}T22:00", BERLIN)
    end = shop.next_closing(start)

    assert end is not None
    assert shop.open_minutes(start, end) == minutes
    assert end.astimezone(BERLIN).hour == 6


def test_interval_in_the_hour_that_is_skipped_moves_behind_it() -> None:
    shop = hours(every_day(interval("02:15", "02:45")), zone="Europe/Berlin")

    assert shop.next_opening(at("2026-03-29T00:00", BERLIN)) == at("2026-03-29T03:15", BERLIN)


def test_names_of_time_zones_are_checked() -> None:
    assert is_time_zone("Asia/Ho_Chi_Minh")
    assert not any(map(is_time_zone, ["", "Asia/Saigong", "../etc/passwd", "Asia", "\0"]))


def test_same_settings_share_what_was_worked_out() -> None:
    assert hours_of(DEFAULT_HOURS, (TET,), "UTC") is hours_of(DEFAULT_HOURS, (TET,), "UTC")


minute = st.integers(0, 1439)
schedules = st.builds(
    Schedule, st.tuples(*[st.lists(st.builds(Interval, minute, minute), max_size=3).map(tuple)] * 7)
)
moments = st.datetimes(
    datetime(2026, 1, 1),  # noqa: DTZ001 - hypothesis wants bounds without a zone
    datetime(2026, 12, 31),  # noqa: DTZ001 - same
    timezones=st.just(UTC),
)  # both changes of the clocks lie in it


@given(schedules, moments, st.sampled_from(["Asia/Ho_Chi_Minh", "Europe/Berlin", "America/Lima"]))
def test_openings_closings_and_minutes_agree(
    schedule: Schedule, moment: datetime, zone: str
) -> None:
    shop = hours(schedule, zone=zone)
    opening, closing = shop.next_opening(moment), shop.next_closing(moment)

    assert shop.is_open(moment) == (opening == moment)
    if opening is not None:
        assert shop.is_open(opening)
        assert shop.open_minutes(moment, opening) == 0
        assert shop.after_open(moment, 0.5) == opening + timedelta(seconds=30) or not shop.is_open(
            opening + timedelta(seconds=29)
        )
    if closing is not None:
        assert not shop.is_open(closing)
        passed = (closing - moment) / timedelta(minutes=1)
        assert shop.open_minutes(moment, closing) == pytest.approx(passed)


@given(schedules, moments, st.floats(0.1, 20_000))
def test_time_until_n_open_minutes_have_passed_has_n_open_minutes(
    schedule: Schedule, moment: datetime, minutes: float
) -> None:
    shop = hours(schedule)
    then = shop.after_open(moment, minutes)

    if then is not None:
        assert shop.open_minutes(moment, then) == pytest.approx(minutes, abs=1e-4)
