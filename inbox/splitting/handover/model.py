"""A handover under way or done."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """Of everything `staff_id` had to `to` (None: split again); counts of what went so far."""

    staff_id: str
    to: str | None
    begun_at: datetime
    done_at: datetime | None
    conversations: int
    customers: int
