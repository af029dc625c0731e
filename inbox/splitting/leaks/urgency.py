"""How urgent a conversation is, as queries whose order an index gives. Pure."""

from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from inbox.conversations.window import (
    CONSULTATION,
    HUMAN_AGENT,
    STANDARD,
    WindowRules,
    closed_since,
)
from inbox.mongo.client import Document

Urgency = Literal["closing", "waiting", "late", "nobodys"]
"""`closing`: the customer waits, and soon cannot be answered any more. `waiting`: waits, and can
be answered. `late`: waits, but the channel is closed, or for longer than LONG. `nobodys`: nobody
has it, and no customer waits."""
URGENCIES: tuple[Urgency, ...] = get_args(Urgency)

SOON = timedelta(hours=2)
LONG = timedelta(days=14)
""""Ok, thank you" is seldom answered: without a limit it would stand above what matters."""
_HUMAN_AGENT_CHANNELS = ["facebook", "instagram"]
_KINDS = ["inbox", "comment"]
"""A group is nobody's."""
_MS = timedelta(milliseconds=1)


def urgency_query(urgency: Urgency, bot_id: str, now: datetime, rules: WindowRules) -> Document:
    """The conversations of a bot that are so urgent; each conversation is in one of the four."""
    of_bot: Document = {"bot_id": bot_id, "status": "open", "kind": {"$in": _KINDS}}
    if urgency == "nobodys":
        states = ["waiting", "claimable", "manual", "released"]
        return {
            **of_bot,
            "assignee_id": None,
            "waiting_since": None,
            "split.state": {"$in": states},
            "last.at": {"$type": "date"},
        }
    ends = _ends(rules)
    answerable = {
        "$or": [
            {"kind": "comment"},
            {"window.closed_at": None, "$expr": {"$gt": [ends, now]}},
        ]
    }
    if urgency == "late":
        old = {"waiting_since": {"$lte": now - LONG}}
        return {**of_bot, "waiting_since": {"$type": "date"}, "$or": [old, {"$nor": [answerable]}]}
    closing = {
        "kind": {"$ne": "comment"},
        "window.closed_at": None,
        "$expr": {"$and": [{"$gt": [ends, now]}, {"$lte": [ends, now + SOON]}]},
    }
    recent = {**of_bot, "waiting_since": {"$gt": now - LONG}}
    if urgency == "closing":
        return {"$and": [recent, closing]}
    return {"$and": [recent, answerable, {"$nor": [closing]}]}


def order_of(urgency: Urgency) -> list[tuple[str, int]]:
    """Who waits longest first; what is late or nobody's, the newest first. Each is an index's."""
    if urgency == "nobodys":
        return [("last.at", -1), ("_id", -1)]
    direction = -1 if urgency == "late" else 1
    return [("waiting_since", direction), ("_id", direction)]


def index_of(urgency: Urgency) -> list[tuple[str, int]]:
    if urgency == "nobodys":
        return [("bot_id", 1), ("assignee_id", 1), ("status", 1), ("last.at", -1), ("_id", -1)]
    return [("bot_id", 1), ("waiting_since", 1), ("_id", 1)]


def place_of(urgency: Urgency, conversation: Document) -> datetime:
    """The time that a page is ordered by."""
    at: datetime = (
        conversation["last"]["at"] if urgency == "nobodys" else conversation["waiting_since"]
    )
    return at


def after(urgency: Urgency, at: datetime, id_: str) -> Document:
    """What follows a place in the order."""
    field, direction = order_of(urgency)[0]
    beyond, reached = ("$gt", "$gte") if direction == 1 else ("$lt", "$lte")
    return {field: {reached: at}, "$or": [{field: {beyond: at}}, {"_id": {beyond: id_}}]}


def answerable_until(conversation: Document, rules: WindowRules) -> datetime | None:
    """When the last way to answer ends, or has ended; None is never."""
    return None if conversation["kind"] == "comment" else closed_since(conversation, rules)


def _ends(rules: WindowRules) -> dict[str, Any]:
    """`closed_since` of inbox.conversations.window as an expression of the database."""
    is_zalo = {"$eq": ["$channel", "zalo"]}
    usual = {"$cond": [is_zalo, CONSULTATION // _MS, STANDARD // _MS]}
    ends = {"$ifNull": ["$window.until", {"$add": ["$last_in_at", usual]}]}
    if not rules.human_agent:
        return ends
    by_people = {"$add": ["$last_in_at", HUMAN_AGENT // _MS]}
    allowed = {"$in": ["$channel", _HUMAN_AGENT_CHANNELS]}
    return {"$max": [ends, {"$cond": [allowed, by_people, None]}]}
