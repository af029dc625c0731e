"""What the live feed holds of customers who write to one bot in one conversation."""

from inbox.clock import FixedClock
from inbox.live.model import live_event
from inbox.mongo.client import Document

BOT, THREAD = "bot1", "thread1"


def said(number: int, clock: FixedClock) -> Document:
    """The feed's word of a customer's message, which says `tin <number>`."""
    message: Document = {
        "id": f"m{number}",
        "direction": "in",
        "author": {"kind": "customer"},
        "text": f"tin {number}",
        "payload": None,
        "internal": False,
        "attachments": [],
    }
    return live_event(
        type="message_received",
        at=clock.now(),
        bot_id=BOT,
        conversation_id=THREAD,
        data={"message": message},
    )
