"""Enrolments as the API and the sidebar show them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from inbox.http.routing import Body
from inbox.placeholders import filled, given_name
from scheduler.enrolments.attaching import Outcome
from scheduler.enrolments.surroundings import Around
from scheduler.enrolments.turns import following_of
from scheduler.scripts.documents import enrolment_from
from scheduler.scripts.model import Enrolment, EnrolmentStatus, Script, Step, StepLog, Via
from scheduler.scripts.previewing import times_from
from scheduler.scripts.wording import WAITING, Sentences, reason_of

Document = Mapping[str, Any]
Id = Annotated[str, StringConstraints(min_length=1, max_length=64)]
ResultKind = Literal["sent", "waiting", "uncertain", "skipped", "failed"]
_MOST_AT_ONCE = 100
_MOST_CUSTOMERS = 200
_SHOWN_TEXT = 200
"""Characters of a step's text that are shown."""
_OF_MESSAGE: Mapping[str, ResultKind] = {
    "queued": "waiting",
    "sending": "waiting",
    "uncertain": "uncertain",
    "failed": "failed",
}


class AttachScriptsBody(Body):
    """The scripts to attach, to go out in `conversation_id` or where the customer wrote last."""

    script_ids: Annotated[tuple[Id, ...], Field(min_length=1, max_length=_MOST_AT_ONCE)]
    conversation_id: Id | None = None


class AttachToManyBody(Body):
    """The customers to attach a script to."""

    customer_ids: Annotated[tuple[Id, ...], Field(min_length=1, max_length=_MOST_CUSTOMERS)]


class EnrolmentEditBody(Body):
    """What to do: `skip` passes over the step that is next."""

    action: Literal["pause", "resume", "skip"]


class ReasonView(BaseModel):
    """A stable code and a sentence in both languages."""

    code: str
    vi: str
    en: str


class NamedView(BaseModel):
    """Something by its name; the name of a person who is gone is empty."""

    id: str
    name: str


class ProgressView(BaseModel):
    """How many steps were taken, of how many."""

    done: int
    total: int


class NextStepView(BaseModel):
    """The step that comes next. `at` null: when is not known, see `waiting` of the enrolment."""

    step_id: str
    place: int
    at: datetime | None
    text: str | None


class StepResultView(BaseModel):
    """What became of a step; `place` null: the script does not have it any more.

    `waiting` is stored and not sent yet; `uncertain` may or may not have arrived.
    """

    step_id: str
    place: int | None
    result: ResultKind
    at: datetime
    reason: ReasonView | None
    message_id: str | None


class EnrolmentView(BaseModel):
    """A customer on a script. `waiting`: why it does not go on right now, for other than a time."""

    id: str
    script: NamedView
    conversation_id: str | None
    status: EnrolmentStatus
    reason: ReasonView | None
    waiting: ReasonView | None
    started_at: datetime
    by: NamedView | None
    via: Via
    progress: ProgressView
    next: NextStepView | None
    last: StepResultView | None
    log: list[StepResultView]
    paused_at: datetime | None
    ended_at: datetime | None


class UpcomingView(BaseModel):
    """A step that is to come, by the scripts as they are now."""

    enrolment_id: str
    script_id: str
    script_name: str
    step_id: str
    place: int
    at: datetime
    text: str | None


class EnrolmentPage(BaseModel):
    """Enrolments of a customer, newest first; `upcoming` is over all of them that run."""

    items: list[EnrolmentView]
    upcoming: list[UpcomingView]
    next_cursor: str | None


class AttachedScriptView(BaseModel):
    """What became of one script. `reason`: why none of its steps would ever be due."""

    script_id: str
    outcome: Outcome
    reason: ReasonView | None
    enrolment: EnrolmentView | None


class AttachedScripts(BaseModel):
    """An answer for each script, in the order in which they were sent."""

    items: list[AttachedScriptView]


class AttachedToView(BaseModel):
    """What became of one customer; `outcome` may be an error: opted_out, no_conversation,
    not_found, not_allowed.
    """

    customer_id: str
    outcome: str
    reason: ReasonView | None
    enrolment_id: str | None


class AttachedToMany(BaseModel):
    """An answer for each customer, in the order in which they were sent."""

    items: list[AttachedToView]


class OfferedView(BaseModel):
    """A script that can be attached; `first_at` is when its first step would be due."""

    id: str
    name: str
    steps: int
    first_at: datetime | None


class ScriptsBlock(BaseModel):
    """The sidebar's block: what can be attached, what runs, what ended lately, what is to come."""

    offered: list[OfferedView]
    enrolments: list[EnrolmentView]
    upcoming: list[UpcomingView]
    opted_out: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """What showing enrolments needs beside them: messages by id, names of staff and of scripts
    (deleted ones too).
    """

    around: Around
    messages: Mapping[str, Document]
    staff: Mapping[str, str]
    names: Mapping[str, str]
    now: datetime


def reason_view(
    code: str | None, words: Mapping[str, Sentences] | None = None
) -> ReasonView | None:
    if code is None:
        return None
    vi, en = (words or {}).get(code) or reason_of(code)
    return ReasonView(code=code, vi=vi, en=en)


