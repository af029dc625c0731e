"""Fairness: the promises of docs/decisions/0020-fair-splitting.md."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox.splitting.fairness import UNIT, in_conversations, settled, shares, take_turn
from inbox.splitting.model import LedgerEntry

INT64_MAX = 2**63 - 1
ROUNDED = Fraction(1, 10**7)
"""More than what rounding can do to the books in these tests."""


@dataclass
class Shop:
    """A rule's ledger, and beside it in exact fractions what everybody should have got.

    `period` is the deviation since the eligible set or a weight last changed.
    """

    weights: list[int]
    entries: list[LedgerEntry] = field(default_factory=list)
    owed: list[Fraction] = field(default_factory=list)
    period: dict[int, Fraction] = field(default_factory=dict)
    last: tuple[object, ...] = ()
    worst: Fraction = Fraction(0)
    worst_in_period: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        people = range(len(self.weights))
        self.entries = [LedgerEntry(rule_id="r", staff_id=str(one)) for one in people]
        self.owed = [Fraction(0) for _ in people]

    def arrive(self, eligible: Sequence[int]) -> int:
        """One conversation comes while these are eligible; who got it."""
        weights = [self.weights[one] for one in eligible]
        if self.last != (eligible, weights):
            self.last, self.period = (eligible, weights), dict.fromkeys(eligible, Fraction(0))
        place, after = take_turn([self.entries[one] for one in eligible], weights)
        total = sum(weights)
        for spot, (one, weight) in enumerate(zip(eligible, weights, strict=True)):
            self.entries[one] = after[spot]
            moved = Fraction(weight, total) - (spot == place)
            self.owed[one] += moved
            self.period[one] += moved
        self.worst = max(self.worst, *map(abs, self.owed))
        self.worst_in_period = max(self.worst_in_period, *map(abs, self.period.values()))
        return eligible[place]


def turns(weights: list[int], arrivals: int) -> list[int]:
    shop = Shop(weights)
    everybody = range(len(weights))
    return [shop.arrive(everybody) for _ in range(arrivals)]


@pytest.mark.parametrize("people", [1, 2, 3, 7, 30, 31, 45])
def test_equal_weights_take_strict_turns(people: int) -> None:
    """X.SPL.04: 1, 2, 3, 1, 2, 3."""
    assert turns([1] * people, people * 20) == list(range(people)) * 20


def test_two_people_and_three_conversations_are_a_b_a() -> None:
    """X.SPL.04"""
    assert turns([1, 1], 3) == [0, 1, 0]


def test_one_to_three_over_400_is_100_and_300_evenly_interleaved() -> None:
    """X.SPL.05: in any window of four, one and three; at every moment within one."""
    given = turns([1, 3], 400)

    assert Counter(given) == {0: 100, 1: 300}
    for end in range(4, 401):
        assert given[end - 4 : end].count(0) == 1


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=30))
@settings(max_examples=60)
def test_from_a_fresh_start_nobody_is_off_by_more_than_one(weights: list[int]) -> None:
    """Promise (a), with Tijdeman's bound; exactly counted, while the set stays the same."""
    shop = Shop(weights)
    everybody = range(len(weights))
    for _ in range(150):
        shop.arrive(everybody)

    others = len(weights) - 1
    assert shop.worst <= (1 - Fraction(1, 2 * others) if others else 0) + ROUNDED


