"""The worker that delivers: claims conversations and brings their messages out, in order."""

import asyncio
from collections.abc import Collection

import structlog

from inbox.clock import Clock
from inbox.conversations.delivery.grouping import Grouped
from inbox.conversations.delivery.sending import Sending
from inbox.conversations.delivery.steps import Check, Doubt
from inbox.conversations.delivery.store import TRIED_EVERY, DeliveryStore
from inbox.conversations.delivery.turns import Begun, Lost, Next, Over, Rests, Turn
from inbox.conversations.model import Channel
from inbox.mongo.due import Claimed
from inbox.mongo.failures import is_passing

log = structlog.get_logger(__name__)

_GATHER_S = 0.01
"""Claiming costs three operations, however many conversations it finds."""


class Delivering:
    """Delivers up to `at_once` conversations at a time; of each, one part is in flight at most."""

    def __init__(
        self,
        store: DeliveryStore,
        sending: Sending,
        clock: Clock,
        *,
        channels: Collection[Channel],
        at_once: int,
    ) -> None:
        self._store = store
        self._sending = sending
        self._clock = clock
        self.channels = frozenset(channels)
        self._at_once = at_once
        self._stopping = False
        self._turns = Grouped[Turn, Next](store.take_turns)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; parts in flight are always finished, their rest given back."""
        working: set[asyncio.Task[None]] = set()
        stopping = asyncio.ensure_future(stop.wait())
        while not stop.is_set():
            claimed = await self._claim(self._at_once - len(working))
            working |= {asyncio.create_task(self._deliver(one)) for one in claimed}
            if claimed:  # perhaps there is more: soon, when several can be claimed together
                await asyncio.wait({stopping}, timeout=_GATHER_S)
                working = {task for task in working if not task.done()}
                if len(working) < self._at_once:
                    continue
            waiting = asyncio.ensure_future(self._store.due.wait(stop))
            full = len(working) >= self._at_once
            others = working if full else {waiting, *working}
            await asyncio.wait({stopping, *others}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            working = {task for task in working if not task.done()}
        self._stopping = True
        stopping.cancel()
        if working:
            await asyncio.wait(working)

    async def step(self) -> int:
        """Claim what is due, once, and deliver it; the number of conversations claimed."""
        claimed = await self._claim(self._at_once)
        await asyncio.gather(*(self._deliver(one) for one in claimed))
        return len(claimed)

    async def _claim(self, limit: int) -> list[Claimed]:
        if limit <= 0:
            return []
        try:
            return await self._store.due.claim(limit)
        except Exception as error:
            if not is_passing(error):
                log.exception("delivery could not claim")
            return []

    async def _deliver(self, claimed: Claimed) -> None:
        """Bring out everything of one conversation that can go out now."""
        try:
            await self._bring_out(claimed)
        except Exception as error:
            # the lease ends by itself; what was being sent is in doubt then
            if not is_passing(error):
                log.exception("delivery failed", conversation=claimed.id)

    async def _bring_out(self, claimed: Claimed) -> None:
        if claimed.document["channel"] not in self.channels:
            await self._rest(claimed, "channel_cannot_send")
            return
        tries, goes_on = False, True
        while goes_on:
            found = await self._turns.do(Turn(claimed, ends=self._stopping, tries=tries))
            tries = isinstance(found, Rests)
            goes_on = await self._take(claimed, found)

    async def _take(self, claimed: Claimed, found: Next) -> bool:
        """Do what is next; False when the conversation is not ours any more."""
        match found:
            case Begun(subject, n):
                if not await self._sending.send(subject, n):
                    await self._rest(claimed, "account_unusable")
                    return False
            case Doubt(message, part):
                await self._sending.doubt(message, part)
            case Check(message, part):
                await self._sending.check(claimed, message, part)
            case Rests():
                return not await self._account_rests(claimed)
            case Lost():
                log.warning("lost a conversation to another worker", conversation=claimed.id)
                return False
            case Over():
                return False
        return True

    async def _account_rests(self, claimed: Claimed) -> bool:
        """Give the conversation back when its account cannot be tried at this time."""
        until = await self._store.account_rests_until(claimed.document["account_key"])
        if until is None:
            return False
        await self._store.release(claimed, not_before=until, error="account_unusable")
        return True

    async def _rest(self, claimed: Claimed, error: str) -> None:
        until = self._clock.now() + TRIED_EVERY
        await self._store.release(claimed, not_before=until, error=error)
