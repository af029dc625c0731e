"""Erasing a person also erases what we wrote to them, sent or not."""

from pathlib import Path

from inbox.clock import FixedClock
from inbox.customers.erasure.erasing import Erasing
from inbox.customers.erasure.store import ErasureStore
from inbox.mongo.client import Mongo
from tests.inbox.inbox_world import an_actor
from tests.reply_world import ReplyWorld


async def test_what_we_wrote_goes_and_nothing_more_is_sent(
    mongo: Mongo, clock: FixedClock, tmp_path: Path
) -> None:
    world = ReplyWorld(mongo, clock, tmp_path)
    await world.connect()
    thread = await world.thread()
    customer = (await world.conversation_of(thread))["customer_id"]
    # the thread of an inbox is that of the customer's identity
    identity = (await mongo["customers"].find_one({"_id": customer}) or {})["identities"][0]
    await mongo["conversations"].update_one(
        {"_id": thread}, {"$set": {"external_id": identity["external_id"]}}
    )
    await world.say(thread, "Chị Hoa ơi, đơn đã gửi")
    await world.deliver()
    await world.say(thread, "Chị Hoa nhận được chưa?")
    erasures = ErasureStore(mongo, clock)
    await erasures.request(customer, an_actor("boss", role="owner"))

    await Erasing(mongo, erasures, clock).run_one()
    await world.deliver()

    assert world.platform.texts == ["Chị Hoa ơi, đơn đã gửi"]
    for collection in ("messages", "platform_ids", "conversations"):
        assert await mongo[collection].count_documents({}) == 0, collection
