"""How a rule chooses among those who may receive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from inbox.splitting.fairness import take_turn
from inbox.splitting.model import LedgerEntry, Mode, Person, PoolEntry, Way

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
WAYS: Mapping[Mode, Way] = {
    "even": "turn",
    "weighted": "turn",
    "least_loaded": "load",
    "longest_idle": "idle",
    "fixed": "fixed",
}
"""The modes that choose somebody; `claim` and `manual` leave it to people."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One who may receive: the place in the pool, the person, and what the rule gave so far."""

    place: PoolEntry
    person: Person
    entry: LedgerEntry


def weight_in(mode: Mode, place: PoolEntry) -> int:
    """Only `weighted` looks at the weights."""
    return place.weight if mode == "weighted" else 1


def chosen_by(
    mode: Mode, contenders: Sequence[Contender]
) -> tuple[Contender, tuple[LedgerEntry, ...]]:
    """Whose it is, and the entries that change by this turn. There is at least one contender."""
    if mode in ("even", "weighted"):
        weights = [weight_in(mode, one.place) for one in contenders]
        place, entries = take_turn([one.entry for one in contenders], weights)
        return contenders[place], tuple(entries)
    if mode == "least_loaded":
        best = min(contenders, key=lambda one: (one.person.open, *_last_given(one)))
    elif mode == "longest_idle":
        best = min(contenders, key=lambda one: (_last_busy(one), *_last_given(one)))
    else:
        best = contenders[0]
    turn = max(one.entry.turn for one in contenders) + 1
    return best, (replace(best.entry, given=best.entry.given + 1, turn=turn),)


def _last_given(one: Contender) -> tuple[datetime, int]:
    """When the person was last given one by any rule; the turn tells apart what came at once."""
    times = (one.person.last_given_at, one.entry.last_given_at)
    return max((at for at in times if at), default=_LONG_AGO), one.entry.turn


def _last_busy(one: Contender) -> datetime:
    given_at, _ = _last_given(one)
    return max(given_at, one.person.last_active_at or _LONG_AGO)
