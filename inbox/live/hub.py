"""The hub: one per process; follows the change stream and writes to every connected client."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import structlog

from inbox.cancelling import end
from inbox.config import LiveConfig
from inbox.conversations import visibility
from inbox.live.client import Client, Turn, Wire
from inbox.live.frames import frame_json, text_message
from inbox.live.model import Frame, LiveEvent
from inbox.live.ring import Entry, MaySee, Ring
from inbox.live.store import Feed, FeedInterrupted, FeedLost, LiveStore
from inbox.metrics import live_clients, live_frames_total, live_resyncs_total
from inbox.staff.model import Actor

log = structlog.get_logger(__name__)

GOING_AWAY = 1001
TRY_AGAIN = 1013
SESSION_ENDED = 4401
"""Close code of our own: sign in again. 4000-4999 are free for applications (RFC 6455, 7.4.2)."""

_RETRY_AFTER_S = 0.5
_LAGGARDS_EVERY_S = 0.05
_LARGEST_MESSAGE = 256
"""Frames per message, so that a client that comes back does not get one of many megabytes."""
_CHECKED_TOGETHER = 20
_CLIENTS_PER_TURN = 100
"""Clients written to before other work gets its turn."""

Refresh = Callable[[Actor], Awaitable[Actor | None]]
"""The actor as it stands now (role, bots); None when the session, token or person is gone."""
Present = Callable[[dict[str, Any]], dict[str, Any]]


def _as_it_is(data: dict[str, Any]) -> dict[str, Any]:
    return data


class Hub:
    """Every client has a position in the shared ring of events; serving it moves the position.

    A client that does not take its messages keeps its position. One that falls too far behind
    skips to the end and gets one resync frame, so a slow client costs no memory.
    """

    def __init__(
        self,
        store: LiveStore,
        refresh: Refresh,
        config: LiveConfig,
        *,
        may_see: MaySee = visibility.may_see,
        present: Present = _as_it_is,
    ) -> None:
        """`present` makes an event's data ready for clients, once per event and process."""
        self._store = store
        self._refresh = refresh
        self._config = config
        self._may_see = may_see
        self._present = present
        self._joined_within_s = config.joined_within.total_seconds()
        self._ring = Ring(config.kept_events)
        self._clients: set[Client] = set()
        self._news = asyncio.Event()
        self._closing = False
        self.watching = asyncio.Event()
        """Set while the change stream is open: events from now on will be seen."""

    # Clients

    def connect(self, actor: Actor, wire: Wire, *, after: str | None = None) -> Client:
        """Say hello and begin to serve a client; `after` is the id of the last frame it has.

        The hello frame's id is the point the client goes on from: `after` when that is known,
        else now, and then a client that gave an `after` is told to resync.
        """
        known = None if after is None else self._ring.position_after(after)
        position = self._ring.end if known is None else known
        client = Client(
            actor, wire, position, max(self._config.client_queue, self._ring.end - position)
        )
        here = self._ring.last_id if known is None else after
        wire.write(text_message([frame_json(Frame(id=here, type="hello"))]))
        client.needs_resync = after is not None and known is None
        if self._closing:
            wire.close(GOING_AWAY, "stopping")
        self._clients.add(client)
        live_clients.set(len(self._clients))
        if client.needs_resync or position < self._ring.end:
            self._serve(client, Turn(self._ring.end))
        return client

    def disconnect(self, client: Client) -> None:
        self._clients.discard(client)
        live_clients.set(len(self._clients))

    def close(self) -> None:
        """Close every client with 1001: they come back to another process, or to the next one."""
        self._closing = True
        for client in self._clients:
            client.wire.close(GOING_AWAY, "stopping")

    # The loop

    async def run(self, stop: asyncio.Event) -> None:
        """Follow the feed and serve clients until `stop` is set; then close all of them."""
        loops = (self._follow(), self._write(), self._write_laggards(), self._recheck())
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(work) for work in loops]
                await stop.wait()
                await end(tasks)
        finally:
            self.watching.clear()
            self.close()

    async def _follow(self) -> None:
        token: str | None = None
        while True:
            try:
                async with self._store.watch(token) as feed:
                    if token is None:
                        await self._begin(feed.token)
                    self.watching.set()
                    while True:
                        await self._take_next(feed)
                        token = feed.token
            except FeedLost as error:
                log.warning("live feed starts afresh", reason=str(error))
                token = None
            except FeedInterrupted as error:
                log.warning("live feed interrupted", reason=str(error))
            except Exception:
                log.exception("live feed failed")
                token = None
            self.watching.clear()
            await asyncio.sleep(_RETRY_AFTER_S)

    async def _begin(self, token: str | None) -> None:
        """Start from now: whatever was missed, clients read it anew."""
        self._ring.restart(token)
        for client in self._clients:
            self._tell_to_resync(client)
        await self._refresh_actors()  # the end of a session may be among what was missed
        self._news.set()

    async def _take_next(self, feed: Feed) -> None:
        news = await feed.next()
        if news is None:
            return
        token, event = news
        if event.type == "session_ended":
            self._end_session(event)
            return
        if event.type == "bot_changed":
            await self._refresh_actors()
        entry = Entry(token, replace(event, data=self._present(event.data)))
        entry.build()  # here, where data that is no JSON does not stop the writing
        self._ring.append(entry)
        self._news.set()

    # Writing

    async def _write(self) -> None:
        """Serve all clients when there is news; news that is close together goes out together."""
        while True:
            await self._news.wait()
            self._news.clear()
            began = time.monotonic()
            await self._serve_all()
            await asyncio.sleep(max(0.0, began + self._joined_within_s - time.monotonic()))

    async def _serve_all(self) -> None:
        turn = Turn(self._ring.end)
        for number, client in enumerate(list(self._clients), start=1):
            self._serve(client, turn)
            if number % _CLIENTS_PER_TURN == 0:
                await asyncio.sleep(0)
        live_frames_total.inc(turn.frames)

    async def _write_laggards(self) -> None:
        """Clients that could not take their messages get them once they read again."""
        while True:
            await asyncio.sleep(_LAGGARDS_EVERY_S)
            turn = Turn(self._ring.end)
            for client in list(self._clients):
                if client.needs_resync or client.position < turn.end:
                    self._serve(client, turn)
            live_frames_total.inc(turn.frames)

    def _serve(self, client: Client, turn: Turn) -> None:
        """Write what the client has not had up to the turn's end, as far as it takes it."""
        too_far = client.wire.is_behind and turn.end - client.position > client.allowed_lag
        if too_far or client.position < self._ring.start:
            self._tell_to_resync(client)
        while not client.wire.is_behind:
            if client.needs_resync:
                self._write_resync(client)
            if client.position >= turn.end:
                client.allowed_lag = self._config.client_queue
                return
            end = min(turn.end, client.position + _LARGEST_MESSAGE)
            entries = self._ring.between(client.position, end)
            client.position = end
            shown = (entry.frame_for(client.actor, self._may_see) for entry in entries)
            if frames := [frame for frame in shown if frame is not None]:
                client.wire.write(turn.message(frames))

    def _tell_to_resync(self, client: Client) -> None:
        """Instead of what it missed, the client is told once to read everything anew."""
        client.position = self._ring.end
        client.needs_resync = True

    def _write_resync(self, client: Client) -> None:
        client.position = self._ring.end
        client.needs_resync = False
        client.wire.write(text_message([frame_json(Frame(id=self._ring.last_id, type="resync"))]))
        live_resyncs_total.inc()

    # Who may still listen

    async def _recheck(self) -> None:
        """Find sessions that ran out and roles that changed without an event."""
        while True:
            await asyncio.sleep(self._config.recheck_every.total_seconds())
            await self._refresh_actors()

    async def _refresh_actors(self) -> None:
        """Look up every connected actor anew; whoever's sight changed is told to resync."""
        by_actor: dict[Actor, list[Client]] = {}
        for client in self._clients:
            by_actor.setdefault(client.actor, []).append(client)
        actors = list(by_actor.items())
        for start in range(0, len(actors), _CHECKED_TOGETHER):
            together = actors[start : start + _CHECKED_TOGETHER]
            await asyncio.gather(*(self._check(actor, clients) for actor, clients in together))

    async def check(self, client: Client) -> None:
        """Look up the actor of `client` anew: it may have changed while it was connecting."""
        await self._check(client.actor, [client])

    async def _check(self, actor: Actor, clients: list[Client]) -> None:
        try:
            fresh = await self._refresh(actor)
        except Exception:  # no answer: better to connect anew than to see too much
            log.exception("live client could not be checked", staff_id=actor.id)
            _close(clients, TRY_AGAIN, "try again")
            return
        if fresh is None:
            _close(clients, SESSION_ENDED, "session ended")
        elif fresh != actor:
            self._change_actor(clients, fresh)

    def _change_actor(self, clients: list[Client], actor: Actor) -> None:
        for client in clients:
            client.actor = actor
            self._tell_to_resync(client)
        self._news.set()

    def _end_session(self, event: LiveEvent) -> None:
        data = event.data
        ended = [
            client
            for client in self._clients
            if _is(client.actor.id, data.get("staff_id"))
            or _is(client.actor.session_id, data.get("session_id"))
            or _is(client.actor.token_id, data.get("token_id"))
        ]
        _close(ended, SESSION_ENDED, "session ended")


def _is(mine: str | None, theirs: str | None) -> bool:
    return mine is not None and mine == theirs


def _close(clients: list[Client], code: int, reason: str) -> None:
    for client in clients:
        client.wire.close(code, reason)
