"""What a list row shows of a message."""

from inbox.conversations.sheet import Document, Tracked

PREVIEW_LENGTH = 200
"""Characters of the last message that a list row shows."""


def preview(message: Tracked) -> Document:
    """The message as a list row of its thread shows it."""
    edit = message.get("edit")
    removed = message.get("removed_at") is not None
    text = None if removed else (edit["text"] if edit else message.get("text"))
    attachments = message.get("attachments")
    return {
        "message_id": message.id,
        "text": text[:PREVIEW_LENGTH] if text else None,
        "at": message.get("at"),
        "by": message.get("author")["kind"],
        "kind": "removed"
        if removed
        else (attachments[0]["kind"] if attachments and not text else None),
    }
