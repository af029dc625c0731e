"""Knows what we wrote ourselves when it comes back, and what was read before we wrote.

A ledger has one row per field and write. A row is used up when its value is seen, so a person who
sets the very same value later is heard. There is no mark that hushes a whole record: a person may
edit it in the second in which we do.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

KEPT = timedelta(hours=24)
"""For how long a write may come back."""

Sight = Literal["news", "echo", "stale"]


@dataclass(frozen=True, slots=True)
class Wrote:
    """We wrote a value, known by its hash (normal.py), into a field of a record.

    `at` is our time after the answer; `changed_at` the CRM's own, as far as it told it.
    """

    field: str
    hash: str
    at: datetime
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """When a record was read by us, and when it was changed last by the clock of the CRM."""

    read_at: datetime
    changed_at: datetime | None = None


def sight(
    ledger: Collection[Wrote], field: str, hash_: str, seen: Seen
) -> tuple[Sight, tuple[Wrote, ...]]:
    """What it means that a field was seen with this value, and the rows that are left.

    "stale": it was read before our last write was there, so it says nothing. "echo": it is what
    we wrote. "news": somebody else's; what we wrote before it is over, and will not come back.
    """
    rows = [row for row in ledger if row.field == field and seen.read_at - row.at < KEPT]
    if any(_is_later(row, seen) for row in rows):
        return "stale", tuple(ledger)
    others = tuple(row for row in ledger if row.field != field)
    matches = [number for number, row in enumerate(rows) if row.hash == hash_]
    if not matches:
        return "news", others
    return "echo", (*others, *rows[matches[-1] + 1 :])


def kept(ledger: Iterable[Wrote], now: datetime) -> tuple[Wrote, ...]:
    """The rows that may still come back."""
    return tuple(row for row in ledger if now - row.at < KEPT)


def _is_later(row: Wrote, seen: Seen) -> bool:
    if row.at > seen.read_at:
        return True
    if row.changed_at is None or seen.changed_at is None:
        return False
    return row.changed_at > seen.changed_at
