"""Media by signed links: copies and uploads, ranges of them, and what browsers may do with them."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from inbox.clock import FixedClock
from inbox.http.application import build_application
from inbox.media.files import MediaFiles
from inbox.media.links import MediaLinks
from inbox.mongo.client import Mongo
from tests.inbox.inbox_world import KnownTokens, World, inbox_routes, media_links, minutes
from tests.stored_copies import JPEG, MP3, MP4, PDF, PNG, copy_of, put

Client = TestClient[Any, Any]
NAME = "Ảnh áo khoác.png"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "media"


@pytest.fixture
def files(folder: Path) -> MediaFiles:
    return MediaFiles.in_folder(folder)


@pytest.fixture
def world(mongo: Mongo) -> World:
    return World(mongo)


@pytest.fixture
def links(clock: FixedClock) -> MediaLinks:
    return media_links(clock)


@pytest.fixture
async def client(mongo: Mongo, clock: FixedClock, files: MediaFiles) -> AsyncIterator[Client]:
    """Nobody who is signed in."""
    routes = inbox_routes(mongo, clock, files)
    application = build_application(routes, KnownTokens(), static=None)
    async with TestClient(TestServer(application)) as client:
        yield client


async def sent(world: World, **attachment: Any) -> str:
    """A message with one attachment; its id."""
    thread = await world.conversation(await world.customer("Hoa"))
    one = {"kind": "file", "name": NAME, "url": "https://gone.example/a", **attachment}
    return await world.message(thread, at=minutes(1), attachments=[one])


def delete(folder: Path, content: bytes) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and path.read_bytes() == content:
            path.unlink()


@pytest.fixture
async def a_video(world: World, files: MediaFiles, links: MediaLinks) -> str:
    """A link to MP4."""
    return links.attachment(await sent(world, copy=await copy_of(files, MP4)), 0)


async def problem(answer: ClientResponse) -> tuple[int, str]:
    return answer.status, (await answer.json())["code"]


async def test_the_copy_comes_under_its_own_name_and_as_what_it_is(
    client: Client, world: World, files: MediaFiles, links: MediaLinks, clock: FixedClock
) -> None:
    """X.INB.07: from our store, named as its sender did, while the channel's link is dead."""
    message = await sent(world, copy=await copy_of(files, PNG))
    link = links.attachment(message, 0)
    clock.advance(timedelta(minutes=20))

    answer = await client.get(link)

    assert (answer.status, await answer.read()) == (200, PNG)
    assert answer.content_type == "image/png"
    assert answer.headers["Content-Disposition"] == (
        'inline; filename="anh ao khoac.png"; '
        "filename*=UTF-8''%E1%BA%A2nh%20%C3%A1o%20kho%C3%A1c.png"
    )
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["Cache-Control"] == "private, max-age=2400"  # as long as the link lives
    assert answer.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        pytest.param(PNG, "inline", id="png"),
        pytest.param(MP4, "inline", id="mp4"),
        pytest.param(MP3, "inline", id="mp3"),
        pytest.param(PDF, "attachment", id="pdf"),
        pytest.param(b"<html><script>alert(1)</script>", "attachment", id="html"),
        pytest.param(b'<svg xmlns="http://www.w3.org/2000/svg"/>', "attachment", id="svg"),
    ],
)
async def test_only_what_cannot_run_is_shown_in_place(
    client: Client, world: World, files: MediaFiles, links: MediaLinks, content: bytes, shown: str
) -> None:
    message = await sent(world, kind="image", copy=await copy_of(files, content))

    answer = await client.get(links.attachment(message, 0))
    saved = await client.get(f"{links.attachment(message, 0)}&download=1")

    assert answer.headers["Content-Disposition"].startswith(f"{shown};")
    assert saved.headers["Content-Disposition"].startswith("attachment;")
    assert "html" not in answer.content_type
    assert "svg" not in answer.content_type


async def test_a_nameless_picture_is_named_by_kind_and_time(
    client: Client, world: World, files: MediaFiles, links: MediaLinks
) -> None:
    message = await sent(world, name=None, copy=await copy_of(files, JPEG))

    answer = await client.get(links.attachment(message, 0))

    assert "anh-20261122-120100-1.jpg" in answer.headers["Content-Disposition"]


