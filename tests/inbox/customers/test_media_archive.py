"""A zip of chosen media: Vietnamese names, each once, and a list of what could not be put in."""

import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from inbox.clock import FixedClock
from inbox.customers.media import model
from inbox.customers.media.naming import Names
from inbox.http.application import build_application
from inbox.media.files import MediaFiles
from inbox.mongo.client import Mongo
from tests.inbox.inbox_world import KnownTokens, World, an_actor, inbox_routes, minutes
from tests.stored_copies import JPEG, MP4, PDF, PNG, copy_of

Client = TestClient[Any, Any]
LIST = "Các tệp không có.txt"


@pytest.fixture
def files(tmp_path: Path) -> MediaFiles:
    return MediaFiles.in_folder(tmp_path / "media")


@pytest.fixture
def world(mongo: Mongo) -> World:
    return World(mongo)


@pytest.fixture
async def client(mongo: Mongo, clock: FixedClock, files: MediaFiles) -> AsyncIterator[Client]:
    routes = inbox_routes(mongo, clock, files)
    known = KnownTokens(an_actor("lan", "bot1"), an_actor("x", "bot2"))
    application = build_application(routes, known, static=None)
    async with TestClient(TestServer(application)) as client:
        yield client


async def ask(
    client: Client, customer: str, *items: tuple[str, int], as_: str = "lan", language: str = "vi"
) -> ClientResponse:
    return await client.post(
        f"/api/v1/customers/{customer}/media/archive",
        json={"items": [{"message_id": id_, "position": n} for id_, n in items]},
        headers={"Authorization": f"Bearer {as_}", "Accept-Language": language},
    )


async def opened(answer: ClientResponse) -> dict[str, bytes]:
    """The files of the zip, each checked against its checksum."""
    assert answer.status == 200, await answer.text()
    with zipfile.ZipFile(io.BytesIO(await answer.read())) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert len(set(names)) == len(names)
        return {name: archive.read(name) for name in names}


def named(name: str | None, copy: dict[str, Any] | None, **fields: Any) -> dict[str, Any]:
    attachment = {"kind": "image", "name": name, "url": "https://gone.example/a", **fields}
    return attachment if copy is None else {**attachment, "copy": copy}


async def test_the_chosen_files_come_under_vietnamese_names_that_are_unique(
    client: Client, world: World, files: MediaFiles
) -> None:
    """S0.21: both directions, several conversations, equal names told apart."""
    hoa = await world.customer("Nguyễn Thị Hoa")
    zalo = await world.conversation(hoa)
    page = await world.conversation(hoa, channel="facebook", account="page1")
    first = await world.message(
        zalo,
        at=minutes(1),
        attachments=[
            named("ảnh áo.png", await copy_of(files, PNG)),
            named("Ảnh áo.PNG", await copy_of(files, JPEG)),
            named("báo giá: 11/2026?.pdf", await copy_of(files, PDF), kind="file"),
        ],
    )
    second = await world.message(
        page,
        at=minutes(2),
        direction="out",
        attachments=[named(None, await copy_of(files, MP4), kind="video")],
    )

    answer = await ask(client, hoa, (first, 0), (first, 1), (first, 2), (second, 0), (first, 0))

    assert answer.content_type == "application/zip"
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith('attachment; filename="tep cua nguyen thi hoa.zip"')
    assert await opened(answer) == {
        "ảnh áo.png": PNG,
        "Ảnh áo (2).PNG": JPEG,
        "2026_.pdf": PDF,
        "video-20261122-120200-1.mp4": MP4,
    }


