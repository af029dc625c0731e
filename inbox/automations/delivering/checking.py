"""Asks a receiver once whether it is there, for an admin who waits for the answer."""

import time
from dataclasses import dataclass

from inbox.automations.delivering.client import Outcome
from inbox.automations.delivering.worker import Means
from inbox.automations.errors import AutomationNotFound


@dataclass(frozen=True, slots=True)
class Checked:
    """How it went, and how long it took."""

    outcome: Outcome
    took_ms: int


class Checking:
    """Calls receivers outside their queues; nothing of it is logged or tried again."""

    def __init__(self, means: Means) -> None:
        self._means = means

    async def check(self, bot_id: str, automation_id: str) -> Checked:
        """Whatever is switched on or off. Raises AutomationNotFound."""
        receiver = await self._means.store.receiver(automation_id, also_off=True)
        if receiver is None or receiver.automation.bot_id != bot_id:
            raise AutomationNotFound
        automation = receiver.automation
        shape, began = self._means.shapes[automation.kind], time.perf_counter()
        outcome = await shape.check(
            self._means.client, automation, receiver.secrets, self._means.clock.now()
        )
        return Checked(outcome, round((time.perf_counter() - began) * 1000))
