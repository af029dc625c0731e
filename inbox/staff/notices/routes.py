"""The HTTP of what one person should know."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from inbox.conversations.reading.model import Time
from inbox.http.paging import Cursor, Limit, encode_cursor, time_and_id
from inbox.http.routing import Body, Routes, route
from inbox.staff.model import Actor
from inbox.staff.notices.model import NoticeKind
from inbox.staff.notices.store import PersonalNotices, notice_view


class PersonalNoticeView(BaseModel):
    """Something that one person was told by name; `data` holds what only this kind has."""

    id: str
    kind: NoticeKind
    at: Time
    read: bool
    bot_id: str | None
    conversation_id: str | None
    data: dict[str, Any]


class PersonalNoticePage(BaseModel):
    """Newest first; `unread` counts all of one's own, not only those of the page."""

    items: list[PersonalNoticeView]
    next_cursor: str | None
    unread: int


class ReadNotices(Body):
    """Which ones were read; without `ids` all of one's own."""

    ids: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=500)] | None = None


class PersonalNoticeRoutes(Routes):
    """One's own notices; nobody reads another's."""

    def __init__(self, notices: PersonalNotices) -> None:
        self._notices = notices

    @route("GET", "/api/v1/me/notices", access="staff", tag="session")
    async def page(
        self, actor: Actor, limit: Limit = 50, cursor: Cursor = None
    ) -> PersonalNoticePage:
        """What one was told by name: conversations given to one, customers who wait too long.

        New ones come as live frames `notice`. (`GET /api/v1/notices` is about accounts.)
        """
        found = await self._notices.page(actor.id, after=time_and_id(cursor), limit=limit + 1)
        shown = found[:limit]
        more = len(found) > limit
        return PersonalNoticePage(
            items=[PersonalNoticeView.model_validate(notice_view(one)) for one in shown],
            next_cursor=encode_cursor(shown[-1].at, shown[-1].id) if more else None,
            unread=await self._notices.count_unread(actor.id),
        )

    @route("POST", "/api/v1/me/notices/read", access="staff", tag="session", status=204)
    async def read(self, actor: Actor, body: ReadNotices) -> None:
        """Mark notices as read; those of others are left alone."""
        await self._notices.mark_read(actor.id, body.ids)
