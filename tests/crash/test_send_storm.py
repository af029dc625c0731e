"""A storm of sends over platforms in trouble, servers dying: once and in order, or failed."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.demo.accounts import ACCOUNTS, ZALO_OA
from app.demo.apps import Apps
from app.demo.faults import Fault, FaultPlan
from app.demo.servers import Setting, SimulatedPlatforms
from app.parts import Parts
from app.wiring import Service
from channels.config import FacebookConfig
from inbox.bots.model import NewAccount, NewBot
from inbox.clock import SystemClock
from inbox.mongo.client import Document, Mongo
from inbox.staff.model import ALL_SCOPES, Actor
from inbox.staff.service import NewStaff
from inbox.staff.tokens import TokenRequest
from tests.crash.agents import Agents, Json, Say
from tests.crash.fleet import Fleet, Server
from tests.crash.send_storm import Person, judge, people, plan
from tests.crash.server import Against, Start
from tests.crash.truths import is_drained
from tests.failpoints import transactions_ending_after
from tests.waiting import until
from tests.webhook_signing import SECRETS

pytestmark = [pytest.mark.crash, pytest.mark.timeout(1200)]

SPEED = 20.0
"""All clocks, and the waits of the platforms: a stall of 20 s takes one."""
_AGENTS = 4
_ARRIVED_UNKNOWN = 200
"""Of so many messages one may have arrived and be of unknown fate: the histories tell of all
others. Those that never arrived are at most those whose connection was reset before they were
taken, and those in the hands of a server that was killed.
"""
_DESKS = 12
_BEING_SENT: Document = {"parts.state": "sending"}
_LATER = timedelta(minutes=15)
"""What is in doubt has been looked for three times by then."""
TROUBLE = FaultPlan(
    rates={
        Fault.RATE_LIMITED: 0.03,
        Fault.SERVER_ERROR: 0.03,
        Fault.RESET_BEFORE: 0.02,
        Fault.RESET_AFTER: 0.03,
        Fault.SILENT_AFTER: 0.03,
        Fault.STALL: 0.03,
    },
    operations=frozenset({"send", "upload", "history"}),
    retry_after_s=5,
)


@dataclass(slots=True)
class Storm:
    """Platforms in trouble, servers that live and die, and agents who write meanwhile."""

    mongo: Mongo
    platforms: SimulatedPlatforms
    servers: Fleet
    start: Start
    agents: Agents
    chance: random.Random
    living: list[Server] = field(default_factory=list)
    left_behind: int = 0
    """Parts that were being sent when a server was killed, those of the other server included."""

    async def grow(self) -> None:
        self.living.append(await self.servers.start(self.start))
        await self.platforms.deliver_to(self.living[-1].url)

    async def lose_one(self, *, gracefully: bool = False) -> None:
        """A server ends, and another one takes its place."""
        victim = self.chance.choice(self.living)
        self.living.remove(victim)
        if self.living:
            await self.platforms.deliver_to(self.living[0].url)
        await (victim.stopped() if gracefully else victim.killed())
        if not gracefully:
            self.left_behind += await self.mongo["messages"].count_documents(_BEING_SENT)
        await self.grow()

    async def customers_write(self, everybody: Sequence[Person]) -> None:
        """Everybody asks something, and has a conversation then."""
        for person in everybody:
            customer = self.platforms.meet(person.account.account_id, person.id, "Lê Minh Châu")
            customer.refuses = person.refuses
            self.platforms.customer_writes(person.account.account_id, person.id, "Còn không shop?")

        async def all_there() -> bool:
            return await self.mongo["conversations"].count_documents({}) == len(everybody)

        await until(all_there, within_s=60)

    async def end(self) -> None:
        """Let everything come to its end; what is in doubt, later."""
        await until(lambda: self._none({"status": {"$in": ["queued", "sending"]}}), within_s=300)
        await self.platforms.settle()
        for server in self.living:
            await server.stopped()
        self.living.clear()
        self.platforms.setting.clock.ahead = _LATER  # type: ignore[attr-defined]
        self.start = replace(self.start, ahead=_LATER)
        await self.grow()
        await until(self._is_over, within_s=120)

    async def _none(self, query: Document) -> bool:
        return await self.mongo["messages"].find_one({"direction": "out", **query}) is None

    async def _is_over(self) -> bool:
        waiting = await self.mongo["conversations"].find_one({"delivery": {"$exists": True}})
        return waiting is None and await is_drained(self.mongo)

    async def shown(self, threads: Sequence[Sequence[Say]]) -> dict[str, Json]:
        """The messages of agents as the API shows them, by id."""
        found: dict[str, Json] = {}
        for thread in (one for one in threads if one):
            messages = await self.agents.read(thread[0].conversation_id)
            ours = [one for one in messages if one["direction"] == "out"]
            assert [one["id"] for one in ours] == [say.message_id for say in thread]
            found |= {one["id"]: one for one in ours}
        return found

    async def stored(self) -> dict[str, Document]:
        cursor = self.mongo["messages"].find({"parts": {"$exists": True}})
        return {one["_id"]: one async for one in cursor}


@pytest.fixture
async def storm(
    mongo: Mongo, mongo_uri: str, servers: Fleet, start: Start, tmp_path: Path
) -> AsyncIterator[Storm]:
    apps = Apps.for_tests(7)
    against = Against({}, {}, SystemClock().now(), SPEED)

    async def pace(seconds: float) -> None:
        await asyncio.sleep(seconds / SPEED)

    setting = Setting(apps=apps, clock=against.clock(), seed=7, pace=pace, fault_pace=pace)
    chance = random.Random(random.SystemRandom().randrange(10**6))
    async with SimulatedPlatforms(setting) as platforms:
        against = replace(against, environment=_secrets(apps), settings=_addresses(platforms))
        start = replace(start, against=against, lease=timedelta(seconds=20))
        secrets = await _shop(start, mongo_uri, platforms)
        agents = Agents(servers.urls, secrets, chance)
        with transactions_ending_after(mongo_uri, 1):
            yield Storm(mongo, platforms, servers, start, agents, chance)
            servers.end()


def _secrets(apps: Apps) -> dict[str, str]:
    return SECRETS | {
        "CHANNELS__FACEBOOK__APP_ID": apps.facebook_app_id,
        "CHANNELS__FACEBOOK__APP_SECRETS": apps.facebook_app_secret,
        "CHANNELS__ZALO__APP_ID": apps.zalo_app_id,
        "CHANNELS__ZALO__APP_SECRET": apps.zalo_app_secret,
        "CHANNELS__ZALO__OA_SECRET_KEYS": apps.zalo_oa_secret_key,
    }


def _addresses(platforms: SimulatedPlatforms) -> dict[str, object]:
    """Where the platforms are, and the waits of our clients at the speed of the clocks."""
    urls = platforms.urls
    config = FacebookConfig()
    waits = {
        "timeout": config.timeout,
        "send_timeout": config.send_timeout,
        "upload_timeout": config.upload_timeout,
    }
    return {
        "channels.facebook.api_url": urls.graph_url,
        "channels.zalo.api_url": urls.zalo_url,
        "channels.zalo.oauth_url": urls.oauth_url,
        **{
            f"channels.{channel}.{name}": wait / SPEED
            for channel in ("facebook", "zalo")
            for name, wait in waits.items()
        },
    }


async def _shop(start: Start, uri: str, platforms: SimulatedPlatforms) -> list[str]:
    """A bot with all accounts, and agents; the secrets of their API tokens."""
    assert start.against is not None
    settings, clock = start.settings(), start.against.clock()
    service = Service(settings, Mongo.connect(uri, start.database), Parts(clock=clock))
    owner = await service.staff.ensure_first_admin("chu@shop.vn", "mật khẩu dài 123")
    assert owner is not None
    boss = Actor(id=owner.id, name=owner.name, role=owner.role)
    staff = [
        await service.staff.create(
            boss,
            NewStaff(
                name=f"Sale {n}", email=f"sale{n}@shop.vn", password="mật khẩu dài 123", role="sale"
            ),
        )
        for n in range(_AGENTS)
    ]
    accounts = tuple(
        NewAccount(
            channel=account.channel,
            account_id=account.account_id,
            name=account.name,
            credentials=platforms.credentials(account),
        )
        for account in ACCOUNTS
    )
    members = tuple(person.id for person in staff)
    await service.bots.create(boss, NewBot(name="Shop", accounts=accounts, member_ids=members))
    wanted = TokenRequest(name="Máy bàn", scopes=ALL_SCOPES - {"admin"})
    secrets = [
        (await service.tokens.create(Actor(id=one.id, name=one.name, role=one.role), wanted))[1]
        for one in staff
    ]
    await service.close()
    return secrets


@pytest.mark.parametrize(
    ("size", "conversations"), [(200, 50), pytest.param(1_000, 250, marks=pytest.mark.torture)]
)
async def test_every_message_arrives_once_and_in_order_or_is_shown_as_failed(
    storm: Storm, size: int, conversations: int
) -> None:
    """S4.18: whatever the platforms and the servers go through."""
    seed = storm.chance.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    storm.chance.seed(seed)
    everybody = people(conversations)
    await storm.grow()
    await storm.grow()
    await storm.customers_write(everybody)
    storm.platforms.faults.follow(TROUBLE.model_copy(update={"seed": seed}))
    threads = plan(everybody, size, storm.chance)
    writing = asyncio.create_task(storm.agents.say_all(threads, at_once=_DESKS))
    for share in (1, 2, 3):
        await until(lambda share=share: storm.agents.posted >= size * share // 5, within_s=300)  # type: ignore[misc]
        await storm.lose_one()
        if share == 2:
            storm.platforms.zalo.tokens.expire(ZALO_OA.account_id)
    await until(lambda: storm.agents.posted >= size * 4 // 5, within_s=300)
    await storm.lose_one(gracefully=True)
    await writing
    await storm.end()

    shown = await storm.shown(threads)
    verdict = judge(threads, shown, await storm.stored(), storm.platforms.ledger)
    happened = storm.platforms.faults.happened
    print(verdict, happened, storm.left_behind, storm.agents.answers)  # noqa: T201 - the run
    assert sum(verdict.ended.values()) == size
    lost_on_the_way = happened[Fault.RESET_BEFORE] + storm.left_behind
    assert verdict.unknown + verdict.ended["not_received"] <= lost_on_the_way
    assert verdict.arrived_unknown <= size // _ARRIVED_UNKNOWN
