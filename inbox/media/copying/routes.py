"""Asking over HTTP that an attachment be copied again whose copying has failed."""

import re

from inbox.errors import NotAllowed, NotFound
from inbox.http.routing import Routes, route
from inbox.media.copying.store import CopyStore
from inbox.staff.model import Actor

_NUMBER = re.compile(r"[0-9]{1,3}", re.ASCII)


class CopyingRoutes(Routes):
    """What staff can do about a copy."""

    def __init__(self, copies: CopyStore) -> None:
        self._copies = copies

    @route(
        "POST",
        "/api/v1/messages/{message_id}/media/{position}/copy",
        access="staff",
        tag="media",
        problems=(NotAllowed, NotFound),
    )
    async def copy(self, actor: Actor, message_id: str, position: str) -> None:
        """Try again to copy an attachment from its channel; what is copied stays as it is."""
        if not _NUMBER.fullmatch(position):
            raise NotFound
        await self._copies.try_again(message_id, int(position), actor)
