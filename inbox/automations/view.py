"""Automations as the API shows them and takes them."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from inbox.automations.model import EVENT_TYPES, Automation, AutomationKind, EventType, OffReason
from inbox.automations.service import NewAutomation
from inbox.http.routing import Body
from inbox.mongo.client import Document

Name = Annotated[str, Field(max_length=100, pattern=r"\S")]
Url = Annotated[str, Field(max_length=2000, pattern=r"^https?://\S+$")]
Events = Annotated[list[EventType], Field(min_length=1, max_length=len(EVENT_TYPES))]
AnswerWithin = Annotated[int, Field(ge=5, le=3600, description="seconds")]
HandBackAfter = Annotated[int, Field(ge=60, le=30 * 24 * 3600, description="seconds")]
PageId = Annotated[str, Field(max_length=64, pattern=r"^[0-9]+$")]
AppSecret = Annotated[str, Field(min_length=8, max_length=200)]
VerifyToken = Annotated[str, Field(min_length=1, max_length=200)]
DeliveryState = Literal["delivered", "failing", "parked"]


class LastCallView(BaseModel):
    """The last call that went so; `error` is a stable word."""

    at: datetime
    status: int | None
    error: str | None
    took_ms: int


class AutomationView(BaseModel):
    """A program that takes part in a bot; `version` goes into the If-Match header of an edit.

    `answers`: it answers customers first; who waits for longer than `answer_within_s` is handed to
    people. `waiting` conversations have events that were not told yet (a thousand: or more).
    """

    id: str
    bot_id: str
    name: str
    kind: AutomationKind
    url: str
    events: list[EventType]
    answers: bool
    answer_within_s: int
    hand_back_after_s: int | None
    enabled: bool
    off_reason: OffReason | None
    off_at: datetime | None
    page_id: str | None
    created_at: datetime
    version: int
    waiting: int
    parked: int
    last_told: LastCallView | None
    last_failed: LastCallView | None


class AutomationList(BaseModel):
    """The automations of a bot, by name."""

    items: list[AutomationView]


class NewAutomationBody(Body):
    """An automation that is to be made; without `events` it is told everything.

    `hand_back_after_s`: so long after the last answer of a person the conversation is its again by
    itself; null: when somebody gives it back or closes the conversation. The last three are for a
    Messenger bot, which is told as Meta tells it.
    """

    name: Name
    url: Url
    kind: AutomationKind = "webhook"
    events: Events | None = None
    answers: bool = False
    answer_within_s: AnswerWithin = 60
    hand_back_after_s: HandBackAfter | None = None
    page_id: PageId | None = None
    app_secret: AppSecret | None = None
    verify_token: VerifyToken | None = None

    def wanted(self) -> NewAutomation:
        back = self.hand_back_after_s
        return NewAutomation(
            name=self.name.strip(),
            kind=self.kind,
            url=self.url,
            events=frozenset(self.events or EVENT_TYPES),
            answers=self.answers,
            answer_within=timedelta(seconds=self.answer_within_s),
            hand_back_after=None if back is None else timedelta(seconds=back),
            page_id=self.page_id,
            app_secret=self.app_secret,
            verify_token=self.verify_token,
        )


class AutomationEditBody(Body):
    """What is to change; absent leaves as it is."""

    name: Name | None = None
    url: Url | None = None
    events: Events | None = None
    answers: bool | None = None
    answer_within_s: AnswerWithin | None = None
    hand_back_after_s: HandBackAfter | None = None
    enabled: bool | None = None
    page_id: PageId | None = None
    app_secret: AppSecret | None = None
    verify_token: VerifyToken | None = None

    def changes(self) -> dict[str, Any]:
        """By the names of Automation; only `hand_back_after_s` may be taken away by null."""
        sent = {name: getattr(self, name) for name in self.model_fields_set}
        changes = {name: value for name, value in sent.items() if value is not None}
        if "events" in changes:
            changes["events"] = frozenset(changes["events"])
        for name in ("answer_within", "hand_back_after"):
            if (seconds := changes.pop(f"{name}_s", None)) is not None:
                changes[name] = timedelta(seconds=seconds)
        if "hand_back_after_s" in sent and sent["hand_back_after_s"] is None:
            changes["hand_back_after"] = None
        return changes


class NewAutomationView(BaseModel):
    """A new automation. `secret` signs what it is told; `token` goes after "Authorization: Bearer"
    in what it answers. Neither is shown again.
    """

    automation: AutomationView
    secret: str
    token: str


class SecretView(BaseModel):
    """A secret that is not shown again."""

    secret: str


class DeliveryView(BaseModel):
    """How telling one event went; `status` of HTTP, or a stable word in `error`."""

    event_id: str
    type: EventType
    conversation_id: str | None
    sequence: int
    at: datetime
    state: DeliveryState
    attempts: int
    tried_at: datetime
    status: int | None
    error: str | None
    took_ms: int


class AutomationCheckView(BaseModel):
    """Whether the receiver took a test; else its status, or a stable word in `error`."""

    ok: bool
    status: int | None
    error: str | None
    took_ms: int


class ReplayBody(Body):
    """Which events are to be told once more; null: everything that is parked."""

    event_ids: (
        Annotated[list[Annotated[str, Field(max_length=64)]], Field(min_length=1, max_length=1000)]
        | None
    ) = None


class ReplayedView(BaseModel):
    """How many events will be told once more."""

    replayed: int


class HandOverBody(Body):
    """Why; it is left as a note in the conversation."""

    note: Annotated[str, Field(min_length=1, max_length=2000)] | None = None


class HandOverView(BaseModel):
    """Whether it was handed over now; false: people had it already."""

    handed_over: bool


def automation_view(automation: Automation, state: Document) -> AutomationView:
    """`state`: as AutomationStore.backlog tells it."""
    back = automation.hand_back_after
    return AutomationView(
        id=automation.id,
        bot_id=automation.bot_id,
        name=automation.name,
        kind=automation.kind,
        url=automation.url,
        events=sorted(automation.events),
        answers=automation.answers,
        answer_within_s=int(automation.answer_within.total_seconds()),
        hand_back_after_s=None if back is None else int(back.total_seconds()),
        enabled=automation.enabled,
        off_reason=automation.off_reason,
        off_at=automation.off_at,
        page_id=automation.page_id,
        created_at=automation.created_at,
        version=automation.version,
        waiting=state["waiting"],
        parked=state["parked"],
        last_told=_last_call(state["told"]),
        last_failed=_last_call(state["failed"]),
    )


def _last_call(delivery: Document | None) -> LastCallView | None:
    if delivery is None:
        return None
    return LastCallView(
        at=delivery["tried_at"],
        status=delivery["status"],
        error=delivery["error"],
        took_ms=delivery["took_ms"],
    )


def delivery_view(delivery: Document) -> DeliveryView:
    return DeliveryView(**{name: delivery[name] for name in DeliveryView.model_fields})
