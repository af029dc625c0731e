"""What copying needs of the channels: a Protocol that `channels` implements and `app` plugs in."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from inbox.conversations.model import Channel


@dataclass(frozen=True, slots=True)
class MediaStream:
    """Media that is being fetched. `mime` and `size` (bytes) are the channel's word for it;
    `chunks` ends with the last byte, or raises MediaError.
    """

    mime: str | None
    size: int | None
    chunks: AsyncIterator[bytes] = field(repr=False, compare=False)


class MediaError(Exception):
    """Why media of a channel could not be fetched; `reason` is a word, never a link.

    MediaError
      MediaRefused      final: a host, an address, a size or a type that we do not take
        MediaTooLarge   it has more bytes than were asked for
      MediaGone         final: the channel does not have it any more, or its link has expired
      MediaUnavailable  passing: worth another try after `retry_after_s`
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class MediaRefused(MediaError):
    pass


class MediaTooLarge(MediaRefused):
    pass


class MediaGone(MediaError):
    pass


class MediaUnavailable(MediaError):
    def __init__(self, reason: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class MediaSource(Protocol):
    """Fetches media of messages and avatars by the links that channels give."""

    def fetch(
        self, channel: Channel, url: str, *, most_bytes: int
    ) -> AbstractAsyncContextManager[MediaStream]:
        """Open what is at `url`; leaving the context lets go of it, read or not.

        Raises:
            MediaRefused, MediaGone, MediaUnavailable: when entering, and while reading.
        """
        ...
