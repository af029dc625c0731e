"""Duplicates as the API shows them."""

from pydantic import BaseModel

from inbox.conversations.model import Channel
from inbox.conversations.reading.model import Time
from inbox.conversations.view import iso
from inbox.customers.masking import Masking
from inbox.customers.merging.store import MergeStore
from inbox.customers.store import CustomerStore
from inbox.errors import NotAllowed, NotFound
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


async def duplicates_view(
    merges: MergeStore,
    customers: CustomerStore,
    customer: Document,
    actor: Actor,
    *,
    masking: Masking,
) -> DuplicatesView:
    """The duplicates of a customer whom the actor may see."""
    last = await merges.last_of(customer)
    found = await merges.duplicates(customer)
    return DuplicatesView(
        items=[await _duplicate(customers, customer, one, actor, masking) for one in found],
        last_merge=None
        if last is None
        else LastMergeView(
            id=last.id,
            at=iso(last.at),
            actor_id=last.actor_id,
            name=last.before["loser"].get("name"),
        ),
    )


async def _duplicate(
    customers: CustomerStore, customer: Document, other: Document, actor: Actor, masking: Masking
) -> DuplicateView:
    try:
        await customers.get(other["_id"], actor)
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
        same=[masking.text(value, actor) for value in theirs if value in mine],
        may_open=may_open,
    )
