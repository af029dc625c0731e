"""The HTTP of rehearsals."""

import asyncio
from datetime import timedelta

from inbox.clock import Clock
from inbox.errors import NotFound
from inbox.http.routing import Routes, route
from inbox.splitting.configuring import SplitConfiguring
from inbox.splitting.rehearsal.drafting import drafted
from inbox.splitting.rehearsal.store import RehearsalStore, with_pools
from inbox.splitting.rehearsal.view import RehearsalBody, RehearsalView, rehearsal_view
from inbox.splitting.rehearsing import rehearse


class RehearsalRoutes(Routes):
    """Admins try a configuration before they save it."""

    def __init__(self, store: RehearsalStore, configuring: SplitConfiguring, clock: Clock) -> None:
        self._store = store
        self._configuring = configuring
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()

    @route(
        "POST",
        "/api/v1/bots/{bot_id}/split/rehearsal",
        access="admin",
        tag="split",
        status=200,
        problems=(NotFound,),
    )
    async def rehearse(self, bot_id: str, body: RehearsalBody) -> RehearsalView:
        """Replay what came in during the last days under a draft, or under what is stored.

        Nothing is changed by it. The answer says what it takes for granted.
        """
        stored = await self._configuring.get(bot_id)
        config = drafted(stored, body, await self._configuring.known(bot_id))
        async with self._one_at_a_time:  # it takes memory and a processor for some seconds
            until = self._clock.now()
            found = await self._store.arrivals(bot_id, until - timedelta(days=body.days), until)
            members = await self._store.members(bot_id)
            config = with_pools(config, members)
            roster = await self._store.roster(config, members)
            done = await asyncio.to_thread(rehearse, config, found.arrivals, roster, until)
        names = await self._store.names([one.staff_id for one in done.shares])
        return rehearsal_view(done, config, names, since=found.since, until=until, cut=found.cut)
