"""How fast messages leave, beside a naive loop: `python -m benchmarks.delivery`.

The simulated platforms run as a process of their own and answer every send after 20 ms. Naive
sends one message after the other and inserts each answer; delivery has them queued in many
conversations of many pages, and does everything that it promises: durable before the call,
answers kept, live events told. Both take turns, on one private mongod.
"""

import argparse
import asyncio
import base64
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import uvloop
from pydantic import SecretStr

from app.embedded import EmbeddedMongo
from app.logging import configure_logging
from app.parts import Parts, process_name
from app.platforms import Platforms
from app.settings import Settings, load_settings
from app.wiring import Service
from benchmarks.measuring import HERE, cpu_s
from inbox.bots.model import NewAccount, NewBot
from inbox.clock import SystemClock
from inbox.conversations.model import Author
from inbox.conversations.replying.model import Reply, Writer
from inbox.ids import account_key, conversation_key
from inbox.mongo.client import Mongo
from inbox.mongo.indexes import ensure_indexes

PAGES = 40
"""Meta lets a page send 30 messages per second: so many pages are no bottleneck."""
_FIRST_PAGE = 200_000_000_000_000
_WORDS = "Dạ mẫu này còn size M màu be ạ, chị lấy mấy cái em lên đơn cho mình nhé"
_ENDS_WITHIN_S = 300.0
_AGENT = Writer(Author("staff", "lan", "Lan"), is_human=True)


@dataclass(frozen=True, slots=True)
class Platform:
    """The simulated platforms in their process."""

    graph_url: str
    tokens: dict[str, str]
    secret: str

    async def order(self, session: aiohttp.ClientSession, path: str, order: Any) -> None:
        async with session.post(f"{self.graph_url}{path}", json=order) as answer:
            answer.raise_for_status()

    async def received(self, session: aiohttp.ClientSession) -> int:
        async with session.get(f"{self.graph_url}/_ledger") as answer:
            return len((await answer.json())["received"])


@contextmanager
def simulated() -> Iterator[Platform]:
    accounts = [
        {"channel": "facebook", "account_id": str(_FIRST_PAGE + n), "name": f"Trang {n}"}
        for n in range(PAGES)
    ]
    command = [sys.executable, "-m", "app.demo.servers", "--until-eof"]
    child = subprocess.Popen(
        [*command, "--accounts", json.dumps(accounts)],
        cwd=HERE.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        ready = json.loads(child.stdout.readline())
        tokens = {
            one["account_id"]: one["credentials"]["access_token"] for one in ready["accounts"]
        }
        yield Platform(ready["graph_url"], tokens, ready["apps"]["facebook_app_secret"])
    finally:
        child.stdin.close()
        child.wait(30)


@dataclass(slots=True)
class Bench:
    """Measures on a database of its own; `threads` are (page, person)."""

    platform: Platform
    uri: str
    folder: Path
    conversations: int
    messages: int
    latency_s: float

    def threads(self, name: str) -> list[tuple[str, str]]:
        return [
            (str(_FIRST_PAGE + number % PAGES), f"{name}{number:06}")
            for number in range(self.conversations)
        ]

    @asynccontextmanager
    async def known(self, name: str) -> AsyncIterator[list[tuple[str, str]]]:
        """Customers who have just written, on a platform that answers as late as it should."""
        threads = self.threads(name)
        async with aiohttp.ClientSession() as session:
            for page, person in threads:
                order = {"account_id": page, "customer_id": person, "opens_window": True}
                await self.platform.order(session, "/_customers", order)
            plan = {"rates": {"stall": 1.0}, "stall_s": self.latency_s}
            await self.platform.order(session, "/_faults", {"plan": plan, "echoes": "never"})
            before = await self.platform.received(session)
            yield threads
            arrived = await self.platform.received(session) - before
        if name.startswith("d") and arrived != self.conversations * self.messages:
            raise SystemExit(f"{arrived} messages arrived")

    async def naive(self, sends: int) -> float:
        """Messages per second of a loop that sends and then inserts."""
        mongo = Mongo.connect(self.uri, f"naive_{secrets.token_hex(4)}")
        async with self.known(f"n{secrets.token_hex(2)}") as threads, _session() as session:
            began = time.monotonic()
            for number in range(sends):
                page, person = threads[number % len(threads)]
                body = {
                    "recipient": {"id": person},
                    "messaging_type": "RESPONSE",
                    "message": {"text": _WORDS},
                }
                url = f"{self.platform.graph_url}/v26.0/{page}/messages"
                headers = {"Authorization": f"Bearer {self.platform.tokens[page]}"}
                async with session.post(url, json=body, headers=headers) as answer:
                    answer.raise_for_status()
                    sent = await answer.json()
                await mongo["messages"].insert_one(
                    {"_id": sent["message_id"], "page": page, "to": person, "text": _WORDS}
                )
            rate = sends / (time.monotonic() - began)
        await mongo.client.drop_database(mongo.db.name)
        await mongo.close()
        return rate

    async def delivery(self) -> tuple[float, float]:
        """Messages per second until all are stored as sent; CPU seconds per 1,000."""
        mongo = Mongo.connect(self.uri, f"delivery_{secrets.token_hex(4)}")
        await ensure_indexes(mongo)
        settings = self._settings(mongo.db.name)
        configure_logging(settings.app.log)
        platforms = Platforms(settings, mongo, SystemClock(), owner=process_name())
        parts = Parts(clock=SystemClock(), messengers=platforms.messengers)
        service = Service(settings, mongo, parts)
        async with self.known(f"d{secrets.token_hex(2)}") as threads:
            await self._queue(service, threads)
            stop, pid = asyncio.Event(), os.getpid()
            cpu, began = cpu_s(pid), time.monotonic()
            running = asyncio.create_task(service.delivering.run(stop))
            while await mongo["conversations"].find_one({"delivery": {"$exists": True}}):
                if time.monotonic() > began + _ENDS_WITHIN_S:
                    raise SystemExit("messages are left over")
                await asyncio.sleep(0.02)
            took, used = time.monotonic() - began, cpu_s(pid) - cpu
            stop.set()
            await running
        await _must_be_sent(mongo)
        await platforms.close()
        await mongo.client.drop_database(mongo.db.name)
        await service.close()
        sends = self.conversations * self.messages
        return sends / took, used / sends * 1000

    async def _queue(self, service: Service, threads: list[tuple[str, str]]) -> None:
        mongo, now = service.mongo, service.clock.now()
        accounts = tuple(
            NewAccount(
                channel="facebook",
                account_id=page,
                name="Trang",
                credentials={"access_token": token, "page_id": page},
            )
            for page, token in self.platform.tokens.items()
        )
        await service.bots.create(None, NewBot(name="Bench", accounts=accounts))
        await mongo["conversations"].insert_many([_conversation(*one, now) for one in threads])
        for number in range(self.messages):
            for page, person in threads:
                reply = Reply(client_id=f"{person}:{number}", text=f"{_WORDS} {number}")
                thread = conversation_key("facebook", page, "inbox", person)
                await service.replies.post(thread, reply, _AGENT)

    def _settings(self, database: str) -> Settings:
        return load_settings(
            HERE.parent / "config.yaml",
            {
                "INBOX__SECRET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
                "CHANNELS__FACEBOOK__APP_SECRETS": self.platform.secret,
            },
            {
                "app.data": self.folder,
                "app.log.level": "warning",
                "inbox.mongo.uri": SecretStr(self.uri),
                "inbox.mongo.database": database,
                "channels.facebook.api_url": self.platform.graph_url,
            },
        )


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10))


