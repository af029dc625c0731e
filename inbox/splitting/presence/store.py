"""The collection `presence`: one document per person, extended by any tab of any process."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from inbox.clock import Clock
from inbox.conversations.view import iso
from inbox.errors import NotFound
from inbox.live.model import live_event
from inbox.mongo.client import Document, Mongo, Session
from inbox.mongo.due import Claimed, DueWork, Pace, due
from inbox.splitting.presence.model import AwayBy, Presence, PresenceState
from inbox.staff.audit.store import AuditStore
from inbox.staff.model import Actor


class PresenceStore:
    """`{_id: staff_id, state, since, expires_at, away_by?, replied_at?, expiry?: due work}`.

    Somebody who is here has `expiry`, due when nothing extends it any more: a process that dies
    or a line that is cut leaves nobody online for longer than that. What changes somebody's state
    tells the colleagues who share a bot with them, in the same transaction.
    """

    def __init__(self, mongo: Mongo, clock: Clock, *, pace: Pace | None = None) -> None:
        self._mongo = mongo
        self._presence = mongo["presence"]
        self._clock = clock
        self._audit = AuditStore(mongo)
        self.due = DueWork(mongo, "presence", "expiry", clock, pace=pace)

    async def of(
        self, staff_ids: Collection[str], *, session: Session | None = None
    ) -> dict[str, Presence]:
        """How these people are now; who was never here is offline."""
        now = self._clock.now()
        cursor = self._presence.find({"_id": {"$in": list(staff_ids)}}, session=session)
        found = {one["_id"]: presence_from(one, now) async for one in cursor}
        return {id_: found.get(id_, Presence(id_, "offline")) for id_ in staff_ids}

    async def one(self, staff_id: str) -> Presence:
        """How somebody is now."""
        return (await self.of([staff_id]))[staff_id]

    async def extend(self, until: Mapping[str, datetime]) -> list[str]:
        """These people are here, each until then at least; who was not here before this?"""
        by_moment: dict[datetime, list[str]] = {}
        for staff_id, moment in until.items():
            by_moment.setdefault(moment, []).append(staff_id)
        for moment, ids in by_moment.items():
            await self._presence.update_many(
                {"_id": {"$in": ids}, "state": {"$ne": "offline"}},
                {"$max": {"expires_at": moment, "expiry.due_at": moment}},
                hint="_id_",
            )
        here = self._presence.find({"_id": {"$in": list(until)}, "state": {"$ne": "offline"}})
        known = {one["_id"] async for one in here}
        new = [staff_id for staff_id in until if staff_id not in known]
        return [staff_id for staff_id in new if await self._arrive(staff_id, until[staff_id])]

    async def _arrive(self, staff_id: str, until: datetime) -> bool:
        """From offline to online, or back to the break that they had not ended."""

        async def work(session: Session) -> bool:
            before = await self._read(staff_id, session)
            if before is not None and before["state"] != "offline":
                return False  # another process was faster, and its extension holds
            by = (before or {}).get("away_by")
            changes = {"expires_at": until, "expiry": due(until)}
            await self._change(staff_id, "away" if by else "online", changes, session)
            return True

        return await self._mongo.transaction(work)

    async def take_break(self, staff_id: str, by: AwayBy) -> bool:
        """From online to away; False when they were away or offline already.

        Somebody who is offline and says so themselves comes back to their break. One that came by
        itself becomes theirs, so that an answer does not end it.
        """

        async def work(session: Session) -> bool:
            before = await self._read(staff_id, session)
            state = _state(before, self._clock.now())
            if state == "offline" and by == "self":
                await self._presence.update_one(
                    {"_id": staff_id},
                    {"$set": {"away_by": by}, "$setOnInsert": {"state": "offline"}},
                    upsert=True,
                    session=session,
                )
            if state == "away" and by == "self" and before and before["away_by"] == "auto":
                await self._presence.update_one(
                    {"_id": staff_id}, {"$set": {"away_by": by}}, session=session
                )
                await self._tell(staff_id, session)
            if state != "online":
                return False
            await self._change(staff_id, "away", {"away_by": by}, session)
            return True

        return await self._mongo.transaction(work)

    async def end_break(self, staff_id: str, *, only: AwayBy | None = None) -> bool:
        """From away to online, if the break is of that kind; False when there was none."""

        async def work(session: Session) -> bool:
            before = await self._read(staff_id, session)
            by = (before or {}).get("away_by")
            if before is None or by is None or by != (only or by):
                return False
            state: PresenceState = "online" if before["state"] == "away" else "offline"
            if state == "offline":
                await self._presence.update_one(
                    {"_id": staff_id}, {"$unset": {"away_by": 1}}, session=session
                )
                return False
            await self._change(staff_id, state, {"away_by": None}, session)
            return True

        return await self._mongo.transaction(work)

    async def note_reply(self, staff_id: str, at: datetime) -> None:
        """They have answered a customer: a break that came by itself is over."""
        after = await self._presence.find_one_and_update(
            {"_id": staff_id},
            {"$max": {"replied_at": at}},
            projection={"away_by": 1},
        )
        if after is not None and after.get("away_by") == "auto":
            await self.end_break(staff_id, only="auto")

    async def leave(self, staff_id: str) -> bool:
        """Offline at once: they signed out everywhere. False when they were already."""

        async def work(session: Session) -> bool:
            before = await self._read(staff_id, session)
            if before is None or before["state"] == "offline":
                return False
            await self._go(before, session)
            return True

        return await self._mongo.transaction(work)

    async def expire(self, claimed: Claimed) -> bool:
        """Offline, unless somebody extended it since it was claimed."""

        async def work(session: Session) -> bool:
            before = await self._read(claimed.id, session)
            if before is None or before.get("expiry", {}).get("token") != claimed.token:
                return False
            if before["expires_at"] > self._clock.now():
                await self._presence.update_one(
                    {"_id": claimed.id},
                    {"$set": {"expiry": due(before["expires_at"])}},
                    session=session,
                )
                return False
            await self._go(before, session)
            return True

        return await self._mongo.transaction(work)

    async def idle(self, waiting_before: Mapping[str, datetime]) -> set[str]:
        """Who lets customers wait: online, and not one reply since the moment of the bot.

        `waiting_before` maps bots to moments: a customer of the bot waits since before it for
        the person, who was online all the time since.
        """
        late: set[str] = set()
        for bot_id, moment in waiting_before.items():
            query = {"bot_id": bot_id, "status": "open", "waiting_since": {"$lte": moment}}
            assignees = await self._mongo["conversations"].distinct("assignee_id", query)
            people = [one for one in assignees if one is not None]
            idle = {
                "_id": {"$in": people},
                "state": "online",
                "since": {"$lte": moment},
                "replied_at": {"$not": {"$gt": moment}},
            }
            late.update([one["_id"] async for one in self._presence.find(idle, {"_id": 1})])
        return late

    async def set_receiving(self, actor: Actor, staff_id: str, *, receiving: bool) -> bool:
        """Switch whether somebody gets conversations; False when it was so already.

        Who does it for another is kept in the audit log.

        Raises:
            NotFound: there is nobody of this id.
        """

        async def work(session: Session) -> bool:
            before = await self._mongo["staff"].find_one_and_update(
                {"_id": staff_id}, {"$set": {"receiving": receiving}}, session=session
            )
            if before is None:
                raise NotFound
            was = before.get("receiving", True)
            if was == receiving:
                return False
            if actor.id != staff_id:
                await self._audit.record(
                    actor,
                    "receiving_switched",
                    ("staff", staff_id),
                    at=self._clock.now(),
                    changes={"receiving": {"before": was, "after": receiving}},
                    session=session,
                )
            await self._tell(staff_id, session)
            return True

        return await self._mongo.transaction(work)

    async def _read(self, staff_id: str, session: Session) -> Document | None:
        return await self._presence.find_one({"_id": staff_id}, session=session)

    async def _go(self, before: Document, session: Session) -> None:
        """A break that came by itself ends with going; one that they took is still theirs."""
        changes: dict[str, Any] = {"expiry": None}
        if before.get("away_by") == "auto":
            changes["away_by"] = None
        await self._change(before["_id"], "offline", changes, session)

    async def _change(
        self, staff_id: str, state: PresenceState, changes: Mapping[str, Any], session: Session
    ) -> None:
        now = self._clock.now()
        sets = {name: value for name, value in changes.items() if value is not None}
        update: Document = {"$set": {"state": state, "since": now, **sets}}
        if gone := changes.keys() - sets.keys():
            update["$unset"] = dict.fromkeys(gone, 1)
        await self._presence.update_one({"_id": staff_id}, update, upsert=True, session=session)
        await self._tell(staff_id, session)

    async def _tell(self, staff_id: str, session: Session) -> None:
        """Owners and admins share every bot with everybody."""
        now = self._clock.now()
        staff = await self._mongo["staff"].find_one({"_id": staff_id}, session=session) or {}
        in_all = staff.get("role") in ("owner", "admin")
        query: Document = {} if in_all else {"member_ids": staff_id}
        bots = self._mongo["bots"].find(query, {"_id": 1}, session=session)
        here = await self._read(staff_id, session) or {}
        event = live_event(
            type="presence_changed",
            at=now,
            bot_ids=[bot["_id"] async for bot in bots],
            data={
                "staff_id": staff_id,
                "state": here.get("state", "offline"),
                "since": iso(here["since"]) if "since" in here else None,
                "away_by": here.get("away_by"),
                "receiving": staff.get("receiving", True),
            },
        )
        await self._mongo["live_events"].insert_one(event, session=session)


def _state(document: Document | None, now: datetime) -> PresenceState:
    """What was not extended in time is over, whether or not somebody has noted it yet."""
    if document is None or document["state"] == "offline" or document["expires_at"] <= now:
        return "offline"
    state: PresenceState = document["state"]
    return state


def presence_from(document: Document, now: datetime) -> Presence:
    state = _state(document, now)
    return Presence(
        document["_id"],
        state,
        document.get("since"),
        document.get("away_by"),
        document.get("replied_at"),
    )
