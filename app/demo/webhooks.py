"""The webhooks of the simulated platforms on their way to the inbox server."""

import asyncio
from collections.abc import Sequence
from typing import Literal

from app.demo.courier import Courier, Pace
from app.demo.delivery import Delivery
from app.demo.faults import Faults
from app.demo.noting import note
from app.demo.world import World

Echoes = Literal["before", "after", "random", "never"]
"""Whether the echo of a message is delivered before the call that sent it is answered."""

_WAIT_FOR_ECHO_S = 2.0


class Webhooks:
    """Delivers to `url`, signed and repeated as the platforms do; keeps what it cannot deliver yet.

    Everything that is posted is also remembered in `world`.
    """

    def __init__(self, world: World, faults: Faults, pace: Pace) -> None:
        self.echoes: Echoes = "random"
        self._world = world
        self._faults = faults
        self._pace = pace
        self._courier: Courier | None = None
        self._early: list[Delivery] = []

    async def deliver_to(self, url: str) -> None:
        """Where the inbox server listens; it may move. What waited is posted now."""
        if self._courier is not None:
            self._courier.move(url)
            return
        self._courier = await Courier(url, self._pace).__aenter__()
        early, self._early = self._early, []
        self._courier.post(early)

    async def stop(self) -> None:
        """Forget what is not delivered yet."""
        if self._courier is not None:
            await self._courier.__aexit__(None, None, None)
            self._courier = None

    @property
    def waiting(self) -> int:
        return self._courier.waiting if self._courier is not None else len(self._early)

    def echo_comes_first(self, message_id: str) -> bool:
        if self.echoes == "random":
            return self._faults.coin("echo", message_id).random() < 1 / 2
        return self.echoes == "before"

    def post(self, deliveries: Sequence[Delivery]) -> list[asyncio.Task[None]]:
        """Begin to deliver; each task is one delivery."""
        for delivery in deliveries:
            note(delivery, self._world)
        if self._courier is not None:
            return self._courier.post(deliveries)
        self._early += deliveries
        return []

    async def post_first(self, deliveries: Sequence[Delivery]) -> None:
        """Deliver, and return when the inbox has answered; a silent one holds up for a while."""
        if tasks := self.post(deliveries):
            await asyncio.wait(tasks, timeout=_WAIT_FOR_ECHO_S)

    async def settle(self) -> None:
        """Wait until everything has arrived or was given up."""
        if self._courier is not None:
            await self._courier.settle()
