"""Two ingests on one database get the same webhooks at the same time: one result."""

import asyncio
import random

import pytest

from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.channels.ingest.test_any_order import BUSY
from tests.ingest import connect_accounts, payloads, running_ingest
from tests.projection import projection


@pytest.mark.parametrize("seed", range(3))
async def test_the_same_webhooks_at_two_processes_at_once_give_the_same_as_one_in_order(
    mongo: Mongo, clock: FixedClock, seed: int
) -> None:
    await connect_accounts(mongo)
    deliveries = [*payloads(), *BUSY]
    async with running_ingest(mongo, clock) as ingest:
        for channel, body in deliveries:
            await ingest.keep(channel, body)
            await ingest.applied()
    in_order = await projection(mongo)
    for collection in await mongo.db.list_collection_names():
        if collection not in ("accounts", "system.views"):
            await mongo[collection].delete_many({})
    shuffler = random.Random(seed)
    one, other = deliveries[:], deliveries[:]
    shuffler.shuffle(one)
    shuffler.shuffle(other)

    async with (
        running_ingest(mongo, clock, owner="one") as first,
        running_ingest(mongo, clock, owner="other") as second,
    ):
        await asyncio.gather(
            *(first.keep(*delivery) for delivery in one),
            *(second.keep(*delivery) for delivery in other),
        )
        await first.applied()
        await second.applied()

    assert await projection(mongo) == in_order
