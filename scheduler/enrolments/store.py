"""The collection `enrolments`."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo import UpdateOne

from inbox.clock import Clock
from inbox.ids import random_id
from inbox.mongo.client import Document, Mongo, Session
from inbox.mongo.due import Claimed, DueWork, Pace, due
from scheduler.enrolments.telling import Telling
from scheduler.enrolments.turns import Update, advance_update, end_update
from scheduler.scripts.documents import log_document
from scheduler.scripts.model import Holding, Next, Script, StepLog, StopReason, Via

_RUNNING: Document = {"open": True}
_BATCH = 500
_PACE = Pace(poll_every=timedelta(milliseconds=200))  # a look that finds nothing takes 0.5 ms


@dataclass(frozen=True, slots=True)
class Start:
    """What attached a script: a person (`by`) or a trigger; `run` names one run of a calendar."""

    via: Via = "staff"
    by: str | None = None
    run: str | None = None


class EnrolmentStore:
    """At most one open enrolment per script and customer: a unique index says so.

    `{script_id, script_created_at, script_version, bot_id, customer_id, conversation_id, status,
    open?, next_step_id?, next_at?, holding?, work?, log, started_at, via, by?, ...}`: `open` is
    there until it ends. `next_at` is when the next step is due, as it is shown and as order is
    told; `work.due_at` is when a worker looks, which moves while it is claimed. Whatever waits for
    something else than a time has `holding` and neither.
    """

    def __init__(self, mongo: Mongo, clock: Clock, *, pace: Pace | None = None) -> None:
        self._mongo = mongo
        self._enrolments = mongo["enrolments"]
        self._clock = clock
        self._telling = Telling(mongo, clock)
        self.due = DueWork(mongo, "enrolments", "work", clock, pace=pace or _PACE)

    async def transaction(self, work: Callable[[Session], Awaitable[None]]) -> None:
        await self._mongo.transaction(work)

    async def get(self, enrolment_id: str, *, session: Session | None = None) -> Document | None:
        return await self._enrolments.find_one({"_id": enrolment_id}, session=session)

    async def open_of(
        self, script_id: str, customer_ids: Collection[str], *, session: Session
    ) -> Document | None:
        """The one that runs for a customer, by any of the customer's ids."""
        query = {"script_id": script_id, "customer_id": {"$in": list(customer_ids)}, **_RUNNING}
        return await self._enrolments.find_one(query, session=session)

    async def has_run(
        self,
        script_id: str,
        customer_ids: Collection[str],
        *,
        by_itself: bool,
        session: Session,
    ) -> bool:
        """Whether it ran before; one that was detached does not count.

        `by_itself`: one that was stopped counts too, so that a trigger does not begin anew
        what the customer has ended with an answer.
        """
        ended: Document = {"status": "done"}
        if by_itself:
            ended = {"status": {"$in": ["done", "stopped"]}, "reason": {"$ne": "detached"}}
        query = {"script_id": script_id, "customer_id": {"$in": list(customer_ids)}, **ended}
        return await self._enrolments.find_one(query, {"_id": 1}, session=session) is not None

    async def ran_for(self, run: str, customer_id: str, *, session: Session) -> bool:
        """Whether one run of a calendar has reached this customer; index (customer_id)."""
        query = {"customer_id": customer_id, "run": run}
        return await self._enrolments.find_one(query, {"_id": 1}, session=session) is not None

    async def insert(
        self,
        script: Script,
        conversation: Mapping[str, Any],
        following: Next,
        start: Start,
        *,
        session: Session,
    ) -> Document:
        """Begin. Two at once collide on the unique index; the one that repeats finds the other."""
        now = self._clock.now()
        assert following.step is not None
        assert following.at is not None
        optional = {"by": start.by, "run": start.run}
        document: Document = {
            "_id": random_id(),
            "script_id": script.id,
            "script_created_at": script.created_at,
            "script_version": script.version,
            "bot_id": script.bot_id,
            "customer_id": conversation["customer_id"],
            "conversation_id": conversation["_id"],
            "status": "active",
            "open": True,
            "next_step_id": following.step.id,
            "next_at": following.at,
            "work": due(following.at),
            "log": [],
            "started_at": now,
            "via": start.via,
        } | {name: value for name, value in optional.items() if value is not None}
        await self._enrolments.insert_one(document, session=session)
        await self._telling.attached(document, script, session=session)
        return document

    async def of_customer(
        self, customer_ids: Sequence[str], *, after: tuple[datetime, str] | None, limit: int
    ) -> list[Document]:
        """Newest first; index (customer_id, -started_at, -_id)."""
        query: Document = {"customer_id": {"$in": list(customer_ids)}}
        if after is not None:
            at, id_ = after
            query["$or"] = [{"started_at": {"$lt": at}}, {"started_at": at, "_id": {"$lt": id_}}]
        found = self._enrolments.find(query).sort([("started_at", -1), ("_id", -1)])
        return await found.limit(limit).to_list()

    async def ended_of(self, customer_ids: Sequence[str], limit: int) -> list[Document]:
        """Those that ended, begun last first."""
        query = {"customer_id": {"$in": list(customer_ids)}, "open": {"$exists": False}}
        found = self._enrolments.find(query).sort([("started_at", -1), ("_id", -1)])
        return await found.limit(limit).to_list()

    async def open_for(
        self, customer_ids: Sequence[str], *, session: Session | None = None
    ) -> list[Document]:
        """Everything that runs for a customer, oldest first."""
        query = {"customer_id": {"$in": list(customer_ids)}, **_RUNNING}
        found = self._enrolments.find(query, session=session)
        return await found.sort([("started_at", 1), ("_id", 1)]).to_list()

    async def is_first_in_line(self, document: Document, *, session: Session) -> bool:
        """Whether no other step of this conversation goes before; index (conversation_id, next_at).

        Earlier ones do, and of those that are due together that of the older script.
        """
        query = {
            "conversation_id": document["conversation_id"],
            "open": True,
            "status": "active",
            "next_at": {"$lte": document["next_at"]},
            "_id": {"$ne": document["_id"]},
        }
        fields = {"next_at": 1, "script_created_at": 1}
        others = self._enrolments.find(query, fields, session=session)
        mine = place_in_line(document)
        return all([mine < place_in_line(other) async for other in others])

    async def take_step(
        self, claimed: Claimed, entry: StepLog, following: Next, *, session: Session
    ) -> bool:
        """Keep what became of a step, and go on. False when the turn was lost or has ended.

        Somebody may have skipped the step that was next when the turn began.
        """
        update = self._onwards(following)
        update["$push"] = {"log": log_document(entry)}
        held = {**_held(claimed), "next_step_id": claimed.document["next_step_id"]}
        done = await self._enrolments.update_one(held, update, session=session)
        if done.modified_count and entry.message_id is None:  # else its message tells
            await self._telling.changed([claimed.document], session=session)
        return done.modified_count == 1

    async def wait(self, claimed: Claimed, step_id: str, at: datetime) -> None:
        """The step is due at `at`."""
        sets = {"next_step_id": step_id, "next_at": at, "work": due(at)}
        await self._enrolments.update_one(_held(claimed), {"$set": sets})

    async def look_again(self, claimed: Claimed, at: datetime) -> None:
        """The same step at the same place in line, a little later."""
        await self._enrolments.update_one(_held(claimed), {"$set": {"work": due(at)}})

    async def hold(self, claimed: Claimed, step_id: str | None, holding: Holding) -> None:
        """Until something happens; see `wake`. The caller checks afterwards that it has not."""
        sets: Document = {"holding": holding}
        if step_id is not None:
            sets["next_step_id"] = step_id
        await self._enrolments.update_one(
            _held(claimed), {"$set": sets, "$unset": {"work": "", "next_at": ""}}
        )

    async def end(self, claimed: Claimed, reason: StopReason | None) -> None:
        """Nothing more is to be done."""
        now = self._clock.now()

        async def work(session: Session) -> None:
            done = await self._enrolments.update_one(
                _held(claimed), end_update(reason, now), session=session
            )
            if done.modified_count:
                await self._telling.ended([claimed.document], reason, session=session)

        await self._mongo.transaction(work)

    async def wake(
        self, query: Document, holding: Collection[Holding], *, session: Session | None = None
    ) -> int:
        """What they waited for has happened: they are looked at now. How many."""
        now = self._clock.now()
        done = await self._enrolments.update_many(
            {**query, **_RUNNING, "status": "active", "holding": {"$in": list(holding)}},
            {"$set": {"work": due(now), "next_at": now}, "$unset": {"holding": ""}},
            session=session,
        )
        return done.modified_count

    async def stop(
        self,
        documents: Collection[Document],
        reason: StopReason,
        *,
        by: str | None = None,
        session: Session,
    ) -> int:
        """End these now: no step goes out any more. How many had not ended.

        They were read in the same transaction; `by` is who did it.

        A step that is being posted right now writes the same document: whichever commits first
        wins, and the other finds that it did.
        """
        ids = {"_id": {"$in": [one["_id"] for one in documents]}, **_RUNNING}
        update = end_update(reason, self._clock.now())
        stopped = (await self._enrolments.update_many(ids, update, session=session)).modified_count
        if stopped:
            running = [one for one in documents if one.get("open")]
            await self._telling.ended(running, reason, by=by, session=session)
        return stopped

    async def stop_script(self, script_id: str, reason: StopReason) -> int:
        """End whatever still runs of a script; how many. Repeating is harmless.

        In batches, each by itself: what is left after a crash ends when it falls due.
        """
        stopped = 0
        while True:

            async def work(session: Session) -> int:
                query = {"script_id": script_id, **_RUNNING}
                found = self._enrolments.find(query, _TOLD, session=session)
                return await self.stop(await found.limit(_BATCH).to_list(), reason, session=session)

            batch = await self._mongo.transaction(work)
            if not batch:
                return stopped
            stopped += batch

    async def pause(self, document: Document, *, session: Session) -> bool:
        """Nothing is due until it is resumed; False when it does not run."""
        done = await self._enrolments.update_one(
            {"_id": document["_id"], "status": "active"},
            {
                "$set": {"status": "paused", "paused_at": self._clock.now()},
                "$unset": {"work": "", "holding": ""},
            },
            session=session,
        )
        if done.modified_count:
            await self._telling.changed([document], session=session)
        return done.modified_count == 1

    async def resume(self, document: Document, *, session: Session) -> bool:
        """Go on with the step that was next, now if its time is over; False when not paused."""
        now = self._clock.now()
        at = max(now, document.get("next_at") or now)
        done = await self._enrolments.update_one(
            {"_id": document["_id"], "status": "paused"},
            {
                "$set": {"status": "active", "next_at": at, "work": due(at)},
                "$unset": {"paused_at": ""},
            },
            session=session,
        )
        if done.modified_count:
            await self._telling.changed([document], session=session)
        return done.modified_count == 1

    async def pass_over(
        self, document: Document, entry: StepLog, following: Next, *, session: Session
    ) -> bool:
        """Skip the next step by hand; False when it was taken meanwhile.

        A turn that is under way loses: its write finds another step to come.
        """
        update = self._onwards(following)
        if document["status"] == "paused":
            update["$set"].pop("work", None)
        update["$push"] = {"log": log_document(entry)}
        query = {"_id": document["_id"], **_RUNNING, "next_step_id": entry.step_id}
        done = await self._enrolments.update_one(query, update, session=session)
        if done.modified_count:
            await self._telling.changed([document], session=session)
        return done.modified_count == 1

    async def behind(
        self, script_id: str, version: int, after: str | None, limit: int
    ) -> list[Document]:
        """Running ones that were timed by an older version; index (script_id, customer_id)."""
        query: Document = {"script_id": script_id, **_RUNNING, "script_version": {"$lt": version}}
        if after is not None:
            query["customer_id"] = {"$gt": after}
        return await self._enrolments.find(query).sort("customer_id", 1).limit(limit).to_list()

    async def waiting_in(
        self, conversation_id: str | None, *, session: Session | None = None
    ) -> list[Document]:
        """What waits for a time in a conversation; index (conversation_id, next_at)."""
        query = {"conversation_id": conversation_id, **_RUNNING, "status": "active"}
        query["work.due_at"] = {"$exists": True}
        return await self._enrolments.find(query, session=session).to_list()

    async def retime(
        self, changes: Sequence[tuple[Document, Next, int]], *, session: Session | None = None
    ) -> None:
        """Write when the next step is due by a newer version of the script.

        What is claimed right now is left alone: it looks at the script itself. So is what was
        paused or held since it was read: nothing of it is due.
        """
        writes = [
            UpdateOne(
                {
                    "_id": document["_id"],
                    **_RUNNING,
                    "log": {"$size": len(document.get("log") or ())},
                    "work.token": {"$exists": False},
                    "work": {"$exists": "work" in document},
                },
                _retimed(document, following, version),
            )
            for document, following, version in changes
        ]
        if writes:
            await self._enrolments.bulk_write(writes, ordered=False, session=session)

    async def adopt(self, claimed: Claimed, customer_id: str) -> bool:
        """The customer was merged into another record.

        False when that one runs the script too, or has ended it while this one ran.
        """
        script = {"script_id": claimed.document["script_id"], "customer_id": customer_id}
        over = {"status": "done", "log.at": {"$gte": claimed.document["started_at"]}}

        async def work(session: Session) -> bool:
            query = {**script, "$or": [_RUNNING, over]}
            if await self._enrolments.find_one(query, session=session) is not None:
                return False
            await self._enrolments.update_one(
                _held(claimed), {"$set": {"customer_id": customer_id}}, session=session
            )
            return True

        return await self._mongo.transaction(work)

    def _onwards(self, following: Next) -> Update:
        work = due(following.at) if following.at is not None else None
        return advance_update(following, self._clock.now(), work)


_TOLD = {"bot_id": 1, "customer_id": 1, "conversation_id": 1, "script_id": 1, "open": 1}


def _held(claimed: Claimed) -> Document:
    """It still runs, and the turn is still ours."""
    return {"_id": claimed.id, "work.token": claimed.token, "status": "active", **_RUNNING}


def place_in_line(document: Document) -> tuple[datetime, datetime, str]:
    """Earlier steps go first, and of those that are due together that of the older script."""
    return document["next_at"], document["script_created_at"], document["_id"]


def _retimed(document: Document, following: Next, version: int) -> Document:
    sets: Document = {"script_version": version}
    if following.step is None or following.at is None:
        if "work" in document:  # ended by its own turn, which tells why
            sets["work.due_at"] = document["started_at"]
        return {"$set": sets}
    sets["next_step_id"] = following.step.id
    if "work" in document or document["status"] == "paused":
        sets["next_at"] = following.at
    if "work" in document:
        sets["work.due_at"] = following.at
    return {"$set": sets}
