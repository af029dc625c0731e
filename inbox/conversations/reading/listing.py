"""The queries behind the conversation list: its views, filters, search and uncared counts."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from inbox.conversations.model import Channel, ConversationStatus
from inbox.customers.phones import phone_or_none
from inbox.text import fold

Query = dict[str, Any]
View = Literal["all", "mine", "unassigned", "uncared", "inbox", "comment", "spam", "deleted"]
VIEWS: tuple[View, ...] = (
    "all",
    "mine",
    "unassigned",
    "uncared",
    "inbox",
    "comment",
    "spam",
    "deleted",
)
CURRENT: tuple[ConversationStatus, ...] = ("open", "closed")
"""What a view shows unless it, or the caller, asks for a status."""

NEWEST_FIRST = [("last.at", -1), ("_id", -1)]
UNCARED: Query = {"waiting_since": {"$exists": True}, "status": {"$ne": "closed"}}
"""A customer waits for an answer. Whoever closes a conversation says that nobody does."""

_MOST_WORDS = 8
_FEWEST_DIGITS = 3
_PHONE_LIKE = re.compile(r"^[+\d][\d\s.()/-]*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What somebody asks of the list; every filter narrows the others.

    `status` takes the place of the statuses that a view would show by itself, except in the
    views spam and deleted, which are a status. `uncared` narrows any view to the conversations
    that its count counts. `q` is a part of the customer's name or of a phone number.
    """

    view: View = "all"
    bot_id: str | None = None
    channel: Channel | None = None
    assignee: str | None = None
    tag: str | None = None
    q: str | None = None
    status: ConversationStatus | None = None
    customer_id: str | None = None
    unread: bool = False
    uncared: bool = False


def conversation_query(listing: Listing, *, actor_id: str) -> Query:
    """What to find in `conversations`, but for visibility and what only the customer knows."""
    conditions: list[Query] = [
        {"last.at": {"$type": "date"}},  # facts that came before any message stay hidden
        _of_view(listing, actor_id),
    ]
    wanted = {
        "bot_id": listing.bot_id,
        "channel": listing.channel,
        "assignee_id": listing.assignee,
        "customer_id": listing.customer_id,
    }
    conditions += [{field: value} for field, value in wanted.items() if value is not None]
    if listing.unread:
        conditions.append({"unread": {"$gt": 0}})
    if listing.uncared:
        conditions.append(UNCARED)
    return {"$and": conditions}


def _of_view(listing: Listing, actor_id: str) -> Query:
    shown = {"status": listing.status or {"$in": list(CURRENT)}}
    match listing.view:
        case "spam" | "deleted":
            asked = [{"status": listing.status}] if listing.status else []
            return {"$and": [{"status": listing.view}, *asked]}
        case "mine":
            return shown | {"assignee_id": actor_id}
        case "unassigned":
            return shown | {"assignee_id": None}
        case "uncared":
            return {"$and": [shown, UNCARED]}
        case "inbox" | "comment":
            return shown | {"kind": listing.view}
        case "all":
            return shown


def customer_query(listing: Listing) -> Query | None:
    """What to find in `customers` first; None when nothing about the customer is asked.

    A text of digits is looked for in the phone numbers, in any of their spellings; anything
    else in the name: every word must be the beginning of a word of it, accents ignored.
    """
    conditions: list[Query] = []
    if listing.tag is not None:
        conditions.append({"tag_ids": listing.tag})
    if listing.q is not None and (words := listing.q.strip()):
        conditions.append(_phone_query(words) or _name_query(words))
    return {"$and": conditions} if conditions else None


def _phone_query(text: str) -> Query | None:
    """A whole number by equality, its beginning by the index, other digits anywhere in it."""
    if not _PHONE_LIKE.match(text):
        return None
    if phone := phone_or_none(text):
        return {"phones": phone}
    digits = re.sub(r"\D", "", text)
    if len(digits) < _FEWEST_DIGITS:
        return None
    return {"phones": {"$regex": _phone_pattern(digits, international=text.startswith("+"))}}


def _phone_pattern(digits: str, *, international: bool) -> str:
    if international:
        return rf"^\+{digits}"
    if digits.startswith("00"):
        return rf"^\+{digits[2:]}"
    if digits.startswith("0"):
        return rf"^\+84{digits[1:]}"
    return digits


def _name_query(text: str) -> Query:
    """Words by their beginnings; a scan of the index of `name_key`, not of the customers."""
    words = "".join(c if c.isprintable() else " " for c in fold(text)).split()[:_MOST_WORDS]
    begins = [{"name_key": {"$regex": rf"(^|[^a-z0-9]){re.escape(word)}"}} for word in words]
    return {"$and": begins} if begins else {"name_key": {"$in": []}}


COUNT_GROUP: Query = {
    "_id": {
        "status": "$status",
        "kind": "$kind",
        "channel": "$channel",
        "assignee": {"$ifNull": ["$assignee_id", None]},
    },
    "count": {"$sum": 1},
}
"""How uncared conversations are grouped, so that one pass gives every count."""


def uncared_counts(groups: Iterable[Mapping[str, Any]], *, actor_id: str) -> dict[str, Any]:
    """Uncared conversations per view, and per channel within the view `all`.

    Each count is the length of the list of the same view with `uncared=true`.
    """
    views = dict.fromkeys(VIEWS, 0)
    channels: dict[str, int] = {"facebook": 0, "instagram": 0, "zalo": 0}
    for group in groups:
        key, count = group["_id"], group["count"]
        for view in _views_of(key, actor_id):
            views[view] += count
        if key["status"] in CURRENT:
            channels[key["channel"]] = channels.get(key["channel"], 0) + count
    return {"views": views, "channels": channels}


def _views_of(key: Mapping[str, Any], actor_id: str) -> Iterable[View]:
    if key["status"] not in CURRENT:
        yield key["status"]
        return
    yield "all"
    yield "uncared"
    if key["assignee"] == actor_id:
        yield "mine"
    if key["assignee"] is None:
        yield "unassigned"
    if key["kind"] in {"inbox", "comment"}:
        yield key["kind"]
