"""Pictures are made to fit Zalo's 1 MB, and nothing else happens to them."""

import io
import random

import pytest
from PIL import Image

from channels.zalo.limits import IMAGE_MOST_BYTES
from channels.zalo.pictures import BrokenPicture, PictureTooLarge, fitted, measured

ORIENTATION = 0x0112


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """A picture that hardly compresses, made quickly."""
    bands = len(mode)
    return Image.frombytes(
        mode, (width, height), random.Random(7).randbytes(width * height * bands)
    )


def written(image: Image.Image, kind: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_photo_of_six_megabytes_becomes_a_jpeg_below_one() -> None:
    photo = written(noise(2800, 2100), "JPEG", quality=95)
    assert len(photo) > 6_000_000

    picture = fitted(photo)

    assert len(picture.data) < IMAGE_MOST_BYTES
    assert (picture.mime, picture.extension) == ("image/jpeg", "jpg")
    again = opened(picture.data)
    again.load()
    assert (again.format, again.size) == ("JPEG", (picture.width, picture.height))
    assert again.width / again.height == pytest.approx(4 / 3, abs=0.01)
    assert again.width >= 640


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_small_picture_goes_out_as_it_is(kind: str) -> None:
    data = written(noise(200, 100), kind)

    picture = fitted(data)

    assert picture.data == data
    assert (picture.width, picture.height) == (200, 100)


@pytest.mark.parametrize("kind", ["WEBP", "BMP", "TIFF"])
def test_other_kinds_become_jpeg(kind: str) -> None:
    assert opened(fitted(written(noise(200, 100), kind)).data).format == "JPEG"


def test_large_photo_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # the camera was held on its side
    photo = written(noise(2000, 1000), "JPEG", quality=95, exif=exif)

    picture = fitted(photo)

    assert picture.height > picture.width
    assert ORIENTATION not in opened(picture.data).getexif()


def test_see_through_becomes_white() -> None:
    image = noise(1200, 1000, "RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 200, 200))

    picture = opened(fitted(written(image, "PNG")).data)

    assert picture.getpixel((20, 20)) == (255, 255, 255)


def test_bomb_is_refused_before_it_is_opened() -> None:
    bomb = written(Image.new("1", (20_000, 20_000)), "PNG")
    assert len(bomb) < 200_000

    with pytest.raises(PictureTooLarge):
        fitted(bomb)


def test_picture_just_beyond_our_limit_is_refused() -> None:
    with pytest.raises(PictureTooLarge):
        fitted(written(Image.new("1", (9_000, 9_000)), "PNG"))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html>", id="no picture"),
        pytest.param(written(noise(1200, 1000), "PNG")[:-500_000], id="half a picture"),
    ],
)
def test_broken_picture_is_refused(data: bytes) -> None:
    with pytest.raises(BrokenPicture):
        fitted(data)


def test_measures_are_read_from_the_header() -> None:
    assert measured(written(noise(30, 20, "L"), "GIF")) == (30, 20)
    with pytest.raises(BrokenPicture):
        measured(b"GIF89a")
