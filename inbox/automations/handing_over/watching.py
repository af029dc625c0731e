"""Whoever answers first must answer: a customer who waits too long is handed to people."""

import asyncio
import contextlib

from inbox.automations.handing_over.service import HandingOver
from inbox.automations.handing_over.store import HandOverStore, Waiting
from inbox.automations.model import Automation
from inbox.conversations.model import Author
from inbox.conversations.replying.model import Writer
from inbox.errors import NotFound
from inbox.mongo.due import Claimed

AT_ONCE = 20
MOST_TRIES = 8


class Watching:
    """Takes turns of automations that are over; see `automation_streams.watch`."""

    def __init__(self, store: HandOverStore, handing_over: HandingOver) -> None:
        self._store = store
        self._handing_over = handing_over

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; the batch in hand is always finished first."""
        await self._store.watches.keep_at(self.step, stop, full=AT_ONCE)

    async def step(self) -> int:
        """Hand over what has waited too long, once; how many turns were over."""
        claimed = await self._store.watches.claim(AT_ONCE)
        attempts = (
            self._store.watches.attempt(one, self._end_turn, most_tries=MOST_TRIES)
            for one in claimed
        )
        await asyncio.gather(*attempts)
        return len(claimed)

    async def _end_turn(self, claimed: Claimed) -> None:
        """The message that came meanwhile begins no new turn: people have it then."""
        watch = claimed.document["watch"]
        automation_id = watch["automation_id"]
        automation = await self._store.automation(automation_id)
        with contextlib.suppress(NotFound):  # erased
            await self._handing_over.because_silent(
                claimed.document["conversation_id"],
                _writer(automation_id, automation),
                None if automation is None or not automation.enabled else automation.answer_within,
                Waiting(watch["at"], watch["seq"]),
            )
        await self._store.watches.finish(claimed)


def _writer(automation_id: str, automation: Automation | None) -> Writer:
    """One that was deleted has no name any more."""
    if automation is None:
        author = Author("automation", automation_id, "Chương trình tự động")
        return Writer(author, is_human=False)
    author = Author("automation", automation.id, automation.name)
    return Writer(author, is_human=False, hand_back_after=automation.hand_back_after)
