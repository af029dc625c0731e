"""The collection `notices`: what people were told by name."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from inbox.conversations.view import iso
from inbox.ids import random_id
from inbox.live.model import live_event
from inbox.mongo.client import Document, Mongo, Session
from inbox.staff.notices.model import NewNotice, PersonalNotice


class PersonalNotices:
    """`{_id, staff_id, kind, at, read, bot_id?, conversation_id?, data}`; they expire."""

    def __init__(self, mongo: Mongo) -> None:
        self._notices = mongo["notices"]
        self._events = mongo["live_events"]

    async def add(self, notices: Sequence[NewNotice], *, at: datetime, session: Session) -> None:
        """Keep notices and tell each to its person, in the transaction of what they tell of."""
        kept = [_document(one, at) for one in notices]
        if not kept:
            return
        await self._notices.insert_many(kept, session=session)
        events = [
            live_event(
                type="notice",
                at=at,
                staff_ids=[one["staff_id"]],
                conversation_id=one.get("conversation_id"),
                data=notice_view(_notice(one)),
            )
            for one in kept
        ]
        await self._events.insert_many(events, session=session)

    async def page(
        self, staff_id: str, *, after: tuple[datetime, str] | None, limit: int
    ) -> list[PersonalNotice]:
        """One's own, newest first; index (staff_id, -at, -_id)."""
        query: Document = {"staff_id": staff_id}
        if after is not None:
            at, id_ = after
            query["at"] = {"$lte": at}
            query["$or"] = [{"at": {"$lt": at}}, {"_id": {"$lt": id_}}]
        found = self._notices.find(query).sort([("at", -1), ("_id", -1)]).limit(limit)
        return [_notice(one) async for one in found]

    async def count_unread(self, staff_id: str) -> int:
        return await self._notices.count_documents({"staff_id": staff_id, "read": False})

    async def mark_read(self, staff_id: str, ids: Collection[str] | None) -> None:
        """One's own notices of these ids, or all of one's own (None), are read."""
        query: Document = {"staff_id": staff_id, "read": False}
        if ids is not None:
            query["_id"] = {"$in": list(ids)}
        await self._notices.update_many(query, {"$set": {"read": True}})


def notice_view(notice: PersonalNotice) -> dict[str, Any]:
    """A notice as the API and the live feed show it."""
    return {
        "id": notice.id,
        "kind": notice.kind,
        "at": iso(notice.at),
        "read": notice.read,
        "bot_id": notice.bot_id,
        "conversation_id": notice.conversation_id,
        "data": notice.data,
    }


def _document(notice: NewNotice, at: datetime) -> Document:
    document: Document = {
        "_id": random_id(),
        "staff_id": notice.staff_id,
        "kind": notice.kind,
        "at": at,
        "read": False,
        "data": notice.data,
    }
    for name in ("bot_id", "conversation_id"):
        if (value := getattr(notice, name)) is not None:
            document[name] = value
    return document


def _notice(document: Document) -> PersonalNotice:
    return PersonalNotice(
        id=document["_id"],
        staff_id=document["staff_id"],
        kind=document["kind"],
        at=document["at"],
        read=document["read"],
        bot_id=document.get("bot_id"),
        conversation_id=document.get("conversation_id"),
        data=document["data"],
    )
