"""Stored objects: bytes under the hash of their content, in a folder or any other object store."""

import hashlib
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore

from inbox.ids import random_id
from inbox.media.sniffing import HEAD_BYTES

_PART_BYTES = 1024 * 1024
"""Bytes held per part while writing and reading; a file is never whole in memory."""
_PARTS_AT_ONCE = 2
_OBJECTS, _INCOMING = "objects", "incoming"
_LISTED_AT_ONCE = 500


class StorageFailed(OSError):
    """The storage cannot be reached, or refuses us."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What was written: its content's hash, its size in bytes, and its first bytes."""

    sha256: str
    size: int
    head: bytes


class MediaFiles:
    """Objects named by the hash of their content, so equal content is kept once.

    Content is written aside and then moved there: nobody ever reads half a file. On S3 moving is
    copying and deleting, which a crash may cut in two: what stays aside is swept later.

    `part_bytes` is how much is written at a time; S3 takes no parts below 5 MiB.
    """

    def __init__(self, store: ObjectStore, *, part_bytes: int = _PART_BYTES) -> None:
        self._store = store
        self._part_bytes = part_bytes

    @classmethod
    def in_folder(cls, folder: Path) -> "MediaFiles":
        """Objects as files under `folder`, which is made if it is missing."""
        return cls(LocalStore(folder, mkdir=True))

    async def write_aside(self, chunks: AsyncIterator[bytes]) -> tuple[str, StoredFile]:
        """Write what `chunks` yields where nobody reads it; the place, and what it is.

        When `chunks` raises, nothing is kept and the error goes on.
        """
        digest, head, size = hashlib.sha256(), bytearray(), 0

        async def seen() -> AsyncIterator[bytes]:
            nonlocal size
            async for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                head.extend(chunk[: HEAD_BYTES - len(head)])
                yield chunk

        aside = f"{_INCOMING}/{random_id()}"
        await obstore.put_async(
            self._store, aside, seen(), chunk_size=self._part_bytes, max_concurrency=_PARTS_AT_ONCE
        )
        return aside, StoredFile(digest.hexdigest(), size, bytes(head))

    async def settle(self, aside: str, stored: StoredFile) -> None:
        """Move what was written aside to where it is read."""
        await obstore.rename_async(self._store, aside, _path(stored.sha256))

    async def discard(self, aside: str) -> None:
        """Forget what was written aside; harmless when it is gone."""
        await self._delete(aside)

    async def delete(self, sha256: str) -> None:
        """Delete an object, which nothing may refer to; harmless when it is gone."""
        await self._delete(_path(sha256))

    async def _delete(self, path: str) -> None:
        try:
            await obstore.delete_async(self._store, path)
        except FileNotFoundError:
            return

    async def open(self, sha256: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes at `start` <= position < `end` of an object; at least one.

        Raises:
            FileNotFoundError: there is no such object.
            StorageFailed: the storage does not answer; the stream may raise it as well.
        """
        try:
            found = await obstore.get_async(
                self._store, _path(sha256), options={"range": (start, end)}
            )
        except BaseError as error:
            raise StorageFailed from error
        return _as_bytes(found.stream(min_chunk_size=_PART_BYTES))

    async def size(self, sha256: str) -> int:
        """Bytes of an object. Raises FileNotFoundError, StorageFailed."""
        try:
            found = await obstore.head_async(self._store, _path(sha256))
        except BaseError as error:
            raise StorageFailed from error
        return found["size"]

    async def objects(self, before: datetime) -> AsyncIterator[list[str]]:
        """The hashes of all objects that were written before a time, in batches."""
        async for paths in self._listed(_OBJECTS, before):
            yield [path.rpartition("/")[2] for path in paths]

    async def left_aside(self, before: datetime) -> AsyncIterator[list[str]]:
        """What was written aside before a time and never moved, in batches."""
        async for paths in self._listed(_INCOMING, before):
            yield paths

    async def _listed(self, prefix: str, before: datetime) -> AsyncIterator[list[str]]:
        listed = obstore.list(self._store, prefix, chunk_size=_LISTED_AT_ONCE)
        async for page in listed:
            yield [one["path"] for one in page if one["last_modified"] < before]


async def _as_bytes(stream: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    try:
        async for chunk in stream:
            yield bytes(chunk)
    except BaseError as error:
        raise StorageFailed from error


def _path(sha256: str) -> str:
    return f"{_OBJECTS}/{sha256[:2]}/{sha256}"
