"""What an account has missed, over HTTP; and reading an interval back on request."""

from datetime import datetime

from pydantic import BaseModel

from channels.backfill.model import (
    LONGEST_REQUEST,
    AccountNotConnected,
    GapRecord,
    GapState,
    Incomplete,
    bad_interval,
)
from channels.backfill.store import GapStore
from inbox.clock import Clock, to_milliseconds
from inbox.conversations.reading.model import Time
from inbox.conversations.view import iso
from inbox.http.paging import Cursor, Limit, Page, encode_cursor, time_and_id
from inbox.http.routing import Body, Routes, route
from inbox.staff.model import Actor


class BackfillBody(Body):
    """The interval [since, until); at most 30 days, and not longer ago. Times with their zone."""

    since: datetime
    until: datetime


class GapView(BaseModel):
    """An interval in which messages may have been missed.

    `reason`: "silence" (nobody was there), "refused" (we could not keep them), "request", or
    what else recorded it. `found` messages were in the platform's history, of which `new` had
    been missed; `unreadable` ones are there and are not told any more. `incomplete` says why
    not everything came back; `error` why it waits until `next_try_at`.
    """

    id: str
    since: Time
    until: Time
    reason: str
    state: GapState
    found: int
    new: int
    unreadable: int
    incomplete: list[Incomplete]
    platform_code: str | None
    filled_at: Time | None
    next_try_at: Time | None
    error: str | None


class BackfillRoutes(Routes):
    """For admins."""

    def __init__(self, store: GapStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    @route(
        "POST",
        "/api/v1/accounts/{key}/backfill",
        access="admin",
        tag="accounts",
        status=202,
        problems=(AccountNotConnected,),
    )
    async def request_backfill(self, actor: Actor, key: str, body: BackfillBody) -> GapView:
        """Read an interval back from the platform; what is here already stays as it is."""
        if await self._store.account(key) is None:
            raise AccountNotConnected
        since, until = self._checked(body)
        return gap_view(await self._store.request(key, since, until, actor))

    @route("GET", "/api/v1/accounts/{key}/gaps", access="admin", tag="accounts")
    async def gaps(self, key: str, limit: Limit = 50, cursor: Cursor = None) -> Page[GapView]:
        """What an account may have missed and what became of it, newest first."""
        found = await self._store.page(key, after=time_and_id(cursor), limit=limit + 1)
        shown = found[:limit]
        last = shown[-1] if len(found) > limit else None
        return Page(
            items=[gap_view(one) for one in shown],
            next_cursor=encode_cursor(last.since, last.id) if last else None,
        )

    def _checked(self, body: BackfillBody) -> tuple[datetime, datetime]:
        now = self._clock.now()
        for name, at in (("since", body.since), ("until", body.until)):
            if at.tzinfo is None:
                raise bad_interval(
                    name,
                    "no_time_zone",
                    vi="Thời điểm cần có múi giờ.",
                    en="A time needs its zone.",
                )
        since, until = to_milliseconds(body.since), to_milliseconds(min(body.until, now))
        if since >= until:
            raise bad_interval(
                "until",
                "interval_empty",
                vi="Thời điểm kết thúc phải sau thời điểm bắt đầu, và không ở tương lai.",
                en="The end must come after the beginning, which must not be in the future.",
            )
        if now - since > LONGEST_REQUEST:
            raise bad_interval(
                "since",
                "interval_too_long_ago",
                vi="Chỉ đọc lại được tin nhắn của 30 ngày gần nhất.",
                en="Only the last 30 days can be read back.",
            )
        return since, until


def gap_view(gap: GapRecord) -> GapView:
    return GapView(
        id=gap.id,
        since=iso(gap.since),
        until=iso(gap.until),
        reason=gap.reason,
        state=gap.state,
        found=gap.found,
        new=gap.new,
        unreadable=gap.unreadable,
        incomplete=list(gap.incomplete),
        platform_code=gap.platform_code,
        filled_at=None if gap.filled_at is None else iso(gap.filled_at),
        next_try_at=None if gap.next_try_at is None else iso(gap.next_try_at),
        error=gap.error,
    )
