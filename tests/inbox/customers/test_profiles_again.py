"""People change their names and pictures: what is old is asked for again when they write."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from inbox.clock import FixedClock
from inbox.conversations.model import IdentityRef
from inbox.customers.profiles.fetching import ASK_REFUSED_AGAIN, MOST_ATTEMPTS, ProfileFetching
from inbox.customers.profiles.store import ProfileStore
from inbox.mongo.client import Document, Mongo
from inbox.ports import Profile, ProfileRefused
from tests.ingest import FACEBOOK_PAGE, Ingest, connect_accounts, facebook_message, running_ingest

KEPT = timedelta(days=7)
DAY = timedelta(days=1)


class Channel:
    """Answers with what the person is called now; `refuses` keeps it to itself."""

    def __init__(self) -> None:
        self.profile = Profile("Nguyễn Thị Ánh", "https://cdn.example/a.jpg?oe=1")
        self.refuses = False
        self.asked = 0

    async def fetch(self, identity: IdentityRef) -> Profile:
        self.asked += 1
        if self.refuses:
            raise ProfileRefused
        return self.profile


class World:
    """A page, its customer, and the worker that asks who they are."""

    def __init__(self, mongo: Mongo, clock: FixedClock, ingest: Ingest) -> None:
        self.mongo = mongo
        self.clock = clock
        self.channel = Channel()
        self._ingest = ingest
        self._fetching = ProfileFetching(ProfileStore(mongo, clock), self.channel)
        self._said = 0

    async def writes(self, **fields: Any) -> None:
        """The customer writes now, and profiles that are due are fetched."""
        await self.posts(**fields)
        await self.fetch()

    async def posts(self, **fields: Any) -> None:
        self._said += 1
        at = int(self.clock.now().timestamp() * 1000)
        body = facebook_message("Alo", mid=f"m_{self._said}", at=at)
        if fields:
            [element] = body["entry"][0]["messaging"]
            element |= fields
        await self._ingest.keep("facebook", body)
        await self._ingest.applied()

    async def fetch(self) -> None:
        while await self._fetching.step():
            pass

    async def customer(self) -> Document:
        found = await self.mongo["customers"].find_one()
        assert found is not None
        return found

    async def renamed(self) -> list[Document]:
        return await self.mongo["interactions"].find({"type": "renamed"}).to_list()


@pytest.fixture
async def world(mongo: Mongo, clock: FixedClock) -> AsyncIterator[World]:
    await connect_accounts(mongo)
    async with running_ingest(mongo, clock) as ingest:
        made = World(mongo, clock, ingest)
        await made.writes()
        yield made


async def test_a_profile_that_is_not_old_is_not_fetched_again(world: World) -> None:
    for _ in range(6):
        world.clock.advance(DAY)
        await world.writes()

    assert world.channel.asked == 1


async def test_an_old_profile_is_fetched_with_the_next_message_once(world: World) -> None:
    world.clock.advance(KEPT + DAY)
    await world.fetch()
    assert world.channel.asked == 1, "nobody has written"

    await world.writes()
    await world.writes()

    assert world.channel.asked == 2


async def test_a_new_name_is_the_customers_and_stands_on_the_timeline(world: World) -> None:
    """S0.03: the name is the channel's, and follows it."""
    world.channel.profile = Profile("Ánh Nguyễn Shop", "https://cdn.example/b.jpg?oe=2")
    world.clock.advance(KEPT)
    await world.writes()

    customer = await world.customer()
    assert (customer["name"], customer["name_key"]) == ("Ánh Nguyễn Shop", "anh nguyen shop")
    identity = customer["identities"][0]
    assert (identity["name"], identity["avatar_url"]) == (
        "Ánh Nguyễn Shop",
        "https://cdn.example/b.jpg?oe=2",
    )
    [row] = await world.renamed()
    assert row["customer_id"] == customer["_id"]
    assert (row["data"]["before"], row["data"]["after"]) == ("Nguyễn Thị Ánh", "Ánh Nguyễn Shop")


async def test_a_name_that_somebody_changed_in_the_directory_stays(world: World) -> None:
    await world.mongo["customers"].update_one(
        {}, {"$set": {"name": "Chị Ánh (sỉ)"}, "$unset": {"name_from": 1}}
    )
    world.channel.profile = Profile("Ánh Nguyễn Shop")
    world.clock.advance(KEPT)
    await world.writes()

    customer = await world.customer()
    assert customer["name"] == "Chị Ánh (sỉ)"
    assert customer["identities"][0]["name"] == "Ánh Nguyễn Shop"


async def test_the_same_profile_again_is_no_news(world: World) -> None:
    told = await world.mongo["live_events"].count_documents({"type": "customer_changed"})
    before = await world.customer()
    world.clock.advance(KEPT)
    await world.writes()

    after = await world.customer()
    assert world.channel.asked == 2
    assert await world.mongo["live_events"].count_documents({"type": "customer_changed"}) == told
    assert after["updated_at"] == before["updated_at"]
    assert await world.renamed() == []


async def test_a_link_to_a_picture_that_expires_is_replaced(world: World) -> None:
    world.channel.profile = Profile("Nguyễn Thị Ánh", "https://cdn.example/a.jpg?oe=2")
    world.clock.advance(KEPT)
    await world.writes()

    customer = await world.customer()
    assert customer["identities"][0]["avatar_url"] == "https://cdn.example/a.jpg?oe=2"
    assert await world.renamed() == []


async def test_what_the_page_itself_writes_asks_for_nothing(world: World) -> None:
    world.clock.advance(KEPT + DAY)
    page = {"id": FACEBOOK_PAGE}
    echo = {"mid": "m_echo", "text": "Dạ", "is_echo": True, "app_id": 1}
    await world.writes(sender=page, recipient={"id": "7312094485501276"}, message=echo)

    assert world.channel.asked == 1


async def test_a_customer_from_before_the_profiles_had_a_date_is_asked_for(world: World) -> None:
    await world.mongo["customers"].update_one({}, {"$unset": {"profile_at": 1}})
    world.clock.advance(DAY)
    await world.writes()

    assert world.channel.asked == 2


async def test_a_profile_that_was_refused_for_good_is_asked_for_with_messages_once_a_day(
    mongo: Mongo, clock: FixedClock
) -> None:
    await connect_accounts(mongo)
    async with running_ingest(mongo, clock) as ingest:
        world = World(mongo, clock, ingest)
        world.channel.refuses = True
        await world.writes()
        for _ in range(MOST_ATTEMPTS + 3):
            world.clock.advance(ASK_REFUSED_AGAIN)
            await world.fetch()
        assert world.channel.asked == MOST_ATTEMPTS
        assert "due_at" not in (await world.customer())["profile"]

        await world.writes()
        await world.writes()
        assert world.channel.asked == MOST_ATTEMPTS + 1, "with a message, and once a day"
        world.clock.advance(DAY)
        await world.fetch()
        assert world.channel.asked == MOST_ATTEMPTS + 1, "not without a message"

        world.channel.refuses = False
        await world.writes()
        assert (await world.customer())["name"] == "Nguyễn Thị Ánh"
        assert "profile" not in await world.customer()


async def test_a_profile_that_is_being_fetched_is_not_asked_for_twice(world: World) -> None:
    world.clock.advance(KEPT)
    await world.posts()
    first = (await world.customer())["profile"]
    await world.posts()

    assert (await world.customer())["profile"] == first
    await world.fetch()
    assert world.channel.asked == 2
