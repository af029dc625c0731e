"""Webhooks that could not be applied, over HTTP: what, why, and once more after the cure."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from inbox.errors import NotFound
from inbox.http.paging import Page, decode_cursor, encode_cursor
from inbox.http.routing import Routes, route
from inbox.mongo.journal import JournalEntries


class ParkedEventView(BaseModel):
    """`index` is the place in the body; `reason` a stable word."""

    index: int
    reason: str


class ParkedAccountView(BaseModel):
    """An account that is in no bot; connecting it applies what waits."""

    key: str
    channel: str
    account_id: str


class ParkedView(BaseModel):
    """A webhook body with events that were not applied; its other events were."""

    id: str
    channel: str
    received_at: datetime
    parked_at: datetime
    events: list[ParkedEventView]
    accounts: list[ParkedAccountView]


class ReplayView(BaseModel):
    """How many bodies will be applied again."""

    replayed: int


class ParkedWebhookNotFound(NotFound):
    code = "parked_webhook_not_found"
    vi = "Không có webhook nào như vậy đang bị giữ lại."
    en = "There is no such parked webhook."


class ParkedRoutes(Routes):
    """What admins see of webhooks that were kept and not applied."""

    def __init__(self, journal: JournalEntries, wake: Callable[[], None]) -> None:
        self._journal = journal
        self._wake = wake

    @route("GET", "/api/v1/webhooks/parked", access="admin", tag="webhooks")
    async def page(
        self, limit: Annotated[int, Field(ge=1, le=100)] = 30, cursor: str | None = None
    ) -> Page[ParkedView]:
        """Webhooks whose events could not be applied, newest first."""
        after = str(decode_cursor(cursor)[0]) if cursor else None
        found = await self._journal.list_parked(after=after, limit=limit + 1)
        shown = found[:limit]
        return Page(
            items=[_view(one) for one in shown],
            next_cursor=encode_cursor(str(shown[-1]["_id"])) if len(found) > limit else None,
        )

    @route("POST", "/api/v1/webhooks/parked/replay", access="admin", tag="webhooks")
    async def replay_all(self) -> ReplayView:
        """Apply everything parked once more; what still fails is parked again."""
        replayed = await self._journal.replay_parked()
        self._wake()
        return ReplayView(replayed=replayed)

    @route(
        "POST",
        "/api/v1/webhooks/parked/{entry_id}/replay",
        access="admin",
        tag="webhooks",
        problems=(ParkedWebhookNotFound,),
    )
    async def replay_one(self, entry_id: str) -> ReplayView:
        """Apply one parked webhook once more."""
        if not await self._journal.replay_one(entry_id):
            raise ParkedWebhookNotFound
        self._wake()
        return ReplayView(replayed=1)


def _view(document: dict[str, Any]) -> ParkedView:
    parked = document["parked"]
    return ParkedView(
        id=str(document["_id"]),
        channel=document["channel"],
        received_at=document["received_at"],
        parked_at=parked["at"],
        events=[ParkedEventView(**event) for event in parked["events"]],
        accounts=[ParkedAccountView(**account) for account in parked["accounts"]],
    )
