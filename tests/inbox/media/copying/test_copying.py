"""Attachments are copied to our own storage: once, by content, and whatever else goes wrong."""

import asyncio
import hashlib
from datetime import timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from app.demo.faults import Fault
from channels.config import MediaFetchConfig
from channels.media.client import MediaClient
from inbox.conversations.model import Attachment
from inbox.errors import NotAllowed, NotFound
from inbox.media.copying.routes import CopyingRoutes
from inbox.mongo.due import Pace
from tests.copy_world import (
    MOST_ATTEMPTS,
    MOST_BYTES,
    MP3,
    MP4,
    CopyWorld,
    GatedSource,
    demo_picture,
    picture,
    shas,
)
from tests.inbox.inbox_world import an_actor, serve
from tests.inbox.media.test_thumbnails import bomb
from tests.waiting import until

LATER = timedelta(hours=3)


async def test_copy_is_there_when_the_link_of_the_channel_is_dead(world: CopyWorld) -> None:
    """X.INB.07: incoming media is copied to own storage, thumbnails, original file name."""
    id_ = await world.arrive(world.image("ao khoác.png"))

    assert await world.copier().step() == 1
    await world.media.stop()

    [copy] = await world.copies_of(id_)
    assert copy is not None
    content = demo_picture("ao khoác.png")
    assert copy == {
        "state": "copied",
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
        "mime": "image/png",
        "kind": "image",
        "thumbnail": {
            "sha256": copy["thumbnail"]["sha256"],
            "width": 160,
            "height": 160,
        },
    }
    assert await world.read(copy) == content
    assert (await world.read(copy["thumbnail"]))[8:12] == b"WEBP"
    message = await world.stored(id_)
    assert "copying" not in message
    assert message["attachments"][0]["name"] == "ao khoác.png"
    assert await world.live_types() == ["message_received", "message_changed"]
    told = await world.mongo["live_events"].find_one({"type": "message_changed"})
    assert told is not None
    assert told["data"]["message"]["id"] == id_


async def test_redelivered_message_is_not_copied_again(world: CopyWorld) -> None:
    """X.INB.07: a webhook that comes again copies nothing again."""
    id_ = await world.arrive(world.image())
    source = GatedSource(world.source)
    source.go_on.set()
    await world.copier(source).step()
    before = await world.stored(id_)

    await world.arrive(world.image())

    assert await world.copier(source).step() == 0
    assert source.fetched == 1
    assert await world.stored(id_) == before


async def test_kind_is_told_by_the_content_and_not_by_the_channel(world: CopyWorld) -> None:
    """X.INB.08: kinds by type, not by channel label."""
    pdf = b"%PDF-1.7\n" + b"x" * 500
    odd = [
        (Attachment("file", name="anh.bin", url=world.at_platform(picture())), "image/jpeg"),
        (Attachment("image", url=world.at_platform(pdf, "b.jpg")), "application/pdf"),
        (Attachment("video", url=world.at_platform(MP4)), "video/mp4"),
        (Attachment("audio", url=world.at_platform(MP4 + b"1")), "audio/mp4"),
        (Attachment("audio", url=world.at_platform(MP3)), "audio/mpeg"),
        (Attachment("sticker", url=world.at_platform(picture(3, "WEBP"))), "image/webp"),
        (
            Attachment("file", name="x.html", url=world.at_platform(b"<html>", "x", "text/html")),
            "application/octet-stream",
        ),
    ]
    id_ = await world.arrive(*(attachment for attachment, _ in odd))

    await world.copier().step()

    copies = await world.copies_of(id_)
    assert [copy and copy.get("mime") for copy in copies] == [mime for _, mime in odd]
    kinds = [copy and copy.get("kind") for copy in copies]
    assert kinds == ["image", "file", "video", "audio", "audio", "image", "file"]


