"""Asking for an erasure over HTTP."""

from http import HTTPStatus

from pydantic import BaseModel

from inbox.conversations.reading.model import Time
from inbox.conversations.view import iso
from inbox.customers.erasure.store import ErasureStore
from inbox.errors import NotFound
from inbox.http.routing import Routes, route
from inbox.staff.model import Actor


class ErasureRequested(BaseModel):
    """The erasure will be carried out; it cannot be taken back."""

    customer_id: str
    requested_at: Time


class ErasureRoutes(Routes):
    """What the law lets a customer ask for, and an admin carry out."""

    def __init__(self, erasures: ErasureStore) -> None:
        self._erasures = erasures

    @route(
        "POST",
        "/api/v1/customers/{customer_id}/erasure",
        access="admin",
        tag="customers",
        status=HTTPStatus.ACCEPTED,
        problems=(NotFound,),
    )
    async def erase(self, actor: Actor, customer_id: str) -> ErasureRequested:
        """Erase a customer for good: messages, media links, timeline, logs, webhook bodies."""
        requested_at = await self._erasures.request(customer_id, actor)
        return ErasureRequested(customer_id=customer_id, requested_at=iso(requested_at))
