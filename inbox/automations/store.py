"""The collection `automations`, and the log of what they were told."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from inbox.automations.documents import automation_fields, automation_from
from inbox.automations.model import Automation, OffReason
from inbox.automations.relaying.store import MARK
from inbox.clock import Clock
from inbox.live.model import live_event
from inbox.mongo.client import Document, Mongo, Session
from inbox.staff.audit.store import AuditStore


class AutomationStore:
    """Automations by id; their secrets are sealed and never read here."""

    def __init__(self, mongo: Mongo, clock: Clock) -> None:
        self._mongo = mongo
        self._automations = mongo["automations"]
        self._audit = AuditStore(mongo)
        self._clock = clock

    async def of_bot(self, bot_id: str) -> list[Automation]:
        """By name; index (bot_id)."""
        found = self._automations.find({"bot_id": bot_id}).sort([("name", 1), ("_id", 1)])
        return [automation_from(one) async for one in found]

    async def get(
        self, bot_id: str, automation_id: str, *, session: Session | None = None
    ) -> Automation | None:
        query = {"_id": automation_id, "bot_id": bot_id}
        found = await self._automations.find_one(query, session=session)
        return None if found is None else automation_from(found)

    async def sealed(self, automation_id: str, session: Session) -> bytes:
        found = await self._automations.find_one({"_id": automation_id}, session=session)
        assert found is not None, "it was just read"
        return bytes(found["sealed"])

    async def has_bot(self, bot_id: str, session: Session | None = None) -> bool:
        return (
            await self._mongo["bots"].find_one({"_id": bot_id}, {"_id": 1}, session=session)
            is not None
        )

    async def answering(self, bot_id: str, session: Session) -> str | None:
        """The automation that answers customers first; index (bot_id), of those that do."""
        query = {"bot_id": bot_id, "answers": True}
        found = await self._automations.find_one(query, {"_id": 1}, session=session)
        return None if found is None else found["_id"]

    async def insert(self, automation: Automation, sealed: bytes, session: Session) -> None:
        """Relaying has its place in the feed from now on, whenever its first process starts."""
        await self._mongo["service_marks"].update_one(
            {"_id": MARK},
            {"$setOnInsert": {"at": automation.created_at}},
            upsert=True,
            session=session,
        )
        fields = {**automation_fields(automation), "sealed": sealed}
        await self._automations.insert_one({"_id": automation.id, **fields}, session=session)

    async def replace(self, automation: Automation, sealed: bytes | None, session: Session) -> None:
        """`sealed` None: the secrets stay."""
        secrets = {} if sealed is None else {"sealed": sealed}
        await self._automations.update_one(
            {"_id": automation.id},
            {"$set": {**automation_fields(automation), **secrets}},
            session=session,
        )
        if not (automation.enabled and automation.answers):
            await self._end_turns(automation.id, session)

    async def delete(self, automation_id: str, session: Session) -> None:
        """The automation, what it was still to be told, and its tokens."""
        await self._automations.delete_one({"_id": automation_id}, session=session)
        theirs = {"automation_id": automation_id}
        await self._mongo["automation_queues"].delete_many(theirs, session=session)
        await self._mongo["automation_deliveries"].delete_many(theirs, session=session)
        await self._mongo["messenger_profiles"].delete_one({"_id": automation_id}, session=session)
        await self._end_turns(automation_id, session)
        tokens = await self._mongo["tokens"].distinct("_id", theirs, session=session)
        await self._mongo["tokens"].delete_many(theirs, session=session)
        now = self._clock.now()
        ended = [
            live_event(type="session_ended", at=now, data={"token_id": token}) for token in tokens
        ]
        if ended:
            await self._mongo["live_events"].insert_many(ended, session=session)

    async def _end_turns(self, automation_id: str, session: Session) -> None:
        """Customers who wait for its answer are handed to people now."""
        now = self._clock.now()
        await self._mongo["automation_streams"].update_many(
            {"watch.automation_id": automation_id, "watch.due_at": {"$gt": now}},
            {"$set": {"watch.due_at": now}},
            session=session,
        )

    async def gone(self, automation: Automation, reason: OffReason = "gone") -> None:
        """Switch an automation off whose receiver wants no more; repeating changes nothing.

        One that was changed since it was read stays: another receiver may have been meant.
        """
        automation_id = automation.id

        async def work(session: Session) -> None:
            now = self._clock.now()
            before = await self._automations.find_one_and_update(
                {"_id": automation_id, "enabled": True, "version": automation.version},
                {
                    "$set": {"enabled": False, "off_reason": reason, "off_at": now},
                    "$inc": {"version": 1},
                },
                session=session,
            )
            if before is None:
                return
            await self._end_turns(automation_id, session)
            changes = {"enabled": {"before": True, "after": False}, "reason": reason}
            await self._audit.record(
                None,
                "automation_edited",
                ("automation", automation_id),
                at=now,
                changes=changes,
                session=session,
            )
            await self.tell(before["bot_id"], now, session)

        await self._mongo.transaction(work)

    async def tell(self, bot_id: str, now: datetime, session: Session) -> None:
        """Settings that are open anywhere are read anew."""
        event = live_event(type="bot_changed", at=now, bot_id=bot_id, data={"bot_id": bot_id})
        await self._mongo["live_events"].insert_one(event, session=session)

    async def backlog(self, automation_id: str) -> Mapping[str, Any]:
        """`{waiting, parked, told_at, failed_at, error}`: how telling it goes.

        `waiting` are conversations with events that are not told yet, counted up to a thousand.
        """
        queued = {"automation_id": automation_id, "work.due_at": {"$exists": True}}
        waiting = await self._mongo["automation_queues"].count_documents(queued, limit=1000)
        parked = {"automation_id": automation_id, "state": "parked"}
        return {
            "waiting": waiting,
            "parked": await self._mongo["automation_deliveries"].count_documents(
                parked, limit=1000
            ),
            "told": await self._last(automation_id, "delivered"),
            "failed": await self._last(automation_id, "failing"),
        }

    async def _last(self, automation_id: str, state: str) -> Document | None:
        return await self._mongo["automation_deliveries"].find_one(
            {"automation_id": automation_id, "state": state}, sort=[("tried_at", -1), ("_id", -1)]
        )

    async def deliveries(
        self,
        automation_id: str,
        state: str | None,
        *,
        after: tuple[datetime, str] | None,
        limit: int,
    ) -> list[Document]:
        """What it was told, newest tries first; index (automation_id, state, -tried_at, -_id)."""
        states = [state] if state else ["delivered", "failing", "parked"]
        query: Document = {"automation_id": automation_id, "state": {"$in": states}}
        if after is not None:
            at, id_ = after
            query["tried_at"] = {"$lte": at}
            query["$or"] = [{"tried_at": {"$lt": at}}, {"_id": {"$lt": id_}}]
        found = self._mongo["automation_deliveries"].find(query)
        return await found.sort([("tried_at", -1), ("_id", -1)]).limit(limit).to_list()

    async def parked_ids(self, automation_id: str, limit: int) -> list[str]:
        """Events that nobody tells any more, oldest first."""
        query = {"automation_id": automation_id, "state": "parked"}
        found = self._mongo["automation_deliveries"].find(query, {"event_id": 1})
        return [one["event_id"] async for one in found.sort("tried_at", 1).limit(limit)]
