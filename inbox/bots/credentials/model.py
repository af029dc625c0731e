"""The words of credentials: what an account has, a refresh under way, how the account is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

RefreshState = Literal["started", "refused"]
HealthState = Literal["ok", "expiring", "reauth", "blocked"]
"""`expiring` works and warns; `reauth` needs an admin to connect the account again; `blocked`
needs something else of a person (an inactive app, an unpaid package)."""
WORKING: frozenset[HealthState] = frozenset({"ok", "expiring"})
"""States of an account that can send and be asked."""


@dataclass(frozen=True, slots=True)
class Refresh:
    """A single-use refresh token that was handed to the platform, noted before the call.

    `token_hash` is that of the token; `attempt` names the call. `started` without a later
    outcome is a call whose answer never reached the database.
    """

    token_hash: str
    attempt: str
    state: RefreshState
    at: datetime


@dataclass(frozen=True, slots=True)
class Health:
    """How an account is; `reason` is a stable word (inbox/bots/health/reasons.py).

    `platform_code` is the platform's own number; `ends_at` when an `expiring` one stops working.
    """

    state: HealthState
    reason: str | None = None
    platform_code: str | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AfterRefresh:
    """What a new pair changes besides: the next refresh is due at `next_at`, and the account is
    "ok" again if one of the reasons in `heals` was what was wrong with it.
    """

    now: datetime
    next_at: datetime
    heals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AccountCredentials:
    """The opened secrets of an account, the sealed bytes that they were, and what is under way."""

    account_key: str
    values: Mapping[str, str] = field(repr=False)
    sealed: bytes | None = field(repr=False)
    refresh: Refresh | None = None
    health: Health = field(default_factory=lambda: Health("ok"))
