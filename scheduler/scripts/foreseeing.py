"""What will not work as a script is written: steps that must fall outside reply windows. Pure."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from inbox.conversations.model import Channel
from inbox.conversations.window import CONSULTATION, FREE_CONSULTATION, STANDARD
from inbox.splitting.model import DAY_MIN
from scheduler.scripts.model import AttributeTime, ClockTime, Delay, FixedTime, Script, Step, When
from scheduler.scripts.wording import CHANNEL_NAMES, WARNINGS
from scheduler.timing import length_of

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What will not work. `place` is that of the step, from 0; `channel` None concerns all."""

    place: int
    code: str
    channel: Channel | None
    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class _Earliest:
    """How long after the customer's last message a step goes out at the earliest.

    `clock`: the minute of the day at which it does, where that is known.
    """

    after: timedelta
    clock: float | None = None


def foreseen(
    script: Script, channels: Collection[Channel], now: datetime, time_zone: str
) -> list[Foreseen]:
    """The warnings of a script in the order of its steps.

    At best the customer wrote at the moment of enrolling, and nothing but the steps takes time.
    """
    found = []
    for place, earliest in _earliest(script.steps):
        step = script.steps[place]
        if isinstance(step.when, FixedTime) and _is_over(step.when, now, time_zone):
            found.append(warning(place, "over", None))
        for channel in sorted(channels):
            found += _outside(place, channel, earliest.after)
    return found


def warning(place: int, code: str, channel: Channel | None, **params: object) -> Foreseen:
    """A warning in both languages; the channel goes in by its name."""
    vi, en = WARNINGS[code]
    named = {**params, "channel": CHANNEL_NAMES.get(channel or "", "")}
    return Foreseen(place, code, channel, vi.format(**named), en.format(**named))


def _outside(place: int, channel: Channel, after: timedelta) -> Iterator[Foreseen]:
    closes = CONSULTATION if channel == "zalo" else STANDARD
    if after >= closes:
        yield warning(place, "outside_window", channel, limit=_hours(closes))
    elif channel == "zalo" and after >= FREE_CONSULTATION:
        yield warning(place, "billed", channel, limit=_hours(FREE_CONSULTATION))


def _hours(length: timedelta) -> int:
    return int(length / timedelta(hours=1))


def _earliest(steps: Sequence[Step]) -> Iterator[tuple[int, _Earliest]]:
    """Of the steps that are sent; hours of sending may only make it later."""
    earliest = _Earliest(timedelta())
    for place, step in enumerate(steps):
        if step.enabled and not step.content.is_empty:
            earliest = _then(earliest, step.when)
            yield place, earliest


def _then(before: _Earliest, when: When) -> _Earliest:
    match when:
        case Delay():
            length = length_of(when)
            clock = before.clock
            if clock is not None:
                clock = (clock + length / _MINUTE) % DAY_MIN
            return _Earliest(before.after + length, clock)
        case ClockTime(days, at):
            return _Earliest(before.after + _until_clock(before.clock, days, at), at)
        case FixedTime(at, past):  # may come right after the step before
            return _Earliest(before.after, at.hour * 60 + at.minute if past == "stop" else None)
        case AttributeTime():
            sure = when.yearly or when.past == "stop"
            return _Earliest(before.after, when.at if sure else None)


def _until_clock(clock: float | None, days: int, at: int) -> timedelta:
    """From a minute of the day (None: the one just before midnight) to `at`, so many days on."""
    if clock is None:
        return (max(0, days - 1) * DAY_MIN + at) * _MINUTE if days else timedelta()
    minutes = days * DAY_MIN + at - clock
    return (minutes if minutes >= 0 else minutes + DAY_MIN) * _MINUTE


def _is_over(when: FixedTime, now: datetime, time_zone: str) -> bool:
    return when.at.replace(tzinfo=ZoneInfo(time_zone)) < now
