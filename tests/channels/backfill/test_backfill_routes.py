"""Admins see what an account has missed, and may have an interval read back."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from channels.backfill.routes import BackfillRoutes
from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from inbox.staff.audit.model import AuditFilter
from inbox.staff.audit.store import AuditStore
from tests.channels.backfill.backfill_world import KEYS, World, backfill_world
from tests.inbox.inbox_world import Api, an_actor, serve

LAN = "7312094485501290"
PATH = f"/accounts/{KEYS['facebook']}"


@pytest.fixture
async def world(mongo: Mongo, clock: FixedClock) -> AsyncIterator[World]:
    async with backfill_world(mongo, clock) as made:
        yield made


@pytest.fixture
async def api(world: World) -> AsyncIterator[Api]:
    actors = [an_actor(name, "bot", role=name) for name in ("owner", "admin", "manager", "sale")]
    served = await serve([BackfillRoutes(world.store, world.clock)], *actors)
    yield served
    await served.close()


def interval(world: World, since: timedelta, until: timedelta = timedelta(0)) -> dict[str, Any]:
    now = world.clock.now()
    return {"since": (now - since).isoformat(), "until": (now - until).isoformat()}


async def missed_one(world: World) -> None:
    world.gate.shut = True
    world.say("facebook", LAN, "Alo?")
    await world.settle()
    world.clock.advance(timedelta(minutes=5))


async def test_interval_that_an_admin_asks_for_is_read_back_and_shown(
    world: World, api: Api
) -> None:
    await missed_one(world)

    asked = await api.call(
        "POST", f"{PATH}/backfill", "admin", json=interval(world, timedelta(hours=1))
    )
    assert (asked.status, asked.json["state"], asked.json["reason"]) == (202, "waiting", "request")
    await world.fill()

    assert await world.texts("facebook", LAN) == ["Alo?"]
    [shown] = (await api.get(f"{PATH}/gaps", "admin")).json["items"]
    assert (shown["id"], shown["state"], shown["found"], shown["new"]) == (
        asked.json["id"],
        "filled",
        1,
        1,
    )
    assert (shown["incomplete"], shown["error"], shown["next_try_at"]) == ([], None, None)
    [entry] = await AuditStore(world.mongo).page(AuditFilter(), after=None, limit=10)
    assert (entry.action, entry.actor_id) == ("backfill_requested", "admin")


async def test_asking_twice_is_one_interval_and_asking_after_the_end_reads_again(
    world: World, api: Api
) -> None:
    await missed_one(world)
    body = interval(world, timedelta(hours=1))

    first = await api.call("POST", f"{PATH}/backfill", "owner", json=body)
    second = await api.call("POST", f"{PATH}/backfill", "owner", json=body)
    assert first.json == second.json
    await world.fill()
    third = await api.call("POST", f"{PATH}/backfill", "owner", json=body)

    assert (third.json["id"], third.json["state"]) == (first.json["id"], "waiting")
    await world.fill()
    [shown] = (await api.get(f"{PATH}/gaps", "owner")).json["items"]
    assert shown["state"] == "filled"
    assert await world.texts("facebook", LAN) == ["Alo?"]


@pytest.mark.parametrize(
    ("since", "until", "code"),
    [
        pytest.param(timedelta(days=31), timedelta(days=3), "interval_too_long_ago", id="too old"),
        pytest.param(timedelta(0), timedelta(hours=1), "interval_empty", id="backwards"),
        pytest.param(timedelta(hours=1), timedelta(hours=1), "interval_empty", id="empty"),
        pytest.param(-timedelta(hours=1), -timedelta(hours=2), "interval_empty", id="to come"),
    ],
)
async def test_intervals_that_cannot_be_read_are_refused(
    world: World, api: Api, since: timedelta, until: timedelta, code: str
) -> None:
    body = interval(world, since, until)
    refused = await api.call("POST", f"{PATH}/backfill", "admin", json=body)

    assert refused.status == 422
    assert [one["code"] for one in refused.json["errors"]] == [code]
    assert (await api.get(f"{PATH}/gaps", "admin")).json["items"] == []


async def test_times_without_a_zone_are_refused(api: Api) -> None:
    body = {"since": "2026-11-21T05:00:00", "until": "2026-11-21T06:00:00Z"}
    refused = await api.call("POST", f"{PATH}/backfill", "admin", json=body)

    assert [(one["field"], one["code"]) for one in refused.json["errors"]] == [
        ("since", "no_time_zone")
    ]


async def test_account_that_is_not_connected_is_not_found(world: World, api: Api) -> None:
    body = interval(world, timedelta(hours=1))
    answer = await api.call("POST", "/accounts/nobody/backfill", "admin", json=body)

    assert (answer.status, answer.json["code"]) == (404, "account_not_connected")
    assert (await api.get("/accounts/nobody/gaps", "admin")).json["items"] == []


@pytest.mark.parametrize("role", ["manager", "sale", None])
async def test_only_admins_may(world: World, api: Api, role: str | None) -> None:
    body = interval(world, timedelta(hours=1))
    expected = 401 if role is None else 403

    asked = await api.call("POST", f"{PATH}/backfill", role, json=body)
    listed = await api.get(f"{PATH}/gaps", role)

    assert (asked.status, listed.status) == (expected, expected)


async def test_gaps_are_paged_newest_first(world: World, api: Api) -> None:
    now = world.clock.now()
    for number in range(7):
        since = now - timedelta(hours=number + 1)
        await world.missed("facebook", since, since + timedelta(minutes=5))
    await world.missed("zalo", now - timedelta(hours=1), now)

    pages = await api.pages(f"{PATH}/gaps", "admin", limit=3)

    starts = [item["since"] for page in pages for item in page.json["items"]]
    assert [len(page.json["items"]) for page in pages] == [3, 3, 1]
    assert starts == sorted(starts, reverse=True)
    assert len(set(starts)) == 7


async def test_gap_that_waits_says_why_and_until_when(world: World, api: Api) -> None:
    now = world.clock.now()
    await world.missed("facebook", now - timedelta(hours=1), now)
    pages = world.both.platforms.graph.pages
    for page in pages:
        pages.kill(page.id)

    await world.another_worker().step()

    [shown] = (await api.get(f"{PATH}/gaps", "admin")).json["items"]
    assert (shown["state"], shown["error"]) == ("waiting", "token_dead")
    assert shown["next_try_at"] > world.clock.now().isoformat()[:19]
