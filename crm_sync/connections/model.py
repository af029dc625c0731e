"""The words of a connection's health, and the rules of its breaker. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

OPENS_AFTER = 5
"""Failures in a row, of whatever customers: the CRM is away and not one record."""
FIRST_REST = timedelta(seconds=10)
LONGEST_REST = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Paused:
    """Nothing is tried until a person has done something: the credentials were refused."""

    code: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Connection:
    """`failures` in a row; until `rests_until` nothing is tried, then one probe goes ahead, for
    which `probe_until` keeps the others back. `fields_off` are fields of the CRM, by reason.
    """

    name: str
    paused: Paused | None = None
    failures: int = 0
    rests_until: datetime | None = None
    probe_until: datetime | None = None
    fields_off: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_well(self) -> bool:
        """Whether everybody may call."""
        return self.paused is None and self.rests_until is None

    def may_probe(self, now: datetime) -> bool:
        """Whether somebody may find out if the CRM is back."""
        if self.paused is not None or self.rests_until is None or now < self.rests_until:
            return False
        return self.probe_until is None or now >= self.probe_until


@dataclass(frozen=True, slots=True)
class Permit:
    """How many customers may be pushed now; `probe` is until when it is one as a probe."""

    most: int
    probe: datetime | None = None


def failed(connection: Connection, now: datetime) -> Connection:
    """After a call that the CRM did not answer, or answered with a failure of its own."""
    failures = connection.failures + 1
    if failures < OPENS_AFTER:
        return replace(connection, failures=failures)
    rest = min(LONGEST_REST, FIRST_REST * 2.0 ** min(failures - OPENS_AFTER, 20))
    return replace(connection, failures=failures, rests_until=now + rest, probe_until=None)


def worked(connection: Connection) -> Connection:
    """After a call that the CRM answered, with whatever."""
    return replace(connection, failures=0, rests_until=None, probe_until=None)
