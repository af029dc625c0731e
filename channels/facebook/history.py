"""Reads conversations of a page or an Instagram account back: implements MessageSource.

Source: https://developers.facebook.com/docs/messenger-platform/conversations
"""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog

from channels.facebook import limits
from channels.facebook.access import PageAccounts
from channels.facebook.answers import JsonObject
from channels.facebook.client import GraphClient, PageAccess, Platform, objects
from channels.facebook.failures import GraphError, MessageInvalid, failure_of
from channels.facebook.retelling import Retold, Span, person_of, retold
from channels.facebook.times import moment
from channels.facebook.traffic import HISTORY, Traffic
from channels.http import MaybeSent, NotSent
from inbox.ports import (
    AccountRef,
    HistoryStep,
    SendError,
    SendRefused,
    SendUnavailable,
    SendUncertain,
)

log = structlog.get_logger(__name__)

CONVERSATIONS_PER_CALL = 25
FEWER_PER_CALL = 5
"""When Graph says that it cannot answer: usually it is asked for too much at once."""
OLDER_PER_CALL = 100
MOST_OLDER_CALLS = 20
"""Per conversation, to learn which messages are beyond the readable ones."""
_CANNOT = 1
_FIELDS: Mapping[Platform, str] = {
    "messenger": "id,created_time,from,message,attachments,sticker,shares,reply_to",
    "instagram": "id,created_time,from,message,attachments,shares,reply_to,story,is_unsupported",
}


@dataclass(frozen=True, slots=True)
class _Place:
    """How far the conversations were read. They are listed newest first, and one that somebody
    writes in while we read moves to the top, past us: so when a pass took several calls, another
    one reads what has changed since it began (`top`), until a pass takes one call.
    """

    floor: datetime
    top: datetime | None = None
    after: str | None = None
    calls: int = 0
    over: bool = False

    @classmethod
    def of(cls, resume: Mapping[str, Any] | None, span: Span) -> "_Place":
        if resume is None:
            return cls(span.since)
        return cls(
            moment(resume.get("floor")) or span.since,
            moment(resume.get("top")),
            resume.get("after"),
            resume.get("calls", 0),
            resume.get("over", False),
        )

    def json(self) -> dict[str, Any]:
        return {
            "floor": self.floor.isoformat(),
            "top": None if self.top is None else self.top.isoformat(),
            "after": self.after,
            "calls": self.calls,
            "over": self.over,
        }

    def behind(self, rows: list[JsonObject], cursor: str | None) -> "_Place":
        """The place after a page of conversations; `cursor` is None at the end of the list."""
        times = [at for row in rows if (at := moment(row.get("updated_time"))) is not None]
        top = self.top if self.calls else max(times, default=None)
        reached_floor = any(at < self.floor for at in times)
        if cursor is not None and not reached_floor and rows:
            return replace(self, top=top, after=cursor, calls=self.calls + 1)
        if self.calls == 0 or top is None:
            return replace(self, over=True)
        return _Place(top)


