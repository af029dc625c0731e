"""Handovers in the database: the configuration at once, what was theirs in batches."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from pymongo import UpdateOne

from inbox.clock import Clock
from inbox.errors import NotFound
from inbox.live.model import live_event
from inbox.mongo.client import Document, Mongo, Session
from inbox.mongo.due import Claimed, DueWork, Pace, due
from inbox.splitting.documents import rule_document, rule_from
from inbox.splitting.handling.changes import By, Handled, update_of
from inbox.splitting.handling.errors import unknown_colleague
from inbox.splitting.handling.store import HandlingStore
from inbox.splitting.handover.model import Handover
from inbox.splitting.handover.pointers import (
    customer_update,
    handed,
    replaced,
    without_carer,
    without_person,
)
from inbox.splitting.store import SplitStore
from inbox.staff.audit.store import AuditStore
from inbox.staff.model import Actor
from inbox.staff.notices.model import NewNotice
from inbox.staff.notices.store import PersonalNotices
from inbox.timeline.kinds import interaction

BATCH = 100
"""Conversations in one transaction: some hundred small writes."""


class HandoverStore:
    """`handovers {_id: staff_id, to, by, begun_at, done_at?, conversations, customers, run: due}`.

    Each batch also writes the handover under the fence of its claim: a batch of one that was
    turned to somebody else meanwhile collides and comes to nothing.
    """

    def __init__(
        self,
        mongo: Mongo,
        clock: Clock,
        handling: HandlingStore,
        *,
        batch: int = BATCH,
    ) -> None:
        self._mongo = mongo
        self._handovers = mongo["handovers"]
        self._clock = clock
        self._handling = handling
        self._batch = batch
        self._split = SplitStore(mongo)
        self._audit = AuditStore(mongo)
        self._notices = PersonalNotices(mongo)
        pace = Pace(lease=timedelta(minutes=1))
        self.due = DueWork(mongo, "handovers", "run", clock, pace=pace)

    async def get(self, staff_id: str) -> Handover:
        """Raises NotFound: nothing was ever handed over by them."""
        found = await self._handovers.find_one({"_id": staff_id})
        if found is None:
            raise NotFound
        return _handover(found)

    async def begin(self, actor: Actor, staff_id: str, to: str | None) -> Handover:
        """From now on no bot, rule or alert names them; what they have follows.

        Repeating it begins anew; another `to` turns one that is under way.

        Raises:
            NotFound: nobody has this id.
            InvalidInput: `to` is not an active member of every bot of theirs.
        """

        async def work(session: Session) -> Handover:
            staff = self._mongo["staff"]
            if await staff.find_one({"_id": staff_id}, {"_id": 1}, session=session) is None:
                raise NotFound
            bots = await self._bots_of(staff_id, session)
            if to is not None:
                await self._check(staff_id, to, bots, session)
            now = self._clock.now()
            changes = await self._clean(bots, staff_id, to, now, session)
            before = await self._handovers.find_one({"_id": staff_id}, session=session) or {}
            fence = before.get("run", {}).get("fence", 0) + 1  # whoever is at it has lost it
            handover = {
                "to": to,
                "by": actor.id,
                "begun_at": now,
                "conversations": 0,
                "customers": 0,
                "run": {**due(now), "fence": fence},
            }
            await self._handovers.replace_one(
                {"_id": staff_id}, handover, upsert=True, session=session
            )
            told = {"to": {"after": to}, **changes}
            await self._audit.record(
                actor, "handover_begun", ("staff", staff_id), at=now, changes=told, session=session
            )
            return _handover({"_id": staff_id, **handover})

        return await self._mongo.transaction(work)

    async def _bots_of(self, staff_id: str, session: Session) -> list[Document]:
        """Bots that name them anywhere. Bots and rules are few: no index."""
        named = {"$or": [{"pool.staff_id": staff_id}, {"fallback_staff_id": staff_id}]}
        rules = self._mongo["split_rules"].find(named, {"bot_id": 1}, session=session)
        ids = [one["bot_id"] async for one in rules]
        either = [
            {"member_ids": staff_id},
            {"split.alert.staff_ids": staff_id},
            {"_id": {"$in": ids}},
        ]
        return await self._mongo["bots"].find({"$or": either}, session=session).to_list()

    async def _check(
        self, staff_id: str, to: str, bots: Iterable[Document], session: Session
    ) -> None:
        colleagues = [
            await self._handling.colleagues(bot.get("member_ids", ()), session=session)
            for bot in bots
        ] or [await self._handling.colleagues([to], session=session)]
        if to == staff_id or any(to not in known for known in colleagues):
            raise unknown_colleague("to")

    async def _clean(
        self,
        bots: Iterable[Document],
        staff_id: str,
        to: str | None,
        now: datetime,
        session: Session,
    ) -> dict[str, Any]:
        """Take them out of the bots' configuration; what the audit log says of it."""
        told: dict[str, Any] = {"bots": [], "rules": []}
        for bot in bots:
            members = [one for one in bot.get("member_ids", ()) if one != staff_id]
            update: Document = {"$set": {"member_ids": members}, "$inc": {"version": 1}}
            if alert := (bot.get("split") or {}).get("alert"):
                ids = replaced(alert["staff_ids"], staff_id, to)
                update["$set"]["split.alert"] = {**alert, "staff_ids": ids} if ids else None
            await self._mongo["bots"].update_one({"_id": bot["_id"]}, update, session=session)
            rules = self._mongo["split_rules"].find({"bot_id": bot["_id"]}, session=session)
            for before in [rule_from(one) async for one in rules]:
                after = without_person(before, staff_id, to)
                if after != before:
                    await self._split.save_rule(after, session=session)
                    old, new = rule_document(before), rule_document(after)
                    names = ("pool", "mode", "fallback_staff_id")
                    told["rules"].append(
                        {"id": before.id}
                        | {
                            n: {"before": old[n], "after": new[n]}
                            for n in names
                            if old[n] != new[n]
                        }
                    )
            await self._split.touch(bot["_id"], session=session)
            told["bots"].append(bot["_id"])
            event = live_event(
                type="bot_changed", at=now, bot_id=bot["_id"], data={"bot_id": bot["_id"]}
            )
            await self._mongo["live_events"].insert_one(event, session=session)
        return told

    async def step(self, claimed: Claimed) -> int | None:
        """Hand one batch over; how much it was, or None when the handover is not ours."""

        async def work(session: Session) -> int | None:
            handover = await self._handovers.find_one(_held(claimed), session=session)
            if handover is None:
                return None
            conversations = await self._conversations(handover, session)
            customers = 0
            if conversations == 0:
                customers = await self._customers(handover, session)
            counted = {"$inc": {"conversations": conversations, "customers": customers}}
            await self._handovers.update_one(_held(claimed), counted, session=session)
            return conversations + customers

        return await self._mongo.transaction(work)

    async def _conversations(self, handover: Document, session: Session) -> int:
        """Indexes (assignee_id, ...), (participant_ids, ...), (last_carer_id)."""
        staff_id, to = handover["_id"], handover["to"]
        either = [{name: staff_id} for name in ("assignee_id", "participant_ids", "last_carer_id")]
        cursor = self._mongo["conversations"].find({"$or": either}, session=session)
        found = await cursor.limit(self._batch).to_list()
        bots = {one["_id"]: one async for one in self._bots(found, session)}
        known = {
            id_: await self._handling.colleagues(bot.get("member_ids", ()), session=session)
            for id_, bot in bots.items()
        }
        by = By(actor_id=handover["by"], at=self._clock.now())
        changes: list[Handled] = []
        quiet: list[UpdateOne] = []
        for before in found:
            bot = bots.get(before.get("bot_id"), {})
            heir = to if to in known.get(before.get("bot_id"), {}) else None
            splits = bool((bot.get("split") or {}).get("enabled"))
            handled = handed(before, staff_id, heir, by, splits=splits)
            after = without_carer(before if handled is None else handled.after, staff_id, heir)
            if handled is None:
                quiet.append(UpdateOne({"_id": before["_id"]}, update_of(before, after)))
            else:
                changes.append(Handled(before=before, after=after, receipt=handled.receipt))
        if changes:
            await self._handling.write(changes, session)
        if quiet:
            await self._mongo["conversations"].bulk_write(quiet, ordered=False, session=session)
        return len(found)

    def _bots(self, conversations: Iterable[Document], session: Session) -> Any:
        ids = sorted({one["bot_id"] for one in conversations if one.get("bot_id")})
        fields = {"member_ids": 1, "split.enabled": 1}
        return self._mongo["bots"].find({"_id": {"$in": ids}}, fields, session=session)

    async def _customers(self, handover: Document, session: Session) -> int:
        """Owners and followers; indexes (owner_id), (follower_ids)."""
        staff_id, now = handover["_id"], self._clock.now()
        either = [{"owner_id": staff_id}, {"follower_ids": staff_id}]
        cursor = self._mongo["customers"].find({"$or": either}, session=session)
        found = await cursor.limit(self._batch).to_list()
        rows: list[Document] = []
        for before in found:
            changed = customer_update(before, staff_id, handover["to"])
            version = before["version"] + 1
            sets = {name: value for name, value in changed.items() if value is not None}
            sets |= {f"field_versions.{name}": version for name in changed}
            update: Document = {"$set": {**sets, "version": version, "updated_at": now}}
            if gone := changed.keys() - sets.keys():
                update["$unset"] = dict.fromkeys(gone, 1)
            await self._mongo["customers"].update_one(
                {"_id": before["_id"]}, update, session=session
            )
            rows.append(_row(before, changed, handover["by"], now))
            await self._tell(before["_id"], sorted(changed), now, session)
        if rows:
            await self._mongo["interactions"].insert_many(rows, session=session)
        return len(found)

    async def _tell(
        self, customer_id: str, fields: list[str], now: datetime, session: Session
    ) -> None:
        bots = await self._mongo["conversations"].distinct(
            "bot_id", {"customer_id": customer_id}, session=session
        )
        event = live_event(
            type="customer_changed",
            at=now,
            bot_ids=[one for one in bots if isinstance(one, str)],
            customer_id=customer_id,
            data={"fields": fields},
        )
        await self._mongo["live_events"].insert_one(event, session=session)

    async def finish(self, claimed: Claimed) -> bool:
        """Nothing names them any more: done, and who got it is told how much it was."""

        async def work(session: Session) -> bool:
            now = self._clock.now()
            done = await self._handovers.find_one_and_update(
                _held(claimed), {"$set": {"done_at": now}, "$unset": {"run": 1}}, session=session
            )
            if done is None:
                return False
            if done["to"] is not None:
                counts = {name: done[name] for name in ("conversations", "customers")}
                data = {"from": claimed.id, "by": done["by"], **counts}
                notice = NewNotice(staff_id=done["to"], kind="handed_over", data=data)
                await self._notices.add([notice], at=now, session=session)
            return True

        return await self._mongo.transaction(work)


def _held(claimed: Claimed) -> Document:
    return {"_id": claimed.id, "run.token": claimed.token, "run.fence": claimed.fence}


def _row(before: Document, changed: dict[str, Any], by: str, now: datetime) -> Document:
    """A row of the customer's timeline, as for any other edit."""
    return interaction(
        "edited",
        customer_id=before["_id"],
        at=now,
        actor_id=by,
        data={"before": {name: before.get(name) for name in changed}, "after": changed},
    )


def _handover(document: Document) -> Handover:
    return Handover(
        staff_id=document["_id"],
        to=document["to"],
        begun_at=document["begun_at"],
        done_at=document.get("done_at"),
        conversations=document["conversations"],
        customers=document["customers"],
    )
