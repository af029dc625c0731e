"""Token buckets in MongoDB: all processes together stay within one rate towards a platform."""

import asyncio
import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pymongo import ReturnDocument, WriteConcern
from pymongo.errors import DuplicateKeyError

from inbox.clock import Clock
from inbox.mongo.client import Mongo

RESERVED_FOR_S = 0.1
"""How long a process may use what it has reserved ahead; the rest is thrown away."""
_SMALLEST_BURST_WITH_CHUNKS = 20
_LARGEST_SHARE = 0.1
"""Of the burst that one process reserves at a time."""


@dataclass(frozen=True, slots=True)
class _Rate:
    """`capacity` is the burst less what processes may hold reserved from before."""

    per_s: float
    burst: int
    capacity: float
    reserved_for_s: float

    @classmethod
    def of(cls, per_s: float, burst: int) -> "_Rate":
        if burst < _SMALLEST_BURST_WITH_CHUNKS:
            return cls(per_s, burst, burst, 0)
        reserved_for_s = min(RESERVED_FOR_S, _LARGEST_SHARE * burst / per_s)
        return cls(per_s, burst, burst - per_s * reserved_for_s, reserved_for_s)

    @property
    def largest_chunk(self) -> int:
        return int(self.burst * _LARGEST_SHARE) if self.reserved_for_s else 0


@dataclass(slots=True)
class _Held:
    """What this process has reserved in one bucket, and until when it may be used."""

    tokens: int = 0
    until: datetime | None = None
    used: int = 0
    refused_until: datetime | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Buckets:
    """Buckets in `rate_buckets {_id: name, tokens, at, paused_until?}`.

    In every interval of T seconds all processes together are given at most rate * T + burst, as
    far as their clocks agree. A token is taken out of the bucket before anybody may use it; what
    a process reserves ahead lives for RESERVED_FOR_S, and the capacity is smaller by as much.
    A process reserves about as much as it used last time, so slow ones waste little.
    """

    def __init__(self, mongo: Mongo, clock: Clock) -> None:
        # A bucket that a fail-over sets back gives a moment's tokens again: no need for majority.
        self._buckets = mongo["rate_buckets"].with_options(write_concern=WriteConcern(w=1))
        self._clock = clock
        self._held: dict[str, _Held] = {}

    async def take(self, name: str, rate_per_s: float, burst: int, amount: int = 1) -> float:
        """Take `amount` tokens of bucket `name`; 0 = go, else nothing was taken: wait as long.

        Args:
            name: such as "facebook:send:<page>"; everybody must give the same rate for it.
            rate_per_s: tokens that come back per second.
            burst: tokens of a full bucket.
            amount: how many calls or messages this is.

        Raises:
            ValueError: `amount` is more than the bucket can ever hold.
        """
        rate = _Rate.of(rate_per_s, burst)
        if amount > rate.capacity:
            raise ValueError(f"{amount} tokens never fit into bucket {name}")
        held = self._held.setdefault(name, _Held())
        async with held.lock:
            now = self._clock.now()
            if held.until is not None and now < held.until and held.tokens >= amount:
                held.tokens -= amount
                held.used += amount
                return 0
            if held.refused_until is not None and now < held.refused_until:
                return (held.refused_until - now).total_seconds()
            return await self._reserve(name, held, rate, amount)

    async def pause(self, name: str, for_s: float) -> None:
        """Give nothing of this bucket for so long: the platform said that it is too much."""
        until = self._clock.now() + timedelta(seconds=for_s)
        await self._update(name, [{"$set": {"paused_until": {"$max": ["$paused_until", until]}}}])
        if (held := self._held.get(name)) is not None:
            held.until = None

    async def _reserve(self, name: str, held: _Held, rate: _Rate, amount: int) -> float:
        now = self._clock.now()
        wanted = max(amount, min(2 * held.used, rate.largest_chunk))
        bucket = await self._update(name, _taking(now, rate, amount, wanted))
        granted: int = bucket["granted"]
        held.used = amount
        if granted:
            held.tokens = granted - amount
            held.until = now + timedelta(seconds=rate.reserved_for_s)
            return 0
        held.tokens = 0
        wait_s = _wait_s(bucket, now, rate, amount)
        held.refused_until = now + timedelta(seconds=wait_s)
        return wait_s

    async def _update(self, name: str, stages: list[dict[str, Any]]) -> dict[str, Any]:
        """Change the bucket in one step; two processes that both make it meet by the key."""
        for _ in range(2):
            try:
                bucket = await self._buckets.find_one_and_update(
                    {"_id": name}, stages, upsert=True, return_document=ReturnDocument.AFTER
                )
            except DuplicateKeyError:
                continue
            assert bucket is not None, "an upsert returns what it made"
            return bucket
        raise AssertionError("unreachable: a bucket that is there is not made again")


def _taking(now: datetime, rate: _Rate, amount: int, wanted: int) -> list[dict[str, Any]]:
    """Refill up to `now`, then give `wanted`, or what there is, or nothing below `amount`."""
    elapsed_ms = {"$max": [0, {"$subtract": [now, {"$ifNull": ["$at", now]}]}]}
    refill = {"$divide": [{"$multiply": [elapsed_ms, rate.per_s]}, 1000]}
    tokens = {"$add": [{"$ifNull": ["$tokens", rate.capacity]}, refill]}
    enough = {"$gte": ["$tokens", amount]}
    running = {"$lte": [{"$ifNull": ["$paused_until", now]}, now]}
    whole = {"$toInt": {"$floor": {"$min": ["$tokens", wanted]}}}
    return [
        {"$set": {"tokens": {"$min": [rate.capacity, tokens]}, "at": {"$max": ["$at", now]}}},
        {"$set": {"granted": {"$cond": [{"$and": [enough, running]}, whole, 0]}}},
        {"$set": {"tokens": {"$subtract": ["$tokens", "$granted"]}}},
    ]


def _wait_s(bucket: dict[str, Any], now: datetime, rate: _Rate, amount: int) -> float:
    """In whole milliseconds, upwards: who comes then finds what was missing."""
    missing = max(0.0, amount - float(bucket["tokens"]))
    wait_s = missing / rate.per_s
    paused_until: datetime | None = bucket.get("paused_until")
    if paused_until is not None:
        wait_s = max(wait_s, (paused_until - now).total_seconds())
    return math.ceil(max(wait_s, 0.001) * 1000) / 1000
