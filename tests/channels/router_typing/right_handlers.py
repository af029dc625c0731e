"""Read by mypy, never run: handlers that fit their observers; the first one also has a filter."""

from channels.events import InboundMessage, PlatformEvent, Postback
from channels.filters import F
from channels.router import Router
from inbox.conversations.changes import Batch

router = Router("right")


@router.message(F.text.lower().contains("giá"))
def note_price_question(event: InboundMessage, batch: Batch) -> None:
    """Gets what `router.message` gives."""


@router.postback()
def note_button(event: Postback, batch: Batch) -> None:
    """Gets what `router.postback` gives."""


def note_anything(event: PlatformEvent, batch: Batch) -> None:
    """A handler of every event fits every observer."""


router.comment()(note_anything)
router.follow()(note_anything)
