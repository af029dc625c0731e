"""Takes a backup back into an empty database and an empty media folder, whole or not at all."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from gzip import GzipFile
from pathlib import Path

from app.backup.errors import BackupDamaged, BackupTooNew, OtherSecretKey
from app.backup.folder import collection_path, is_intact, object_path
from app.backup.making import Told, say_nothing
from app.backup.manifest import CollectionFile, Manifest, read_manifest
from inbox.clock import Clock
from inbox.media.files import MediaFiles
from inbox.mongo.client import Mongo
from inbox.mongo.migrations import MIGRATIONS
from inbox.mongo.snapshots import begin_restoring, end_restoring, fill, read_documents

_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoring:
    """Into `mongo`, which must be empty, and `media`. `told` hears of each part."""

    mongo: Mongo
    media: MediaFiles
    secret_keys: Sequence[bytes]
    clock: Clock
    told: Told = say_nothing

    async def back(self, folder: Path, *, other_key: bool = False) -> Manifest:
        """Restore what `folder` holds; everything is checked before anything is written.

        Cut short it may be repeated: until it is done, no service works with the database.

        Raises:
            NoBackup, BackupTooNew, BackupDamaged: it cannot be restored.
            OtherSecretKey: our keys do not open its secrets, and `other_key` does not allow that.
            NotEmpty: there is something in the database already.
        """
        manifest = read_manifest(folder)
        if set(manifest.migrations) - {one.number for one in MIGRATIONS}:
            raise BackupTooNew
        if not other_key and not manifest.is_of(self.secret_keys):
            raise OtherSecretKey
        for path, sha256 in _files(folder, manifest):
            if not is_intact(path, sha256):
                raise BackupDamaged(file=path.name)
        await begin_restoring(self.mongo, self.clock)
        for collection in manifest.collections:
            await self._collection(collection, folder)
        for sha256 in manifest.media or ():
            await self._object(object_path(folder, sha256), sha256)
        self.told("media", len(manifest.media or ()))
        await end_restoring(self.mongo)
        return manifest

    async def _collection(self, collection: CollectionFile, folder: Path) -> None:
        path = collection_path(folder, collection.name)
        with GzipFile(path, "rb") as stream:
            count = await fill(self.mongo, collection.name, read_documents(stream))
        if count != collection.documents:
            raise BackupDamaged(file=path.name)
        self.told(collection.name, count)

    async def _object(self, path: Path, sha256: str) -> None:
        aside, stored = await self.media.write_aside(_chunks(path))
        if stored.sha256 != sha256:
            await self.media.discard(aside)
            raise BackupDamaged(file=path.name)
        await self.media.settle(aside, stored)


def _files(folder: Path, manifest: Manifest) -> list[tuple[Path, str]]:
    """Every file of a backup and the hash that it must have."""
    files = [(collection_path(folder, one.name), one.sha256) for one in manifest.collections]
    return files + [(object_path(folder, sha256), sha256) for sha256 in manifest.media or ()]


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk
