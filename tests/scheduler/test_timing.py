"""When steps are due: units, clock times, dates, windows, zones, months' ends, changed clocks."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.splitting.model import Interval, Schedule
from inbox.splitting.schedules import Hours
from scheduler.scripts.model import (
    AttributeTime,
    ClockTime,
    Content,
    Delay,
    Facts,
    FixedTime,
    Script,
    Step,
    StepLog,
    When,
)
from scheduler.timing import NoSuchMoment, crontab, deferred, due_at, next_run, next_step

VIETNAM, BERLIN = "Asia/Ho_Chi_Minh", "Europe/Berlin"
BASE = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
"""10:00 in Vietnam, a Sunday."""


def facts(zone: str = VIETNAM, **attributes: Any) -> Facts:
    return Facts(zone, attributes)


def vietnam(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+07:00").astimezone(UTC)


@pytest.mark.parametrize(
    ("delay", "later"),
    [
        (Delay(30, "second"), timedelta(seconds=30)),
        (Delay(5, "minute"), timedelta(minutes=5)),
        (Delay(36, "hour"), timedelta(hours=36)),
        (Delay(45, "day"), timedelta(days=45)),
        (Delay(0, "second"), timedelta(0)),
    ],
)
def test_a_delay_counts_from_the_step_before(delay: Delay, later: timedelta) -> None:
    """X.SCR.01."""
    assert due_at(delay, BASE, facts()) == BASE + later


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (ClockTime(0, 20 * 60), "2026-11-22T20:00"),
        (ClockTime(0, 9 * 60), "2026-11-23T09:00"),
        (ClockTime(0, 10 * 60), "2026-11-22T10:00"),
        (ClockTime(1, 9 * 60), "2026-11-23T09:00"),
        (ClockTime(9, 0), "2026-12-01T00:00"),
        (ClockTime(40, 23 * 60 + 59), "2027-01-01T23:59"),
    ],
)
def test_a_clock_time_is_that_of_the_bot(when: ClockTime, expected: str) -> None:
    assert due_at(when, BASE, facts()) == vietnam(expected)


def test_a_clock_time_over_a_change_of_the_clocks_stays_what_the_clock_shows() -> None:
    """A bot in Berlin: 08:00 is 07:00 UTC in winter and 06:00 UTC in summer."""
    before = datetime(2027, 3, 27, 12, tzinfo=UTC)  # the clocks change on 28 March 2027
    assert due_at(ClockTime(0, 8 * 60), before, facts(BERLIN)).hour == 6
    autumn = datetime(2026, 10, 24, 12, tzinfo=UTC)  # and back on 25 October 2026
    assert due_at(ClockTime(0, 8 * 60), autumn, facts(BERLIN)).hour == 7


def test_a_time_that_the_clock_skips_is_an_hour_later_and_one_that_comes_twice_the_first() -> None:
    spring = datetime(2027, 3, 27, 12, tzinfo=UTC)
    skipped = due_at(ClockTime(1, 2 * 60 + 30), spring, facts(BERLIN))
    assert skipped == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    autumn = datetime(2026, 10, 24, 12, tzinfo=UTC)
    first = due_at(ClockTime(1, 2 * 60 + 30), autumn, facts(BERLIN))
    assert first == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_day_is_24_hours_whatever_the_clocks_do() -> None:
    before = datetime(2027, 3, 27, 12, tzinfo=UTC)
    assert due_at(Delay(1, "day"), before, facts(BERLIN)) == before + timedelta(hours=24)


def test_a_fixed_moment_stops_or_goes_on_when_it_is_over() -> None:
    """X.SCR.03."""
    tet = datetime(2027, 2, 6, 8)  # noqa: DTZ001 - as the clock on the wall of the bot shows it
    assert due_at(FixedTime(tet), BASE, facts()) == vietnam("2027-02-06T08:00")
    over = datetime(2026, 11, 22, 9, 59)  # noqa: DTZ001
    with pytest.raises(NoSuchMoment, match="past"):
        due_at(FixedTime(over), BASE, facts())
    assert due_at(FixedTime(over, "go_on"), BASE, facts()) == BASE


@pytest.mark.parametrize(
    ("when", "value", "expected"),
    [
        (AttributeTime("birthday", 0, 480, yearly=True), "1990-12-24", "2026-12-24T08:00"),
        (AttributeTime("birthday", -3, 480, yearly=True), "1990-12-24", "2026-12-21T08:00"),
        (AttributeTime("birthday", 0, 480, yearly=True), "1990-11-22", "2027-11-22T08:00"),
        (AttributeTime("birthday", 0, 600, yearly=True), "1990-11-22", "2026-11-22T10:00"),
        (AttributeTime("birthday", 0, 480, yearly=True), "1992-02-29", "2027-02-28T08:00"),
        (AttributeTime("birthday", -3, 480, yearly=True), "1990-01-02", "2026-12-30T08:00"),
        (AttributeTime("expires", -7, 540), "2026-12-31", "2026-12-24T09:00"),
    ],
)
def test_a_date_of_the_customer(when: AttributeTime, value: str, expected: str) -> None:
    """X.SCR.03."""
    assert due_at(when, BASE, facts(**{when.attribute: value})) == vietnam(expected)


@pytest.mark.parametrize("value", [None, "", "hôm qua", 5, "2026-13-40"])
def test_a_customer_without_the_date_has_no_such_moment(value: Any) -> None:
    with pytest.raises(NoSuchMoment, match="no_date"):
        due_at(AttributeTime("birthday", 0, 480, yearly=True), BASE, facts(birthday=value))


def hours(*intervals: tuple[int, int], days: str = "mon tue wed thu fri sat sun") -> Hours:
    names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    week = tuple(
        tuple(Interval(start * 60, end * 60) for start, end in intervals) if name in days else ()
        for name in names
    )
    return Hours(Schedule(week), (), VIETNAM)


def test_a_step_outside_the_send_window_waits_for_the_next_opening() -> None:
    """X.SCR.02: enrolled 10:00, +15 h, window 13-20 -> 13:00 the next day."""
    due = due_at(Delay(15, "hour"), BASE, facts())
    assert deferred(due, hours((13, 20))) == vietnam("2026-11-23T13:00")


@pytest.mark.parametrize(
    ("at", "window", "expected"),
    [
        ("2026-11-22T12:59", hours((13, 20)), "2026-11-22T13:00"),
        ("2026-11-22T13:00", hours((13, 20)), "2026-11-22T13:00"),
        ("2026-11-22T19:59", hours((13, 20)), "2026-11-22T19:59"),
        ("2026-11-22T20:00", hours((13, 20)), "2026-11-23T13:00"),
        ("2026-11-22T10:00", hours((9, 18), days="mon tue wed thu fri"), "2026-11-23T09:00"),
        ("2026-11-22T01:00", hours((22, 2)), "2026-11-22T01:00"),
        ("2026-11-22T03:00", hours((22, 2)), "2026-11-22T22:00"),
    ],
)
def test_send_windows(at: str, window: Hours, expected: str) -> None:
    """X.SCR.02: weekdays, and windows over midnight."""
    assert deferred(vietnam(at), window) == vietnam(expected)


def test_a_window_that_never_opens_is_never() -> None:
    assert deferred(BASE, hours()) is None
    assert deferred(BASE, None) == BASE


def step(id_: str, when: When, *, enabled: bool = True, text: str = "Chào") -> Step:
    return Step(id_, when, Content(text), enabled)


def script(*steps: Step) -> Script:
    return Script(id="s", bot_id="b", name="Chăm sóc", enabled=True, steps=steps, created_at=BASE)


def sent(step_id: str, at: datetime) -> StepLog:
    return StepLog(step_id, "sent", at)


def test_steps_that_are_off_are_passed_over() -> None:
    """X.SCR.01: 1 h (on), 1 h (off), 2 h (on) -> +1 h and +3 h."""
    hour = timedelta(hours=1)
    running = script(
        step("a", Delay(1, "hour")),
        step("b", Delay(1, "hour"), enabled=False),
        step("c", Delay(2, "hour")),
    )
    first = next_step(running, (), BASE, facts())
    assert (first.step and first.step.id, first.at) == ("a", BASE + hour)
    second = next_step(running, (sent("a", BASE + hour),), BASE + hour, facts())
    assert (second.step and second.step.id, second.at) == ("c", BASE + 3 * hour)
    log = (sent("a", BASE + hour), sent("c", BASE + 3 * hour))
    assert next_step(running, log, BASE + 3 * hour, facts()).ends == "done"


def test_an_edited_script_goes_on_with_what_it_is_now() -> None:
    """X.SCR.15: new steps behind the last one done count, earlier ones do not, removed ones go."""
    log = (sent("b", BASE),)
    edited = script(
        step("new first", Delay(1, "hour")),
        step("b", Delay(1, "hour")),
        step("new", Delay(3, "hour")),
    )
    found = next_step(edited, log, BASE, facts())
    assert (found.step and found.step.id, found.at) == ("new", BASE + timedelta(hours=3))
    removed = script(step("a", Delay(1, "hour")), step("c", Delay(1, "hour")))
    assert next_step(removed, (sent("a", BASE), sent("gone", BASE)), BASE, facts()).step == step(
        "c", Delay(1, "hour")
    )


def test_a_script_whose_moment_is_over_ends() -> None:
    """X.SCR.03."""
    over = datetime(2020, 1, 1)  # noqa: DTZ001
    found = next_step(script(step("a", FixedTime(over))), (), BASE, facts())
    assert found.ends == "past"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 9 * * mon-fri", "2026-11-23T09:00"),
        ("0 9 * * sun", "2026-11-29T09:00"),
        ("30 10 * * *", "2026-11-22T10:30"),
        ("0 0 31 * *", "2026-12-31T00:00"),
        ("0 8 29 2 *", "2028-02-29T08:00"),
    ],
)
def test_calendar_times_in_the_zone_of_the_bot(text: str, expected: str) -> None:
    assert next_run(crontab(text, VIETNAM), BASE) == vietnam(expected)


@pytest.mark.parametrize("text", ["0 9 * * 1-5", "0 9 * * 0", "0 9 * *", "61 9 * * *", "x"])
def test_weekdays_by_number_and_nonsense_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        crontab(text, VIETNAM)


def test_the_same_moment_is_not_run_twice() -> None:
    trigger = crontab("0 9 * * *", VIETNAM)
    first = next_run(trigger, BASE)
    assert first is not None
    second = next_run(trigger, first)
    assert second == first + timedelta(days=1)


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001 - made UTC below
    st.sampled_from([VIETNAM, BERLIN, "America/New_York", "Australia/Lord_Howe"]),
    st.integers(0, 400),
    st.integers(0, 24 * 60 - 1),
)
def test_no_step_is_due_before_the_one_before_it(
    base: datetime, zone: str, days: int, at: int
) -> None:
    moment = base.replace(tzinfo=UTC)
    due = due_at(ClockTime(days, at), moment, facts(zone))
    assert moment <= due <= moment + timedelta(days=days + 2)
