"""What may happen to a message after it was written, put on its document in any order."""

from datetime import datetime
from typing import Any

from inbox.conversations.sheet import Document, Tracked

GONE_WITH_REMOVAL = ("text", "edit", "payload", "referral", "data", "content")
"""What may hold personal words; attachments go too, but stay as an empty list."""


def put_edit(message: Tracked, edit: Document) -> None:
    """`edit` is {number, text, at}; the highest number wins, a removed message has no text."""
    current = message.get("edit")
    if current is not None and _edit_rank(edit) <= _edit_rank(current):
        return
    if message.get("removed_at") is None:
        message.put("edit", edit)


def _edit_rank(edit: Document) -> tuple[Any, ...]:
    return edit["number"], edit["at"], edit["text"]


def put_removed(message: Tracked, at: datetime) -> None:
    """For good: its words and attachments go."""
    message.put_earlier("removed_at", at)
    for name in GONE_WITH_REMOVAL:
        message.put(name, None)
    if message.get("attachments"):
        message.put("attachments", [])


def put_hidden(message: Tracked, hidden: Document) -> None:
    """`hidden` is {value, at}; the latest wins."""
    current = message.get("hidden")
    if current is None or (hidden["at"], hidden["value"]) > (current["at"], current["value"]):
        message.put("hidden", hidden)


def put_reaction(message: Tracked, person: str, reaction: Document) -> None:
    """`reaction` is {emoji, at}; the latest of each person wins."""
    reactions = message.get("reactions") or {}
    current = reactions.get(person)
    rank = (reaction["at"], reaction["emoji"] or "")
    if current is None or rank > (current["at"], current["emoji"] or ""):
        message.put("reactions", {**reactions, person: reaction})
