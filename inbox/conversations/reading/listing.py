"""The queries behind the conversation list: its views, filters, search and uncared counts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from inbox.conversations.model import Channel, ConversationStatus
from inbox.search.tokens import asked

Query = dict[str, Any]
TagMatch = Literal["any", "all"]
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What somebody asks of the list; every filter narrows the others.

    `status` takes the place of the statuses that a view would show by itself, except in the
    views spam and deleted, which are a status. `uncared` narrows any view to the conversations
    that its count counts. `q` is a part of the customer's name or of a phone number;
    `tag`, `owner` and `follower` are the customer's too.
    """

    view: View = "all"
    bot_id: str | None = None
    channel: Channel | None = None
    assignee: str | None = None
    tag: tuple[str, ...] = ()
    tags: TagMatch = "any"
    owner: str | None = None
    follower: str | None = None
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

    Every word must be the beginning of a word of the customer's (inbox/search/tokens.py),
    accents ignored; digits may also be the last ones of a phone number.
    """
    conditions: list[Query] = []
    if listing.tag:
        operator = "$all" if listing.tags == "all" else "$in"
        conditions.append({"tag_ids": {operator: list(dict.fromkeys(listing.tag))}})
    if listing.owner is not None:
        conditions.append({"owner_id": listing.owner})
    if listing.follower is not None:
        conditions.append({"follower_ids": listing.follower})
    if listing.q is not None and (words := listing.q.strip()):
        conditions.append(_found_by(words))
    return {"$and": conditions} if conditions else None


def _found_by(text: str) -> Query:
    """By the index of `tok`; nothing is found by a text without words."""
    conditions: list[Query] = []
    for term in asked(text, all_begun=True):
        conditions.append({"tok": {"$in": list(term.keys)}})
        if term.beginning is not None:
            conditions.append({"tok": {"$regex": f"^{term.beginning}"}})
    return {"$and": conditions} if conditions else {"tok": {"$in": []}}


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
