"""kill -9 in the middle of a back-fill: what was missed is there once, and told once."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import pytest

from app.demo.accounts import FACEBOOK_PAGE, ZALO_OA, DemoAccount
from app.demo.apps import Apps
from app.demo.servers import Setting, SimulatedPlatforms
from app.demo.world import Said
from channels.store import Gap, IngestStore
from inbox.bots.credentials.store import CredentialStore
from inbox.clock import SystemClock
from inbox.ids import account_key
from inbox.mongo.client import Mongo
from inbox.mongo.due import due
from tests.crash.fleet import Fleet, Server
from tests.crash.server import Against, KillPoint, Moment, Start
from tests.crash.truths import forget, is_drained
from tests.failpoints import end_open_transactions
from tests.waiting import until
from tests.webhook_signing import SECRETS

pytestmark = [pytest.mark.crash, pytest.mark.timeout(900)]

SPEED = 20.0
"""Of the servers' clocks, by which the rate of reading is kept."""
_MISSED = {FACEBOOK_PAGE: 27, ZALO_OA: 12}
"""Conversations: more than a page of each platform holds."""
_PROGRESS, _KEPT = "update:account_gaps", "update:webhook_journal"
_FEWEST = 3
"""Kills before a run goes through; fewer, and it has not looked at all of it."""


@dataclass(slots=True)
class Scene:
    """An hour that was missed, and servers that are killed while they read it back."""

    mongo: Mongo
    platforms: SimulatedPlatforms
    servers: Fleet
    start: Start
    expected: set[str]

    async def run(self, *kills: KillPoint | None) -> int:
        """Start servers until all is read back and applied; how many killed themselves."""
        await forget(self.mongo)
        now = SystemClock().now()
        for account in _MISSED:
            gap = Gap(_key(account), now - timedelta(hours=1), now)
            await IngestStore(self.mongo).keep_gaps([gap], reason="silence", now=now)
        killed = 0
        for number, kill in enumerate((*kills, None)):
            # the leases of whoever was killed before have ended
            start = replace(self.start, kill=kill, ahead=timedelta(minutes=2 * number))
            killed += await self._dies(start)
            self.servers.end()
            end_open_transactions(self.start.uri)
        return killed

    async def _dies(self, start: Start) -> bool:
        """Whether a server kills itself, before it serves or later, or reads everything back."""
        try:
            server = await self.servers.start(start)
        except EOFError:
            return True
        await until(partial(self._is_over, server), within_s=60)
        return not server.alive

    async def _is_over(self, server: Server) -> bool:
        if not server.alive:
            return True
        waiting = await self.mongo["account_gaps"].find_one({"backfill": {"$exists": True}})
        return waiting is None and await is_drained(self.mongo)

    async def check(self) -> None:
        shown = await self.mongo["messages"].find({"at": {"$exists": True}}).to_list()
        assert {one["external_id"] for one in shown} == self.expected
        told = Counter(
            [
                event["data"]["message"]["id"]
                async for event in self.mongo["live_events"].find({"type": "message_received"})
            ]
        )
        assert told == Counter([one["_id"] for one in shown])
        async for conversation in self.mongo["conversations"].find():
            assert conversation["unread"] == 1
        for account, people in _MISSED.items():
            gap = await self.mongo["account_gaps"].find_one(
                {"account_key": _key(account)}, sort=[("from", 1)]
            )
            assert gap is not None
            assert (gap["new"], gap["incomplete"]) == (people, [])


def _key(account: DemoAccount) -> str:
    return account_key(account.channel, account.account_id)


@pytest.fixture
async def scene(mongo: Mongo, servers: Fleet, start: Start) -> AsyncIterator[Scene]:
    apps = Apps.for_tests(7)
    began = SystemClock().now()

    async def pace(seconds: float) -> None:
        await asyncio.sleep(seconds / SPEED)

    setting = Setting(apps=apps, clock=SystemClock(), seed=7, pace=pace, fault_pace=pace)
    async with SimulatedPlatforms(setting) as platforms:
        environment = SECRETS | {
            "CHANNELS__FACEBOOK__APP_ID": apps.facebook_app_id,
            "CHANNELS__FACEBOOK__APP_SECRETS": apps.facebook_app_secret,
            "CHANNELS__ZALO__APP_ID": apps.zalo_app_id,
            "CHANNELS__ZALO__APP_SECRET": apps.zalo_app_secret,
            "CHANNELS__ZALO__OA_SECRET_KEYS": apps.zalo_oa_secret_key,
        }
        addresses = {
            "channels.facebook.api_url": platforms.urls.graph_url,
            "channels.zalo.api_url": platforms.urls.zalo_url,
            "channels.zalo.oauth_url": platforms.urls.oauth_url,
        }
        against = Against(environment, addresses, began, SPEED)
        start = replace(start, against=against, poll=timedelta(milliseconds=100))
        await _connect(mongo, start, platforms)
        yield Scene(mongo, platforms, servers, start, _say_unheard(platforms, began))


