"""The database handle: one client per process, transactions that are retried with jitter."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import UTC
from typing import Any, Self, TypeVar

from bson.codec_options import CodecOptions
from pymongo import AsyncMongoClient, ReadPreference, WriteConcern
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError, DuplicateKeyError, PyMongoError
from pymongo.read_concern import ReadConcern

Document = dict[str, Any]
Session = AsyncClientSession
Collection = AsyncCollection[Document]

_Result = TypeVar("_Result")

DEFAULT_TIMEOUT_MS = 5000
"""Every operation is cut after this long unless its caller asks for less."""
_MAX_TRIES = 12
_REPEAT_FOR_S = 5.0
"""No new try after this long: while the database is away its callers had better be told."""
_FIRST_PAUSE_S = 0.005
_LONGEST_PAUSE_S = 0.5
_DUPLICATE_KEY = 11000


class Mongo:
    """One database of one replica set. Times come back timezone-aware, in UTC."""

    def __init__(self, client: AsyncMongoClient[Document], name: str) -> None:
        self.client = client
        self.db: AsyncDatabase[Document] = client.get_database(
            name,
            codec_options=CodecOptions(tz_aware=True, tzinfo=UTC),
            write_concern=WriteConcern(w="majority", j=True),
            read_concern=ReadConcern("majority"),
        )

    @classmethod
    def connect(cls, uri: str, database: str, **options: Any) -> Self:
        """A handle for `uri`; the first operation connects. Majority, journaled writes."""
        settings: dict[str, Any] = {
            "tz_aware": True,
            "timeoutMS": DEFAULT_TIMEOUT_MS,
            "serverSelectionTimeoutMS": DEFAULT_TIMEOUT_MS,
            "appname": "chat-inbox",
            "retryWrites": True,
            "maxPoolSize": 40,
        }
        return cls(AsyncMongoClient(uri, **(settings | options)), database)

    def __getitem__(self, collection: str) -> Collection:
        return self.db[collection]

    async def transaction(self, work: Callable[[Session], Awaitable[_Result]]) -> _Result:
        """Run `work` in one transaction; repeat it whole when it collides with another.

        `work` must have no effect outside the database: it may run several times. A duplicate
        key that another transaction has just committed is such a collision too: the repeat
        reads it. Anything else is raised.
        """
        clock = asyncio.get_running_loop()
        give_up_at = clock.time() + _REPEAT_FOR_S
        async with self.client.start_session() as session:
            for attempt in range(1, _MAX_TRIES + 1):
                try:
                    return await self._attempt(session, work)
                except PyMongoError as error:
                    over = attempt == _MAX_TRIES or clock.time() > give_up_at
                    if over or not _may_repeat(error):
                        raise
                await asyncio.sleep(_jittered_pause_s(attempt))
        raise AssertionError("unreachable")

    async def _attempt(
        self, session: Session, work: Callable[[Session], Awaitable[_Result]]
    ) -> _Result:
        await session.start_transaction(
            read_concern=ReadConcern("snapshot"),
            write_concern=WriteConcern(w="majority", j=True),
            read_preference=ReadPreference.PRIMARY,
        )
        try:
            result = await work(session)
        except BaseException:
            if session.in_transaction:
                await session.abort_transaction()
            raise
        await self._commit(session)
        return result

    async def _commit(self, session: Session) -> None:
        try:
            await session.commit_transaction()
        except PyMongoError as error:
            if not error.has_error_label("UnknownTransactionCommitResult"):
                raise
            await session.commit_transaction()  # committing again is safe and tells the outcome

    async def close(self) -> None:
        await self.client.close()


def _may_repeat(error: PyMongoError) -> bool:
    return error.has_error_label("TransientTransactionError") or _is_duplicate_key(error)


def _is_duplicate_key(error: PyMongoError) -> bool:
    """Writes of many documents tell it in another way than a write of one."""
    if isinstance(error, BulkWriteError):
        return any(one["code"] == _DUPLICATE_KEY for one in error.details["writeErrors"])
    return isinstance(error, DuplicateKeyError)


def _jittered_pause_s(attempt: int) -> float:
    return random.uniform(0, min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2**attempt))  # noqa: S311
