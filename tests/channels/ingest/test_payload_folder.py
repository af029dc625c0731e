"""The whole payload folder through the ingest, in any order, any batching, any repetition."""

import asyncio
import random

from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.ingest import connect_accounts, payloads, running_ingest
from tests.projection import projection


async def test_every_payload_is_applied_and_none_is_parked(mongo: Mongo, clock: FixedClock) -> None:
    await connect_accounts(mongo)
    async with running_ingest(mongo, clock) as ingest:
        for channel, body in payloads():
            await ingest.keep(channel, body)
        await ingest.applied()

    journal = mongo["webhook_journal"]
    assert await journal.count_documents({"applied_at": {"$exists": True}}) == len(payloads())
    assert await ingest.entries.list_parked(after=None, limit=100) == []


async def test_three_shuffled_deliveries_over_eight_connections_give_the_same_as_one_in_order(
    mongo: Mongo, clock: FixedClock
) -> None:
    await connect_accounts(mongo)
    async with running_ingest(mongo, clock) as ingest:
        for channel, body in payloads():
            await ingest.keep(channel, body)
            await ingest.applied()
    in_order = await projection(mongo)
    for collection in await mongo.db.list_collection_names():
        if collection not in ("accounts", "system.views"):
            await mongo[collection].delete_many({})

    thrice = payloads() * 3
    random.shuffle(thrice)
    async with running_ingest(mongo, clock) as ingest:

        async def connection(number: int) -> None:
            for channel, body in thrice[number::8]:
                await ingest.keep(channel, body)

        await asyncio.gather(*(connection(number) for number in range(8)))
        await ingest.applied()

    assert await projection(mongo) == in_order
