"""Live events about a message and its conversation, as clients are told of them."""

from datetime import datetime

from inbox.conversations.sheet import Document
from inbox.conversations.view import conversation_view, message_view
from inbox.conversations.window import DEFAULT_RULES, WindowRules
from inbox.live.model import EventType, live_event


def message_event(
    type_: EventType,
    message: Document,
    conversation: Document,
    now: datetime,
    rules: WindowRules = DEFAULT_RULES,
) -> Document:
    """A frame that shows a message and the conversation without its customer."""
    view = conversation_view(conversation, customer=None, now=now, rules=rules)
    del view["customer"], view["tags"]
    people = conversation.get("participant_ids") or ()
    return live_event(
        type=type_,
        at=now,
        bot_id=conversation.get("bot_id"),
        conversation_id=conversation["_id"],
        customer_id=conversation.get("customer_id"),
        assignee_before=conversation.get("assignee_id"),
        assignee_after=conversation.get("assignee_id"),
        participants_before=people,
        participants_after=people,
        data={"message": message_view(message, conversation=conversation), "conversation": view},
    )
