"""How fast programs are told what happens, and who pays for it: `python -m benchmarks.telling`.

Events wait in the live feed as messages of customers leave them. *Naive* signs, posts and notes one
after the other; the relay numbers them and queues them for every automation, and they are told in
the order of their conversations, all in one process. Receivers are a process of their own. Then
webhooks come in at a running service that has no automation, one that takes everything at once,
and one that takes eight seconds for each event.
"""

import argparse
import asyncio
import base64
import http.client
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import orjson
import uvloop

from app.embedded import EmbeddedMongo
from benchmarks.ingest import machine
from benchmarks.measuring import HERE, Http, Load, Row, cpu_s, free_port, our_server
from benchmarks.publishing import publish
from benchmarks.visibility import percentile
from inbox.automations.delivering.client import ReceiverClient
from inbox.automations.delivering.shapes import StandardShape
from inbox.automations.delivering.store import DeliveryStore
from inbox.automations.delivering.worker import Delivering, Means
from inbox.automations.model import Event
from inbox.automations.relaying.store import MARK, RelayStore
from inbox.automations.relaying.worker import Relay
from inbox.automations.service import AutomationService, NewAutomation
from inbox.bots.secrets import SecretBox
from inbox.clock import SystemClock
from inbox.live.model import live_event
from inbox.live.store import LiveStore
from inbox.media.links import MediaLinks
from inbox.mongo.client import Document, Mongo
from inbox.mongo.indexes import ensure_indexes
from inbox.mongo.leases import Leases
from inbox.staff.model import Actor

CONVERSATIONS = 500
_OWNER = Actor(id="owner", name="Chủ", role="owner")
_BOT = "bench"
_WORDS = "Shop ơi mẫu này còn size M màu be không ạ, em lấy hai cái"
_CALL_WITHIN = timedelta(seconds=15)
_ENDS_WITHIN_S = 300.0
_SLOW_MS = 8_000
CONNECTIONS = 64


@dataclass(frozen=True, slots=True)
class Told:
    """Events of the first automation per second, and what each of them cost."""

    per_s: float
    cpu_ms: float
    mongod_ms: float


