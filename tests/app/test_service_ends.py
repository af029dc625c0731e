"""A service of which a part has ended says so, and stopping one takes no longer than allowed."""

import asyncio
import secrets
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.parts import Parts
from app.serving import ServiceFailed, serve
from app.settings import Settings, load_settings
from app.wiring import Service
from inbox.clock import SystemClock
from inbox.conversations.model import IdentityRef
from inbox.mongo.client import Mongo
from inbox.mongo.migrations import migrate
from inbox.ports import Profile
from tests.ingest import ZALO_OA, connect_accounts
from tests.waiting import until


class Deadly(BaseException):
    """What no loop survives."""


class BrokenProfiles:
    """A channel whose answers kill the loop that asks."""

    async def fetch(self, identity: IdentityRef) -> Profile:
        raise Deadly(identity.external_id)


class SilentProfiles:
    """A channel that never answers."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def fetch(self, identity: IdentityRef) -> Profile:
        self.asked.set()
        await asyncio.Event().wait()
        raise AssertionError(identity)


async def _customer_whose_profile_is_due(mongo: Mongo) -> None:
    identity = {"id": "i", "channel": "facebook", "account_id": "1", "external_id": "2"}
    profile = {"due_at": SystemClock().now(), "fence": 0, "attempts": 0}
    await mongo["customers"].insert_one({"_id": "i", "identities": [identity], "profile": profile})


def _settings(mongo: Mongo, mongo_uri: str, data: Path) -> Settings:
    return load_settings(
        Path("config.yaml"),
        {"INBOX__SECRET_KEY": secrets.token_urlsafe(32)},
        {
            "app.data": data,
            "app.http.port": 0,
            "inbox.mongo.uri": SecretStr(mongo_uri),
            "inbox.mongo.database": mongo.db.name,
        },
    )


async def _service(mongo: Mongo, mongo_uri: str, data: Path, parts: Parts) -> Service:
    """A service with loops of its own on the database of `mongo`, not started."""
    settings = _settings(mongo, mongo_uri, data)
    await migrate(mongo, parts.clock, owner="test")
    return Service(settings, Mongo.connect(mongo_uri, mongo.db.name), parts)


async def test_service_whose_loop_has_died_asks_to_be_replaced(
    mongo: Mongo, mongo_uri: str, tmp_path: Path
) -> None:
    await _customer_whose_profile_is_due(mongo)
    parts = Parts(clock=SystemClock(), profiles=BrokenProfiles())
    service = await _service(mongo, mongo_uri, tmp_path, parts)
    await service.start()

    async with asyncio.timeout(20):
        await service.failed.wait()

    await service.stop(within=timedelta(seconds=5))


async def test_process_whose_loop_has_died_stops_and_fails(
    mongo: Mongo, mongo_uri: str, tmp_path: Path
) -> None:
    await _customer_whose_profile_is_due(mongo)
    settings = _settings(mongo, mongo_uri, tmp_path)
    parts = Parts(clock=SystemClock(), profiles=BrokenProfiles())

    with pytest.raises(ServiceFailed):
        async with asyncio.timeout(40):
            await serve(settings, mongo_uri, parts)


async def test_stopping_does_not_wait_for_a_channel_that_never_answers(
    mongo: Mongo, mongo_uri: str, tmp_path: Path
) -> None:
    await _customer_whose_profile_is_due(mongo)
    profiles = SilentProfiles()
    parts = Parts(clock=SystemClock(), profiles=profiles)
    service = await _service(mongo, mongo_uri, tmp_path, parts)
    await service.start()
    async with asyncio.timeout(20):
        await profiles.asked.wait()

    async with asyncio.timeout(5):
        await service.stop(within=timedelta(milliseconds=100))

    assert not service.failed.is_set()


async def test_process_that_only_serves_the_web_hears_of_accounts_that_others_connect(
    mongo: Mongo, mongo_uri: str, tmp_path: Path
) -> None:
    parts = Parts(clock=SystemClock(), roles=frozenset({"web"}))
    service = await _service(mongo, mongo_uri, tmp_path, parts)
    await service.start()
    await connect_accounts(mongo)

    await until(lambda: service.directory.ids("zalo") == {ZALO_OA})

    await service.stop(within=timedelta(seconds=5))


async def test_process_without_the_web_is_no_sign_that_webhooks_could_be_received(
    mongo: Mongo, mongo_uri: str, tmp_path: Path
) -> None:
    parts = Parts(clock=SystemClock(), roles=frozenset({"workers"}))
    service = await _service(mongo, mongo_uri, tmp_path, parts)
    await service.start()
    await service.stop(within=timedelta(seconds=5))

    assert await mongo["service_marks"].find_one({"_id": "ingest"}) is None
