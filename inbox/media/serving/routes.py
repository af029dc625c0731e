"""Media over HTTP: whoever has a signed link gets the bytes it was signed for, and nothing else."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated

from aiohttp import web
from pydantic import Field

from inbox.http.ranges import Content, RangeNotSatisfiable, send
from inbox.http.routing import Routes, route
from inbox.media.links import MediaLinkInvalid, MediaLinks, attachment_address, avatar_address
from inbox.media.naming import content_disposition
from inbox.media.serving.store import MediaReads
from inbox.media.serving.stored import MediaGone, MediaNotFound, Stored, StoredMedia

_Signed = Annotated[str, Field(max_length=100, description="as it stands in the link")]
_LONGEST_KEPT_S = 3600
"""A browser asks again after this, so that what was taken back does not stay for long."""


class MediaRoutes(Routes):
    """Copies of what customers sent, what we sent, and pictures of people."""

    def __init__(self, reads: MediaReads, stored: StoredMedia, links: MediaLinks) -> None:
        self._reads = reads
        self._stored = stored
        self._links = links

    @route(
        "GET",
        "/api/v1/media/{message_id}/{position}",
        access="public",
        tag="media",
        media_type="application/octet-stream",
        head=True,
        problems=(MediaLinkInvalid, MediaNotFound, MediaGone, RangeNotSatisfiable),
    )
    async def attachment(  # noqa: PLR0913 - the parts of a link, bound by name
        self,
        request: web.Request,
        message_id: str,
        position: str,
        *,
        variant: _Signed = "original",
        until: _Signed = "",
        signature: _Signed = "",
        download: bool = False,
    ) -> web.StreamResponse:
        """The bytes of an attachment, whole or a range of them.

        Messages hold such links in `url` and `thumbnail_url`. With `download`, a browser saves
        what it would show otherwise.
        """
        address = attachment_address(message_id, position, variant)
        left = self._links.check(address, until=until, signature=signature)
        message = await self._reads.message(message_id)
        if message is None:
            raise MediaNotFound
        find = self._stored.thumbnail_of if variant == "thumbnail" else self._stored.of
        stored = await find(message, int(position))
        return await self._send(request, stored, left, inline=stored.is_shown and not download)

    @route(
        "GET",
        "/api/v1/avatars/{customer_id}/{identity_id}",
        access="public",
        tag="media",
        media_type="application/octet-stream",
        head=True,
        problems=(MediaLinkInvalid, MediaNotFound, RangeNotSatisfiable),
    )
    async def avatar(
        self,
        request: web.Request,
        customer_id: str,
        identity_id: str,
        *,
        until: _Signed = "",
        signature: _Signed = "",
    ) -> web.StreamResponse:
        """The picture of a customer; `avatar_url` is the link to it."""
        address = avatar_address(customer_id, identity_id)
        left = self._links.check(address, until=until, signature=signature)
        avatar = await self._reads.avatar(customer_id, identity_id)
        if avatar is None:
            raise MediaNotFound
        stored = await self._stored.picture(avatar["sha256"])
        return await self._send(request, stored, left, inline=stored.kind == "image")

    async def _send(
        self, request: web.Request, stored: Stored, left: timedelta, *, inline: bool
    ) -> web.StreamResponse:
        async def open_part(start: int, end: int) -> AsyncIterator[bytes]:
            return await self._stored.open(stored, start, end)

        kept_s = min(_LONGEST_KEPT_S, int(left.total_seconds()))
        return await send(
            request,
            Content(
                etag=stored.sha256,
                size=stored.size,
                mime=stored.mime,
                disposition=content_disposition(stored.name, inline=inline),
                cache=f"private, max-age={kept_s}",
                open=open_part,
            ),
        )
