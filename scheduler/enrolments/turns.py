"""What becomes of an enrolment whose time has come: pure rules over what is stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from scheduler.scripts.model import (
    Enrolment,
    Facts,
    Holding,
    Next,
    Script,
    SkipReason,
    Step,
    StepLog,
    StopReason,
)
from scheduler.timing import deferred, next_step, window_hours

Update = dict[str, Any]
ENDED = ("open", "work", "next_step_id", "next_at", "holding", "paused_at")
"""What an enrolment that has ended does not have any more."""


@dataclass(frozen=True, slots=True)
class Send:
    """The step is to go out now."""

    step: Step


@dataclass(frozen=True, slots=True)
class Wait:
    """Not yet: the step was moved, or sending is not allowed at this hour."""

    step: Step
    at: datetime


@dataclass(frozen=True, slots=True)
class Hold:
    """Until something happens that is not a time."""

    holding: Holding


@dataclass(frozen=True, slots=True)
class End:
    """There is nothing more to do; `reason` None: every step was taken."""

    reason: StopReason | None


Turn = Send | Wait | Hold | End


def turn_of(enrolment: Enrolment, script: Script | None, facts: Facts, now: datetime) -> Turn:
    """What a due enrolment does, by the script as it is now."""
    if script is None:
        return End("script_deleted")
    if not script.enabled:
        return Hold("script_off")
    following = following_of(enrolment, script, facts)
    if following.step is None or following.at is None:
        return _end(following)
    if following.at > now:
        return Wait(following.step, following.at)
    opening = deferred(now, window_hours(script, facts))
    if opening is None:
        return End("past")
    return Wait(following.step, opening) if opening > now else Send(following.step)


def following_of(enrolment: Enrolment, script: Script, facts: Facts) -> Next:
    """The step that comes next; it counts from when the one before was taken, or the start."""
    base = enrolment.log[-1].at if enrolment.log else enrolment.started_at
    return next_step(script, enrolment.log, base, facts)


def after_step(enrolment: Enrolment, entry: StepLog, script: Script, facts: Facts) -> Next:
    """What comes after a step that was just taken."""
    return next_step(script, (*enrolment.log, entry), entry.at, facts)


def advance_update(following: Next, now: datetime, due: Mapping[str, Any] | None) -> Update:
    """The fields of an enrolment that goes on with `following`, or ends because there is none.

    `due` is the work of the next step, due at `following.at`.
    """
    if following.step is None or following.at is None:
        end = _end(following)
        return end_update(end.reason, now)
    return {
        "$set": {
            "next_step_id": following.step.id,
            "next_at": following.at,
            "work": dict(due or {}),
        },
        "$unset": {"holding": ""},
    }


def end_update(reason: StopReason | None, now: datetime) -> Update:
    """The fields of an enrolment that ends; `reason` None: done."""
    sets: Update = {"status": "done" if reason is None else "stopped", "ended_at": now}
    if reason is not None:
        sets["reason"] = reason
    return {"$set": sets, "$unset": dict.fromkeys(ENDED, "")}


def skipped(step: Step, reason: SkipReason, at: datetime) -> StepLog:
    return StepLog(step.id, "skipped", at, reason)


def retry_after(attempts: int) -> timedelta:
    """Between tries of a step that could not be taken for a reason that nobody foresaw."""
    return timedelta(seconds=min(60, 2**attempts))


def _end(following: Next) -> End:
    reason = following.ends
    return End(None if reason in ("done", None) else reason)  # type: ignore[arg-type]
