"""Scripts in the database, what they may name, and what became of them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import pymongo

from inbox.conversations.model import Channel
from inbox.mongo.client import Document, Mongo, Session
from inbox.mongo.due import due
from scheduler.scripts.documents import script_document, script_from
from scheduler.scripts.model import Script, TagAdded

BUILTIN_DATES = frozenset({"birthday"})
"""Date attributes that every installation has."""
_KEPT: Document = {"deleted_at": {"$exists": False}}
_PATIENCE_S = 60
"""Counting a million enrolments takes seconds; nobody waits for less."""


class ScriptStore:
    """The collection `scripts`. A deleted one stays as a name for the logs of its enrolments."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self._scripts = mongo["scripts"]
        self._enrolments = mongo["enrolments"]

    async def get(
        self, bot_id: str, script_id: str, *, session: Session | None = None
    ) -> Script | None:
        """None when this bot has no such script (any more)."""
        query = {"_id": script_id, "bot_id": bot_id, **_KEPT}
        document = await self._scripts.find_one(query, session=session)
        return None if document is None else script_from(document)

    async def page(
        self,
        bot_id: str,
        *,
        enabled: bool | None,
        after: tuple[datetime, str] | None,
        limit: int,
    ) -> list[Script]:
        """Up to `limit`, in the order in which they were made; index (bot_id, created_at, _id)."""
        query: Document = {"bot_id": bot_id, **_KEPT}
        if enabled is not None:
            query["enabled"] = enabled
        if after is not None:
            at, id_ = after
            query["$or"] = [{"created_at": {"$gt": at}}, {"created_at": at, "_id": {"$gt": id_}}]
        found = self._scripts.find(query).sort([("created_at", 1), ("_id", 1)]).limit(limit)
        return [script_from(one) async for one in found]

    async def names(self, ids: Collection[str]) -> dict[str, str]:
        """The names of scripts, those of deleted ones too."""
        found = self._scripts.find({"_id": {"$in": list(ids)}}, {"name": 1})
        return {one["_id"]: one["name"] async for one in found}

    async def insert(self, script: Script, work: Document, *, session: Session) -> None:
        """Add a script with its due work; see `replace`."""
        document = script_document(script) | {k: v for k, v in work.items() if v is not None}
        await self._scripts.insert_one(document, session=session)

    async def replace(self, script: Script, work: Document, *, session: Session) -> None:
        """Store a script with its due work (`retime`, `calendar`), where None takes away."""
        fields = script_document(script) | work
        del fields["_id"]
        update: Document = {"$set": {k: v for k, v in fields.items() if k not in work or v}}
        if gone := [name for name, value in work.items() if value is None]:
            update["$unset"] = dict.fromkeys(gone, "")
        await self._scripts.update_one({"_id": script.id}, update, session=session)

    async def delete(self, script: Script, at: datetime, *, session: Session) -> None:
        """Nobody finds it any more; its enrolments are stopped as due work (`retime`)."""
        changes: Document = {
            "$set": {"deleted_at": at, "enabled": False, "retime": due(at)},
            "$unset": {"calendar": ""},
            "$inc": {"version": 1},
        }
        await self._scripts.update_one({"_id": script.id}, changes, session=session)

    async def mark_triggers(self, script: Script, *, session: Session) -> None:
        """Have what may trigger scripts told: `bots.script_triggers`, `tags.triggers_scripts`.

        See inbox/signals. A tag keeps the mark for good, which costs next to nothing.
        """
        query = {
            "bot_id": script.bot_id,
            "enabled": True,
            "triggers.kind": {"$in": ["first_message", "keyword"]},
            **_KEPT,
        }
        any_left = await self._scripts.find_one(query, {"_id": 1}, session=session)
        await self._mongo["bots"].update_one(
            {"_id": script.bot_id, "script_triggers": {"$ne": any_left is not None}},
            {"$set": {"script_triggers": any_left is not None}},
            session=session,
        )
        tag_ids = [
            id_ for one in script.triggers if isinstance(one, TagAdded) for id_ in one.tag_ids
        ]
        if tag_ids:
            await self._mongo["tags"].update_many(
                {"_id": {"$in": tag_ids}}, {"$set": {"triggers_scripts": True}}, session=session
            )

    async def customers_with(self, tag_ids: Collection[str], after: str, limit: int) -> list[str]:
        """The ids of customers who have one of these tags, in order, behind `after`."""
        query = {"tag_ids": {"$in": list(tag_ids)}, "_id": {"$gt": after}}
        found = self._mongo["customers"].find(query, {"_id": 1}).sort("_id", 1).limit(limit)
        return [one["_id"] async for one in found]

    async def note_run(self, script_id: str, token: str, after: str) -> None:
        """How far a calendar run is."""
        held = {"_id": script_id, "calendar.token": token}
        await self._scripts.update_one(held, {"$set": {"calendar.after": after}})

    async def end_run(self, script_id: str, token: str, following: datetime | None) -> None:
        """A calendar run has reached everybody; the next one, if there is one."""
        held = {"_id": script_id, "calendar.token": token}
        work = calendar_work(following)
        update = {"$set": {"calendar": work}} if work else {"$unset": {"calendar": ""}}
        await self._scripts.update_one(held, update)

    async def running(self, script_ids: Collection[str]) -> dict[str, int]:
        """How many customers are on each; index (script_id, customer_id) of those that run."""
        stages: list[Document] = [
            {"$match": {"script_id": {"$in": list(script_ids)}, "open": True}},
            {"$group": {"_id": "$script_id", "count": {"$sum": 1}}},
        ]
        with pymongo.timeout(_PATIENCE_S):
            cursor = await self._enrolments.aggregate(stages)
            return {group["_id"]: group["count"] async for group in cursor}

    async def tags(self, ids: Collection[str], *, session: Session | None = None) -> set[str]:
        """Those of these tags that exist and are in use."""
        query = {"_id": {"$in": list(ids)}, "retired_at": None}
        found = self._mongo["tags"].find(query, {"_id": 1}, session=session)
        return {one["_id"] async for one in found}

    async def date_attributes(self, *, session: Session | None = None) -> frozenset[str]:
        """The keys of the attributes whose values are dates. Attributes are few: no index."""
        found = self._mongo["attributes"].find({}, session=session)
        stored = {one["key"]: one async for one in found}
        dates = {key for key, one in stored.items() if one["type"] == "date"}
        retired = {key for key, one in stored.items() if one.get("retired_at") is not None}
        return frozenset(dates | BUILTIN_DATES) - retired

    async def channels(self, bot_id: str, *, session: Session | None = None) -> frozenset[Channel]:
        """The channels of the bot's accounts; index (bot_id)."""
        found = self._mongo["accounts"].find({"bot_id": bot_id}, {"channel": 1}, session=session)
        return frozenset([one["channel"] async for one in found])

    async def attributes_of(self, customer_id: str, bot_id: str) -> Document | None:
        """The attributes of a customer who has written to this bot, else None."""
        met = {"customer_id": customer_id, "bot_id": bot_id}
        if await self._mongo["conversations"].find_one(met, {"_id": 1}) is None:
            return None
        found = await self._mongo["customers"].find_one({"_id": customer_id}, {"attributes": 1})
        return None if found is None else dict(found.get("attributes") or {})

    async def report(self, script_id: str) -> tuple[list[Document], list[Document], list[Document]]:
        """Counts at one moment, grouped: enrolments by `{status, reason}`; what their logs say by
        `{step_id, result, reason}`; messages that are not sent by `{step_id, status}`.

        Indexes (script_id, status, reason) of enrolments, (author.id, status) of messages, which is
        named because there is a shorter one that would read every message of the script.
        """
        by_status: list[Document] = [
            {"$match": {"script_id": script_id}},
            _counted({"status": "$status", "reason": "$reason"}),
        ]
        by_step: list[Document] = [
            {"$match": {"script_id": script_id}},
            {"$unwind": "$log"},
            _counted({"step_id": "$log.step_id", "result": "$log.result", "reason": "$log.reason"}),
        ]
        not_sent: list[Document] = [
            {
                "$match": {
                    "author.id": script_id,
                    "author.kind": "script",
                    "status": {"$in": ["queued", "sending", "uncertain", "failed"]},
                    "internal": False,
                }
            },
            _counted(
                {
                    "step_id": {"$last": {"$split": ["$client_id", ":"]}},
                    "status": "$status",
                }
            ),
        ]
        with pymongo.timeout(_PATIENCE_S):
            async with self._mongo.client.start_session(snapshot=True) as session:
                return (
                    await self._groups("enrolments", by_status, session),
                    await self._groups("enrolments", by_step, session),
                    await self._groups("messages", not_sent, session, hint="author_id_status"),
                )

    async def _groups(
        self, collection: str, stages: Sequence[Document], session: Session, **options: Any
    ) -> list[Document]:
        found = await self._mongo[collection].aggregate(list(stages), session=session, **options)
        return [{**group["_id"], "count": group["count"]} async for group in found]


def _counted(key: dict[str, Any]) -> Document:
    return {"$group": {"_id": key, "count": {"$sum": 1}}}


def calendar_work(run_at: datetime | None) -> Document | None:
    """The due work of a run; None when there is none."""
    return None if run_at is None else due(run_at) | {"run_at": run_at}
