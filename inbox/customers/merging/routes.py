"""Duplicates over HTTP: shown, merged, and parted again."""

from typing import Annotated

from pydantic import Field

from inbox.customers.masking import Masking
from inbox.customers.merging.model import MergeBuriedDeeper, MergeUndone, MergeWithItself
from inbox.customers.merging.store import MergeStore
from inbox.customers.merging.view import DuplicatesView, duplicates_view
from inbox.customers.model import CustomerView, customer_view
from inbox.customers.store import CustomerStore
from inbox.errors import NotAllowed, NotFound
from inbox.http.routing import Body, Routes, route
from inbox.media.links import MediaLinks
from inbox.staff.model import Actor


class MergeBody(Body):
    """The customer whose record goes into this one."""

    customer_id: Annotated[str, Field(max_length=64)]


class MergeRoutes(Routes):
    """Several records of one person."""

    def __init__(
        self,
        merges: MergeStore,
        customers: CustomerStore,
        links: MediaLinks,
        masking: Masking | None = None,
    ) -> None:
        """Without `masking` everybody reads phones and e-mail addresses in full."""
        self._links = links
        self._masking = masking or Masking()
        self._merges = merges
        self._customers = customers

    @route(
        "GET",
        "/api/v1/customers/{customer_id}/duplicates",
        access="staff",
        tag="customers",
        problems=(NotAllowed, NotFound),
    )
    async def duplicates(self, actor: Actor, customer_id: str) -> DuplicatesView:
        """Customers with the same phone or e-mail address, over all channels."""
        customer = await self._customers.get(customer_id, actor)
        return await duplicates_view(
            self._merges, self._customers, customer, actor, masking=self._masking
        )

    @route(
        "POST",
        "/api/v1/customers/{customer_id}/merge",
        access="staff",
        tag="customers",
        problems=(NotAllowed, NotFound, MergeWithItself),
    )
    async def merge(self, actor: Actor, customer_id: str, body: MergeBody) -> CustomerView:
        """Merge another customer into this one. Safe to repeat; the old id leads here."""
        customer = await self._merges.merge(customer_id, body.customer_id, actor)
        return customer_view(self._masking.customer(customer, actor), self._links)

    @route(
        "POST",
        "/api/v1/merges/{merge_id}/undo",
        access="staff",
        tag="customers",
        problems=(NotAllowed, NotFound, MergeUndone, MergeBuriedDeeper),
    )
    async def undo(self, actor: Actor, merge_id: str) -> CustomerView:
        """Part the two again; answers with the customer that is back."""
        _, back = await self._merges.undo(merge_id, actor)
        return customer_view(self._masking.customer(back, actor), self._links)
