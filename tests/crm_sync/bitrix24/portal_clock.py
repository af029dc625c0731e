"""The time of the test portal, and its leaky bucket: both stand still unless a test moves them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

ZONE = timezone(timedelta(hours=3))
"""Where Bitrix24's own servers are; portals tell their times with their own offset."""


@dataclass
class PortalClock:
    """`tick` passes with every request."""

    now: datetime = datetime(2026, 11, 22, 5, tzinfo=UTC)
    tick: timedelta = timedelta(milliseconds=50)

    def pass_tick(self) -> None:
        self.now += self.tick

    def text(self) -> str:
        """To the second, as every time of an item is kept and told."""
        return self.now.astimezone(ZONE).isoformat(timespec="seconds")


@dataclass
class LeakyBucket:
    """Of each portal and address that asks: `leak` requests a second run out, `burst` fit in.

    Source: https://apidocs.bitrix24.com/limits.html
    """

    clock: PortalClock
    leak: float = 2.0
    burst: float = 50.0
    _level: float = 0.0
    _at: datetime | None = field(default=None)

    def takes_one(self) -> bool:
        now = self.clock.now
        if self._at is not None:
            self._level = max(0.0, self._level - self.leak * (now - self._at).total_seconds())
        self._at = now
        if self._level >= self.burst:
            return False
        self._level += 1
        return True
