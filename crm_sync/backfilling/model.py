"""What a back-fill was asked for, and how far it is."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom: customers of bots that have their switch on, of one of them if `bot_id` is given.

    Those without a record, or `everyone`. Who waits already, or waits for a person, is left out.
    """

    bot_id: str | None = None
    everyone: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """`marked` customers so far, each once, but again after a death within a page; `after` is the
    id of the last one that was looked at. `ended_at` is None while it goes on.
    """

    wanted: Wanted
    asked_at: datetime
    marked: int = 0
    after: str = ""
    ended_at: datetime | None = None
