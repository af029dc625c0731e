"""The media block: images, videos, audio and files of a customer, by what they are."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from obstore.store import MemoryStore

from inbox.clock import FixedClock
from inbox.conversations.reading.media import kind_of
from inbox.media.files import MediaFiles
from inbox.mongo.client import Mongo
from tests.inbox.inbox_world import Api, World, an_actor, inbox_routes, minutes, serve
from tests.stored_copies import PDF, copy_of


@pytest.fixture
def world(mongo: Mongo) -> World:
    return World(mongo)


@pytest.fixture
def files() -> MediaFiles:
    return MediaFiles(MemoryStore())


@pytest.fixture
async def api(mongo: Mongo, clock: FixedClock, files: MediaFiles) -> AsyncIterator[Api]:
    api = await serve(
        inbox_routes(mongo, clock, files), an_actor("lan", "bot1"), an_actor("x", "bot2")
    )
    yield api
    await api.close()


def an_attachment(kind: str, name: str | None = None, mime: str | None = None) -> dict[str, Any]:
    return {"kind": kind, "name": name, "mime": mime, "url": f"https://m.example/{name}"}


@pytest.mark.parametrize(
    ("attachment", "kind"),
    [
        (an_attachment("image"), "image"),
        (an_attachment("file", "anh.JPG"), "image"),
        (an_attachment("file", "clip", "video/mp4"), "video"),
        (an_attachment("image", "bang-gia.pdf"), "file"),
        (an_attachment("file", "ghi-am.mp3", "application/octet-stream"), "audio"),
        (an_attachment("file", "khong-duoi"), "file"),
        (an_attachment("video", "x.jpg", "VIDEO/MP4"), "video"),
        (an_attachment("sticker", "s.png", "image/png"), None),
        (an_attachment("location"), None),
        (an_attachment("link", "Áo khoác"), "link"),
        (an_attachment("image", "anh.jpg", "image/jpeg") | {"copy": {"kind": "file"}}, "file"),
        (an_attachment("file", "khong-duoi") | {"copy": {"kind": "video"}}, "video"),
        (an_attachment("audio", "x.mp3") | {"copy": {"state": "failed"}}, "audio"),
    ],
)
def test_the_kind_follows_the_type_and_not_the_label_of_the_channel(
    attachment: dict[str, Any], kind: str | None
) -> None:
    """X.INB.08."""
    assert kind_of(attachment) == kind


async def test_the_block_shows_both_directions_of_every_channel_newest_first(
    world: World, api: Api
) -> None:
    """X.INB.08: by kind, newest first, each with the message to jump to."""
    hoa = await world.customer("Hoa")
    zalo = await world.conversation(hoa)
    page = await world.conversation(hoa, channel="facebook", account="page1")
    hidden = await world.conversation(hoa, bot="bot2")
    two = [an_attachment("image", "a.jpg"), an_attachment("file", "b.pdf")]
    first = await world.message(zalo, "xem nhé", at=minutes(1), attachments=two)
    reply = [an_attachment("file", "c.png"), an_attachment("sticker", "d.png")]
    second = await world.message(page, at=minutes(2), attachments=reply, direction="out")
    await world.message(zalo, "chỉ có chữ", at=minutes(3))
    await world.message(
        zalo, at=minutes(4), attachments=[an_attachment("image")], removed_at=minutes(5)
    )
    await world.message(hidden, at=minutes(6), attachments=[an_attachment("image", "e.jpg")])

    async def names(**query: Any) -> list[tuple[str, str, str]]:
        answer = await api.get(f"/customers/{hoa}/media", "lan", **query)
        return [(i["name"], i["kind"], i["message_id"]) for i in answer.json["items"]]

    assert await names() == [
        ("c.png", "image", second),
        ("a.jpg", "image", first),
        ("b.pdf", "file", first),
    ]
    assert await names(kind="image") == [("c.png", "image", second), ("a.jpg", "image", first)]
    assert await names(kind="file") == [("b.pdf", "file", first)]
    assert await names(kind="video") == []
    around = await api.get(f"/conversations/{page}/messages", "lan", around=second)
    assert second in around.ids


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 100])
async def test_pages_may_cut_through_a_message(world: World, api: Api, limit: int) -> None:
    hoa = await world.customer("Hoa")
    thread = await world.conversation(hoa)
    for number in range(4):
        some = [an_attachment("image", f"{number}-{n}.jpg") for n in range(3)]
        await world.message(thread, at=minutes(number // 2), attachments=some)

    pages = await api.pages(f"/customers/{hoa}/media", "lan", limit=limit)

    items = [item for page in pages for item in page.json["items"]]
    assert len({item["name"] for item in items}) == len(items) == 12
    assert all(len(page.json["items"]) == limit for page in pages[:-1])
    assert [item["at"] for item in items] == sorted((i["at"] for i in items), reverse=True)


async def test_files_that_are_images_do_not_end_a_page_of_files_early(
    world: World, api: Api
) -> None:
    hoa = await world.customer("Hoa")
    thread = await world.conversation(hoa)
    await world.message(thread, at=minutes(0), attachments=[an_attachment("file", "gia.pdf")])
    for number in range(9):
        photo = an_attachment("file", f"{number}.jpg")
        await world.message(thread, at=minutes(number + 1), attachments=[photo])

    answer = await api.get(f"/customers/{hoa}/media", "lan", kind="file", limit=1)

    assert [item["name"] for item in answer.json["items"]] == ["gia.pdf"]
    assert answer.json["next_cursor"] is None


async def test_the_bytes_decide_between_the_tabs_once_they_are_copied(
    world: World, api: Api, files: MediaFiles
) -> None:
    """X.INB.08: a PDF that the channel called an image is found among the files, and only there."""
    hoa = await world.customer("Hoa")
    thread = await world.conversation(hoa)
    false_image = an_attachment("image", "bang-gia", "image/jpeg")
    both = [{**false_image, "copy": await copy_of(files, PDF)}, an_attachment("image", "cho.jpg")]
    message = await world.message(thread, at=minutes(1), attachments=both)

    found = {
        kind: (await api.get(f"/customers/{hoa}/media", "lan", kind=kind)).json["items"]
        for kind in ("image", "video", "audio", "file", "link")
    }

    assert {kind: [one["name"] for one in items] for kind, items in found.items()} == {
        "image": ["cho.jpg"],
        "video": [],
        "audio": [],
        "file": ["bang-gia"],
        "link": [],
    }
    copied, pending = found["file"][0], found["image"][0]
    assert {**copied, "url": None} == {
        "message_id": message,
        "conversation_id": thread,
        "position": 0,
        "at": "2026-11-22T05:01:00.000Z",
        "direction": "in",
        "kind": "file",
        "name": "bang-gia",
        "mime": "application/pdf",
        "size": len(PDF),
        "url": None,
        "thumbnail_url": None,
        "copy_state": "copied",
        "copy_reason": None,
    }
    assert copied["url"].startswith(f"/api/v1/media/{message}/0?variant=original&until=")
    assert (pending["position"], pending["url"], pending["copy_state"]) == (1, None, "pending")


async def test_links_have_a_tab_of_their_own_and_lead_where_they_were_sent(
    world: World, api: Api
) -> None:
    """S0.21: a message of words alone is in none."""
    hoa = await world.customer("Hoa")
    thread = await world.conversation(hoa)
    link = {"kind": "link", "name": "Áo khoác", "url": "https://shop.example/ao"}
    await world.message(thread, "xem nè", at=minutes(1), attachments=[link])
    await world.message(thread, "https://chi-co-chu.example", at=minutes(2))

    answer = await api.get(f"/customers/{hoa}/media", "lan", kind="link")

    shown = [(i["name"], i["url"], i["copy_state"]) for i in answer.json["items"]]
    assert shown == [("Áo khoác", "https://shop.example/ao", "none")]


async def test_why_there_is_no_copy_is_told(world: World, api: Api) -> None:
    hoa = await world.customer("Hoa")
    thread = await world.conversation(hoa)
    failed = an_attachment("image", "a.jpg") | {"copy": {"state": "failed", "reason": "gone"}}
    forbidden = an_attachment("image", "b.jpg") | {"keep_copy": False}
    message = await world.message(thread, attachments=[failed, forbidden])

    items = (await api.get(f"/customers/{hoa}/media", "lan")).json["items"]
    page = (await api.get(f"/conversations/{thread}/messages", "lan", around=message)).json

    states = [("failed", "gone", None), ("none", None, None)]
    for shown in (items, page["items"][0]["attachments"]):
        assert [(i["copy_state"], i["copy_reason"], i["url"]) for i in shown] == states


async def test_who_may_not_see_the_customer_sees_no_media(world: World, api: Api) -> None:
    hoa = await world.customer("Hoa")
    await world.conversation(hoa)

    assert (await api.get(f"/customers/{hoa}/media", "x")).status == 403
    assert (await api.get(f"/customers/{hoa}/media", None)).status == 401
