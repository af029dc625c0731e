"""What splitting costs, and how soon a new customer has their sale: part of `make bench`.

The service as `python -m app serve` runs it, on a private mongod; wrk sends signed webhooks, nearly
each of a customer who was never seen before. First a burst with 64 connections, without and with
splitting; then half of the rate at which the burst was worked off, beside which one new customer
after another is timed from the 200 until the conversation has its assignee.
"""

import argparse
import http.client
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from pymongo import MongoClient
from pymongo.read_concern import ReadConcern

from app.embedded import EmbeddedMongo
from benchmarks.ingest import COMPARED_AT, machine
from benchmarks.measuring import (
    FIRST_PAGE,
    Http,
    Load,
    OurServer,
    cpu_s,
    our_server,
    result_of,
    start_wrk,
)
from benchmarks.publishing import publish
from benchmarks.visibility import new_message, percentile
from inbox.ids import conversation_key

SALES = 30
STRANGERS = 50_000_000
"""Customers whom wrk chooses from: hardly anybody twice."""
_KNOWN_AFTER_S = 3.0
"""A process reads anew which bots split every two seconds."""
_DECIDED_WITHIN_S = 600.0
_FIRST_SENDER = 9_000_000_000_000_000
_BETWEEN_S = 0.02
_LOOK_EVERY_S = 0.005
"""Looks take their share of the two cores too."""


class Shop:
    """The database of a server, looked at from outside."""

    def __init__(self, uri: str, server: OurServer) -> None:
        self._client: MongoClient[dict[str, Any]] = MongoClient(uri)
        self.server = server
        self._db = self._client[server.database]

    def split(self, **rule: Any) -> None:
        """Members for the bot, and splitting on."""
        people = [f"sale{number}" for number in range(SALES)]
        self._db["staff"].insert_many(
            [
                {"_id": one, "name": one, "initials": "S", "email": f"{one}@bench.vn"}
                | {"role": "sale", "active": True, "receiving": True}
                for one in people
            ]
        )
        bot = self._db["bots"].find_one_and_update(
            {}, {"$set": {"member_ids": people, "split.enabled": True}}
        )
        assert bot is not None
        catch_all = {"_id": f"default-{bot['_id']}", "bot_id": bot["_id"], "position": 1_000_000}
        self._db["split_rules"].insert_one({**catch_all, "name": "Đều", "when": None, **rule})
        time.sleep(_KNOWN_AFTER_S)

    def conversation(self, sender: str) -> dict[str, Any] | None:
        """Who has the conversation of a customer, as any reader may see it by now."""
        key = conversation_key("facebook", str(FIRST_PAGE), "inbox", sender)
        found = self._db["conversations"].with_options(read_concern=ReadConcern("majority"))
        return found.find_one({"_id": key}, {"assignee_id": 1})

    def conversations(self) -> int:
        return self._db["conversations"].count_documents({})

    def until_decided(self) -> None:
        """Return when no conversation waits for its first decision."""
        deadline = time.monotonic() + _DECIDED_WITHIN_S
        while self._db["conversations"].find_one({"split.due_at": {"$exists": True}}):
            if time.monotonic() > deadline:
                raise SystemExit("conversations are not decided")
            time.sleep(0.02)

    def close(self) -> None:
        self._client.close()


@contextmanager
def shop(uri: str, mongod: int, folder: Path) -> Iterator[Shop]:
    with our_server(uri, mongod, folder) as server:
        opened = Shop(uri, server)
        try:
            yield opened
        finally:
            opened.close()


@dataclass(frozen=True, slots=True)
class Burst:
    """What a burst took until all was decided; CPU of service and mongod, in seconds."""

    conversations: int
    took_s: float
    batches_s: float
    cpu_s: float
    cpu_mongod_s: float

    def each_ms(self, total_s: float) -> float:
        return total_s / self.conversations * 1000

    def row(self, name: str, plain: "Burst | None") -> str:
        """A line of the table; `plain` is the burst without splitting."""
        row = (
            f"| {name} | {self.conversations / self.took_s:,.0f} "
            f"| {self.each_ms(self.cpu_s):.2f} + {self.each_ms(self.cpu_mongod_s):.2f} ms "
        )
        if plain is None:
            return row + "|  |  |"
        cpu = self.each_ms(self.cpu_s + self.cpu_mongod_s)
        more = cpu - plain.each_ms(plain.cpu_s + plain.cpu_mongod_s)
        return row + f"| {more:.2f} ms | {self.each_ms(self.batches_s):.2f} ms |"


