"""The words of presence: online, away or offline, since when, and who said so."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

PresenceState = Literal["online", "away", "offline"]
AwayBy = Literal["self", "auto"]
"""`self`: the person took a break ("Tạm nghỉ"); `auto`: customers waited too long for them."""


@dataclass(frozen=True, slots=True)
class Presence:
    """How somebody was when it was read; `since` is None for who was never here.

    `replied_at` is when they last answered a customer.
    """

    staff_id: str
    state: PresenceState
    since: datetime | None = None
    away_by: AwayBy | None = None
    replied_at: datetime | None = None

    @property
    def is_online(self) -> bool:
        return self.state == "online"


@dataclass(frozen=True, slots=True)
class Connected:
    """Somebody with an open inbox in this process; `by_phone` when all of theirs are phones.

    A phone closes its connections whenever its screen goes dark, so it counts for longer.
    """

    staff_id: str
    by_phone: bool
