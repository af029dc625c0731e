"""A move under way."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Move:
    """An account on its way into `to_bot`; `moved` conversations have followed so far."""

    account_key: str
    to_bot: str
    moved: int
    begun_at: datetime
