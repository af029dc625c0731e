"""Files of programs: fetched from the link they name, kept as uploads of ours."""

from collections.abc import AsyncIterator
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from channels.messenger_gateway.errors import GraphError, invalid
from channels.messenger_gateway.model import RemoteFiles
from channels.messenger_gateway.saying import MediaRef
from inbox.media.model import Upload
from inbox.media.source import MediaError, MediaTooLarge, MediaUnavailable
from inbox.media.uploads import Uploads

_FETCH_FAILED = 2018008
"""Meta's subcode for "failed to fetch the file from the url".
https://developers.facebook.com/docs/messenger-platform/error-codes"""


class ProgramFiles:
    """Keeps what programs send. Without `remote` nothing is fetched, and links are refused."""

    def __init__(self, uploads: Uploads, remote: RemoteFiles | None) -> None:
        self._uploads = uploads
        self._remote = remote

    async def upload_of(self, media: MediaRef, automation_id: str) -> Upload:
        """The upload that a message names.

        Raises:
            GraphError: the link cannot be fetched.
            UploadNotFound: an id that is none. UploadTooLarge, EmptyUpload, StorageBusy.
        """
        if media.upload_id is not None:
            return await self._uploads.get(media.upload_id)
        return await self._fetched(media.url or "", automation_id)

    async def keep(
        self, chunks: AsyncIterator[bytes], name: str | None, automation_id: str
    ) -> Upload:
        """Keep the file of a form. Raises UploadTooLarge, EmptyUpload, StorageBusy."""
        return await self._uploads.keep(chunks, name=name, staff_id=automation_id)

    async def _fetched(self, url: str, automation_id: str) -> Upload:
        if self._remote is None:
            raise _not_fetched("not_set_up")
        try:
            async with self._remote.fetch_public(url, most_bytes=self._uploads.max_bytes) as stream:
                return await self.keep(stream.chunks, _name_in(url), automation_id)
        except MediaTooLarge as error:
            raise invalid("Attachment size exceeds allowable limit", 2018047) from error
        except MediaUnavailable as error:
            raise _not_fetched(error.reason) from error
        except MediaError as error:
            raise _not_fetched(error.reason) from error


def _not_fetched(reason: str) -> GraphError:
    """`reason` is a word of inbox/media/source.py: the program learns why, and no more."""
    return GraphError(
        100, "Failed to fetch the file from the url", subcode=_FETCH_FAILED, own=reason
    )


def _name_in(url: str) -> str | None:
    """The last part of the path, which is what a browser would call the file."""
    try:
        return PurePosixPath(unquote(urlsplit(url).path)).name or None
    except ValueError:
        return None
