"""What a decision makes of a conversation. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from inbox.mongo.client import Document
from inbox.splitting.model import (
    Decision,
    Exclusion,
    Outcome,
    Receipt,
    Rule,
    SplitConfig,
)
from inbox.splitting.schedules import hours_of

WishKind = Literal["resplit", "redistributed"]
"""`resplit`: nobody answered in time; `redistributed`: who had it is not there any more."""

_FOR_GOOD = frozenset({"tried", "excluded", "inactive", "not_member", "no_weight"})
_STATES: Mapping[Outcome, str] = {
    "assigned": "assigned",
    "fallback": "assigned",
    "waiting": "waiting",
    "claimable": "claimable",
    "manual": "manual",
    "excluded_source": "manual",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """A conversation that is to be decided; without a `kind` for the first time, or still.

    `seen` is the assignee that the wish was made from; `release` ends the chain: it becomes
    nobody's and leaders are told.
    """

    conversation_id: str
    kind: WishKind | None = None
    seen: str | None = None
    release: bool = False


def is_open_case(conversation: Document, wish: Wish) -> bool:
    """Whether it is still to be decided: somebody may have taken or answered it meanwhile."""
    state = conversation.get("split", {}).get("state")
    if wish.kind is None:
        return state in ("pending", "waiting")
    return (
        state == "assigned"
        and conversation.get("waiting_since") is not None
        and conversation.get("assignee_id") == wish.seen
    )


def is_news(conversation: Document, decision: Decision, wish: Wish) -> bool:
    """Whether there is something to write.

    What waits and goes on waiting is left alone; so is what nobody else can take right now.
    """
    if wish.kind is not None:
        return decision.chosen is not None
    waited = conversation["split"]["state"] == "waiting"
    return not (waited and decision.outcome == "waiting")


def is_hopeless(decision: Decision) -> bool:
    """Whether nobody is left to whom this conversation could ever be given in this chain."""
    reasons = {one.reason for one in decision.receipt.excluded}
    return decision.outcome == "waiting" and reasons <= _FOR_GOOD


def after(
    before: Document,
    decision: Decision,
    wish: Wish,
    *,
    receipt_id: str,
    facts: Mapping[str, Any],
) -> Document:
    """The conversation once it is decided."""
    split = before["split"]
    tried = list(split.get("tried", ()))
    changed = dict(before)
    if decision.chosen is not None:
        resplit = decision.rule.resplit if decision.rule is not None else None
        adds = resplit is not None and wish.kind == "resplit" and resplit.action == "add"
        keep = resplit.keep if resplit is not None and adds else None
        changed["assignee_id"] = decision.chosen
        changed["participant_ids"] = _people(before, decision.chosen, tried, keep)
        tried.append(decision.chosen)
    elif wish.kind is None:  # begun anew: whoever had it before has it no more
        changed.pop("assignee_id", None)
        changed["participant_ids"] = _without(before, {before.get("assignee_id")})
    changed["split"] = {
        "state": _STATES[decision.outcome],
        "since": split.get("since") or decision.receipt.at,
        "rule_id": decision.rule.id if decision.rule else None,
        "round": split.get("round", 0) + (wish.kind == "resplit"),
        "tried": tried,
        "receipt_id": receipt_id,
        "decided_at": decision.receipt.at,
    }
    if decision.outcome == "waiting":
        changed["split"]["facts"] = dict(facts)
    return changed


def released(before: Document, *, receipt_id: str, at: datetime) -> Document:
    """The conversation once everybody was tried in vain: nobody's, for leaders to look at."""
    changed = dict(before)
    changed.pop("assignee_id", None)
    changed["participant_ids"] = _without(before, {before.get("assignee_id")})
    changed["split"] = {
        **before["split"],
        "state": "released",
        "receipt_id": receipt_id,
        "decided_at": at,
    }
    return changed


def receipt_for(before: Document, decision: Decision, wish: Wish) -> Receipt:
    receipt = replace(decision.receipt, before=before.get("assignee_id"))
    if wish.kind is None:
        return receipt
    numbers = {**receipt.numbers, "cause": wish.kind}
    return replace(receipt, kind="resplit", numbers=numbers)


def release_receipt(
    before: Document, rule: Rule | None, excluded: Sequence[Exclusion], at: datetime
) -> Receipt:
    return Receipt(
        conversation_id=before["_id"],
        bot_id=before["bot_id"],
        kind="released",
        at=at,
        rule_id=rule.id if rule else None,
        rule_name=rule.name if rule else None,
        round=before["split"].get("round", 0),
        before=before.get("assignee_id"),
        excluded=tuple(excluded),
    )


def update_of(before: Document, changed: Document) -> Document:
    """The update that brings the stored conversation there."""
    names = ("assignee_id", "participant_ids", "split")
    update: Document = {"$set": {name: changed[name] for name in names if name in changed}}
    if gone := [name for name in names if name in before and name not in changed]:
        update["$unset"] = dict.fromkeys(gone, 1)
    return update


def answer_due(conversation: Document, rule: Rule, config: SplitConfig) -> datetime | None:
    """Until when somebody must have answered before it is split again; None is never.

    Counted from when the customer began to wait, or from when this person was given it.
    """
    if rule.resplit is None:
        return None
    waiting: datetime = conversation["waiting_since"]
    since = max(waiting, conversation["split"].get("decided_at") or waiting)
    if not rule.resplit.working_hours_only:
        return since + timedelta(minutes=rule.resplit.after_min)
    hours = hours_of(config.working_hours, config.holidays, config.time_zone)
    return hours.after_open(since, rule.resplit.after_min)


def rule_of(config: SplitConfig, conversation: Document) -> Rule | None:
    """The rule that gave a conversation, if it is still there."""
    rule_id = conversation.get("split", {}).get("rule_id")
    return next((rule for rule in config.rules if rule.id == rule_id), None)


def _people(before: Document, chosen: str, tried: Sequence[str], keep: int | None) -> list[str]:
    """The new one first, then whoever was added by hand.

    With `keep`, so many of those who were tried stay too, the first ones.
    """
    gone = {chosen, before.get("assignee_id"), *tried} - set(tried[: keep or 0])
    return [chosen, *_without(before, gone | {chosen})]


def _without(before: Document, gone: Collection[str | None]) -> list[str]:
    return [id_ for id_ in before.get("participant_ids", ()) if id_ not in gone]
