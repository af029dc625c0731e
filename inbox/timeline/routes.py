"""The timeline of a customer over HTTP."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from inbox.conversations.reading.model import Limit, place
from inbox.conversations.reading.store import ConversationReads
from inbox.conversations.view import iso
from inbox.customers.store import CustomerStore
from inbox.errors import NotAllowed, NotFound
from inbox.http.paging import Cursor, Page, encode_cursor
from inbox.http.routing import Routes, route
from inbox.staff.model import Actor
from inbox.timeline.model import InteractionView
from inbox.timeline.store import Place, TimelineStore

Types = Annotated[
    list[str], Field(max_length=50, description="only these types; repeat the parameter")
]


class TimelineRoutes(Routes):
    """What happened with a customer."""

    def __init__(
        self, timeline: TimelineStore, customers: CustomerStore, conversations: ConversationReads
    ) -> None:
        self._timeline = timeline
        self._customers = customers
        self._conversations = conversations

    @route(
        "GET",
        "/api/v1/customers/{customer_id}/timeline",
        access="staff",
        tag="customers",
        problems=(NotAllowed, NotFound),
    )
    async def timeline(
        self,
        actor: Actor,
        customer_id: str,
        type: Types = [],  # noqa: A002, B006 - the name of the parameter; never changed
        *,
        limit: Limit = 30,
        cursor: Cursor = None,
    ) -> Page[InteractionView]:
        """What happened with a customer in every conversation that one may see, newest first."""
        customer = await self._customers.get(customer_id, actor)
        after: Place | None = None
        if cursor is not None:
            after = place(cursor, datetime, str)  # type: ignore[assignment]
        found = await self._timeline.page(
            [customer["_id"], *customer.get("merged_from", [])],
            conversation_ids=await self._conversations.visible_ids(customer["_id"], actor),
            types=type,
            after=after,
            limit=limit + 1,
        )
        shown = found[:limit]
        last = shown[-1] if len(found) > limit else None
        return Page(
            items=[_view(row) for row in shown],
            next_cursor=encode_cursor(last["at"], last["_id"]) if last else None,
        )


def _view(row: Mapping[str, Any]) -> InteractionView:
    return InteractionView(
        id=row["_id"],
        type=row["type"],
        at=iso(row["at"]),
        conversation_id=row.get("conversation_id"),
        actor_id=row.get("actor_id"),
        ref=row.get("ref"),
        data=row.get("data"),
    )
