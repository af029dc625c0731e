"""Banners: who hears what of an account in trouble, and of a set-up that is not finished."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from pytest_aiohttp import AiohttpClient

import channels.facebook.failures
import channels.zalo.failures
from channels.zalo import refreshing
from inbox.bots.health.notices import Installation, Notices
from inbox.bots.health.reasons import REASONS, REPLIES_WAIT
from inbox.bots.health.routes import NoticeRoutes
from inbox.bots.health.store import HealthStore
from inbox.clock import FixedClock
from inbox.conversations.model import Channel
from inbox.mongo.client import Mongo
from inbox.mongo.due import due
from inbox.ports import AccountUnusable
from inbox.staff.passwords import Passwords
from tests.inbox.inbox_world import World
from tests.staff_api import StaffApi, sign_in, staff_api

PAGE, OA = "facebook page1", "zalo oa1"


@pytest.fixture(scope="module")
def passwords() -> Iterator[Passwords]:
    made = Passwords()
    yield made
    made.close()


class Shop:
    """Two bots with an account each, and what people are told of them."""

    def __init__(self, mongo: Mongo, clock: FixedClock, api: StaffApi, client: Any) -> None:
        self.world = World(mongo)
        self.mongo = mongo
        self.clock = clock
        self.api = api
        self.client = client
        self.secrets: frozenset[Channel] = frozenset({"facebook", "zalo"})
        self.ahead = timedelta()

    async def skew(self) -> timedelta:
        return self.ahead

    async def account(self, key: str, bot: str, health: dict[str, Any], **more: Any) -> None:
        channel, account_id = key.split()
        document = {
            "_id": key,
            "channel": channel,
            "account_id": account_id,
            "bot_id": bot,
            "name": f"Kênh {account_id}",
            "health": {"at": self.clock.now(), **health},
        }
        await self.mongo["accounts"].insert_one(document | more)

    async def held(self, key: str, *, messages: int) -> None:
        """A conversation of an account with so many messages that wait."""
        thread = await self.world.conversation(None, delivery=due(self.clock.now()))
        await self.mongo["conversations"].update_one(
            {"_id": thread}, {"$set": {"account_key": key}}
        )
        for _ in range(messages):
            await self.world.message(thread, "Dạ", direction="out", pending=True)

    async def told(self, name: str) -> list[dict[str, Any]]:
        await sign_in(self.client, name)
        answer = await self.client.get("/api/v1/notices")
        assert answer.status == 200
        items: list[dict[str, Any]] = (await answer.json())["items"]
        return items


@pytest.fixture
async def shop(
    mongo: Mongo, clock: FixedClock, passwords: Passwords, aiohttp_client: AiohttpClient
) -> Shop:
    api = staff_api(mongo, clock, passwords)
    made = Shop(mongo, clock, api, None)

    class Telling(Notices):
        """With whatever the test says is set up at that moment."""

        def __init__(self) -> None:
            super().__init__(HealthStore(mongo, clock), Installation(made.secrets, made.skew))

        async def of(self, actor: Any) -> Any:
            self._installation = Installation(made.secrets, made.skew)
            return await super().of(actor)

    made.client = await aiohttp_client(api.application(NoticeRoutes(Telling())))
    for name, role in (("chu", "admin"), ("lan", "sale"), ("hoa", "sale")):
        person = await api.hire(name, role)  # type: ignore[arg-type]
        bot = {"lan": "b1", "hoa": "b2"}.get(name)
        if bot is not None:
            await mongo["bots"].insert_one(
                {"_id": bot, "name": bot, "member_ids": [person.id], "version": 1}
            )
    return made


async def test_admins_hear_what_to_do_and_sales_of_the_bot_that_replies_wait(shop: Shop) -> None:
    dead = {"state": "reauth", "reason": "token_dead"}
    await shop.account(PAGE, "b1", dead)
    await shop.held(PAGE, messages=3)

    [to_admin] = await shop.told("chu")
    assert to_admin["kind"] == "account_reauth"
    assert to_admin["text"]["en"] == REASONS["token_dead"].en
    assert to_admin["account"] == {
        "id": PAGE,
        "bot_id": "b1",
        "channel": "facebook",
        "account_id": "page1",
        "name": "Kênh page1",
    }
    assert (to_admin["held_messages"], to_admin["since"]) == (3, "2026-11-22T03:00:00Z")

    [to_sale] = await shop.told("lan")
    assert to_sale["text"]["vi"] == REPLIES_WAIT.vi
    assert to_sale["held_messages"] == 3
    assert await shop.told("hoa") == [], "another bot's account is nobody's business"


async def test_warnings_and_lost_subscriptions_are_for_admins(shop: Shop) -> None:
    ends_at = shop.clock.now() + timedelta(days=5)
    warning = {"state": "expiring", "reason": "refresh_token_ends", "ends_at": ends_at}
    await shop.account(OA, "b1", warning)
    await shop.account(PAGE, "b1", {"state": "ok"}, subscription={"state": "failed"})

    found = await shop.told("chu")
    assert [one["kind"] for one in found] == ["subscription_lost", "account_expiring"]
    assert found[1]["ends_at"] == "2026-11-27T03:00:00Z"
    assert await shop.told("lan") == []


async def test_a_channel_whose_webhooks_cannot_be_checked_is_told_when_it_is_used(
    shop: Shop,
) -> None:
    shop.secrets = frozenset()
    assert await shop.told("chu") == []

    await shop.account(OA, "b1", {"state": "ok"})

    [found] = await shop.told("chu")
    assert (found["kind"], found["channel"]) == ("webhook_secret_missing", "zalo")
    assert await shop.told("lan") == []


@pytest.mark.parametrize(("ahead", "count"), [(2.0, 0), (2.1, 1), (-2.1, 1)])
async def test_a_clock_beside_the_database_s_is_told_to_admins(
    shop: Shop, ahead: float, count: int
) -> None:
    shop.ahead = timedelta(seconds=ahead)

    found = await shop.told("chu")

    assert [one["kind"] for one in found] == ["clock_skew"] * count


async def test_accounts_that_are_well_say_nothing(shop: Shop) -> None:
    await shop.account(PAGE, "b1", {"state": "ok"})

    assert await shop.told("chu") == await shop.told("lan") == []


def _reasons() -> Iterator[str]:
    for module in (channels.facebook.failures, channels.zalo.failures):
        for kind in vars(module).values():
            if isinstance(kind, type) and issubclass(kind, AccountUnusable):
                yield kind.code
    yield from (refreshing.REFUSED, refreshing.LOST, refreshing.ENDING)
    yield from (refreshing.NO_REFRESH_TOKEN, refreshing.APP_REFUSED, refreshing.WRONG_KEY)


@pytest.mark.parametrize("reason", sorted(set(_reasons())))
def test_every_reason_tells_an_admin_what_to_do_in_both_languages(reason: str) -> None:
    said = REASONS[reason]

    assert said.vi != said.en
    assert len(said.vi) > 20
    assert len(said.en) > 20
