"""What a decision tells: the receipt with candidates, exclusions and numbers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inbox.splitting.fairness import in_conversations
from inbox.splitting.model import (
    Arrival,
    Candidate,
    Decision,
    Exclusion,
    LedgerEntry,
    Outcome,
    Receipt,
    ReceiptKind,
    Rule,
)
from inbox.splitting.modes import Contender, weight_in

_KINDS: dict[Outcome, ReceiptKind] = {
    "assigned": "assigned",
    "fallback": "assigned",
    "waiting": "waiting",
    "claimable": "claimable",
    "manual": "manual",
    "excluded_source": "unassigned",
}


@dataclass(frozen=True, slots=True)
class Case:
    """One arrival under its rule."""

    arrival: Arrival
    rule: Rule
    now: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """Who could and could not have it; `turned` are the entries that a turn changed."""

    candidates: tuple[Candidate, ...] = ()
    excluded: tuple[Exclusion, ...] = ()
    turned: tuple[LedgerEntry, ...] = ()


def candidate_of(rule: Rule, one: Contender) -> Candidate:
    return Candidate(
        one.place.staff_id,
        weight_in(rule.mode, one.place),
        in_conversations(one.entry.lag),
        one.person.open,
        one.person.last_given_at,
    )


def _retry_at(excluded: Iterable[Exclusion], now: datetime) -> datetime | None:
    """When the first of the excluded may be eligible by the clock alone."""
    times = (one.numbers.get("until") or one.numbers.get("frees_at") for one in excluded)
    return min((at for at in times if at is not None and at > now), default=None)


def decision_on(
    case: Case,
    outcome: Outcome,
    found: Found,
    numbers: Mapping[str, Any],
    *,
    chosen: str | None = None,
) -> Decision:
    arrival, rule = case.arrival, case.rule
    retry_at = _retry_at(found.excluded, case.now) if outcome == "waiting" else None
    told = {"mode": rule.mode, **numbers} | ({"retry_at": retry_at} if retry_at else {})
    receipt = Receipt(
        conversation_id=arrival.conversation_id,
        bot_id=rule.bot_id,
        kind="resplit" if chosen and arrival.round else _KINDS[outcome],
        at=case.now,
        rule_id=rule.id,
        rule_name=rule.name,
        round=arrival.round,
        chosen=chosen,
        before=arrival.assignee_id,
        candidates=found.candidates,
        excluded=found.excluded,
        numbers=told,
    )
    return Decision(outcome=outcome, receipt=receipt, chosen=chosen, rule=rule, retry_at=retry_at)


def decision_without_rule(bot_id: str, arrival: Arrival, now: datetime) -> Decision:
    receipt = Receipt(
        conversation_id=arrival.conversation_id,
        bot_id=bot_id,
        kind="waiting",
        at=now,
        round=arrival.round,
        before=arrival.assignee_id,
        numbers={"why": "no_rule"},
    )
    return Decision(outcome="waiting", receipt=receipt)
