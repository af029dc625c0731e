"""What is told of enrolments: rows of the customer's timeline, and live events."""

from collections.abc import Collection

from inbox.clock import Clock
from inbox.live.model import live_event
from inbox.mongo.client import Document, Mongo, Session
from inbox.timeline.kinds import interaction
from scheduler.scripts.model import Script, StopReason


class Telling:
    """Tells in the transaction of the change."""

    def __init__(self, mongo: Mongo, clock: Clock) -> None:
        self._mongo = mongo
        self._clock = clock

    async def attached(self, document: Document, script: Script, *, session: Session) -> None:
        row = interaction(
            "script_attached",
            customer_id=document["customer_id"],
            conversation_id=document["conversation_id"],
            at=self._clock.now(),
            actor_id=document.get("by"),
            data={"script_id": script.id, "name": script.name, "via": document["via"]},
        )
        await self._mongo["interactions"].insert_one(row, session=session)
        await self.changed([document], session=session)

    async def ended(
        self,
        documents: Collection[Document],
        reason: StopReason | None,
        *,
        by: str | None = None,
        session: Session,
    ) -> None:
        """They ended, for a reason or (None) because every step was taken: no row tells of that."""
        if reason is not None and documents:
            names = await self._names(documents, session)
            await self._mongo["interactions"].insert_many(
                [self._stopped(one, names, reason, by) for one in documents], session=session
            )
        await self.changed(documents, session=session)

    async def changed(self, documents: Collection[Document], *, session: Session) -> None:
        """Open sidebars read the scripts of these customers anew."""
        now = self._clock.now()
        whose = {(one["bot_id"], one["customer_id"]) for one in documents}
        events = [
            live_event(type="enrolments_changed", at=now, bot_ids=[bot_id], customer_id=customer_id)
            for bot_id, customer_id in sorted(whose)
        ]
        if events:
            await self._mongo["live_events"].insert_many(events, session=session)

    async def _names(self, documents: Collection[Document], session: Session) -> dict[str, str]:
        ids = sorted({one["script_id"] for one in documents})
        found = self._mongo["scripts"].find({"_id": {"$in": ids}}, {"name": 1}, session=session)
        return {one["_id"]: one["name"] async for one in found}

    def _stopped(
        self, document: Document, names: dict[str, str], reason: StopReason, by: str | None
    ) -> Document:
        script_id = document["script_id"]
        return interaction(
            "script_stopped",
            customer_id=document["customer_id"],
            conversation_id=document.get("conversation_id"),
            at=self._clock.now(),
            actor_id=by,
            data={"script_id": script_id, "name": names.get(script_id), "reason": reason},
        )
