"""Presence over HTTP and the real live socket: being here, breaks, switches, and the board."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import BaseTestServer, TestClient, TestServer

from inbox.clock import FixedClock
from inbox.config import LiveConfig, PresenceConfig
from inbox.live.hub import Hub
from inbox.live.routes import LiveRoutes
from inbox.live.store import LiveStore
from inbox.live.viewing.keeping import ViewerKeeping
from inbox.live.viewing.store import ViewerStore
from inbox.mongo.client import Mongo
from inbox.splitting.presence.board import PresenceBoard
from inbox.splitting.presence.keeping import PresenceEnding, PresenceKeeping
from inbox.splitting.presence.model import Connected
from inbox.splitting.presence.routes import PresenceRoutes
from inbox.splitting.presence.store import PresenceStore
from inbox.staff.passwords import Passwords
from inbox.staff.store import SessionStore, StaffStore
from tests.staff_api import sign_in, staff_api
from tests.waiting import until

CONFIG = PresenceConfig()
Socket = aiohttp.ClientWebSocketResponse


@dataclass
class Process:
    """A server with its hub, and its share of presence; `dead` is what a kill leaves."""

    server: BaseTestServer
    hub: Hub
    keeping: PresenceKeeping
    dead: bool = False

    def kill(self) -> None:
        """It writes nothing any more, and its connections are gone."""
        self.dead = True


@dataclass
class Person:
    """A browser (cookies and all) of somebody signed in."""

    client: "TestClient[Any, Any]"
    headers: dict[str, str]
    sockets: list[Socket] = field(default_factory=list)

    async def call(self, method: str, path: str, status: int = 200, **json: Any) -> Any:
        options: dict[str, Any] = {"json": json} if json else {}
        async with self.client.request(
            method, f"/api/v1{path}", headers=self.headers, **options
        ) as answer:
            assert answer.status == status, await answer.text()
            return await answer.json() if answer.content_length else None

    async def me(self) -> Any:
        return await self.call("GET", "/me")


class Shop:
    """Two processes and a worker on one database; time passes as the loops would take it."""

    def __init__(self, mongo: Mongo, clock: FixedClock, passwords: Passwords) -> None:
        self.mongo = mongo
        self.clock = clock
        self.passwords = passwords
        self.stack = AsyncExitStack()
        self.store = PresenceStore(mongo, clock)
        self.ending = PresenceEnding(self.store, clock, _nobody_is_idle)
        self.processes: list[Process] = []
        self.ids: dict[str, str] = {}

    async def start(self) -> None:
        for _ in range(2):
            self.processes.append(await self._process())
        api = staff_api(self.mongo, self.clock, self.passwords)
        for name, role in (("lan", "sale"), ("minh", "sale"), ("mai", "manager"), ("an", "admin")):
            self.ids[name] = (await api.hire(name, role)).id  # type: ignore[arg-type]
        members = [self.ids[one] for one in ("lan", "minh", "mai")]
        await self.mongo["bots"].insert_many(
            [
                {"_id": "bot1", "name": "A", "member_ids": members, "version": 1},
                {"_id": "bot2", "name": "B", "member_ids": [], "version": 1},
            ]
        )

    async def _process(self) -> Process:
        store = PresenceStore(self.mongo, self.clock)
        api = staff_api(self.mongo, self.clock, self.passwords, presence=store)
        hub = Hub(LiveStore(self.mongo), api.authenticator.refresh, LiveConfig())
        sessions = SessionStore(self.mongo)

        def connected() -> list[Connected]:
            return [Connected(id_, by_phone=phone) for id_, phone in hub.connected().items()]

        async def signed_in(staff_id: str) -> bool:
            return await sessions.has_any(staff_id, now=self.clock.now())

        keeping = PresenceKeeping(store, connected, self.clock, CONFIG, signed_in)
        board = PresenceBoard(self.mongo, store, self.clock)
        routes = PresenceRoutes(store, board, StaffStore(self.mongo))
        viewers = ViewerKeeping(ViewerStore(self.mongo, self.clock))
        application = api.application(routes, LiveRoutes(hub, LiveConfig(), viewers))
        server = await self.stack.enter_async_context(TestServer(application))
        stop = asyncio.Event()
        running = asyncio.create_task(hub.run(stop))
        self.stack.push_async_callback(_ended, stop, running)
        await asyncio.wait_for(hub.watching.wait(), 20)
        return Process(server, hub, keeping)

    async def browser(self, name: str, process: int = 0) -> Person:
        """A browser in which `name` has just signed in."""
        client: TestClient[Any, Any] = TestClient(self.processes[process].server)
        self.stack.push_async_callback(client.session.close)
        return Person(client, await sign_in(client, name))

    async def connect(self, person: Person, device: str = "desktop") -> Socket:
        """A tab: its live connection has said hello, and the process has taken notice."""
        socket = await person.client.ws_connect(f"/api/v1/live?device={device}")
        assert (await socket.receive_json(timeout=20))["type"] == "hello"
        person.sockets.append(socket)
        await self.round()
        return socket

    async def close(self, socket: Socket) -> None:
        """The tab goes; its process has seen it go."""
        before = sum(len(one.hub._clients) for one in self.processes)
        await socket.close()
        await until(lambda: sum(len(one.hub._clients) for one in self.processes) < before)

    async def round(self) -> None:
        for process in self.processes:
            if not process.dead:
                await process.keeping.extend()
        await self.ending.step()

    async def pass_time(self, delta: timedelta) -> None:
        ends = self.clock.now() + delta
        while self.clock.now() < ends:
            self.clock.advance(min(ends - self.clock.now(), CONFIG.extend_every))
            await self.round()

    async def state(self, name: str = "lan") -> str:
        return (await self.store.one(self.ids[name])).state

    async def told(self, name: str = "lan") -> list[str]:
        query = {"type": "presence_changed", "data.staff_id": self.ids[name]}
        found = self.mongo["live_events"].find(query).sort("_id", 1)
        return [event["data"]["state"] async for event in found]


async def _nobody_is_idle(_: Any) -> dict[str, Any]:
    return {}


async def _ended(stop: asyncio.Event, running: "asyncio.Task[None]") -> None:
    stop.set()
    await running


@pytest.fixture(scope="session")
def passwords() -> Iterator[Passwords]:
    made = Passwords()
    yield made
    made.close()


@pytest.fixture
async def shop(mongo: Mongo, clock: FixedClock, passwords: Passwords) -> AsyncIterator[Shop]:
    shop = Shop(mongo, clock, passwords)
    async with shop.stack:
        await shop.start()
        yield shop


async def test_an_open_socket_is_being_online_and_a_closed_one_ends_it_in_time(shop: Shop) -> None:
    """X.SPL.11: no heartbeat for the TTL means offline without any logout."""
    lan = await shop.browser("lan")
    assert (await lan.me())["presence"]["state"] == "offline", "signed in is not being here"
    socket = await shop.connect(lan)
    assert (await lan.me())["presence"]["state"] == "online"
    await shop.pass_time(timedelta(minutes=10))
    assert await shop.state() == "online"

    await shop.close(socket)
    assert await shop.state() == "online", "a line that is cut says nothing"
    await shop.pass_time(CONFIG.lasts)
    assert await shop.state() == "offline"
    assert await shop.told() == ["online", "offline"]


async def test_a_phone_stays_online_for_longer_after_its_socket_is_cut(shop: Shop) -> None:
    """X.SPL.11"""
    lan, minh = await shop.browser("lan"), await shop.browser("minh")
    phone, desktop = await shop.connect(lan, "phone"), await shop.connect(minh)
    await shop.close(phone)
    await shop.close(desktop)
    await shop.pass_time(CONFIG.phone_lasts - timedelta(seconds=1))
    assert (await shop.state("lan"), await shop.state("minh")) == ("online", "offline")
    await shop.pass_time(timedelta(seconds=2))
    assert await shop.state("lan") == "offline"


async def test_two_tabs_in_two_processes_are_one_person(shop: Shop) -> None:
    lan = await shop.browser("lan")
    elsewhere = await shop.browser("lan", process=1)
    first, second = await shop.connect(lan), await shop.connect(elsewhere)
    await shop.close(first)
    await shop.pass_time(timedelta(minutes=5))
    assert await shop.state() == "online"
    await shop.close(second)
    await shop.pass_time(CONFIG.lasts)
    assert await shop.told() == ["online", "offline"]


async def test_a_killed_process_leaves_no_ghost_online(shop: Shop) -> None:
    """X.SPL.11: its people who do not come back elsewhere are offline after the TTL."""
    lan, minh = await shop.browser("lan"), await shop.browser("minh")
    await shop.connect(lan)
    await shop.connect(minh)
    shop.processes[0].kill()
    again = await shop.browser("minh", process=1)
    await shop.connect(again)
    await shop.pass_time(CONFIG.lasts)
    assert (await shop.state("lan"), await shop.state("minh")) == ("offline", "online")
    assert await shop.told("minh") == ["online"]


async def test_signing_out_of_the_last_session_is_being_offline_at_once(shop: Shop) -> None:
    """X.SPL.11"""
    office, home = await shop.browser("lan"), await shop.browser("lan", process=1)
    await shop.connect(office)
    await shop.connect(home)
    await office.call("DELETE", "/session", 204)
    assert await shop.state() == "online", "the other session is still open"
    await home.call("DELETE", "/session", 204)
    assert await shop.state() == "offline"
    await shop.round()
    assert await shop.state() == "offline", "a socket that is still closing brings nobody back"


async def test_a_process_that_has_not_heard_of_the_sign_out_brings_nobody_back(shop: Shop) -> None:
    lan = await shop.browser("lan")
    await shop.connect(lan)
    await shop.mongo["sessions"].delete_many({})  # signed out, and the news is on its way
    await shop.store.leave(shop.ids["lan"])
    await shop.round()
    assert await shop.state() == "offline"


async def test_a_deactivated_person_is_offline_at_once(shop: Shop) -> None:
    lan, an = await shop.browser("lan"), await shop.browser("an")
    await shop.connect(lan)
    await an.call("PATCH", f"/staff/{shop.ids['lan']}", name="Lan Anh")
    assert await shop.state() == "online", "another name signs nobody out"
    await an.call("DELETE", f"/staff/{shop.ids['lan']}", 204)
    assert await shop.state() == "offline"


async def test_a_break_is_taken_and_ended_by_oneself(shop: Shop) -> None:
    """X.SPL.11: "Tạm nghỉ"; colleagues see it live."""
    lan, minh = await shop.browser("lan"), await shop.browser("minh", process=1)
    await shop.connect(lan)
    ear = await shop.connect(minh)
    answer = await lan.call("PATCH", "/me", presence="away")
    assert (answer["presence"]["state"], answer["presence"]["away_by"]) == ("away", "self")
    assert (await lan.call("PATCH", "/me", presence="away"))["presence"] == answer["presence"]
    frames = await _heard(ear, lambda one: one["data"].get("state") == "away")
    assert frames[-1]["data"] == {
        "staff_id": shop.ids["lan"],
        "state": "away",
        "since": "2026-11-22T03:00:00.000Z",
        "away_by": "self",
        "receiving": True,
    }
    back = await lan.call("PATCH", "/me", presence="online")
    assert back["presence"]["state"] == "online"
    assert (await lan.me())["presence"]["away_by"] is None


async def test_a_break_that_came_by_itself_becomes_ones_own(shop: Shop) -> None:
    lan = await shop.browser("lan")
    await shop.connect(lan)
    await shop.store.take_break(shop.ids["lan"], "auto")
    assert (await lan.call("PATCH", "/me", presence="away"))["presence"]["away_by"] == "self"
    await shop.store.note_reply(shop.ids["lan"], shop.clock.now())
    assert await shop.state() == "away", "an answer does not end the break that one took"


async def test_receiving_is_ones_own_switch_and_that_of_leaders(shop: Shop) -> None:
    """X.SPL.09: "Nhận dữ liệu"; who switches it for another is kept."""
    lan, mai = await shop.browser("lan"), await shop.browser("mai")
    assert (await lan.me())["receiving"] is True
    assert (await lan.call("PATCH", "/me", receiving=False))["receiving"] is False
    row = await mai.call("PATCH", f"/bots/bot1/presence/{shop.ids['lan']}", receiving=True)
    assert (row["name"], row["receiving"]) == ("lan", True)
    assert (await lan.me())["receiving"] is True
    await mai.call("PATCH", f"/bots/bot1/presence/{shop.ids['lan']}", receiving=True)
    audited = await shop.mongo["audit"].find({"action": "receiving_switched"}).to_list()
    assert [(one["actor"]["name"], one["changes"]) for one in audited] == [
        ("mai", {"receiving": {"before": False, "after": True}})
    ]


async def test_only_leaders_of_the_bot_switch_others(shop: Shop) -> None:
    lan, mai, an = [await shop.browser(name) for name in ("lan", "mai", "an")]
    minh = shop.ids["minh"]
    await lan.call("PATCH", f"/bots/bot1/presence/{minh}", 403, receiving=False)
    await mai.call("PATCH", f"/bots/bot2/presence/{minh}", 403, receiving=False)
    await an.call("PATCH", f"/bots/bot2/presence/{minh}", 404, receiving=False)
    await an.call("PATCH", f"/bots/nix/presence/{minh}", 404, receiving=False)
    await shop.mongo["bots"].update_one({"_id": "bot1"}, {"$push": {"member_ids": shop.ids["an"]}})
    await mai.call("PATCH", f"/bots/bot1/presence/{shop.ids['an']}", 403, receiving=False)
    await an.call("PATCH", f"/bots/bot1/presence/{minh}", receiving=False)


async def test_the_board_says_who_is_here_on_shift_and_how_full(shop: Shop) -> None:
    """X.SPL.09 X.SPL.11 X.SPL.14: ten in the morning of a Sunday."""
    lan, minh = await shop.browser("lan"), await shop.browser("minh")
    await shop.connect(lan)
    await shop.connect(minh)
    await minh.call("PATCH", "/me", presence="away", receiving=False)
    afternoon = {"weekdays": {"sun": [{"from": "13:00", "to": "17:00"}]}}
    ids = shop.ids
    await shop.mongo["staff_shifts"].insert_one({"_id": ids["minh"], "schedule": afternoon})
    await shop.mongo["split_rules"].insert_one(
        {
            "_id": "default-bot1",
            "bot_id": "bot1",
            "position": 1_000_000,
            "name": "Mặc định",
            "pool": [{"staff_id": ids["lan"], "weight": 1}],
            "cap": {"open": None, "waiting": 5},
        }
    )
    now = shop.clock.now()
    plain = {"bot_id": "bot9", "assignee_id": ids["lan"], "status": "open"}
    await shop.mongo["conversations"].insert_many(
        [
            {"_id": "c1", **plain, "waiting_since": now},
            {"_id": "c2", **plain},
            {"_id": "c3", **plain, "status": "closed"},
        ]
    )
    rows = {one["name"]: one for one in (await lan.call("GET", "/bots/bot1/presence"))["items"]}
    assert list(rows) == ["lan", "mai", "minh"]
    assert (rows["lan"]["state"], rows["lan"]["open"], rows["lan"]["waiting"]) == ("online", 2, 1)
    assert rows["lan"]["caps"] == [
        {"rule_id": "default-bot1", "rule_name": "Mặc định", "open": None, "waiting": 5}
    ]
    assert (rows["lan"]["on_shift"], rows["lan"]["shift_changes_at"]) == (
        True,
        "2026-11-22T16:00:00Z",  # 23:00
    )
    assert (rows["minh"]["state"], rows["minh"]["away_by"]) == ("away", "self")
    assert (rows["minh"]["receiving"], rows["minh"]["caps"]) == (False, [])
    assert (rows["minh"]["on_shift"], rows["minh"]["shift_changes_at"]) == (
        False,
        "2026-11-22T06:00:00Z",
    )
    assert (rows["mai"]["state"], rows["mai"]["since"]) == ("offline", None)
    await lan.call("GET", "/bots/bot2/presence", 403)


async def _heard(socket: Socket, done: Any) -> list[Any]:
    """Every frame until one that is `done`."""
    frames: list[Any] = []
    async with asyncio.timeout(20):
        while not any(done(one) for one in frames):
            told = await socket.receive_json()
            frames += told if isinstance(told, list) else [told]
    return [one for one in frames if done(one)]
