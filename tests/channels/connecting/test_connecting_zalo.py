"""OAs are connected through Zalo's permission page, of whose tokens only the newest pair works."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from app.demo.faults import Fault
from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.connect_world import OA, OA_KEY, Browser, ConnectWorld, connect_world


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


async def works(world: ConnectWorld) -> bool:
    """Whether the pair that is kept is the one that Zalo takes."""
    kept = await world.service.bots.credentials(OA_KEY)
    pair = world.platforms.zalo.tokens.pair(OA)
    return (kept["access_token"], kept["refresh_token"]) == (pair.access, pair.refresh)


async def test_oa_is_connected_with_the_pair_that_its_code_was_good_for(
    world: ConnectWorld, browser: Browser
) -> None:
    flow_id = await browser.granted(world.bot_id, "zalo", OA)
    _, flow = await browser.call("GET", f"connect-flows/{flow_id}")
    assert [(one["account_id"], one["name"]) for one in flow["accounts"]] == [
        (OA, "Áo Khoác An Nhiên")
    ]
    kept_so_far = await world.everything_kept()
    assert world.platforms.zalo.tokens.pair(OA).access.encode() not in kept_so_far

    assert await browser.finish(flow_id, OA) == {OA: ("connected", None)}

    assert await works(world)
    assert (await world.account(OA_KEY))["bot_id"] == world.bot_id


async def test_verifier_of_another_challenge_is_refused(
    world: ConnectWorld, browser: Browser
) -> None:
    """PKCE: a code that somebody caught is worth nothing without our verifier."""
    dialog = await browser.start(world.bot_id, "zalo")
    asked = {name: one[0] for name, one in parse_qs(urlsplit(dialog).query).items()}
    assert len(asked["code_challenge"]) == 43
    spoilt = f"{dialog.partition('?')[0]}?{urlencode(asked | {'code_challenge': 'x' * 43})}"

    status, page = await browser.open(await browser.walk(spoilt, OA))

    assert status == 409
    assert "used or expired" in page


async def test_admin_of_an_oa_who_does_not_agree_is_led_back(
    world: ConnectWorld, browser: Browser
) -> None:
    dialog = await browser.start(world.bot_id, "zalo")

    status, page = await browser.open(await browser.walk(dialog, OA, decision="deny"))

    assert status == 409
    assert "không cấp quyền" in page


async def test_zalo_that_is_silent_for_a_moment_is_asked_again_whose_the_pair_is(
    world: ConnectWorld, browser: Browser
) -> None:
    """Otherwise the new pair, and with it the OA's old one, would be lost."""
    world.platforms.faults.script("other", Fault.SERVER_ERROR, Fault.SERVER_ERROR)

    flow_id = await browser.granted(world.bot_id, "zalo", OA)

    assert await browser.finish(flow_id, OA) == {OA: ("connected", None)}
    assert await works(world)


@pytest.mark.parametrize("same_bot", [True, False], ids=["its bot", "another bot"])
async def test_oa_that_is_connected_gets_its_new_pair_at_once_wherever_it_is(
    world: ConnectWorld, browser: Browser, same_bot: bool
) -> None:
    """The consent has killed the old pair, whether or not somebody goes on to choose."""
    await browser.finish(await browser.granted(world.bot_id, "zalo", OA), OA)

    bot_id = world.bot_id if same_bot else world.other_bot_id
    flow_id = await browser.granted(bot_id, "zalo", OA)

    assert await works(world)
    outcome = "reconnected" if same_bot else "belongs_to_another_bot"
    assert await browser.finish(flow_id, OA) == {OA: (outcome, None)}
    assert await works(world)
    assert (await world.account(OA_KEY))["bot_id"] == world.bot_id


async def test_pair_that_waited_in_a_flow_does_not_replace_a_newer_one(
    world: ConnectWorld, browser: Browser, clock: FixedClock
) -> None:
    """The tokens were refreshed between the callback and the choice."""
    await browser.finish(await browser.granted(world.bot_id, "zalo", OA), OA)
    flow_id = await browser.granted(world.bot_id, "zalo", OA)
    clock.advance(timedelta(minutes=1))
    pair = world.platforms.zalo.tokens.revive(OA)
    refreshed = pair.credentials()
    await world.service._connections.onboarding.renew(  # type: ignore[union-attr]
        world.owner, world.bot_id, OA_KEY, refreshed
    )

    assert await browser.finish(flow_id, OA) == {OA: ("reconnected", None)}

    assert await works(world)


async def test_flow_is_good_for_an_oa_once(world: ConnectWorld, browser: Browser) -> None:
    """After a disconnection its pair may be dead: the person has to agree again."""
    flow_id = await browser.granted(world.bot_id, "zalo", OA)
    await browser.finish(flow_id, OA)
    await browser.call("DELETE", f"bots/{world.bot_id}/accounts/{OA_KEY}")

    status, problem = await browser.call(
        "POST", f"connect-flows/{flow_id}/finish", json={"account_ids": [OA]}
    )

    assert (status, problem["code"]) == (404, "connect_flow_over")
    assert await world.mongo["accounts"].find_one({"_id": OA_KEY}) is None
