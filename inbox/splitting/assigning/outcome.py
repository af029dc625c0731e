"""What a decision makes of a conversation. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from inbox.conversations.withholding import SPLIT_KINDS
from inbox.ids import hash_id
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

Cause = Literal["unanswered", "paused", "away", "offline", "off_shift", "inactive", "not_member"]
"""Why a conversation is taken from whom has it, as receipts say it."""

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

    `seen` and `since` are the assignee and the `waiting_since` that the wish was made from;
    `cause` says why its person is to lose it. `release` ends the chain: it becomes nobody's and
    leaders are told. `missed`: it came while splitting was switched on, or from another bot.
    """

    conversation_id: str
    kind: WishKind | None = None
    seen: str | None = None
    since: datetime | None = None
    cause: Cause | None = None
    release: bool = False
    missed: bool = False


def is_open_case(conversation: Document, wish: Wish) -> bool:
    """Whether it is still to be decided: somebody may have taken or answered it meanwhile."""
    split = conversation.get("split") or {}
    if conversation.get("status") != "open":
        return False
    if wish.missed:
        return is_missed(conversation)
    if wish.kind is None:
        return split.get("state") in ("pending", "waiting")
    return (
        split.get("state") == "assigned"
        and conversation.get("waiting_since") is not None
        and conversation.get("waiting_since") == wish.since
        and conversation.get("assignee_id") == wish.seen
    )


def is_missed(conversation: Document) -> bool:
    """Whether nobody has it, though in a bot that splits somebody should."""
    state = (conversation.get("split") or {}).get("state", "off")
    return (
        state in ("off", "assigned")
        and conversation.get("assignee_id") is None
        and conversation.get("kind") in SPLIT_KINDS
        and conversation.get("waiting_since") is not None
    )


def is_over(conversation: Document) -> bool:
    """Whether it was closed, or is spam, before it was decided: there is nothing to give."""
    state = (conversation.get("split") or {}).get("state")
    return state in ("pending", "waiting") and conversation.get("status") != "open"


def is_news(conversation: Document, decision: Decision, wish: Wish) -> bool:
    """Whether there is something to write.

    What waits and goes on waiting is left alone; so is what nobody else can take right now.
    """
    if wish.kind is not None:
        return decision.outcome != "waiting"
    waited = (conversation.get("split") or {}).get("state") == "waiting"
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
    first_id: str | None,
) -> Document:
    """The conversation once it is decided.

    `first_id` is the message that this visit of the customer began with: a later decision reads
    it again, so that nothing of what it says is kept twice.
    """
    split = split_of(before, wish)
    tried = tried_of(before, wish)
    changed = dict(before)
    if decision.chosen is not None:
        resplit = decision.rule.resplit if decision.rule is not None else None
        adds = resplit is not None and wish.kind == "resplit" and resplit.action == "add"
        keep = resplit.keep if resplit is not None and adds else None
        changed["assignee_id"] = decision.chosen
        changed["participant_ids"] = _people(before, decision.chosen, tried, keep)
        tried.append(decision.chosen)
    else:  # whoever had it before has it no more
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
    if first_id is not None:
        changed["split"]["first_id"] = first_id
    if decision.outcome == "waiting":
        changed["split"]["queue"] = _queue(decision, tried)
    return changed


def split_of(before: Document, wish: Wish) -> Document:
    """How far splitting has come; what it has missed, or another bot had, begins anew."""
    split: Document = before.get("split") or {}
    return {"since": before["waiting_since"]} if wish.missed else split


def tried_of(before: Document, wish: Wish) -> list[str]:
    """Who had it in this chain and did not answer; who had to go may get it another time."""
    tried = list(split_of(before, wish).get("tried", ()))
    return [one for one in tried if one != wish.seen] if wish.kind == "redistributed" else tried


