"""The HTTP of handovers."""

from typing import Annotated

from pydantic import BaseModel, Field

from inbox.conversations.reading.model import Time
from inbox.conversations.view import iso
from inbox.errors import NotFound
from inbox.http.routing import Body, Routes, route
from inbox.splitting.handover.handing_over import HandingOver
from inbox.splitting.handover.model import Handover
from inbox.splitting.handover.store import HandoverStore
from inbox.staff.model import Actor


class HandoverBody(Body):
    """To whom everything goes; null: open conversations are split again, the rest is nobody's."""

    to: Annotated[str, Field(max_length=64)] | None


class HandoverView(BaseModel):
    """How far a handover is; `done_at` is null while it is under way."""

    staff_id: str
    to: str | None
    begun_at: Time
    done_at: Time | None
    conversations: int = Field(description="that named them and do not any more")
    customers: int


class HandoverRoutes(Routes):
    """Somebody leaves."""

    def __init__(self, handing_over: HandingOver, store: HandoverStore) -> None:
        self._handing_over = handing_over
        self._store = store

    @route(
        "POST",
        "/api/v1/staff/{staff_id}/handover",
        access="admin",
        tag="staff",
        status=202,
        problems=(NotFound,),
    )
    async def begin(self, actor: Actor, staff_id: str, body: HandoverBody) -> HandoverView:
        """Hand over everything of somebody who leaves, before or after they are deactivated.

        Their memberships, places in rules and alerts end at once; conversations and customers
        follow. What they wrote and what was theirs stays in the history.
        """
        return _view(await self._handing_over.begin(actor, staff_id, body.to))

    @route(
        "GET",
        "/api/v1/staff/{staff_id}/handover",
        access="admin",
        tag="staff",
        problems=(NotFound,),
    )
    async def get(self, staff_id: str) -> HandoverView:
        """How far it is."""
        return _view(await self._store.get(staff_id))


def _view(handover: Handover) -> HandoverView:
    done_at = handover.done_at
    return HandoverView(
        staff_id=handover.staff_id,
        to=handover.to,
        begun_at=iso(handover.begun_at),
        done_at=None if done_at is None else iso(done_at),
        conversations=handover.conversations,
        customers=handover.customers,
    )
