"""Whether a message of ours is in what Zalo says was written: by side, time and content."""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from channels.zalo.wire import optional_id, optional_text
from inbox.ports import Absent, Outgoing

_FROM_OA = "0"
_PICTURES = frozenset({"photo", "image", "gif"})
_STICKERS = frozenset({"sticker"})
_FILES = frozenset({"file"})

Row = Mapping[str, Any]


def find(rows: Sequence[Row], outgoing: Outgoing, since: datetime) -> str | Absent | None:
    """The id of the row that is this part, written at `since` or later; None when nothing tells.

    ABSENT when no row may be a text. Files may be listed in a way that we do not know.

    Of several with the same words the newest: the older ones were sent before this one, and are
    known. Of several pictures or files none, because nothing tells them apart.
    """
    since_ms = int(since.timestamp() * 1000)
    candidates = [row for row in rows if _is_ours(row, since_ms) and _is_like(row, outgoing)]
    by_words = outgoing.file is None and outgoing.part.sticker is None
    if not candidates and by_words and not outgoing.part.buttons:
        return Absent.ABSENT
    if not candidates or (len(candidates) > 1 and not by_words):
        return None
    return optional_id(max(candidates, key=lambda row: int(row["time"])).get("message_id"))


def _is_ours(row: Row, since_ms: int) -> bool:
    time_ms = optional_id(row.get("time")) or ""
    if not time_ms.isdecimal() or int(time_ms) < since_ms:
        return False
    return optional_id(row.get("src")) == _FROM_OA


def _is_like(row: Row, outgoing: Outgoing) -> bool:
    """The same words; for files, of which Zalo tells no content, the same kind."""
    kind = (optional_text(row.get("type")) or "").lower()
    if outgoing.part.sticker is not None:
        return kind in _STICKERS
    if outgoing.file is None:
        return _words(row.get("message")) == _words(outgoing.part.text)
    pictures = outgoing.file.mime.startswith("image/")
    return kind in (_PICTURES if pictures else _FILES)


def _words(text: Any) -> list[str]:
    return unicodedata.normalize("NFC", optional_text(text) or "").split()
