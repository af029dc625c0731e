"""What each open connection shows, kept in the database while it is open."""

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import structlog

from inbox.errors import NotAllowed, NotFound
from inbox.ids import random_id
from inbox.live.client import Client
from inbox.live.viewing.store import ViewerStore
from inbox.mongo.failures import is_passing

log = structlog.get_logger(__name__)

EXTEND_EVERY = timedelta(seconds=20)
_PAUSE_S = 0.2
"""Between two changes of one connection: whoever leafs through the list writes no storm."""
_LONGEST_ID = 64
_ENDED_TOGETHER = 100


class Viewer:
    """One connection. It says what it shows as often as it likes; the last word is stored."""

    def __init__(self, client: Client, store: ViewerStore) -> None:
        self.id = random_id()
        self._client = client
        self._store = store
        self._wanted: str | None = None
        self._is_lost = False
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.stored: str | None = None
        """The conversation in which the database may show this connection."""

    @property
    def client(self) -> Client:
        return self._client

    def hear(self, message: Mapping[str, Any]) -> None:
        """A message of the client: `{"type": "viewing", "conversation_id": id or null}`."""
        if message.get("type") != "viewing" or self._client.actor.kind != "staff":
            return
        wanted = message.get("conversation_id")
        if wanted is None or (isinstance(wanted, str) and 0 < len(wanted) <= _LONGEST_ID):
            self.show(wanted)

    def show(self, conversation_id: str | None) -> None:
        if not self._closing.is_set():
            self._wanted = conversation_id
            self._begin()

    def lost(self) -> None:
        """The database does not show it (any more): say it again."""
        self._is_lost = True
        self._begin()

    async def close(self) -> None:
        """The connection is over. What cannot be stored now ends by itself in time."""
        self._wanted, self._is_lost = None, False
        self._closing.set()
        self._begin()
        if self._task is not None:
            await self._task

    def _begin(self) -> None:
        if self._is_behind and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._run())

    @property
    def _is_behind(self) -> bool:
        return self.stored != self._wanted or self._is_lost

    async def _run(self) -> None:
        try:
            while self._is_behind:
                await self._store_wanted()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), _PAUSE_S)
        except Exception as error:  # the next round finds that it is not there, and says it again
            if not is_passing(error):
                log.exception("what a connection shows could not be stored")

    async def _store_wanted(self) -> None:
        left, wanted = self.stored, self._wanted
        self._is_lost = False
        self.stored = wanted
        if left is not None and left != wanted:
            await self._store.leave(self.id, left)
        if wanted is None:
            return
        try:
            await self._store.enter(self.id, self._client.actor, wanted)
        except (NotAllowed, NotFound):
            self.stored = None
            if self._wanted == wanted:
                self._wanted = None


class ViewerKeeping:
    """The connections of this process: one write per round keeps all of them."""

    def __init__(self, store: ViewerStore) -> None:
        self._store = store
        self._open: set[Viewer] = set()

    def open(self, client: Client) -> Viewer:
        viewer = Viewer(client, self._store)
        self._open.add(viewer)
        return viewer

    async def close(self, viewer: Viewer) -> None:
        self._open.discard(viewer)
        await viewer.close()

    async def run(self, stop: asyncio.Event) -> None:
        """Extend until `stop` is set."""
        while not stop.is_set():
            try:
                await self.extend()
            except Exception as error:
                if not is_passing(error):
                    log.exception("viewers could not be extended")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EXTEND_EVERY.total_seconds())

    async def extend(self) -> None:
        """One round: who shows something is there for another while, if they still may see it."""
        showing = {viewer.id: viewer for viewer in self._open if viewer.stored is not None}
        shown = {id_: viewer.stored or "" for id_, viewer in showing.items()}
        for id_ in await self._out_of_sight(showing, shown):
            showing[id_].show(None)
            del shown[id_]
        for id_ in await self._store.extend(shown):
            if showing[id_].stored == shown[id_]:
                showing[id_].lost()

    async def _out_of_sight(
        self, showing: Mapping[str, Viewer], shown: Mapping[str, str]
    ) -> list[str]:
        by_actor: dict[Any, list[str]] = {}
        for id_, viewer in showing.items():
            by_actor.setdefault(viewer.client.actor, []).append(id_)
        out: list[str] = []
        for actor, ids in by_actor.items():
            seen = await self._store.visible({shown[id_] for id_ in ids}, actor)
            out += [id_ for id_ in ids if shown[id_] not in seen]
        return out


class ViewerEnding:
    """Notes, as due work, that a connection is not there any more and nobody could say so."""

    def __init__(self, store: ViewerStore) -> None:
        self._store = store

    async def run(self, stop: asyncio.Event) -> None:
        """Look again and again until `stop`."""
        await self._store.due.keep_at(self.step, stop)

    async def step(self) -> int:
        """End what is over; in how many conversations."""
        claimed = await self._store.due.claim(_ENDED_TOGETHER)
        return sum([await self._store.expire(one) for one in claimed])
