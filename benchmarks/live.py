"""How fast and how cheaply an event reaches every open inbox: `python -m benchmarks.live`.

Three processes on one machine, beside mongod: this one writes events, one serves, one holds the
clients (bare sockets, so that they cost less than what is measured). Latency is from the moment
when the insert is acknowledged until the last client has the frame.
"""

import argparse
import asyncio
import functools
import multiprocessing
import re
import resource
import secrets
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import cast

import uvloop
from aiohttp import web

from app.embedded import EmbeddedMongo
from inbox.clock import SystemClock
from inbox.config import LiveConfig
from inbox.http.application import build_application
from inbox.live.hub import Hub
from inbox.live.model import live_event
from inbox.live.routes import LiveRoutes
from inbox.live.store import LiveStore
from inbox.live.viewing.keeping import ViewerKeeping
from inbox.live.viewing.store import ViewerStore
from inbox.mongo.client import Mongo
from inbox.mongo.indexes import ensure_indexes
from inbox.staff.model import Actor

TARGETS = "p50 <= 20 ms, p99 <= 60 ms, <= 20 us CPU per delivery"
STAFF = 200
BOTS = 10
NUMBER = re.compile(rb'"n":(\d+)')
TEXT = "Chị ơi, mẫu này còn size M không ạ? Em lấy hai cái giao về Thủ Đức nhé."
STRAGGLERS_S = 10.0
"""How long after the last event the last client may take; more is a failed run."""


class Everybody:
    """Knows each secret as a person who is a member of every bot."""

    def __init__(self) -> None:
        self._bots = frozenset(f"bot-{number}" for number in range(BOTS))

    async def by_session(self, secret: str) -> Actor | None:
        return self._actor(secret)

    async def by_token(self, secret: str) -> Actor | None:
        return self._actor(secret)

    async def refresh(self, actor: Actor) -> Actor | None:
        return actor

    def _actor(self, secret: str) -> Actor:
        return Actor(id=secret, name=secret, role="sale", bot_ids=self._bots, session_id=secret)


def serve(uri: str, database: str, pipe: Connection) -> None:
    """The server: says its port, and on a word from the pipe its CPU seconds so far."""
    uvloop.run(_serve(uri, database, pipe))


async def _serve(uri: str, database: str, pipe: Connection) -> None:
    mongo, door, stop = Mongo.connect(uri, database), Everybody(), asyncio.Event()
    config = LiveConfig()
    hub = Hub(LiveStore(mongo), door.refresh, config)
    viewers = ViewerKeeping(ViewerStore(mongo, SystemClock()))
    application = build_application([LiveRoutes(hub, config, viewers)], door, static=None)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=2048)
    await site.start()
    running = asyncio.create_task(hub.run(stop))
    await hub.watching.wait()
    pipe.send(runner.addresses[0][1])
    while await asyncio.to_thread(pipe.recv) == "cpu":
        used = resource.getrusage(resource.RUSAGE_SELF)
        pipe.send(used.ru_utime + used.ru_stime)
    stop.set()
    await running
    await runner.cleanup()
    await mongo.close()


class Ear(asyncio.Protocol):
    """One client: upgrades, then counts which events it has heard. Frames are never masked."""

    def __init__(self, number: int, heard: dict[int, list[float]]) -> None:
        self._number = number
        self._heard = heard
        self.ready = asyncio.Event()
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).write(  # uvloop's is no subclass of it
            b"GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
            b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            b"Authorization: Bearer staff-%d\r\n\r\n" % (self._number % STAFF)
        )

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        data = self._rest + data
        if b'"hello"' in data:
            self.ready.set()
        end = 0
        for found in NUMBER.finditer(data):
            end = found.end()
            times = self._heard.setdefault(int(found[1]), [0.0, 0.0])
            times[0] += 1
            times[1] = now
        self._rest = data[end:][-512:]  # a number that is cut in two is found with what follows


def listen(port: int, clients: int, pipe: Connection) -> None:
    """The clients: a word when all are connected, and what was heard when asked for it."""
    uvloop.run(_listen(port, clients, pipe))


