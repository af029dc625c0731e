"""Whose turn it is: a carried lag and the deadline rule, in whole numbers.

Each person has a lag: what the arrivals that found him eligible owe him, minus what he got. It is
carried through changes of the eligible set. Among those who may receive, the one whose share falls
due first gets the next conversation: Tijdeman's rule for the chairman assignment problem
(R. Tijdeman, "The chairman assignment problem", Discrete Mathematics 32, 1980).

A second number, the lag of the present period, begins at nothing whenever the set of eligible
people or a weight changes. Whoever is a whole conversation behind in it goes first, whoever is one
ahead of it is passed over; that keeps old debts from being paid in one burst.
docs/decisions/0020-fair-splitting.md has the promises and their proofs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b

from inbox.splitting.model import LedgerEntry

UNIT = 2_329_089_562_800
"""One conversation: lcm(1..30), so that equal shares of up to 30 people, and percentages, are
exact. 64 bits hold almost four million of them."""
_FINE = 40
"""Deadlines are compared in arrivals / 2^40."""


def in_conversations(lag: int) -> float:
    """A lag for people to read: 0.33 is a third of a conversation owed."""
    return round(lag / UNIT, 4)


@lru_cache(maxsize=4096)
def shares(weights: tuple[int, ...]) -> tuple[int, ...]:
    """What one arrival owes each; whole numbers that add up to UNIT. Weights are positive."""
    total = sum(weights)
    whole = [weight * UNIT // total for weight in weights]
    left = UNIT - sum(whole)
    return tuple(share + (place < left) for place, share in enumerate(whole))


def period_of(entries: Sequence[LedgerEntry], weights: Sequence[int]) -> str:
    """The name of a set of people with their weights."""
    told = ",".join(f"{e.staff_id}:{w}" for e, w in zip(entries, weights, strict=True))
    return blake2b(told.encode(), digest_size=8).hexdigest()


def centred(values: Sequence[int]) -> list[int]:
    """`values` moved together so that they add up to nothing."""
    each, left = divmod(sum(values), len(values))
    return [value - each - (place < left) for place, value in enumerate(values)]


def take_turn(
    entries: Sequence[LedgerEntry], weights: Sequence[int]
) -> tuple[int, list[LedgerEntry]]:
    """Give one conversation to one of `entries`: its place, and all entries afterwards.

    `entries` are those who may receive, in the order of the pool, with a positive weight each.
    """
    owed = shares(tuple(weights))
    period = period_of(entries, weights)
    fresh = any(entry.period != period for entry in entries)
    lags = [0 if fresh else entry.period_lag for entry in entries]
    chosen = _next(entries, owed, lags)
    turn = max(entry.turn for entry in entries) + 1
    return chosen, [
        _charged(entry, share, lag, period, turn if place == chosen else None)
        for place, (entry, share, lag) in enumerate(zip(entries, owed, lags, strict=True))
    ]


def _next(entries: Sequence[LedgerEntry], owed: Sequence[int], lags: Sequence[int]) -> int:
    """The place of whose turn it is; `lags` are those of the period, before this arrival."""
    carried = centred([entry.lag for entry in entries])
    margin = UNIT // (2 * len(entries) - 2) if len(entries) > 1 else 0
    best: tuple[int, int, int, int] | None = None
    for place, entry in enumerate(entries):
        share = owed[place]
        lag, long_lag = lags[place] + share, carried[place] + share
        if lag <= -UNIT:  # one ahead already: giving now would be two
            continue
        if lag >= UNIT:
            rank, due = 0, 2 * UNIT - lag
        else:
            rank, due = (1 if long_lag >= margin else 2), UNIT - margin - long_lag
        key = (rank, (due << _FINE) // share, entry.turn, place)
        if best is None or key < best:
            best = key
    assert best is not None  # the lags of a period add up to one conversation: somebody is owed
    return best[3]


def _charged(
    entry: LedgerEntry, share: int, period_lag: int, period: str, turn: int | None
) -> LedgerEntry:
    got = 0 if turn is None else UNIT
    return LedgerEntry(
        rule_id=entry.rule_id,
        staff_id=entry.staff_id,
        bot_id=entry.bot_id,
        given=entry.given + (turn is not None),
        lag=entry.lag + share - got,
        period_lag=period_lag + share - got,
        period=period,
        turn=entry.turn if turn is None else turn,
        sticky=entry.sticky,
        fallback=entry.fallback,
        manual=entry.manual,
        last_given_at=entry.last_given_at,
        recent=entry.recent,
    )


def settled(
    entries: Mapping[str, LedgerEntry], pool: Iterable[str]
) -> tuple[dict[str, LedgerEntry], list[LedgerEntry]]:
    """The entries of a rule, by staff id, after people left or joined its pool; and what changed.

    Who left loses his lag, and it is spread over those who stay, so that the lags of a pool add up
    to nothing and a newcomer, who begins at 0, is neither behind nor ahead.
    """
    members = [entries[one] for one in pool if one in entries]
    known = {one.staff_id for one in members}
    changed = [
        replace(one, lag=0, period_lag=0, period=None)
        for one in entries.values()
        if one.staff_id not in known and (one.lag or one.period)
    ]
    if members and sum(one.lag for one in members):
        lags = centred([one.lag for one in members])
        changed += [
            replace(one, lag=lag) for one, lag in zip(members, lags, strict=True) if one.lag != lag
        ]
    return {**entries, **{one.staff_id: one for one in changed}}, changed
