"""The simulation against a server: signed, in any order, repeated, and applied exactly once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from app.demo.accounts import ACCOUNTS
from app.demo.delivery import Delivery, Platform
from app.demo.platform import SimulatedPlatform
from app.demo.simulation import Simulation
from channels.errors import BadSignature
from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.demo_bodies import SECRETS, check, parsed
from tests.ingest import connect_accounts, running_ingest


@dataclass
class Server:
    """Checks what arrives as the real endpoints do; refuses every `refuse_every`-th request."""

    refuse_every: int = 0
    arrived: list[Delivery] = field(default_factory=list)
    requests: int = 0

    async def receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.requests += 1
        if self.refuse_every and self.requests % self.refuse_every == 0:
            return web.Response(status=503)
        platform: Platform = "zalo" if request.path.endswith("zalo") else "facebook"
        delivery = Delivery(platform, body, dict(request.headers))
        try:
            check(delivery)
        except BadSignature:
            return web.Response(status=401)
        self.arrived.append(delivery)
        return web.Response(text="ok")


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
async def base_url(server: Server) -> AsyncIterator[str]:
    application = web.Application()
    application.router.add_post("/webhooks/{platform}", server.receive)
    async with TestServer(application, host="127.0.0.1") as running:
        yield str(running.make_url("/"))


async def no_wait(_: float) -> None:
    """The pace of a test: the next thing may happen at once."""
    await asyncio.sleep(0)


def simulation(base_url: str, clock: FixedClock) -> Simulation:
    platform = SimulatedPlatform(SECRETS.media_port)
    return Simulation(base_url, SECRETS, clock=clock, platform=platform, pace=no_wait)


async def test_the_history_arrives_completely_though_some_requests_are_refused(
    server: Server, base_url: str, clock: FixedClock
) -> None:
    await simulation(base_url, clock).seed()
    complete = {delivery.body for delivery in server.arrived}
    server.arrived.clear()
    server.refuse_every = 7
    count = await simulation(base_url, clock).seed()
    assert {delivery.body for delivery in server.arrived} == complete
    assert len(server.arrived) == count > len(complete) > 100


async def test_the_history_lies_in_the_last_three_days(
    server: Server, base_url: str, clock: FixedClock
) -> None:
    await simulation(base_url, clock).seed()
    events = [event for delivery in server.arrived for event in parsed(delivery).events]
    assert {event.channel for event in events} == {"facebook", "instagram", "zalo"}
    assert all(
        SECRETS.created_at - timedelta(days=3) < event.at < SECRETS.created_at for event in events
    )
    threads = {
        (event.channel, event.thread) for event in events if event.type in ("message", "comment")
    }
    assert len(threads) >= 20


async def test_live_customers_write_until_they_are_stopped(
    server: Server, base_url: str, clock: FixedClock
) -> None:
    stop = asyncio.Event()
    waits: list[float] = []

    async def pace(seconds: float) -> None:
        waits.append(seconds)
        clock.advance(timedelta(seconds=seconds))
        if len(server.arrived) >= 60:
            stop.set()
        await asyncio.sleep(0)

    platform = SimulatedPlatform(SECRETS.media_port)
    live = Simulation(base_url, SECRETS, clock=clock, platform=platform, pace=pace)
    async with asyncio.timeout(30):
        await live.run(stop)
    assert all(2 <= wait <= 6 for wait in waits)
    kinds = {event.type for one in server.arrived for event in parsed(one).events}
    assert {"message", "echo"} <= kinds
    assert "unknown" not in kinds


async def test_live_customers_fall_silent_while_the_server_is_away(clock: FixedClock) -> None:
    stop = asyncio.Event()
    rounds = retries = 0

    async def pace(seconds: float) -> None:
        nonlocal rounds, retries
        if seconds > 6 or seconds < 2:  # a first retry: the server stays away for good
            retries += 1
            await asyncio.Event().wait()
        rounds += 1
        if rounds == 400:
            stop.set()
        await asyncio.sleep(0)

    platform = SimulatedPlatform(SECRETS.media_port)
    live = Simulation("http://127.0.0.1:9", SECRETS, clock=clock, platform=platform, pace=pace)
    async with asyncio.timeout(30):
        await live.run(stop)
    assert rounds == 400
    assert 40 < retries < 60


async def test_the_real_ingest_applies_the_history_exactly_once(
    mongo: Mongo, server: Server, base_url: str, clock: FixedClock
) -> None:
    await connect_accounts(mongo, [(one.channel, one.account_id) for one in ACCOUNTS])
    await simulation(base_url, clock).seed()
    counts = []
    for _ in range(2):  # the second time is a restart of the demo
        async with running_ingest(mongo, clock) as ingest:
            for delivery in server.arrived:
                await ingest.keep(delivery.platform, delivery.body)
            await ingest.applied()
        assert await mongo["webhook_journal"].count_documents({"parked": {"$exists": True}}) == 0
        shown = {"last": {"$exists": True}}
        counts.append(
            (
                await mongo["conversations"].count_documents(shown),
                await mongo["messages"].count_documents({"at": {"$exists": True}}),
                await mongo["messages"].count_documents({"at": {"$exists": False}}),
                await mongo["interactions"].count_documents({}),
            )
        )
    assert counts[0] == counts[1]
    conversations, messages, placeholders, _ = counts[0]
    assert conversations >= 20
    assert messages > 80
    assert placeholders == 0
    assert await mongo["conversations"].count_documents({"waiting_since": {"$exists": True}}) > 3
