"""Customers get the name that their channel tells, and never an invented one."""

import asyncio
from datetime import timedelta

from inbox.clock import FixedClock
from inbox.conversations.model import IdentityRef
from inbox.customers.profiles.fetching import ASK_REFUSED_AGAIN, AT_ONCE, ProfileFetching
from inbox.customers.profiles.store import ProfileStore
from inbox.mongo.client import Mongo
from inbox.ports import Profile, ProfileRefused, ProfileUnavailable
from tests.ingest import connect_accounts, facebook_message, running_ingest
from tests.waiting import until


class ScriptedProfiles:
    """A channel that answers what the test says, and remembers who was asked for."""

    def __init__(self, *answers: Profile | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def fetch(self, identity: IdentityRef) -> Profile:
        self.asked.append(identity.external_id)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def _first_message(mongo: Mongo, clock: FixedClock) -> None:
    await connect_accounts(mongo)
    async with running_ingest(mongo, clock) as ingest:
        await ingest.keep("facebook", facebook_message("Alo", mid="m_1", at=1_789_612_345_678))
        await ingest.applied()


async def test_the_first_webhook_gives_the_customer_the_name_of_the_channel_profile(
    mongo: Mongo, clock: FixedClock
) -> None:
    """S0.03: the name comes from the channel profile."""
    await _first_message(mongo, clock)
    source = ScriptedProfiles(Profile("Nguyễn Thị Ánh", "https://cdn.example/a.jpg"))

    assert await ProfileFetching(ProfileStore(mongo, clock), source).step() == 1

    customer = await mongo["customers"].find_one()
    assert customer is not None
    assert customer["name"] == "Nguyễn Thị Ánh"
    assert customer["name_key"] == "nguyen thi anh"
    assert customer["identities"][0]["name"] == "Nguyễn Thị Ánh"
    assert customer["identities"][0]["avatar_url"] == "https://cdn.example/a.jpg"
    assert "profile" not in customer
    told = await mongo["live_events"].find_one({"type": "customer_changed"})
    assert told is not None
    assert told["bot_ids"] == ["bot"]


async def test_a_silent_platform_is_asked_again_and_the_customer_stays_nameless_meanwhile(
    mongo: Mongo, clock: FixedClock
) -> None:
    await _first_message(mongo, clock)
    source = ScriptedProfiles(ProfileUnavailable(), Profile("Lê Minh"))
    fetching = ProfileFetching(ProfileStore(mongo, clock), source)

    await fetching.step()
    customer = await mongo["customers"].find_one()
    assert customer is not None
    assert customer.get("name") is None
    assert await fetching.step() == 0  # not due yet

    clock.advance(timedelta(seconds=10))
    await fetching.step()
    customer = await mongo["customers"].find_one()
    assert customer is not None
    assert customer["name"] == "Lê Minh"


async def test_a_refused_profile_is_asked_for_again_a_day_later(
    mongo: Mongo, clock: FixedClock
) -> None:
    await _first_message(mongo, clock)
    source = ScriptedProfiles(ProfileRefused(), Profile("Trần An"))
    fetching = ProfileFetching(ProfileStore(mongo, clock), source)

    await fetching.step()
    clock.advance(ASK_REFUSED_AGAIN - timedelta(seconds=1))
    assert await fetching.step() == 0
    clock.advance(timedelta(seconds=1))
    assert await fetching.step() == 1

    assert source.asked == ["7312094485501276"] * 2


async def test_answer_that_comes_after_the_lease_was_lost_is_not_kept(
    mongo: Mongo, clock: FixedClock
) -> None:
    await _first_message(mongo, clock)
    store = ProfileStore(mongo, clock)
    [late] = await store.due.claim(1)
    clock.advance(timedelta(minutes=5))
    [current] = await store.due.claim(1)

    await store.learn(late, {late.id: Profile("Tên Cũ", None)})
    nobody = await mongo["customers"].find_one()
    await store.learn(current, {current.id: Profile("Nguyễn Thị Ánh", None)})
    somebody = await mongo["customers"].find_one()

    assert nobody is not None
    assert "name" not in nobody
    assert somebody is not None
    assert somebody["name"] == "Nguyễn Thị Ánh"


async def test_names_of_a_storm_of_new_customers_all_come(mongo: Mongo, clock: FixedClock) -> None:
    people = [str(7_312_094_485_500_000 + number) for number in range(AT_ONCE + 5)]
    await connect_accounts(mongo)
    async with running_ingest(mongo, clock) as ingest:
        for person in people:
            body = facebook_message("Alo", mid=f"m_{person}", at=1_789_612_345_678, psid=person)
            await ingest.keep("facebook", body)
        await ingest.applied()
    source = ScriptedProfiles(*(Profile("Lê Minh") for _ in people))
    store, stop = ProfileStore(mongo, clock), asyncio.Event()
    running = asyncio.create_task(ProfileFetching(store, source).run(stop))

    async def all_named() -> bool:
        return await mongo["customers"].count_documents({"name": "Lê Minh"}) == len(people)

    await until(all_named)
    stop.set()
    await running

    assert sorted(source.asked) == people
