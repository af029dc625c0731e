"""Files and copies of media, wired: where they are kept, who copies them, who deletes them."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from app.settings import Settings
from inbox.clock import Clock
from inbox.conversations.window import WindowRules
from inbox.http.routing import Routes
from inbox.media.copying.avatars import AvatarCopying
from inbox.media.copying.routes import CopyingRoutes
from inbox.media.copying.store import AvatarStore, CopyStore
from inbox.media.copying.taking import Taking
from inbox.media.copying.worker import Copying
from inbox.media.garbage.collecting import Collecting
from inbox.media.garbage.store import GarbageStore, StoredObjects
from inbox.media.garbage.writing import ObjectWriter
from inbox.media.source import MediaSource
from inbox.media.storage import media_files
from inbox.media.store import UploadStore
from inbox.media.thumbnails import Thumbnails
from inbox.media.uploads import Uploads
from inbox.mongo.client import Mongo

Loop = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


class MediaKeeping:
    """One per process. Without a `source` nothing is copied here, and what is due waits."""

    def __init__(
        self,
        settings: Settings,
        mongo: Mongo,
        clock: Clock,
        source: MediaSource | None,
        rules: WindowRules,
    ) -> None:
        config = settings.inbox.media
        self.files = media_files(config.storage, settings.app.data / "media")
        self.uploads = Uploads(UploadStore(mongo), self.files, clock, config)
        self._copies = CopyStore(mongo, clock, rules=rules)
        self._thumbnails = Thumbnails()
        objects = StoredObjects(mongo)
        self._collecting = Collecting(GarbageStore(mongo, clock), objects, self.files, clock)
        self.sweep = self._collecting.sweep
        self._loops: list[Loop] = [self._collecting.run]
        if source is not None:
            writer = ObjectWriter(self.files, objects, clock)
            taking = Taking(
                source,
                self.files,
                writer,
                self.uploads,
                self._thumbnails,
                most_bytes=config.max_copy_bytes,
            )
            copying = Copying(
                self._copies,
                taking,
                at_once=config.copies_at_once,
                most_attempts=config.copy_attempts,
            )
            avatars = AvatarCopying(AvatarStore(mongo, clock), source, writer)
            self._loops += [copying.run, avatars.run]

    def loops(self) -> Sequence[Loop]:
        """What works for as long as the process does."""
        return self._loops

    def tables(self) -> Sequence[Routes]:
        return (CopyingRoutes(self._copies),)

    def close(self) -> None:
        self._thumbnails.close()