async def _listen(port: int, clients: int, pipe: Connection) -> None:
    heard: dict[int, list[float]] = {}
    loop, transports = asyncio.get_running_loop(), []
    for number in range(clients):
        factory = functools.partial(Ear, number, heard)
        transport, ear = await loop.create_connection(factory, "127.0.0.1", port)
        await ear.ready.wait()
        transports.append(transport)
    pipe.send("ready")
    while await asyncio.to_thread(pipe.recv) == "heard":
        pipe.send(heard)


async def write(uri: str, database: str, events: int, rate: float) -> list[float]:
    """Insert `events` events at `rate` per second; when each was acknowledged."""
    mongo, clock, committed = Mongo.connect(uri, database), SystemClock(), []
    store = LiveStore(mongo)
    began = time.monotonic()
    for number in range(events):
        await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
        data = {"n": number, "message": {"text": TEXT, "direction": "in", "seq": number}}
        event = live_event(
            type="message_received",
            at=clock.now(),
            bot_id=f"bot-{number % BOTS}",
            conversation_id=secrets.token_hex(13),
            data=data,
        )
        await store.insert([event])
        committed.append(time.monotonic())
    await mongo.close()
    return committed


async def _prepare(uri: str, database: str) -> None:
    mongo = Mongo.connect(uri, database)
    await ensure_indexes(mongo)
    await mongo.close()


async def _drop(uri: str, database: str) -> None:
    mongo = Mongo.connect(uri, database)
    await mongo.client.drop_database(database)
    await mongo.close()


def all_heard(pipe: Connection, events: int, clients: int) -> dict[int, list[float]]:
    """What the clients heard, once all of them heard everything.

    Raises:
        SystemExit: somebody did not.
    """
    deadline = time.monotonic() + STRAGGLERS_S
    while True:
        pipe.send("heard")
        heard: dict[int, list[float]] = pipe.recv()
        deliveries = sum(int(count) for count, _ in heard.values())
        if deliveries >= events * clients:
            return heard
        if time.monotonic() > deadline:
            raise SystemExit(f"only {deliveries} of {events * clients} deliveries")
        time.sleep(0.1)


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def measure(uri: str, clients: int, seconds: float, rate: float) -> str:
    """One run; the row of the table."""
    database = f"bench_live_{secrets.token_hex(4)}"
    asyncio.run(_prepare(uri, database))
    spawn = multiprocessing.get_context("spawn")
    server, server_end = spawn.Pipe()
    ears, ears_end = spawn.Pipe()
    serving = spawn.Process(target=serve, args=(uri, database, server_end), daemon=True)
    serving.start()
    port = server.recv()
    listening = spawn.Process(target=listen, args=(port, clients, ears_end), daemon=True)
    listening.start()
    ears.recv()

    events = int(seconds * rate)
    server.send("cpu")
    cpu_before = server.recv()
    committed = asyncio.run(write(uri, database, events, rate))
    heard = all_heard(ears, events, clients)
    server.send("cpu")
    cpu_us = (server.recv() - cpu_before) * 1e6 / (events * clients)
    late_ms = [(heard[number][1] - at) * 1000 for number, at in enumerate(committed)]

    ears.send("stop")
    listening.join()
    server.send("stop")
    serving.join()
    asyncio.run(_drop(uri, database))
    return (
        f"| {clients} | {rate:g} | {events * clients} | {percentile(late_ms, 0.5):.1f} "
        f"| {percentile(late_ms, 0.99):.1f} | {cpu_us:.1f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=1000, help="open sockets")
    parser.add_argument("--seconds", type=float, default=20, help="length of the run")
    parser.add_argument("--rate", type=float, default=50, help="events per second")
    parser.add_argument("--mongo-uri", help="a replica set; otherwise one is started for the run")
    options = parser.parse_args()
    print(f"target for 1000 clients at 50 events/s: {TARGETS}")
    print("| clients | events/s | deliveries | last client p50 ms | p99 ms | CPU us/delivery |")
    print("|---|---|---|---|---|---|")
    if options.mongo_uri:
        print(measure(options.mongo_uri, options.clients, options.seconds, options.rate))
        return
    with tempfile.TemporaryDirectory() as folder:
        mongod = EmbeddedMongo(Path(folder) / "mongo")
        uri = mongod.start()
        try:
            print(measure(uri, options.clients, options.seconds, options.rate))
        finally:
            mongod.stop()


if __name__ == "__main__":
    main()
