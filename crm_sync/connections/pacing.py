"""Keeps all processes together within the rate of a CRM, and a share of it for people who wait."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from crm_sync.connectors.model import (
    Asked,
    Changes,
    Connector,
    Edit,
    Place,
    RemoteField,
    RemoteRecord,
    Written,
)
from inbox.mongo.buckets import Buckets

_Answer = TypeVar("_Answer")

SHARE_OF_WORKERS = 0.8
PEOPLE_AT_ONCE_S = 5
"""People who look at cards and press "sync now" have a rate of their own, and may use up some
seconds of it at once, however much there is to mirror. Both together stay within what CRMs allow:
rates are half of that.
"""

PATIENCE_S = 10.0
"""A call waits so long for its turn: what a customer needs is several, and begins anew without."""
_TURNS_WITHIN_S = 2.0


class NotYet(Exception):
    """The rate is used up for long: the CRM was not asked. Worth another try after `wait_s`."""

    def __init__(self, wait_s: float) -> None:
        super().__init__()
        self.wait_s = wait_s


async def in_turn(call: Callable[[], Awaitable[_Answer]]) -> _Answer:
    """The answer to a call, however long its turn takes to come."""
    while True:
        try:
            return await call()
        except NotYet as busy:
            await asyncio.sleep(busy.wait_s)


class Paced:
    """A `Connector` of which every call waits for its turn first. Raises NotYet besides."""

    def __init__(
        self,
        connector: Connector,
        buckets: Buckets,
        bucket: str,
        calls_per_second: float,
        *,
        at_once_s: float = 1,
    ) -> None:
        """`at_once_s`: how many seconds' worth of calls may be made at one time."""
        self._connector = connector
        self._buckets = buckets
        self._bucket = bucket
        self._rate = calls_per_second
        self._burst = max(1, round(calls_per_second * at_once_s))
        self._order = asyncio.Lock()

    @property
    def at_once(self) -> int:
        """How many customers may be begun together, so that each soon has its next turn."""
        return max(1, int(self._rate * _TURNS_WITHIN_S))

    async def check(self) -> None:
        await self._turn()
        await self._connector.check()

    async def fields(self) -> Mapping[str, RemoteField]:
        await self._turn()
        return await self._connector.fields()

    async def find(self, asked: Asked, fields: Collection[str]) -> Sequence[RemoteRecord]:
        await self._turn()
        return await self._connector.find(asked, fields)

    async def get(self, record_id: str, fields: Collection[str]) -> RemoteRecord:
        await self._turn()
        return await self._connector.get(record_id, fields)

    async def create(self, external_id: str, edit: Edit) -> Written:
        await self._turn()
        return await self._connector.create(external_id, edit)

    async def update(self, record_id: str, edit: Edit) -> Written:
        await self._turn()
        return await self._connector.update(record_id, edit)

    async def note(self, record_id: str, note_id: str, text: str, at: datetime) -> str:
        await self._turn()
        return await self._connector.note(record_id, note_id, text, at)

    async def changed_since(
        self, place: Place, fields: Collection[str], *, limit: int = 100
    ) -> Changes:
        await self._turn()
        return await self._connector.changed_since(place, fields, limit=limit)

    async def close(self) -> None:
        await self._connector.close()

    async def _turn(self) -> None:
        """Who comes first goes first, in this process."""
        clock = asyncio.get_running_loop()
        give_up_at = clock.time() + PATIENCE_S
        async with self._order:
            while (wait_s := await self._take()) > 0:
                if clock.time() + wait_s > give_up_at:
                    raise NotYet(wait_s)
                await asyncio.sleep(wait_s)

    async def _take(self) -> float:
        return await self._buckets.take(self._bucket, self._rate, self._burst)


class Line:
    """A connection by its name, and what speaks to it: for workers, and for people who wait."""

    def __init__(
        self, name: str, connector: Connector, buckets: Buckets, calls_per_second: float
    ) -> None:
        self.name = name
        self.direct = connector
        rate, bucket = calls_per_second, f"crm:{name}"
        self.workers = Paced(connector, buckets, bucket, rate * SHARE_OF_WORKERS)
        people = f"{bucket}:people"
        self.people = Paced(connector, buckets, people, rate, at_once_s=PEOPLE_AT_ONCE_S)
        self._buckets = buckets
        self._names = (bucket, people)

    async def pause(self, for_s: float) -> None:
        """Nobody calls for so long: the CRM said that it is too much."""
        for name in self._names:
            await self._buckets.pause(name, for_s)