async def test_what_is_no_media_or_must_not_be_kept_is_not_copied(world: CopyWorld) -> None:
    """X.INB.07: story mentions may be shown, but no copy of them may be kept."""
    link = world.media.media_url("ao.png")
    id_ = await world.arrive(
        Attachment("image", url=link, keep_copy=False),
        Attachment("link", url=link),
        Attachment("location", data={"lat": 1.0, "long": 2.0}),
        Attachment("image"),
    )

    assert "copying" not in await world.stored(id_)
    assert await world.copier().step() == 0


async def test_film_takes_its_thumbnail_from_the_channel(world: CopyWorld) -> None:
    film = Attachment(
        "video", url=world.at_platform(MP4), thumbnail_url=world.media.media_url("still.png")
    )
    id_ = await world.arrive(film)

    await world.copier().step()

    [copy] = await world.copies_of(id_)
    assert copy is not None
    assert copy["kind"] == "video"
    assert copy["thumbnail"]["width"] == 160


async def test_file_of_ours_gets_a_thumbnail_and_keeps_its_bytes_once(world: CopyWorld) -> None:
    """X.INB.07: what staff send has thumbnails too."""
    upload = await world.upload(picture(form="WEBP", size=(600, 300)), "banggia.webp")
    thread = await world.thread()
    id_ = await world.say(thread, None, upload_ids=(upload.id,))

    assert await world.copier().step() == 1

    [copy] = await world.copies_of(id_)
    assert copy is not None
    assert (copy["sha256"], copy["mime"]) == (upload.sha256, "image/webp")
    assert copy["thumbnail"]["height"] == 240
    assert world.on_disk() == {upload.sha256, copy["thumbnail"]["sha256"]}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(bomb(), id="bomb"),
        pytest.param(picture()[:700], id="broken"),
    ],
)
async def test_image_that_cannot_be_decoded_is_kept_without_a_thumbnail(
    world: CopyWorld, content: bytes
) -> None:
    """X.INB.07: bomb image."""
    id_ = await world.arrive(Attachment("image", url=world.at_platform(content)))

    await world.copier().step()

    [copy] = await world.copies_of(id_)
    assert copy is not None
    assert copy["state"] == "copied"
    assert "thumbnail" not in copy
    assert await world.read(copy) == content


async def test_failed_copy_keeps_the_message_and_the_other_attachments(world: CopyWorld) -> None:
    """X.INB.07: a failed copy never loses the message; final errors are final at once."""
    id_ = await world.arrive(
        Attachment("image", url="https://10.0.0.1/a.jpg"),
        Attachment("file", url=world.at_platform(b"x" * (MOST_BYTES + 1))),
        world.image(),
        Attachment("image", url=f"{world.media.base_url}/media/nothing"),
        Attachment("image", url=world.at_platform(b"<html>Log in</html>", "a", "text/html")),
        Attachment("file", url=world.at_platform(b"")),
    )

    await world.copier().step()

    copies = await world.copies_of(id_)
    assert [copy and copy.get("reason", copy["state"]) for copy in copies] == [
        "refused",
        "too_large",
        "copied",
        "gone",
        "wrong_type",
        "empty",
    ]
    message = await world.stored(id_)
    assert "copying" not in message
    assert message["attachments"][0]["url"] == "https://10.0.0.1/a.jpg"
    assert world.on_disk() == shas([copies[2]])


async def test_passing_failure_is_tried_again_and_what_is_copied_stays(world: CopyWorld) -> None:
    """X.INB.07: half a picture and a platform in trouble are passing."""
    id_ = await world.arrive(world.image("a.png"), world.image("b.png"))
    world.faults.script("media", Fault.RESET_AFTER, None, Fault.SERVER_ERROR)
    copier = world.copier(at_once=1)

    await copier.step()
    first = await world.copies_of(id_)
    assert sorted(copy is not None for copy in first) == [False, True]
    assert await copier.step() == 0  # not due yet
    world.clock.advance(LATER)
    await copier.step()
    world.clock.advance(LATER)
    await copier.step()

    copies = await world.copies_of(id_)
    assert [copy and copy["state"] for copy in copies] == ["copied", "copied"]
    assert world.on_disk() == shas(copies)


