"""Brings files to Meta before they are sent: harmless to repeat, unlike a send."""

import re
from collections import OrderedDict

from channels.facebook import limits
from channels.facebook.client import GraphClient, PageAccess, Platform
from channels.http import FilePart
from inbox.ports import Outgoing, OutgoingFile
from inbox.text import fold

_KEPT = 500
_NOT_PLAIN = re.compile(r"[^a-z0-9._ ()-]")


class Uploading:
    """Uploads each part's file once in this process, however often its send is tried."""

    def __init__(self, client: GraphClient, platform: Platform) -> None:
        self._client = client
        self._platform = platform
        self._kept: OrderedDict[tuple[str, str], str] = OrderedDict()

    def kept(self, outgoing: Outgoing) -> str | None:
        """The attachment id of an earlier try."""
        return self._kept.get(_key(outgoing))

    def forget(self, outgoing: Outgoing) -> None:
        """Meta does not know the attachment any more."""
        self._kept.pop(_key(outgoing), None)

    async def upload(self, access: PageAccess, outgoing: Outgoing, file: OutgoingFile) -> str:
        """The attachment id; raises as `GraphClient`."""
        part = FilePart("filedata", plain_name(file.name), file.mime, file.size, file.read())
        attachment_id = await self._client.upload(access, self._platform, file.kind, part)
        self._kept[_key(outgoing)] = attachment_id
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return attachment_id


def plain_name(name: str) -> str:
    """Without accents, for names outside ASCII are not taken; a long one loses its beginning."""
    return _NOT_PLAIN.sub("_", fold(name))[-limits.FILE_NAME_CHARACTERS :]


def _key(outgoing: Outgoing) -> tuple[str, str]:
    return outgoing.account.key, outgoing.reference
