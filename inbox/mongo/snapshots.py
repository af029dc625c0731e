"""The whole database as it was at one moment, document by document, and back into an empty one."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, cast

import bson
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import OperationFailure, PyMongoError

from inbox.clock import Clock
from inbox.errors import Conflict, Unavailable
from inbox.mongo.client import Mongo, Session

LEFT_OUT = frozenset(
    {
        "account_traffic",
        "connect_flows",
        "leases",
        "live_events",
        "rate_buckets",
        "sessions",
        "sign_in_tries",
    }
)
"""What is only true while it lasts: who is signed in, who is at work, what is being told."""
UNLIMITED: dict[str, Any] = {"timeoutMS": 0}
"""Connection options for reading and writing everything: it takes as long as it takes."""
_RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
_BATCH_BYTES = 8 * 1024 * 1024
_BATCH = 1000
_HISTORY = "minSnapshotHistoryWindowInSeconds"
_KEPT_FOR = timedelta(hours=6)
"""For how long MongoDB is asked to remember how everything was when a backup began."""
_TOO_OLD = 239
_MARK = "restoring"


class SnapshotTooOld(Unavailable):
    """MongoDB has forgotten how it was when the backup began."""

    code = "snapshot_too_old"
    vi = (
        "Sao lưu quá lâu nên MongoDB không giữ được ảnh chụp dữ liệu. "
        "Tăng minSnapshotHistoryWindowInSeconds rồi làm lại."
    )
    en = (
        "The backup took longer than MongoDB remembers. "
        "Raise minSnapshotHistoryWindowInSeconds and start again."
    )


class NotEmpty(Conflict):
    """A restore only ever fills an empty database."""

    code = "database_not_empty"
    vi = "Cơ sở dữ liệu đích không trống (có {collection}); chỉ khôi phục vào cơ sở dữ liệu trống."
    en = "The database is not empty (there are {collection}); a restore needs an empty one."


class HalfRestored(Conflict):
    """A restore was cut short: what is there is not everything."""

    code = "half_restored"
    vi = "Lần khôi phục trước bị ngắt giữa chừng. Hãy chạy lại python -m app restore."
    en = "A restore was cut short. Run python -m app restore again."


class Snapshot:
    """The database as it was when this was opened; nobody's writes are held up."""

    def __init__(self, mongo: Mongo, session: Session) -> None:
        self._mongo = mongo
        self._session = session

    async def names(self) -> list[str]:
        """The collections that are kept, in the order of their names."""
        found = await self._mongo.db.list_collection_names()
        return sorted(
            name for name in found if name not in LEFT_OUT and not name.startswith("system.")
        )

    async def documents(self, name: str) -> AsyncIterator[bytes]:
        """Every document of a collection as BSON.

        Raises:
            SnapshotTooOld: it has taken too long.
        """
        collection = _raw(self._mongo, name)
        try:
            async for document in collection.find({}, session=self._session, batch_size=_BATCH):
                yield bytes(document.raw)
        except OperationFailure as error:
            if error.code == _TOO_OLD:
                raise SnapshotTooOld from error
            raise


def _raw(mongo: Mongo, name: str) -> AsyncCollection[RawBSONDocument]:
    """The same collection, read and written without being understood."""
    found = mongo.db.get_collection(name, codec_options=_RAW)
    return cast("AsyncCollection[RawBSONDocument]", found)


@asynccontextmanager
async def snapshot(mongo: Mongo) -> AsyncIterator[Snapshot]:
    """Open a snapshot of `mongo`, which is best connected with UNLIMITED.

    MongoDB keeps history for five minutes by default; where we may, we ask it for longer.
    """
    admin = mongo.client.admin
    before: Any = None
    try:
        answer = await admin.command({"getParameter": 1, _HISTORY: 1})
        before = answer[_HISTORY]
        longer = max(before, int(_KEPT_FOR.total_seconds()))
        await admin.command({"setParameter": 1, _HISTORY: longer})
    except PyMongoError:
        before = None  # not ours to set: a small database needs no more than five minutes
    try:
        async with mongo.client.start_session(snapshot=True) as session:
            await mongo["migrations"].find_one({}, session=session)  # the moment is now
            yield Snapshot(mongo, session)
    finally:
        if before is not None:
            await admin.command({"setParameter": 1, _HISTORY: before})


def read_documents(stream: Any) -> Iterator[RawBSONDocument]:
    """The documents of a stream of BSON. Raises bson.errors.InvalidBSON where it is cut off."""
    return bson.decode_file_iter(stream, codec_options=_RAW)


async def begin_restoring(mongo: Mongo, clock: Clock) -> None:
    """Mark the database as half full; what a restore that was cut short has left is dropped.

    Raises:
        NotEmpty: there is something that no restore has put there.
    """
    names = [one for one in await mongo.db.list_collection_names() if "system." not in one]
    if await is_half_restored(mongo):
        for name in names:
            if name != "service_marks":
                await mongo.db.drop_collection(name)
        await mongo["service_marks"].delete_many({"_id": {"$ne": _MARK}})
        return
    for name in sorted(names):
        if await mongo[name].find_one({}, {"_id": 1}) is not None:
            raise NotEmpty(collection=name)
    await mongo["service_marks"].insert_one({"_id": _MARK, "at": clock.now()})


async def end_restoring(mongo: Mongo) -> None:
    await mongo["service_marks"].delete_one({"_id": _MARK})


async def is_half_restored(mongo: Mongo) -> bool:
    return await mongo["service_marks"].find_one({"_id": _MARK}) is not None


async def refuse_half_restored(mongo: Mongo) -> None:
    """Raises HalfRestored: nobody may work with a part of what there was."""
    if await is_half_restored(mongo):
        raise HalfRestored


async def fill(
    mongo: Mongo,
    name: str,
    documents: Iterable[RawBSONDocument],
    told: Callable[[int], None] = lambda _: None,
) -> int:
    """Write documents into an empty collection as they were; how many. `told` of every batch."""
    collection = _raw(mongo, name)
    count, size = 0, 0
    batch: list[RawBSONDocument] = []
    for document in documents:
        batch.append(document)
        size += len(document.raw)
        if len(batch) >= _BATCH or size >= _BATCH_BYTES:
            await collection.insert_many(batch)
            count, size, batch = count + len(batch), 0, []
            told(count)
    if batch:
        await collection.insert_many(batch)
    return count + len(batch)
