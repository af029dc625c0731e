"""What could be given to nobody yet, tried again: oldest first, cheaply while nothing changes."""

from collections.abc import Awaitable, Callable, Sequence

from inbox.splitting.assigning.outcome import Wish
from inbox.splitting.assigning.queues import Place, Queues
from inbox.splitting.assigning.store import Change

_PROBED = 100
"""Conversations tried first, of all queues together."""
_BATCH = 100
_MOST_BATCHES = 50
"""In one sweep; the next one goes on."""
_IN_TURN = 50
"""Conversations per sweep that are tried whatever their queue: rules and customers change."""

Assign = Callable[[str, list[Wish]], Awaitable[Sequence[Change] | None]]
"""Decides conversations of a bot; None while another process assigns for it."""


class Backlog:
    """Sweeps the waiting conversations of one bot after another.

    What waits for the same people is one queue. Of each the oldest ones are tried; where nothing
    comes of it nothing is done with the rest. Besides, some are tried in turn, whatever queue
    they are in.
    """

    def __init__(self, queues: Queues, assign: Assign) -> None:
        self._queues = queues
        self._assign = assign
        self._places: dict[str, Place | None] = {}
        self._turns: dict[str, int] = {}

    async def sweep(self, bot_id: str) -> None:
        names = self._some(bot_id, await self._queues.queues(bot_id))
        each = max(1, _PROBED // len(names))
        probes = [one for name in names for one in await self._queues.waiting(bot_id, [name], each)]
        moving = await self._try(bot_id, probes)
        for _ in range(_MOST_BATCHES):
            if not moving:
                break
            batch = await self._queues.waiting(bot_id, sorted(moving, key=str), _BATCH)
            moved = await self._try(bot_id, batch)
            moving -= {queue for queue, _ in batch} - moved
            if not batch:
                break
        await self._try_in_turn(bot_id, probes)

    def _some(self, bot_id: str, names: list[str | None]) -> list[str | None]:
        """Not more queues than are probed in one sweep, in turn."""
        if len(names) <= _PROBED:
            return names
        first = self._turns.get(bot_id, 0) % len(names)
        self._turns[bot_id] = first + _PROBED
        return [*names[first:], *names[:first]][:_PROBED]

    async def _try(self, bot_id: str, batch: Sequence[tuple[str | None, str]]) -> set[str | None]:
        """The queues of which something could go."""
        if not batch:
            return set()
        changes = await self._assign(bot_id, [Wish(id_) for _, id_ in batch])
        return {one.before["split"].get("queue") for one in changes or ()}

    async def _try_in_turn(self, bot_id: str, probed: Sequence[tuple[str | None, str]]) -> None:
        found = await self._queues.waiting_after(bot_id, self._places.get(bot_id), _IN_TURN)
        full = len(found) == _IN_TURN
        self._places[bot_id] = (found[-1]["split"]["since"], found[-1]["_id"]) if full else None
        tried = {id_ for _, id_ in probed}
        if wishes := [Wish(one["_id"]) for one in found if one["_id"] not in tried]:
            await self._assign(bot_id, wishes)
