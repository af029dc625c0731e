"""The collection `account_gaps`: what was missed, claimed as due work, and how far it was read."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from channels.backfill.model import GapRecord, GapState, Incomplete
from inbox.clock import Clock
from inbox.conversations.model import IdentityRef
from inbox.ids import hash_id, message_key
from inbox.mongo.client import Document, Mongo, Session
from inbox.mongo.due import Claimed, DueWork, Pace, due
from inbox.ports import AccountRef, ToldMessage
from inbox.staff.audit.store import AuditStore
from inbox.staff.model import Actor

_RESULTS = ("filled_at", "filled_to", "found", "new", "unreadable", "incomplete", "platform_code")


class LeaseLost(Exception):
    """Somebody else reads this interval now."""


class GapStore:
    """Collection `account_gaps`, path `backfill`. Every write asks whether the lease is ours."""

    def __init__(self, mongo: Mongo, clock: Clock, *, pace: Pace | None = None) -> None:
        self._mongo = mongo
        self._gaps = mongo["account_gaps"]
        self._clock = clock
        self._lease = (pace or Pace()).lease
        self._audit = AuditStore(mongo)
        self.due = DueWork(mongo, "account_gaps", "backfill", clock, pace=pace)

    async def account(self, key: str) -> AccountRef | None:
        """A connected account; None when it is not, or not any more."""
        query = {"_id": key, "bot_id": {"$type": "string"}}
        found = await self._mongo["accounts"].find_one(query, {"channel": 1, "account_id": 1})
        return None if found is None else AccountRef(key, found["channel"], found["account_id"])

    async def missing(self, account: AccountRef, told: Sequence[ToldMessage]) -> list[ToldMessage]:
        """Those that are neither here, nor parts of ours, nor erased; all read by `_id`."""
        people = {
            one.message_id: IdentityRef(account.channel, account.account_id, one.person_id).id
            for one in told
        }
        known = await self.known(account, people)
        ids = [*people.values(), *(_id(account, one) for one in people)]
        cursor = self._mongo["erased"].find({"_id": {"$in": ids}})
        erased = {one["_id"]: one["erased_at"] async for one in cursor}
        return [
            one
            for one in told
            if one.message_id not in known
            and not any(
                id_ in erased and one.at <= erased[id_]
                for id_ in (people[one.message_id], _id(account, one.message_id))
            )
        ]

    async def known(self, account: AccountRef, external_ids: Iterable[str]) -> set[str]:
        """Which of these platform messages are here, on their own or as parts of ours."""
        by_id = {_id(account, one): one for one in external_ids}
        if not by_id:
            return set()
        query: Document = {"_id": {"$in": list(by_id)}}
        here = [
            *await self._ids("messages", {**query, "at": {"$exists": True}}),
            *await self._ids("platform_ids", query),
        ]
        return {by_id[id_] for id_ in here}

    async def _ids(self, collection: str, query: Document) -> list[str]:
        return [one["_id"] async for one in self._mongo[collection].find(query, {"_id": 1})]

    async def keep_progress(
        self,
        claimed: Claimed,
        resume: Mapping[str, Any],
        *,
        found: int,
        unreadable: int,
        incomplete: Collection[Incomplete],
    ) -> None:
        """This far it was read: whoever goes on, does so from here. Holds the lease, too.

        Raises:
            LeaseLost: nothing was written.
        """
        until = self._clock.now() + self._lease
        result = await self._gaps.update_one(
            _held(claimed),
            {
                "$set": {
                    "progress": dict(resume),
                    "backfill.due_at": until,
                    "backfill.lease_until": until,
                    "backfill.attempts": 1,
                },
                "$unset": {"backfill.error": 1},
                "$inc": {"found": found, "unreadable": unreadable},
                "$addToSet": {"incomplete": {"$each": sorted(incomplete)}},
            },
        )
        if not result.matched_count:
            raise LeaseLost

    async def give_back(self, claimed: Claimed) -> None:
        """Its turn is over, or this process ends: whoever is free goes on at once."""
        await self._gaps.update_one(
            _held(claimed),
            {
                "$set": {"backfill.due_at": self._clock.now()},
                "$unset": {"backfill.token": 1, "backfill.lease_until": 1},
            },
        )

    async def finish(
        self,
        claimed: Claimed,
        *,
        new: int,
        incomplete: Collection[Incomplete] = (),
        platform_code: str | None = None,
    ) -> None:
        """It is read as far as it can be; what was added to its end meanwhile is due at once.

        Raises:
            LeaseLost: nothing was written.
        """
        now = self._clock.now()
        until = claimed.document["to"]
        done: Document = {"filled_at": now, "filled_to": until, "new": new}
        if platform_code is not None:
            done["platform_code"] = platform_code
        reasons = {"$addToSet": {"incomplete": {"$each": sorted(incomplete)}}}
        ended = await self._gaps.update_one(
            {**_held(claimed), "to": until},
            {"$set": done, "$unset": {"backfill": 1, "progress": 1}, **reasons},
        )
        if ended.matched_count:
            return
        again = {"$set": {"backfill": due(now)}, "$unset": {"progress": 1}, **reasons}
        if not (await self._gaps.update_one(_held(claimed), again)).matched_count:
            raise LeaseLost

    async def wake_account(self, account_key: str) -> None:
        """The account works again: what waits for it is read now."""
        now = self._clock.now()
        await self._gaps.update_many(
            {
                "account_key": account_key,
                "backfill.due_at": {"$gt": now},
                "backfill.token": {"$exists": False},
            },
            {"$set": {"backfill.due_at": now}},
        )
        self.due.wake()

    async def request(
        self, account_key: str, since: datetime, until: datetime, actor: Actor
    ) -> GapRecord:
        """An admin asks for an interval. What is asked for and not read yet is not asked twice."""
        now = self._clock.now()
        id_ = hash_id("gap", account_key, "request", since.isoformat(), until.isoformat())

        async def work(session: Session) -> Document:
            waiting = await self._gaps.find_one({"_id": id_}, session=session)
            if waiting is not None and "backfill" in waiting:
                return waiting
            asked = {
                "account_key": account_key,
                "from": since,
                "to": until,
                "reason": "request",
                "requested_by": actor.id,
                "backfill": due(now),
            }
            await self._gaps.update_one(
                {"_id": id_},
                {"$set": asked, "$unset": dict.fromkeys(_RESULTS, 1)},
                upsert=True,
                session=session,
            )
            await self._audit.record(
                actor,
                "backfill_requested",
                ("account", account_key),
                at=now,
                changes={"since": since, "until": until},
                session=session,
            )
            return {"_id": id_, **asked}

        document = await self._mongo.transaction(work)
        self.due.wake()
        return to_record(document)

    async def page(
        self, account_key: str, *, after: tuple[datetime, str] | None, limit: int
    ) -> list[GapRecord]:
        """Newest first; index (account_key, -from, -_id)."""
        query: Document = {"account_key": account_key}
        if after is not None:
            at, id_ = after
            query["$or"] = [{"from": {"$lt": at}}, {"from": at, "_id": {"$lt": id_}}]
        cursor = self._gaps.find(query).sort([("from", -1), ("_id", -1)]).limit(limit)
        return [to_record(document) async for document in cursor]


def to_record(document: Document) -> GapRecord:
    """A stored gap."""
    work = document.get("backfill") or {}
    state: GapState = "filling" if "token" in work else "waiting" if work else "filled"
    return GapRecord(
        id=document["_id"],
        account_key=document["account_key"],
        since=document["from"],
        until=document["to"],
        reason=document["reason"],
        state=state,
        found=document.get("found", 0),
        new=document.get("new", 0),
        unreadable=document.get("unreadable", 0),
        incomplete=tuple(document.get("incomplete", ())),
        platform_code=document.get("platform_code"),
        filled_at=document.get("filled_at"),
        next_try_at=work.get("due_at") if state == "waiting" else None,
        error=work.get("error"),
        progress=document.get("progress"),
    )


def _held(claimed: Claimed) -> Document:
    return {
        "_id": claimed.id,
        "backfill.token": claimed.token,
        "backfill.fence": claimed.fence,
    }


def _id(account: AccountRef, external_id: str) -> str:
    return message_key(account.channel, account.account_id, external_id)
