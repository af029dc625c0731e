"""200 attachments of all kinds, links that live for a minute, and a network that stumbles."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.demo.faults import Fault, FaultPlan
from inbox.clock import FixedClock
from inbox.conversations.model import Attachment, AttachmentKind
from inbox.mongo.client import Mongo
from tests.copy_world import MP3, MP4, CopyWorld, picture, shas

LINKS_LIVE = timedelta(seconds=60)
ATTACHMENTS, PER_MESSAGE = 200, 4
TROUBLE = FaultPlan(
    seed=3,
    operations=frozenset({"media"}),
    retry_after_s=2,
    rates={
        Fault.SERVER_ERROR: 0.1,
        Fault.RESET_BEFORE: 0.1,
        Fault.RESET_AFTER: 0.1,
        Fault.RATE_LIMITED: 0.05,
    },
)


@pytest.fixture
async def brief_world(mongo: Mongo, clock: FixedClock, tmp_path: Path) -> AsyncIterator[CopyWorld]:
    """Links end a minute after they were given."""
    world = CopyWorld(mongo, clock, tmp_path / "media", links_live=LINKS_LIVE)
    await world.start()
    yield world
    await world.stop()


def _content(number: int) -> tuple[AttachmentKind, str, str, bytes]:
    """Kind as the channel calls it, name, type, and bytes that no other attachment has."""
    mark = str(number).encode()
    kinds: list[tuple[AttachmentKind, str, str, bytes]] = [
        ("image", f"ảnh {number}.jpg", "image/jpeg", picture(number)),
        ("image", f"{number}.png", "image/png", picture(number, "PNG")),
        ("image", f"{number}.gif", "image/gif", picture(number, "GIF")),
        ("sticker", f"{number}.webp", "image/webp", picture(number, "WEBP", (120, 120))),
        ("video", f"phim {number}.mp4", "video/mp4", MP4 + mark),
        ("audio", f"{number}.m4a", "audio/mp4", MP4 + b"voice" + mark),
        ("audio", f"{number}.mp3", "audio/mpeg", MP3 + mark),
        ("file", f"báo giá {number}.pdf", "application/pdf", b"%PDF-1.7\n" + mark),
        ("file", f"{number}.csv", "text/csv", b"mau,gia\n" + mark),
        ("file", f"{number}.zip", "application/zip", b"PK\x03\x04" + b"\0" * 30 + mark),
    ]
    return kinds[number % len(kinds)]


async def test_two_hundred_attachments_of_all_kinds_are_copied_before_their_links_end(
    brief_world: CopyWorld,
) -> None:
    """X.INB.07: 200 attachments of all kinds copied with their CDN links expiring after 60 s."""
    world = brief_world
    contents = [_content(n) for n in range(ATTACHMENTS)]
    given = [
        Attachment(kind, name=name, mime=mime, url=world.at_platform(content, name, mime))
        for kind, name, mime, content in contents
    ]
    ids = [
        await world.arrive(*given[n : n + PER_MESSAGE], mid=f"m{n}")
        for n in range(0, ATTACHMENTS, PER_MESSAGE)
    ]
    world.faults.follow(TROUBLE)
    began = world.clock.now()
    workers = [world.copier(), world.copier()]

    while await world.mongo["messages"].find_one({"copying": {"$exists": True}}):
        for worker in workers:
            await worker.step()
        world.clock.advance(timedelta(seconds=1))

    assert world.clock.now() - began < LINKS_LIVE
    assert len(world.faults.happened) == len(TROUBLE.rates), "every kind of trouble occurred"
    copies: list[Any] = [copy for id_ in ids for copy in await world.copies_of(id_)]
    assert [copy["state"] for copy in copies] == ["copied"] * ATTACHMENTS
    world.clock.advance(LINKS_LIVE)
    for copy, (_, _, _, content) in zip(copies, contents, strict=True):
        assert await world.read(copy) == content
    names = [
        attachment["name"] for id_ in ids for attachment in (await world.stored(id_))["attachments"]
    ]
    assert names == [name for _, name, _, _ in contents]
    kinds = {copy["kind"] for copy in copies}
    assert kinds == {"image", "video", "audio", "file"}
    assert all(("thumbnail" in copy) == (copy["kind"] == "image") for copy in copies)
    await world.collect()
    world.clock.advance(timedelta(hours=2))
    await world.collect()
    assert world.on_disk() == shas(copies)


async def test_link_that_has_ended_is_final(brief_world: CopyWorld) -> None:
    id_ = await brief_world.arrive(brief_world.image())
    brief_world.clock.advance(LINKS_LIVE)

    await brief_world.copier().step()

    assert await brief_world.copies_of(id_) == [{"state": "failed", "reason": "gone"}]
