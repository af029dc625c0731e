"""When the steps of a script would go out, for somebody who is writing it. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from scheduler.scripts.model import Facts, Script, Step, StepLog
from scheduler.timing import next_step


@dataclass(frozen=True, slots=True)
class StepTime:
    """The time of the step at `place`; None is never, because of `reason` or of one before it."""

    place: int
    at: datetime | None
    reason: str | None = None


def times_of(script: Script, start_at: datetime, facts: Facts) -> list[StepTime]:
    """Every step that is sent, each right when it is due."""
    places = {step.id: place for place, step in enumerate(script.steps)}
    log: tuple[StepLog, ...] = ()
    base, found = start_at, list[StepTime]()
    while (following := next_step(script, log, base, facts)).step is not None:
        step, at = following.step, following.at
        if at is None:
            found.append(StepTime(places[step.id], None, following.ends))
            return [*found, *_never(script, places[step.id])]
        found.append(StepTime(places[step.id], at))
        log, base = (*log, StepLog(step.id, "sent", at)), at
    return found


def times_from(
    script: Script, log: tuple[StepLog, ...], first: Step, at: datetime, facts: Facts
) -> Iterator[tuple[int, datetime]]:
    """The places and times of the steps to come, when `first` is taken at `at`."""
    places = {step.id: place for place, step in enumerate(script.steps)}
    step: Step | None = first
    while step is not None:
        yield places[step.id], at
        log = (*log, StepLog(step.id, "sent", at))
        following = next_step(script, log, at, facts)
        if following.at is None:
            return
        step, at = following.step, following.at


def _never(script: Script, after: int) -> Iterator[StepTime]:
    for place, step in enumerate(script.steps):
        if place > after and step.enabled and not step.content.is_empty:
            yield StepTime(place, None)
