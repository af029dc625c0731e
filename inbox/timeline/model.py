"""An interaction as clients read it."""

from typing import Any

from pydantic import BaseModel

from inbox.conversations.reading.model import Time


class InteractionView(BaseModel):
    """Something that happened with a customer. `data` holds what only this type has."""

    id: str
    type: str
    at: Time
    conversation_id: str | None
    actor_id: str | None
    ref: dict[str, Any] | None
    data: Any