def enrolment_view(document: Document, shown: Shown) -> EnrolmentView:
    enrolment = enrolment_from(document)
    script = shown.around.scripts.get(enrolment.script_id)
    log = [_result(entry, script, shown) for entry in enrolment.log]
    done = {entry.step_id for entry in enrolment.log}
    to_come = [one for one in _sent(script) if one not in done] if _runs(enrolment) else []
    name = shown.names.get(enrolment.script_id, "")
    return EnrolmentView(
        id=enrolment.id,
        script=NamedView(id=enrolment.script_id, name=name),
        conversation_id=enrolment.conversation_id,
        status=enrolment.status,
        reason=reason_view(enrolment.reason),
        waiting=reason_view(enrolment.holding, WAITING),
        started_at=enrolment.started_at,
        by=_person(enrolment.by, shown),
        via=enrolment.via,
        progress=ProgressView(done=len(done), total=len(done) + len(to_come)),
        next=_next(enrolment, script, shown),
        last=log[-1] if log else None,
        log=log,
        paused_at=enrolment.paused_at,
        ended_at=enrolment.ended_at,
    )


def upcoming_view(documents: Iterable[Document], shown: Shown) -> list[UpcomingView]:
    """The future of a customer over all scripts that run, by time, then by age of the script."""
    found: list[tuple[datetime, datetime, UpcomingView]] = []
    for enrolment in map(enrolment_from, documents):
        script = shown.around.scripts.get(enrolment.script_id)
        if enrolment.status != "active" or enrolment.holding or script is None:
            continue
        found += [(one.at, script.created_at, one) for one in _upcoming(enrolment, script, shown)]
    return [one for _, _, one in sorted(found, key=lambda entry: entry[:2])]


def _upcoming(enrolment: Enrolment, script: Script, shown: Shown) -> Iterable[UpcomingView]:
    facts = shown.around.facts(enrolment.bot_id, enrolment.customer_id)
    following = following_of(enrolment, script, facts)
    if following.step is None or following.at is None or enrolment.next_at is None:
        return
    # A pause after a colleague's answer may have moved it.
    first_at = max(following.at, enrolment.next_at, shown.now)
    for place, at in times_from(script, enrolment.log, following.step, first_at, facts):
        step = script.steps[place]
        yield UpcomingView(
            enrolment_id=enrolment.id,
            script_id=script.id,
            script_name=script.name,
            step_id=step.id,
            place=place,
            at=at,
            text=_said(step, enrolment, shown),
        )


def _next(enrolment: Enrolment, script: Script | None, shown: Shown) -> NextStepView | None:
    if not _runs(enrolment) or script is None:
        return None
    facts = shown.around.facts(enrolment.bot_id, enrolment.customer_id)
    step = following_of(enrolment, script, facts).step
    if step is None:
        return None
    at = enrolment.next_at if enrolment.status == "active" else None
    place = script.steps.index(step)
    text = _said(step, enrolment, shown)
    return NextStepView(step_id=step.id, place=place, at=at, text=text)


def _result(entry: StepLog, script: Script | None, shown: Shown) -> StepResultView:
    result: ResultKind = entry.result
    reason = reason_view(entry.reason)
    message = shown.messages.get(entry.message_id or "")
    if result == "sent" and message is not None:
        result = _OF_MESSAGE.get(message.get("status", ""), "sent")
        error = message.get("error") if result in ("failed", "uncertain") else None
        if error:
            reason = ReasonView(code=error["code"], vi=error["vi"], en=error["en"])
    places = {step.id: place for place, step in enumerate(script.steps)} if script else {}
    return StepResultView(
        step_id=entry.step_id,
        place=places.get(entry.step_id),
        result=result,
        at=entry.at,
        reason=reason,
        message_id=entry.message_id if message is not None else None,
    )


def _sent(script: Script | None) -> Sequence[str]:
    """The steps that are sent, by id."""
    steps = script.steps if script is not None else ()
    return [step.id for step in steps if step.enabled and not step.content.is_empty]


def _runs(enrolment: Enrolment) -> bool:
    return enrolment.status in ("active", "paused")


def _person(staff_id: str | None, shown: Shown) -> NamedView | None:
    return None if staff_id is None else NamedView(id=staff_id, name=shown.staff.get(staff_id, ""))


def _said(step: Step, enrolment: Enrolment, shown: Shown) -> str | None:
    """What a step will say to this customer; contact data, perhaps masked, are not filled in."""
    text = step.content.text
    if text is None:
        return None
    name = (shown.around.customers.get(enrolment.customer_id) or {}).get("name")
    values = {
        "name": name,
        "given_name": given_name(name),
        "phone": "{{phone}}",
        "email": "{{email}}",
        "agent": shown.around.agents.get(enrolment.conversation_id or ""),
        "shop": shown.around.shop(enrolment.bot_id),
    }
    return _shortened(filled(text, values))


def _shortened(text: str | None) -> str | None:
    if text is None or len(text) <= _SHOWN_TEXT:
        return text
    return text[: _SHOWN_TEXT - 1] + "…"
