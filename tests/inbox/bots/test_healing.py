"""Making an account healthy: one place, whoever found out, and as often as it likes."""

from datetime import timedelta

import pytest

from inbox.bots.credentials.healing import Healing
from inbox.bots.credentials.model import Health
from inbox.bots.health.store import HealthStore
from inbox.clock import FixedClock
from inbox.conversations.delivery.store import DeliveryStore
from inbox.ids import account_key
from inbox.mongo.client import Document, Mongo
from inbox.mongo.due import due

KEY, OTHER = account_key("facebook", "page1"), account_key("facebook", "page2")


class Heals:
    """Healing over a real database; `forgotten` are the accounts whose secrets were dropped."""

    def __init__(self, mongo: Mongo, clock: FixedClock) -> None:
        self.mongo = mongo
        self.clock = clock
        self.forgotten: list[str] = []
        wake = DeliveryStore(mongo, clock).wake_account
        self.healing = Healing(HealthStore(mongo, clock), wake, self.forgotten.append)

    async def connect(self, state: str, **more: object) -> None:
        now = self.clock.now()
        health = {"state": state, "at": now, **more}
        for key in (KEY, OTHER):
            await self.mongo["accounts"].insert_one({"_id": key, "bot_id": "b1", "health": health})
            held = due(now + timedelta(minutes=5))
            await self.mongo["conversations"].insert_one(
                {"_id": f"of {key}", "account_key": key, "delivery": held}
            )

    async def health(self, key: str = KEY) -> Document:
        found = await self.mongo["accounts"].find_one({"_id": key})
        assert found is not None
        health: Document = found["health"]
        return health

    async def is_due(self, key: str = KEY) -> bool:
        query = {"_id": f"of {key}", "delivery.due_at": {"$lte": self.clock.now()}}
        return await self.mongo["conversations"].count_documents(query) == 1

    async def told(self) -> int:
        return await self.mongo["live_events"].count_documents({"type": "bot_changed"})


@pytest.fixture
def heals(mongo: Mongo, clock: FixedClock) -> Heals:
    return Heals(mongo, clock)


@pytest.mark.parametrize("state", ["reauth", "blocked", "expiring"])
async def test_an_account_that_works_is_ok_its_messages_are_due_and_old_secrets_forgotten(
    heals: Heals, state: str
) -> None:
    await heals.connect(state, reason="token_dead")

    await heals.healing.account_works(KEY)
    await heals.healing.account_works(KEY)

    assert await heals.health() == {"state": "ok", "at": heals.clock.now()}
    assert await heals.told() == 1, "saying it again is no news"
    assert await heals.is_due()
    assert set(heals.forgotten) == {KEY}
    assert (await heals.health(OTHER))["state"] == state
    assert not await heals.is_due(OTHER)


async def test_messages_left_held_by_a_death_in_the_middle_are_woken_by_the_repeat(
    heals: Heals,
) -> None:
    await heals.connect("ok")

    await heals.healing.account_works(KEY)

    assert await heals.is_due()
    assert await heals.told() == 0


async def test_an_answer_ends_a_trouble_and_leaves_a_warning(heals: Heals) -> None:
    await heals.connect("expiring", reason="token_ends")

    await heals.healing.account_answers(KEY)
    assert (await heals.health())["state"] == "expiring"
    assert not await heals.is_due(), "nothing was held: nothing is woken"

    await heals.healing.note(KEY, Health("blocked", "account_blocked", "368"))
    await heals.healing.account_answers(KEY)
    assert (await heals.health())["state"] == "ok"
    assert await heals.is_due()


async def test_a_trouble_that_is_noted_again_keeps_its_beginning(heals: Heals) -> None:
    await heals.connect("ok")
    began = heals.clock.now()

    await heals.healing.note(KEY, Health("reauth", "token_dead", "190/463"))
    heals.clock.advance(timedelta(hours=1))
    await heals.healing.note(KEY, Health("reauth", "token_dead", "190/460"))

    health = await heals.health()
    assert health["at"] == began
    assert health["platform_code"] == "190/463"
    assert await heals.told() == 1


async def test_a_warning_after_a_trouble_lets_messages_go(heals: Heals) -> None:
    await heals.connect("reauth", reason="token_dead")
    ends_at = heals.clock.now() + timedelta(days=5)

    await heals.healing.note(KEY, Health("expiring", "token_ends", ends_at=ends_at))

    assert (await heals.health())["ends_at"] == ends_at
    assert await heals.is_due()
