"""From stored conversations, receipts and messages to arrivals that can be replayed. Pure."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from inbox.mongo.client import Document
from inbox.splitting.assigning.arrivals import PROVINCE, facts_of
from inbox.splitting.model import Arrival
from inbox.splitting.rehearsing import Recorded

_MARK = "@"
"""Between the id of a conversation and which of its arrivals it is; ids have none."""
_DECISIONS = frozenset({"assigned", "waiting", "claimable", "manual", "unassigned"})
_STILL_THE_SAME = frozenset({"waiting", "released"})
"""Receipts after which a decision goes on with the same visit of the customer."""


@dataclass(slots=True)
class Visit:
    """A conversation's beginning, or its reopening, with what followed up to the next one.

    `receipt_id` is None for the beginning. `first` is the message that it began with, `answer`
    the first one of staff.
    """

    conversation: Document
    at: datetime
    receipt_id: str | None = None
    until: datetime | None = None
    given: tuple[str, datetime] | None = None
    first: Document | None = None
    answer: Document | None = None


@dataclass(slots=True)
class History:
    """Visits of some conversations, and what is known of their customers."""

    visits: list[Visit]
    customers: Mapping[str, Document] = field(default_factory=dict)
    others: Mapping[str, Sequence[Document]] = field(default_factory=dict)
    """All conversations of a customer in the bot."""


def visits_of(
    conversation: Document, receipts: Sequence[Document], since: datetime, until: datetime
) -> list[Visit]:
    """The visits that began from `since` up to `until`; `receipts` are all, oldest first.

    A conversation that was reopened while splitting was off left no trace of it.
    """
    created: datetime = conversation["created_at"]
    visits = [Visit(conversation, created)]
    before: Document | None = None
    for receipt in receipts:
        begins = receipt["kind"] in _DECISIONS and not receipt.get("round")
        if before is not None and begins and before["kind"] not in _STILL_THE_SAME:
            visits.append(Visit(conversation, receipt["at"], receipt["_id"]))
        before = receipt
    for visit, following in itertools.pairwise(visits):
        visit.until = following.at
    for visit in visits:
        visit.given = _given(visit, receipts)
    return [visit for visit in visits if since <= visit.at < until]


def _given(visit: Visit, receipts: Iterable[Document]) -> tuple[str, datetime] | None:
    """Who had it first, and since when."""
    for one in receipts:
        if one["at"] < visit.at or one.get("chosen") is None:
            continue
        if visit.until is not None and one["at"] >= visit.until:
            return None
        return one["chosen"], one["at"]
    return None


def recorded(history: History) -> Iterator[Recorded]:
    """Each visit as an arrival and what happened."""
    numbers: dict[str, int] = {}
    for visit in sorted(history.visits, key=_at):
        id_ = visit.conversation["_id"]
        numbers[id_] = number = numbers.get(id_, 0) + 1
        answered = _answered_at(visit)
        given_to, given_at = visit.given or (_author(visit.answer), answered)
        yield Recorded(
            _arrival(visit, f"{id_}{_MARK}{number}", history),
            given_to=given_to,
            given_at=given_at,
            answered_at=answered,
            closed_at=_closed_at(visit),
        )


def conversation_of(arrival_id: str) -> str:
    """The conversation that an arrival of `recorded` is of."""
    return arrival_id.rpartition(_MARK)[0]


def _arrival(visit: Visit, id_: str, history: History) -> Arrival:
    """What is known of the customer (tags, attributes, owner) is as it is now."""
    one = visit.conversation
    customer_id = one.get("customer_id") or ""
    customer = history.customers.get(customer_id, {})
    attributes = customer.get("attributes") or {}
    facts = facts_of(visit.first)
    met = [other for other in history.others.get(customer_id, ()) if other["created_at"] < visit.at]
    others = [other for other in met if other["_id"] != one["_id"]]
    carers = [other for other in met if _cared_before(other, visit)]
    cared = max(carers, key=lambda other: other["last_out_at"], default=None)
    return Arrival(
        conversation_id=id_,
        channel=one["channel"],
        account=one["account_key"],
        at=visit.at,
        kind=one["kind"],
        post=facts.get("post"),
        ad=facts.get("ad"),
        referral=facts.get("referral"),
        tags=frozenset(customer.get("tag_ids") or ()),
        attributes=attributes,
        province=attributes.get(PROVINCE),
        returning=cared is not None or bool(others),
        last_carer_id=cared["last_carer_id"] if cared else None,
        last_cared_at=min(cared["last_out_at"], visit.at) if cared else None,
        owner_id=customer.get("owner_id"),
        text=facts.get("text"),
    )


def _cared_before(other: Document, visit: Visit) -> bool:
    """Whether somebody of ours had answered there; of the visit's own thread, before it began."""
    if not (other.get("last_carer_id") and other.get("last_out_at")):
        return False
    if other["_id"] == visit.conversation["_id"]:
        return visit.receipt_id is not None
    before: bool = other["last_out_at"] < visit.at
    return before


def _closed_at(visit: Visit) -> datetime | None:
    """Of an earlier visit all that is known is that it was over when the next one began."""
    if visit.until is not None or visit.conversation["status"] == "open":
        return visit.until
    closed: datetime | None = visit.conversation.get("status_at")
    return closed


def _answered_at(visit: Visit) -> datetime | None:
    at: datetime | None = visit.answer["at"] if visit.answer else None
    return None if at is None or (visit.until is not None and at >= visit.until) else at


def _author(answer: Document | None) -> str | None:
    id_: str | None = (answer or {}).get("author", {}).get("id")
    return id_


def _at(visit: Visit) -> datetime:
    return visit.at
