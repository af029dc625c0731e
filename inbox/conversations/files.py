"""Files of ours on their way to a channel: what was uploaded, read anew for each try."""

from collections.abc import AsyncIterator

from inbox.conversations.sheet import Document
from inbox.media.model import Upload
from inbox.media.uploads import UploadNotFound, Uploads
from inbox.ports import OutgoingFile, SendRefused


class FileGone(SendRefused):
    """Its bytes are not there any more."""

    code = "file_gone"
    vi = "Tệp đính kèm không còn trên máy chủ."
    en = "The attached file is not on the server any more."


def outgoing_file(uploads: Uploads, upload: Upload) -> OutgoingFile:
    async def read() -> AsyncIterator[bytes]:
        async for chunk in await uploads.open(upload, 0, upload.size):
            yield chunk

    return OutgoingFile(upload.kind, upload.name, upload.size, upload.mime, read)


def attachment_of(upload: Upload) -> Document:
    """An upload as an attachment of a stored message."""
    return {
        "kind": upload.kind,
        "name": upload.name,
        "size": upload.size,
        "mime": upload.mime,
        "url": None,
        "thumbnail_url": None,
        "data": {},
        "upload_id": upload.id,
    }


async def stored_file(uploads: Uploads, attachment: Document) -> OutgoingFile:
    """The file of a stored message, whose bytes are known to be there.

    Raises:
        FileGone: they are not (a database that was restored without its media).
    """
    try:
        upload = await uploads.get(attachment["upload_id"])
        await uploads.open(upload, 0, 1)
    except UploadNotFound as error:
        raise FileGone from error
    return outgoing_file(uploads, upload)
