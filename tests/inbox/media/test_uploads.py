"""Files that staff send: kept once, named as in Vietnam, and never a danger to who opens them."""

import asyncio
import hashlib
import io
import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer

from inbox.clock import FixedClock
from inbox.config import MediaConfig
from inbox.http.application import build_application
from inbox.media.files import MediaFiles
from inbox.media.routes import UploadRoutes
from inbox.media.store import UploadStore
from inbox.media.uploads import Uploads
from inbox.mongo.client import Mongo
from inbox.staff.model import Actor
from tests.signed_in import KnownActors, bearer

MAX_BYTES = 3 * 1024 * 1024
LAN = Actor(id="staff-lan", name="Lan", role="sale")
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452") + b"\0" * 300
JPEG = bytes.fromhex("ffd8ffe000104a46494600010100") + b"\0" * 300
MP4 = bytes.fromhex("000000186674797069736f6d0000020069736f6d69736f32") + b"\0" * 300
MP3 = b"ID3\x03\0\0\0\0\0\x21" + b"\0" * 300
PDF = b"%PDF-1.7\n" + b"x" * 300

Client = TestClient[Any, Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "media"


@pytest.fixture
async def client(mongo: Mongo, clock: FixedClock, folder: Path) -> AsyncIterator[Client]:
    uploads = Uploads(
        UploadStore(mongo),
        MediaFiles.in_folder(folder),
        clock,
        MediaConfig(max_upload_bytes=MAX_BYTES),
    )
    application = build_application([UploadRoutes(uploads)], KnownActors(LAN), static=None)
    async with TestClient(TestServer(application), headers=bearer(LAN)) as client:
        yield client


def form(content: bytes, name: str, content_type: str = "image/png") -> aiohttp.FormData:
    data = aiohttp.FormData()
    data.add_field("note", "a field before the file")
    data.add_field("file", io.BytesIO(content), filename=name, content_type=content_type)
    return data


async def send(client: Client, content: bytes, name: str = "ảnh.png", **options: Any) -> Any:
    answer = await client.post("/api/v1/uploads", data=form(content, name, **options))
    assert answer.status == 201, await answer.text()
    return await answer.json()


async def refusal(client: Client, **options: Any) -> tuple[int, str]:
    answer = await client.post("/api/v1/uploads", **options)
    return answer.status, (await answer.json())["code"]


def stored(folder: Path) -> list[str]:
    """Names of everything on disk, half-written files included."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def remove_all(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            path.unlink()


async def test_an_upload_comes_back_as_it_was(client: Client, mongo: Mongo) -> None:
    upload = await send(client, PNG, "Báo giá tháng 11.png")

    answer = await client.get(f"/api/v1/uploads/{upload['id']}")

    assert upload == {
        "id": upload["id"],
        "kind": "image",
        "name": "Báo giá tháng 11.png",
        "size": len(PNG),
        "mime": "image/png",
    }
    assert await answer.read() == PNG
    assert answer.content_type == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["Content-Disposition"] == (
        'inline; filename="bao gia thang 11.png"; '
        "filename*=UTF-8''B%C3%A1o%20gi%C3%A1%20th%C3%A1ng%2011.png"
    )
    document = await mongo["uploads"].find_one({"_id": upload["id"]})
    assert document is not None
    assert document["staff_id"] == LAN.id
    assert document["sha256"] == hashlib.sha256(PNG).hexdigest()


@pytest.mark.parametrize(
    ("content", "kind", "mime"),
    [
        pytest.param(PNG, "image", "image/png", id="png"),
        pytest.param(JPEG, "image", "image/jpeg", id="jpeg"),
        pytest.param(MP4, "video", "video/mp4", id="mp4"),
        pytest.param(MP3, "audio", "audio/mpeg", id="mp3"),
        pytest.param(PDF, "file", "application/pdf", id="pdf"),
        pytest.param(b"<html><script>alert(1)</script>", "file", None, id="html"),
        pytest.param(
            b'<svg xmlns="http://www.w3.org/2000/svg" onload="x"/>', "file", None, id="svg"
        ),
        pytest.param("BMW còn hàng không?".encode(), "file", None, id="text that begins as a bmp"),
        pytest.param(b"x", "file", None, id="one byte"),
    ],
)
async def test_the_bytes_say_what_a_file_is_and_not_the_client(
    client: Client, content: bytes, kind: str, mime: str | None
) -> None:
    upload = await send(client, content, "ảnh.png", content_type="image/png")

    answer = await client.get(f"/api/v1/uploads/{upload['id']}")

    assert (upload["kind"], upload["mime"]) == (kind, mime or "application/octet-stream")
    assert answer.content_type == upload["mime"]
    shown = "attachment" if kind == "file" else "inline"
    assert answer.headers["Content-Disposition"].startswith(f"{shown};")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("..", "file"),
        ("/", "file"),
        (r"C:\fakepath\hoá đơn.pdf", "hoá đơn.pdf"),
        ("a/b\\c/ảnh chụp.jpg", "ảnh chụp.jpg"),
        (unicodedata.normalize("NFD", "Đặng Thị Hường.docx"), "Đặng Thị Hường.docx"),
        ("hợp đồng\u202egnp.exe", "hợp đồnggnp.exe"),
        (".htaccess", "htaccess"),
        ("gia đình 👨‍👩‍👧.png", "gia đình 👨‍👩‍👧.png"),
        pytest.param("ạ" * 300 + ".jpeg", "ạ" * 195 + ".jpeg", id="long"),
        pytest.param("no" * 300, "no" * 100, id="long, without extension"),
    ],
)
async def test_names_are_kept_without_paths_and_tricks(
    client: Client, folder: Path, given: str, kept: str
) -> None:
    upload = await send(client, PNG, given)

    assert upload["name"] == kept
    assert stored(folder) == [hashlib.sha256(PNG).hexdigest()]


async def test_a_name_in_raw_utf8_is_read_as_browsers_send_it(client: Client) -> None:
    head = 'Content-Disposition: form-data; name="file"; filename="Ảnh sản phẩm.png"'
    body = b"--x\r\n" + head.encode() + b"\r\n\r\n" + PNG + b"\r\n--x--\r\n"

    answer = await client.post(
        "/api/v1/uploads",
        data=body,
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )

    assert (await answer.json())["name"] == "Ảnh sản phẩm.png"


async def test_equal_contents_are_two_uploads_on_one_object(client: Client, folder: Path) -> None:
    one = await send(client, PNG, "một.png")
    two = await send(client, PNG, "hai.png")

    assert one["id"] != two["id"]
    assert stored(folder) == [hashlib.sha256(PNG).hexdigest()]
    for upload in (one, two):
        answer = await client.get(f"/api/v1/uploads/{upload['id']}")
        assert await answer.read() == PNG


async def test_many_at_once_do_not_disturb_each_other(client: Client, folder: Path) -> None:
    contents = [PNG + bytes([number % 5]) * 200_000 for number in range(20)]

    uploads = await asyncio.gather(*(send(client, content) for content in contents))

    for upload, content in zip(uploads, contents, strict=True):
        answer = await client.get(f"/api/v1/uploads/{upload['id']}")
        assert await answer.read() == content
    assert len(stored(folder)) == 5


async def test_the_largest_file_is_kept_and_one_byte_more_is_refused(
    client: Client, folder: Path
) -> None:
    upload = await send(client, b"x" * MAX_BYTES)

    assert upload["size"] == MAX_BYTES
    kept = stored(folder)
    assert await refusal(client, data=form(b"y" * (MAX_BYTES + 1), "a")) == (
        413,
        "upload_too_large",
    )
    assert stored(folder) == kept, "nothing is left of what was refused"


@pytest.mark.parametrize("chunked", [True, False])
async def test_a_file_that_is_much_too_large_is_refused_in_words(
    client: Client, folder: Path, chunked: bool
) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="phim.mp4"\r\n\r\n'
    body = head + b"y" * (MAX_BYTES * 3) + b"\r\n--x--\r\n"

    answer = await client.post(
        "/api/v1/uploads",
        data=_in_pieces(body) if chunked else io.BytesIO(body),
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )

    assert answer.status == 413
    assert (await answer.json())["detail"] == "Tệp quá lớn, tối đa 3 MB."
    assert stored(folder) == []


async def _in_pieces(body: bytes) -> AsyncIterator[bytes]:
    """The body without a Content-Length that tells its size."""
    for start in range(0, len(body), 100_000):
        yield body[start : start + 100_000]


async def test_an_empty_file_is_refused(client: Client, folder: Path) -> None:
    assert await refusal(client, data=form(b"", "rỗng.png")) == (422, "empty_upload")
    assert stored(folder) == []


async def test_a_form_without_the_file_is_refused(client: Client) -> None:
    data = aiohttp.FormData(default_to_multipart=True)
    data.add_field("other", "x")

    assert await refusal(client, data=data) == (422, "file_missing")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        pytest.param("application/json", b"{}", id="no form"),
        pytest.param("multipart/form-data", b"--x\r\n", id="no boundary"),
        pytest.param("multipart/form-data; boundary=x", b"", id="nothing"),
        pytest.param("multipart/form-data; boundary=x", b"plain words", id="no part"),
        pytest.param(
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + PNG,
            id="cut off in the file",
        ),
    ],
)
async def test_a_broken_form_is_refused_and_nothing_is_kept(
    client: Client, folder: Path, mongo: Mongo, content_type: str, body: bytes
) -> None:
    refused = await refusal(client, data=body, headers={"Content-Type": content_type})

    assert refused in {(400, "malformed_form"), (422, "file_missing")}
    assert stored(folder) == []
    assert await mongo["uploads"].count_documents({}) == 0


@pytest.mark.parametrize(
    ("asked", "status", "content", "content_range"),
    [
        ("bytes=0-9", 206, PDF[:10], f"bytes 0-9/{len(PDF)}"),
        ("bytes=300-", 206, PDF[300:], f"bytes 300-{len(PDF) - 1}/{len(PDF)}"),
        ("bytes=-5", 206, PDF[-5:], f"bytes {len(PDF) - 5}-{len(PDF) - 1}/{len(PDF)}"),
        ("bytes=5-99999", 206, PDF[5:], f"bytes 5-{len(PDF) - 1}/{len(PDF)}"),
        ("bytes=0-1,4-5", 200, PDF, None),
        ("words=1", 200, PDF, None),
    ],
)
async def test_a_range_of_a_file_may_be_asked_for(
    client: Client, asked: str, status: int, content: bytes, content_range: str | None
) -> None:
    upload = await send(client, PDF, "giá.pdf")

    answer = await client.get(f"/api/v1/uploads/{upload['id']}", headers={"Range": asked})

    assert answer.status == status
    assert await answer.read() == content
    assert answer.headers.get("Content-Range") == content_range


async def test_a_range_behind_the_end_is_refused(client: Client) -> None:
    upload = await send(client, PDF)

    answer = await client.get(f"/api/v1/uploads/{upload['id']}", headers={"Range": "bytes=9999-"})

    assert answer.status == 416


async def test_what_a_browser_has_is_not_sent_again(client: Client) -> None:
    upload = await send(client, PNG)
    url = f"/api/v1/uploads/{upload['id']}"
    tag = (await client.get(url)).headers["ETag"]

    assert (await client.get(url, headers={"If-None-Match": tag})).status == 304
    stale = await client.get(url, headers={"Range": "bytes=0-3", "If-Range": '"other"'})
    assert await stale.read() == PNG


async def test_an_upload_that_is_not_there_is_not_found(client: Client, folder: Path) -> None:
    upload = await send(client, PNG)
    remove_all(folder)

    for upload_id in ("unknown", "..%2f..%2fetc%2fpasswd", upload["id"]):
        answer = await client.get(f"/api/v1/uploads/{upload_id}")
        assert (answer.status, (await answer.json())["code"]) == (404, "upload_not_found")


async def test_only_signed_in_staff_send_and_see_files(client: Client) -> None:
    upload = await send(client, PNG)
    nobody = {"Authorization": "Bearer nobody"}

    sent = await client.post("/api/v1/uploads", data=form(PNG, "a"), headers=nobody)
    seen = await client.get(f"/api/v1/uploads/{upload['id']}", headers=nobody)

    assert (sent.status, seen.status) == (401, 401)
