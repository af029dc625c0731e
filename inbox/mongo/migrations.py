"""Numbered changes of the schema: each is idempotent and runs online, once per database."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import pymongo
import structlog

from inbox.cancelling import end
from inbox.clock import Clock
from inbox.mongo.client import Document, Mongo
from inbox.mongo.indexes import INDEXES, ensure_indexes
from inbox.mongo.leases import Leases
from inbox.mongo.word_filling import fill_words

log = structlog.get_logger(__name__)

_LEASE = timedelta(seconds=15)
_BEHIND_ALL = 2**53
"""Larger than the number of any message."""
"""Renewed while migrating; a killed process keeps the others waiting for this long at most."""
RECENT_DAYS = 30
"""Links of Meta live for days or weeks, those of Zalo for 7 days."""
_BATCH = 1000
_PATIENCE_S = 600
"""Where an index is missing, a batch reads the whole collection."""
_ASSIGNED = "assignee_id_status_-last_at_-_id"
_EXTRA_COLLECTIONS = ("crm_locks", "erased", "messenger_profiles", "service_marks", "uploads")
"""Collections without an index of their own."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step; `number` is never reused, `run` may be repeated after a crash half-way."""

    number: int
    name: str
    run: Callable[[Mongo], Awaitable[None]]


async def create_collections(mongo: Mongo) -> None:
    """Before the first transaction: creating one inside collides with other transactions."""
    wanted = {index.collection for index in INDEXES} | set(_EXTRA_COLLECTIONS)
    for collection in sorted(wanted - set(await mongo.db.list_collection_names())):
        await mongo.db.create_collection(collection, check_exists=False)


async def copy_recent_media(mongo: Mongo) -> None:
    """Have the attachments of the last 30 days copied: older links have ended.

    In batches by id; one that was done finds nothing to do again.
    """
    fresh = {"$dateSubtract": {"startDate": "$$NOW", "unit": "day", "amount": RECENT_DAYS}}
    media = {
        "kind": {"$in": ["image", "video", "audio", "file", "sticker"]},
        "copy": {"$exists": False},
        "keep_copy": {"$ne": False},
        "$or": [{"url": {"$type": "string"}}, {"upload_id": {"$type": "string"}}],
    }
    wanted: Document = {
        "attachments": {"$elemMatch": media},
        "copying": {"$exists": False},
        "removed_at": None,
        "$expr": {"$gte": ["$at", fresh]},
    }
    copying = {"due_at": "$$NOW", "fence": 0, "attempts": 0}
    messages, last = mongo["messages"], ""
    while True:
        with pymongo.timeout(_PATIENCE_S):
            found = messages.find({**wanted, "_id": {"$gt": last}}, {"_id": 1})
            ids = [one["_id"] for one in await found.sort("_id", 1).limit(_BATCH).to_list()]
            if not ids:
                return
            still = {**wanted, "_id": {"$in": ids}}
            await messages.update_many(still, [{"$set": {"copying": copying}}])
        last = ids[-1]


async def index_nobodys_conversations(mongo: Mongo) -> None:
    """Drop the index of assigned conversations; it is made anew for those of nobody too."""
    made = await mongo["conversations"].index_information()
    if "partialFilterExpression" in made.get(_ASSIGNED, {}):
        await mongo["conversations"].drop_index(_ASSIGNED)


async def address_automation_events(mongo: Mongo) -> None:
    """Events that are not told yet name the automations they are for, as new ones do.

    Whoever waited for an answer is handed over when it is due, as it was.
    """
    events, streams = mongo["automation_events"], mongo["automation_streams"]
    wanted: dict[tuple[str, str], list[str]] = {}
    async for one in mongo["automations"].find({}, {"bot_id": 1, "events": 1}):
        for type_ in one["events"]:
            wanted.setdefault((one["bot_id"], type_), []).append(one["_id"])
    for (bot_id, type_), to in wanted.items():
        of_before = {"bot_id": bot_id, "type": type_, "to": {"$exists": False}}
        await events.update_many(of_before, {"$set": {"to": to}})
    await streams.update_many(
        {"watch.automation_id": {"$exists": True}, "watch.seq": {"$exists": False}},
        [{"$set": {"watch.at": "$watch.due_at", "watch.seq": _BEHIND_ALL}}],
    )


MIGRATIONS: tuple[Migration, ...] = (
    Migration(1, "create the collections", create_collections),
    Migration(2, "have recent media copied", copy_recent_media),
    Migration(3, "have customers and messages found by their words", fill_words),
    Migration(4, "have conversations of nobody found by an index", index_nobodys_conversations),
    Migration(5, "have events of automations say whom they are for", address_automation_events),
)


class MigrationsBusy(Exception):
    """Another process is migrating right now."""


async def migrate(mongo: Mongo, clock: Clock, *, owner: str) -> list[int]:
    """Run what has not run yet, then create missing indexes; the numbers that ran.

    Raises:
        MigrationsBusy: another process holds the lease; wait and ask again.
    """
    leases = Leases(mongo, clock, owner=owner)
    if await leases.acquire("migrations", _LEASE) is None:
        raise MigrationsBusy
    renewing = asyncio.create_task(_renew(leases))
    try:
        return await _run_pending(mongo, clock)
    finally:
        await end([renewing])
        await leases.release("migrations")


async def _renew(leases: Leases) -> None:
    while True:
        await asyncio.sleep(_LEASE.total_seconds() / 3)
        await leases.acquire("migrations", _LEASE)


async def _run_pending(mongo: Mongo, clock: Clock) -> list[int]:
    ran = []
    for migration in await pending(mongo):
        await migration.run(mongo)
        await mongo["migrations"].update_one(
            {"_id": migration.number},
            {"$set": {"name": migration.name, "at": clock.now()}},
            upsert=True,
        )
        log.info("migrated", number=migration.number, title=migration.name)
        ran.append(migration.number)
    await ensure_indexes(mongo)
    return ran


async def pending(mongo: Mongo) -> list[Migration]:
    """The migrations that have not run on this database, in order."""
    done = {one["_id"] async for one in mongo["migrations"].find({}, {"_id": 1})}
    return [one for one in MIGRATIONS if one.number not in done]