async def test_an_altered_or_expired_link_is_refused_in_both_languages(
    client: Client, world: World, files: MediaFiles, links: MediaLinks, clock: FixedClock
) -> None:
    """X.INB.07: 403 with its own code."""
    message = await sent(world, copy=await copy_of(files, PNG))
    good = links.attachment(message, 0)
    altered = [
        good.replace(f"{message}/0", f"{message}/1"),
        good.replace("variant=original", "variant=thumbnail"),
        good[:-1],
        good.partition("&signature")[0],
        good.partition("?")[0],
        f"/api/v1/media/{message}/0?variant=original&until=9999999999&signature=abc",
    ]

    for link in altered:
        assert await problem(await client.get(link)) == (403, "media_link_invalid"), link
    clock.advance(timedelta(hours=1))
    vi = await client.get(good)
    en = await client.get(good, headers={"Accept-Language": "en"})

    assert await problem(vi) == (403, "media_link_invalid")
    assert "hết hạn" in (await vi.json())["detail"]
    assert "expired" in (await en.json())["detail"]


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=0-0", 206, range(1)),
        ("bytes=100-299", 206, range(100, 300)),
        ("bytes=300-", 206, range(300, len(MP4))),
        ("bytes=-24", 206, range(len(MP4) - 24, len(MP4))),
        ("bytes=0-999999", 206, range(len(MP4))),
        ("bytes=0-1,4-5", 200, range(len(MP4))),
        ("lines=1-2", 200, range(len(MP4))),
    ],
)
async def test_a_player_may_ask_for_a_part(
    client: Client, a_video: str, asked: str, status: int, part: range
) -> None:
    answer = await client.get(a_video, headers={"Range": asked})

    assert answer.status == status
    assert await answer.read() == MP4[part.start : part.stop]
    told = f"bytes {part.start}-{part.stop - 1}/{len(MP4)}" if status == 206 else None
    assert answer.headers.get("Content-Range") == told
    assert answer.headers["Content-Length"] == str(len(part))


async def test_a_part_behind_the_end_is_refused_and_the_size_is_told(
    client: Client, world: World, files: MediaFiles, links: MediaLinks
) -> None:
    message = await sent(world, copy=await copy_of(files, MP4))

    for asked in (f"bytes={len(MP4)}-", "bytes=99999-100000"):
        answer = await client.get(links.attachment(message, 0), headers={"Range": asked})

        assert await problem(answer) == (416, "range_not_satisfiable")
        assert answer.headers["Content-Range"] == f"bytes */{len(MP4)}"


async def test_a_part_continues_only_the_same_bytes(
    client: Client, world: World, files: MediaFiles, links: MediaLinks
) -> None:
    message = await sent(world, copy=await copy_of(files, MP4))
    link = links.attachment(message, 0)
    tag = (await client.get(link)).headers["ETag"]

    async def status(**headers: str) -> int:
        answer = await client.get(
            link, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )
        return answer.status

    assert await status(Range="bytes=1-2", If_Range=tag) == 206
    assert await status(Range="bytes=1-2", If_Range='"another"') == 200
    assert await status(If_None_Match=tag) == 304


async def test_head_tells_everything_but_the_bytes(
    client: Client, world: World, files: MediaFiles, links: MediaLinks
) -> None:
    message = await sent(world, copy=await copy_of(files, MP4))

    answer = await client.head(links.attachment(message, 0), headers={"Range": "bytes=0-1"})
    refused = await client.head(links.attachment(message, 0)[:-1])

    assert (answer.status, await answer.read()) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(MP4))
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert refused.status == 403


async def test_the_thumbnail_is_another_file_than_the_picture(
    client: Client, world: World, files: MediaFiles, links: MediaLinks
) -> None:
    """X.INB.07: thumbnails; there is none of what has none."""
    message = await sent(world, copy=await copy_of(files, PNG, thumbnail=JPEG))
    without = await sent(world, copy=await copy_of(files, PNG))

    small = await client.get(links.attachment(message, 0, "thumbnail"))
    none = await client.get(links.attachment(without, 0, "thumbnail"))

    assert (small.status, small.content_type, await small.read()) == (200, "image/jpeg", JPEG)
    assert await problem(none) == (404, "media_not_found")


async def test_a_link_outlives_neither_the_message_nor_the_bytes(
    client: Client, world: World, files: MediaFiles, links: MediaLinks, folder: Path
) -> None:
    copy = await copy_of(files, PNG)
    taken_back = await sent(world, copy=copy)
    erased = await sent(world, copy=copy)
    lost = await sent(world, copy=await copy_of(files, PDF))
    waiting = await sent(world)
    await world.mongo["messages"].update_one(
        {"_id": taken_back}, {"$set": {"removed_at": minutes(2), "attachments": []}}
    )
    await world.mongo["messages"].delete_one({"_id": erased})
    delete(folder, PDF)

    answers = [
        await problem(await client.get(links.attachment(one, 0)))
        for one in (taken_back, erased, lost, waiting)
    ]

    assert answers == [(410, "media_gone"), *[(404, "media_not_found")] * 3]


async def test_an_avatar_is_served_from_our_copy(
    client: Client, world: World, files: MediaFiles, links: MediaLinks
) -> None:
    hoa = await world.customer("Hoa")
    avatar = {"sha256": await put(files, JPEG), "mime": "image/jpeg"}
    await world.mongo["customers"].update_one(
        {"_id": hoa}, {"$set": {"identities.0.avatar": avatar}}
    )

    answer = await client.get(links.avatar(hoa, hoa))
    other = await client.get(links.avatar(hoa, "nobody"))
    altered = await client.get(links.avatar(hoa, hoa).replace("signature=", "signature=A"))

    assert (answer.status, answer.content_type, await answer.read()) == (200, "image/jpeg", JPEG)
    assert answer.headers["Content-Disposition"].startswith("inline;")
    assert await problem(other) == (404, "media_not_found")
    assert await problem(altered) == (403, "media_link_invalid")
