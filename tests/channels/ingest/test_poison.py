"""One poisonous event among sixty-three good ones parks alone, and is applied after the cure."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from magic_filter import F
from pymongo import MongoClient

from channels import events
from channels.handlers import router as inbox_router
from channels.router import Router
from inbox.clock import FixedClock
from inbox.conversations.changes import Batch
from inbox.ids import message_key
from inbox.mongo.client import Document, Mongo
from tests.ingest import FACEBOOK_PAGE, Ingest, connect_accounts, facebook_message, running_ingest
from tests.projection import projection

T0 = 1_789_612_000_000
EVENTS = 64
POISON = 40
POISON_TEXT = "độc"
POISON_ID = message_key("facebook", FACEBOOK_PAGE, f"m_{POISON}")


def bodies(*, poison_text: str = POISON_TEXT) -> list[dict[str, Any]]:
    """Messages of eight customers, one of them poisonous."""
    return [
        facebook_message(
            poison_text if number == POISON else f"Tin {number}",
            mid=f"m_{number}",
            at=T0 + number * 1000,
            psid=str(7_000_000_000 + number % 8),
        )
        for number in range(EVENTS)
    ]


def one_body(*, poison_text: str = POISON_TEXT) -> dict[str, Any]:
    """The same messages in a single webhook, as Meta batches them."""
    elements = [body["entry"][0]["messaging"][0] for body in bodies(poison_text=poison_text)]
    entry = {"id": FACEBOOK_PAGE, "time": T0, "messaging": elements}
    return {"object": "page", "entry": [entry]}


def router_with_a_bug() -> Router:
    """The inbox's router behind one whose handler fails on the poison."""
    router = Router("with a bug")

    @router.message(F.text == POISON_TEXT)
    def fail(event: events.InboundMessage, batch: Batch) -> None:
        raise LookupError("a bug of ours")

    router.include(inbox_router)
    return router


@contextmanager
def refusing_database(mongo_uri: str, name: str) -> Iterator[None]:
    """A database that refuses the poisonous message, whoever writes it, until the end."""
    with MongoClient[Document](mongo_uri) as client:
        database = client[name]
        database.command("collMod", "messages", validator={"text": {"$ne": POISON_TEXT}})
        try:
            yield
        finally:
            database.command("collMod", "messages", validator={})


async def kept_together(ingest: Ingest, some: list[dict[str, Any]]) -> None:
    """Kept by one group commit, so that they are applied in the same batches."""
    await asyncio.gather(*(ingest.keep("facebook", body) for body in some))
    await ingest.applied()


async def shown(mongo: Mongo) -> set[str]:
    return {one["_id"] async for one in mongo["messages"].find({"at": {"$exists": True}})}


async def reasons(ingest: Ingest) -> list[list[tuple[int, str]]]:
    """The parked events of every parked entry: place in the body, and why."""
    parked = await ingest.entries.list_parked(after=None, limit=100)
    return [
        [(one["index"], one["reason"]) for one in entry["parked"]["events"]] for entry in parked
    ]


@pytest.fixture
async def expected(mongo: Mongo, clock: FixedClock) -> dict[str, dict[str, Any]]:
    """What the inbox says when nothing is wrong with the same events."""
    await connect_accounts(mongo)
    async with running_ingest(mongo, clock) as ingest:
        await kept_together(ingest, bodies())
    result = await projection(mongo)
    for name in await mongo.db.list_collection_names():
        if name not in ("accounts", "system.views"):
            await mongo[name].delete_many({})
    return result


async def test_a_body_whose_handler_fails_parks_alone_and_is_replayed_after_the_fix(
    mongo: Mongo, clock: FixedClock, expected: dict[str, Any]
) -> None:
    async with running_ingest(mongo, clock, router=router_with_a_bug()) as ingest:
        await kept_together(ingest, bodies())

        assert len(await shown(mongo)) == EVENTS - 1
        assert POISON_ID not in await shown(mongo)
        assert await reasons(ingest) == [[(0, "handler_failed:LookupError")]]

    async with running_ingest(mongo, clock) as fixed:
        await replayed(fixed)
    assert await projection(mongo) == expected


async def test_an_event_whose_handler_fails_parks_alone_among_those_of_its_body(
    mongo: Mongo, clock: FixedClock, expected: dict[str, Any]
) -> None:
    async with running_ingest(mongo, clock, router=router_with_a_bug()) as ingest:
        await kept_together(ingest, [one_body()])

        assert len(await shown(mongo)) == EVENTS - 1
        assert await reasons(ingest) == [[(POISON, "handler_failed:LookupError")]]

    async with running_ingest(mongo, clock) as fixed:
        await replayed(fixed)
    assert await projection(mongo) == expected


async def test_a_body_that_the_database_refuses_parks_alone_and_is_replayed_after_the_fix(
    mongo: Mongo, mongo_uri: str, clock: FixedClock, expected: dict[str, Any]
) -> None:
    async with running_ingest(mongo, clock) as ingest:
        with refusing_database(mongo_uri, mongo.db.name):
            await kept_together(ingest, bodies())

            assert len(await shown(mongo)) == EVENTS - 1
            assert POISON_ID not in await shown(mongo)
            [[(index, reason)]] = await reasons(ingest)
            assert index == 0
            assert reason.startswith("apply_failed:")

        await replayed(ingest)
    assert await projection(mongo) == expected


async def test_an_event_that_the_database_refuses_parks_alone_among_those_of_its_body(
    mongo: Mongo, mongo_uri: str, clock: FixedClock, expected: dict[str, Any]
) -> None:
    async with running_ingest(mongo, clock) as ingest:
        with refusing_database(mongo_uri, mongo.db.name):
            await kept_together(ingest, [one_body()])

            assert len(await shown(mongo)) == EVENTS - 1
            [[(index, reason)]] = await reasons(ingest)
            assert index == POISON
            assert reason.startswith("apply_failed:")

        await replayed(ingest)
    assert await projection(mongo) == expected


async def test_what_is_still_poisonous_is_parked_again_by_a_replay(
    mongo: Mongo, clock: FixedClock
) -> None:
    await connect_accounts(mongo)
    async with running_ingest(mongo, clock, router=router_with_a_bug()) as ingest:
        await kept_together(ingest, bodies())
        before = await projection(mongo)

        assert await ingest.entries.replay_parked() == 1
        await ingest.recover()

        assert await reasons(ingest) == [[(0, "handler_failed:LookupError")]]
        assert await projection(mongo) == before


async def replayed(ingest: Ingest) -> None:
    """Replay the one parked entry; it is applied now."""
    [entry] = await ingest.entries.list_parked(after=None, limit=100)
    assert await ingest.entries.replay_one(str(entry["_id"]))
    assert await ingest.recover() == 1
    assert await ingest.entries.list_parked(after=None, limit=100) == []
    assert not await ingest.entries.replay_one(str(entry["_id"]))


def test_the_storm_is_sixty_three_good_events_and_one_poison() -> None:
    texts = [json.dumps(body, ensure_ascii=False) for body in bodies()]
    assert sum(POISON_TEXT in text for text in texts) == 1
    assert len(one_body()["entry"][0]["messaging"]) == EVENTS == 64
