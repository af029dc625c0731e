"""A zip that is sent while it is being made: no file is whole in memory, none is lost in silence.

What cannot be put in is listed in a text file at the end, with the reason. Files go in with their
bytes as they are (deflate without compression: pictures are compressed already), because zip tools
that read from the front do not take plainly stored files whose size follows behind.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Literal
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import structlog

from inbox.customers.media.naming import Names
from inbox.errors import NotFound, Unavailable

log = structlog.get_logger(__name__)

Missing = Literal["not_found", "pending", "failed", "none", "gone", "unreadable", "broken"]

_VIETNAM = timezone(timedelta(hours=7))
_LIST_NAMES = {"vi": "Các tệp không có.txt", "en": "Missing files.txt"}
_REASONS: dict[str, dict[Missing, str]] = {
    "vi": {
        "not_found": "không tìm thấy",
        "pending": "chưa sao chép xong từ kênh",
        "failed": "không sao chép được từ kênh",
        "none": "không phải là tệp, hoặc kênh không cho lưu",
        "gone": "tin nhắn đã bị thu hồi hoặc xoá",
        "unreadable": "kho tệp đang bận, vui lòng thử lại",
        "broken": "bị lỗi khi đọc, tệp trong gói không đầy đủ",
    },
    "en": {
        "not_found": "not found",
        "pending": "not copied from the channel yet",
        "failed": "could not be copied from the channel",
        "none": "not a file, or the channel forbids to keep it",
        "gone": "the message was taken back or deleted",
        "unreadable": "the file storage is busy, please try again",
        "broken": "could not be read to its end, the file in this archive is cut off",
    },
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A file to put in. `size` in bytes; `open` raises NotFound or Unavailable."""

    name: str
    size: int
    at: datetime
    open: Callable[[], Awaitable[AsyncIterator[bytes]]]


class _Outlet:
    """What the zip writes to: it can only be written, and is emptied after every step."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits anywhere else."""

    def close(self) -> None:
        """Nothing is open."""

    def take(self) -> bytes:
        taken, self._parts = b"".join(self._parts), []
        return taken


class Archive:
    """The bytes of one zip. `language` is "vi" or "en", `listed` what is known to be missing."""

    def __init__(
        self,
        entries: Sequence[Entry],
        listed: Sequence[tuple[str, Missing]],
        *,
        language: str,
        now: datetime,
    ) -> None:
        self._entries = entries
        self._missing = list(listed)
        self._language = language
        self._now = now

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        list_name = _LIST_NAMES[self._language]
        names, outlet = Names(list_name), _Outlet()
        with ZipFile(outlet, "w", ZIP_DEFLATED) as archive:
            for entry in self._entries:
                async for chunk in self._put(archive, outlet, entry, names.unique(entry.name)):
                    yield chunk
            if self._missing:
                archive.writestr(_info(list_name, self._now), self._told())
        yield outlet.take()

    async def _put(
        self, archive: ZipFile, outlet: _Outlet, entry: Entry, name: str
    ) -> AsyncIterator[bytes]:
        try:
            content = await entry.open()
        except (NotFound, Unavailable) as error:
            reason: Missing = "not_found" if isinstance(error, NotFound) else "unreadable"
            self._missing.append((name, reason))
            return
        written = 0
        with archive.open(_info(name, entry.at), "w") as file:
            try:
                async for chunk in content:
                    written += file.write(chunk)
                    yield outlet.take()
            except OSError as error:
                log.warning("a stored file broke off", error=type(error).__name__)
        if written < entry.size:
            self._missing.append((name, "broken"))
        yield outlet.take()

    def _told(self) -> bytes:
        """Lines as Windows shows them, with the mark by which its editors know UTF-8."""
        reasons = _REASONS[self._language]
        lines = [f"{name}: {reasons[reason]}\r\n" for name, reason in self._missing]
        return "".join(lines).encode("utf-8-sig")


def _info(name: str, at: datetime) -> ZipInfo:
    """Zip keeps local time without a zone, from 1980 on; names go in as UTF-8."""
    local = at.astimezone(_VIETNAM)
    moment = (max(local.year, 1980), local.month, local.day, local.hour, local.minute, local.second)
    info = ZipInfo(name, moment)
    info.compress_type = ZIP_DEFLATED
    # called compress_level from Python 3.13 on, which knows the old name as well
    info._compresslevel = 0  # type: ignore[attr-defined]  # noqa: SLF001
    return info
