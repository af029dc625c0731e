"""The leases of one process on the bots that it assigns for."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from inbox.clock import Clock
from inbox.mongo.leases import Leases

LEASE = timedelta(seconds=5)
"""Until another process assigns for the bots of a dead one."""
_ASK_AGAIN = timedelta(seconds=0.5)
"""After another process was found to hold a bot."""


@dataclass(frozen=True, slots=True)
class _Held:
    """`fence` None: another process has it. Nothing is asked of the database until `ask_at`."""

    fence: int | None
    told_at: datetime
    ask_at: datetime


class HeldBots:
    """Remembers leases, and renews one when half of it is over.

    What is remembered may be wrong: the fence is confirmed in every transaction that writes.
    """

    def __init__(self, leases: Leases, clock: Clock) -> None:
        self._leases = leases
        self._clock = clock
        self._known: dict[str, _Held] = {}

    async def take(self, bot_id: str) -> int | None:
        """The fence of our lease on a bot; None while another process has it."""
        now = self._clock.now()
        known = self._known.get(bot_id)
        if known is not None and known.told_at <= now < known.ask_at:
            return known.fence
        fence = await self._leases.acquire(lease_name(bot_id), LEASE)
        again = _ASK_AGAIN if fence is None else LEASE / 2
        self._known[bot_id] = _Held(fence, now, now + again)
        return fence

    def forget(self, bot_id: str) -> None:
        """It was found to be another process's."""
        self._known.pop(bot_id, None)

    async def release(self) -> None:
        """Others need not wait until the leases end."""
        held = [bot_id for bot_id, one in self._known.items() if one.fence is not None]
        self._known.clear()
        for bot_id in sorted(held):
            await self._leases.release(lease_name(bot_id))


def lease_name(bot_id: str) -> str:
    return f"split:{bot_id}"
