"""Masked contact data in full, over HTTP."""

from typing import Any, Literal

from pydantic import BaseModel

from inbox.customers.revealing.store import RevealStore
from inbox.errors import NotAllowed, NotFound
from inbox.http.routing import Body, Routes, route
from inbox.staff.model import Actor

Field = Literal["phones", "emails", "attributes"]


class RevealBody(Body):
    """What to read in full."""

    field: Field


class RevealView(BaseModel):
    """The field as it is stored: a list, or values by name for `attributes`."""

    field: Field
    value: list[str] | dict[str, Any]


class RevealRoutes(Routes):
    """For everybody who sees the customer: that it was read is known, and by whom."""

    def __init__(self, reveals: RevealStore) -> None:
        self._reveals = reveals

    @route(
        "POST",
        "/api/v1/customers/{customer_id}/reveal",
        access="staff",
        tag="customers",
        problems=(NotAllowed, NotFound),
    )
    async def reveal(self, actor: Actor, customer_id: str, body: RevealBody) -> RevealView:
        """Read masked phones, e-mail addresses or attributes in full.

        Each reading stands in the customer's timeline and in the audit log.
        """
        value = await self._reveals.reveal(customer_id, body.field, actor)
        return RevealView(
            field=body.field, value=value or ({} if body.field == "attributes" else [])
        )
