"""The intake of webhooks beside the given yardsticks, in one run: `make bench`.

Each server is a process of its own on one private mongod; wrk sends unique, signed webhooks.
Yardsticks and service take turns, so that noise of the machine meets both. The ratios are the
medians of the rounds with 64 connections; the absolute numbers say little about other machines.
"""

import argparse
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from app.embedded import EmbeddedMongo
from benchmarks.measuring import Load, Row, Yardstick, measure_yardstick, our_server
from benchmarks.publishing import publish
from benchmarks.report import Found, markdown
from benchmarks.visibility import percentile, visible_ms

CONNECTIONS = (1, 16, 64, 256)
COMPARED_AT = 64
YARDSTICK_S = 5
SUSTAINED_SHARE = 0.9
"""Of the rate at which a burst and its backlog were worked off: what is sent in the long run."""


@dataclass(slots=True)
class Bench:
    """Measures into `rows`, which the report is made of."""

    uri: str
    mongod: int
    folder: Path
    rows: list[Row] = field(default_factory=list)

    def yardstick(self, mode: Yardstick, connections: int, seconds: float) -> Row:
        load = Load(connections, seconds)
        return self._add(measure_yardstick(mode, self.uri, self.mongod, load))

    def burst(self, connections: int, seconds: float) -> Row:
        """As fast as wrk can, on an empty database; then the backlog is worked off."""
        with our_server(self.uri, self.mongod, self.folder) as server:
            row = self._add(server.measure("service", Load(connections, seconds)))
            if server.stored() != row.kept:
                raise SystemExit(f"{row.kept} webhooks kept, {server.stored()} messages")
            return row

    def round(self, connections: int, seconds: float) -> dict[str, float]:
        """Everything once with so many connections; the ratios of this round."""
        naive = self.yardstick("naive", connections, seconds)
        ours = self.burst(connections, seconds)
        hmac = self.yardstick("hmac", connections, YARDSTICK_S)
        self.yardstick("bare", connections, YARDSTICK_S)
        return {
            "ack_naive": ours.per_s / naive.per_s,
            "ack_hmac": ours.per_s / hmac.per_s,
            "cpu": ours.cpu,
            f"p99_{connections}": ours.p99,
            "worked_off": ours.applied_per_s or 0.0,
        }

    def sustained(self, seconds: float, rate: float) -> Row:
        """A steady rate; the backlog at its end must not have grown."""
        with our_server(self.uri, self.mongod, self.folder) as server:
            load = Load(COMPARED_AT, seconds, rate=rate)
            return self._add(server.measure("service, steady", load))

    def visible(self, seconds: float, rate: float) -> list[float]:
        with our_server(self.uri, self.mongod, self.folder) as server:
            return visible_ms(server, Load(COMPARED_AT, seconds, rate=rate))

    def redelivered(self, seconds: float) -> float:
        """Webhooks per second until applied: the same ones again, against their first delivery."""
        with our_server(self.uri, self.mongod, self.folder) as server:
            load = Load(COMPARED_AT, seconds, seed="abcdef")
            fresh = self._add(server.measure("service, fresh", load))
            stored = server.stored()
            again = Load(COMPARED_AT, seconds, seed="abcdef", repeat=fresh.kept * 9 // 10)
            repeated = self._add(server.measure("service, redelivered", again))
            if server.stored() != stored:
                raise SystemExit(f"redelivery made {server.stored() - stored} messages")
            return (repeated.applied_per_s or 0.0) / (fresh.applied_per_s or 1.0)

    def _add(self, row: Row) -> Row:
        self.rows.append(row)
        applied = f", applied {row.applied_per_s:,.0f}/s" if row.applied_per_s else ""
        print(f"{row.server}, {row.connections}: {row.per_s:,.0f}/s{applied}", file=sys.stderr)
        return row


def measure(bench: Bench, options: argparse.Namespace) -> Found:
    found: dict[str, list[float]] = {}

    def note(values: dict[str, float]) -> None:
        for name, value in values.items():
            found.setdefault(name, []).append(value)

    for connections in CONNECTIONS:
        if connections != COMPARED_AT:
            p99 = f"p99_{connections}"
            note({p99: bench.round(connections, options.seconds)[p99]})
    for _ in range(options.rounds):
        note(bench.round(COMPARED_AT, options.seconds))
        worked_off = statistics.median(found["worked_off"])
        naive = bench.yardstick("naive", COMPARED_AT, options.seconds)
        steady = bench.sustained(options.sustained, worked_off * SUSTAINED_SHARE)
        note({"applied_naive": (steady.applied_per_s or 0.0) / naive.per_s})
        note({"steady": steady.applied_per_s or 0.0})
    note({"redelivered": bench.redelivered(options.seconds)})
    waits = bench.visible(options.sustained, statistics.median(found["steady"]) / 2)
    note({"visible_p50": percentile(waits, 0.5), "visible_p99": percentile(waits, 0.99)})
    return {name: statistics.median(values) for name, values in found.items()}


def machine() -> str:
    """Where and when, and how busy others kept the machine."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        "unknown processor",
    )
    cores = len(os.sched_getaffinity(0))
    today = date.today()  # noqa: DTZ011 - the day on the reader's wall
    return (
        f"{today.isoformat()}, {model}, {cores} cores, Python {platform.python_version()}, "
        f"load average before the run {os.getloadavg()[0]:.1f}"
    )


def on_private_mongod(work: Callable[[Bench], None]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        embedded = EmbeddedMongo(Path(folder) / "mongo")
        uri = embedded.start()
        try:
            work(Bench(uri, embedded.pid or 0, Path(folder)))
        finally:
            embedded.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10, help="length of a burst")
    parser.add_argument("--rounds", type=int, default=3, help="with 64 connections")
    parser.add_argument("--full", action="store_true", help="sustain for 60 s instead of 20 s")
    parser.add_argument("--readme", action="store_true", help="put the table into README.md")
    options = parser.parse_args()
    options.sustained = 60 if options.full else 20

    where = machine()

    def work(bench: Bench) -> None:
        found = measure(bench, options)
        text = markdown(found, bench.rows, where)
        data = {"machine": where, "found": found, "rows": [row.json() for row in bench.rows]}
        publish("ingest", text, into_readme=options.readme, data=data)

    on_private_mongod(work)


if __name__ == "__main__":
    main()
