"""Customers over HTTP: the information block of the sidebar, and its edits."""

from typing import Annotated, Any

from aiohttp import web
from pydantic import Field

from inbox.customers.editing import checked
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
_Texts = Annotated[
    list[Annotated[str, Field(max_length=320)]],
    Field(default_factory=list, max_length=MOST_VALUES),
]


class CustomerEdit(Body):
    """Fields to change; what is not sent stays. `phones` in any spelling, Vietnam by default."""

    name: Any = Field(None, description="refused: the channel says the name")
    phones: _Texts
    emails: _Texts
    note: str = Field("", max_length=LONGEST_NOTE)


class CustomerRoutes(Routes):
    """What staff read and change of a customer."""

    def __init__(self, customers: CustomerStore, links: MediaLinks) -> None:
        self._customers = customers
        self._links = links

    @route(
        "GET",
        "/api/v1/customers/{customer_id}",
        access="staff",
        tag="customers",
        problems=(NotAllowed, NotFound),
    )
    async def get(self, actor: Actor, customer_id: str) -> CustomerView:
        """One customer."""
        return customer_view(await self._customers.get(customer_id, actor), self._links)

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
        """Change phones, e-mail addresses or the note; the name is the channel's.

        If-Match carries the `version` that was read; `*` overwrites whatever is there. The edit
        succeeds unless one of its own fields was changed since: then 412 with the current
        values. Without If-Match: 428.
        """
        fields = checked(body.model_dump(exclude_unset=True))
        if "If-Match" not in request.headers:
            raise PreconditionRequired
        customer = await self._customers.edit(customer_id, fields, actor, version=if_match)
        return customer_view(customer, self._links)
