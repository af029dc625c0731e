"""The collection `enrolments`, apart from the worker's turns: attach, detach, pause, show."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from inbox.clock import Clock
from inbox.ids import random_id
from inbox.mongo.client import Document, Mongo, Session
from inbox.mongo.due import due
from scheduler.scripts.documents import enrolment_from
from scheduler.scripts.model import Enrolment, Next, Script, StopReason

AttachOutcome = Literal[
    "created", "already_active", "ran_already", "not_attachable", "nothing_to_send"
]


class EnrolmentStore:
    """At most one open enrolment per script and customer: a unique index says so.

    `next_at` is when the next step is due, as it is shown and as order is told; `work.due_at` is
    when a worker looks, which moves while it is claimed or waits for something else.
    """

    def __init__(self, mongo: Mongo, clock: Clock) -> None:
        self._mongo = mongo
        self._enrolments = mongo["enrolments"]
        self._clock = clock

    async def open_of(
        self, script_id: str, customer_id: str, *, session: Session
    ) -> Document | None:
        query = {"script_id": script_id, "customer_id": customer_id, "open": True}
        return await self._enrolments.find_one(query, session=session)

    async def has_run(self, script_id: str, customer_id: str, *, session: Session) -> bool:
        """Whether it ran to its end for this customer; one that was detached does not count."""
        query = {"script_id": script_id, "customer_id": customer_id, "status": "done"}
        return await self._enrolments.find_one(query, {"_id": 1}, session=session) is not None

    async def insert(
        self,
        script: Script,
        customer_id: str,
        conversation_id: str,
        following: Next,
        *,
        by: str | None,
        session: Session,
    ) -> Enrolment:
        """Begin. Two at once collide on the unique index; the one that repeats finds the other."""
        now = self._clock.now()
        assert following.step is not None
        assert following.at is not None
        document: Document = {
            "_id": random_id(),
            "script_id": script.id,
            "script_created_at": script.created_at,
            "bot_id": script.bot_id,
            "customer_id": customer_id,
            "conversation_id": conversation_id,
            "status": "active",
            "open": True,
            "next_step_id": following.step.id,
            "next_at": following.at,
            "work": due(following.at),
            "log": [],
            "started_at": now,
        }
        if by is not None:
            document["by"] = by
        await self._enrolments.insert_one(document, session=session)
        return enrolment_from(document)

    async def get(self, enrolment_id: str, *, session: Session | None = None) -> Document | None:
        return await self._enrolments.find_one({"_id": enrolment_id}, session=session)

    async def of_customer(self, customer_ids: Sequence[str], limit: int) -> list[Enrolment]:
        """Newest first; index (customer_id, -started_at)."""
        found = self._enrolments.find({"customer_id": {"$in": list(customer_ids)}})
        rows = await found.sort("started_at", -1).limit(limit).to_list()
        return [enrolment_from(one) for one in rows]

    async def stop(
        self, enrolment_id: str, reason: StopReason, *, session: Session | None = None
    ) -> bool:
        """End it now: no step goes out any more. False when it had ended.

        A step that is being posted right now writes the same document: whichever commits first
        wins, and the other finds that it did.
        """
        done = await self._enrolments.update_one(
            {"_id": enrolment_id, "open": True},
            {
                "$set": {"status": "stopped", "reason": reason, "ended_at": self._clock.now()},
                "$unset": {"open": 1, "work": 1, "next_step_id": 1, "next_at": 1, "holding": 1},
            },
            session=session,
        )
        return done.modified_count == 1

    async def pause(self, enrolment_id: str, *, session: Session | None = None) -> bool:
        """Nothing is due until it is resumed; False when it does not run."""
        done = await self._enrolments.update_one(
            {"_id": enrolment_id, "status": "active"},
            {
                "$set": {"status": "paused", "paused_at": self._clock.now()},
                "$unset": {"work": 1, "holding": 1},
            },
            session=session,
        )
        return done.modified_count == 1

    async def resume(
        self, enrolment_id: str, at: datetime, *, session: Session | None = None
    ) -> bool:
        """Go on with the step that was next, at `at`; False when it is not paused."""
        done = await self._enrolments.update_one(
            {"_id": enrolment_id, "status": "paused"},
            {
                "$set": {"status": "active", "next_at": at, "work": due(at)},
                "$unset": {"paused_at": 1},
            },
            session=session,
        )
        return done.modified_count == 1

    async def stop_all(self, query: Document, reason: StopReason) -> int:
        """End every open enrolment that matches; how many."""
        done = await self._enrolments.update_many(
            {**query, "open": True},
            {
                "$set": {"status": "stopped", "reason": reason, "ended_at": self._clock.now()},
                "$unset": {"open": 1, "work": 1, "next_step_id": 1, "next_at": 1, "holding": 1},
            },
        )
        return done.modified_count
