"""One line of the audit log, and what to look for in it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who did what to what, and from where. No actor: the system itself."""

    id: str
    at: datetime
    actor_id: str | None
    actor_name: str | None
    address: str | None
    action: str
    target_kind: str
    target_id: str
    changes: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """What to look for; None is anything. `since` is included."""

    actor_id: str | None = None
    target_id: str | None = None
    action: str | None = None
    since: datetime | None = None