class FacebookHistory:
    """One for Messenger and one for Instagram, at the rate that Meta allows for reading."""

    def __init__(
        self, platform: Platform, client: GraphClient, accounts: PageAccounts, traffic: Traffic
    ) -> None:
        self._platform: Platform = platform
        self._client = client
        self._accounts = accounts
        self._traffic = traffic

    async def history(
        self,
        account: AccountRef,
        since: datetime,
        until: datetime,
        *,
        resume: Mapping[str, Any] | None = None,
    ) -> AsyncGenerator[HistoryStep, None]:
        """See MessageSource. Of each conversation the newest twenty messages are told.

        Public comments are not in it, nor reactions, edits, receipts and what was unsent.
        """
        span = Span.of(since, until)
        place = _Place.of(resume, span)
        access = await self._accounts.access(account)
        begun_again = False
        while not place.over:
            try:
                page = await self._conversations(access, account, place)
            except MessageInvalid:
                if place.after is None or begun_again:
                    raise
                log.info("a place in the history is not known any more", account=account.key)
                place, begun_again = replace(place, after=None, calls=0), True
                continue
            rows = objects(page.get("data"))
            pieces: list[Retold] = []
            for row in rows:
                if not _is_fresh(row, place.floor):
                    continue
                piece, older = self._newest(account, access, row, span)
                pieces.append(piece)
                async for step in self._older(account, access, row, span, older):
                    yield replace(step, resume=place.json())
            cursor = _cursor(page)
            repeats = cursor is not None and cursor == place.after
            place = place.behind(rows, None if repeats else cursor)
            yield HistoryStep(
                tuple(message for piece in pieces for message in piece.messages),
                place.json(),
                tuple(mid for piece in pieces for mid in piece.unreadable),
                "platform_repeats" if repeats else None,
            )

    def _newest(
        self, account: AccountRef, access: PageAccess, row: JsonObject, span: Span
    ) -> tuple[Retold, str | None]:
        """The messages that came with a conversation; where older ones are, if any are wanted."""
        found = row.get("messages")
        messages: JsonObject = found if isinstance(found, dict) else {}
        rows = objects(messages.get("data"))
        piece = retold(account, _person(row, account, access), rows, span)
        is_all = piece.reached_start or len(rows) < limits.READABLE_MESSAGES
        return piece, None if is_all else _cursor(messages, full=True)

    async def _older(
        self,
        account: AccountRef,
        access: PageAccess,
        row: JsonObject,
        span: Span,
        after: str | None,
    ) -> AsyncGenerator[HistoryStep, None]:
        """What is wanted beyond the newest: mostly ids and times alone."""
        calls = 0
        while after is not None:
            if calls == MOST_OLDER_CALLS:
                yield HistoryStep((), {}, incomplete="long_conversation")
                return
            calls += 1
            query = {
                "fields": _FIELDS[self._platform],
                "limit": str(OLDER_PER_CALL),
                "after": after,
            }
            try:
                found = await self._get(account.key, access, f"{row.get('id')}/messages", query)
            except SendRefused:  # this conversation alone
                yield HistoryStep((), {}, incomplete="conversation_refused")
                return
            rows = objects(found.get("data"))
            piece = retold(account, _person(row, account, access), rows, span)
            yield HistoryStep(piece.messages, {}, piece.unreadable)
            following = _cursor(found)
            done = piece.reached_start or not rows or following == after
            after = None if done else following

    async def _conversations(
        self, access: PageAccess, account: AccountRef, place: _Place
    ) -> JsonObject:
        messages = f"messages.limit({limits.READABLE_MESSAGES}){{{_FIELDS[self._platform]}}}"
        query = {
            "platform": self._platform,
            "fields": f"id,updated_time,participants,{messages}",
            "limit": str(CONVERSATIONS_PER_CALL),
        }
        if place.after is not None:
            query["after"] = place.after
        path = f"{access.page}/conversations"
        try:
            return await self._get(account.key, access, path, query)
        except SendUnavailable as error:
            if error.platform_code is None or error.platform_code.split("/")[0] != str(_CANNOT):
                raise
        query["limit"] = str(FEWER_PER_CALL)
        return await self._get(account.key, access, path, query)

    async def _get(
        self, key: str, access: PageAccess, path: str, query: Mapping[str, str]
    ) -> JsonObject:
        """One call of the Conversations API, in its turn; faults as the SendError tree."""
        await self._traffic.admit(key, HISTORY)
        try:
            found = await self._client.get(access, path, query)
        except (GraphError, NotSent, MaybeSent) as error:
            failure = _reading_error(error)
            self._traffic.note_reading(key, failure)
            raise failure from error
        self._traffic.note_reading(key, None)
        return found


def _reading_error(error: GraphError | NotSent | MaybeSent) -> SendError:
    """A call that changes nothing may be repeated: no answer only means to ask again."""
    if not isinstance(error, GraphError):
        return SendUnavailable(f"no answer: {error}")
    failure = failure_of(error.fault)
    if isinstance(failure, SendUncertain):
        return SendUnavailable(failure.reason, platform_code=failure.platform_code)
    return failure


def _is_fresh(row: JsonObject, floor: datetime) -> bool:
    updated = moment(row.get("updated_time"))
    return updated is None or updated >= floor


def _person(row: JsonObject, account: AccountRef, access: PageAccess) -> str | None:
    return person_of(row, {account.account_id, access.page})


def _cursor(edge: JsonObject, *, full: bool = False) -> str | None:
    """Where an edge goes on; None at its end.

    `full`: an edge inside another one has no link to its next page, a cursor is enough.
    """
    paging = edge.get("paging")
    if not isinstance(paging, dict) or not (full or paging.get("next")):
        return None
    cursors = paging.get("cursors")
    after = cursors.get("after") if isinstance(cursors, dict) else None
    return after if isinstance(after, str) and after else None
