"""GET /api/v1/live: the WebSocket that tells an open inbox what changes."""

from typing import Literal

from aiohttp import web

from inbox.config import LiveConfig
from inbox.errors import BadRequest
from inbox.http.routing import Routes, route
from inbox.live.hub import Hub
from inbox.live.socket import open_socket
from inbox.live.viewing.keeping import ViewerKeeping
from inbox.staff.model import Actor


class LiveRoutes(Routes):
    """Who may connect, and from which pages, is checked before the upgrade like any request."""

    def __init__(self, hub: Hub, config: LiveConfig, viewers: ViewerKeeping) -> None:
        self._hub = hub
        self._viewers = viewers
        self._heartbeat_s = config.heartbeat.total_seconds()

    @route(
        "GET",
        "/api/v1/live",
        access="staff",
        tag="live",
        status=101,
        media_type="",
        problems=(BadRequest,),  # no upgrade was asked for
    )
    async def follow(
        self,
        request: web.Request,
        actor: Actor,
        after: str | None = None,
        device: Literal["desktop", "phone"] = "desktop",
    ) -> web.StreamResponse:
        """Follow what changes, as a WebSocket.

        Each text message is one frame `{id, type, at, conversation_id, data}`, or an array of
        frames that happened together. The first is `hello`; its `id` is where the feed begins.
        Reconnect with `?after=` the id of the last frame: what was missed follows. `resync` means
        that this is not possible, so everything shown has to be read anew. `conversation_removed`
        means that the conversation is not visible any more. A person with an open connection is
        online; with `device=phone` they stay so for longer after it was cut.
        Send `{"type": "viewing", "conversation_id": id}` whenever another conversation is shown,
        with null for none, and again after connecting anew: colleagues are told who has it open
        (`viewers_changed`, whose `data.staff` is everybody who has).
        The server closes with 1001 (stopping) and 1013 (connect again) or 4401 (sign in again).
        """
        wire = await open_socket(request, heartbeat_s=self._heartbeat_s)
        client = self._hub.connect(actor, wire, after=after, by_phone=device == "phone")
        viewer = self._viewers.open(client)
        try:
            await self._hub.check(client)
            await wire.serve(viewer.hear)
        finally:
            self._hub.disconnect(client)
            await self._viewers.close(viewer)
        return wire.socket
