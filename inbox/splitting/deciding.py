"""Who gets an arrival: rules, returning customers, the mode, the fallback, or a reasoned wait."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from inbox.splitting.conditions import matches
from inbox.splitting.eligibility import NOT_HERE, exclusion_of, may_fall_back_on
from inbox.splitting.fairness import settled
from inbox.splitting.justifying import (
    Case,
    Found,
    candidate_of,
    decision_on,
    decision_without_rule,
)
from inbox.splitting.model import (
    Arrival,
    Decision,
    Exclusion,
    Ledger,
    LedgerEntry,
    Person,
    Rule,
    SplitConfig,
    Way,
)
from inbox.splitting.modes import WAYS, Contender, chosen_by, weight_in
from inbox.splitting.schedules import hours_of

_FOR_GOOD = NOT_HERE | {"tried", "excluded"}
"""Whom it makes no sense to wait for."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Decisions in the order of the arrivals; the entries and people as they are afterwards.

    `ledger` has only what changed, each entry once: it is what is to be stored.
    """

    decisions: list[Decision]
    ledger: tuple[LedgerEntry, ...]
    people: Mapping[str, Person]


def decide(
    config: SplitConfig,
    arrival: Arrival,
    people: Mapping[str, Person],
    ledger: Ledger,
    now: datetime,
) -> Decision:
    """What is to become of one arrival; nothing that is passed in changes.

    `people` are the staff by id, members of the bot or not. `ledger` needs the entries of the
    rules of this bot.
    """
    splitter = Splitter(config, people, ledger)
    return replace(splitter.decide(arrival, now), ledger=splitter.changed)


def decide_batch(
    config: SplitConfig,
    arrivals: Iterable[Arrival],
    people: Mapping[str, Person],
    ledger: Ledger,
    now: datetime,
) -> Batch:
    """The same for many, each decided with the loads and turns that the ones before it left."""
    splitter = Splitter(config, people, ledger)
    decisions = [splitter.decide(arrival, now) for arrival in arrivals]
    return Batch(decisions, splitter.changed, splitter.people)


def rule_for(config: SplitConfig, arrival: Arrival) -> Rule | None:
    """The first rule, from the top, that is on and whose condition is met."""
    hours = hours_of(config.working_hours, config.holidays, config.time_zone)
    return next(
        (rule for rule in config.rules if rule.enabled and matches(rule.when, arrival, hours)), None
    )


class Splitter:
    """Decides one arrival after another and keeps the books between them, in memory."""

    def __init__(self, config: SplitConfig, people: Mapping[str, Person], ledger: Ledger) -> None:
        self._config = config
        self._people = dict(people)
        self._stored = ledger
        self._books: dict[str, dict[str, LedgerEntry]] = {}
        self._changed: dict[tuple[str, str], LedgerEntry] = {}

    @property
    def people(self) -> Mapping[str, Person]:
        """Everybody, with the loads as they are after the decisions so far."""
        return self._people

    @property
    def changed(self) -> tuple[LedgerEntry, ...]:
        """Every entry that differs from the ledger given, as it is now."""
        return tuple(self._changed.values())

    def replace_person(self, person: Person) -> None:
        """Take note that somebody's situation is another now."""
        self._people[person.id] = person

    def decide(self, arrival: Arrival, now: datetime) -> Decision:
        rule = rule_for(self._config, arrival)
        if rule is None:
            return decision_without_rule(self._config.bot_id, arrival, now)
        case = Case(arrival, rule, now)
        if arrival.kind == "comment" and arrival.post in rule.excluded_posts:
            return decision_on(case, "excluded_source", Found(), {"why": "excluded_post"})
        carer = _known_carer(arrival, rule, now)
        if carer is None:
            return self._by_mode(case, ())
        exclusion = self._exclusion(case, carer)
        if exclusion is None:
            return self._give(case, carer, "returning", Found())
        if rule.keep_returning.otherwise == "wait" and exclusion.reason not in _FOR_GOOD:
            found = Found(excluded=(exclusion,))
            return decision_on(case, "waiting", found, {"why": "returning"})
        return self._by_mode(case, (exclusion,))

    def _by_mode(self, case: Case, refused: tuple[Exclusion, ...]) -> Decision:
        """As the rule's mode says; `refused` is the carer who could not have it."""
        rule = case.rule
        contenders, exclusions = self._sorted_out(case)
        in_pool = {one.staff_id for one in exclusions}
        found = Found(
            tuple(candidate_of(rule, one) for one in contenders),
            (*(one for one in refused if one.staff_id not in in_pool), *exclusions),
        )
        if rule.mode in ("claim", "manual"):
            return decision_on(case, "claimable" if rule.mode == "claim" else "manual", found, {})
        if contenders:
            best, turned = chosen_by(rule.mode, contenders)
            return self._give(case, best.person.id, WAYS[rule.mode], replace(found, turned=turned))
        fallback = rule.fallback_staff_id
        if fallback and may_fall_back_on(self._people.get(fallback), case.arrival):
            return self._give(case, fallback, "fallback", found)
        why = "nobody_eligible" if rule.pool else "empty_pool"
        return decision_on(case, "waiting", found, {"why": why})

    def _sorted_out(self, case: Case) -> tuple[list[Contender], list[Exclusion]]:
        """Those of the pool who may receive it, and why each of the others may not."""
        rule, book = case.rule, self._book(case.rule)
        contenders: list[Contender] = []
        exclusions: list[Exclusion] = []
        for place in rule.pool:
            exclusion = self._exclusion(case, place.staff_id)
            if exclusion is None and weight_in(rule.mode, place) <= 0:
                exclusion = Exclusion(place.staff_id, "no_weight")
            if exclusion is not None:
                exclusions.append(exclusion)
                continue
            entry = book.get(place.staff_id) or _new_entry(rule, place.staff_id)
            contenders.append(Contender(place, self._people[place.staff_id], entry))
        return contenders, exclusions

    def _exclusion(self, case: Case, staff_id: str) -> Exclusion | None:
        person, entry = self._people.get(staff_id), self._book(case.rule).get(staff_id)
        return exclusion_of(staff_id, person, case.rule, case.arrival, entry, case.now)

    def _give(self, case: Case, staff_id: str, way: Way, found: Found) -> Decision:
        """Write down that `staff_id` has it."""
        book, person = self._book(case.rule), self._people[staff_id]
        entries = {one.staff_id: one for one in found.turned}
        if not entries:
            own = book.get(staff_id) or _new_entry(case.rule, staff_id)
            entries[staff_id] = _beside_the_turns(own, way)
        entries[staff_id] = _dated(entries[staff_id], case)
        book.update(entries)
        self._changed |= {(one.rule_id, one.staff_id): one for one in entries.values()}
        self._people[staff_id] = replace(
            person, open=person.open + 1, waiting=person.waiting + 1, last_given_at=case.now
        )
        used = bool(found.turned)
        return replace(
            decision_on(
                case,
                "fallback" if way == "fallback" else "assigned",
                found,
                {"way": way, "turn_used": used},
                chosen=staff_id,
            ),
            way=way,
            turn_used=used,
            ledger=tuple(entries.values()),
        )

    def _book(self, rule: Rule) -> dict[str, LedgerEntry]:
        """The rule's entries by person, settled with its pool."""
        known = self._books.get(rule.id)
        if known is None:
            stored = {key[1]: one for key, one in self._stored.items() if key[0] == rule.id}
            known, changed = settled(stored, [place.staff_id for place in rule.pool])
            self._books[rule.id] = known
            self._changed |= {(one.rule_id, one.staff_id): one for one in changed}
        return known


def _known_carer(arrival: Arrival, rule: Rule, now: datetime) -> str | None:
    """Whom the customer comes back to, if the rule keeps such; re-splits never go back."""
    keep = rule.keep_returning
    if not keep.enabled or arrival.round:
        return None
    if keep.whom == "owner":
        return arrival.owner_id
    if keep.within_days is not None:
        cared_at = arrival.last_cared_at
        if cared_at is None or cared_at < now - timedelta(days=keep.within_days):
            return None
    return arrival.last_carer_id


def _new_entry(rule: Rule, staff_id: str) -> LedgerEntry:
    return LedgerEntry(rule_id=rule.id, staff_id=staff_id, bot_id=rule.bot_id)


def _beside_the_turns(entry: LedgerEntry, way: Way) -> LedgerEntry:
    if way == "fallback":
        return replace(entry, fallback=entry.fallback + 1)
    return replace(entry, sticky=entry.sticky + 1)


def _dated(entry: LedgerEntry, case: Case) -> LedgerEntry:
    """Given now; as many times are remembered as the rate has to look back at."""
    rate = case.rule.rate
    recent = (*entry.recent, case.now)[-rate.count :] if rate else ()
    return replace(entry, last_given_at=case.now, recent=recent)
