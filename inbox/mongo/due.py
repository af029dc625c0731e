"""Work that falls due: a sub-document on its owner says when, and a lease says who is at it.

The sub-document lies at `path` of a collection: `{due_at, lease_until, token, fence, attempts,
error}`. Claiming moves `due_at` to the end of the lease, so one index finds both what is due and
what a dead worker left behind. Parked work has no `due_at`: nobody claims it again by itself.
"""

import asyncio
import random
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from pymongo import ReturnDocument

from inbox import metrics
from inbox.cancelling import end
from inbox.clock import Clock
from inbox.mongo.client import Document, Mongo, Session
from inbox.mongo.failures import is_passing
from inbox.waiting import either

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Claimed:
    """One owner document whose work is ours until the lease ends.

    `fence` grows with every claim: a write that carries an old fence comes from a worker that
    lost its lease. `attempts` counts this one.
    """

    id: Any
    token: str
    fence: int
    attempts: int
    document: Document


@dataclass(frozen=True, slots=True)
class Backoff:
    """Full-jitter pauses between tries: up to `first`, doubling, never above `longest`."""

    first: timedelta = timedelta(seconds=5)
    longest: timedelta = timedelta(hours=1)

    def pause(self, attempts: int) -> timedelta:
        """How long to wait after so many tries: between nothing and the doubled pause."""
        ceiling = min(self.longest, self.first * 2.0 ** min(attempts - 1, 30))
        return ceiling * random.uniform(0, 1)  # noqa: S311 - jitter, not a secret


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a claim lasts, how often an idle worker looks, how it retries."""

    lease: timedelta = timedelta(seconds=30)
    poll_every: timedelta = timedelta(seconds=1)
    backoff: Backoff = field(default_factory=Backoff)


def due(at: datetime) -> Document:
    """A fresh sub-document: to be done from `at` on."""
    return {"due_at": at, "fence": 0, "attempts": 0}


class DueWork:
    """Claims, finishes, retries and parks the work of one (collection, path).

    Needs an index on `path.due_at`, partial on its existence (inbox/mongo/indexes.py).
    """

    def __init__(
        self,
        mongo: Mongo,
        collection: str,
        path: str,
        clock: Clock,
        *,
        pace: Pace | None = None,
        only: Document | None = None,
    ) -> None:
        """`only`: claim no other owners than these; the index begins with its fields then."""
        self._only = only or {}
        self._collection = mongo[collection]
        self._path = path
        self._name = f"{collection}.{path}"
        self._lag = metrics.due_lag_seconds.labels(self._name)
        self._clock = clock
        self._pace = pace or Pace()
        self._woken = asyncio.Event()

    async def claim(self, limit: int) -> list[Claimed]:
        """Up to `limit` owners whose work is due, oldest first, leased to the caller.

        Three operations whatever the number: read due ids, one conditional update with a token,
        read back by token. The update is hinted to `_id_`: the planner prefers the due index
        otherwise, which is hundreds of times slower.
        """
        now = self._clock.now()
        due_at = f"{self._path}.due_at"
        cursor = self._collection.find({**self._only, due_at: {"$lte": now}}, {due_at: 1})
        found = await cursor.sort(due_at, 1).limit(limit).to_list()
        self._lag.set((now - self._work(found[0])["due_at"]).total_seconds() if found else 0)
        ids = [owner["_id"] for owner in found]
        if not ids:
            return []
        token = secrets.token_hex(8)
        until = now + self._pace.lease
        await self._collection.update_many(
            {"_id": {"$in": ids}, due_at: {"$lte": now}},
            {
                "$set": self._at(due_at=until, lease_until=until, token=token),
                "$inc": self._at(fence=1, attempts=1),
            },
            hint="_id_",
        )
        mine = self._collection.find({"_id": {"$in": ids}, f"{self._path}.token": token})
        claimed = {one["_id"]: one async for one in mine.hint("_id_")}
        return [self._claimed(claimed[id_], token) for id_ in ids if id_ in claimed]

    async def claim_one(self, id_: Any) -> Claimed | None:
        """The work of one owner, due or not; None: there is none, or somebody is at it."""
        now = self._clock.now()
        token, until = secrets.token_hex(8), now + self._pace.lease
        free = [
            {f"{self._path}.token": {"$exists": False}},
            {f"{self._path}.lease_until": {"$lte": now}},
        ]
        found = await self._collection.find_one_and_update(
            {"_id": id_, f"{self._path}.due_at": {"$exists": True}, "$or": free},
            {
                "$set": self._at(due_at=until, lease_until=until, token=token),
                "$inc": self._at(fence=1, attempts=1),
            },
            return_document=ReturnDocument.AFTER,
        )
        return None if found is None else self._claimed(found, token)

    def _claimed(self, document: Document, token: str) -> Claimed:
        work = self._work(document)
        return Claimed(document["_id"], token, work["fence"], work["attempts"], document)

    def _work(self, document: Document) -> Document:
        work: Any = document
        for key in self._path.split("."):
            work = work[key]
        found: Document = work
        return found

    async def finish(self, claimed: Claimed, *, session: Session | None = None) -> bool:
        """The work is done. False when the lease was lost or new work was marked meanwhile."""
        result = await self._collection.update_one(
            self._held(claimed), {"$unset": {self._path: 1}}, session=session
        )
        return result.modified_count == 1

    async def retry(
        self, claimed: Claimed, error: str, *, after: timedelta | None = None
    ) -> datetime:
        """Try again later: after `after`, or after a jittered pause that doubles. When?"""
        at = self._clock.now() + (
            self._pace.backoff.pause(claimed.attempts) if after is None else after
        )
        await self._collection.update_one(
            self._held(claimed),
            {
                "$set": self._at(due_at=at, error=error),
                "$unset": self._at(token=1, lease_until=1),
            },
        )
        return at

    async def park(self, claimed: Claimed, error: str) -> None:
        """Final: keep the reason, claim it never again until somebody marks it due."""
        await self._collection.update_one(
            self._held(claimed),
            {
                "$set": self._at(error=error, parked_at=self._clock.now()),
                "$unset": self._at(due_at=1, token=1, lease_until=1),
            },
        )

    async def renew(self, claimed: Sequence[Claimed]) -> None:
        """Hold the leases for another full time; what was lost meanwhile is left alone."""
        until = self._clock.now() + self._pace.lease
        for token in {one.token for one in claimed}:
            ids = [one.id for one in claimed if one.token == token]
            await self._collection.update_many(
                {"_id": {"$in": ids}, f"{self._path}.token": token},
                {"$set": self._at(due_at=until, lease_until=until)},
                hint="_id_",
            )

    @asynccontextmanager
    async def held(self, claimed: Sequence[Claimed]) -> AsyncIterator[None]:
        """Meanwhile the leases are renewed: work may take longer than one, while we live."""
        renewing = asyncio.create_task(self._renew_on(claimed))
        try:
            yield
        finally:
            await end([renewing])

    async def _renew_on(self, claimed: Sequence[Claimed]) -> None:
        while True:
            await asyncio.sleep(self._pace.lease.total_seconds() / 3)
            try:
                await self.renew(claimed)
            except Exception as error:
                if not is_passing(error):
                    log.exception("leases could not be renewed", work=self._name)

    def wake(self) -> None:
        """Something in this process has just become due."""
        self._woken.set()

    async def wait(self, stop: asyncio.Event) -> None:
        """Until a local wake-up, the poll interval or `stop`, whichever is first."""
        self._woken.clear()
        await either(self._woken, stop, self._pace.poll_every.total_seconds())

    async def keep_at(
        self,
        step: Callable[[], Awaitable[int]],
        stop: asyncio.Event,
        *,
        full: int | None = None,
    ) -> None:
        """Step until `stop` is set; a step that has begun is always ended first.

        What fails is logged, except that the database is away for a while, and tried again.
        A step that has done `full` or more is followed by the next without waiting.
        """
        while not stop.is_set():
            done = 0
            try:
                done = await step()
            except Exception as error:
                if not is_passing(error):
                    log.exception("due work failed", work=self._name)
            if full is None or done < full:
                await self.wait(stop)

    async def keep_filled(
        self,
        begin: Callable[[int], Awaitable[Sequence[Coroutine[Any, Any, None]]]],
        stop: asyncio.Event,
        most: int,
    ) -> None:
        """Have up to `most` pieces of work going until `stop` is set; what was begun is ended.

        `begin` claims as many as it is told. One piece that takes long keeps a place, and not the
        others; none may raise. Who is cancelled leaves none at work: what they work with is closed
        next.
        """
        at_work: set[asyncio.Task[None]] = set()

        async def fill() -> int:
            """As many as are free; `most`, if there is more to begin."""
            free = most - len(at_work)
            if not free:
                await asyncio.wait(at_work, return_when=asyncio.FIRST_COMPLETED)
                return most
            begun = [asyncio.create_task(one) for one in await begin(free)]
            for task in begun:
                at_work.add(task)
                task.add_done_callback(at_work.discard)
            return most if len(begun) == free else len(begun)

        try:
            await self.keep_at(fill, stop, full=most)
            await asyncio.gather(*at_work)
        finally:
            await end(at_work)

    async def attempt(
        self,
        claimed: Claimed,
        work: Callable[[Claimed], Awaitable[None]],
        *,
        most_tries: int | None = None,
    ) -> None:
        """Do one piece of work; what fails is logged and tried again, parked after `most_tries`.

        While the database is away nothing is written: the lease ends by itself.
        """
        try:
            await self._attempt(claimed, work, most_tries)
        except Exception as error:
            if not is_passing(error):
                raise

    async def _attempt(
        self,
        claimed: Claimed,
        work: Callable[[Claimed], Awaitable[None]],
        most_tries: int | None,
    ) -> None:
        try:
            await work(claimed)
        except Exception as error:
            if is_passing(error):
                raise
            log.exception("due work failed", work=self._name)
            if most_tries is not None and claimed.attempts >= most_tries:
                await self.park(claimed, type(error).__name__)
            else:
                await self.retry(claimed, type(error).__name__)

    async def work_off(
        self,
        claimed: Claimed,
        batch: Callable[[], Awaitable[int | None]],
        stop: asyncio.Event | None,
        *,
        settled_at: datetime | None = None,
    ) -> bool:
        """Batch after batch until none is left; whether that is the end of it.

        A batch says how much it has done, None when somebody else is at it. With `settled_at` a
        last look comes then, for what others had begun before. What `stop` cuts short is due at
        once for the next worker.
        """
        renew_at = self._clock.now() + self._pace.lease / 3
        while stop is None or not stop.is_set():
            done = await batch()
            if not done:
                return done is not None and await self._is_settled(claimed, settled_at)
            if self._clock.now() >= renew_at:
                await self.renew([claimed])
                renew_at = self._clock.now() + self._pace.lease / 3
        await self.retry(claimed, "stopping", after=timedelta())
        return False

    async def _is_settled(self, claimed: Claimed, settled_at: datetime | None) -> bool:
        left = timedelta() if settled_at is None else settled_at - self._clock.now()
        if left > timedelta():
            await self.retry(claimed, "settling", after=left)
            return False
        return True

    def _held(self, claimed: Claimed) -> Document:
        return {"_id": claimed.id, f"{self._path}.token": claimed.token}

    def _at(self, **fields: Any) -> Document:
        return {f"{self._path}.{name}": value for name, value in fields.items()}