async def _connect(mongo: Mongo, start: Start, platforms: SimulatedPlatforms) -> None:
    store = CredentialStore(mongo, start.settings().secret_box())
    now = SystemClock().now()
    for account in _MISSED:
        await mongo["accounts"].insert_one(
            {
                "_id": _key(account),
                "channel": account.channel,
                "account_id": account.account_id,
                "bot_id": "bot",
                "name": account.name,
                "created_at": now,
                "health": {"state": "ok", "at": now},
            }
        )
        await store.replace(_key(account), platforms.credentials(account), now=now)
    # A pair that Zalo has sent and nobody could keep is lost, as decision 0011 says, and its
    # account waits for an admin: no refresh may be under way where a server is killed. It is due
    # tomorrow, and not never: a server that starts has what is never due looked at now.
    tomorrow = due(now + timedelta(days=1))
    await mongo["accounts"].update_many({}, {"$set": {"token": tomorrow}})


def _say_unheard(platforms: SimulatedPlatforms, now: datetime) -> set[str]:
    """Every customer writes once, and no webhook comes; the ids of the messages."""
    world = platforms.world
    ids = set()
    for account, people in _MISSED.items():
        for number in range(people):
            is_zalo = account.channel == "zalo"
            id_ = world.new_hex() if is_zalo else world.new_mid(account.channel)
            person = str(6_000_000_000 + number)
            at = now - timedelta(minutes=20, seconds=number)
            world.interacted(account.account_id, person, at)
            world.say(account.account_id, person, Said(id_, at, by_account=False, text="Alo"))
            ids.add(id_)
    return ids


_FULL = pytest.mark.torture


@pytest.mark.parametrize(
    ("moment", "kind"),
    [
        ("after", _PROGRESS),
        pytest.param("before", _PROGRESS, marks=_FULL),
        pytest.param("after", _KEPT, marks=_FULL),
        pytest.param("before", _KEPT, marks=_FULL),
    ],
)
async def test_a_kill_around_every_write_of_a_back_fill_loses_and_doubles_nothing(
    scene: Scene, moment: Moment, kind: str
) -> None:
    for number in itertools.count(1):
        kill = KillPoint(moment, number, kind=kind, counted_from=_PROGRESS)
        killed = await scene.run(kill)
        await scene.check()
        if not killed:
            assert number > _FEWEST
            return


async def test_one_kill_after_another_loses_and_doubles_nothing(scene: Scene) -> None:
    kills = [
        KillPoint("after", number, kind=kind, counted_from=_PROGRESS)
        for number, kind in ((2, _PROGRESS), (1, _KEPT), (1, _PROGRESS), (2, _KEPT))
    ]

    assert await scene.run(*kills) >= 3
    await scene.check()


async def test_a_service_that_was_away_reads_back_what_it_missed(scene: Scene) -> None:
    await forget(scene.mongo)
    server = await scene.servers.start(scene.start)
    await server.stopped()
    mark = await scene.mongo["service_marks"].find_one({"_id": "ingest"})
    assert mark is not None
    said_at = mark["alive_at"] + timedelta(minutes=30)
    missed = scene.platforms.world
    said = Said(missed.new_mid("facebook"), said_at, by_account=False, text="Có ai không?")
    missed.say(FACEBOOK_PAGE.account_id, "6000000000", said)
    later = await scene.servers.start(replace(scene.start, ahead=timedelta(hours=2)))

    async def is_there() -> bool:
        return await scene.mongo["messages"].find_one({"text": "Có ai không?"}) is not None

    await until(is_there, within_s=60)
    await later.stopped()
    told = await scene.mongo["live_events"].find_one({"data.message.text": "Có ai không?"})
    assert told is not None
    assert told["data"]["late"] is True
