"""How fairly conversations are split, ours beside what others do: part of `make bench`.

Deviation: what one person got, minus the share that the weights give him of every arrival for
which he was eligible; the worst of anybody at any moment. Seeded, so every run finds the same.
"""

import argparse
import random
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.pickers import PICKERS, Picker
from benchmarks.plotting import Panel, draw

HERE = Path(__file__).parent
SETS = 150
ARRIVALS = 10_000
FLAPS = 3000
HISTORIES = 60
DOCS = HERE.parent / "docs"
COLUMNS = (
    "random weights: worst",
    "median of the sets",
    "equal weights: worst",
    "one comes and goes: shares",
    "within a period of a restless day: worst",
)
BEGIN, END = "<!-- table -->\n", "<!-- end of table -->\n"


class Books:
    """What everybody is owed, in floats: enough to measure with, 1e-11 off after 10,000."""

    def __init__(self, people: int) -> None:
        self.owed = [0.0] * people
        self.worst = 0.0

    def arrival(self, picker: Picker, eligible: Sequence[int], weights: Sequence[int]) -> int:
        chosen = picker.pick(eligible, weights)
        total = sum(weights[one] for one in eligible)
        for one in eligible:
            self.owed[one] += weights[one] / total
        self.owed[chosen] -= 1
        self.worst = max(self.worst, *self.owed, -min(self.owed))
        return chosen


def weight_sets() -> list[list[int]]:
    """Every other one of weights from 1 to 100, the rest of weights that differ by magnitudes."""
    chance = random.Random(1980)
    draws = (lambda: chance.randint(1, 100), lambda: int(10 ** chance.uniform(0, 3)))
    return [[draws[n % 2]() for _ in range(chance.randint(2, 30))] for n in range(SETS)]


def constant(name: str, sets: list[list[int]], arrivals: int) -> list[float]:
    """The worst deviation with each set of weights, everybody eligible all the time."""
    found = []
    for seed, weights in enumerate(sets):
        picker, books = PICKERS[name](len(weights), seed), Books(len(weights))
        everybody = range(len(weights))
        for _ in range(arrivals):
            books.arrival(picker, everybody, weights)
        found.append(books.worst)
    return found


def flapping(name: str) -> tuple[list[int], list[float]]:
    """Three equal people, the last one comes or goes at each arrival: shares; what he is owed."""
    picker, books = PICKERS[name](3, 1), Books(3)
    given, owed = [0, 0, 0], []
    for turn in range(FLAPS):
        eligible = (0, 1, 2) if turn % 2 == 0 else (0, 1)
        given[books.arrival(picker, eligible, [1, 1, 1])] += 1
        owed.append(books.owed[2])
    return given, owed


def restless(name: str) -> float:
    """The worst deviation within any constant period, while people come and go at random."""
    worst = 0.0
    for seed in range(HISTORIES):
        chance = random.Random(seed)
        people = chance.randint(2, 30)
        weights = [chance.choice([1, 2, 3, 10, 50]) for _ in range(people)]
        picker = PICKERS[name](people, seed)
        for _ in range(120):
            eligible = tuple(sorted(chance.sample(range(people), chance.randint(1, people))))
            period = Books(people)
            for _ in range(chance.choice([1, 2, 5, 40])):
                period.arrival(picker, eligible, weights)
            worst = max(worst, period.worst)
    return worst


def table(found: dict[str, list[float]], equal: dict[str, list[float]]) -> str:
    lines = [
        f"| | {' | '.join(COLUMNS)} |",
        "|---|---|---|---|---|---|",
    ]
    for name in PICKERS:
        given, _ = flapping(name)
        lines.append(
            f"| {name} | {max(found[name]):,.3f} | {statistics.median(found[name]):,.3f} "
            f"| {max(equal[name]):,.3f} | {' / '.join(f'{one:,}' for one in given)} "
            f"| {restless(name):,.3f} |"
        )
    return "\n".join(lines) + "\n"


def plot(found: dict[str, list[float]]) -> None:
    """docs/fair-splitting.png; lines that cannot be told from another one are left out."""
    anew = "the same, counted anew at each change"
    steady = {name: sorted(values) for name, values in found.items() if name != anew}
    owed = {name: flapping(name)[1] for name in PICKERS if name != "least open, first on a tie"}
    panels = [
        Panel(
            title="Worst deviation from the fair share, conversations",
            below=f"{SETS} sets of random weights, each {ARRIVALS:,} arrivals, sorted",
            last=len(next(iter(found.values()))),
            ticks=(0.1, 1, 10, 100, 1000, 10_000),
            lines=steady,
            log=True,
        ),
        Panel(
            title="Owed to one of three who comes and goes",
            below="arrivals; eligible at every second one",
            last=FLAPS,
            ticks=(-100, 0, 100, 200, 300, 400, 500),
            lines=owed,
        ),
    ]
    draw(panels, list(PICKERS), DOCS / "fair-splitting.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=SETS, help="of random weights, at most 150")
    parser.add_argument("--arrivals", type=int, default=ARRIVALS, help="for each set")
    parser.add_argument(
        "--write", action="store_true", help="put the table and the plot into docs/"
    )
    options = parser.parse_args()

    started = time.perf_counter()
    sets = weight_sets()[: options.sets]
    equal_sets = [[1] * len(weights) for weights in sets]
    found = {name: constant(name, sets, options.arrivals) for name in PICKERS}
    equal = {name: constant(name, equal_sets, options.arrivals // 10) for name in PICKERS}
    text = table(found, equal)
    took = time.perf_counter() - started
    print(f"{len(sets)} sets of weights, {options.arrivals:,} arrivals each, {took:.0f} s\n")
    print(text)
    if options.write:
        plot(found)
        page = DOCS / "fair-splitting.md"
        before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
