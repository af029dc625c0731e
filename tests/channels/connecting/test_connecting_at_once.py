"""Connecting while the same thing happens twice at once, or the database is away for a moment."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from app.demo.faults import Fault
from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.connect_world import (
    OA,
    OA_KEY,
    OUTLET_PAGE,
    PAGE,
    Browser,
    ConnectWorld,
    connect_world,
)
from tests.failpoints import failing

INTERRUPTED = 11601


@pytest.fixture
async def world(
    mongo: Mongo, mongo_uri: str, tmp_path: Path, clock: FixedClock
) -> AsyncIterator[ConnectWorld]:
    async with connect_world(mongo, mongo_uri, tmp_path, clock) as world:
        yield world


@pytest.fixture
async def browser(world: ConnectWorld) -> AsyncIterator[Browser]:
    async with Browser(world.url) as browser:
        await browser.sign_in()
        yield browser


async def test_callback_during_the_exchange_waits_for_it(
    world: ConnectWorld, browser: Browser
) -> None:
    """A person who reloads: the code is exchanged once, and the page looks again by itself."""
    back = await browser.walk(await browser.start(world.bot_id, "facebook"), PAGE)
    seen: list[tuple[int, str | None]] = []

    async def reload() -> None:
        async with browser.session.get(back, allow_redirects=False) as answer:
            seen.append((answer.status, answer.headers.get("Refresh")))

    world.stalls.meanwhile = reload
    world.platforms.faults.script("token", Fault.STALL)

    assert (await browser.open(back))[0] == 303
    assert seen == [(409, "2")]
    assert (await browser.open(back))[0] == 303


async def test_two_callbacks_at_the_same_moment_exchange_once(
    world: ConnectWorld, browser: Browser
) -> None:
    back = await browser.walk(await browser.start(world.bot_id, "zalo"), OA)

    answers = await asyncio.gather(*(browser.open(back) for _ in range(4)))
    statuses = [status for status, _ in answers]

    assert set(statuses) <= {303, 409}
    assert statuses.count(303) >= 1
    assert (await browser.open(back))[0] == 303
    assert (await world.audited()).count("account_connect_granted") == 1


async def test_two_finishes_at_the_same_moment_connect_each_page_once(
    world: ConnectWorld, browser: Browser
) -> None:
    flow_id = await browser.granted(world.bot_id, "facebook", PAGE, OUTLET_PAGE)

    both = await asyncio.gather(*(browser.finish(flow_id, PAGE, OUTLET_PAGE) for _ in range(2)))

    for found in both:
        assert {outcome for outcome, _ in found.values()} <= {"connected", "reconnected"}
    assert await world.mongo["accounts"].count_documents({}) == 2
    assert (await world.audited()).count("account_connected") == 2


@pytest.mark.parametrize("connected", [False, True], ids=["new", "connected before"])
async def test_pair_is_saved_when_the_database_comes_back(
    world: ConnectWorld, browser: Browser, mongo_uri: str, connected: bool
) -> None:
    """Zalo gives it once: losing it would cost the OA."""
    if connected:
        await browser.finish(await browser.granted(world.bot_id, "zalo", OA), OA)
    back = await browser.walk(await browser.start(world.bot_id, "zalo"), OA)
    async with AsyncExitStack() as stack:

        async def lose_the_database() -> None:
            away = failing(
                mongo_uri,
                ["update", "findAndModify"],
                app_name="chat-inbox",
                times=3,
                errorCode=INTERRUPTED,
                namespace=f"{world.mongo.db.name}.{'accounts' if connected else 'connect_flows'}",
            )
            stack.enter_context(away)

        world.stalls.meanwhile = lose_the_database
        world.platforms.faults.script("token", Fault.STALL)
        status, location = await browser.open(back)

    assert status == 303, location
    await browser.finish(location.partition("?flow=")[2], OA)
    kept = await world.service.bots.credentials(OA_KEY)
    assert kept["access_token"] == world.platforms.zalo.tokens.pair(OA).access
