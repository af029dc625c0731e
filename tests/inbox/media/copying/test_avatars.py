"""Pictures of customers are copied when their profile tells where they are."""

import asyncio
from datetime import timedelta

from app.demo.faults import Fault
from inbox.customers.profiles.fetching import ProfileFetching
from inbox.customers.profiles.store import ProfileStore
from inbox.media.copying.avatars import MAX_AVATAR_BYTES
from inbox.mongo.client import Document
from inbox.mongo.due import due
from inbox.ports import Profile
from tests.copy_world import PERSON, CopyWorld, GatedSource, demo_picture
from tests.inbox.customers.test_profiles import ScriptedProfiles


async def fetched(world: CopyWorld, *urls: str) -> None:
    """Let the profile be fetched once for each URL; it tells the picture of that URL."""
    profiles = ScriptedProfiles(*(Profile("Hoa", url) for url in urls))
    for _ in urls:
        await world.mongo["customers"].update_one(
            {"_id": PERSON.id}, {"$set": {"profile": due(world.clock.now())}}
        )
        await ProfileFetching(ProfileStore(world.mongo, world.clock), profiles).step()


async def customer(world: CopyWorld) -> Document:
    found = await world.mongo["customers"].find_one({"_id": PERSON.id})
    assert found is not None
    return found


async def test_avatar_is_there_when_the_link_of_the_channel_is_dead(world: CopyWorld) -> None:
    """X.INB.07: pictures of customers are copied too."""
    await world.arrive()
    url = world.media.media_url("hoa.png")
    await fetched(world, url)

    assert await world.avatar_copier().step() == 1

    identity = (await customer(world))["identities"][0]
    avatar = identity["avatar"]
    assert (avatar["mime"], avatar["url"]) == ("image/png", url)
    assert await world.read(avatar) == demo_picture("hoa.png")
    assert "avatar_copying" not in await customer(world)
    assert (await world.live_types())[-1] == "customer_changed"


async def test_new_avatar_replaces_the_old_one_and_the_same_is_not_fetched_again(
    world: CopyWorld,
) -> None:
    await world.arrive()
    await fetched(world, world.media.media_url("a.png"))
    await world.avatar_copier().step()
    await fetched(world, world.media.media_url("a.png"))
    assert await world.avatar_copier().step() == 0

    await fetched(world, world.media.media_url("b.png"))
    await world.avatar_copier().step()
    await world.collect()

    avatar = (await customer(world))["identities"][0]["avatar"]
    assert world.on_disk() == {avatar["sha256"]}
    assert await world.read(avatar) == demo_picture("b.png")


async def test_avatar_that_is_no_image_or_too_large_is_left_where_it_is(world: CopyWorld) -> None:
    await world.arrive()
    page = world.at_platform(b"<html>" + b"x" * 20_000, "a.html", "text/html")
    large = world.at_platform(demo_picture() + b"x" * MAX_AVATAR_BYTES)
    for url in (page, large, "https://10.0.0.1/a.png"):
        await fetched(world, url)

        assert await world.avatar_copier().step() == 1

        assert "avatar" not in (await customer(world))["identities"][0]
        assert "avatar_copying" not in await customer(world)
    assert world.on_disk() == set()


async def test_avatar_is_tried_again_while_the_channel_is_in_trouble(world: CopyWorld) -> None:
    await world.arrive()
    await fetched(world, world.media.media_url("a.png"))
    world.faults.script("media", Fault.SERVER_ERROR)

    await world.avatar_copier().step()
    world.clock.advance(timedelta(hours=1))
    await world.avatar_copier().step()

    assert "avatar" in (await customer(world))["identities"][0]


async def test_avatar_of_somebody_who_was_erased_meanwhile_is_not_kept(world: CopyWorld) -> None:
    await world.arrive()
    await fetched(world, world.media.media_url("a.png"))
    gate = GatedSource(world.source)
    copying = asyncio.create_task(world.avatar_copier(gate).step())
    await gate.begun.wait()

    await world.erase()
    gate.go_on.set()
    await copying
    await world.collect()

    assert world.on_disk() == set()
    assert await world.mongo["customers"].count_documents({}) == 0
