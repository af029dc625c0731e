"""When a message is late: shown and counted as any other, but nothing starts because of it."""

from datetime import datetime, timedelta

LATE_AFTER = timedelta(hours=1)
"""A message that is older when it comes was missed, or is replayed or read back."""


def is_late(at: datetime, now: datetime) -> bool:
    """Whether a message of this platform time, applied now, rings, answers and re-splits nothing.

    Its age decides and not how it came: a redelivered webhook and the history that overtakes it
    must end the same.
    """
    return now - at >= LATE_AFTER