def _conversation(page: str, person: str, now: datetime) -> dict[str, Any]:
    """As receiving a first message would have made it."""
    return {
        "_id": conversation_key("facebook", page, "inbox", person),
        "channel": "facebook",
        "account_id": page,
        "account_key": account_key("facebook", page),
        "kind": "inbox",
        "external_id": person,
        "bot_id": "bench",
        "participant_ids": [],
        "status": "open",
        "status_at": now,
        "seq": 1,
        "read_seq": 0,
        "unread": 0,
        "last": {"message_id": "first", "text": "Alo", "at": now, "by": "customer"},
        "last_in_at": now,
        "window": {"until": now + timedelta(hours=24), "kind": "standard"},
        "split": {"state": "off"},
        "automation": {"state": "active"},
        "created_at": now,
    }


async def _must_be_sent(mongo: Mongo) -> None:
    left = await mongo["messages"].count_documents({"status": {"$ne": "sent"}})
    if left:
        raise SystemExit(f"{left} messages were not sent")


async def _measure(bench: Bench, rounds: int) -> None:
    naive, ours, cpu = list[float](), list[float](), list[float]()
    sends = max(100, bench.conversations * bench.messages // 10)
    for _ in range(rounds):
        naive.append(await bench.naive(sends))
        rate, used = await bench.delivery()
        ours.append(rate)
        cpu.append(used)
        print(f"naive {naive[-1]:.0f}/s, delivery {rate:.0f}/s", file=sys.stderr)
    ratio = statistics.median(one / other for one, other in zip(ours, naive, strict=True))
    print("| latency | naive/s | delivery/s | ratio | CPU s per 1,000 |")
    print("|---|---|---|---|---|")
    print(
        f"| {bench.latency_s * 1000:.0f} ms | {statistics.median(naive):.0f} "
        f"| {statistics.median(ours):.0f} | {ratio:.1f} | {statistics.median(cpu):.2f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--conversations", type=int, default=800)
    parser.add_argument("--messages", type=int, default=2, help="per conversation")
    parser.add_argument("--latency", type=float, default=20, help="of a send, in ms")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, simulated() as platform:
        mongod = EmbeddedMongo(Path(folder) / "mongo")
        uri = mongod.start()
        bench = Bench(
            platform,
            uri,
            Path(folder),
            options.conversations,
            options.messages,
            options.latency / 1000,
        )
        try:
            uvloop.run(_measure(bench, options.rounds))
        finally:
            mongod.stop()


if __name__ == "__main__":
    main()
