"""The report of a script, from what the database counted. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from scheduler.scripts.model import Script
from scheduler.scripts.view import ReportView, StepReportView

Groups = Sequence[Mapping[str, Any]]
_WAITING = ("queued", "sending")


def report_view(script: Script, by_status: Groups, by_step: Groups, not_sent: Groups) -> ReportView:
    """The arguments are those of `ScriptStore.report`.

    The log of an enrolment says that a step was handed over; the message says what became of it.
    """
    statuses: Counter[str] = Counter()
    stopped: Counter[str] = Counter()
    for group in by_status:
        if group["status"] == "stopped":
            stopped[group.get("reason") or "detached"] += group["count"]
        else:
            statuses[group["status"]] += group["count"]
    return ReportView(
        enrolled=statuses.total() + stopped.total(),
        active=statuses["active"],
        paused=statuses["paused"],
        done=statuses["done"],
        stopped=dict(sorted(stopped.items())),
        steps=[_step(id_, script, by_step, not_sent) for id_ in _ids(script, by_step)],
    )


def _ids(script: Script, by_step: Groups) -> list[str]:
    """The steps in their order, then those that the script does not have any more."""
    now = [step.id for step in script.steps]
    return [*now, *sorted({group["step_id"] for group in by_step} - set(now))]


def _step(step_id: str, script: Script, by_step: Groups, not_sent: Groups) -> StepReportView:
    results: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    for group in by_step:
        if group["step_id"] == step_id:
            results[group["result"]] += group["count"]
            if group["result"] == "skipped":
                skipped[group.get("reason") or "by_hand"] += group["count"]
    fates: Counter[str] = Counter()
    for group in not_sent:
        if group["step_id"] == step_id:
            fates[group["status"]] += group["count"]
    return StepReportView(
        step_id=step_id,
        removed=all(step.id != step_id for step in script.steps),
        sent=max(0, results["sent"] - fates.total()),
        waiting=sum(fates[status] for status in _WAITING),
        uncertain=fates["uncertain"],
        failed=results["failed"] + fates["failed"],
        skipped=dict(sorted(skipped.items())),
    )
