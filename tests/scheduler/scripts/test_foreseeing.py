"""What will not work as a script is written, told while it is written."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox.conversations.model import Channel
from inbox.splitting.model import Interval, Schedule
from scheduler.scripts.foreseeing import foreseen
from scheduler.scripts.model import (
    AttributeTime,
    ClockTime,
    Content,
    Delay,
    Facts,
    FixedTime,
    Script,
    Step,
    When,
)
from scheduler.scripts.previewing import times_of

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)
ZONE = "Asia/Ho_Chi_Minh"
ALL: tuple[Channel, ...] = ("facebook", "zalo")


def a_script(*whens: When, window: Schedule | None = None) -> Script:
    steps = tuple(Step(f"s{n}", when, Content("Chào")) for n, when in enumerate(whens))
    return Script(
        id="s", bot_id="b", name="S", enabled=True, steps=steps, window=window, created_at=NOW
    )


def told(*whens: When) -> list[tuple[int, str, str | None]]:
    found = foreseen(a_script(*whens), ALL, NOW, ZONE)
    return [(one.place, one.code, one.channel) for one in found]


@pytest.mark.parametrize(
    ("whens", "expected"),
    [
        pytest.param((Delay(23, "hour"),), [], id="within the day"),
        pytest.param((Delay(1, "day"),), [(0, "outside_window", "facebook")], id="a day is over"),
        pytest.param(
            (Delay(20, "hour"), Delay(4, "hour"), Delay(24, "hour")),
            [
                (1, "outside_window", "facebook"),
                (2, "outside_window", "facebook"),
                (2, "billed", "zalo"),
            ],
            id="delays add up",
        ),
        pytest.param(
            (Delay(7, "day"),),
            [(0, "outside_window", "facebook"), (0, "outside_window", "zalo")],
            id="Zalo closes after seven days",
        ),
        pytest.param((ClockTime(1, 9 * 60),), [], id="tomorrow at nine can be nine hours away"),
        pytest.param((ClockTime(2, 0),), [(0, "outside_window", "facebook")], id="a whole day"),
        pytest.param(
            (ClockTime(0, 540), ClockTime(1, 540)),
            [(1, "outside_window", "facebook")],
            id="from nine to nine is a day",
        ),
        pytest.param((ClockTime(0, 540), ClockTime(1, 480)), [], id="from nine to eight is less"),
        pytest.param(
            (FixedTime(datetime(2026, 11, 1, 9)), Delay(1, "hour")),  # noqa: DTZ001 - wall time
            [(0, "over", None)],
            id="a moment that is over",
        ),
        pytest.param((AttributeTime("birthday", 0, 540, yearly=True),), [], id="nobody knows"),
    ],
)
def test_steps_that_must_fall_outside_the_reply_window_are_told(
    whens: tuple[When, ...], expected: list[tuple[int, str, str | None]]
) -> None:
    """X.SCR.11: while the script is written."""
    assert told(*whens) == expected


def test_steps_that_are_off_take_no_time() -> None:
    script = a_script(Delay(20, "hour"), Delay(20, "hour"))
    off = Step("off", Delay(9, "day"), Content("Chào"), enabled=False)
    empty = Step("empty", Delay(9, "day"), Content())
    steps = (off, script.steps[0], empty)
    shown = Script(
        id="s", bot_id="b", name="S", enabled=True, steps=steps, window=None, created_at=NOW
    )
    assert foreseen(shown, ALL, NOW, ZONE) == []


def test_both_languages_name_the_channel_and_the_hours() -> None:
    (one,) = foreseen(a_script(Delay(2, "day")), ["facebook"], NOW, ZONE)
    assert one.vi.startswith("Hơn 24 giờ sau tin cuối của khách: Messenger")
    assert one.en.startswith("Over 24 h after the customer's last message: Messenger")


_minutes = st.integers(0, 24 * 60 - 1)
_whens: st.SearchStrategy[When] = st.one_of(
    st.builds(Delay, st.integers(0, 40), st.sampled_from(["second", "minute", "hour", "day"])),
    st.builds(ClockTime, st.integers(0, 3), _minutes),
    st.builds(
        FixedTime,
        st.datetimes(datetime(2026, 11, 20), datetime(2026, 12, 20)).map(  # noqa: DTZ001 - wall
            lambda at: at.replace(second=0, microsecond=0)
        ),
        st.sampled_from(["stop", "go_on"]),
    ),
)
_windows = st.none() | st.builds(
    lambda start, end: Schedule(tuple((Interval(start, end),) for _ in range(7))),
    _minutes,
    _minutes,
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(_whens, min_size=1, max_size=6),
    _windows,
    st.datetimes(datetime(2026, 11, 20), datetime(2026, 12, 1)),  # noqa: DTZ001 - made aware below
)
def test_no_warning_about_a_step_that_somebody_gets_in_time(
    whens: list[When], window: Schedule | None, start: datetime
) -> None:
    """Whenever one enrols, a step that comes within the window is not said to be outside."""
    script = a_script(*whens, window=window)
    start_at = start.replace(tzinfo=UTC)
    facts = Facts(ZONE, {})
    outside = {
        one.place
        for one in foreseen(script, ["facebook"], NOW, ZONE)
        if one.code == "outside_window"
    }
    for time in times_of(script, start_at, facts):
        if time.at is not None and time.at - start_at < timedelta(hours=24):
            assert time.place not in outside
