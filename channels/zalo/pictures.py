"""Makes a picture of any size into one that Zalo takes: JPEG or PNG of less than 1 MB."""

import io
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from channels.zalo.failures import MessageInvalid, MessageTooLarge
from channels.zalo.limits import IMAGE_MOST_BYTES

MOST_PIXELS = 80_000_000
"""A larger picture needs hundreds of MB of memory to open; phones make up to 50 megapixels, and
a bomb of a few kB may claim any number. Pillow itself warns from 89 million on."""
_EXTENSIONS = {"JPEG": "jpg", "PNG": "png"}
_LONGEST_SIDES = (2560, 2048, 1600, 1280, 960, 640)
_QUALITIES = (88, 78, 68)


class BrokenPicture(MessageInvalid):
    code = "broken_picture"
    vi = "Không đọc được ảnh này."
    en = "This picture cannot be read."


class PictureTooLarge(MessageTooLarge):
    code = "picture_too_large"
    vi = "Ảnh có quá nhiều điểm ảnh, không thu nhỏ được."
    en = "The picture has too many pixels to be made smaller."


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG or PNG; `width` and `height` in pixels."""

    data: bytes
    mime: str
    extension: str
    width: int
    height: int


def fitted(data: bytes) -> Picture:
    """`data` itself where Zalo takes it; else a JPEG, turned upright, as large as it may be.

    Slow (up to a second): call it in a thread.

    Raises:
        BrokenPicture, PictureTooLarge.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            return _fitted(image, data)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureTooLarge from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:
        raise BrokenPicture(type(error).__name__) from error


def measured(data: bytes) -> tuple[int, int]:
    """Width and height of a picture, by its header; raises BrokenPicture."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            return image.size
    except (UnidentifiedImageError, OSError, ValueError) as error:
        raise BrokenPicture(type(error).__name__) from error


def _fitted(image: Image.Image, data: bytes) -> Picture:
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise PictureTooLarge(f"{width} x {height}")
    extension = _EXTENSIONS.get(image.format or "")
    if extension is not None and len(data) < IMAGE_MOST_BYTES:
        image.verify()
        mime = "image/png" if extension == "png" else "image/jpeg"
        return Picture(data, mime, extension, width, height)
    return _smaller(image)


def _smaller(image: Image.Image) -> Picture:
    image.draft("RGB", (_LONGEST_SIDES[0], _LONGEST_SIDES[0]))  # a JPEG is decoded smaller at once
    upright = _on_white(ImageOps.exif_transpose(image))
    for side in _LONGEST_SIDES:
        upright.thumbnail((side, side), Image.Resampling.LANCZOS)
        for quality in _QUALITIES:
            written = io.BytesIO()
            upright.save(written, "JPEG", quality=quality, optimize=True)
            if written.tell() < IMAGE_MOST_BYTES:
                return Picture(written.getvalue(), "image/jpeg", "jpg", *upright.size)
    raise PictureTooLarge("even at its smallest")


def _on_white(image: Image.Image) -> Image.Image:
    """JPEG has no transparency: what was see-through becomes white."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    above = image.convert("RGBA")
    below = Image.new("RGBA", above.size, "white")
    return Image.alpha_composite(below, above).convert("RGB")
