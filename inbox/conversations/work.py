"""Received entries on their way through the lanes: what is left of each, and what was parked."""

from dataclasses import dataclass, field
from datetime import datetime

import structlog

from inbox.conversations.applying import EndedEntry
from inbox.conversations.changes import Change
from inbox.conversations.sheet import AccountGone
from inbox.mongo.journal import EntryId, ParkedEvent

log = structlog.get_logger(__name__)

Item = tuple[int, tuple[Change, ...]]
"""The changes of one event, with its place in the body."""


@dataclass(frozen=True, slots=True)
class Understood:
    """A journal entry whose body was parsed and routed.

    `items` are the changes of each event with its place in the body; `parked` are events that
    could not be understood. `token` is the owner of the entry's lease.
    """

    entry_id: EntryId
    size: int
    token: str
    items: tuple[Item, ...]
    parked: tuple[ParkedEvent, ...] = ()
    received_at: datetime | None = None


@dataclass(slots=True, eq=False)
class Work:
    """One entry on its way: how many parts of it are left, and what was parked."""

    understood: Understood
    since: float
    token: str
    parts_left: int = 0
    parked: list[ParkedEvent] = field(default_factory=list)
    spoken_of: set[tuple[str, datetime]] = field(default_factory=set)

    def ended(self) -> EndedEntry:
        entry_id = self.understood.entry_id
        return EndedEntry(entry_id, frozenset(self.spoken_of), tuple(self.parked))

    def park(self, index: int, error: Exception) -> None:
        """The event cannot be applied; one whose account has gone waits for it to come back."""
        log.error(
            "an event could not be applied",
            entry=str(self.understood.entry_id),
            place=index,
            error=type(error).__name__,
        )
        if isinstance(error, AccountGone):
            self.parked.append(ParkedEvent(index, "unknown_account", error.account))
        else:
            self.parked.append(ParkedEvent(index, f"apply_failed:{type(error).__name__}"))


@dataclass(slots=True, eq=False)
class Part:
    """The share of an entry that belongs to one lane; without items it only marks the entry."""

    work: Work
    items: tuple[Item, ...]

    def changes(self) -> list[Change]:
        return [change for _, changes in self.items for change in changes]
