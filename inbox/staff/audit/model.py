"""One line of the audit log."""

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
