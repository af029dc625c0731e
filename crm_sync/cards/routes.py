"""The HTTP of a customer's record in the CRM."""

from typing import Annotated

from pydantic import BaseModel, Field

from crm_sync.cards.service import Cards, CrmSilent, NoSuchRecord, RecordTaken, SyncIsOff
from inbox.customers.masking import Masking
from inbox.customers.mirroring.view import CrmView, crm_view
from inbox.errors import NotAllowed, NotFound
from inbox.http.routing import Body, Routes, route
from inbox.staff.model import Actor

_CRM = "/api/v1/customers/{customer_id}/crm"
_Connection = Annotated[str, Field(max_length=40, description="its name in the configuration")]


class CrmCardsView(BaseModel):
    """One of each connection; none when no CRM is set up."""

    items: list[CrmView]


class CrmSyncBody(Body):
    """`make_again`: a record that was deleted in the CRM is made anew."""

    connection: _Connection
    make_again: bool = False


class CrmLinkBody(Body):
    """Which record of the CRM is the customer's."""

    connection: _Connection
    record_id: Annotated[str, Field(min_length=1, max_length=100)]


class CardRoutes(Routes):
    """For everybody who may see the customer."""

    def __init__(self, cards: Cards, masking: Masking) -> None:
        self._cards = cards
        self._masking = masking

    @route("GET", _CRM, access="staff", tag="crm", problems=(NotAllowed, NotFound))
    async def get(self, actor: Actor, customer_id: str) -> CrmCardsView:
        """The customer's record in each CRM, how far our edits are, and why not."""
        found = await self._cards.of(customer_id, actor)
        return CrmCardsView(items=[crm_view(one, self._masking, actor) for one in found])

    @route(
        "POST",
        _CRM + "/sync",
        access="staff",
        tag="crm",
        problems=(NotAllowed, NotFound, SyncIsOff),
    )
    async def sync(self, actor: Actor, customer_id: str, body: CrmSyncBody) -> CrmView:
        """Mirror the customer now, ahead of all others; answers after 5 s at most.

        What was given up is tried again with the values of now. Safe to repeat.
        """
        card = await self._cards.sync_now(
            customer_id, body.connection, actor, make_again=body.make_again
        )
        return crm_view(card, self._masking, actor)

    @route(
        "POST",
        _CRM + "/link",
        access="staff",
        tag="crm",
        problems=(NotAllowed, NotFound, SyncIsOff, NoSuchRecord, RecordTaken, CrmSilent),
    )
    async def link(self, actor: Actor, customer_id: str, body: CrmLinkBody) -> CrmView:
        """Say which record is the customer's, where several fit. Safe to repeat."""
        card = await self._cards.choose(customer_id, body.connection, body.record_id, actor)
        return crm_view(card, self._masking, actor)
