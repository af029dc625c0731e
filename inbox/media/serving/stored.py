"""What is stored for an attachment: which object, how large, of what type, under which name."""

import mimetypes
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from inbox.errors import InboxError, NotFound, Unavailable
from inbox.media.files import MediaFiles, StorageFailed
from inbox.media.model import MediaKind
from inbox.media.naming import clean_name
from inbox.media.sniffing import HEAD_BYTES, sniff
from inbox.media.store import UploadStore

_VIETNAM = timezone(timedelta(hours=7))
_NAMES: Mapping[str, str] = {"image": "anh", "video": "video", "audio": "am-thanh", "file": "tep"}


class MediaNotFound(NotFound):
    """There is no such attachment, no copy of it, or its bytes are gone."""

    code = "media_not_found"
    vi = "Không tìm thấy tệp này."
    en = "There is no such file."


class MediaGone(InboxError):
    """The message was taken back or erased meanwhile."""

    code = "media_gone"
    status = 410
    vi = "Tin nhắn chứa tệp này đã bị thu hồi hoặc xoá."
    en = "The message with this file was taken back or deleted."


@dataclass(frozen=True, slots=True)
class Stored:
    """An object and what is said of it. `size` in bytes; `kind` and `mime` are what it is."""

    sha256: str
    size: int
    mime: str
    kind: MediaKind
    name: str

    @property
    def is_shown(self) -> bool:
        """Whether a browser may show it in place; everything else is downloaded."""
        return self.kind != "file" and self.mime.startswith(f"{self.kind}/")


class StoredMedia:
    """Finds the objects of attachments and opens them."""

    def __init__(self, files: MediaFiles, uploads: UploadStore) -> None:
        self._files = files
        self._uploads = uploads

    async def of(self, message: Mapping[str, Any], position: int) -> Stored:
        """Our copy of an attachment, or the upload that it is.

        Raises:
            MediaNotFound: there is no such attachment, or nothing of it is stored.
            MediaGone: the message was taken back.
        """
        if message.get("removed_at") is not None:
            raise MediaGone
        attachments = message.get("attachments") or ()
        if not 0 <= position < len(attachments):
            raise MediaNotFound
        attachment = attachments[position]
        copy = attachment.get("copy") or {}
        if copy.get("state") == "copied":
            name = _name(attachment, copy["kind"], copy["mime"], message["at"], position)
            return Stored(copy["sha256"], copy["size"], copy["mime"], copy["kind"], name)
        return await self._upload(attachment)

    async def _upload(self, attachment: Mapping[str, Any]) -> Stored:
        upload_id = attachment.get("upload_id")
        upload = None if upload_id is None else await self._uploads.get(upload_id)
        if upload is None:
            raise MediaNotFound
        return Stored(upload.sha256, upload.size, upload.mime, upload.kind, upload.name)

    async def thumbnail_of(self, message: Mapping[str, Any], position: int) -> Stored:
        """The small picture of an attachment.

        Raises:
            MediaNotFound, MediaGone: as `of`, or there is none.
        """
        original = await self.of(message, position)
        copy = message["attachments"][position].get("copy") or {}
        thumbnail = copy.get("thumbnail")
        if thumbnail is None:
            raise MediaNotFound
        small = await self.picture(thumbnail["sha256"])
        return replace(small, name=_with_type(original.name, small.mime))

    async def picture(self, sha256: str) -> Stored:
        """An object of which nothing but its name is known: its own bytes say what it is."""
        try:
            size = await self._files.size(sha256)
            head = b"".join([part async for part in await self._files.open(sha256, 0, HEAD_BYTES)])
        except FileNotFoundError as error:
            raise MediaNotFound from error
        except StorageFailed as error:
            raise Unavailable from error
        kind, mime = sniff(head)
        return Stored(sha256, size, mime, kind, _with_type("anh", mime))

    async def open(self, stored: Stored, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes at `start` <= position < `end`; at least one.

        Raises:
            MediaNotFound: they are not there.
            Unavailable: the storage does not answer.
        """
        try:
            return await self._files.open(stored.sha256, start, end)
        except FileNotFoundError as error:
            raise MediaNotFound from error
        except StorageFailed as error:
            raise Unavailable from error


def _name(attachment: Mapping[str, Any], kind: str, mime: str, at: datetime, position: int) -> str:
    """The name that its sender gave it, else one by kind and time: anh-20261122-100000-1.jpg."""
    if attachment.get("name"):
        return clean_name(attachment["name"])
    moment = at.astimezone(_VIETNAM).strftime("%Y%m%d-%H%M%S")
    return _with_type(f"{_NAMES[kind]}-{moment}-{position + 1}", mime)


def _with_type(name: str, mime: str) -> str:
    """`name` with the extension of its type, where that is known."""
    extension = mimetypes.guess_extension(mime) or ""
    return name if name.lower().endswith(extension) else f"{name}{extension}"
