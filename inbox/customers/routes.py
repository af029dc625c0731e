"""Customers over HTTP: the information block of the sidebar, and its edits."""

from typing import Annotated, Any

from aiohttp import web
from pydantic import Field

from inbox.customers.attributes.model import MOST_ATTRIBUTES
from inbox.customers.editing import checked
from inbox.customers.masking import Masking, refuse_masks
from inbox.customers.model import (
    CustomerNameReadOnly,
    CustomerView,
    PreconditionRequired,
    customer_view,
)
from inbox.customers.store import CustomerStore
from inbox.errors import NotAllowed, NotFound, VersionClash
from inbox.http.routing import Body, Routes, route
from inbox.media.links import MediaLinks
from inbox.staff.model import Actor

MOST_VALUES = 20
"""Phones or e-mail addresses of one customer."""
LONGEST_NOTE = 10_000
"""Characters of a note."""
MOST_FOLLOWERS = 50
_Id = Annotated[str, Field(max_length=64)]
_Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
_Texts = Annotated[
    list[Annotated[str, Field(max_length=320)]],
    Field(default_factory=list, max_length=MOST_VALUES),
]


class CustomerEdit(Body):
    """Fields to change; what is not sent stays. `phones` in any spelling, Vietnam by default.

    `attributes` are values by key, null takes one away; those that are not sent stay. `owner` and
    `followers` are staff of a bot of the customer.
    """

    name: Any = Field(None, description="refused: the channel says the name")
    phones: _Texts
    emails: _Texts
    note: str = Field("", max_length=LONGEST_NOTE)
    attributes: Annotated[dict[_Key, Any], Field(default_factory=dict, max_length=MOST_ATTRIBUTES)]
    owner: _Id | None = None
    followers: Annotated[list[_Id], Field(default_factory=list, max_length=MOST_FOLLOWERS)]


class CustomerRoutes(Routes):
    """What staff read and change of a customer."""

    def __init__(
        self, customers: CustomerStore, links: MediaLinks, masking: Masking | None = None
    ) -> None:
        """Without `masking` everybody reads phones and e-mail addresses in full."""
        self._customers = customers
        self._links = links
        self._masking = masking or Masking()

    @route(
        "GET",
        "/api/v1/customers/{customer_id}",
        access="staff",
        tag="customers",
        problems=(NotAllowed, NotFound),
    )
    async def get(self, actor: Actor, customer_id: str) -> CustomerView:
        """One customer."""
        customer = await self._customers.get(customer_id, actor)
        return customer_view(self._masking.customer(customer, actor), self._links)

    @route(
        "PATCH",
        "/api/v1/customers/{customer_id}",
        access="staff",
        tag="customers",
        problems=(NotAllowed, NotFound, VersionClash, PreconditionRequired, CustomerNameReadOnly),
    )
    async def edit(
        self,
        actor: Actor,
        request: web.Request,
        customer_id: str,
        body: CustomerEdit,
        if_match: int | None = None,
    ) -> CustomerView:
        """Change phones, e-mails, note, attributes, owner or followers; the name is the channel's.

        If-Match carries the `version` that was read; `*` overwrites whatever is there. The edit
        succeeds unless one of its own fields was changed since: then 412 with the current
        values. Each attribute is a field of its own. Without If-Match: 428. A masked value that
        is sent back is refused: 422.
        """
        sent = body.model_dump(exclude_unset=True)
        refuse_masks(sent)
        fields = checked(sent)
        if "If-Match" not in request.headers:
            raise PreconditionRequired
        try:
            customer = await self._customers.edit(customer_id, fields, actor, version=if_match)
        except VersionClash as clash:
            shown = self._masking.customer(clash.current, actor)
            raise VersionClash(fields=clash.fields, current=shown) from None
        return customer_view(self._masking.customer(customer, actor), self._links)
