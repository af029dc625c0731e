"""The words of media: an upload, and the stored object that its bytes are in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

MediaKind = Literal["image", "video", "audio", "file"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that somebody sent under a name. Equal contents share one stored object.

    `name` is cleaned (see `naming`), `mime` and `kind` are what the bytes say, never what the
    client said; `size` in bytes; `sha256` is 64 hex digits.
    """

    id: str
    kind: MediaKind
    name: str
    size: int
    mime: str
    sha256: str
    staff_id: str
    at: datetime
