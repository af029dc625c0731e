"""Handing over in the database: who talks with the customer, and whom it is split to."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from inbox.automations.documents import automation_from
from inbox.automations.model import TURN_OVER, Automation
from inbox.clock import Clock
from inbox.conversations.automation import handed_off, person_has
from inbox.conversations.replying.model import Writer
from inbox.conversations.view import conversation_view
from inbox.conversations.visibility import people_of
from inbox.conversations.window import DEFAULT_RULES, WindowRules
from inbox.conversations.withholding import SPLIT_KINDS, pending
from inbox.live.model import People, live_event
from inbox.mongo.client import Document, Mongo, Session
from inbox.mongo.due import DueWork, Pace
from inbox.staff.notices.model import NewNotice
from inbox.staff.notices.store import PersonalNotices
from inbox.timeline.kinds import interaction

_CLOCKS_DIFFER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Waiting:
    """The message with which a customer began to wait: when it was applied, and its number."""

    at: datetime
    seq: int


class HandOverStore:
    """Writes `conversations.automation` and `split`; `watches` are turns of automations."""

    def __init__(
        self,
        mongo: Mongo,
        clock: Clock,
        rules: WindowRules = DEFAULT_RULES,
        *,
        pace: Pace | None = None,
    ) -> None:
        self._mongo = mongo
        self._clock = clock
        self._rules = rules
        self._notices = PersonalNotices(mongo)
        self.watches = DueWork(mongo, "automation_streams", "watch", clock, pace=pace)

    async def hand_over(
        self,
        conversation_id: str,
        writer: Writer,
        session: Session,
        since: "Waiting | None" = None,
    ) -> bool:
        """Leave the conversation to people; False: they have it already, nothing is written.

        Nor is it if the customer was answered `since`. In a bot that splits, what is nobody's is
        split now; whoever has it is told by name.
        """
        thread = await self._mongo["conversations"].find_one(
            {"_id": conversation_id}, session=session
        )
        now = self._clock.now()
        if thread is None or person_has(thread, now, writer.hand_back_after):
            return False
        if since is not None and await self._is_answered(conversation_id, since, session):
            return False
        fields: Document = {"automation": handed_off(now)}
        if await self._is_to_be_split(thread, session):
            fields["split"] = pending(now, from_seq=thread["seq"] + 1, from_at=now)
        await self._mongo["conversations"].update_one(
            {"_id": conversation_id}, {"$set": fields}, session=session
        )
        await self._tell({**thread, **fields}, people_of(thread), writer, now, session)
        return True

    async def _is_answered(self, conversation_id: str, since: "Waiting", session: Session) -> bool:
        """Index messages (conversation_id, -at, -seq)."""
        query = {
            "conversation_id": conversation_id,
            "at": {"$gte": since.at - _CLOCKS_DIFFER},
            "seq": {"$gt": since.seq},
            "author.kind": {"$in": sorted(TURN_OVER)},
            "internal": {"$ne": True},
        }
        found = await self._mongo["messages"].find_one(query, {"_id": 1}, session=session)
        return found is not None

    async def _is_to_be_split(self, thread: Document, session: Session) -> bool:
        if thread.get("assignee_id") is not None or thread["kind"] not in SPLIT_KINDS:
            return False
        if (thread.get("split") or {"state": "off"})["state"] not in ("off", "released"):
            return False  # it is on its way to somebody
        query = {"_id": thread["bot_id"], "split.enabled": True}
        return await self._mongo["bots"].find_one(query, {"_id": 1}, session=session) is not None

    async def _tell(
        self,
        thread: Document,
        people_before: People,
        writer: Writer,
        now: datetime,
        session: Session,
    ) -> None:
        row = interaction(
            "handed_off",
            customer_id=thread.get("customer_id"),
            conversation_id=thread["_id"],
            at=now,
            actor_id=writer.author.id,
            data={},
        )
        await self._mongo["interactions"].insert_one(row, session=session)
        view = conversation_view(thread, customer=None, now=now, rules=self._rules)
        del view["customer"], view["tags"]
        event = live_event(
            type="conversation_changed",
            at=now,
            bot_id=thread["bot_id"],
            conversation_id=thread["_id"],
            customer_id=thread.get("customer_id"),
            people=people_of(thread),
            people_before=people_before,
            data={"conversation": view},
        )
        await self._mongo["live_events"].insert_one(event, session=session)
        if thread.get("assignee_id") is not None:
            notice = NewNotice(
                staff_id=thread["assignee_id"],
                kind="handed_off",
                bot_id=thread["bot_id"],
                conversation_id=thread["_id"],
                data={"by": writer.author.id},
            )
            await self._notices.add([notice], at=now, session=session)

    async def automation(self, automation_id: str) -> Automation | None:
        found = await self._mongo["automations"].find_one({"_id": automation_id})
        return None if found is None else automation_from(found)
