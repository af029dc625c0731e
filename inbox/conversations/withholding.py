"""A conversation of a bot that splits is shown to nobody before it is decided whose it is."""

from datetime import datetime
from typing import Any

from inbox.conversations.automation import person_has
from inbox.conversations.changes import KeepMessage
from inbox.conversations.lateness import is_late
from inbox.conversations.sheet import Sheet, Tracked
from inbox.mongo.due import due

SPLIT_KINDS = frozenset({"inbox", "comment"})
"""A group is read by everybody in it: it is nobody's."""


def withhold(sheet: Sheet, thread: Tracked, message: Tracked, change: KeepMessage) -> None:
    """Have the thread split, if this message of a customer begins or reopens it.

    A thread that somebody has, or that waits for somebody already, stays as it is.
    """
    if thread.get("bot_id") not in sheet.terms.splitting or thread.get("kind") not in SPLIT_KINDS:
        return
    if thread.get("status") != "open":
        return
    split = thread.get("split") or {"state": "off"}
    if split["state"] == "pending":
        if change.at < split["from_at"]:  # an older one: it is told with the rest
            thread.put("split", {**split, "from_at": change.at})
        return
    begins = split["state"] == "off" and thread.get("assignee_id") is None
    if not (begins or _reopens(thread)):
        return
    # programs are not told of what comes an hour late
    if _is_answered_by_program(sheet, thread) and not is_late(change.at, sheet.now):
        return
    thread.put("split", pending(sheet.now, from_seq=message.get("seq"), from_at=change.at))


def pending(now: datetime, *, from_seq: int, from_at: datetime) -> dict[str, Any]:
    """`split` of a conversation that is to be divided; nobody was told yet of what came in it
    from `from_seq` on, at `from_at` or later.
    """
    return {
        "state": "pending",
        "since": now,
        "from_seq": from_seq,
        "from_at": from_at,
        "round": 0,
        "tried": [],
        **due(now),
    }


def is_withheld(thread: Tracked, message: Tracked | None = None) -> bool:
    """Whether nobody may be told of this now; it is told once the thread is decided."""
    split = thread.get("split") or {}
    if split.get("state") != "pending":
        return False
    return message is None or message.get("seq") >= split["from_seq"]


def _is_answered_by_program(sheet: Sheet, thread: Tracked) -> bool:
    """Whether an automation answers here first: it is split when that one hands it over."""
    bot_id = thread.get("bot_id")
    if bot_id not in sheet.terms.answering or thread.get("kind") != "inbox":
        return False
    return not person_has(thread.document, sheet.now, sheet.terms.answering[bot_id])


def _reopens(thread: Tracked) -> bool:
    """Whether the status has just become open again."""
    return thread.stored and "status" in thread.changed and thread.get("status") == "open"
