"""What lies in the list of what is parked, and where a page of it ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from crm_sync.mirroring.model import Parked


@dataclass(frozen=True, slots=True)
class ParkedRow:
    """Something of a customer that is parked; `number` tells several of one customer apart."""

    customer_id: str
    number: int
    parked: Parked

    @property
    def place(self) -> "ParkedPlace":
        return ParkedPlace(self.parked.at, self.customer_id, self.number)


@dataclass(frozen=True, slots=True)
class ParkedPlace:
    """The last row of a page; the next one begins after it."""

    at: datetime
    customer_id: str
    number: int


@dataclass(frozen=True, slots=True)
class ParkedPage:
    """Newest first. `next` is None on the last page."""

    rows: Sequence[ParkedRow]
    next: ParkedPlace | None
