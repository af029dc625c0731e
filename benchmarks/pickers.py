"""Ways to choose who gets the next conversation, ours and what others do, for fairness.py."""

import random
from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Protocol

from inbox.splitting.fairness import take_turn
from inbox.splitting.model import LedgerEntry


class Picker(Protocol):
    """Chooses one of `eligible` (places of people) by `weights`, which has everybody's."""

    def pick(self, eligible: Sequence[int], weights: Sequence[int]) -> int: ...


class Ours:
    """The product's own: a carried lag and the deadline rule."""

    def __init__(self, people: int, _seed: int) -> None:
        self._entries = [LedgerEntry(rule_id="r", staff_id=str(one)) for one in range(people)]

    def pick(self, eligible: Sequence[int], weights: Sequence[int]) -> int:
        entries = [self._entries[one] for one in eligible]
        place, after = take_turn(entries, [weights[one] for one in eligible])
        for one, entry in zip(eligible, after, strict=True):
            self._entries[one] = entry
        return eligible[place]


class SmoothRoundRobin:
    """nginx's smooth weighted round robin; the counters are kept while somebody is away."""

    def __init__(self, people: int, _seed: int) -> None:
        self._current = [0] * people

    def pick(self, eligible: Sequence[int], weights: Sequence[int]) -> int:
        total = 0
        for one in eligible:
            self._current[one] += weights[one]
            total += weights[one]
        best = max(eligible, key=self._current.__getitem__)
        self._current[best] -= total
        return best


class CountedAnew:
    """Smooth weighted round robin that starts again whenever the eligible set changes."""

    def __init__(self, people: int, seed: int) -> None:
        self._people, self._seed = people, seed
        self._eligible: Sequence[int] = ()
        self._inner = SmoothRoundRobin(people, seed)

    def pick(self, eligible: Sequence[int], weights: Sequence[int]) -> int:
        if eligible != self._eligible:
            self._eligible = eligible
            self._inner = SmoothRoundRobin(self._people, self._seed)
        return self._inner.pick(eligible, weights)


class WeightedRandom:
    def __init__(self, _people: int, seed: int) -> None:
        self._chance = random.Random(seed)

    def pick(self, eligible: Sequence[int], weights: Sequence[int]) -> int:
        return self._chance.choices(eligible, [weights[one] for one in eligible])[0]


class LeastOpen:
    """Fewest open conversations, the first of the list on a tie; weights are not looked at.

    A conversation stays open for an exponential time of five arrivals per person on average.
    """

    def __init__(self, people: int, seed: int) -> None:
        self._chance = random.Random(seed)
        self._open = [0] * people
        self._closings: list[tuple[float, int]] = []
        self._now = 0

    def pick(self, eligible: Sequence[int], weights: Sequence[int]) -> int:
        self._now += 1
        while self._closings and self._closings[0][0] <= self._now:
            self._open[heappop(self._closings)[1]] -= 1
        best = min(eligible, key=self._open.__getitem__)
        self._open[best] += 1
        stays = self._chance.expovariate(1 / (5 * len(weights)))
        heappush(self._closings, (self._now + stays, best))
        return best


PICKERS: dict[str, type[Ours | SmoothRoundRobin | CountedAnew | WeightedRandom | LeastOpen]] = {
    "ours": Ours,
    "smooth weighted round robin": SmoothRoundRobin,
    "the same, counted anew at each change": CountedAnew,
    "weighted random": WeightedRandom,
    "least open, first on a tie": LeastOpen,
}
