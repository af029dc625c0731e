"""A draft configuration over what came in before: who would have had what, and how late.

Pure: arrivals and rosters go in, numbers come out, nothing is changed. Answers and closings are
taken to come as fast as they really came. Re-splits, claims and work by hand are not replayed.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
from typing import Literal

from inbox.splitting.deciding import Splitter
from inbox.splitting.model import (
    Arrival,
    Decision,
    Outcome,
    Person,
    PresenceState,
    Schedule,
    SplitConfig,
    Way,
)
from inbox.splitting.schedules import Hours, hours_of

MOST_DIFFERENCES = 200
"""How many are listed; all are counted."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A stored arrival and what really happened: who had it first and when, answer, closing."""

    arrival: Arrival
    given_to: str | None = None
    given_at: datetime | None = None
    answered_at: datetime | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rostered:
    """A member of staff over the time of the rehearsal; `person` is how it begins.

    `shift` None: the working hours of the bot. `presence`: the recorded changes, oldest first;
    None where nothing was recorded, which counts as online while on shift.
    """

    person: Person
    shift: Schedule | None = None
    presence: tuple[tuple[datetime, PresenceState], ...] | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """What one person would have had, `of_all` from 0 to 1, and what he really had."""

    staff_id: str
    given: int
    of_all: float
    happened: int


@dataclass(frozen=True, slots=True)
class Waits:
    """How long arrivals would have waited for their first person, in seconds.

    `at_once` had one immediately; median, 90th percentile and maximum are over all that were
    assigned in the end.
    """

    assigned: int = 0
    at_once: int = 0
    median_s: float = 0
    p90_s: float = 0
    longest_s: float = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """An arrival that another person, or nobody, would have had."""

    conversation_id: str
    at: datetime
    happened: str | None
    rehearsed: str | None
    rule_id: str | None
    way: Way | None


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """`unassigned` counts by outcome; `by_rule` all arrivals by the id of the rule they met.

    `differences` are the first MOST_DIFFERENCES of `different`.
    """

    arrivals: int
    shares: tuple[Share, ...]
    waits: Waits
    unassigned: Mapping[str, int]
    by_rule: Mapping[str, int]
    same: int
    different: int
    differences: tuple[Difference, ...]


def rehearse(
    config: SplitConfig,
    recorded: Iterable[Recorded],
    roster: Iterable[Rostered],
    until: datetime,
) -> Rehearsal:
    """Replay `recorded` under `config`, up to `until`; what still waits then is unassigned."""
    known = sorted(recorded, key=lambda one: one.arrival.at)
    staff = list(roster)
    if not known:
        return _summary((), {}, staff)
    fates = _Replay(config, staff, known).run(until)
    return _summary(known, fates, staff)


@dataclass(frozen=True, slots=True)
class _Fate:
    """What the rehearsal keeps of a decision; receipts of a month would fill the memory.

    `carer` is whom a returning customer waits for.
    """

    outcome: Outcome
    chosen: str | None
    rule_id: str | None
    way: Way | None
    at: datetime
    carer: str | None


_Kind = Literal["shift", "presence", "answered", "closed", "again", "arrival"]
_Event = tuple[datetime, int, _Kind, str]
"""When, in which order among those of the same moment, what, and whose or which."""


