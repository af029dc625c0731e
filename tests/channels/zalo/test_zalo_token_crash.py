"""Zalo's tokens among processes: a race for one refresh, and a kill at the worst moment."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from datetime import timedelta
from pathlib import Path

import pytest

from channels.zalo.failures import TokenDead
from inbox.clock import FixedClock
from inbox.mongo.client import Mongo
from tests.channels.zalo.zalo_oa import (
    KEY,
    TokenEndpoint,
    account,
    connect,
    working,
    zalo_config,
)

pytestmark = pytest.mark.crash
ROOT = Path(__file__).parents[3]


async def start(mongo_uri: str, mongo: Mongo, url: str, owner: str, fate: str) -> Process:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.channels.zalo.token_process"),
        *(mongo_uri, mongo.db.name, url, owner, fate),
        cwd=ROOT,
        stdin=PIPE,
        stdout=PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(60):
        assert await process.stdout.readline() == b"ready\n"
    return process


async def test_two_processes_refresh_one_expired_token_at_the_same_moment(
    mongo: Mongo, mongo_uri: str, clock: FixedClock
) -> None:
    """One call, both use the new token, and the pair that lives is the one that is kept."""
    ended = (clock.now() - timedelta(hours=1)).isoformat()
    store = await connect(mongo, clock, expires_at=ended)
    async with TokenEndpoint().serving() as zalo:
        racing = await asyncio.gather(
            *(start(mongo_uri, mongo, zalo.url, owner, "live") for owner in ("one", "two"))
        )
        said = await asyncio.gather(*(process.communicate(b"go\n") for process in racing))

    assert [out.splitlines()[-1] for out, _ in said] == [b"AT-1", b"AT-1"]
    assert len(zalo.asked) == 1
    kept = await store.of(KEY)
    assert (kept["access_token"], kept["refresh_token"]) == zalo.living


async def test_kill_between_the_answer_and_the_save_is_detected(
    mongo: Mongo, mongo_uri: str, clock: FixedClock
) -> None:
    """Zalo has no way to ask again, so the admin is told that the account must be connected."""
    ended = (clock.now() - timedelta(hours=1)).isoformat()
    await connect(mongo, clock, expires_at=ended)
    async with TokenEndpoint().serving() as zalo:
        dying = await start(mongo_uri, mongo, zalo.url, "dying", "die")
        out, _ = await dying.communicate(b"go\n")
        assert (out, dying.returncode) == (b"", -9)
        assert (await account(mongo))["refresh"]["state"] == "started"
        assert (await account(mongo))["health"]["state"] == "ok"

        clock.advance(timedelta(minutes=2))  # its lease ends
        async with working(mongo, clock, zalo_config(zalo.url)) as oa:
            await oa.tokens.step()
            with pytest.raises(TokenDead):
                await oa.tokens.access_token(KEY)

    assert len(zalo.asked) == 2
    health = (await account(mongo))["health"]
    assert (health["state"], health["reason"]) == ("reauth", "token_lost")
