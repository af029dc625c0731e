"""The leak board as the API shows it."""

from typing import Literal

from pydantic import BaseModel

from inbox.conversations.reading.model import ConversationView
from inbox.splitting.leaks.urgency import Urgency
from inbox.splitting.model import ExclusionReason

ReasonCode = Literal[
    "window_closing",
    "window_closed",
    "account_down",
    "unanswered",
    "no_eligible",
    "being_assigned",
    "claimable",
    "manual",
    "released",
    "nobodys",
]
LeakAction = Literal["claim", "assign", "resplit", "reconnect"]


class ExclusionView(BaseModel):
    """Why one person cannot get it now, in both languages."""

    staff_id: str
    reason: ExclusionReason
    vi: str
    en: str


class LeakReasonView(BaseModel):
    """Why a customer waits or nobody has it, in both languages.

    `staff_id`: who has not answered. `excluded`: of `no_eligible`, everybody who cannot get it.
    """

    code: ReasonCode
    vi: str
    en: str
    staff_id: str | None = None
    excluded: list[ExclusionView] = []


class LeakView(BaseModel):
    """A conversation that may get lost. `actions` are what the asker may do about it:

    `claim` takes it, `assign` gives it to somebody, `resplit` has it split anew, `reconnect`
    connects the account again.
    """

    conversation: ConversationView
    urgency: Urgency
    waits_min: int | None
    reasons: list[LeakReasonView]
    actions: list[LeakAction]
