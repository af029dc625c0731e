"""Customers over HTTP: the information block of the sidebar, its edits, and their media."""

from datetime import datetime
from typing import Annotated, Any

from aiohttp import web
from pydantic import Field

from inbox.conversations.reading.media import MediaKind, MediaPlace
from inbox.conversations.reading.model import Limit, place
from inbox.conversations.reading.store import ConversationReads
from inbox.customers.editing import checked
from inbox.customers.model import (
    CustomerNameReadOnly,
    CustomerView,
    MediaItem,
    PreconditionRequired,
    customer_view,
)
from inbox.customers.store import CustomerStore
from inbox.errors import NotAllowed, NotFound, VersionClash
from inbox.http.paging import Cursor, Page, encode_cursor
from inbox.http.routing import Body, Routes, route
from inbox.staff.model import Actor

Kind = Annotated[MediaKind | None, Field(description="absent: all of them")]


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

    def __init__(self, customers: CustomerStore, conversations: ConversationReads) -> None:
        self._customers = customers
        self._conversations = conversations

    @route(
        "GET",
        "/api/v1/customers/{customer_id}",
        access="staff",
        tag="customers",
        problems=(NotAllowed, NotFound),
    )
    async def get(self, actor: Actor, customer_id: str) -> CustomerView:
        """One customer."""
        return customer_view(await self._customers.get(customer_id, actor))

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
        return customer_view(
            await self._customers.edit(customer_id, fields, actor, version=if_match)
        )

    @route(
        "GET",
        "/api/v1/customers/{customer_id}/media",
        access="staff",
        tag="customers",
        problems=(NotAllowed, NotFound),
    )
    async def media(
        self,
        actor: Actor,
        customer_id: str,
        kind: Kind = None,
        *,
        limit: Limit = 30,
        cursor: Cursor = None,
    ) -> Page[MediaItem]:
        """Images, videos, audio and files of all conversations, either way, newest first."""
        customer = await self._customers.get(customer_id, actor)
        threads = await self._conversations.visible_ids(customer["_id"], actor)
        found = await self._conversations.media(
            threads, kind, after=_media_place(cursor), limit=limit + 1
        )
        shown = found[:limit]
        return Page(
            items=[MediaItem.model_validate(item) for _, item in shown],
            next_cursor=_media_cursor(shown[-1][0]) if len(found) > limit else None,
        )


def _media_place(cursor: str | None) -> MediaPlace | None:
    if cursor is None:
        return None
    at, message_id, number = place(cursor, datetime, str, int)
    return MediaPlace(at, message_id, number)  # type: ignore[arg-type]


def _media_cursor(spot: MediaPlace) -> str:
    return encode_cursor(spot.at, spot.message_id, spot.number)
