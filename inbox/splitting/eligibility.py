"""Who may receive a conversation now, and of each other person why not."""

from datetime import datetime, timedelta

from inbox.splitting.model import (
    Arrival,
    Eligible,
    Exclusion,
    ExclusionReason,
    LedgerEntry,
    Person,
    Rate,
    Rule,
)

PRESENT: frozenset[Eligible] = frozenset({"online", "online_on_shift"})
ON_SHIFT: frozenset[Eligible] = frozenset({"on_shift", "online_on_shift"})
NOT_HERE: frozenset[ExclusionReason] = frozenset({"inactive", "not_member"})
"""Reasons that waiting does not change."""


def exclusion_of(
    staff_id: str,
    person: Person | None,
    rule: Rule,
    arrival: Arrival,
    entry: LedgerEntry | None,
    now: datetime,
) -> Exclusion | None:
    """The first reason why this person may not have this conversation; None if he may.

    `entry` is what the rule gave him so far. None for `person`: nobody knows him any more.
    """
    return (
        _not_here(staff_id, person, arrival)
        or (person and _not_available(person, rule))
        or (person and _full(person, rule))
        or _too_fast(staff_id, entry, rule.rate, now)
    )


def may_fall_back_on(person: Person | None, arrival: Arrival) -> bool:
    """A fallback takes what nobody else can: shift, presence and caps are not asked."""
    if person is None or not person.receiving:
        return False
    return _not_here(person.id, person, arrival) is None


def _not_here(staff_id: str, person: Person | None, arrival: Arrival) -> Exclusion | None:
    if person is None or not person.active:
        return Exclusion(staff_id, "inactive")
    if not person.member:
        return Exclusion(staff_id, "not_member")
    if staff_id in arrival.tried:
        return Exclusion(staff_id, "tried", {"round": arrival.tried.index(staff_id)})
    if staff_id in arrival.excluded:
        return Exclusion(staff_id, "excluded")
    return None


def _not_available(person: Person, rule: Rule) -> Exclusion | None:
    if not person.receiving:
        return Exclusion(person.id, "paused")
    if rule.eligible in PRESENT and person.presence != "online":
        return Exclusion(person.id, person.presence, {"since": person.presence_since})
    if rule.eligible in ON_SHIFT and not person.on_shift:
        return Exclusion(person.id, "off_shift", {"until": person.next_shift_at})
    return None


def _full(person: Person, rule: Rule) -> Exclusion | None:
    cap = rule.cap
    if cap is None:
        return None
    if cap.open is not None and person.open >= cap.open:
        return Exclusion(person.id, "cap_open", {"have": person.open, "cap": cap.open})
    if cap.waiting is not None and person.waiting >= cap.waiting:
        return Exclusion(person.id, "cap_waiting", {"have": person.waiting, "cap": cap.waiting})
    return None


def _too_fast(
    staff_id: str, entry: LedgerEntry | None, rate: Rate | None, now: datetime
) -> Exclusion | None:
    if rate is None or entry is None or len(entry.recent) < rate.count:
        return None
    frees_at = entry.recent[-rate.count] + timedelta(minutes=rate.per_min)
    if frees_at <= now:
        return None
    numbers = {"count": rate.count, "per_min": rate.per_min, "frees_at": frees_at}
    return Exclusion(staff_id, "rate", numbers)
