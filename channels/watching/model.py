"""The words of watching: an account to look at, what a probe has found, how much is heard."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Protocol

from inbox.bots.credentials.model import Health
from inbox.ports import AccountRef

TOKEN_ENDS, DATA_ACCESS_ENDS = "token_ends", "data_access_ends"
WARN_AHEAD = timedelta(days=14)
"""Before the end of a token that only a person can renew."""

SHORTEST_SILENCE = timedelta(hours=1)
"""Less is never looked at: a back-fill costs calls."""
UNUSUAL_TIMES = 1.5
"""A silence this much longer than the longest of a usual day is looked at."""
_DAYS_TO_KNOW = 3
_EVENTS_TO_KNOW = 20


@dataclass(frozen=True, slots=True)
class Probed:
    """A call as this account was answered.

    `warning` is what its admin should know in time. `proves` are reasons of troubles that this
    answer shows to be over: a token may live while sending is forbidden.
    """

    warning: Health | None = None
    proves: frozenset[str] = field(default_factory=frozenset)


class Probe(Protocol):
    """Asks a platform whether an account's token lives. One per channel."""

    async def probe(self, account: AccountRef) -> Probed:
        """Raises AccountUnusable, and SendUnavailable when nothing is known."""
        ...


@dataclass(frozen=True, slots=True)
class ProbedAccount:
    """An account whose probe is due; `sealed` are its credentials as they were read."""

    ref: AccountRef
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Watched:
    """A connected account and what is known of its webhooks.

    `heard_at`: the last webhook. `subscribed_at`: the last look that found it subscribed.
    `covered_until`: everything before is heard, or lies in a recorded gap.
    """

    ref: AccountRef
    connected_at: datetime
    heard_at: datetime | None = None
    subscribed_at: datetime | None = None
    covered_until: datetime | None = None
    days: Mapping[str, "Day"] = field(default_factory=dict)

    @property
    def known_until(self) -> datetime | None:
        """Until when certainly nothing is missing; None when nothing was ever seen of it."""
        known = [self.heard_at, self.subscribed_at, self.covered_until]
        seen = [at for at in known if at is not None]
        return max(*seen, self.connected_at) if seen else None


@dataclass(frozen=True, slots=True)
class Day:
    """Webhooks of one day: how many, and the longest silence that ended in it, in seconds."""

    count: int
    longest_s: float


def unusual_silence(account: Watched, now: datetime) -> bool:
    """Whether an account with usual traffic is silent for longer than it ever is.

    Usual: some events on at least three of the last days. A night is part of a usual day, so the
    median of the days' longest silences already holds it.
    """
    counted = [day for day in account.days.values() if day.count]
    if len(counted) < _DAYS_TO_KNOW or sum(day.count for day in counted) < _EVENTS_TO_KNOW:
        return False
    if account.heard_at is None:
        return False
    usual = timedelta(seconds=median(day.longest_s for day in counted))
    since = max(account.heard_at, account.covered_until or account.heard_at)
    return now - since > max(SHORTEST_SILENCE, usual * UNUSUAL_TIMES)