async def test_platform_says_when_to_come_again(world: CopyWorld) -> None:
    id_ = await world.arrive(world.image())
    world.faults.script("media", Fault.RATE_LIMITED)

    await world.copier().step()

    due_at = (await world.stored(id_))["copying"]["due_at"]
    assert due_at == world.clock.now() + timedelta(seconds=30)


async def test_platform_that_stays_in_trouble_fails_the_copy_and_staff_can_try_again(
    world: CopyWorld,
) -> None:
    """X.INB.07: retried up to a stated number, then failed with a reason; tried again on demand."""
    id_ = await world.arrive(world.image())
    world.faults.script("media", *[Fault.SERVER_ERROR] * MOST_ATTEMPTS)
    for _ in range(MOST_ATTEMPTS):
        assert await world.copier().step() == 1
        world.clock.advance(LATER)
    assert await world.copies_of(id_) == [{"state": "failed", "reason": "unavailable"}]
    assert await world.copier().step() == 0

    await world.copies.try_again(id_, 0, an_actor("lan", "bot1"))
    await world.copier().step()

    [copy] = await world.copies_of(id_)
    assert copy is not None
    assert copy["state"] == "copied"
    before = await world.stored(id_)
    await world.copies.try_again(id_, 0, an_actor("lan", "bot1"))
    assert await world.stored(id_) == before


async def test_only_who_may_see_a_message_can_have_it_copied_again(world: CopyWorld) -> None:
    id_ = await world.arrive(Attachment("image", url="https://10.0.0.1/a.jpg"))
    await world.copier().step()

    with pytest.raises(NotAllowed):
        await world.copies.try_again(id_, 0, an_actor("stranger", "bot2"))
    for wrong, position in ((id_, 1), (id_, -1), ("nothing", 0)):
        with pytest.raises(NotFound):
            await world.copies.try_again(wrong, position, an_actor("lan", "bot1"))
    assert "copying" not in await world.stored(id_)


async def test_failed_copy_is_asked_for_again_over_http(world: CopyWorld) -> None:
    id_ = await world.arrive(Attachment("image", url="https://10.0.0.1/a.jpg"))
    await world.copier().step()
    lan, stranger = an_actor("lan", "bot1"), an_actor("stranger", "bot2")
    api = await serve([CopyingRoutes(world.copies)], lan, stranger)

    statuses = [
        (await api.call("POST", f"/messages/{id_}/media/{position}/copy", by.id)).status
        for by, position in ((stranger, "0"), (lan, "1"), (lan, "x"), (lan, "-1"), (lan, "0"))
    ]

    assert statuses == [403, 404, 404, 404, 204]
    assert "copying" in await world.stored(id_)
    await api.close()


async def test_two_workers_at_once_copy_once(world: CopyWorld) -> None:
    """X.INB.07: two workers at once copy once."""
    ids = [await world.arrive(world.image(f"{n}.png"), mid=f"m{n}") for n in range(12)]
    source = GatedSource(world.source)
    source.go_on.set()

    claimed = await asyncio.gather(world.copier(source).step(), world.copier(source).step())
    while await world.copier(source).step():
        pass

    assert sum(claimed) <= len(ids)
    assert source.fetched == len(ids)
    for id_ in ids:
        [copy] = await world.copies_of(id_)
        assert copy is not None
    changed = [one for one in await world.live_types() if one == "message_changed"]
    assert len(changed) == len(ids)


