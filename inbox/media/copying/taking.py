"""Copying one thing: its bytes from the channel into the store, and what they turn out to be."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from inbox.conversations.model import Channel
from inbox.media.copying.model import Document, FailureReason, copied
from inbox.media.files import MediaFiles, StoredFile
from inbox.media.garbage.store import Pin
from inbox.media.garbage.writing import ObjectWriter
from inbox.media.model import MediaKind
from inbox.media.sniffing import sniff
from inbox.media.source import MediaError, MediaGone, MediaRefused, MediaSource, MediaTooLarge
from inbox.media.thumbnails import MAX_IMAGE_BYTES, NotAPicture, Thumbnails
from inbox.media.uploads import UploadNotFound, Uploads

_PAGES = frozenset({"text/html", "application/xhtml+xml"})
_AUDIO_IN_VIDEO = {"video/mp4": "audio/mp4", "video/webm": "audio/webm", "video/3gpp": "audio/3gpp"}
"""Containers of both: a voice message is told from a film by the channel alone."""
THUMBNAIL_SOURCE_BYTES = 8 * 1024 * 1024


IMAGES_IN_MEMORY = 2
"""Images that are held whole at a time: one is being decoded, one comes next."""


class NotTaken(Exception):
    """Final: there will be no copy of it."""

    def __init__(self, reason: FailureReason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Taken:
    """A `copy` whose bytes are in the store under `pins`, waiting to be referred to."""

    copy: Document
    pins: tuple[Pin, ...]
    size: int
    """Bytes that came from the channel."""


class Taking:
    """Brings what attachments are made of into our own store."""

    def __init__(
        self,
        source: MediaSource,
        files: MediaFiles,
        writer: ObjectWriter,
        uploads: Uploads,
        thumbnails: Thumbnails,
        *,
        most_bytes: int,
    ) -> None:
        self._source = source
        self._files = files
        self._writer = writer
        self._uploads = uploads
        self._thumbnails = thumbnails
        self._most_bytes = most_bytes
        self._in_memory = asyncio.Semaphore(IMAGES_IN_MEMORY)

    async def take(self, channel: Channel, attachment: Document) -> Taken:
        """The copy of an attachment.

        Raises:
            NotTaken: never. MediaUnavailable, StorageBusy: not now.
        """
        if attachment.get("upload_id") is not None:
            return await self._of_upload(attachment)
        try:
            stored, pin = await self._download(channel, attachment, attachment["url"])
        except MediaError as error:
            raise _final(error) from None
        kind, mime = _described(stored, attachment["kind"])
        pins = [pin]
        if kind == "image":
            thumbnail = await self._of_image(stored.sha256, stored.size, pins)
        else:
            thumbnail = await self._of_still(channel, attachment.get("thumbnail_url"), pins)
        shape = copied(
            sha256=stored.sha256, size=stored.size, mime=mime, kind=kind, thumbnail=thumbnail
        )
        return Taken(shape, tuple(pins), stored.size)

    async def _of_upload(self, attachment: Document) -> Taken:
        """A file of ours is in the store already; only its thumbnail is new."""
        try:
            upload = await self._uploads.get(attachment["upload_id"])
        except UploadNotFound:
            raise NotTaken("upload_gone") from None
        pins: list[Pin] = []
        thumbnail = None
        if upload.kind == "image":
            try:
                thumbnail = await self._of_image(upload.sha256, upload.size, pins)
            except FileNotFoundError:  # a database that was restored without its media
                raise NotTaken("upload_gone") from None
        shape = copied(
            sha256=upload.sha256,
            size=upload.size,
            mime=upload.mime,
            kind=upload.kind,
            thumbnail=thumbnail,
        )
        return Taken(shape, tuple(pins), 0)

    async def _download(
        self, channel: Channel, attachment: Document, url: str
    ) -> tuple[StoredFile, Pin]:
        async with self._source.fetch(channel, url, most_bytes=self._most_bytes) as stream:
            if stream.mime in _PAGES and attachment["kind"] != "file":
                raise NotTaken("wrong_type")  # a page that says so instead of the picture
            return await self._writer.write(_some(stream.chunks))

    async def _of_image(self, sha256: str, size: int, pins: list[Pin]) -> Document | None:
        """The thumbnail of a stored image; None of one that is too large to be in memory."""
        if size > MAX_IMAGE_BYTES:
            return None
        async with self._in_memory:
            picture = await _joined(await self._files.open(sha256, 0, size))
            return await self._thumbnail(picture, pins)

    async def _of_still(
        self, channel: Channel, url: str | None, pins: list[Pin]
    ) -> Document | None:
        """The thumbnail of a film is the channel's still of it, if there is one."""
        if not url:
            return None
        try:
            async with self._source.fetch(
                channel, url, most_bytes=THUMBNAIL_SOURCE_BYTES
            ) as stream:
                still = await _joined(stream.chunks)
        except MediaError:
            return None  # the film is what counts
        return await self._thumbnail(still, pins)

    async def _thumbnail(self, picture: bytes, pins: list[Pin]) -> Document | None:
        """Kept like any object; None of what is no picture, or a broken one."""
        try:
            made = await self._thumbnails.make(picture)
        except NotAPicture:
            return None
        stored, pin = await self._writer.write(_once(made.content))
        pins.append(pin)
        return {"sha256": stored.sha256, "width": made.width, "height": made.height}


def _final(error: MediaError) -> Exception:
    """NotTaken for what will not change; the error itself for what may."""
    match error:
        case MediaTooLarge():
            return NotTaken("too_large")
        case MediaRefused():
            return NotTaken("refused")
        case MediaGone():
            return NotTaken("gone")
        case _:
            return error


def _described(stored: StoredFile, told: str) -> tuple[MediaKind, str]:
    """Kind and type by content; what the bytes do not say is a file without a type."""
    kind, mime = sniff(stored.head)
    if told == "audio" and mime in _AUDIO_IN_VIDEO:
        return "audio", _AUDIO_IN_VIDEO[mime]
    return kind, mime


async def _some(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Raises NotTaken: there is nothing."""
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        yield chunk
    if size == 0:
        raise NotTaken("empty")


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def _joined(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])