def burst(opened: Shop, mongod: int, load: Load) -> Burst:
    server = opened.server
    began, batches = time.monotonic(), server.number("inbox_split_seconds_sum")
    cpu, cpu_mongod = cpu_s(server.pid), cpu_s(mongod)
    result_of(start_wrk(server.port, OurServer.PATH, load))
    server.until_applied()
    opened.until_decided()
    return Burst(
        opened.conversations(),
        time.monotonic() - began,
        server.number("inbox_split_seconds_sum") - batches,
        cpu_s(server.pid) - cpu,
        cpu_s(mongod) - cpu_mongod,
    )


def assigned_ms(opened: Shop, load: Load) -> tuple[list[float], list[float]]:
    """For one new customer after another: from the 200 until it is applied, until it is given."""
    server = opened.server
    wrk = start_wrk(server.port, OurServer.PATH, load)
    sending = Http(server.port)
    kept, waits = list[float](), list[float]()
    ends = time.monotonic() + load.seconds
    while time.monotonic() < ends:
        sender = str(_FIRST_SENDER + len(waits))
        body, headers = new_message(sender, secrets.token_hex(12))
        status, _ = sending.ask("POST", OurServer.PATH, body, headers)
        if status != http.client.OK:
            raise SystemExit(f"a webhook was answered {status}")
        applied, given = _until_given(opened, sender)
        kept.append(applied * 1000)
        waits.append(given * 1000)
        time.sleep(_BETWEEN_S)
    result_of(wrk)
    server.until_applied()
    opened.until_decided()
    return kept, waits


def _until_given(opened: Shop, sender: str) -> tuple[float, float]:
    """Seconds until the message is applied, and until its conversation has an assignee."""
    answered, applied = time.monotonic(), None
    while True:
        found = opened.conversation(sender)
        waited = time.monotonic() - answered
        if applied is None and found is not None:
            applied = waited
        if found is not None and found.get("assignee_id") is not None:
            return applied or waited, waited
        if waited > _DECIDED_WITHIN_S:
            raise SystemExit("a conversation was never given")
        time.sleep(_LOOK_EVERY_S)


def measure(uri: str, mongod: int, folder: Path, options: argparse.Namespace) -> list[str]:
    load = Load(COMPARED_AT, options.seconds, senders=STRANGERS)
    rules: dict[str, dict[str, Any]] = {
        "even": {"mode": "even"},
        "least loaded, cap": {"mode": "least_loaded", "cap": {"open": 1_000_000}},
    }
    with shop(uri, mongod, folder) as opened:
        plain = burst(opened, mongod, load)
    lines = [plain.row("without splitting", None)]
    rates: list[float] = []
    for name, rule in rules.items():
        with shop(uri, mongod, folder) as opened:
            opened.split(**rule)
            found = burst(opened, mongod, load)
        rates.append(found.conversations / found.took_s)
        lines.append(found.row(name, plain))
    half = replace(load, seconds=options.sustained, rate=statistics.fmean(rates) / 2)
    with shop(uri, mongod, folder) as opened:
        opened.split(**rules["even"])
        kept, waits = assigned_ms(opened, half)
        batches = opened.server.number("inbox_split_seconds_count")
        each = opened.server.number("inbox_split_seconds_sum") / batches
    return [
        (
            "| 64 connections, 30 sales | conversations | decided/s | CPU each, service + mongod "
            "| of it for splitting | a batch, by the clock, each |"
        ),
        "|---|---|---|---|---|",
        *lines,
        "",
        (
            f"From the 200 to the assignee at {half.rate:,.0f} new conversations/s: "
            f"p50 {percentile(waits, 0.5):.0f} ms, p99 {percentile(waits, 0.99):.0f} ms, "
            f"worst {max(waits):.0f} ms of {len(waits):,}; until it was applied "
            f"p50 {percentile(kept, 0.5):.0f} ms, p99 {percentile(kept, 0.99):.0f} ms. "
            f"{batches:,.0f} batches of {each * 1000:.0f} ms."
        ),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6, help="length of a burst")
    parser.add_argument("--sustained", type=float, default=20, help="at half of its rate")
    options = parser.parse_args()
    where = machine()
    with tempfile.TemporaryDirectory() as folder:
        embedded = EmbeddedMongo(Path(folder) / "mongo")
        uri = embedded.start()
        try:
            lines = measure(uri, embedded.pid or 0, Path(folder), options)
        finally:
            embedded.stop()
    publish("assigning", "\n".join([where, "", *lines, ""]))


if __name__ == "__main__":
    main()
