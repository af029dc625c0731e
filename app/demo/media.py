"""Small pictures, a sound, a film and a document by their names: the demo needs no internet."""

import hashlib
import io
import math
import struct
import wave
import zlib
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from app.demo.film import FILM

Colour = tuple[int, int, int]
Paint = Callable[[float, float, Colour], Colour]

SIDE = 160
"""Pixels of a picture, in both directions."""

_WHITE: Colour = (250, 250, 248)
_INK: Colour = (60, 64, 72)
_TYPES = {"png": "image/png", "wav": "audio/wav", "mp4": "video/mp4", "pdf": "application/pdf"}
_WALL: Colour = (226, 228, 224)
_SOUND_RATE = 8000  # samples per second
_SOUND_SECONDS = 4


class _Box(NamedTuple):
    """A rectangle of a picture that is the same left and right; x from 0, y from -1 to 1."""

    left: float
    top: float
    right: float
    bottom: float

    def holds(self, x: float, y: float) -> bool:
        return self.left <= x < self.right and self.top <= y < self.bottom


_JACKET = (  # what lies on top comes first; the number is how bright it is
    (_Box(0.0, -0.55, 0.015, 0.7), 0.3),  # the zip
    (_Box(0.0, -0.55, 0.2, -0.35), 0.6),  # the collar
    (_Box(0.15, 0.2, 0.38, 0.25), 0.7),  # pockets
    (_Box(0.0, -0.55, 0.46, 0.7), 1.0),  # the body
    (_Box(0.44, -0.48, 0.74, 0.45), 0.9),  # sleeves
)
_FACE = 0.85
_SMILE = (_Box(0.22, -0.35, 0.38, -0.1), _Box(0.0, 0.42, 0.35, 0.5), _Box(0.35, 0.32, 0.43, 0.44))
_RECEIPT_HEAD = _Box(0.0, -1.0, 1.0, -0.7)
_RECEIPT_TEXT = _Box(0.0, -0.6, 0.8, 0.8)


def media_type(name: str) -> str | None:
    """The MIME type of a file that can be made, by the extension of its name; else None."""
    return _TYPES.get(name.rpartition(".")[2])


@lru_cache(maxsize=64)
def media_content(name: str) -> bytes:
    """The bytes of the file called `name`; always the same for the same name.

    Raises:
        KeyError: nothing of that type can be made.
    """
    makers = {"png": _picture, "wav": _sound, "mp4": _film, "pdf": _document}
    return makers[name.rpartition(".")[2]](name)


def _picture(name: str) -> bytes:
    paint = _jacket
    if name.startswith("sticker"):
        paint = _smile
    elif name.startswith("bien-lai"):
        paint = _receipt
    digest = hashlib.blake2b(name.encode(), digest_size=3).digest()
    main: Colour = (40 + digest[0] * 5 // 8, 40 + digest[1] * 5 // 8, 40 + digest[2] * 5 // 8)
    rows = bytearray()
    for y in range(SIDE):
        rows.append(0)  # this row is not filtered
        for x in range(SIDE):
            rows += bytes(paint(2 * x / SIDE - 1, 2 * y / SIDE - 1, main))
    return _png(bytes(rows))


def _png(rows: bytes) -> bytes:
    """A true-colour PNG of SIDE x SIDE pixels.

    Source: https://www.w3.org/TR/png-3/
    """
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    parts = [b"\x89PNG\r\n\x1a\n"]
    for kind, data in chunks:
        checksum = zlib.crc32(kind + data)
        parts.append(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum))
    return b"".join(parts)


def _jacket(x: float, y: float, main: Colour) -> Colour:
    """A jacket before a pale wall; x and y run from -1 to 1."""
    for box, shade in _JACKET:
        if box.holds(abs(x), y):
            return _shade(main, shade - 0.25 * abs(x) - 0.1 * y)
    return _shade(_WALL, 1.0 - 0.08 * (y + 1))


def _smile(x: float, y: float, main: Colour) -> Colour:
    if math.hypot(x, y) > _FACE:
        return _WHITE
    drawn = any(box.holds(abs(x), y) for box in _SMILE)
    return _INK if drawn else _shade(main, 1.3)


def _receipt(x: float, y: float, main: Colour) -> Colour:
    """A page with a coloured head and lines of "text"."""
    if _RECEIPT_HEAD.holds(abs(x), y):
        return main
    is_line = int((y + 1) * 10) % 2 == 1
    return _INK if is_line and _RECEIPT_TEXT.holds(abs(x), y) else _WHITE


def _shade(colour: Colour, factor: float) -> Colour:
    red, green, blue = (max(0, min(255, int(part * factor))) for part in colour)
    return red, green, blue


def _sound(_: str) -> bytes:
    """A quiet wavering hum, in place of a voice."""
    count = _SOUND_RATE * _SOUND_SECONDS
    seconds = (n / _SOUND_RATE for n in range(count))
    samples = bytes(
        128 + int(30 * math.sin(6.28 * 2 * t) * math.sin(6.28 * 180 * t)) for t in seconds
    )
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(_SOUND_RATE)
        sound.writeframes(samples)
    return buffer.getvalue()


def _film(_: str) -> bytes:
    return FILM


_FONTS = b"/Resources << /Font << /F1 5 0 R >> >>"


def _document(name: str) -> bytes:
    """A page that says its own name (PDF's standard fonts know ASCII only)."""
    title = name.encode("ascii", "replace").replace(b"(", b"").replace(b")", b"")
    drawing = b"BT /F1 18 Tf 40 120 Td (%b) Tj ET" % title
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 200] /Contents 4 0 R %b >>" % _FONTS,
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(drawing), drawing),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    document = bytearray(b"%PDF-1.4\n")
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(document))
        document += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = len(document)
    document += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    document += b"".join(b"%010d 00000 n \n" % place for place in places)
    document += b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    document += b"startxref\n%d\n%%%%EOF\n" % table
    return bytes(document)