class _Replay:
    """The clock of the rehearsal: everything that happens goes through one heap of events."""

    def __init__(
        self, config: SplitConfig, roster: Sequence[Rostered], recorded: Sequence[Recorded]
    ) -> None:
        self._hours = {one.person.id: _hours(config, one) for one in roster}
        self._follows_shift = {one.person.id for one in roster if one.presence is None}
        self._presence = {one.person.id: list(one.presence or ()) for one in roster}
        self._splitter = Splitter(config, {one.person.id: one.person for one in roster}, {})
        self._recorded = {one.arrival.conversation_id: one for one in recorded}
        self._fates: dict[str, _Fate] = {}
        self._waiting: dict[str, Recorded] = {}
        start = recorded[0].arrival.at
        self._events: list[_Event] = [
            (one.arrival.at, 1, "arrival", one.arrival.conversation_id) for one in recorded
        ]
        self._events += [(start, 0, "shift", staff_id) for staff_id in self._hours]
        self._events += [
            (at, 0, "presence", staff_id)
            for staff_id, changes in self._presence.items()
            for at, _ in changes
        ]
        heapify(self._events)

    def run(self, until: datetime) -> dict[str, _Fate]:
        """What became of each arrival, by conversation."""
        while self._events and self._events[0][0] <= until:
            now = self._events[0][0]
            touched: set[str] = set()
            while self._events and self._events[0][:2] <= (now, 0):
                _, _, kind, whose = heappop(self._events)
                self._happen(kind, whose, now)
                touched.add(whose)
            if touched:
                self._retry(now, touched)
            while self._events and self._events[0][:2] == (now, 1):
                self._arrive(heappop(self._events)[3], now)
        return self._fates

    def _happen(self, kind: _Kind, whose: str, now: datetime) -> None:
        if kind == "again":
            return
        person = self._splitter.people[whose]
        if kind == "shift":
            self._splitter.replace_person(self._at_shift(person, now))
        elif kind == "presence":
            state = [state for at, state in self._presence[whose] if at <= now][-1]
            self._splitter.replace_person(replace(person, presence=state, presence_since=now))
        elif kind == "answered":
            self._splitter.replace_person(replace(person, waiting=max(0, person.waiting - 1)))
        elif kind == "closed":
            self._splitter.replace_person(replace(person, open=max(0, person.open - 1)))

    def _at_shift(self, person: Person, now: datetime) -> Person:
        """`person` on or off shift from now on; the next change becomes an event."""
        hours = self._hours[person.id]
        on_shift = hours.is_open(now)
        change = hours.next_closing(now) if on_shift else hours.next_opening(now)
        if change is not None:
            heappush(self._events, (change, 0, "shift", person.id))
        person = replace(person, on_shift=on_shift, next_shift_at=None if on_shift else change)
        if person.id not in self._follows_shift:
            return person
        return replace(person, presence="online" if on_shift else "offline", presence_since=now)

    def _retry(self, now: datetime, touched: set[str]) -> None:
        """Try all that waits, oldest first; a rule that has nobody is not asked twice.

        Who waits for a carer is tried when something happened to that carer, or when its own time
        has come; `touched` has the ids of both.
        """
        nobody: set[str | None] = set()
        for conversation_id in list(self._waiting):
            before = self._fates[conversation_id]
            if before.carer is not None:
                if before.carer in touched or conversation_id in touched:
                    self._arrive(conversation_id, now)
            elif before.rule_id not in nobody:
                fate = self._arrive(conversation_id, now)
                if fate.outcome == "waiting":
                    nobody.add(fate.rule_id)

    def _arrive(self, conversation_id: str, now: datetime) -> _Fate:
        recorded = self._recorded[conversation_id]
        decision = self._splitter.decide(recorded.arrival, now)
        fate = self._fates[conversation_id] = _fate(decision, now)
        if fate.outcome == "waiting":
            self._waiting[conversation_id] = recorded
            if decision.retry_at is not None:
                heappush(self._events, (decision.retry_at, 0, "again", conversation_id))
            return fate
        self._waiting.pop(conversation_id, None)
        if fate.chosen is not None:
            self._free_later(recorded, fate.chosen, now)
        return fate

    def _free_later(self, recorded: Recorded, staff_id: str, now: datetime) -> None:
        """The answer takes as long as it really took; a closing is never before the answer."""
        arrival = recorded.arrival
        answered = recorded.answered_at or recorded.closed_at
        if answered is None:
            return
        took = max(answered - max(recorded.given_at or arrival.at, arrival.at), timedelta())
        heappush(self._events, (now + took, 0, "answered", staff_id))
        if recorded.closed_at is not None:
            heappush(self._events, (max(now + took, recorded.closed_at), 0, "closed", staff_id))


def _fate(decision: Decision, now: datetime) -> _Fate:
    receipt = decision.receipt
    waits_for_carer = receipt.numbers.get("why") == "returning"
    carer = receipt.excluded[0].staff_id if waits_for_carer else None
    return _Fate(decision.outcome, decision.chosen, receipt.rule_id, decision.way, now, carer)


def _hours(config: SplitConfig, one: Rostered) -> Hours:
    schedule = one.shift if one.shift is not None else config.working_hours
    return hours_of(schedule, config.holidays, config.time_zone)


def _summary(
    recorded: Sequence[Recorded], fates: Mapping[str, _Fate], roster: Sequence[Rostered]
) -> Rehearsal:
    given = Counter(one.chosen for one in fates.values() if one.chosen)
    happened = Counter(one.given_to for one in recorded if one.given_to)
    total = given.total() or 1
    everybody = dict.fromkeys((*(one.person.id for one in roster), *given, *happened))
    differences = list(_differences(recorded, fates))
    return Rehearsal(
        arrivals=len(recorded),
        shares=tuple(
            Share(one, given[one], round(given[one] / total, 4), happened[one]) for one in everybody
        ),
        waits=_waits(recorded, fates),
        unassigned=Counter(one.outcome for one in fates.values() if one.chosen is None),
        by_rule=Counter(one.rule_id for one in fates.values() if one.rule_id),
        same=len(recorded) - len(differences),
        different=len(differences),
        differences=tuple(differences[:MOST_DIFFERENCES]),
    )


def _waits(recorded: Sequence[Recorded], fates: Mapping[str, _Fate]) -> Waits:
    waits = sorted(
        (fate.at - one.arrival.at).total_seconds()
        for one in recorded
        if (fate := fates.get(one.arrival.conversation_id)) and fate.chosen
    )
    if not waits:
        return Waits()
    return Waits(
        assigned=len(waits),
        at_once=waits.count(0),
        median_s=waits[(len(waits) - 1) // 2],
        p90_s=waits[(len(waits) * 9 - 1) // 10],
        longest_s=waits[-1],
    )


def _differences(recorded: Sequence[Recorded], fates: Mapping[str, _Fate]) -> Iterator[Difference]:
    for one in recorded:
        fate = fates.get(one.arrival.conversation_id)
        rehearsed = fate.chosen if fate else None
        if rehearsed != one.given_to:
            yield Difference(
                one.arrival.conversation_id,
                one.arrival.at,
                one.given_to,
                rehearsed,
                fate.rule_id if fate else None,
                fate.way if fate else None,
            )