async def test_second_worker_finishes_what_a_dead_one_held(world: CopyWorld) -> None:
    """X.INB.07: kill/lease takeover: a second worker finishes, and the first writes nothing."""
    id_ = await world.arrive(world.image())
    gate = GatedSource(world.source)
    slow = asyncio.create_task(world.copier(gate).step())
    await gate.begun.wait()

    world.clock.advance(timedelta(minutes=2))  # the lease has run out, and nobody renewed it
    assert await world.copier().step() == 1
    [copy] = await world.copies_of(id_)
    gate.go_on.set()
    await slow

    assert await world.copies_of(id_) == [copy]
    assert copy is not None
    assert "copying" not in await world.stored(id_)
    await world.collect()
    assert world.on_disk() == shas([copy])
    changed = [one for one in await world.live_types() if one == "message_changed"]
    assert len(changed) == 1


async def test_lease_is_renewed_while_a_download_lasts(world: CopyWorld) -> None:
    await world.arrive(world.image())
    gate = GatedSource(world.source)
    pace = Pace(lease=timedelta(milliseconds=90))
    slow = asyncio.create_task(world.copier(gate, pace=pace).step())
    await gate.begun.wait()
    first = await world.mongo["messages"].find_one({"copying": {"$exists": True}})
    assert first is not None
    world.clock.advance(timedelta(milliseconds=80))

    async def is_renewed() -> bool:
        now = await world.stored(first["_id"])
        return bool(now["copying"]["due_at"] > first["copying"]["due_at"])

    await until(is_renewed)
    gate.go_on.set()
    await slow
    [copy] = await world.copies_of(first["_id"])
    assert copy is not None


async def test_worker_that_is_told_to_stop_gives_up_its_download(world: CopyWorld) -> None:
    id_ = await world.arrive(world.image())
    gate = GatedSource(world.source)
    stop = asyncio.Event()
    running = asyncio.create_task(world.copier(gate).run(stop))
    await gate.begun.wait()

    stop.set()
    await asyncio.wait_for(running, 10)

    assert await world.copies_of(id_) == [None]
    world.clock.advance(timedelta(minutes=2))
    await world.copier().step()
    copies = await world.copies_of(id_)
    assert world.on_disk() == shas(copies)


async def test_running_worker_copies_what_comes(world: CopyWorld) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(world.copier(at_once=2).run(stop))
    ids = [await world.arrive(world.image(f"{n}.png"), mid=f"m{n}") for n in range(7)]

    async def all_done() -> bool:
        return await world.mongo["messages"].find_one({"copying": {"$exists": True}}) is None

    await until(all_done)
    stop.set()
    await running

    for id_ in ids:
        [copy] = await world.copies_of(id_)
        assert copy is not None
        assert copy["state"] == "copied"


async def test_worker_that_dies_of_a_message_again_and_again_is_not_asked_forever(
    world: CopyWorld,
) -> None:
    """X.INB.07: what kills the process is given up after the stated number of tries."""
    id_ = await world.arrive(world.image())
    for _ in range(MOST_ATTEMPTS):
        assert len(await world.copies.due.claim(1)) == 1
        world.clock.advance(timedelta(minutes=2))

    await world.copier().step()

    assert await world.copies_of(id_) == [{"state": "failed", "reason": "unavailable"}]


async def test_stalled_download_does_not_hold_up_the_others(world: CopyWorld) -> None:
    """X.INB.07: a stalled download is cut."""
    over = asyncio.Event()

    async def stall(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await over.wait()
        return response

    application = web.Application()
    application.router.add_get("/a.jpg", stall)
    async with TestServer(application, host="127.0.0.1") as server:
        hosts = [f"127.0.0.1:{server.port}", world.media.base_url.partition("://")[2]]
        brief = timedelta(milliseconds=200)
        source = MediaClient(MediaFetchConfig(allow_hosts=hosts, idle_timeout=brief))
        id_ = await world.arrive(
            Attachment("image", url=str(server.make_url("/a.jpg"))), world.image()
        )
        await world.copier(source).step()
        over.set()
        await source.close()

    first, second = await world.copies_of(id_)
    assert first is None
    assert second is not None
    assert (await world.stored(id_))["copying"]["error"] == "unavailable"