def test_from_a_fresh_start_10_000_arrivals_stay_within_one() -> None:
    """Promise (a), the long way: some sets of random weights; benchmarks/fairness.py has 150."""
    chance = random.Random(4)
    for people in (2, 9, 30):
        shop = Shop([chance.randint(1, 100) for _ in range(people)])
        everybody = range(people)
        for _ in range(10_000 // people * 3):
            shop.arrive(everybody)

        assert shop.worst <= 1
        errors = [
            abs(Fraction(entry.lag, UNIT) - owed)
            for entry, owed in zip(shop.entries, shop.owed, strict=True)
        ]
        assert max(errors) < ROUNDED


change = st.tuples(
    st.lists(st.integers(0, 7), min_size=1, max_size=8, unique=True).map(sorted),
    st.integers(1, 25),
    st.none() | st.lists(st.integers(1, 500), min_size=8, max_size=8),
)


@given(st.lists(st.integers(1, 500), min_size=8, max_size=8), st.lists(change, max_size=25))
@settings(max_examples=150)
def test_after_any_history_a_constant_period_stays_within_two(
    weights: list[int], history: list[tuple[list[int], int, list[int] | None]]
) -> None:
    """Promise (b): people come and go, weights are edited; proven, and tried here."""
    shop = Shop(weights)
    for eligible, arrivals, new_weights in [*history, (list(range(8)), 60, None)]:
        shop.weights = new_weights or shop.weights
        for _ in range(arrivals):
            shop.arrive(tuple(eligible))

    assert shop.worst_in_period <= 2


def nearest(shop: Shop, chance: random.Random) -> Sequence[int]:
    """Two neighbours in the order of lags: the history that drives lags apart the most."""
    order = sorted(range(len(shop.weights)), key=lambda one: shop.owed[one])
    at = chance.randrange(len(order) - 1)
    return tuple(sorted(order[at : at + 2]))


def worst_off(shop: Shop, chance: random.Random) -> Sequence[int]:
    order = sorted(range(len(shop.weights)), key=lambda one: shop.owed[one])
    return tuple(sorted(order[-chance.randint(1, len(order)) :]))


def at_random(shop: Shop, chance: random.Random) -> Sequence[int]:
    people = range(len(shop.weights))
    return tuple(one for one in people if chance.random() < 0.6) or (0,)


@pytest.mark.parametrize("choose", [nearest, worst_off, at_random])
@pytest.mark.parametrize("seed", range(3))
def test_hostile_history_brings_no_burst(
    choose: Callable[[Shop, random.Random], Sequence[int]], seed: int
) -> None:
    """Promises (b) and (e): whatever went before, nobody gets over two more than the share."""
    chance = random.Random(seed)
    shop = Shop([chance.choice([1, 1, 5, 50, 400]) for _ in range(20)])
    for _ in range(1500):
        eligible = choose(shop, chance)
        for _ in range(chance.choice([1, 1, 1, 4])):
            shop.arrive(eligible)
    for _ in range(150):
        shop.arrive(range(20))

    assert shop.worst_in_period <= 2
    assert all(abs(entry.lag) < 20 * UNIT for entry in shop.entries)


@pytest.mark.parametrize("people", [2, 3, 10])
def test_whoever_comes_and_goes_at_every_arrival_gets_the_share(people: int) -> None:
    """Promise (c): counting anew at each change gave 3000 / 0 / 0."""
    shop = Shop([1] * people)
    given = Counter(
        shop.arrive(tuple(range(people)) if turn % 2 else tuple(range(1, people)))
        for turn in range(3000)
    )

    assert abs(given[0] - 1500 / people) <= 2
    assert all(abs(owed) <= 2 for owed in shop.owed)


def test_person_back_from_a_long_absence_gets_no_burst() -> None:
    """Promise (e): nothing is owed for the time away."""
    shop = Shop([1, 1, 1])
    for _ in range(7):
        shop.arrive((0, 1, 2))
    for _ in range(1000):
        shop.arrive((0, 1))
    after = [shop.arrive((0, 1, 2)) for _ in range(30)]

    assert after[:3].count(2) <= 2
    assert 9 <= after.count(2) <= 12


def test_newcomer_starts_even_and_a_leavers_lag_is_forgotten() -> None:
    shop = Shop([1, 1, 1])
    for _ in range(200):  # the third is two thirds of a conversation behind
        shop.arrive((0, 1, 2))
    entries = {entry.staff_id: entry for entry in shop.entries}

    after, changed = settled(entries, ["1", "2", "new"])

    assert after["0"].lag == 0
    assert after["0"].period is None
    assert after["0"].given == 67
    assert after["1"].lag + after["2"].lag == 0
    assert {entry.staff_id for entry in changed} == {"0", "1", "2"}
    assert settled(after, ["1", "2", "new"]) == (after, [])
    assert settled(after, ["0", "1", "2"]) == (after, [])


def test_only_differences_of_lags_count() -> None:
    """Where all of a group are owed much, as after others took their caps full, nothing changes."""

    def order(offset: int) -> list[int]:
        shop = Shop([1, 1, 10, 60])
        shop.entries = [replace(entry, lag=offset) for entry in shop.entries]
        return [shop.arrive(range(4)) for _ in range(72)]

    assert order(0) == order(3 * UNIT) == order(-3 * UNIT)


def test_settling_nothing_changes_nothing() -> None:
    assert settled({}, ["a"]) == ({}, [])
    assert settled({}, []) == ({}, [])


def test_order_of_turns_decides_between_equals_after_a_change() -> None:
    shop = Shop([1, 1, 1])
    assert [shop.arrive((0, 1, 2)) for _ in range(3)] == [0, 1, 2]

    assert [shop.arrive((2,)) for _ in range(1)] == [2]
    assert [shop.arrive((0, 1, 2)) for _ in range(3)] == [0, 1, 2]


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=60))
def test_shares_of_an_arrival_are_one_conversation_to_the_last_unit(weights: list[int]) -> None:
    owed = shares(tuple(weights))

    assert sum(owed) == UNIT
    total = sum(weights)
    assert all(abs(o - Fraction(w * UNIT, total)) <= 1 for o, w in zip(owed, weights, strict=True))


def test_unit_divides_by_every_number_of_people_up_to_thirty_and_by_a_hundred() -> None:
    assert [people for people in (*range(1, 31), 100) if UNIT % people] == []


def test_numbers_stay_small_over_many_turns_and_fit_64_bits() -> None:
    """Lags are bounded, and what is stored of a thousand conversations' lag is far from the end."""
    assert 1_000_000 * UNIT < INT64_MAX
    entries = [LedgerEntry(rule_id="r", staff_id=str(one)) for one in range(7)]
    weights = [1, 2, 3, 5, 8, 13, 21]
    for _ in range(20_000):
        _, entries = take_turn(entries, weights)

    assert all(abs(entry.lag) <= UNIT for entry in entries)
    assert sum(entry.lag for entry in entries) == 0
    assert sum(entry.given for entry in entries) == 20_000


def test_lag_is_shown_in_conversations() -> None:
    assert in_conversations(UNIT // 3) == 0.3333
    assert in_conversations(-UNIT) == -1.0
