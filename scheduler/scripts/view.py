"""Scripts as the API shows them and takes them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from inbox.conversations.model import Channel
from inbox.http.routing import Body
from inbox.media.model import MediaKind
from inbox.splitting.documents import schedule_document
from inbox.splitting.view import ScheduleBody, ScheduleView
from scheduler.scripts.documents import content_document, trigger_document, when_document
from scheduler.scripts.model import Outside, Past, Script, Step, StopOn, Unit

MOST_STEPS = 50
MOST_TRIGGERS = 20
LONGEST_NAME = 200
LONGEST_TEXT = 2000
"""Characters; longer texts would be cut into several messages, and Zalo takes 2000."""
_MOST_FILES = 10
_MOST_TAGS = 50
_MOST_WORDS = 100
_MOST_DAYS = 3650

Id = Annotated[str, StringConstraints(min_length=1, max_length=64)]
TagIds = Annotated[tuple[Id, ...], Field(max_length=_MOST_TAGS)]
ScriptName = Annotated[str, Field(max_length=LONGEST_NAME, pattern=r"\S")]


class WhenBody(Body):
    """When a step is due. Which fields count is said by `kind`; the others stay away or null.

    `delay`: `n` and `unit` after the step before, the first one after enrolling. `clock`: `days`
    after it at the time `at` ("HH:MM"). `fixed`: at the moment `at` ("2026-12-24T09:00", in the
    time of the bot). `attribute`: `days` from the date `attribute` of the customer (negative:
    before it) at the time `at`, every year if `yearly`. `past` says what a moment that is over
    does: end the script, or send at once.
    """

    kind: Literal["delay", "clock", "fixed", "attribute"]
    n: Annotated[int, Field(ge=0, le=100_000_000)] | None = None
    unit: Unit | None = None
    days: Annotated[int, Field(ge=-_MOST_DAYS, le=_MOST_DAYS)] | None = None
    at: Annotated[str, StringConstraints(max_length=40)] | None = None
    attribute: Annotated[str, StringConstraints(max_length=100)] | None = None
    yearly: bool | None = None
    past: Past | None = None


class ScriptButtonBody(Body):
    """A button: opens `url`, or comes back as a message with `payload`."""

    title: Annotated[str, StringConstraints(max_length=100)]
    url: Annotated[str, StringConstraints(max_length=2000)] | None = None
    payload: Annotated[str, StringConstraints(max_length=1000)] | None = None


class QuickReplyBody(Body):
    """A choice that a tap writes into the chat."""

    title: Annotated[str, StringConstraints(max_length=100)]
    payload: Annotated[str, StringConstraints(max_length=1000)] | None = None


class ContentBody(Body):
    """What a step says. `text` may hold placeholders: {{name}}, or {{name, bạn}} with a default."""

    text: Annotated[str, StringConstraints(max_length=LONGEST_TEXT)] | None = None
    upload_ids: Annotated[tuple[Id, ...], Field(max_length=_MOST_FILES)] = ()
    buttons: Annotated[tuple[ScriptButtonBody, ...], Field(max_length=20)] = ()
    quick_replies: Annotated[tuple[QuickReplyBody, ...], Field(max_length=20)] = ()


class StepBody(Body):
    """One step. `id` is that of a step which the script has; a new one has none and is given it."""

    id: Id | None = None
    when: WhenBody
    content: ContentBody = ContentBody()
    enabled: bool = True


class StopsBody(Body):
    """What ends the script of a customer by itself."""

    on: Annotated[tuple[StopOn, ...], Field(max_length=10)] = ()
    tags_added: TagIds = ()
    tags_removed: TagIds = ()


class TriggerBody(Body):
    """What attaches the script by itself. Which fields count is said by `kind`.

    `tag_added`: a customer gets one of `tag_ids`. `first_message`: a customer writes to the bot
    for the first time. `keyword`: a message has one of `words`. `cron`: at the times of `crontab`
    ("0 9 * * mon"), to every customer with one of `tag_ids`.
    """

    kind: Literal["tag_added", "first_message", "keyword", "cron"]
    tag_ids: TagIds | None = None
    words: (
        Annotated[
            tuple[Annotated[str, StringConstraints(max_length=100)], ...],
            Field(max_length=_MOST_WORDS),
        ]
        | None
    ) = None
    crontab: Annotated[str, StringConstraints(max_length=200)] | None = None


Steps = Annotated[tuple[StepBody, ...], Field(max_length=MOST_STEPS)]
Triggers = Annotated[tuple[TriggerBody, ...], Field(max_length=MOST_TRIGGERS)]


class ScriptBody(Body):
    """A new script. `window`: the hours in which it may send; null is any time."""

    name: ScriptName
    enabled: bool = False
    steps: Steps = ()
    window: ScheduleBody | None = None
    stops: StopsBody = StopsBody()
    repeat: bool = False
    outside: Outside = "skip"
    triggers: Triggers = ()


class ScriptEditBody(Body):
    """What is to change of a script; absent leaves as it is. `window` null is any time."""

    name: ScriptName | None = None
    enabled: bool | None = None
    steps: Steps | None = None
    window: ScheduleBody | None = None
    stops: StopsBody | None = None
    repeat: bool | None = None
    outside: Outside | None = None
    triggers: Triggers | None = None


class PreviewBody(Body):
    """A script that need not be saved, and when it begins; without `start_at` it is now.

    With `customer_id` the dates of that customer count.
    """

    script: ScriptBody
    start_at: datetime | None = None
    customer_id: Id | None = None


class TextView(BaseModel):
    """A sentence in both languages."""

    vi: str
    en: str


class StepWarningView(BaseModel):
    """What will not work as it is written; it can be saved all the same.

    `place` is the place of the step in the script, from 0; `channel` null concerns all.
    """

    place: int
    code: str
    channel: Channel | None
    text: TextView


class ScriptStepView(BaseModel):
    """A step as it stands; `id` never changes."""

    id: str
    when: WhenBody
    content: ContentBody
    enabled: bool


class ScriptFileView(BaseModel):
    """A file that a step sends."""

    id: str
    name: str
    size: int
    kind: MediaKind
    mime: str


class ScriptView(BaseModel):
    """A script; `version` goes into If-Match. `running`: so many customers are on it."""

    id: str
    bot_id: str
    name: str
    enabled: bool
    steps: list[ScriptStepView]
    window: ScheduleView | None
    stops: StopsBody
    repeat: bool
    outside: Outside
    triggers: list[TriggerBody]
    warnings: list[StepWarningView]
    files: list[ScriptFileView]
    running: int
    created_at: datetime
    version: int


class ScriptRowView(BaseModel):
    """A script in a list. `steps` counts those that are sent."""

    id: str
    name: str
    enabled: bool
    attachable: bool
    steps: int
    running: int
    has_triggers: bool
    created_at: datetime
    version: int


class StepTimeView(BaseModel):
    """When a step would go out. `at` null: never, because of `reason`, or of the one before."""

    place: int
    at: datetime | None
    reason: str | None


class PreviewView(BaseModel):
    """The times at which the steps that are sent would go out, in the zone of the bot."""

    time_zone: str
    start_at: datetime
    steps: list[StepTimeView]
    warnings: list[StepWarningView]


class StepReportView(BaseModel):
    """What became of one step. `removed`: the script does not have it any more.

    `waiting` are messages that are stored and not sent yet; `skipped` counts by reason.
    """

    step_id: str
    removed: bool
    sent: int
    waiting: int
    uncertain: int
    failed: int
    skipped: dict[str, int]


class ReportView(BaseModel):
    """What became of a script: `enrolled` is the sum of the others."""

    enrolled: int
    active: int
    paused: int
    done: int
    stopped: dict[str, int]
    steps: list[StepReportView]


def step_view(step: Step) -> ScriptStepView:
    return ScriptStepView(
        id=step.id,
        when=WhenBody.model_validate(when_document(step.when)),
        content=ContentBody.model_validate(content_document(step.content)),
        enabled=step.enabled,
    )


def script_view(
    script: Script,
    *,
    warnings: Sequence[StepWarningView],
    files: Sequence[ScriptFileView],
    running: int,
) -> ScriptView:
    stops = script.stops
    return ScriptView(
        id=script.id,
        bot_id=script.bot_id,
        name=script.name,
        enabled=script.enabled,
        steps=[step_view(one) for one in script.steps],
        window=ScheduleView(**schedule_document(script.window)) if script.window else None,
        stops=StopsBody(
            on=tuple(sorted(stops.on)),
            tags_added=tuple(sorted(stops.tags_added)),
            tags_removed=tuple(sorted(stops.tags_removed)),
        ),
        repeat=script.repeat,
        outside=script.outside,
        triggers=[TriggerBody.model_validate(trigger_document(one)) for one in script.triggers],
        warnings=list(warnings),
        files=list(files),
        running=running,
        created_at=script.created_at,
        version=script.version,
    )


def row_view(script: Script, running: Mapping[str, int]) -> ScriptRowView:
    return ScriptRowView(
        id=script.id,
        name=script.name,
        enabled=script.enabled,
        attachable=script.is_attachable,
        steps=sum(one.enabled and not one.content.is_empty for one in script.steps),
        running=running.get(script.id, 0),
        has_triggers=bool(script.triggers),
        created_at=script.created_at,
        version=script.version,
    )
