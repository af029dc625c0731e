"""A receiver is away for two hours while servers are killed: every event arrives, in order."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from app.settings import load_settings
from inbox.automations.delivering.store import DeliveryStore
from inbox.automations.model import EVENT_TYPES
from inbox.automations.service import AutomationService, NewAutomation
from inbox.clock import SystemClock
from inbox.mongo.client import Mongo
from inbox.staff.model import Actor
from tests.crash.fleet import Fleet
from tests.crash.sender import Delivery, Sender
from tests.crash.server import Start
from tests.crash.truths import is_drained
from tests.failpoints import transactions_ending_after
from tests.inbox.automations.receiver import Receiver, in_order, running_receiver
from tests.ingest import FACEBOOK_PAGE, connect_accounts, facebook_message
from tests.waiting import until
from tests.webhook_signing import SECRETS

pytestmark = [pytest.mark.crash, pytest.mark.timeout(900)]

OWNER = Actor(id="owner", name="Chủ", role="owner")
EVENTS = 5_000
PEOPLE = 100
IN_A_BODY = 25
OUTAGE = timedelta(hours=2)
_CONNECTIONS = 4
_BESIDES = {
    "inbox.automation.allow_private": True,
    "inbox.automation.longest_retry_after": timedelta(seconds=1),
    "inbox.automation.call_timeout": timedelta(seconds=3),
}


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with running_receiver() as running:
        yield running


@pytest.fixture
def hasty(start: Start, mongo_uri: str) -> Iterator[Start]:
    """What a dead server held is free again soon, in the service and in mongod."""
    with transactions_ending_after(mongo_uri, 1):
        yield replace(start, lease=timedelta(seconds=1), besides=_BESIDES)


async def automate(mongo: Mongo, receiver: Receiver) -> None:
    settings = load_settings(Path("config.yaml"), SECRETS, {})
    box, clock = settings.secret_box(), SystemClock()
    deliveries = DeliveryStore(mongo, box, clock, lease=timedelta(seconds=9))
    service = AutomationService(
        mongo, deliveries, box, clock, allow_private=True, wake=lambda: None
    )
    wanted = NewAutomation(
        name="Trợ lý",
        kind="webhook",
        url=receiver.url,
        events=frozenset(EVENT_TYPES),
        answers=False,
        answer_within=timedelta(minutes=1),
        hand_back_after=None,
    )
    bot = await mongo["bots"].find_one({})
    if bot is None:
        await mongo["bots"].insert_one({"_id": "bot", "name": "Shop", "member_ids": []})
    _, secret = await service.create(OWNER, "bot", wanted)
    receiver.secrets.append(secret)


def bodies(numbers: Sequence[int], since: datetime) -> list[Delivery]:
    """Webhooks of some messages each; each person's numbers grow."""
    began = int(since.timestamp() * 1000)
    made = []
    for start in range(0, len(numbers), IN_A_BODY):
        elements = [_said(n, began + n) for n in numbers[start : start + IN_A_BODY]]
        entry = {"id": FACEBOOK_PAGE, "time": began, "messaging": elements}
        made.append(("facebook", json.dumps({"object": "page", "entry": [entry]}).encode()))
    return made


def _said(number: int, at: int) -> dict[str, Any]:
    person = str(7_000_000_000_000_000 + number % PEOPLE)
    body = facebook_message(f"tin {number}", mid=f"m_{number}", at=at, psid=person)
    element: dict[str, Any] = body["entry"][0]["messaging"][0]
    return element


class Flaky:
    """Takes an event, and now and then forgets to say so."""

    def __init__(self, receiver: Receiver, chance: random.Random) -> None:
        self._receiver = receiver
        self._chance = chance
        self.forgotten = 0

    def __call__(self, event: dict[str, Any]) -> web.Response:
        if self._chance.random() > 0.01:
            return web.Response(status=200)
        self.forgotten += 1
        self._receiver.events.append(event)
        return web.Response(status=500)


async def test_two_hours_without_a_receiver_and_three_kills_lose_no_event(
    mongo: Mongo, servers: Fleet, hasty: Start, receiver: Receiver
) -> None:
    receiver.answer = lambda _: web.Response(status=503)
    await connect_accounts(mongo)
    await automate(mongo, receiver)
    sender, now = Sender(servers.urls), SystemClock().now()
    early = bodies(range(EVENTS // 2), now)
    late = bodies(range(EVENTS // 2, EVENTS), now + OUTAGE)

    server = await servers.start(hasty)
    sending = asyncio.create_task(sender.deliver(early, connections=_CONNECTIONS))
    await until(lambda: len(sender.acknowledged) > len(early) // 2)
    await server.killed()
    server = await servers.start(replace(hasty, ahead=timedelta(minutes=1)))
    await sending
    await until(lambda: is_drained(mongo))  # what is applied hours later is told to nobody
    await until(lambda: receiver.calls > 0)
    await server.killed()
    server = await servers.start(replace(hasty, ahead=OUTAGE))
    await sender.deliver(late, connections=_CONNECTIONS)
    await until(lambda: is_drained(mongo))
    assert receiver.events == []

    receiver.answer = flaky = Flaky(receiver, random.Random(7))
    await until(lambda: len(receiver.events) > EVENTS // 2, within_s=120)
    await server.killed()
    await servers.start(replace(hasty, ahead=OUTAGE + timedelta(minutes=1)))
    await until(partial(has_all, receiver), within_s=240)

    assert in_order(receiver.events)
    assert flaky.forgotten > 0
    assert_repeats_are_the_same(receiver.events)


def has_all(receiver: Receiver) -> bool:
    """Cheap while it does not: the receiver shares this process."""
    if len(receiver.events) < EVENTS:
        return False
    return set(receiver.texts()) == {f"tin {n}" for n in range(EVENTS)}


def assert_repeats_are_the_same(events: Sequence[Mapping[str, Any]]) -> None:
    known: dict[str, Mapping[str, Any]] = {}
    repeats = 0
    for one in events:
        before = known.setdefault(one["id"], one)
        repeats += before is not one
        assert _said_by(before) == _said_by(one)
    assert repeats > 0
    messages = [one for one in known.values() if one["type"] == "message.received"]
    assert len({one["data"]["message"]["id"] for one in messages}) == len(messages)


def _said_by(event: Mapping[str, Any]) -> tuple[Any, ...]:
    """What must be the same whenever it is told; links are signed anew."""
    message = event["data"].get("message", {})
    return event["type"], event["sequence"], event["conversation_id"], message.get("text")
