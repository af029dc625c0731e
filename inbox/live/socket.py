"""The way to one client: an aiohttp WebSocket whose bytes are written without waiting."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from inbox.live.frames import frame_json, text_message
from inbox.live.model import Frame

MOST_BUFFERED = 64 * 1024
"""Bytes that may wait in the process for one client; beyond them it is behind."""
LARGEST_INCOMING = 4 * 1024
"""Bytes of a message that a client may send; a larger one closes its socket with 1009."""
_CLOSE_WAIT_S = 2.0
Hear = Callable[[dict[str, Any]], None]
_PONG = text_message([frame_json(Frame(id=None, type="pong"))])


class SocketWire:
    """Writes ready-made frames to the transport of a WebSocket.

    This is half the cost of `send_bytes`, which builds the same header for each client anew. It
    relies on frames being whole in one write, which holds as long as compression is off.
    """

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.Transport) -> None:
        self.socket = socket
        self._transport = transport
        self._close_with: asyncio.Future[tuple[int, bytes]] = (
            asyncio.get_running_loop().create_future()
        )

    @property
    def is_behind(self) -> bool:
        return self._transport.get_write_buffer_size() > MOST_BUFFERED

    def write(self, message: bytes) -> None:
        if not self.socket.closed and not self._transport.is_closing():
            self._transport.write(message)

    def close(self, code: int, reason: str) -> None:
        """Have `serve` end with this code. A peer that does not read is cut off instead."""
        if self.is_behind:
            self._transport.abort()
        if not self._close_with.done():
            self._close_with.set_result((code, reason.encode()))

    async def serve(self, hear: Hear) -> None:
        """Read until the client goes or `close` was called. Clients have little to say.

        `hear` is told of every JSON object but pings; it checks what is in it.
        """
        reading = asyncio.ensure_future(self._read(hear))
        either: set[asyncio.Future[Any]] = {reading, self._close_with}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reading
        if self._close_with.done():  # nobody reads now, so this waits for the peer's own close
            code, reason = self._close_with.result()
            await self.socket.close(code=code, message=reason, drain=False)
        if self.is_behind:
            self._transport.abort()  # a close would wait for the peer to read

    async def _read(self, hear: Hear) -> None:
        async for message in self.socket:
            told = _object(message.data) if message.type is WSMsgType.TEXT else {}
            if told.get("type") == "ping":
                self._pong()
            elif told:
                hear(told)

    def _pong(self) -> None:
        if not self.is_behind:
            self.write(_PONG)


async def open_socket(request: web.Request, *, heartbeat_s: float) -> SocketWire:
    """Upgrade `request`. A peer that does not answer a ping within half of `heartbeat_s` is closed.

    Raises:
        web.HTTPBadRequest: the request does not ask for a WebSocket.
    """
    transport = request.transport
    if transport is None:
        raise ConnectionResetError("the client has gone")
    socket = web.WebSocketResponse(
        timeout=_CLOSE_WAIT_S,
        heartbeat=heartbeat_s,
        compress=False,
        max_msg_size=LARGEST_INCOMING,
    )
    await socket.prepare(request)
    return SocketWire(socket, transport)


def _object(text: str) -> dict[str, Any]:
    """The JSON object that `text` is; empty for anything else, which is ignored."""
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return message if isinstance(message, dict) else {}
