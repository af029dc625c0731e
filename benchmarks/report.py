"""The tables of benchmarks/ingest.py: against the targets, and every measurement."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.measuring import Row

Found = dict[str, float]


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be reached; `stretch` is the wish beyond it. Most are better when larger."""

    name: str
    what: str
    target: float
    stretch: float | None = None
    unit: str = ""
    smaller: bool = False

    def row(self, found: Found) -> str:
        value = found[self.name]
        met = value <= self.target if self.smaller else value >= self.target
        sign = "≤" if self.smaller else "≥"
        stretch = f"{self.stretch:g}{self.unit}" if self.stretch is not None else ""
        return (
            f"| {self.what} | {value:.2f}{self.unit} | {sign} {self.target:g}{self.unit} "
            f"| {stretch} | {'yes' if met else '**no**'} |"
        )


TARGETS = (
    Target("ack_naive", "durable ack in a burst : naive", 5, 8),
    Target("ack_hmac", "durable ack in a burst : aiohttp + HMAC + JSON", 0.5, 0.7),
    Target("applied_naive", "applied and visible, sustained : naive", 3, 4),
    Target("p99_16", "ack p99 at 16 connections", 25, unit=" ms", smaller=True),
    Target("p99_64", "ack p99 at 64 connections", 100, unit=" ms", smaller=True),
    Target("cpu", "CPU of the web process per 1,000, ack + apply", 0.6, 0.4, " s", smaller=True),
    Target("visible_p99", "from 200 to visible, p99 at half load", 250, 100, " ms", smaller=True),
    Target("redelivered", "fully redelivered : fresh", 1.0),
)


def markdown(found: Found, rows: Sequence[Row], machine: str) -> str:
    """Both tables; `machine` says where and when."""
    lines = [
        machine,
        "",
        "| 64 connections, one web process | measured | target | stretch | met |",
        "|---|---|---|---|---|",
        *(target.row(found) for target in TARGETS),
        "",
        "CPU: seconds per 1,000 webhooks, web + mongod. Backlog: when the load ended.",
        "",
        "| server | conn | ack/s | p50 ms | p99 ms | errors | applied/s | backlog | CPU | RSS MB |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *(_row(row) for row in sorted(rows, key=lambda row: (row.connections, row.server))),
        "",
    ]
    return "\n".join(lines)


def _row(row: Row) -> str:
    applied = f"{row.applied_per_s:,.0f}" if row.applied_per_s is not None else ""
    backlog = f"{row.backlog:,}" if row.applied_per_s is not None else ""
    return (
        f"| {row.server} | {row.connections} | {row.per_s:,.0f} | {row.p50:.1f} | {row.p99:.1f} "
        f"| {row.errors} | {applied} | {backlog} | {row.cpu:.2f} + {row.cpu_mongod:.2f} "
        f"| {row.rss:.0f} |"
    )
