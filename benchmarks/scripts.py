"""Timed scripts: how late steps are, how many a process takes, what waiting ones cost.

`python -m benchmarks.scripts`. One private mongod; two shops on it, with 10,000 and with a million
enrolments that wait, take turns. Steps are worked off by a process of its own which says nothing:
what is measured is finding, checking and keeping the turns. Lateness is by the real clock.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import uvloop

from app.embedded import EmbeddedMongo
from benchmarks.enrolled import Shop
from benchmarks.ingest import machine
from benchmarks.measuring import HERE, cpu_s
from benchmarks.publishing import publish
from benchmarks.stepping import SaysNothing, Worked, running
from benchmarks.visibility import percentile
from inbox.clock import SystemClock
from inbox.mongo.client import Document
from scheduler.enrolments.running import AT_ONCE
from scheduler.enrolments.store import EnrolmentStore

FEW = 10_000
LATE_S, ALIKE = 2.0, 1.5
"""The targets: lateness p99 and the ratio of ticks, at most."""
PER_S = 500
_MADE_WITHIN = timedelta(seconds=12)
"""Enrolments are made so long before the first of them is due."""
_LEASE = timedelta(seconds=30)
_BY_HAND_EACH = 1000
_ENDS_WITHIN_S = 200.0


@dataclass(frozen=True, slots=True)
class Lateness:
    """How some steps were worked off; seconds from when each was due."""

    name: str
    taken: list[float]
    worked: Worked

    @property
    def p99(self) -> float:
        return percentile(self.worked.late_s, 0.99)

    def row(self) -> str:
        steps, worked = len(self.taken), self.worked
        each, each_mongod = worked.cpu_s / steps * 1000, worked.cpu_mongod_s / steps * 1000
        return (
            f"| {self.name} | {steps:,} | {_seconds(self.taken)} | {_seconds(worked.late_s)} "
            f"| {each:.2f} + {each_mongod:.2f} ms "
            f"| {worked.rss_before:.0f}, {worked.rss_after:.0f}, {worked.rss_peak:.0f} |"
        )


@dataclass(frozen=True, slots=True)
class Tick:
    """Medians in ms: by the clock, and CPU of this process and mongod together."""

    took: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.took:.1f} ({self.cpu:.1f})"


class Bench:
    """Measures on shops of one mongod."""

    def __init__(self, uri: str, mongod: int, options: argparse.Namespace) -> None:
        self._uri = uri
        self._mongod = mongod
        self._options = options
        self._clock = SystemClock()

    async def run(self) -> list[str]:
        waiting = self._options.waiting
        few, many = await self._opened("few", FEW), await self._opened("many", waiting)
        idle = await self._ticks(few, many, 0)
        busy = await self._ticks(few, many, AT_ONCE)
        claims, by_hand = await self._claims(many)
        minute = await self._minute(many)
        sustained = await self._sustained(many)
        at_once = await self._at_once(many)
        await few.close()
        await many.close()
        rate = len(at_once.taken) / max(at_once.worked.late_s)
        alike = [two.took / one.took for one, two in (idle, busy)]
        return [
            f"| {waiting:,} enrolments wait | measured | target | met |",
            "|---|---|---|---|",
            _target(f"lateness p99 at {PER_S} due steps/s", sustained.p99, LATE_S, " s"),
            _target(f"lateness p99, {len(minute.taken):,} in a minute", minute.p99, LATE_S, " s"),
            _target(f"tick with nothing due : {FEW:,} wait", alike[0], ALIKE),
            _target(f"tick with {AT_ONCE} due : {FEW:,} wait", alike[1], ALIKE),
            f"| due all at once, steps/s | {rate:,.0f} | | |",
            f"| claims/s | {claims:,.0f} | | |",
            f"| claims : one by one ({by_hand:,.0f}/s) | {claims / by_hand:.1f} | | |",
            "",
            (
                "| due | steps | taken late, s: p50, p99, worst | committed late "
                "| CPU each, process + mongod | RSS before, after, peak, MB |"
            ),
            "|---|---|---|---|---|---|",
            *(one.row() for one in (minute, sustained, at_once)),
            "",
            f"| a tick, ms (CPU, both) | {FEW:,} wait | {waiting:,} wait |",
            "|---|---|---|",
            f"| nothing due | {idle[0]} | {idle[1]} |",
            f"| {AT_ONCE} due | {busy[0]} | {busy[1]} |",
        ]

    async def _opened(self, name: str, waiting: int) -> Shop:
        began = time.monotonic()
        shop = await Shop.opened(self._uri, name, waiting)
        print(f"{waiting:,} wait, made in {time.monotonic() - began:.0f} s", file=sys.stderr)
        return shop

    async def _claims(self, shop: Shop) -> tuple[float, float]:
        """Claims per second of the service, and of a loop that claims one by one; medians."""
        store = EnrolmentStore(shop.mongo, self._clock)

        async def ours() -> int:
            return len(await store.due.claim(AT_ONCE))

        async def by_hand() -> int:
            now = self._clock.now()
            leased = {"$set": {"work.due_at": now + _LEASE, "work.token": "bench"}}
            found: Document | None = await shop.mongo["enrolments"].find_one_and_update(
                {"work.due_at": {"$lte": now}}, leased, sort=[("work.due_at", 1)]
            )
            return int(found is not None)

        rates: dict[Callable[[], Awaitable[int]], list[float]] = {ours: [], by_hand: []}
        for _ in range(self._options.rounds):
            for claim, found in rates.items():
                found.append(await self._claimed(shop, claim))
        return statistics.median(rates[ours]), statistics.median(rates[by_hand])

    async def _claimed(self, shop: Shop, claim: Callable[[], Awaitable[int]]) -> float:
        ids = await shop.fall_due([self._clock.now()] * _BY_HAND_EACH)
        began, claimed = time.monotonic(), 0
        while claimed < len(ids):
            claimed += await claim()
        rate = claimed / (time.monotonic() - began)
        await shop.forget(ids)
        return rate

    async def _ticks(self, few: Shop, many: Shop, due: int) -> tuple[Tick, Tick]:
        """A tick of the worker with so many due, in both shops in turn."""
        workers = {
            name: (shop, running(shop.mongo, SaysNothing(shop.mongo, 0)))
            for name, shop in (("few", few), ("many", many))
        }
        times: dict[str, list[tuple[float, float]]] = {"few": [], "many": []}
        for _ in range(self._options.ticks if due else self._options.ticks * 20):
            for name, (shop, worker) in workers.items():
                ids = await shop.fall_due([self._clock.now()] * due) if due else {}
                cpu, began = self._cpu(), time.monotonic()
                done = await worker.step()
                times[name].append((time.monotonic() - began, self._cpu() - cpu))
                assert done == due
                await shop.forget(ids)
        return _tick(times["few"]), _tick(times["many"])

    def _cpu(self) -> float:
        return cpu_s(os.getpid()) + cpu_s(self._mongod)

    async def _minute(self, shop: Shop) -> Lateness:
        """Due in the same minute, evenly."""
        steps = self._options.minute
        return await self._lateness(shop, "in a minute", steps, timedelta(minutes=1) / steps)

    async def _sustained(self, shop: Shop) -> Lateness:
        steps = PER_S * self._options.seconds
        return await self._lateness(shop, f"{PER_S}/s", steps, timedelta(seconds=1) / PER_S)

    async def _at_once(self, shop: Shop) -> Lateness:
        return await self._lateness(shop, "all at once", self._options.at_once, timedelta(0))

    async def _lateness(self, shop: Shop, name: str, steps: int, every: timedelta) -> Lateness:
        with self._worker(shop.mongo.db.name, steps) as worker:
            first = self._clock.now() + _MADE_WITHIN
            due_at = await shop.fall_due([first + n * every for n in range(steps)])
            if self._clock.now() > first:
                raise SystemExit("making the enrolments took too long")
            output, _ = await asyncio.to_thread(worker.communicate, timeout=_ENDS_WITHIN_S)
        taken = await shop.taken(due_at)
        if len(taken) != steps:
            raise SystemExit(f"{len(taken)} steps of {steps} were taken")
        late_s = [(taken[id_] - at).total_seconds() for id_, at in due_at.items()]
        found = Lateness(name, late_s, Worked(**json.loads(output)))
        print(found.row(), file=sys.stderr)
        await shop.forget(due_at)
        return found

    @contextmanager
    def _worker(self, database: str, steps: int) -> Iterator["subprocess.Popen[str]"]:
        """A process that is at work, and ends when it has taken so many steps."""
        command = [sys.executable, "-m", "benchmarks.stepping", database, str(steps)]
        worker = subprocess.Popen(
            [*command, str(self._mongod)],
            cwd=HERE.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert worker.stdin is not None
        assert worker.stdout is not None
        try:
            worker.stdin.write(self._uri + "\n")
            worker.stdin.flush()
            worker.stdout.readline()
            yield worker
        finally:
            worker.kill()
            worker.wait()


def _tick(times: Sequence[tuple[float, float]]) -> Tick:
    """CPU is told in steps of 10 ms, so its mean says more than its median."""
    took = statistics.median(took for took, _ in times)
    return Tick(took * 1000, statistics.fmean(cpu for _, cpu in times) * 1000)


def _seconds(late: list[float]) -> str:
    return f"{percentile(late, 0.5):.2f}, {percentile(late, 0.99):.2f}, {max(late):.2f}"


def _target(what: str, value: float, most: float, unit: str = "") -> str:
    met = "yes" if value <= most else "**no**"
    return f"| {what} | {value:.2f}{unit} | ≤ {most:g}{unit} | {met} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--waiting", type=int, default=1_000_000, help="enrolments of the shop")
    parser.add_argument("--minute", type=int, default=10_000, help="due in the same minute")
    parser.add_argument("--seconds", type=int, default=30, help=f"of {PER_S} due steps/s")
    parser.add_argument("--at-once", type=int, default=5000, help="due at one moment")
    parser.add_argument("--rounds", type=int, default=3, help="of claims")
    parser.add_argument("--ticks", type=int, default=15, help="in each shop")
    parser.add_argument("--cache-gb", type=float, default=1, help="of mongod")
    options = parser.parse_args()
    where = machine()
    with tempfile.TemporaryDirectory() as folder:
        embedded = EmbeddedMongo(Path(folder) / "mongo", cache_gb=options.cache_gb)
        uri = embedded.start()
        try:
            lines = uvloop.run(Bench(uri, embedded.pid or 0, options).run())
        finally:
            embedded.stop()
    publish("scripts", "\n".join([where, "", *lines, ""]))


if __name__ == "__main__":
    main()
