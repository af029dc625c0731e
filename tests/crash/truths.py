"""What must be true after any crash, read from the database independently of how it got there."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from inbox.clock import FixedClock
from inbox.ids import message_key
from inbox.mongo.client import Mongo
from tests.crash.sender import Delivery
from tests.ingest import running_ingest
from tests.projection import projection

_KEPT_BETWEEN_RUNS = {"accounts", "migrations", "system.views"}

Projection = dict[str, dict[str, Any]]


async def forget(mongo: Mongo) -> None:
    """Delete everything but the accounts and what the migrations left."""
    for name in await mongo.db.list_collection_names():
        if name not in _KEPT_BETWEEN_RUNS:
            await mongo[name].delete_many({})


async def undisturbed(
    mongo: Mongo, clock: FixedClock, deliveries: Iterable[Delivery]
) -> Projection:
    """What the database says when nothing goes wrong; nothing is left there afterwards."""
    async with running_ingest(mongo, clock) as ingest:
        for channel, body in deliveries:
            await ingest.keep(channel, body)
        await ingest.applied()
    result = await projection(mongo)
    await forget(mongo)
    return result


async def is_drained(mongo: Mongo) -> bool:
    """Whether every kept body is applied or parked."""
    return await mongo["webhook_journal"].find_one({"apply": {"$exists": True}}) is None


async def assert_every_message_is_there_once(mongo: Mongo, delivered: Sequence[Delivery]) -> None:
    """Every message of these bodies: one document, and one announcement to live clients."""
    ids = message_ids(delivered)
    shown = [one["_id"] async for one in mongo["messages"].find({"at": {"$exists": True}})]
    assert set(shown) == ids

    told = Counter(
        [
            event["data"]["message"]["id"]
            async for event in mongo["live_events"].find({"type": "message_received"})
        ]
    )
    assert told == Counter(ids)
    assert await mongo["webhook_journal"].count_documents({"parked": {"$exists": True}}) == 0


def message_ids(deliveries: Iterable[Delivery]) -> set[str]:
    """Ids of the messages that these Messenger bodies bring."""
    return {
        message_key("facebook", entry["id"], element["message"]["mid"])
        for _, body in deliveries
        for entry in json.loads(body)["entry"]
        for element in entry["messaging"]
        if "message" in element
    }


async def assert_conversations_add_up(mongo: Mongo) -> None:
    """unread, last and waiting_since of every conversation follow from its messages."""
    async for conversation in mongo["conversations"].find():
        query = {"conversation_id": conversation["_id"], "at": {"$exists": True}}
        messages = await mongo["messages"].find(query).to_list(None)
        _assert_adds_up(conversation, messages)


def _assert_adds_up(conversation: dict[str, Any], messages: list[dict[str, Any]]) -> None:
    numbers = [message["seq"] for message in messages]
    assert len(set(numbers)) == len(numbers)
    assert conversation["seq"] >= max(numbers, default=0)

    inbound = [one for one in messages if one["direction"] == "in"]
    unread = [one for one in inbound if one["seq"] > conversation["read_seq"]]
    assert conversation["unread"] == len(unread)
    assert conversation.get("waiting_since") == _waiting_since(messages)

    if messages:
        newest = max(messages, key=lambda one: (one["at"], one["_id"]))
        text = newest["edit"]["text"] if "edit" in newest else newest["text"]
        last = conversation["last"]
        assert (last["message_id"], last["text"], last["at"]) == (newest["_id"], text, newest["at"])


def _waiting_since(messages: list[dict[str, Any]]) -> datetime | None:
    """When the customer first wrote after the last human reply."""
    replies = [one["at"] for one in messages if one["author"]["kind"] == "staff"]
    unanswered = [
        one["at"]
        for one in messages
        if one["direction"] == "in" and (not replies or one["at"] > max(replies))
    ]
    return min(unanswered, default=None)
