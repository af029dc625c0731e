"""Uploading: bytes are streamed to the store, measured, and described by what they are."""

from collections.abc import AsyncIterator

from inbox.clock import Clock
from inbox.config import MediaConfig
from inbox.errors import FieldError, InvalidInput, NotFound, TooLarge
from inbox.ids import random_id
from inbox.media.files import MediaFiles
from inbox.media.garbage.writing import ObjectWriter
from inbox.media.model import Upload
from inbox.media.naming import clean_name
from inbox.media.sniffing import sniff
from inbox.media.store import UploadStore

_MIB = 1024 * 1024


class UploadTooLarge(TooLarge):
    """The file has more bytes than the service takes."""

    code = "upload_too_large"
    vi = "Tệp quá lớn, tối đa {max_mib} MB."
    en = "The file is too large, at most {max_mib} MB."

    def __init__(self, max_bytes: int) -> None:
        super().__init__(max_mib=f"{max_bytes / _MIB:g}")


class EmptyUpload(InvalidInput):
    """The file has no bytes."""

    code = "empty_upload"
    vi = "Tệp rỗng."
    en = "The file is empty."

    def __init__(self) -> None:
        super().__init__([FieldError("file", self.code, vi=self.vi, en=self.en)])


class UploadNotFound(NotFound):
    code = "upload_not_found"
    vi = "Không tìm thấy tệp."
    en = "There is no such file."


class Uploads:
    """Keeps what staff send and gives it back."""

    def __init__(
        self, store: UploadStore, files: MediaFiles, clock: Clock, config: MediaConfig
    ) -> None:
        self._store = store
        self._files = files
        self._writer = ObjectWriter(files, store.objects, clock)
        self._clock = clock
        self.max_bytes = config.max_upload_bytes

    async def keep(
        self, chunks: AsyncIterator[bytes], *, name: str | None, staff_id: str
    ) -> Upload:
        """Store a file under the name that its sender gave it.

        Raises:
            UploadTooLarge: it has more than `max_bytes`; reading stops there, nothing is kept.
            EmptyUpload: it has no bytes.
            StorageBusy: come again in some minutes.
        """
        stored, pin = await self._writer.write(self._measured(chunks))
        kind, mime = sniff(stored.head)
        upload = Upload(
            id=random_id(),
            kind=kind,
            name=clean_name(name),
            size=stored.size,
            mime=mime,
            sha256=stored.sha256,
            staff_id=staff_id,
            at=self._clock.now(),
        )
        await self._store.insert(upload, pin)
        return upload

    async def get(self, upload_id: str) -> Upload:
        """Raises UploadNotFound."""
        upload = await self._store.get(upload_id)
        if upload is None:
            raise UploadNotFound
        return upload

    async def open(self, upload: Upload, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes at `start` <= position < `end`; at least one.

        Raises:
            UploadNotFound: the bytes are gone (a database that was restored without its media).
        """
        try:
            return await self._files.open(upload.sha256, start, end)
        except FileNotFoundError as error:
            raise UploadNotFound from error

    async def _measured(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in chunks:
            size += len(chunk)
            if size > self.max_bytes:
                raise UploadTooLarge(self.max_bytes)
            yield chunk
        if size == 0:
            raise EmptyUpload
