"""Thumbnails: upright, small, silent about where a photo was taken, safe to make of anything."""

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from inbox.media.thumbnails import LONGEST_SIDE, NotAPicture, Thumbnails, thumbnail

_ORIENTATION, _GPS = 0x0112, 0x8825
_RED, _BLUE = (220, 20, 20), (20, 20, 220)


def picture(size: tuple[int, int] = (1200, 800), form: str = "JPEG", **options: Any) -> bytes:
    """Red in the left half, blue in the right."""
    image = Image.new("RGB", size, _RED)
    image.paste(_BLUE, (size[0] // 2, 0, *size))
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(thumbnail(content).content))
    image.load()
    return image


def is_like(found: Any, wanted: tuple[int, int, int]) -> bool:
    return all(abs(one - other) < 40 for one, other in zip(found, wanted, strict=False))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "AVIF"])
async def test_every_shown_format_gets_a_small_webp(form: str) -> None:
    """X.INB.07: thumbnails."""
    made = await Thumbnails().make(picture(form=form))

    assert (made.width, made.height) == (LONGEST_SIDE, 320)
    assert made.content[8:12] == b"WEBP"


def test_small_picture_is_not_blown_up() -> None:
    assert (thumbnail(picture((40, 30), "PNG")).width) == 40


def test_photo_of_a_turned_phone_is_upright_and_tells_no_place() -> None:
    """X.INB.07: where a photo was taken stays in the original."""
    exif = Image.Exif()
    exif[_ORIENTATION] = 6  # turn by 90 degrees clockwise to see it upright
    exif.get_ifd(_GPS)[1] = "N"
    content = picture(exif=exif)
    assert b"Exif" in content

    shown = opened(content)

    assert shown.size == (320, LONGEST_SIDE)
    assert is_like(shown.getpixel((160, 20)), _RED)
    assert is_like(shown.getpixel((160, 460)), _BLUE)
    assert not shown.getexif()
    assert "exif" not in shown.info


def test_animation_shows_its_first_frame() -> None:
    frames = [Image.new("RGB", (64, 64), colour) for colour in (_RED, _BLUE)]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])

    shown = opened(out.getvalue())

    assert getattr(shown, "n_frames", 1) == 1
    assert is_like(shown.convert("RGB").getpixel((32, 32)), _RED)


def test_transparency_stays() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (64, 64), (0, 0, 0, 0)).save(out, "PNG")

    assert opened(out.getvalue()).mode == "RGBA"


def bomb(side: int = 60_000) -> bytes:
    """A PNG of a few kB that says it is 60,000 pixels wide and high."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 100_000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def page(size: tuple[int, int]) -> bytes:
    out = io.BytesIO()
    Image.new("1", size).save(out, "PNG", optimize=True)
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(bomb(), id="bomb"),
        pytest.param(page((8000, 7000)), id="more pixels than are decoded, a few kB of file"),
        pytest.param(picture()[:400], id="cut short"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + b"\0" * 300, id="a header and nothing"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", id="svg"),
        pytest.param(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", id="postscript"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_no_thumbnail_of_what_must_not_be_decoded(content: bytes) -> None:
    """X.INB.07: bombs are refused by their header, before anything is decoded."""
    with pytest.raises(NotAPicture):
        thumbnail(content)