def _queue(decision: Decision, tried: Sequence[str]) -> str:
    """What waits for the same people has the same name: if one cannot go, none can."""
    receipt = decision.receipt
    returning = receipt.numbers.get("why") == "returning"
    carer = receipt.excluded[0].staff_id if returning and receipt.excluded else ""
    return hash_id("queue", receipt.rule_id or "", carer, *sorted(tried))


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
    round_ = (before.get("split") or {}).get("round", 0) + (wish.kind == "resplit")
    numbers = {**receipt.numbers, "cause": wish.cause}
    if decision.chosen is None:  # whoever had it loses it, and its rule gives it to nobody
        return replace(receipt, round=round_, numbers=numbers)
    resplit = decision.rule.resplit if decision.rule is not None else None
    if resplit is not None and wish.kind == "resplit" and resplit.action == "add":
        numbers["action"] = "add"
    return replace(receipt, kind="resplit", round=round_, numbers=numbers)


def release_receipt(
    before: Document, rule: Rule | None, excluded: Sequence[Exclusion], at: datetime, *, over: bool
) -> Receipt:
    """`over`: after the last round; else because nobody is left before it."""
    return Receipt(
        conversation_id=before["_id"],
        bot_id=before["bot_id"],
        kind="released",
        at=at,
        rule_id=rule.id if rule else None,
        rule_name=rule.name if rule else None,
        round=(before.get("split") or {}).get("round", 0),
        before=before.get("assignee_id"),
        excluded=tuple(excluded),
        numbers={"why": "max_rounds" if over else "nobody_left"},
    )


def update_of(before: Document, changed: Document) -> Document:
    """The update that brings the stored conversation there."""
    names = ("assignee_id", "participant_ids", "split")
    update: Document = {"$set": {name: changed[name] for name in names if name in changed}}
    if gone := [name for name in names if name in before and name not in changed]:
        update["$unset"] = dict.fromkeys(gone, 1)
    return update


def waits_since(conversation: Document) -> datetime | None:
    """Since when a customer waits, for what is to happen because of it; None is not at all.

    Messages that were late when they came start nothing: it counts from the newest one after
    them.
    """
    since: datetime | None = conversation.get("waiting_since")
    late: datetime | None = conversation.get("late_in_at")
    if since is None or late is None or since > late:
        return since
    newest: datetime | None = conversation.get("last_in_at")
    return newest if newest is not None and newest > late else None


def answer_due(conversation: Document, rule: Rule, config: SplitConfig) -> datetime | None:
    """Until when somebody must have answered before it is split again; None is never.

    Counted from when the customer began to wait, or from when this person was given it.
    """
    waiting = waits_since(conversation)
    if rule.resplit is None or waiting is None:
        return None
    since = max(waiting, conversation["split"].get("decided_at") or waiting)
    if not rule.resplit.working_hours_only:
        return since + timedelta(minutes=rule.resplit.after_min)
    hours = hours_of(config.working_hours, config.holidays, config.time_zone)
    return hours.after_open(since, rule.resplit.after_min)


def rule_of(config: SplitConfig, conversation: Document) -> Rule | None:
    """The rule that gave a conversation; the catch-all looks after what a deleted one gave."""
    rule_id = (conversation.get("split") or {}).get("rule_id")
    if rule_id is None:
        return None
    last = next((rule for rule in config.rules if rule.when is None), None)
    return next((rule for rule in config.rules if rule.id == rule_id), last)


def _people(before: Document, chosen: str, tried: Sequence[str], keep: int | None) -> list[str]:
    """The new one first, then whoever was added by hand.

    With `keep`, so many of those who were tried stay too, the first ones.
    """
    gone = {chosen, before.get("assignee_id"), *tried} - set(tried[: keep or 0])
    return [chosen, *_without(before, gone | {chosen})]


def _without(before: Document, gone: Collection[str | None]) -> list[str]:
    return [id_ for id_ in before.get("participant_ids", ()) if id_ not in gone]
