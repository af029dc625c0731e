"""Stored bytes end with what refers to them, and never before."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from inbox.conversations.model import Attachment
from inbox.media.garbage.collecting import LEFT_BEHIND_AFTER
from inbox.media.garbage.store import LEASE, PINNED_FOR, GarbageStore, ObjectGone
from inbox.media.garbage.writing import ObjectWriter
from inbox.mongo.client import Session
from tests.copy_world import PERSON, CopyWorld, GatedSource, picture, shas
from tests.waiting import until

LATER = timedelta(hours=2)


async def some(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def test_unsent_message_takes_its_bytes_along(world: CopyWorld) -> None:
    """X.INB.07: erasure when the platform demands it (Instagram unsend, Zalo user_withdraw)."""
    id_ = await world.arrive(world.image())
    await world.copier().step()
    assert len(world.on_disk()) == 2

    await world.unsend()
    await world.collect()

    assert world.on_disk() == set()
    assert (await world.stored(id_))["attachments"] == []
    assert await world.mongo["stored_objects"].count_documents({}) == 0


async def test_bytes_that_another_message_has_too_stay(world: CopyWorld) -> None:
    await world.arrive(world.image())
    other = await world.arrive(world.image(), mid="m2")
    await world.copier().step()

    await world.unsend()
    await world.collect()

    copies = await world.copies_of(other)
    assert world.on_disk() == shas(copies)
    await world.unsend("m2")
    await world.collect()
    assert world.on_disk() == set()


async def test_message_that_is_unsent_while_it_is_copied_never_gets_its_copy_back(
    world: CopyWorld,
) -> None:
    """X.INB.07: unsend during copying."""
    id_ = await world.arrive(world.image())
    gate = GatedSource(world.source)
    copying = asyncio.create_task(world.copier(gate).step())
    await gate.begun.wait()

    await world.unsend()
    gate.go_on.set()
    await copying
    await world.collect()

    message = await world.stored(id_)
    assert message["attachments"] == []
    assert "copying" not in message
    assert world.on_disk() == set()


async def test_erased_customer_leaves_no_byte_behind(world: CopyWorld) -> None:
    """X.INB.07: after an erasure nothing of the customer is on disk."""
    await world.arrive(world.image(), Attachment("file", url=world.at_platform(b"%PDF-1.7 x")))
    upload = await world.upload(picture(form="WEBP"), "banggia.webp")
    thread = (await world.mongo["conversations"].find_one() or {})["_id"]
    await world.mongo["conversations"].update_one(
        {"_id": thread},
        {"$set": {"window": {"until": world.clock.now() + LATER, "kind": "standard"}}},
    )
    await world.say(thread, None, upload_ids=(upload.id,))
    await world.mongo["customers"].update_one(
        {"_id": PERSON.id},
        {
            "$set": {
                "identities.0.avatar_url": world.media.media_url("a.png"),
                "avatar_copying": {"due_at": world.clock.now(), "fence": 0, "attempts": 0},
            }
        },
    )
    await world.copier().step()
    await world.avatar_copier().step()
    assert len(world.on_disk()) == 6

    await world.erase()

    assert world.on_disk() == set()
    assert await world.mongo["uploads"].count_documents({}) == 0


async def test_file_of_ours_that_others_got_too_outlives_an_erased_customer(
    world: CopyWorld,
) -> None:
    await world.arrive(world.image())
    upload = await world.upload(picture(form="WEBP"), "banggia.webp")
    other = await world.thread(name="Mai")
    mine = (await world.mongo["conversations"].find_one({"_id": {"$ne": other}}) or {})["_id"]
    await world.mongo["conversations"].update_one(
        {"_id": mine},
        {"$set": {"window": {"until": world.clock.now() + LATER, "kind": "standard"}}},
    )
    await world.say(mine, None, upload_ids=(upload.id,))
    kept = await world.say(other, None, upload_ids=(upload.id,))
    await world.copier().step()

    await world.erase()

    assert world.on_disk() == shas(await world.copies_of(kept))
    assert await world.mongo["uploads"].count_documents({}) == 1


async def test_customer_who_is_erased_while_their_media_is_copied_leaves_nothing(
    world: CopyWorld,
) -> None:
    await world.arrive(world.image())
    gate = GatedSource(world.source)
    copying = asyncio.create_task(world.copier(gate).step())
    await gate.begun.wait()

    await world.erase()
    gate.go_on.set()
    await copying
    await world.collect()

    assert world.on_disk() == set()
    assert await world.mongo["messages"].count_documents({}) == 0


async def test_cancelled_message_of_ours_lets_go_of_its_thumbnail(world: CopyWorld) -> None:
    upload = await world.upload(picture(form="WEBP"), "banggia.webp")
    id_ = await world.say(await world.thread(), None, upload_ids=(upload.id,))
    await world.copier().step()
    assert len(world.on_disk()) == 2

    await world.cancel(id_)
    await world.collect()

    assert world.on_disk() == {upload.sha256}  # which may be sent again


async def test_equal_content_that_is_written_while_its_last_reference_goes_stays(
    world: CopyWorld,
) -> None:
    """The writer's pin is taken before the check: the bytes are never deleted under it."""
    await world.arrive(world.image())
    await world.copier().step()
    second = await world.arrive(world.image(), mid="m2")
    gate = GatedSource(world.source)
    copying = asyncio.create_task(world.copier(gate).step())
    await gate.begun.wait()

    await world.unsend("m1")
    gate.go_on.set()
    await asyncio.gather(copying, world.collect())
    await world.collect()

    copies = await world.copies_of(second)
    for sha256 in shas(copies):
        chunks = await world.files.open(sha256, 0, 10)
        assert b"".join([one async for one in chunks])


