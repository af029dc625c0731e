"""`python -m app backup` and `restore`: with the settings of the service, on its data."""

from dataclasses import dataclass
from pathlib import Path

from app.backup.making import Making, Told
from app.backup.manifest import Manifest
from app.backup.restoring import Restoring
from app.settings import Settings
from inbox.clock import SystemClock
from inbox.media.files import MediaFiles
from inbox.media.storage import media_files
from inbox.mongo.client import Mongo
from inbox.mongo.snapshots import UNLIMITED


@dataclass(frozen=True, slots=True)
class BackupCommand:
    """`uri` of the database; `told` hears of each part."""

    settings: Settings
    uri: str
    told: Told

    async def make(self, folder: Path, *, with_media: bool) -> Manifest:
        """Raises what `Making.into` does."""
        mongo = self._connect()
        try:
            making = Making(
                mongo=mongo,
                media=self._media() if with_media else None,
                secret_keys=self.settings.secret_keys(),
                clock=SystemClock(),
                told=self.told,
            )
            return await making.into(folder)
        finally:
            await mongo.close()

    async def restore(self, folder: Path, *, other_key: bool) -> Manifest:
        """Raises what `Restoring.back` does."""
        mongo = self._connect()
        try:
            restoring = Restoring(
                mongo=mongo,
                media=self._media(),
                secret_keys=self.settings.secret_keys(),
                clock=SystemClock(),
                told=self.told,
            )
            return await restoring.back(folder, other_key=other_key)
        finally:
            await mongo.close()

    def _connect(self) -> Mongo:
        return Mongo.connect(self.uri, self.settings.inbox.mongo.database, **UNLIMITED)

    def _media(self) -> MediaFiles:
        return media_files(self.settings.inbox.media.storage, self.settings.app.data / "media")
