"""Live events about a message and its conversation, as clients are told of them."""

from datetime import datetime

from inbox.conversations.sheet import Document
from inbox.conversations.view import conversation_view, message_view
from inbox.conversations.visibility import people_of
from inbox.conversations.window import DEFAULT_RULES, WindowRules
from inbox.live.model import EventType, People, live_event


def message_event(
    type_: EventType,
    message: Document,
    conversation: Document,
    now: datetime,
    rules: WindowRules = DEFAULT_RULES,
    *,
    people_before: People | None = None,
) -> Document:
    """A frame that shows a message and the conversation without its customer.

    `people_before`: who was in charge of the conversation, where that has just changed.
    """
    view = conversation_view(conversation, customer=None, now=now, rules=rules)
    del view["customer"], view["tags"]
    return live_event(
        type=type_,
        at=now,
        bot_id=conversation.get("bot_id"),
        conversation_id=conversation["_id"],
        customer_id=conversation.get("customer_id"),
        people=people_of(conversation),
        people_before=people_before,
        data={"message": message_view(message, conversation=conversation), "conversation": view},
    )
