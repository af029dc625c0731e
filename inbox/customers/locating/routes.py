"""Whom another product means, over HTTP."""

from typing import Annotated

from pydantic import BaseModel, Field

from inbox.customers.locating.store import LocatingStore
from inbox.http.routing import Body, Routes, route
from inbox.staff.model import Actor

_Text = Annotated[str, Field(max_length=320)]


class LocateBody(Body):
    """What is known of the person; `identifier` is our id of them, or a channel's."""

    identifier: _Text | None = None
    phone: _Text | None = None
    email: _Text | None = None


class LocatedView(BaseModel):
    """The customer and their newest conversation; both null when there is none that one sees."""

    customer_id: str | None
    conversation_id: str | None


class LocatingRoutes(Routes):
    """A POST, so that no phone number stands in an address or in a log."""

    def __init__(self, store: LocatingStore) -> None:
        self._store = store

    @route("POST", "/api/v1/customers/locate", access="staff", tag="customers", status=200)
    async def locate(self, actor: Actor, body: LocateBody) -> LocatedView:
        """Find a customer by an id, else a phone number, else an e-mail address.

        Only among the customers of conversations that one sees.
        """
        asked = (
            (self._store.by_identifier, body.identifier),
            (self._store.by_phone, body.phone),
            (self._store.by_email, body.email),
        )
        for find, text in asked:
            found = await find(text, actor) if text and text.strip() else None
            if found is not None:
                return LocatedView(
                    customer_id=found.customer_id, conversation_id=found.conversation_id
                )
        return LocatedView(customer_id=None, conversation_id=None)
