"""The timeline of a customer over HTTP."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from inbox.conversations.reading.model import Limit, place
from inbox.conversations.reading.store import ConversationReads
from inbox.conversations.view import iso
from inbox.customers.masking import Masking
from inbox.customers.store import CustomerStore
from inbox.errors import NotAllowed, NotFound
from inbox.http.paging import Cursor, Page, encode_cursor
from inbox.http.routing import Routes, route
from inbox.staff.model import Actor
from inbox.timeline.kinds import DIRECTORY, KINDS
from inbox.timeline.model import InteractionView, KindLabel, KindsView, KindView
from inbox.timeline.store import Place, TimelineStore

Types = Annotated[
    list[str], Field(max_length=50, description="only these types; repeat the parameter")
]


class TimelineRoutes(Routes):
    """What happened with a customer."""

    def __init__(
        self,
        timeline: TimelineStore,
        customers: CustomerStore,
        conversations: ConversationReads,
        masking: Masking | None = None,
    ) -> None:
        """Without `masking` everybody reads phones and e-mail addresses in full."""
        self._masking = masking or Masking()
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
        """What happened with a customer in every conversation that one may see, newest first.

        Hidden kinds (see `/api/v1/timeline/kinds`) come only where `type` names them.
        """
        customer = await self._customers.get(customer_id, actor)
        after: Place | None = None
        if cursor is not None:
            after = place(cursor, datetime, str)  # type: ignore[assignment]
        found = await self._timeline.page(
            [customer["_id"], *customer.get("merged_from", [])],
            conversation_ids=await self._conversations.visible_ids(customer["_id"], actor),
            types=type or None,
            after=after,
            limit=limit + 1,
        )
        shown = found[:limit]
        last = shown[-1] if len(found) > limit else None
        return Page(
            items=[_view(row, self._masking.data(row.get("data"), actor)) for row in shown],
            next_cursor=encode_cursor(last["at"], last["_id"]) if last else None,
        )

    @route("GET", "/api/v1/timeline/kinds", access="staff", tag="customers")
    async def kinds(self) -> KindsView:
        """The kinds of interactions with their words, those of the directory first."""
        return KindsView(
            items=[
                KindView(
                    type=kind,
                    label=KindLabel(vi=words.vi, en=words.en),
                    hidden=words.hidden,
                    directory=kind in DIRECTORY,
                )
                for kind, words in KINDS.items()
            ]
        )


def _view(row: Mapping[str, Any], data: Any) -> InteractionView:
    return InteractionView(
        id=row["_id"],
        type=row["type"],
        at=iso(row["at"]),
        conversation_id=row.get("conversation_id"),
        actor_id=row.get("actor_id"),
        ref=row.get("ref"),
        data=data,
    )
