"""Moves accounts between bots, and brings moves that were begun to their end."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from inbox.bots.moving.model import Move
from inbox.bots.moving.store import MovingStore
from inbox.mongo.due import Claimed
from inbox.staff.authenticator import ActorCache
from inbox.staff.model import Actor

log = structlog.get_logger(__name__)

SETTLES_AFTER = timedelta(seconds=30)
"""Other processes look up every two seconds which bot an account is in. What they still begin in
the old one is found by a last look, this long after the move began."""
_AT_ONCE = 4

Refresh = Callable[[], Awaitable[None]]


class Moving:
    """`refresh` makes this process look up the accounts' bots anew."""

    def __init__(self, store: MovingStore, actors: ActorCache, refresh: Refresh) -> None:
        self._store = store
        self._actors = actors
        self._refresh = refresh

    async def move(self, actor: Actor, account_key: str, to_bot: str) -> Move:
        """Put an account into another bot; its conversations follow within moments.

        Raises:
            NotFound: there is no such account.
            InvalidInput: there is no such bot.
        """
        move = await self._store.begin(actor, account_key, to_bot)
        self._actors.clear()
        await self._refresh()
        self._store.due.wake()
        log.info("account moves", account=account_key, bot_id=to_bot)
        return move

    async def run(self, stop: asyncio.Event) -> None:
        """Bring moves to their end until `stop`; the batch in hand is always finished first."""
        await self._store.due.keep_at(lambda: self.step(stop), stop)

    async def step(self, stop: asyncio.Event | None = None) -> int:
        """Claim the moves that are due and go on with them; the number claimed."""
        claimed = await self._store.due.claim(_AT_ONCE)
        for one in claimed:
            await self._go_on(one, stop)
        return len(claimed)

    async def _go_on(self, claimed: Claimed, stop: asyncio.Event | None) -> None:
        over = await self._store.due.work_off(
            claimed,
            lambda: self._store.step(claimed),
            stop,
            settled_at=claimed.document["move"]["begun_at"] + SETTLES_AFTER,
        )
        if over and await self._store.finish(claimed):
            log.info("account has moved", account=claimed.id)
