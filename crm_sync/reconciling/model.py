"""What is compared, how much may be mended by itself, and what came of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from crm_sync.connections.pacing import Line
from crm_sync.mirroring.store import MirrorStore
from crm_sync.mirroring.terms import Terms

MOST_EXAMPLES = 20


@dataclass(frozen=True, slots=True)
class Repairs:
    """More than this has not come apart by itself: a person looks before anything is touched."""

    share: float = 0.01
    """Of the linked customers."""
    least: int = 3

    def most(self, linked: int) -> int:
        """How many customers may be repaired in one run."""
        return max(self.least, int(linked * self.share))


@dataclass(frozen=True, slots=True)
class Reconciled:
    """A connection whose two sides are compared. `is_wanted`: whether a bot of the customer has
    its switch on.
    """

    line: Line
    mirrors: MirrorStore
    terms: Callable[[], Awaitable[Terms]]
    is_wanted: Callable[[str], Awaitable[bool]]
    repairs: Repairs = field(default_factory=Repairs)


@dataclass(frozen=True, slots=True)
class Linked:
    """A customer and their record."""

    customer_id: str
    record_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One run. All but `fields` (by name in the CRM) and `linked_twice` (records) are numbers of
    customers: `differing` and `missing` there, of those `compared`; `unlinked` have no record yet;
    `repaired` were handed to the worker. `stopped`: too many, so nothing was touched.
    """

    at: datetime
    compared: int = 0
    differing: int = 0
    missing: int = 0
    linked_twice: int = 0
    unlinked: int = 0
    repaired: int = 0
    stopped: bool = False
    fields: Mapping[str, int] = field(default_factory=dict)
    examples: tuple[str, ...] = ()
    """Ids of customers who differ, are missing, or share a record."""
