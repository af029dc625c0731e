"""A notice to one person. (The banners about accounts are others: `inbox/bots/health/notices`.)"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

NoticeKind = Literal[
    "assigned",
    "participant_added",
    "uncared",
    "unassigned",
    "handed_over",
    "script_step",
    "handed_off",
]
"""What happened:

- assigned: somebody gave you a conversation; data {by, reason}.
- participant_added: somebody added you to one; data {by, reason}.
- uncared: a customer waits for too long; data {waiting_since}.
- unassigned: a conversation is nobody's after every round of splitting; data {round}.
- handed_over: what a colleague had is yours now; data {from, by, conversations, customers}.
- script_step: a script may not say something by itself and leaves it to you; data {script_id,
  name}.
- handed_off: a program leaves a conversation of yours to you; data {by}.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNotice:
    """What somebody is to be told. `data` holds ids and numbers, ready for JSON."""

    staff_id: str
    kind: NoticeKind
    bot_id: str | None = None
    conversation_id: str | None = None
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalNotice:
    """A notice as it is kept."""

    id: str
    staff_id: str
    kind: NoticeKind
    at: datetime
    read: bool
    bot_id: str | None
    conversation_id: str | None
    data: dict[str, Any]
