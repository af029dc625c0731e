"""A server that stops leaves what it has not told to the next one."""

import asyncio
from datetime import timedelta
from typing import Any

from aiohttp import web
from cryptography.fernet import Fernet

from inbox.automations.delivering.client import ReceiverClient
from inbox.automations.delivering.shapes import StandardShape
from inbox.automations.delivering.store import DeliveryStore
from inbox.automations.delivering.worker import Delivering, Means
from inbox.automations.relaying.store import MARK, Place, RelayStore
from inbox.automations.service import AutomationService, NewAutomation
from inbox.bots.secrets import SecretBox
from inbox.clock import FixedClock
from inbox.live.model import event_from_document
from inbox.media.links import MediaLinks
from inbox.mongo.client import Mongo
from inbox.mongo.leases import Leases
from inbox.staff.model import Actor
from tests.inbox.automations.feed import BOT, THREAD, said
from tests.inbox.automations.receiver import Receiver, running_receiver
from tests.waiting import until

OWNER = Actor(id="owner", name="Chủ", role="owner")
WORDS = [f"tin {number}" for number in range(50)]
CALL_WITHIN = timedelta(seconds=10)


async def test_a_long_queue_is_left_and_gone_on_with_by_the_next(
    mongo: Mongo, clock: FixedClock
) -> None:
    async with running_receiver() as receiver:
        means = await _told(mongo, clock, receiver)
        stop = asyncio.Event()

        def stopping(_event: dict[str, Any]) -> web.Response:
            stop.set()
            return web.Response(status=204)

        receiver.answer = stopping
        await Delivering(means).run(stop)
        told = len(receiver.events)
        again = asyncio.Event()
        receiver.answer = lambda _event: web.Response(status=204)
        going_on = asyncio.create_task(Delivering(means).run(again))
        await until(lambda: len(receiver.events) >= len(WORDS))
        again.set()
        await going_on
        await means.client.close()

    assert 1 <= told < len(WORDS) // 2
    assert receiver.texts() == WORDS


async def _told(mongo: Mongo, clock: FixedClock, receiver: Receiver) -> Means:
    """An automation, for which a whole conversation is queued."""
    box = SecretBox([Fernet.generate_key().decode()])
    store = DeliveryStore(mongo, box, clock, lease=CALL_WITHIN * 3)
    service = AutomationService(mongo, store, box, clock, allow_private=True, wake=lambda: None)
    wanted = NewAutomation(
        name="Trợ lý",
        kind="webhook",
        url=receiver.url,
        events=frozenset({"message.received"}),
        answers=False,
        answer_within=timedelta(minutes=1),
        hand_back_after=None,
    )
    await mongo["bots"].insert_one({"_id": BOT, "name": "Shop", "member_ids": []})
    await mongo["conversations"].insert_one(
        {"_id": THREAD, "status": "open", "kind": "inbox", "bot_id": BOT}
    )
    _, secret = await service.create(OWNER, BOT, wanted)
    receiver.secrets.append(secret)
    leases = Leases(mongo, clock, owner="one")
    fence = await leases.acquire(MARK, timedelta(seconds=15))
    assert fence is not None
    events = [
        event_from_document({"_id": str(number), **said(number, clock)})
        for number in range(len(WORDS))
    ]
    await RelayStore(mongo, clock, leases).relay(events, Place(None, clock.now()), fence)
    return Means(
        store=store,
        automations=service.store,
        shapes={"webhook": StandardShape(MediaLinks([b"x" * 32], clock, CALL_WITHIN), "")},
        client=ReceiverClient(CALL_WITHIN, allow_private=True),
        clock=clock,
        give_up_after=timedelta(hours=24),
    )
