"""Duplicates over HTTP: shown, merged, and parted again."""

from typing import Annotated

from pydantic import BaseModel, Field

from inbox.conversations.model import Channel
from inbox.conversations.reading.model import Time
from inbox.conversations.view import iso
from inbox.customers.merging.model import MergeBuriedDeeper, MergeUndone, MergeWithItself
from inbox.customers.merging.store import MergeStore
from inbox.customers.model import CustomerView, customer_view
from inbox.customers.store import CustomerStore
from inbox.errors import NotAllowed, NotFound
from inbox.http.routing import Body, Routes, route
from inbox.media.links import MediaLinks
from inbox.mongo.client import Document
from inbox.staff.model import Actor


class DuplicateView(BaseModel):
    """Another customer with a phone or an e-mail address of this one.

    `same` lists what both have; `owner` is the staff id of who looks after the other one.
    `may_open`: whether one may see that customer, and so merge the two.
    """

    id: str
    name: str | None
    channels: list[Channel]
    owner: str | None
    same: list[str]
    may_open: bool


class LastMergeView(BaseModel):
    """The latest merge into this customer, which may be undone."""

    id: str
    at: Time
    actor_id: str | None
    name: str | None


class DuplicatesView(BaseModel):
    """Duplicates of a customer, and the merge that may be undone."""

    items: list[DuplicateView]
    last_merge: LastMergeView | None


class MergeBody(Body):
    """The customer whose record goes into this one."""

    customer_id: Annotated[str, Field(max_length=64)]


class MergeRoutes(Routes):
    """Several records of one person."""

    def __init__(self, merges: MergeStore, customers: CustomerStore, links: MediaLinks) -> None:
        self._links = links
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
        last = await self._merges.last_of(customer)
        return DuplicatesView(
            items=[
                await self._view(customer, one, actor)
                for one in await self._merges.duplicates(customer)
            ],
            last_merge=None
            if last is None
            else LastMergeView(
                id=last.id,
                at=iso(last.at),
                actor_id=last.actor_id,
                name=last.before["loser"].get("name"),
            ),
        )

    async def _view(self, customer: Document, other: Document, actor: Actor) -> DuplicateView:
        try:
            await self._customers.get(other["_id"], actor)
            may_open = True
        except (NotAllowed, NotFound):
            may_open = False
        mine = {*customer.get("phones", []), *customer.get("emails", [])}
        theirs = [*other.get("phones", []), *other.get("emails", [])]
        return DuplicateView(
            id=other["_id"],
            name=other.get("name"),
            channels=sorted({one["channel"] for one in other["identities"]}),
            owner=other.get("owner_id"),
            same=[value for value in theirs if value in mine],
            may_open=may_open,
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
        return customer_view(customer, self._links)

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
        return customer_view(back, self._links)
