"""A real server with a hub, on a real database, and clients that keep what they are told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import BaseTestServer, TestServer

from inbox.clock import FixedClock
from inbox.config import LiveConfig
from inbox.conversations import visibility
from inbox.http.application import build_application
from inbox.live.hub import Hub
from inbox.live.model import live_event
from inbox.live.ring import MaySee
from inbox.live.routes import LiveRoutes
from inbox.live.store import LiveStore
from inbox.live.viewing.keeping import ViewerKeeping
from inbox.live.viewing.store import ViewerStore
from inbox.mongo.client import Mongo
from inbox.staff.model import Actor

DEADLINE_S = 20.0


class Door:
    """Who is signed in: the secret of a session or a token is the actor's key here."""

    def __init__(self) -> None:
        self.actors: dict[str, Actor] = {}
        self.signing_out: set[str] = set()
        """Secrets that are good for one more look."""

    def let_in(self, secret: str, actor: Actor) -> None:
        self.actors[secret] = replace(actor, session_id=f"session-{secret}")

    def change(self, secret: str, *, bots: set[str]) -> None:
        self.actors[secret] = replace(self.actors[secret], bot_ids=frozenset(bots))

    async def by_session(self, secret: str) -> Actor | None:
        if secret in self.signing_out:
            return self.actors.pop(secret, None)
        return self.actors.get(secret)

    async def by_token(self, secret: str) -> Actor | None:
        return self.actors.get(secret)

    async def refresh(self, actor: Actor) -> Actor | None:
        return next(
            (one for one in self.actors.values() if one.session_id == actor.session_id), None
        )


@dataclass
class Listener:
    """One client: what it was told, flat and in order."""

    socket: aiohttp.ClientWebSocketResponse
    frames: list[dict[str, Any]] = field(default_factory=list)

    async def next(self) -> dict[str, Any]:
        """The next frame that was not looked at; waits for one."""
        known = len(self.frames)
        await self.until(lambda: len(self.frames) > known)
        return self.frames[known]

    async def until(self, done: Callable[[], bool]) -> None:
        """Read messages until `done()`."""
        async with asyncio.timeout(DEADLINE_S):
            while not done():
                told = await self.socket.receive_json()
                self.frames += told if isinstance(told, list) else [told]

    async def until_told(self, number: int) -> None:
        """Read until event `number` (see `happening`) has come."""
        await self.until(lambda: number in self.numbers)

    async def until_count(self, count: int) -> None:
        """Read until that many numbered events have come."""
        await self.until(lambda: len(self.numbers) >= count)

    async def until_closed(self) -> int | None:
        """Read on; the code that the server closed with."""
        async with asyncio.timeout(DEADLINE_S):
            async for _ in self.socket:
                pass
        return self.socket.close_code

    @property
    def numbers(self) -> list[int]:
        """The numbers of the events that came, in the order they came."""
        return [one["data"]["n"] for one in self.frames if "n" in one.get("data", {})]

    @property
    def types(self) -> list[str]:
        return [one["type"] for one in self.frames]


@dataclass
class Live:
    """One process's worth: a hub and a server, with the way to connect to it."""

    hub: Hub
    server: BaseTestServer
    session: aiohttp.ClientSession
    stop: asyncio.Event
    viewers: ViewerKeeping

    async def listen(self, secret: str, **options: Any) -> Listener:
        """A connected client that has heard hello; `options` go to the WebSocket."""
        listener = Listener(await self.connect(secret, **options))
        assert (await listener.next())["type"] == "hello"
        return listener

    async def connect(
        self, secret: str, *, after: str | None = None, **options: Any
    ) -> aiohttp.ClientWebSocketResponse:
        socket: aiohttp.ClientWebSocketResponse = await self.session.ws_connect(
            self.server.make_url("/api/v1/live"),
            params={} if after is None else {"after": after},
            headers={"Cookie": f"inbox_session={secret}"} | options.pop("headers", {}),
            **options,
        )
        return socket


class Happenings:
    """Makes numbered events in the database, as any process of the service does."""

    def __init__(self, store: LiveStore, clock: FixedClock) -> None:
        self._store = store
        self._clock = clock

    async def happen(self, *numbers: int, bot_id: str = "bot-1", **fields: Any) -> None:
        data = fields.pop("data", {})
        await self._store.insert(
            [
                live_event(
                    **{"type": "message_received", "conversation_id": "conversation-1"} | fields,
                    at=self._clock.now(),
                    bot_id=bot_id,
                    data={"n": number, **data},
                )
                for number in numbers
            ]
        )

    async def tell(self, type_: Any, **fields: Any) -> None:
        """An event that is not numbered."""
        await self._store.insert([live_event(type=type_, at=self._clock.now(), **fields)])


StartLive = Callable[..., Awaitable[Live]]


@pytest.fixture
def door() -> Door:
    door = Door()
    door.let_in("owner", Actor(id="staff-owner", name="Chủ", role="owner"))
    door.let_in("lan", Actor(id="staff-lan", name="Lan", role="sale", bot_ids=frozenset({"bot-1"})))
    door.let_in(
        "minh", Actor(id="staff-minh", name="Minh", role="sale", bot_ids=frozenset({"bot-2"}))
    )
    return door


@pytest.fixture
def happenings(mongo: Mongo, clock: FixedClock) -> Happenings:
    return Happenings(LiveStore(mongo), clock)


@pytest.fixture
async def start_live(mongo: Mongo, door: Door, clock: FixedClock) -> AsyncIterator[StartLive]:
    """Starts servers; all are stopped at the end."""
    async with AsyncExitStack() as stack:

        async def start(
            config: LiveConfig | None = None, may_see: MaySee = visibility.may_see
        ) -> Live:
            settings = config or LiveConfig()
            hub = Hub(LiveStore(mongo), door.refresh, settings, may_see=may_see)
            viewers = ViewerStore(mongo, clock)
            return await stack.enter_async_context(_running(hub, door, settings, viewers))

        yield start


@pytest.fixture
async def live(start_live: StartLive) -> Live:
    return await start_live()


@asynccontextmanager
async def _running(
    hub: Hub, door: Door, config: LiveConfig, viewers: ViewerStore
) -> AsyncIterator[Live]:
    keeping = ViewerKeeping(viewers)
    application = build_application([LiveRoutes(hub, config, keeping)], door, static=None)
    stop = asyncio.Event()
    async with (
        TestServer(application) as server,
        aiohttp.ClientSession() as session,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(hub.run(stop))
        async with asyncio.timeout(DEADLINE_S):
            await hub.watching.wait()
        try:
            yield Live(hub, server, session, stop, keeping)
        finally:
            stop.set()