async def test_what_cannot_be_put_in_is_listed_with_the_reason(
    client: Client, world: World, files: MediaFiles
) -> None:
    hoa = await world.customer("Hoa")
    thread = await world.conversation(hoa)
    hidden = await world.conversation(hoa, bot="bot2")
    minh = await world.conversation(await world.customer("Minh"))
    copy = await copy_of(files, PNG)
    lost = await copy_of(files, PDF)
    message = await world.message(
        thread,
        at=minutes(1),
        attachments=[
            named("có.png", copy),
            named("chờ.png", None),
            named("hỏng.png", {"state": "failed", "reason": "gone"}),
            named("Trang shop", None, kind="link"),
            named("mất.pdf", lost),
        ],
    )
    removed = await world.message(thread, at=minutes(2), removed_at=minutes(3))
    others = [
        await world.message(one, at=minutes(4), attachments=[named("lén.png", copy)])
        for one in (hidden, minh)
    ]
    await files.delete(lost["sha256"])

    answer = await ask(
        client,
        hoa,
        *((message, n) for n in range(6)),
        (removed, 0),
        *((one, 0) for one in others),
    )

    found = await opened(answer)
    assert {name for name in found if name != LIST} == {"có.png"}
    lines = found[LIST].decode("utf-8-sig").splitlines()
    assert lines == [
        "chờ.png: chưa sao chép xong từ kênh",
        "hỏng.png: không sao chép được từ kênh",
        "Trang shop: không phải là tệp, hoặc kênh không cho lưu",
        f"{message} #6: không tìm thấy",
        f"{removed} #1: tin nhắn đã bị thu hồi hoặc xoá",
        *(f"{one} #1: không tìm thấy" for one in others),
        "mất.pdf: không tìm thấy",
    ]


async def test_the_list_is_in_the_language_of_who_asks(
    client: Client, world: World, files: MediaFiles
) -> None:
    hoa = await world.customer("Hoa")
    thread = await world.conversation(hoa)
    message = await world.message(thread, attachments=[named("Missing files.txt", None)])

    found = await opened(await ask(client, hoa, (message, 0), language="en"))

    assert found == {
        "Missing files.txt": "\ufeffMissing files.txt: not copied from the channel yet\r\n".encode()
    }


async def test_a_file_that_breaks_off_is_told_and_the_others_are_whole(
    client: Client, world: World, files: MediaFiles
) -> None:
    hoa = await world.customer("Hoa")
    thread = await world.conversation(hoa)
    short = {**await copy_of(files, PDF), "size": 10**9}  # the store has less than was noted
    attachments = [named("a.pdf", short), named("b.png", await copy_of(files, PNG))]
    message = await world.message(thread, attachments=attachments)

    found = await opened(await ask(client, hoa, (message, 0), (message, 1)))

    assert found["b.png"] == PNG
    assert found["a.pdf"] == PDF
    assert b"a.pdf" in found[LIST]


async def test_too_much_for_one_archive_is_refused_before_it_begins(
    client: Client, world: World, files: MediaFiles
) -> None:
    hoa = await world.customer("Hoa")
    thread = await world.conversation(hoa)
    large = {**await copy_of(files, PNG), "size": model.LARGEST_ARCHIVE_BYTES // 2 + 1}
    message = await world.message(thread, attachments=[named("a", large), named("b", large)])

    answer = await ask(client, hoa, (message, 0), (message, 1))
    many = await ask(client, hoa, *((message, n) for n in range(201)))

    assert (answer.status, (await answer.json())["code"]) == (413, "archive_too_large")
    assert many.status == 422


async def test_who_may_not_see_the_customer_gets_no_archive(client: Client, world: World) -> None:
    hoa = await world.customer("Hoa")
    await world.conversation(hoa)

    assert (await ask(client, hoa, ("m", 0), as_="x")).status == 403
    assert (await ask(client, hoa, ("m", 0), as_="nobody")).status == 401
    assert (await ask(client, "nobody", ("m", 0))).status == 404


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (["a.png", "A.png", "a.PNG"], ["a.png", "A (2).png", "a (3).PNG"]),
        (["../../etc/passwd"], ["passwd"]),
        (["CON", "aux.txt"], ["_CON", "_aux.txt"]),
        (["x.", "x"], ["x", "x (2)"]),
        ([""], ["file"]),
        (["???"], ["___"]),
    ],
)
def test_names_are_safe_on_every_system(given: list[str], kept: list[str]) -> None:
    names = Names()

    assert [names.unique(name) for name in given] == kept
