"""Keeps opened credentials for a moment, so that not every call reads and opens them again."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from inbox.clock import Clock
from inbox.ports import Credentials

KEPT_FOR = timedelta(seconds=5)
"""How long another process may go on with a token that was just replaced."""
_MOST = 1000


@dataclass(frozen=True, slots=True)
class _Kept:
    values: dict[str, str] = field(repr=False)
    until: datetime


class CachedCredentials:
    """Implements `Credentials` of inbox/ports.py over another one.

    For tokens that last, such as those of pages; who replaces some calls `forget`. Accounts
    without credentials are not kept, so that one that is being connected works at once.
    """

    def __init__(
        self, source: Credentials, clock: Clock, *, kept_for: timedelta = KEPT_FOR
    ) -> None:
        self._source = source
        self._clock = clock
        self._kept_for = kept_for
        self._kept: dict[str, _Kept] = {}

    async def of(self, account_key: str) -> dict[str, str]:
        now = self._clock.now()
        kept = self._kept.get(account_key)
        if kept is not None and now < kept.until:
            return dict(kept.values)
        values = await self._source.of(account_key)
        if len(self._kept) >= _MOST:
            self._kept.clear()
        if values:
            self._kept[account_key] = _Kept(dict(values), now + self._kept_for)
        else:
            self.forget(account_key)
        return values

    def forget(self, account_key: str) -> None:
        """These credentials have changed, or the platform says that they are dead."""
        self._kept.pop(account_key, None)
