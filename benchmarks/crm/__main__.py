"""Mirroring into a CRM: how fast, with how many calls, how late, and what edits pay for it.

`python -m benchmarks.crm`. One private mongod; a real Odoo 11 as the tests prepare it (several
minutes the first time), and a receiver of webhooks that answers at once, so that our own cost is
seen. The rate of the connection is lifted but where it says so. *Naive* writes the customer and
calls the CRM, one edit after the other.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import uvloop

from app.config import LogConfig
from app.embedded import EmbeddedMongo
from app.logging import configure_logging
from benchmarks.crm.crms import odoo, receiver
from benchmarks.crm.measures import Bench, Mirrored, percentiles
from benchmarks.crm.shop import Target
from benchmarks.ingest import machine
from benchmarks.publishing import publish
from crm_sync.mapping.presets import CALLS_PER_SECOND

_PUSH_S = 0.3
"""Of the CRM in which edits are coalesced: longer than twenty edits take."""
_CUSTOMERS = 20
_FEW = 1000


def load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


def say(line: str) -> str:
    print(line, file=sys.stderr, flush=True)
    return line


async def throughput(bench: Bench, name: str, target: Target, edits: int, rounds: int) -> list[str]:
    """Naive, one worker and two, in turn; the median of the rounds."""
    naive: list[float] = []
    found: dict[int, list[Mirrored]] = {1: [], 2: []}
    for _ in range(rounds):
        naive.append(await bench.naive(target, max(100, edits // 5)))
        for workers, kept in found.items():
            kept.append(await bench.mirrored(target, edits, workers))
    slow = statistics.median(naive)
    return [
        _row(name, workers, sorted(kept, key=lambda one: one.rate)[len(kept) // 2], slow)
        for workers, kept in found.items()
    ]


def _row(name: str, workers: int, one: Mirrored, naive: float) -> str:
    peak = max(worked.rss_peak for worked in one.worked)
    before = max(worked.rss_before for worked in one.worked)
    return say(
        f"| {name}, {workers} | {load()} | {naive:,.0f} | {one.rate:,.0f} "
        f"| {one.rate / naive:.1f} | {one.per_edit('calls'):.2f} "
        f"| {one.per_edit('cpu_s') * 1000:.1f} + {one.cpu_mongod / one.edits * 1000:.1f} "
        f"| {one.per_edit('commands'):.1f} | {one.per_edit('commands_s') * 1000:.0f} "
        f"| {before:.0f}, {peak:.0f} |"
    )


async def coalescing(bench: Bench, slow: Target, fast: Target) -> list[str]:
    rows = [
        f"| {edits} | {await bench.coalesced(slow, edits, _CUSTOMERS):.2f} |"
        for edits in (1, 5, 20)
    ]
    typed = [await bench.typed(target) for target in (fast, slow)]
    rows.append(
        f"| a note typed in 10 edits within 5 s | {typed[0] / 10:.2f}, {typed[1] / 10:.2f} |"
    )
    return [
        f"| edits of a customer (a call takes {_PUSH_S:g} s) | calls per edit |",
        "|---|---|",
        *map(say, rows),
    ]


async def limiting(bench: Bench, fast: Target, waiting: int, seconds: int) -> list[str]:
    kind_rate = CALLS_PER_SECOND["odoo"]
    one = await bench.limited(replace(fast, calls_per_second=kind_rate), waiting, seconds)
    return [
        f"| at Odoo's rate, {waiting:,} wait | load average | calls/s | commands each | CPU |",
        "|---|---|---|---|---|",
        say(
            f"| {one.allowed_per_s:g} calls/s are the workers' | {load()} "
            f"| {one.calls_per_s:.1f} | {one.commands:.1f} | {one.cpu:.0%} |"
        ),
    ]


async def lateness(
    bench: Bench, name: str, target: Target, seconds: int, backlog: int
) -> list[str]:
    rows = []
    for per_s in (5, 20):
        for elsewhere, who in ((False, "same process"), (True, "another process")):
            late = await bench.lag(target, per_s, per_s * seconds, elsewhere=elsewhere)
            rows.append(f"| {name} | {per_s}, {who} | {load()} | {percentiles(late)} |")
    late = await bench.sync_now(target, 5, 5 * seconds, backlog)
    rows.append(f"| {name} | 5, sync now, {backlog:,} wait | {load()} | {percentiles(late)} |")
    return [say(row) for row in rows]


async def editing(bench: Bench, target: Target, edits: int) -> list[str]:
    took = await bench.edit_costs(target, edits)
    none = statistics.median(took["none"])
    names = {"none": "no connection", "one": "one connection", "down": "one, its breaker open"}
    rows = [
        f"| {names[name]} | {load()} | {percentiles(found)} "
        f"| {statistics.median(found) / none:.2f} |"
        for name, found in took.items()
    ]
    return [
        "| an edit in an inbox with | load average | ms: p50, p95, p99 | p50 : no connection |",
        "|---|---|---|---|",
        *map(say, rows),
    ]


async def claiming(bench: Bench, target: Target, many: int) -> list[str]:
    claims = await bench.claims(target, _FEW, many, 100)
    return [
        f"| {many:,} customers dirty | |",
        "|---|---|",
        say(f"| customers claimed per second, {load()} | {claims.per_s:,.0f} |"),
        say(f"| a claim : {_FEW:,} dirty | {claims.alike:.2f} |"),
        say(f"| how mongod finds them | {', '.join(claims.stages)} |"),
    ]


async def run(bench: Bench, options: argparse.Namespace, real: Target | None) -> list[str]:
    edits, rounds, seconds = options.edits, options.rounds, options.seconds
    lines: list[str] = []
    with receiver() as fast, receiver(_PUSH_S) as slow:
        mirrored = await throughput(bench, "receiver", fast, edits, rounds)
        if real is not None:
            mirrored += await throughput(bench, "Odoo 11", real, edits // 4, rounds)
        lines += [
            (
                "| CRM, workers | load average | naive/s | mirrored/s | ratio | calls each "
                "| CPU ms each, workers + mongod | commands each | under way, ms | RSS, MB |"
            ),
            "|---|---|---|---|---|---|---|---|---|---|",
            *mirrored,
            "",
            *await limiting(bench, fast, options.backlog, seconds),
            "",
            *await coalescing(bench, slow, fast),
            "",
        ]
        late = await lateness(bench, "receiver", fast, seconds, options.backlog)
        if real is not None:
            late += await lateness(bench, "Odoo 11", real, seconds, options.backlog)
        lines += [
            "| CRM | edits/s, worker in | load average | lag, ms: p50, p95, p99 |",
            "|---|---|---|---|",
            *late,
            "",
            *await editing(bench, fast, options.edits),
            "",
            *await claiming(bench, fast, options.dirty),
        ]
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edits", type=int, default=2000, help="mirrored from a standing start")
    parser.add_argument("--rounds", type=int, default=3, help="of naive, one worker and two")
    parser.add_argument("--seconds", type=int, default=30, help="of edits at a steady rate")
    parser.add_argument("--backlog", type=int, default=10_000, help="that wait beside sync now")
    parser.add_argument("--dirty", type=int, default=100_000, help="while claims are measured")
    parser.add_argument("--without-odoo", action="store_true", help="the receiver only")
    options = parser.parse_args()
    configure_logging(LogConfig(level="warning"))
    where, began = machine(), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        embedded = EmbeddedMongo(Path(folder) / "mongo", cache_gb=1)
        uri = embedded.start()
        bench = Bench(uri, embedded.pid or 0)
        try:
            if options.without_odoo:
                lines = uvloop.run(run(bench, options, None))
            else:
                with odoo() as real:
                    lines = uvloop.run(run(bench, options, real))
        finally:
            embedded.stop()
    took = f"{(time.monotonic() - began) / 60:.0f} minutes"
    publish("crm", "\n".join([f"{where}; {took}", "", *lines, ""]))


if __name__ == "__main__":
    main()
