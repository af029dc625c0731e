"""Frames as bytes, made once and written to every client: JSON inside a WebSocket text frame."""

import struct
from collections.abc import Sequence

import orjson

from inbox.live.model import Frame

_FINAL_TEXT = 0x81
_LONGEST_7_BIT = 125
_LONGEST_16_BIT = 0xFFFF


def frame_json(frame: Frame) -> bytes:
    """`frame` as the JSON object that clients read."""
    return orjson.dumps(frame, option=orjson.OPT_UTC_Z)


def text_message(frames: Sequence[bytes]) -> bytes:
    """The bytes of one unmasked WebSocket text message: one frame as an object, more as an array.

    Server frames are not masked and compression is off, so the same bytes serve every client.

    Source: https://www.rfc-editor.org/rfc/rfc6455#section-5.2
    """
    payload = frames[0] if len(frames) == 1 else b"[" + b",".join(frames) + b"]"
    size = len(payload)
    if size <= _LONGEST_7_BIT:
        header = struct.pack("!BB", _FINAL_TEXT, size)
    elif size <= _LONGEST_16_BIT:
        header = struct.pack("!BBH", _FINAL_TEXT, 126, size)
    else:
        header = struct.pack("!BBQ", _FINAL_TEXT, 127, size)
    return header + payload
