"""The collection `live_events`: inserts, and the one change stream that each process watches."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from pymongo.asynchronous.change_stream import AsyncCollectionChangeStream
from pymongo.errors import PyMongoError

from inbox.live.model import LiveEvent, event_from_document
from inbox.mongo.client import Document, Mongo, Session
from inbox.mongo.failures import is_passing

_WAIT_MS = 1000
"""How long the server holds a question for news open; news ends the wait at once."""
_OPENED = "live_feed_opened"


class FeedInterrupted(Exception):
    """The database is away; watching may go on after the last token."""


class FeedLost(Exception):
    """The token cannot be continued from: events may have been missed."""


class Feed:
    """An open change stream. `token` is where it stands: hand it to `watch` to go on from there."""

    def __init__(self, stream: AsyncCollectionChangeStream[Document]) -> None:
        self._stream = stream
        self.token = _text(stream.resume_token)

    async def next(self) -> tuple[str, LiveEvent] | None:
        """The next event and its token, or None when a second passed without one.

        Events that are here already are returned without giving up control.

        Raises:
            FeedInterrupted: the connection broke and could not be resumed by the driver.
            FeedLost: the history after the last token is gone, or the collection was dropped.
        """
        try:
            change = await self._stream.try_next()
        except PyMongoError as error:
            raise _failure(error) from error
        if change is None:
            if not self._stream.alive:
                raise FeedLost("the watched collection was dropped")
            self.token = _text(self._stream.resume_token) or self.token
            return None
        self.token = token = change["_id"]["_data"]
        return token, event_from_document(change["fullDocument"])


class LiveStore:
    """Documents are made by `inbox.live.model.live_event`; the driver gives them their ids."""

    def __init__(self, mongo: Mongo) -> None:
        self._events = mongo["live_events"]
        self._marks = mongo["service_marks"]

    async def insert(
        self, documents: Sequence[dict[str, Any]], *, session: Session | None = None
    ) -> None:
        """Tell everybody who may know, once `session`'s transaction commits (now, without one)."""
        if documents:
            await self._events.insert_many(list(documents), session=session)

    @asynccontextmanager
    async def watch(self, after: str | None = None) -> AsyncIterator[Feed]:
        """Follow inserts from now on, or from after the token `after`.

        Tokens are the server's: they mean the same to every process. What happened before "now"
        can be read in the database from then on: nothing falls in between.

        Raises:
            FeedInterrupted, FeedLost: as `Feed.next` does.
        """
        try:
            stream = await self._events.watch(
                [{"$match": {"operationType": "insert"}}],
                resume_after=None if after is None else {"_data": after},
                max_await_time_ms=_WAIT_MS,
            )
        except PyMongoError as error:
            raise _failure(error) from error
        async with stream:
            if after is None:
                await self._until_readable()
            yield Feed(stream)

    async def _until_readable(self) -> None:
        """Majority reads lag behind: what came before a write that is acknowledged, they show."""
        try:
            await self._marks.update_one(
                {"_id": _OPENED}, {"$currentDate": {"at": True}}, upsert=True
            )
        except PyMongoError as error:
            raise _failure(error) from error


def _text(token: Any) -> str | None:
    return None if token is None else token["_data"]


def _failure(error: PyMongoError) -> FeedInterrupted | FeedLost:
    """Only what certainly passes is worth keeping the token for; to begin anew is always right."""
    if is_passing(error) or error.has_error_label("ResumableChangeStreamError"):
        return FeedInterrupted(type(error).__name__)
    return FeedLost(type(error).__name__)
