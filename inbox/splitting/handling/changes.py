"""What becomes of a conversation when people change who has it. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inbox.live.model import SplitState
from inbox.splitting.model import Receipt, ReceiptActor, ReceiptKind, SplitConfig
from inbox.staff.notices.model import NewNotice

Document = dict[str, Any]
FIELDS = ("assignee_id", "participant_ids", "last_carer_id", "split")
"""What of a conversation this package changes."""

_GIVES = frozenset({"claimed", "transferred", "taken_over", "handed_over"})


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who changes it, when, and what they say about it."""

    actor_id: str
    at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """One change: the conversation before and after it, its receipt, and whom to tell."""

    before: Document
    after: Document
    receipt: Receipt
    notices: tuple[NewNotice, ...] = ()

    @property
    def given_to(self) -> str | None:
        """Who got it beside the turns."""
        chosen = self.receipt.chosen
        gives = self.receipt.kind in _GIVES and self.after.get("assignee_id") == chosen
        return chosen if gives else None


def given(
    before: Document,
    to: str,
    by: By,
    kind: ReceiptKind,
    numbers: Mapping[str, Any] | None = None,
    *,
    had_it: str | None = None,
) -> Handled:
    """It is theirs now, whoever had it is out of it, and a new chain of re-splits begins.

    `had_it`: from whom it is taken; the assignee unless said otherwise.
    """
    after = dict(before)
    previous = had_it or before.get("assignee_id")
    after["assignee_id"] = to
    after["participant_ids"] = [to, *_without(before, {to, previous})]
    after["split"] = _begun(before, by.at, state="assigned", tried=[to])
    receipt = _receipt(before, by, kind, chosen=to, before_id=previous, numbers=numbers)
    told = () if to == by.actor_id else (_notice(before, to, "assigned", by),)
    return Handled(before=before, after=after, receipt=receipt, notices=told)


def unassigned(
    before: Document, by: By, *, state: SplitState = "claimable", why: str = "by_hand"
) -> Handled:
    """It is nobody's: there to be claimed, for a leader to give (manual), or at rest (off)."""
    after = _taken_away(before)
    after["split"] = _begun(before, by.at, state=state, tried=[])
    numbers = {"why": why}
    receipt = _receipt(
        before, by, "unassigned", before_id=before.get("assignee_id"), numbers=numbers
    )
    return Handled(before=before, after=after, receipt=receipt)


def split_again(before: Document, by: By, kind: ReceiptKind = "released") -> Handled:
    """It goes back to the splitter, which gives it to anybody but who had it."""
    after, previous = _taken_away(before), before.get("assignee_id")
    tried = [] if previous is None else [previous]
    after["split"] = {**_begun(before, by.at, state="waiting", tried=tried), "since": by.at}
    return Handled(
        before=before, after=after, receipt=_receipt(before, by, kind, before_id=previous)
    )


def joined(before: Document, staff_id: str, by: By) -> Handled:
    """They take part from now on."""
    after = dict(before)
    after["participant_ids"] = [*before.get("participant_ids", ()), staff_id]
    receipt = _receipt(before, by, "participant_added", chosen=staff_id)
    told = () if staff_id == by.actor_id else (_notice(before, staff_id, "participant_added", by),)
    return Handled(before=before, after=after, receipt=receipt, notices=told)


def left(before: Document, staff_id: str, by: By) -> Handled:
    """They take part no more."""
    after = dict(before)
    after["participant_ids"] = _without(before, {staff_id})
    receipt = _receipt(before, by, "participant_removed", before_id=staff_id)
    return Handled(before=before, after=after, receipt=receipt)


def after_reply(
    before: Document, staff_id: str, at: datetime, config: SplitConfig
) -> Handled | None:
    """Whose it is once somebody has answered the customer; None when that changes nothing.

    What waits to be claimed is theirs who answers first. The options of the bot say the rest:
    whether who answers gets what is nobody's, and what is somebody else's.
    """
    state, assignee = before.get("split", {}).get("state"), before.get("assignee_id")
    if not config.enabled or state == "pending" or assignee == staff_id:
        return None
    by, numbers = By(actor_id=staff_id, at=at), {"how": "reply"}
    if assignee is None:
        wins = state == "claimable" or config.replier_becomes_assignee
        return given(before, staff_id, by, "claimed", numbers) if wins else None
    if config.replier_takes_over:
        return given(before, staff_id, by, "taken_over", numbers)
    return None


def with_receipt(handled: Handled, receipt_id: str) -> Document:
    """The conversation as it is stored; the receipt of a participant is not the assignment's."""
    if handled.receipt.kind in ("participant_added", "participant_removed"):
        return handled.after
    return {**handled.after, "split": {**handled.after["split"], "receipt_id": receipt_id}}


def update_of(before: Document, after: Document) -> Document:
    """The update that brings the stored conversation there."""
    update: Document = {
        "$set": {name: after[name] for name in FIELDS if name in after},
    }
    if gone := [name for name in FIELDS if name in before and name not in after]:
        update["$unset"] = dict.fromkeys(gone, 1)
    return update


def _begun(before: Document, at: datetime, *, state: str, tried: list[str]) -> Document:
    """The chain of re-splits begins anew; by which rule it came, and why, is kept."""
    split = before.get("split", {})
    return {
        **split,
        "state": state,
        "round": 0,
        "tried": tried,
        "since": split.get("since") or at,
        "decided_at": at,
    }


def _taken_away(before: Document) -> Document:
    after = dict(before)
    after.pop("assignee_id", None)
    after["participant_ids"] = _without(before, {before.get("assignee_id")})
    return after


def _without(before: Document, gone: Collection[str | None]) -> list[str]:
    return [id_ for id_ in before.get("participant_ids", ()) if id_ not in gone]


def _receipt(
    before: Document,
    by: By,
    kind: ReceiptKind,
    *,
    chosen: str | None = None,
    before_id: str | None = None,
    numbers: Mapping[str, Any] | None = None,
) -> Receipt:
    return Receipt(
        conversation_id=before["_id"],
        bot_id=before["bot_id"],
        kind=kind,
        at=by.at,
        chosen=chosen,
        before=before_id,
        numbers=numbers or {},
        actor=ReceiptActor("staff", by.actor_id),
        reason=by.reason,
    )


def _notice(before: Document, to: str, kind: Any, by: By) -> NewNotice:
    return NewNotice(
        staff_id=to,
        kind=kind,
        bot_id=before["bot_id"],
        conversation_id=before["_id"],
        data={"by": by.actor_id, "reason": by.reason},
    )
