"""Read by mypy, never run: a handler of postbacks where messages come."""

from channels.events import Postback
from channels.router import Router
from inbox.conversations.changes import Batch

router = Router("wrong")


@router.message()
def note_button(event: Postback, batch: Batch) -> None:
    """Would fail with the first message."""
