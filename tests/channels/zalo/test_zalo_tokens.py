"""Zalo's single-use refresh tokens: one refresh, no pair lost, every end is seen in time."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from aiohttp import web

from channels.zalo.failures import AppUnusable, TokenDead
from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from inbox.ports import SendUnavailable
from tests.channels.zalo.zalo_oa import (
    FIRST,
    KEY,
    TokenEndpoint,
    account,
    connect,
    credential_store,
    working,
    zalo_config,
)
from tests.failpoints import failing
from tests.waiting import until

NO_NUMBER = {"error_name": "Invalid refresh token", "error_description": "Invalid refresh token"}
NOT_ACTIVE = {"error_name": "App is not active", "error": -14002}


@pytest.fixture
async def zalo() -> AsyncIterator[TokenEndpoint]:
    async with TokenEndpoint().serving() as endpoint:
        yield endpoint


def in_hours(clock: FixedClock, hours: float) -> str:
    return (clock.now() + timedelta(hours=hours)).isoformat()


async def test_token_with_more_than_two_hours_is_used_without_asking_zalo(
    mongo: Mongo, clock: FixedClock, zalo: TokenEndpoint
) -> None:
    await connect(mongo, clock, expires_at=in_hours(clock, 2.1))
    async with working(mongo, clock, zalo_config(zalo.url)) as oa:
        assert await oa.tokens.access_token(KEY) == "AT-0"

    assert zalo.asked == []


@pytest.mark.parametrize("hours", [1.9, -5])
async def test_token_with_less_than_two_hours_is_refreshed_and_kept_before_it_is_used(
    mongo: Mongo, clock: FixedClock, zalo: TokenEndpoint, hours: float
) -> None:
    store = await connect(mongo, clock, expires_at=in_hours(clock, hours), note="kept")
    async with working(mongo, clock, zalo_config(zalo.url)) as oa:
        assert await oa.tokens.access_token(KEY) == "AT-1"

    assert zalo.asked == [
        {"app_id": "1122334455", "grant_type": "refresh_token", "refresh_token": "RT-0"}
    ]
    assert zalo.headers[0]["secret_key"] == "app-secret-of-tests"
    kept = await store.of(KEY)
    assert (kept["access_token"], kept["refresh_token"], kept["note"]) == ("AT-1", "RT-1", "kept")
    assert kept["expires_at"] == in_hours(clock, 25)
    assert datetime.fromisoformat(kept["refresh_expires_at"]) == clock.now() + timedelta(days=90)
    assert "refresh" not in await account(mongo)
    assert b"AT-1" not in (await account(mongo))["credentials"]


async def test_pasted_pair_whose_end_nobody_knows_is_refreshed_at_once(
    mongo: Mongo, clock: FixedClock, zalo: TokenEndpoint
) -> None:
    await connect(mongo, clock)
    async with working(mongo, clock, zalo_config(zalo.url)) as oa:
        assert await oa.tokens.access_token(KEY) == "AT-1"
        assert await oa.tokens.access_token(KEY) == "AT-1"

    assert len(zalo.asked) == 1


@pytest.mark.parametrize("expires_in", [90000, "90000", None, "soon"])
async def test_lifetime_is_read_as_text_or_number_and_25_hours_otherwise(
    mongo: Mongo, clock: FixedClock, zalo: TokenEndpoint, expires_in: object
) -> None:
    store = await connect(mongo, clock)
    zalo.expires_in = expires_in
    async with working(mongo, clock, zalo_config(zalo.url)) as oa:
        await oa.tokens.access_token(KEY)

    assert (await store.of(KEY))["expires_at"] == in_hours(clock, 25)


async def test_two_processes_refresh_one_expired_token_with_one_call(
    mongo: Mongo, clock: FixedClock, zalo: TokenEndpoint
) -> None:
    """One refresher at a time across processes: both use the new pair."""
    store = await connect(mongo, clock, expires_at=in_hours(clock, -1))
    zalo.hold = True
    config = zalo_config(zalo.url)
    async with (
        working(mongo, clock, config, owner="one") as one,
        working(mongo, clock, config, owner="two") as two,
    ):
        asking = [
            asyncio.create_task(oa.tokens.access_token(KEY)) for oa in (one, two) for _ in range(5)
        ]
        await until(lambda: len(zalo.asked) == 1)
        zalo.go.set()
        tokens = await asyncio.gather(*asking)

    assert set(tokens) == {"AT-1"}
    assert len(zalo.asked) == 1
    assert (await store.of(KEY))["refresh_token"] == zalo.living[1]


async def test_dead_token_is_looked_up_again_before_it_is_refreshed(
    mongo: Mongo, clock: FixedClock, zalo: TokenEndpoint
) -> None:
    await connect(mongo, clock, expires_at=in_hours(clock, 20))
    async with working(mongo, clock, zalo_config(zalo.url)) as oa:
        assert await oa.tokens.renewed(KEY, "AT-of-yesterday") == "AT-0"
        assert zalo.asked == []
        assert await oa.tokens.renewed(KEY, "AT-0") == "AT-1"

    assert len(zalo.asked) == 1


async def test_caller_that_gives_up_does_not_lose_the_pair(
    mongo: Mongo, clock: FixedClock, zalo: TokenEndpoint
) -> None:
    store = await connect(mongo, clock)
    zalo.hold = True
    async with working(mongo, clock, zalo_config(zalo.url)) as oa:
        asking = asyncio.create_task(oa.tokens.access_token(KEY))
        await until(lambda: len(zalo.asked) == 1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        zalo.go.set()
        await oa.tokens.close()

    assert (await store.of(KEY))["refresh_token"] == "RT-1"


async def test_pair_waits_for_a_database_that_is_away_when_the_answer_comes(
    mongo: Mongo, mongo_uri: str, clock: FixedClock, zalo: TokenEndpoint
) -> None:
    store = await connect(mongo, clock)
    zalo.hold = True
    database = Mongo.connect(mongo_uri, mongo.db.name, appname="away", retryWrites=False)
    async with working(database, clock, zalo_config(zalo.url)) as oa:
        asking = asyncio.create_task(oa.tokens.access_token(KEY))
        await until(lambda: len(zalo.asked) == 1)
        with failing(mongo_uri, ["findAndModify"], app_name="away", closeConnection=True):
            zalo.go.set()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asyncio.shield(asking), 1)
            assert (await store.of(KEY))["refresh_token"] == "RT-0"
        assert await asking == "AT-1"
    await database.close()

    assert (await store.of(KEY))["refresh_token"] == "RT-1"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"error_name": "Invalid refresh token", "error": -14014}, id="-14014"),
        pytest.param({"error_name": "Invalid grant", "error": -118}, id="-118"),
        pytest.param(NO_NUMBER, id="no number"),
    ],
)
async def test_refused_refresh_marks_the_account_and_is_not_tried_again(
    mongo: Mongo, clock: FixedClock, zalo: TokenEndpoint, answer: dict[str, object]
) -> None:
    store = await connect(mongo, clock, expires_at=in_hours(clock, -1))
    zalo.answers_instead.append(web.json_response(answer))
    async with working(mongo, clock, zalo_config(zalo.url)) as oa:
        with pytest.raises(TokenDead):
            await oa.tokens.access_token(KEY)
        with pytest.raises(TokenDead):
            await oa.tokens.access_token(KEY)
        assert await oa.tokens.step() == 1
        clock.advance(timedelta(days=1))
        assert await oa.tokens.step() == 0

    assert len(zalo.asked) == 1
    found = await account(mongo)
    assert found["health"]["state"] == "reauth"
    assert found["health"]["reason"] == "refresh_refused"
    assert (await store.of(KEY))["access_token"] == "AT-0"
    assert await mongo["live_events"].count_documents({"type": "bot_changed", "bot_id": "b1"}) == 1


async def test_refused_refresh_leaves_the_token_in_use_while_it_lives(
    mongo: Mongo, clock: FixedClock, zalo: TokenEndpoint
) -> None:
    await connect(mongo, clock, expires_at=in_hours(clock, 1))
    zalo.answers_instead.append(web.json_response(NO_NUMBER))
    async with working(mongo, clock, zalo_config(zalo.url)) as oa:
        assert await oa.tokens.access_token(KEY) == "AT-0"

    assert (await account(mongo))["health"]["state"] == "reauth"


async def test_connecting_again_heals_the_account_and_plans_a_refresh(
    mongo: Mongo, clock: FixedClock, zalo: TokenEndpoint
) -> None:
    store = await connect(mongo, clock, expires_at=in_hours(clock, -1))
    zalo.answers_instead.append(web.json_response(NO_NUMBER))
    async with working(mongo, clock, zalo_config(zalo.url)) as oa:
        with pytest.raises(TokenDead):
            await oa.tokens.access_token(KEY)
        await store.replace(KEY, FIRST, now=clock.now())
        assert (await account(mongo))["health"]["state"] == "ok"
        assert await oa.tokens.step() == 1

    assert (await store.of(KEY))["access_token"] == "AT-1"


async def test_inactive_app_blocks_the_account_but_does_not_condemn_the_token(
    mongo: Mongo, clock: FixedClock, zalo: TokenEndpoint
) -> None:
    await connect(mongo, clock)
    zalo.answers_instead.append(web.json_response(NOT_ACTIVE))
    async with working(mongo, clock, zalo_config(zalo.url)) as oa:
        with pytest.raises(AppUnusable):
            await oa.tokens.renewed(KEY, "AT-0")
        health = (await account(mongo))["health"]
        assert (health["state"], health["reason"]) == ("blocked", "app_refused")
        assert await oa.tokens.renewed(KEY, "AT-0") == "AT-1"

    assert (await account(mongo))["health"]["state"] == "ok"


async def test_endpoint_that_is_away_is_not_asked_by_every_message(
    mongo: Mongo, clock: FixedClock, zalo: TokenEndpoint
) -> None:
    await connect(mongo, clock, expires_at=in_hours(clock, -1))
    zalo.answers_instead += [web.Response(status=502, text="<html>") for _ in range(2)]
    async with working(mongo, clock, zalo_config(zalo.url)) as oa:
        for _ in range(3):
            with pytest.raises(SendUnavailable):
                await oa.tokens.access_token(KEY)
        assert len(zalo.asked) == 1
        clock.advance(timedelta(seconds=20))
        with pytest.raises(SendUnavailable):
            await oa.tokens.access_token(KEY)
        clock.advance(timedelta(seconds=20))
        assert await oa.tokens.access_token(KEY) == "AT-1"

    assert (await account(mongo))["health"]["state"] == "ok"


async def test_answer_that_never_came_and_a_refused_token_mean_that_the_pair_is_lost(
    mongo: Mongo, clock: FixedClock, zalo: TokenEndpoint
) -> None:
    await connect(mongo, clock, expires_at=in_hours(clock, -1))
    zalo.hold = True
    config = zalo_config(zalo.url, timeout=timedelta(seconds=0.2))
    async with working(mongo, clock, config) as oa:
        with pytest.raises(SendUnavailable):
            await oa.tokens.access_token(KEY)
        clock.advance(timedelta(minutes=1))
        with pytest.raises(TokenDead):
            await oa.tokens.access_token(KEY)

    assert (await account(mongo))["health"]["reason"] == "token_lost"


async def test_late_answer_of_a_slow_process_heals_what_another_has_reported_as_lost(
    mongo: Mongo, clock: FixedClock, zalo: TokenEndpoint
) -> None:
    """The slow one was stopped for longer than its lease; its answer is the only living pair."""
    store = await connect(mongo, clock, expires_at=in_hours(clock, -1))
    zalo.hold = True
    config = zalo_config(zalo.url)
    async with (
        working(mongo, clock, config, owner="slow") as slow,
        working(mongo, clock, config, owner="other") as other,
    ):
        asking = asyncio.create_task(slow.tokens.access_token(KEY))
        await until(lambda: len(zalo.asked) == 1)
        clock.advance(timedelta(minutes=5))
        with pytest.raises(TokenDead):
            await other.tokens.access_token(KEY)
        assert (await account(mongo))["health"]["reason"] == "token_lost"
        zalo.go.set()
        assert await asking == "AT-1"
        assert await other.tokens.access_token(KEY) == "AT-1"

    assert (await account(mongo))["health"]["state"] == "ok"
    assert (await store.of(KEY))["refresh_token"] == "RT-1"


async def test_admin_who_connects_again_meanwhile_wins_over_the_answer(
    mongo: Mongo, clock: FixedClock, zalo: TokenEndpoint
) -> None:
    store = await connect(mongo, clock, expires_at=in_hours(clock, -1))
    zalo.hold = True
    async with working(mongo, clock, zalo_config(zalo.url)) as oa:
        asking = asyncio.create_task(oa.tokens.access_token(KEY))
        await until(lambda: len(zalo.asked) == 1)
        pair = {
            "access_token": "AT-new",
            "refresh_token": "RT-new",
            "expires_at": in_hours(clock, 25),
        }
        await store.replace(KEY, pair, now=clock.now())
        zalo.go.set()
        assert await asking == "AT-new"

    assert await store.of(KEY) == pair


async def test_worker_refreshes_twice_a_day(
    mongo: Mongo, clock: FixedClock, zalo: TokenEndpoint
) -> None:
    await connect(mongo, clock)
    async with working(mongo, clock, zalo_config(zalo.url)) as oa:
        assert await oa.tokens.step() == 1
        clock.advance(timedelta(hours=11))
        assert await oa.tokens.step() == 0
        clock.advance(timedelta(hours=1))
        assert await oa.tokens.step() == 1

    assert len(zalo.asked) == 2


async def test_short_lived_token_is_refreshed_before_its_end_and_not_with_every_call(
    mongo: Mongo, clock: FixedClock, zalo: TokenEndpoint
) -> None:
    await connect(mongo, clock)
    zalo.expires_in = 600
    async with working(mongo, clock, zalo_config(zalo.url)) as oa:
        assert await oa.tokens.step() == 1
        assert await oa.tokens.access_token(KEY) == "AT-1"
        clock.advance(timedelta(seconds=551))
        assert await oa.tokens.access_token(KEY) == "AT-2"

    assert len(zalo.asked) == 2


async def test_end_of_the_refresh_token_is_announced_14_days_before(
    mongo: Mongo, clock: FixedClock, zalo: TokenEndpoint
) -> None:
    await connect(mongo, clock)
    zalo.more = {"refresh_token_expires_in": str(13 * 86400)}
    async with working(mongo, clock, zalo_config(zalo.url)) as oa:
        await oa.tokens.step()
        health = (await account(mongo))["health"]
        assert (health["state"], health["reason"]) == ("expiring", "refresh_token_ends")
        zalo.more = {}
        clock.advance(timedelta(hours=12))
        await oa.tokens.step()

    assert (await account(mongo))["health"]["state"] == "ok"


async def test_end_is_announced_too_while_the_endpoint_does_not_answer(
    mongo: Mongo, clock: FixedClock, zalo: TokenEndpoint
) -> None:
    await connect(mongo, clock)
    async with working(mongo, clock, zalo_config(zalo.url)) as oa:
        await oa.tokens.step()
        clock.advance(timedelta(days=77))
        zalo.answers_instead.append(web.Response(status=502, text="<html>"))
        await oa.tokens.step()

    assert (await account(mongo))["health"]["state"] == "expiring"


async def test_token_without_a_refresh_token_works_and_warns(
    mongo: Mongo, clock: FixedClock, zalo: TokenEndpoint
) -> None:
    await connect(mongo, clock, refresh_token="")
    async with working(mongo, clock, zalo_config(zalo.url)) as oa:
        await oa.tokens.step()
        assert await oa.tokens.access_token(KEY) == "AT-0"
        health = (await account(mongo))["health"]
        assert (health["state"], health["reason"]) == ("expiring", "no_refresh_token")
        with pytest.raises(TokenDead):
            await oa.tokens.renewed(KEY, "AT-0")

    assert (await account(mongo))["health"]["state"] == "reauth"


async def test_other_trouble_of_an_account_survives_a_refresh(
    mongo: Mongo, clock: FixedClock, zalo: TokenEndpoint
) -> None:
    await connect(mongo, clock)
    trouble = {"state": "blocked", "reason": "billing_needed", "at": clock.now()}
    await mongo["accounts"].update_one({"_id": KEY}, {"$set": {"health": trouble}})
    async with working(mongo, clock, zalo_config(zalo.url)) as oa:
        await oa.tokens.step()

    assert (await account(mongo))["health"] == trouble


async def test_account_without_tokens_waits_for_an_admin(
    mongo: Mongo, clock: FixedClock, zalo: TokenEndpoint
) -> None:
    await connect(mongo, clock)
    await mongo["accounts"].update_one({"_id": KEY}, {"$unset": {"credentials": 1, "token": 1}})
    async with working(mongo, clock, zalo_config(zalo.url)) as oa:
        assert await oa.tokens.step() == 0
        with pytest.raises(TokenDead):
            await oa.tokens.access_token(KEY)


async def test_loop_takes_up_a_refresh_that_a_dead_process_left(
    mongo: Mongo, clock: FixedClock, zalo: TokenEndpoint
) -> None:
    await connect(mongo, clock, expires_at=in_hours(clock, 20))
    left = {"token_hash": "x", "attempt": "y", "state": "started", "at": clock.now()}
    due = {"due_at": clock.now() + timedelta(hours=12), "fence": 0, "attempts": 0}
    await mongo["accounts"].update_one({"_id": KEY}, {"$set": {"refresh": left, "token": due}})
    stop = asyncio.Event()
    async with working(mongo, clock, zalo_config(zalo.url)) as oa:
        running = asyncio.create_task(oa.tokens.run(stop))
        await until(lambda: len(zalo.asked) == 1)
        stop.set()
        await running

    assert (await credential_store(mongo).of(KEY))["access_token"] == "AT-1"
