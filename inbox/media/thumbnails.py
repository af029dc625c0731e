"""Small pictures of images: made in one thread, within bounds of memory, without what they tell.

Images come from strangers. The size is read from the header before anything is decoded; only
formats that are shown are opened; a thumbnail carries no metadata (where a photo was taken).
"""

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from PIL import Image, ImageOps, UnidentifiedImageError

LONGEST_SIDE = 480
"""Pixels of a thumbnail, of the longer side."""
MAX_IMAGE_PIXELS = 50_000_000
"""More is not decoded: 4 bytes each. A phone's camera makes 12 to 50 million."""
MAX_IMAGE_BYTES = 32 * 1024 * 1024
"""Of the file; it is in memory while it is being decoded."""
THUMBNAIL_MIME = "image/webp"
_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF")
_QUALITY = 80

Image.MAX_IMAGE_PIXELS = MAX_IMAGE_PIXELS


class NotAPicture(Exception):
    """It cannot be decoded, or must not be."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A picture whose longer side is at most LONGEST_SIDE; `content` is WebP."""

    width: int
    height: int
    content: bytes = field(repr=False)


class Thumbnails:
    """Makes thumbnails, one at a time: that is what bounds the memory. `close` it at the end."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="thumbnails")

    async def make(self, content: bytes) -> Thumbnail:
        """Raises NotAPicture."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, thumbnail, content)

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)


def thumbnail(content: bytes) -> Thumbnail:
    """The first frame, upright as its EXIF says, on at most 480 x 480 pixels.

    Raises:
        NotAPicture: broken, of another format, or with too many pixels.
    """
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            return _small(image)
    except NotAPicture:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise NotAPicture(type(error).__name__) from None
    except Exception as error:  # noqa: BLE001 - decoders raise anything at all on broken input
        raise NotAPicture(type(error).__name__) from None


def _small(image: Image.Image) -> Thumbnail:
    width, height = image.size
    if width * height > MAX_IMAGE_PIXELS:
        raise NotAPicture("too_many_pixels")
    image.draft("RGB", (2 * LONGEST_SIDE, 2 * LONGEST_SIDE))  # a JPEG is decoded smaller
    has_alpha = "A" in image.getbands() or "transparency" in image.info
    orientation = image.getexif()
    shown = image.convert("RGBA" if has_alpha else "RGB")
    shown.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    shown.info.clear()
    shown.info["exif"] = orientation.tobytes()
    upright = ImageOps.exif_transpose(shown)
    upright.info.clear()
    out = io.BytesIO()
    upright.save(out, "WEBP", quality=_QUALITY, exif=b"", icc_profile=b"", xmp=b"")
    return Thumbnail(upright.width, upright.height, out.getvalue())