class Shop:
    """A bot on a database of its own, with customers who write and programs that are told."""

    def __init__(self, mongo: Mongo, mongod: int) -> None:
        self._mongo = mongo
        self._mongod = mongod
        self._clock = SystemClock()
        key = secrets.token_bytes(32)
        self._box = SecretBox([base64.urlsafe_b64encode(key).decode()])
        self._store = DeliveryStore(mongo, self._box, self._clock, lease=_CALL_WITHIN * 3)
        self._service = AutomationService(
            mongo, self._store, self._box, self._clock, allow_private=True, wake=lambda: None
        )
        links = MediaLinks([key], self._clock, timedelta(hours=1))
        self._shape = StandardShape(links, "https://inbox.example")

    async def open(self) -> None:
        await ensure_indexes(self._mongo)
        await self._mongo["bots"].insert_one({"_id": _BOT, "name": "Shop", "member_ids": []})
        threads = [
            {"_id": f"thread{n}", "status": "open", "kind": "inbox", "bot_id": _BOT}
            for n in range(CONVERSATIONS)
        ]
        await self._mongo["conversations"].insert_many(threads)
        await self._mongo["service_marks"].insert_one({"_id": MARK, "at": self._clock.now()})

    async def automate(self, url: str) -> str:
        """A program that is told messages; its id."""
        wanted = NewAutomation(
            name="Trợ lý",
            kind="webhook",
            url=url,
            events=frozenset({"message.received"}),
            answers=False,
            answer_within=timedelta(minutes=1),
            hand_back_after=None,
        )
        automation, _ = await self._service.create(_OWNER, _BOT, wanted)
        return automation.id

    def said(self, number: int) -> Document:
        """What the feed holds of a message."""
        message: Document = {
            "id": f"m{number}",
            "direction": "in",
            "author": {"kind": "customer"},
            "text": f"{_WORDS} {number}",
            "payload": None,
            "internal": False,
            "attachments": [],
        }
        return live_event(
            type="message_received",
            at=self._clock.now(),
            bot_id=_BOT,
            conversation_id=f"thread{number % CONVERSATIONS}",
            data={"message": message},
        )

    async def told(self, count: int, automation_id: str) -> Told:
        """From a standing start, until this automation was told so many."""
        await self._mongo["live_events"].insert_many([self.said(n) for n in range(count)])
        began, cpu, mongod = time.monotonic(), cpu_s(os.getpid()), cpu_s(self._mongod)
        async with self._running():
            await self._until_told(count, automation_id)
            took = time.monotonic() - began
            each = 1000 / count
            used = cpu_s(os.getpid()) - cpu, cpu_s(self._mongod) - mongod
        return Told(count / took, used[0] * each, used[1] * each)

    async def steadily(self, per_s: int, count: int, automation_id: str) -> None:
        """Messages at their moments, while they are told."""
        live, loop = LiveStore(self._mongo), asyncio.get_running_loop()
        async with self._running():
            began = loop.time()
            for number in range(count):
                await asyncio.sleep(began + number / per_s - loop.time())
                await live.insert([self.said(number)])
            await self._until_told(count, automation_id)

    async def naive(self, count: int, url: str) -> float:
        """Per second, by a loop that signs, posts and notes one after the other."""
        client, log = ReceiverClient(_CALL_WITHIN, allow_private=True), self._mongo["naive_log"]
        receiver = await self._store.receiver(await self.automate(url))
        assert receiver is not None, "made just now"
        began = time.monotonic()
        for number in range(count):
            event = Event(
                id=f"e{number}",
                type="message.received",
                at=self._clock.now(),
                bot_id=_BOT,
                stream_id="thread",
                sequence=number,
                conversation_id=f"thread{number % CONVERSATIONS}",
                customer_id=None,
                data=self.said(number)["data"],
            )
            call = await self._shape.call(receiver.automation, receiver.secrets, event, event.at)
            assert call is not None, "there is a word for messages"
            outcome = await client.post(url, call)
            await log.insert_one({"_id": event.id, "status": outcome.status, "at": event.at})
        took = time.monotonic() - began
        await client.close()
        return count / took

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        """The relay and the deliveries, as a worker of the service runs them."""
        leases, stop = Leases(self._mongo, self._clock, owner="bench"), asyncio.Event()
        client = ReceiverClient(_CALL_WITHIN, allow_private=True)
        means = Means(
            store=self._store,
            automations=self._service.store,
            shapes={"webhook": self._shape},
            client=client,
            clock=self._clock,
            give_up_after=timedelta(hours=24),
        )
        delivering = Delivering(means)
        relaying = RelayStore(self._mongo, self._clock, leases)
        relay = Relay(relaying, LiveStore(self._mongo), leases, self._clock, delivering.wake)
        loops = [asyncio.create_task(one.run(stop)) for one in (relay, delivering)]
        try:
            yield
        finally:
            stop.set()
            await asyncio.gather(*loops)
            await client.close()

    async def _until_told(self, count: int, automation_id: str) -> None:
        events, queues = self._mongo["automation_events"], self._mongo["automation_queues"]
        waiting = {"automation_id": automation_id, "work": {"$exists": True}}

        async def is_told() -> bool:
            is_relayed = await events.estimated_document_count() >= count
            return is_relayed and await queues.find_one(waiting) is None

        async with asyncio.timeout(_ENDS_WITHIN_S):
            while not await is_told():  # noqa: ASYNC110 - the database is asked
                await asyncio.sleep(0.02)


