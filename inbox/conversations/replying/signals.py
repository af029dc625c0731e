"""Typing and seen, told to the channel after the answer, at best effort."""

import asyncio
from collections.abc import Awaitable, Mapping
from datetime import datetime, timedelta

import structlog

from inbox.clock import Clock
from inbox.conversations.delivery.sending import account_of, recipient_of
from inbox.conversations.model import Channel
from inbox.conversations.sheet import Document
from inbox.conversations.window import window_of
from inbox.ports import Messenger

log = structlog.get_logger(__name__)

TYPING_EVERY = timedelta(seconds=10)
"""The channel shows it for up to 20 s, and counts each against its limits."""
_WITHIN_S = 10
_MOST_REMEMBERED = 10_000


class Signals:
    """What nobody waits for and nobody misses; nothing is told while the window is closed."""

    def __init__(self, messengers: Mapping[Channel, Messenger], clock: Clock) -> None:
        self._messengers = messengers
        self._clock = clock
        self._typed_at: dict[str, datetime] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def typing(self, conversation: Document) -> None:
        now, id_ = self._clock.now(), conversation["_id"]
        typed_at = self._typed_at.get(id_)
        if typed_at is not None and now < typed_at + TYPING_EVERY:
            return
        if len(self._typed_at) >= _MOST_REMEMBERED:
            self._typed_at.clear()
        self._typed_at[id_] = now
        if (messenger := self._reachable(conversation)) is not None:
            self._tell(messenger.show_typing(account_of(conversation), recipient_of(conversation)))

    def seen(self, conversation: Document) -> None:
        if (messenger := self._reachable(conversation)) is not None:
            self._tell(messenger.mark_seen(account_of(conversation), recipient_of(conversation)))

    async def told(self) -> None:
        """Return when everything so far was told or has failed."""
        await asyncio.gather(*self._tasks)

    def _reachable(self, conversation: Document) -> Messenger | None:
        if conversation["kind"] != "inbox" or window_of(conversation, self._clock.now()) is None:
            return None
        return self._messengers.get(conversation["channel"])

    def _tell(self, call: Awaitable[None]) -> None:
        task = asyncio.create_task(_quietly(call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _quietly(call: Awaitable[None]) -> None:
    try:
        async with asyncio.timeout(_WITHIN_S):
            await call
    except Exception as error:  # noqa: BLE001 - nobody misses it
        log.debug("a signal was not told", error=type(error).__name__)
