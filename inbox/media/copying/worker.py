"""The worker that copies: claims messages, copies each attachment, and tells who is looking."""

import asyncio
from datetime import timedelta

import structlog
from obstore.exceptions import BaseError

from inbox import metrics
from inbox.cancelling import end
from inbox.media.copying.model import FailureReason, failed, waiting
from inbox.media.copying.store import CopyLost, CopyStore, Place
from inbox.media.copying.taking import NotTaken, Taken, Taking
from inbox.media.garbage.store import ObjectGone
from inbox.media.garbage.writing import StorageBusy
from inbox.media.source import MediaUnavailable
from inbox.mongo.due import Claimed
from inbox.mongo.failures import is_passing

log = structlog.get_logger(__name__)

_PASSING = (MediaUnavailable, StorageBusy, BaseError, OSError)
"""The channel is in trouble, or our own storage is (a full disk, an S3 that is away)."""


class Copying:
    """Copies up to `at_once` messages, and as many attachments, at a time."""

    def __init__(
        self, store: CopyStore, taking: Taking, *, at_once: int, most_attempts: int
    ) -> None:
        self._store = store
        self._taking = taking
        self._at_once = at_once
        self._most_attempts = most_attempts
        self._free = asyncio.Semaphore(at_once)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; what is in hand then is given up, and taken over later.

        A download may take minutes, and nothing is lost: the message stays due.
        """
        working: set[asyncio.Task[None]] = set()
        stopping = asyncio.ensure_future(stop.wait())
        while not stop.is_set():
            claimed = await self._claim(self._at_once - len(working))
            working |= {asyncio.create_task(self._copy(one)) for one in claimed}
            if claimed and len(working) < self._at_once:
                continue
            idle = asyncio.ensure_future(self._store.due.wait(stop))
            others = working if len(working) >= self._at_once else {idle, *working}
            await asyncio.wait({stopping, *others}, return_when=asyncio.FIRST_COMPLETED)
            await end([idle])
            working = {task for task in working if not task.done()}
        await end([stopping, *working])

    async def step(self) -> int:
        """Claim what is due, once, and copy it; the number of messages claimed."""
        claimed = await self._claim(self._at_once)
        await asyncio.gather(*(self._copy(one) for one in claimed))
        return len(claimed)

    async def _claim(self, limit: int) -> list[Claimed]:
        if limit <= 0:
            return []
        try:
            return await self._store.due.claim(limit)
        except Exception as error:
            if not is_passing(error):
                log.exception("copying could not claim")
            return []

    async def _copy(self, claimed: Claimed) -> None:
        """Copy what waits of one message, and give the message back."""
        try:
            async with self._store.due.held([claimed]):
                await self._copy_all(claimed)
        except Exception as error:
            # the lease ends by itself, and the message is taken up again
            if not is_passing(error):
                log.exception("copying failed", message_id=claimed.id)

    async def _copy_all(self, claimed: Claimed) -> None:
        attachments = claimed.document.get("attachments") or []
        places = [Place(claimed, n, attachments[n]) for n in waiting(attachments)]
        # what goes wrong with one, even a bug, must not take the others along
        results = await asyncio.gather(
            *(self._copy_one(place) for place in places), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result
        again = [result for result in results if isinstance(result, timedelta)]
        if again:
            await self._store.due.retry(claimed, "unavailable", after=max(again) or None)
        else:
            await self._store.due.finish(claimed)

    async def _copy_one(self, place: Place) -> timedelta | None:
        """Copy one attachment. None when that is settled; else after how long to try again,
        nothing where the channel did not say.
        """
        async with self._free:
            try:
                taken = await self._take(place)
            except NotTaken as error:
                await self._give_up(place, error.reason)
                return None
            except _PASSING as error:
                return await self._later(place, error)
            return await self._keep(place, taken)

    async def _later(self, place: Place, error: Exception) -> timedelta | None:
        if place.claimed.attempts >= self._most_attempts:
            await self._give_up(place, "unavailable")
            return None
        if not isinstance(error, MediaUnavailable):
            log.warning("could not store a copy", error=type(error).__name__)
        metrics.media_copies_total.labels("retried").inc()
        return timedelta(seconds=getattr(error, "retry_after_s", None) or 0.0)

    async def _take(self, place: Place) -> Taken:
        if place.claimed.attempts > self._most_attempts:
            raise NotTaken("unavailable")  # whoever was at it before has died of it
        return await self._taking.take(place.claimed.document["channel"], place.attachment)

    async def _keep(self, place: Place, taken: Taken) -> timedelta | None:
        try:
            await self._store.keep(place, taken.copy, taken.pins)
        except (CopyLost, ObjectGone):
            # removed, changed, or taken over: whoever looks at the message next will see
            await self._store.drop(taken.pins)
            metrics.media_copies_total.labels("lost").inc()
            return timedelta()
        metrics.media_copies_total.labels("copied").inc()
        metrics.media_copied_bytes_total.inc(taken.size)
        return None

    async def _give_up(self, place: Place, reason: FailureReason) -> None:
        try:
            await self._store.keep(place, failed(reason))
        except CopyLost:
            return
        metrics.media_copies_total.labels("failed").inc()
        log.info(
            "an attachment will not be copied",
            message_id=place.claimed.id,
            position=place.position,
            reason=reason,
        )