async def test_writer_and_collector_at_once_leave_bytes_or_nothing(world: CopyWorld) -> None:
    """X.INB.07: of a reference and its bytes there are both or neither, in every race."""
    source = GatedSource(world.source)
    source.go_on.set()
    for n in range(25):
        await world.arrive(world.image(), mid=f"a{n}")
        await asyncio.gather(world.copier(source).step(), world.collect())
        await world.arrive(world.image(), mid=f"b{n}")
        await asyncio.gather(
            world.unsend(f"a{n}"), world.copier(source).step(), world.collect(), world.collect()
        )
        while await world.copier(source).step():
            world.clock.advance(timedelta(minutes=1))
        copies = await world.copies_of(await world.newest())
        assert shas(copies) <= world.on_disk()
        await world.unsend(f"b{n}")

    await world.collect()
    assert world.on_disk() == set()


async def test_object_that_is_being_deleted_is_waited_for(world: CopyWorld) -> None:
    writer = ObjectWriter(world.files, world.objects, world.clock)
    stored, pin = await writer.write(some(b"content"))
    await world.objects.unpin([pin], world.clock.now())
    garbage = GarbageStore(world.mongo, world.clock)
    [claimed] = await garbage.due.claim(1)
    assert await garbage.condemn(claimed)

    writing = asyncio.create_task(writer.write(some(b"content")))
    with pytest.raises(ObjectGone):
        await world.objects.pin(stored.sha256, world.clock.now())
    await world.files.delete(stored.sha256)
    await garbage.forget(claimed)
    _, again = await asyncio.wait_for(writing, 10)

    assert again.sha256 == stored.sha256
    assert stored.sha256 in world.on_disk()


async def test_collector_that_died_after_condemning_is_followed_by_another(
    world: CopyWorld,
) -> None:
    writer = ObjectWriter(world.files, world.objects, world.clock)
    _, pin = await writer.write(some(b"content"))
    await world.objects.unpin([pin], world.clock.now())
    garbage = GarbageStore(world.mongo, world.clock)
    [claimed] = await garbage.due.claim(1)
    assert await garbage.condemn(claimed)

    assert await world.collecting.step() == 0
    world.clock.advance(LEASE)
    await world.collect()

    assert world.on_disk() == set()
    await garbage.forget(claimed)  # the first one, late: nothing is there to forget


async def test_reference_to_what_was_deleted_is_never_stored(world: CopyWorld) -> None:
    writer = ObjectWriter(world.files, world.objects, world.clock)
    _, pin = await writer.write(some(b"content"))
    world.clock.advance(PINNED_FOR + timedelta(seconds=1))  # a writer that slept too long
    await world.collect()
    assert world.on_disk() == set()

    async def work(session: Session) -> None:
        await world.objects.refer([pin], session=session)

    with pytest.raises(ObjectGone):
        await world.mongo.transaction(work)


async def test_bytes_of_a_writer_that_died_are_swept(world: CopyWorld) -> None:
    """X.INB.07: orphans left by crashes (object written, document not) go."""
    writer = ObjectWriter(world.files, world.objects, world.clock)
    stored, _ = await writer.write(some(b"pinned by a dead process"))
    await world.collect()
    assert world.on_disk() == {stored.sha256}

    world.clock.advance(PINNED_FOR)
    await world.collect()

    assert world.on_disk() == set()


async def test_bytes_that_nobody_knows_of_are_swept(world: CopyWorld) -> None:
    """X.INB.07: what a crash left aside, or in place without a document, goes after a day."""
    id_ = await world.arrive(world.image())
    await world.copier().step()
    upload = await world.upload(b"an upload of before there were documents of objects")
    await world.mongo["stored_objects"].delete_many({})
    aside, _ = await world.files.write_aside(some(b"never moved"))
    _, lost = await world.files.write_aside(some(b"moved"))
    await world.files.settle(_, lost)
    young = (world.clock.now() - timedelta(hours=1)).timestamp()
    old = (world.clock.now() - LEFT_BEHIND_AFTER - timedelta(hours=1)).timestamp()
    for path in world.folder.rglob("*"):
        os.utime(path, (young, young))
    await world.collecting.sweep()
    await world.collect()
    assert len(world.on_disk()) == 5

    for path in world.folder.rglob("*"):
        os.utime(path, (old, old))
    await world.collecting.sweep()
    await world.collect()

    assert aside.rpartition("/")[2] not in world.on_disk()
    assert world.on_disk() == {upload.sha256, *shas(await world.copies_of(id_))}


async def test_running_collector_deletes_what_goes(world: CopyWorld) -> None:
    await world.arrive(world.image())
    await world.copier().step()
    stop = asyncio.Event()
    running = asyncio.create_task(world.collecting.run(stop))

    await world.unsend()
    await until(lambda: not world.on_disk())

    stop.set()
    await running
