"""Copies as the copying worker leaves them: bytes in the store, and what a message says of them."""

from collections.abc import AsyncIterator
from typing import Any

from inbox.media.copying.model import copied
from inbox.media.files import MediaFiles
from inbox.media.sniffing import sniff

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452") + b"\0" * 300
JPEG = bytes.fromhex("ffd8ffe000104a46494600010100") + b"\0" * 300
MP4 = bytes.fromhex("000000186674797069736f6d0000020069736f6d69736f32") + b"\0" * 2000
MP3 = b"ID3\x03\0\0\0\0\0\x21" + b"\0" * 300
PDF = b"%PDF-1.7\n" + b"x" * 300


async def put(files: MediaFiles, content: bytes) -> str:
    """Store `content`; its hash."""

    async def chunks() -> AsyncIterator[bytes]:
        yield content

    aside, stored = await files.write_aside(chunks())
    await files.settle(aside, stored)
    return stored.sha256


async def copy_of(
    files: MediaFiles, content: bytes, *, thumbnail: bytes | None = None
) -> dict[str, Any]:
    """The `copy` of an attachment whose bytes are `content`; they are stored."""
    small = None
    if thumbnail is not None:
        small = {"sha256": await put(files, thumbnail), "width": 320, "height": 320}
    kind, mime = sniff(content)
    sha256 = await put(files, content)
    return copied(sha256=sha256, size=len(content), mime=mime, kind=kind, thumbnail=small)
