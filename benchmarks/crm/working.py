"""One worker that pushes, as a process of its own; what benchmarks/crm measures.

`python -m benchmarks.crm.working`: a line of JSON on standard input says where and what (Order).
Says "ready", begins with the next line, ends when its input does, and prints a line of JSON
(Worked).
"""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import uvloop
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from benchmarks.crm.shop import Shop, Target
from benchmarks.measuring import cpu_s, peak_rss_mb, rss_mb


@dataclass(frozen=True, slots=True)
class Order:
    uri: str
    database: str
    target: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Worked:
    """Memory in MB; `commands` to the database, and how long they were under way together."""

    calls: int
    written: Sequence[tuple[str, str, float]]
    cpu_s: float
    commands: int
    commands_s: float
    rss_before: float
    rss_peak: float


class Counting(CommandListener):
    """Counts what the database is asked."""

    def __init__(self) -> None:
        self.commands = 0
        self.micros = 0

    def started(self, event: CommandStartedEvent) -> None:
        pass

    def succeeded(self, event: CommandSucceededEvent) -> None:
        self.commands += 1
        self.micros += event.duration_micros

    def failed(self, event: CommandFailedEvent) -> None:
        self.commands += 1
        self.micros += event.duration_micros


async def _work(order: Order) -> Worked:
    counting, pid, stop = Counting(), os.getpid(), asyncio.Event()
    shop = await Shop.of(order.uri, order.database, Target(**order.target), [counting])
    await shop.mirror.agreeing.terms()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    before, cpu = rss_mb(pid), cpu_s(pid)
    counting.commands = counting.micros = shop.calls.count = 0
    pushing = asyncio.create_task(shop.mirror.pushing.run(stop))
    await asyncio.to_thread(sys.stdin.read)
    stop.set()
    await pushing
    cpu = cpu_s(pid) - cpu
    await shop.close(drop=False)
    return Worked(
        shop.calls.count,
        shop.calls.written,
        cpu,
        counting.commands,
        counting.micros / 1e6,
        before,
        peak_rss_mb(pid),
    )


def main() -> None:
    order = Order(**json.loads(sys.stdin.readline()))
    print(json.dumps(asdict(uvloop.run(_work(order)))))


if __name__ == "__main__":
    main()
