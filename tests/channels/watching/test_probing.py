"""The daily probe of tokens, against the simulated platforms."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from app.demo.accounts import FACEBOOK_PAGE, ZALO_OA
from app.demo.faults import Fault, Refusal
from channels.facebook.probing import PageProbe
from channels.watching.model import WARN_AHEAD, Probed
from inbox.bots.credentials.model import Health
from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from inbox.mongo.due import due
from inbox.ports import AccountRef
from tests.channels.watching.watch_world import (
    DEMO,
    INSTAGRAM_KEY,
    OA_KEY,
    PAGE_KEY,
    WatchWorld,
    watch_world,
)
from tests.simulated import PAGE


@pytest.fixture
async def world(mongo: Mongo, clock: FixedClock) -> AsyncIterator[WatchWorld]:
    async with watch_world(mongo, clock) as made:
        yield made


@pytest.fixture
async def without_app(mongo: Mongo, clock: FixedClock) -> AsyncIterator[WatchWorld]:
    async with watch_world(mongo, clock, with_app=False) as made:
        yield made


async def test_every_account_is_probed_once_a_day(world: WatchWorld) -> None:
    assert await world.probing.run() == len(DEMO)
    assert await world.probing.run() == 0

    for _ in range(24):
        world.clock.advance(timedelta(hours=1))
        await world.probing.run()

    for key in (PAGE_KEY, INSTAGRAM_KEY, OA_KEY):
        account = await world.account(key)
        assert account["health"]["state"] == "ok"
        assert account["probe"]["outcome"] == "ok"
        assert world.clock.now() - account["probe"]["at"] < timedelta(hours=5)


async def test_a_dead_page_token_is_found_with_nobody_sending(world: WatchWorld) -> None:
    world.both.platforms.graph.pages.kill(PAGE, 460)

    await world.probing.run()

    account = await world.account(PAGE_KEY)
    assert await world.health(PAGE_KEY) == ("reauth", "token_dead")
    assert account["health"]["platform_code"] == "190/460"
    assert await world.health(INSTAGRAM_KEY) == ("reauth", "token_dead"), "the same page's token"
    assert await world.health(OA_KEY) == ("ok", None)


async def test_without_the_app_s_credentials_the_page_is_asked_about_itself(
    without_app: WatchWorld,
) -> None:
    await without_app.probing.run()
    assert await without_app.health(PAGE_KEY) == ("ok", None)

    without_app.both.platforms.graph.pages.kill(PAGE, 460)
    without_app.clock.advance(timedelta(days=1))
    await without_app.probing.run()

    assert await without_app.health(PAGE_KEY) == ("reauth", "token_dead")


async def test_a_token_that_lives_again_heals_and_wakes_what_waits(
    world: WatchWorld, mongo: Mongo
) -> None:
    await world.healing.note(PAGE_KEY, Health("reauth", "token_dead"))
    held = due(world.clock.now() + timedelta(minutes=5))
    await mongo["conversations"].insert_one(
        {"_id": "c1", "account_key": PAGE_KEY, "delivery": held}
    )

    await world.probing.run()

    assert await world.health(PAGE_KEY) == ("ok", None)
    thread = await mongo["conversations"].find_one({"_id": "c1"})
    assert thread is not None
    assert thread["delivery"]["due_at"] == world.clock.now()


@pytest.mark.parametrize("reason", ["account_blocked", "app_misconfigured"])
async def test_a_living_token_does_not_prove_that_a_restricted_page_may_send(
    world: WatchWorld, reason: str
) -> None:
    await world.healing.note(PAGE_KEY, Health("blocked", reason))
    await world.healing.note(OA_KEY, Health("blocked", "billing_needed"))

    await world.probing.run()

    assert await world.health(PAGE_KEY) == ("blocked", reason)
    assert await world.health(OA_KEY) == ("blocked", "billing_needed")


@pytest.mark.parametrize(
    "trouble",
    [Fault.SERVER_ERROR, Fault.RATE_LIMITED, Fault.RESET_BEFORE, Refusal(code=2)],
    ids=str,
)
async def test_a_passing_failure_changes_nothing_and_is_asked_again_soon(
    world: WatchWorld, trouble: Any
) -> None:
    world.both.platforms.faults.script("other", *[trouble] * len(DEMO))

    await world.probing.run()

    assert await world.health(PAGE_KEY) == ("ok", None)
    world.clock.advance(timedelta(hours=1))
    assert await world.probing.run() >= 1
    assert (await world.account(PAGE_KEY))["probe"]["outcome"] == "ok"


async def test_an_app_secret_that_meta_refuses_says_nothing_of_the_page(
    world: WatchWorld,
) -> None:
    world.both.platforms.faults.script("other", Refusal(code=190))

    await world.probing.run()

    assert await world.health(PAGE_KEY) == ("ok", None)


async def test_an_account_that_was_connected_anew_meanwhile_is_not_called_dead(
    world: WatchWorld, mongo: Mongo
) -> None:
    pages = world.both.platforms.graph.pages
    pages.kill(PAGE, 460)
    probe = world.probing._probes["facebook"]

    class Slow:
        """Somebody connects the page while the old token is being asked about."""

        async def probe(self, account: AccountRef) -> Probed:
            try:
                return await probe.probe(account)
            finally:
                await world.reconnect(FACEBOOK_PAGE)

    world.probing._probes = {"facebook": Slow()}
    await world.probing.run()

    assert await world.health(PAGE_KEY) == ("ok", None)


async def test_an_oa_whose_refresh_token_is_refused_is_found(world: WatchWorld) -> None:
    before = world.both.platforms.credentials(ZALO_OA)
    await world.both.oauth(
        refresh_token=before["refresh_token"], grant_type="refresh_token"
    )  # somebody else used it up

    await world.probing.run()

    assert (await world.health(OA_KEY))[0] == "reauth"
    assert await world.health(PAGE_KEY) == ("ok", None)


async def test_cut_off_in_the_middle_the_rest_is_probed_by_the_next_run(
    world: WatchWorld,
) -> None:
    calls = 0

    async def cut_off(_: float) -> None:
        nonlocal calls
        calls += 1
        raise RuntimeError("killed")

    world.probing._pause = cut_off
    with pytest.raises(RuntimeError):
        await world.probing.run()

    world.probing._pause = lambda _: world.store.count_probed(())
    assert await world.probing.run() == len(DEMO) - 1


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param({"expires_at": 0}, None, id="never ends"),
        pytest.param({"expires_at": 13}, ("token_ends", 13), id="ends soon"),
        pytest.param({"expires_at": 15}, None, id="ends later"),
        pytest.param({"data_access_expires_at": 3}, ("data_access_ends", 3), id="data access"),
        pytest.param(
            {"expires_at": 9, "data_access_expires_at": 3},
            ("data_access_ends", 3),
            id="what ends first",
        ),
        pytest.param({"expires_at": "soon"}, None, id="nonsense"),
        pytest.param({"expires_at": 10**30}, None, id="beyond all time"),
    ],
)
async def test_a_token_that_ends_soon_is_told_in_time(
    world: WatchWorld, told: dict[str, Any], expected: tuple[str, int] | None
) -> None:
    now = world.clock.now()
    probe = world.probing._probes["facebook"]
    assert isinstance(probe, PageProbe)
    seconds = {
        name: int((now + timedelta(days=value)).timestamp())
        if isinstance(value, int) and 0 < value < 100
        else value
        for name, value in told.items()
    }

    found = probe._judged({"is_valid": True, **seconds})

    if expected is None:
        assert found.warning is None
        return
    assert found.warning is not None
    reason, days = expected
    assert (found.warning.state, found.warning.reason) == ("expiring", reason)
    assert found.warning.ends_at == now.replace(microsecond=0) + timedelta(days=days)


async def test_a_warning_goes_when_the_account_was_connected_again(world: WatchWorld) -> None:
    ends_at = world.clock.now() + WARN_AHEAD
    warning = Health("expiring", "token_ends", ends_at=ends_at)
    await world.healing.note(PAGE_KEY, warning)
    await world.healing.note(OA_KEY, Health("expiring", "refresh_token_ends", ends_at=ends_at))

    await world.probing.run()

    assert await world.health(PAGE_KEY) == ("ok", None)
    assert await world.health(OA_KEY) == ("expiring", "refresh_token_ends"), "zalo's own warning"
