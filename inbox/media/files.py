"""Stored objects: bytes under the hash of their content, in a folder or any other object store."""

import hashlib
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import obstore
from obstore.store import LocalStore, ObjectStore

from inbox.ids import random_id
from inbox.media.sniffing import HEAD_BYTES

_PART_BYTES = 1024 * 1024
"""Bytes held per part while writing and reading; a file is never whole in memory."""
_PARTS_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What was written: its content's hash, its size in bytes, and its first bytes."""

    sha256: str
    size: int
    head: bytes


class MediaFiles:
    """Objects named by the hash of their content, so equal content is kept once.

    Content is written aside and then moved there: nobody ever reads half a file.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @classmethod
    def in_folder(cls, folder: Path) -> "MediaFiles":
        """Objects as files under `folder`, which is made if it is missing."""
        return cls(LocalStore(folder, mkdir=True))

    async def write(self, chunks: AsyncIterator[bytes]) -> StoredFile:
        """Store what `chunks` yields. When it raises, nothing is kept and the error goes on."""
        digest, head, size = hashlib.sha256(), bytearray(), 0

        async def seen() -> AsyncIterator[bytes]:
            nonlocal size
            async for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                head.extend(chunk[: HEAD_BYTES - len(head)])
                yield chunk

        aside = f"incoming/{random_id()}"
        await obstore.put_async(
            self._store, aside, seen(), chunk_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE
        )
        stored = StoredFile(digest.hexdigest(), size, bytes(head))
        await obstore.rename_async(self._store, aside, _path(stored.sha256))
        return stored

    async def open(self, sha256: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes at `start` <= position < `end` of an object; at least one.

        Raises:
            FileNotFoundError: there is no such object.
        """
        found = await obstore.get_async(self._store, _path(sha256), options={"range": (start, end)})
        return _as_bytes(found.stream(min_chunk_size=_PART_BYTES))

    async def size(self, sha256: str) -> int:
        """Bytes of an object. Raises FileNotFoundError."""
        found = await obstore.head_async(self._store, _path(sha256))
        return found["size"]


async def _as_bytes(stream: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    async for chunk in stream:
        yield bytes(chunk)


def _path(sha256: str) -> str:
    return f"objects/{sha256[:2]}/{sha256}"
