"""Makes a backup while the service runs: the database first, then the media that it names."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from gzip import GzipFile
from pathlib import Path

from app.backup.folder import (
    begin,
    collection_path,
    create,
    delete,
    object_path,
    publish,
    sha256_of,
)
from app.backup.manifest import FILE, CollectionFile, Manifest, key_mark
from app.data_lock import write_private
from inbox.clock import Clock
from inbox.media.files import MediaFiles
from inbox.mongo.client import Mongo
from inbox.mongo.migrations import MIGRATIONS, pending
from inbox.mongo.snapshots import Snapshot, snapshot

_FAST = 1
"""Level of compression: BSON shrinks to a quarter already."""
_AHEAD = timedelta(days=1)
"""Clocks differ; every object that is there is older than this from now."""

Told = Callable[[str, int], None]


def say_nothing(_what: str, _count: int) -> None:
    """Who is not interested in how far a backup is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """`media` None: stored objects are left out (they are kept safe in another way).

    `told` hears of each part, and how many documents or objects it holds.
    """

    mongo: Mongo
    media: MediaFiles | None
    secret_keys: Sequence[bytes]
    clock: Clock
    told: Told = say_nothing

    async def into(self, folder: Path) -> Manifest:
        """Write a backup to `folder`, which appears when it is complete and not before.

        Media may be deleted while they are copied; they are counted as missing.

        Raises:
            FolderInUse: there is something already. SnapshotTooOld: it took too long.
        """
        part = begin(folder)
        made_at = self.clock.now()
        waiting = {one.number for one in await pending(self.mongo)}
        async with snapshot(self.mongo) as taken:
            collections = [
                await self._collection(taken, name, part) for name in await taken.names()
            ]
        media, missing = await self._media(part, made_at)
        manifest = Manifest(
            made_at=made_at,
            migrations=[one.number for one in MIGRATIONS if one.number not in waiting],
            keys=[key_mark(key) for key in self.secret_keys],
            collections=collections,
            media=media,
            missing=missing,
        )
        write_private(part / FILE, manifest.model_dump_json(indent=1))
        publish(part, folder)
        return manifest

    async def _collection(self, taken: Snapshot, name: str, part: Path) -> CollectionFile:
        path = collection_path(part, name)
        count = 0
        with create(path) as raw, GzipFile(fileobj=raw, mode="wb", compresslevel=_FAST) as zipped:
            async for document in taken.documents(name):
                zipped.write(document)
                count += 1
        self.told(name, count)
        return CollectionFile(name=name, documents=count, sha256=sha256_of(path))

    async def _media(self, part: Path, made_at: datetime) -> tuple[list[str] | None, int]:
        if self.media is None:
            return None, 0
        kept: list[str] = []
        missing = 0
        async for hashes in self.media.objects(made_at + _AHEAD):
            for sha256 in hashes:
                if await self._object(self.media, sha256, part):
                    kept.append(sha256)
                else:
                    missing += 1
        self.told("media", len(kept))
        return sorted(kept), missing

    async def _object(self, media: MediaFiles, sha256: str, part: Path) -> bool:
        """Copy one object; False when it is gone, or is not what its name says."""
        path = object_path(part, sha256)
        digest = hashlib.sha256()
        try:
            size = await media.size(sha256)
            with create(path) as file:
                if size:
                    async for chunk in await media.open(sha256, 0, size):
                        digest.update(chunk)
                        file.write(chunk)
        except FileNotFoundError:
            delete(path)
            return False
        if digest.hexdigest() != sha256:
            delete(path)
            return False
        return True
