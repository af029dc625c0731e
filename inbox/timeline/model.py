"""Interactions and their kinds as clients read them."""

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


class KindLabel(BaseModel):
    vi: str
    en: str


class KindView(BaseModel):
    """A kind of interaction. `hidden`: left out of the timeline unless it is asked for.

    `directory`: one of the eleven that the directory of customers shows.
    """

    type: str
    label: KindLabel
    hidden: bool
    directory: bool


class KindsView(BaseModel):
    """Every kind. A row of another type is shown by its name: platforms tell new ones."""

    items: list[KindView]
