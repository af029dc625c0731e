"""Copies of customers' pictures, made when a profile has told where a new one is."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import structlog
from obstore.exceptions import BaseError

from inbox import metrics
from inbox.conversations.model import Channel
from inbox.media.copying.store import AvatarStore, CopyLost
from inbox.media.garbage.store import ObjectGone, Pin
from inbox.media.garbage.writing import ObjectWriter, StorageBusy
from inbox.media.sniffing import HEAD_BYTES, sniff
from inbox.media.source import MediaError, MediaRefused, MediaSource, MediaUnavailable
from inbox.mongo.due import Claimed

log = structlog.get_logger(__name__)

AT_ONCE = 10
MAX_AVATAR_BYTES = 2 * 1024 * 1024
MOST_ATTEMPTS = 8
"""Then the picture is left until a later profile tells of one."""
_PASSING = (MediaUnavailable, StorageBusy, ObjectGone, BaseError, OSError)


class AvatarCopying:
    """Copies due avatars; a customer without one is shown by their initials."""

    def __init__(self, store: AvatarStore, source: MediaSource, writer: ObjectWriter) -> None:
        self._store = store
        self._source = source
        self._writer = writer

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; the batch in hand is always finished first."""
        await self._store.due.keep_at(self.step, stop, full=AT_ONCE)

    async def step(self) -> int:
        """Claim due customers and copy their avatars; the number claimed."""
        claimed = await self._store.due.claim(AT_ONCE)
        await asyncio.gather(*(self._copy(one) for one in claimed))
        return len(claimed)

    async def _copy(self, claimed: Claimed) -> None:
        for identity in claimed.document["identities"]:
            url = identity.get("avatar_url")
            if not url or (identity.get("avatar") or {}).get("url") == url:
                continue
            try:
                avatar, pin = await self._take(identity["channel"], url)
                await self._keep(claimed, identity["id"], avatar, pin)
            except CopyLost:
                return
            except _PASSING as error:
                if claimed.attempts < MOST_ATTEMPTS:
                    await self._store.due.retry(claimed, type(error).__name__)
                    return
            except MediaError as error:
                log.info("an avatar will not be copied", reason=type(error).__name__)
        await self._store.due.finish(claimed)

    async def _take(self, channel: Channel, url: str) -> tuple[dict[str, Any], Pin]:
        async with self._source.fetch(channel, url, most_bytes=MAX_AVATAR_BYTES) as stream:
            stored, pin = await self._writer.write(_images(stream.chunks))
        _, mime = sniff(stored.head)
        return {"sha256": stored.sha256, "mime": mime, "url": url}, pin

    async def _keep(
        self, claimed: Claimed, identity_id: str, avatar: dict[str, Any], pin: Pin
    ) -> None:
        try:
            await self._store.keep(claimed, identity_id, avatar, pin)
        except (CopyLost, ObjectGone):
            await self._store.drop(pin)
            raise
        metrics.media_copies_total.labels("avatar").inc()


async def _images(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Raises MediaRefused: by its first bytes it is no image that browsers show."""
    head = bytearray()
    async for chunk in chunks:
        if len(head) < HEAD_BYTES:
            head += chunk
            if len(head) >= HEAD_BYTES:
                _check(head)
        yield chunk
    _check(head)


def _check(head: bytearray) -> None:
    kind, _ = sniff(bytes(head[:HEAD_BYTES]))
    if kind != "image":
        raise MediaRefused("not_an_image")
