"""Erasing somebody whose records were merged, whichever of their ids was named, and when."""

import pytest

from inbox.clock import FixedClock
from inbox.customers.erasure.erasing import Erasing
from inbox.customers.erasure.store import ErasureStore
from inbox.customers.merging.store import MergeStore
from inbox.customers.store import CustomerStore
from inbox.mongo.client import Mongo
from tests.inbox.inbox_world import World, an_actor

BOSS = an_actor("boss", role="admin")


@pytest.mark.parametrize("merged_first", [True, False], ids=["merged before", "merged meanwhile"])
async def test_both_records_of_the_person_go(
    mongo: Mongo, clock: FixedClock, *, merged_first: bool
) -> None:
    """S4.34: the request names the record that is gone, or goes before anybody carries it out."""
    world = World(mongo)
    first, second = await world.customer("Hoa một"), await world.customer("Hoa hai")
    for customer in (first, second):
        thread = await world.conversation(customer)
        await world.message(thread, "Chào shop, Hoa đây")
    merges = MergeStore(mongo, CustomerStore(mongo, clock), clock)
    erasures = ErasureStore(mongo, clock)

    if merged_first:
        await merges.merge(first, second, BOSS)
        await erasures.request(second, BOSS)
    else:
        await erasures.request(second, BOSS)
        await merges.merge(first, second, BOSS)
    await Erasing(mongo, erasures, clock).run_one()

    for collection in ("customers", "conversations", "messages", "merges", "redirects"):
        assert await mongo[collection].count_documents({}) == 0, collection


async def test_asking_by_both_ids_is_one_request(mongo: Mongo, clock: FixedClock) -> None:
    world = World(mongo)
    first, second = await world.customer("Hoa một"), await world.customer("Hoa hai")
    merges = MergeStore(mongo, CustomerStore(mongo, clock), clock)
    await merges.merge(first, second, BOSS)
    erasures = ErasureStore(mongo, clock)

    asked = [await erasures.request(id_, BOSS) for id_ in (first, second)]

    assert asked[0] == asked[1]
    assert await mongo["erasures"].count_documents({}) == 1
