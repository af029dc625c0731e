"""One process that takes due steps and says nothing: what benchmarks/scripts.py measures.

`python -m benchmarks.stepping DATABASE STEPS MONGOD_PID`, the URI on standard input. Says "ready"
when it is at work, ends when it has taken so many steps, and prints a line of JSON (see Worked).
"""

import asyncio
import json
import os
import sys
from dataclasses import asdict, dataclass

import uvloop

from benchmarks.measuring import cpu_s, peak_rss_mb, rss_mb
from inbox.clock import SystemClock
from inbox.mongo.client import Mongo
from inbox.signals.store import SignalStore
from scheduler.enrolments.running import Running
from scheduler.enrolments.sending import Record, Saying
from scheduler.enrolments.store import EnrolmentStore
from scheduler.enrolments.surroundings import AroundReader


@dataclass(frozen=True, slots=True)
class Worked:
    """`late_s`: from when a step was due until it was committed, each. Memory in MB."""

    late_s: list[float]
    cpu_s: float
    cpu_mongod_s: float
    rss_before: float
    rss_after: float
    rss_peak: float


class SaysNothing:
    """Implements `StepSender`: the turn alone, in its transaction. Sets `done` after `steps`."""

    def __init__(self, mongo: Mongo, steps: int) -> None:
        self._mongo = mongo
        self._steps = steps
        self._clock = SystemClock()
        self.late_s: list[float] = []
        self.done = asyncio.Event()

    async def send(self, saying: Saying, record: Record) -> bool:
        await self._mongo.transaction(record)
        assert saying.enrolment.next_at is not None
        self.late_s.append((self._clock.now() - saying.enrolment.next_at).total_seconds())
        if len(self.late_s) == self._steps:
            self.done.set()
        return True

    async def hand_over(self, saying: Saying, record: Record) -> bool:
        return await self.send(saying, record)


def running(mongo: Mongo, sender: SaysNothing) -> Running:
    """The worker of the service, but for what it says."""
    clock = SystemClock()
    store = EnrolmentStore(mongo, clock)
    return Running(store, AroundReader(mongo), SignalStore(mongo, clock), sender, clock)


async def _work(uri: str, database: str, steps: int, mongod: int) -> Worked:
    mongo = Mongo.connect(uri, database)
    await mongo["enrolments"].find_one({"_id": ""})  # connected, before anything is measured
    sender, pid = SaysNothing(mongo, steps), os.getpid()
    worker = running(mongo, sender)
    before, cpu, cpu_mongod = rss_mb(pid), cpu_s(pid), cpu_s(mongod)
    print("ready", flush=True)
    await worker.run(sender.done)
    await mongo.close()
    return Worked(
        sender.late_s,
        cpu_s(pid) - cpu,
        cpu_s(mongod) - cpu_mongod,
        before,
        rss_mb(pid),
        peak_rss_mb(pid),
    )


def main() -> None:
    database, steps, mongod = sys.argv[1:]
    uri = sys.stdin.readline().strip()
    print(json.dumps(asdict(uvloop.run(_work(uri, database, int(steps), int(mongod))))))


if __name__ == "__main__":
    main()
