"""Where a conversation, a rule or a customer names somebody, and what stands there after. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from inbox.splitting.handling.changes import By, Document, Handled, given, left, split_again
from inbox.splitting.handling.changes import unassigned as without_assignee
from inbox.splitting.model import PoolEntry, Rule


def handed(
    before: Document, staff_id: str, to: str | None, by: By, *, splits: bool
) -> Handled | None:
    """A conversation without the one who leaves; None when nobody's part in it changes.

    `to` gets what was theirs, if anybody does; else it is split again, if it is open and its bot
    splits. What is closed then is nobody's until the customer writes again.
    """
    if before.get("assignee_id") == staff_id:
        return _handed_assignment(before, to, by, splits=splits)
    if staff_id not in before.get("participant_ids", ()):
        return None
    handled = left(before, staff_id, by)
    if to is None or to in before["participant_ids"]:
        return handled
    people = [to if one == staff_id else one for one in before["participant_ids"]]
    receipt = replace(handled.receipt, kind="handed_over", chosen=to)
    return replace(handled, after={**before, "participant_ids": people}, receipt=receipt)


def _handed_assignment(before: Document, to: str | None, by: By, *, splits: bool) -> Handled:
    if to is not None:
        return replace(given(before, to, by, "handed_over"), notices=())
    if splits and before.get("status") == "open":
        return split_again(before, by)
    return without_assignee(before, by, state="off", why="handed_over")


def without_carer(after: Document, staff_id: str, to: str | None) -> Document:
    """Who comes back goes to the successor; the messages still tell who wrote them."""
    if after.get("last_carer_id") != staff_id:
        return after
    changed = {**after, "last_carer_id": to}
    if to is None:
        del changed["last_carer_id"]
    return changed


def without_person(rule: Rule, staff_id: str, to: str | None) -> Rule:
    """A rule that does not name them; `to` takes their place with their weight.

    A pool that would be left empty would mean everybody: such a rule leaves giving to leaders.
    """
    weight = next((one.weight for one in rule.pool if one.staff_id == staff_id), None)
    pool = [one for one in rule.pool if one.staff_id != staff_id]
    if weight is not None and to is not None and all(one.staff_id != to for one in pool):
        pool.append(PoolEntry(to, weight))
    changed = replace(rule, pool=tuple(pool))
    if rule.fallback_staff_id == staff_id:
        changed = replace(changed, fallback_staff_id=to)
    if rule.pool and not pool:
        changed = replace(changed, mode="manual")
    return changed if changed == rule else replace(changed, version=rule.version + 1)


def replaced(people: Sequence[str], staff_id: str, to: str | None) -> list[str]:
    """Without them; `to` in their place, once."""
    kept: list[str] = []
    for one in people:
        new = to if one == staff_id else one
        if new is not None and new not in kept:
            kept.append(new)
    return kept


def customer_update(customer: Document, staff_id: str, to: str | None) -> dict[str, Any]:
    """The fields of a customer that name them, as they stand after."""
    changed: dict[str, Any] = {}
    if customer.get("owner_id") == staff_id:
        changed["owner_id"] = to
    if staff_id in customer.get("follower_ids", ()):
        changed["follower_ids"] = replaced(customer["follower_ids"], staff_id, to)
    return changed