class Bench:
    """Measures on databases of one mongod, with receivers at one process."""

    def __init__(self, uri: str, mongod: int, receivers: int, options: argparse.Namespace) -> None:
        self._uri = uri
        self._mongod = mongod
        self._receivers = receivers
        self._options = options

    def url(self, latency_ms: int = 0) -> str:
        return f"http://127.0.0.1:{self._receivers}/{latency_ms}"

    async def telling(self) -> list[str]:
        """Medians over the rounds, in which all take turns."""
        away = f"http://127.0.0.1:{free_port()}/"
        beside: dict[str, Sequence[str]] = {
            "alone": (),
            "beside one that takes 8 s": (self.url(_SLOW_MS),),
            "beside one that is away": (away,),
            "beside three others": (self.url(),) * 3,
        }
        naive: list[float] = []
        found: dict[str, list[Told]] = {name: [] for name in beside}
        for _ in range(self._options.rounds):
            async with self._shop() as shop:
                naive.append(await shop.naive(self._options.events // 5, self.url()))
            for name, others in beside.items():
                async with self._shop() as shop:
                    first = await shop.automate(self.url())
                    for url in others:
                        await shop.automate(url)
                    found[name].append(await shop.told(self._options.events, first))
        slow, alone = statistics.median(naive), _median(found["alone"]).per_s
        return [
            f"| naive tells {slow:,.0f}/s | told/s | : naive | : alone | CPU ms, ours + mongod |",
            "|---|---|---|---|---|",
            *(_row(name, _median(told), slow, alone) for name, told in found.items()),
        ]

    async def lateness(self) -> list[str]:
        rows = []
        for per_s in (10, 100):
            async with self._shop() as shop:
                first = await shop.automate(self.url())
                Http(self._receivers).ask("GET", "/")  # forgets what was told before
                await shop.steadily(per_s, per_s * self._options.seconds, first)
            late = orjson.loads(Http(self._receivers).ask("GET", "/")[1])
            times = ", ".join(f"{percentile(late, one):.0f}" for one in (0.5, 0.95, 0.99))
            rows.append(f"| {per_s} | {len(late):,} | {times} |")
        return ["| events/s | told | ms until told: p50, p95, p99 |", "|---|---|---|", *rows]

    def receiving(self, folder: Path) -> list[str]:
        """What webhooks notice of it: at a server that receives, applies and tells."""
        beside = {
            "no automation": None,
            "one that takes it at once": self.url(),
            "one that takes 8 s": self.url(_SLOW_MS),
        }
        rows = [self._received(name, url, folder) for name, url in beside.items()]
        none = rows[0].applied_per_s or 1.0
        return [
            "| webhooks beside | ack/s | p50 ms | p99 ms | applied/s | : none | CPU each |",
            "|---|---|---|---|---|---|---|",
            *(
                f"| {one.server} | {one.per_s:,.0f} | {one.p50:.1f} | {one.p99:.1f} "
                f"| {one.applied_per_s or 0:,.0f} | {(one.applied_per_s or 0) / none:.2f} "
                f"| {one.cpu:.2f} + {one.cpu_mongod:.2f} ms |"
                for one in rows
            ),
        ]

    def _received(self, name: str, url: str | None, folder: Path) -> Row:
        besides = "  automation:\n    allow_private: true\n"
        with our_server(self._uri, self._mongod, folder, inbox=besides) as server:
            if url is not None:
                path = f"/api/v1/bots/{server.bot_id}/automations"
                body = {"name": "Trợ lý", "url": url, "answers": False}
                status, text = server.post(path, body)
                if status != http.client.CREATED:
                    raise SystemExit(f"the automation was not made: {text.decode()}")
            return server.measure(name, Load(CONNECTIONS, self._options.burst))

    @asynccontextmanager
    async def _shop(self) -> AsyncIterator[Shop]:
        mongo = Mongo.connect(self._uri, f"telling_{secrets.token_hex(4)}")
        try:
            shop = Shop(mongo, self._mongod)
            await shop.open()
            yield shop
        finally:
            await mongo.db.client.drop_database(mongo.db.name)
            await mongo.close()


def _median(found: list[Told]) -> Told:
    return sorted(found, key=lambda one: one.per_s)[len(found) // 2]


def _row(name: str, told: Told, naive: float, alone: float) -> str:
    return (
        f"| {name} | {told.per_s:,.0f} | {told.per_s / naive:.1f} | {told.per_s / alone:.2f} "
        f"| {told.cpu_ms:.2f} + {told.mongod_ms:.2f} |"
    )


@contextmanager
def receivers() -> Iterator[int]:
    """The port of a process of receivers."""
    child = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.taking"],
        cwd=HERE.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        yield int(child.stdout.readline())
    finally:
        child.stdin.close()
        child.wait(30)


async def _in_process(bench: Bench) -> list[str]:
    return [*await bench.telling(), "", *await bench.lateness()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=5000, help="from a standing start")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=20, help="of events at a steady rate")
    parser.add_argument("--burst", type=float, default=6, help="seconds of webhooks")
    parser.add_argument("--readme", action="store_true", help="put the tables into README.md")
    options = parser.parse_args()
    where = machine()
    with tempfile.TemporaryDirectory() as folder, receivers() as port:
        embedded = EmbeddedMongo(Path(folder) / "mongo", cache_gb=1)
        bench = Bench(embedded.start(), embedded.pid or 0, port, options)
        try:
            lines = uvloop.run(_in_process(bench))
            lines += ["", *bench.receiving(Path(folder))]
        finally:
            embedded.stop()
    publish("telling", "\n".join([f"{where}.", "", *lines, ""]), into_readme=options.readme)


if __name__ == "__main__":
    main()
