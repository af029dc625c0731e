"""Files that an OA uploads before it sends them: limits, and ids that live for seven days.

Source: https://developers.zalo.me/docs/official-account/tin-nhan/upload-anh
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.demo.ledger import ReceivedFile
from app.demo.openapi.errors import ZaloError
from app.demo.world import Json, World

ID_LIVES = timedelta(days=7)
_MEGABYTE = 1024 * 1024
_MOST_BYTES = {"image": _MEGABYTE, "gif": 5 * _MEGABYTE, "file": 5 * _MEGABYTE}
_EXTENSIONS = {
    "image": ("jpg", "jpeg", "png"),
    "gif": ("gif",),
    "file": ("pdf", "doc", "docx", "csv"),
}


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file of an OA and where it is served."""

    oa_id: str
    kind: str
    file: ReceivedFile
    url: str
    md5: str
    until: datetime


class OaUploads:
    """Keeps what was uploaded, for the OA that uploaded it."""

    def __init__(self, world: World, serve: Callable[[str, str, bytes], str]) -> None:
        """`serve` takes (name, MIME type, bytes) and gives the address where they are served."""
        self._world = world
        self._serve = serve
        self._kept: dict[str, Uploaded] = {}

    def take(self, oa_id: str, kind: str, name: str, mime: str, content: bytes) -> Json:
        """POST /v2.0/oa/upload/{kind}: its id; nothing for a name with another extension.

        Raises:
            ZaloError: -210 it is too large, -201 it is empty or of no kind.
        """
        if kind not in _MOST_BYTES or not content:
            raise ZaloError(-201)
        if len(content) > _MOST_BYTES[kind]:
            raise ZaloError(-210)
        if name.rpartition(".")[2].lower() not in _EXTENSIONS[kind]:
            return {}
        digest = hashlib.sha256(content).hexdigest()
        url = self._serve(name, mime, content)
        upload_id = self._world.new_hex(40)
        self._kept[upload_id] = Uploaded(
            oa_id,
            kind,
            ReceivedFile(kind, name, len(content), digest, url),
            url,
            hashlib.md5(content, usedforsecurity=False).hexdigest(),
            self._world.clock.now() + ID_LIVES,
        )
        return {"token" if kind == "file" else "attachment_id": upload_id}

    def find(self, oa_id: str, upload_id: object) -> Uploaded:
        """Raises ZaloError: -100, there is no such upload of this OA, or it is too old."""
        found = self._kept.get(upload_id) if isinstance(upload_id, str) else None
        if found is None or found.oa_id != oa_id or found.until <= self._world.clock.now():
            raise ZaloError(-100)
        return found
