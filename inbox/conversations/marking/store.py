"""Writes the marks of staff on conversations, each with its live event in one transaction."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

from pymongo import ReturnDocument

from inbox.clock import Clock
from inbox.conversations.automation import (
    after_closing,
    automation_of,
    given_back,
    person_has,
    silenced,
)
from inbox.conversations.model import ConversationStatus
from inbox.conversations.reading.store import ConversationReads
from inbox.conversations.view import View, conversation_view, iso
from inbox.conversations.visibility import people_of, visible
from inbox.conversations.window import DEFAULT_RULES, WindowRules
from inbox.errors import NotAllowed
from inbox.live.model import live_event
from inbox.live.store import LiveStore
from inbox.mongo.client import Document, Mongo, Session
from inbox.signals.model import Signal, SignalKind
from inbox.signals.store import SignalStore
from inbox.staff.model import Actor
from inbox.timeline.kinds import interaction

HandState = Literal["active", "human"]
"""What people make of a conversation's automations: they may speak, or a person looks after it."""


class MarkingStore:
    """Status, read mark, silence of automations. Repeating one changes nothing, tells nobody."""

    def __init__(
        self,
        mongo: Mongo,
        reads: ConversationReads,
        clock: Clock,
        rules: WindowRules = DEFAULT_RULES,
        signals: SignalStore | None = None,
    ) -> None:
        self._mongo = mongo
        self._reads = reads
        self._clock = clock
        self._rules = rules
        self._live = LiveStore(mongo)
        self._signals = signals or SignalStore(mongo, clock)

    async def set_status(
        self, conversation_id: str, status: ConversationStatus, actor: Actor
    ) -> View:
        """Change the status; the conversation as it is then.

        A message newer than `status_at`, or that comes within the hour in which it was written,
        reopens what is closed or deleted.

        Raises:
            NotFound, NotAllowed: as ConversationReads.get.
        """

        async def work(session: Session) -> View:
            now = self._clock.now()
            before = await self._mongo["conversations"].find_one_and_update(
                {"$and": [{"_id": conversation_id, "status": {"$ne": status}}, visible(actor)]},
                {"$set": {"status": status, "status_at": now}},
                session=session,
            )
            after = await self._reads.get(conversation_id, actor, session=session)
            view = await self._view(after, session)
            if before is None:
                return view
            await self._mongo["interactions"].insert_one(
                interaction(
                    "status_changed",
                    customer_id=after.get("customer_id"),
                    conversation_id=conversation_id,
                    at=now,
                    actor_id=actor.id,
                    data={"before": before["status"], "after": status},
                ),
                session=session,
            )
            if status != "open":
                await self._give_back(after, now, session)
                await self._signal("conversation_closed", after, now, session)
                view = await self._view(after, session)
            await self._tell(after, view, session)
            return view

        view = await self._mongo.transaction(work)
        self._signals.due.wake()
        return view

    async def _give_back(self, conversation: Document, now: datetime, session: Session) -> None:
        """Programs may answer whoever comes back to a conversation that was closed."""
        fields = after_closing(conversation.get("automation"), now, conversation.get("last_out_at"))
        await self._mongo["conversations"].update_one(
            {"_id": conversation["_id"]}, {"$set": fields}, session=session
        )
        conversation |= fields

    async def set_automation(
        self, conversation_id: str, state: HandState, pause: timedelta | None, actor: Actor
    ) -> View:
        """Give the conversation back to automations, or silence them; as it is then.

        `pause` None: they are silent until somebody gives it back. What the customer has asked
        for stays: nobody but they can undo it.

        Raises:
            NotFound, NotAllowed: as ConversationReads.get; what talks with customers by itself
        hands a conversation over, and does not take it.
        """
        if actor.kind == "automation":
            raise NotAllowed

        async def work(session: Session) -> View:
            now = self._clock.now()
            before = await self._reads.get(conversation_id, actor, session=session)
            if _is_so(before, state, pause, now):
                return await self._view(before, session)
            automation = (
                given_back(now, before.get("last_out_at"))
                if state == "active"
                else silenced(now, pause)
            )
            await self._mongo["conversations"].update_one(
                {"_id": conversation_id}, {"$set": {"automation": automation}}, session=session
            )
            after = {**before, "automation": automation}
            until = automation.get("paused_until")
            row = interaction(
                "automation_resumed" if state == "active" else "automation_paused",
                customer_id=after.get("customer_id"),
                conversation_id=conversation_id,
                at=now,
                actor_id=actor.id,
                data={} if until is None else {"until": iso(until)},
            )
            await self._mongo["interactions"].insert_one(row, session=session)
            if state == "active":
                await self._signal("automation_resumed", after, now, session)
            view = await self._view(after, session)
            await self._tell(after, view, session)
            return view

        view = await self._mongo.transaction(work)
        self._signals.due.wake()
        return view

    async def _signal(
        self, kind: SignalKind, conversation: Document, now: datetime, session: Session
    ) -> None:
        customer_id = conversation.get("customer_id")
        if not conversation.get("automated") or customer_id is None:
            return
        signal = Signal(
            kind=kind,
            at=now,
            customer_id=customer_id,
            bot_id=conversation.get("bot_id"),
            conversation_id=conversation["_id"],
        )
        await self._signals.add([signal], session=session)

    async def read_up_to(
        self,
        conversation_id: str,
        seq: int,
        actor: Actor,
        *,
        on_moved: Callable[[Document], None] | None = None,
    ) -> View:
        """The team has read up to `seq`; the conversation as it is then.

        `on_moved` is told of the conversation once the mark has moved and is stored.

        Only moves forward, and never past the newest message: what comes later is unread. The
        write collides with that of a message that comes meanwhile, so `unread` counts it.

        Raises:
            NotFound, NotAllowed: as ConversationReads.get.
        """

        async def work(session: Session) -> tuple[View, Document | None]:
            after = await self._mongo["conversations"].find_one_and_update(
                {
                    "$and": [
                        {"_id": conversation_id, "read_seq": {"$lt": seq}},
                        {"$expr": {"$lt": ["$read_seq", "$seq"]}},
                        visible(actor),
                    ]
                },
                [{"$set": {"read_seq": {"$min": ["$seq", seq]}}}],
                return_document=ReturnDocument.AFTER,
                session=session,
            )
            if after is None:
                unchanged = await self._reads.get(conversation_id, actor, session=session)
                return await self._view(unchanged, session), None
            after["unread"] = await self._count_unread(after, session)
            view = await self._view(after, session)
            await self._tell(after, view, session)
            return view, after

        view, moved = await self._mongo.transaction(work)
        if moved is not None and on_moved is not None:
            on_moved(moved)
        return view

    async def _count_unread(self, conversation: Document, session: Session) -> int:
        unread = 0
        if conversation["read_seq"] < conversation["seq"]:
            unread = await self._mongo["messages"].count_documents(
                {
                    "conversation_id": conversation["_id"],
                    "at": {"$type": "date"},
                    "direction": "in",
                    "seq": {"$gt": conversation["read_seq"]},
                },
                session=session,
            )
        await self._mongo["conversations"].update_one(
            {"_id": conversation["_id"]}, {"$set": {"unread": unread}}, session=session
        )
        return unread

    async def _view(self, conversation: Document, session: Session) -> View:
        customer_id = conversation.get("customer_id")
        customers = await self._reads.customers([customer_id], session=session)
        customer = customers.get(customer_id or "")
        now = self._clock.now()
        return conversation_view(conversation, customer=customer, now=now, rules=self._rules)

    async def _tell(self, conversation: Document, view: View, session: Session) -> None:
        event = live_event(
            type="conversation_changed",
            at=self._clock.now(),
            bot_id=conversation.get("bot_id"),
            conversation_id=conversation["_id"],
            people=people_of(conversation),
            data={"conversation": view},
        )
        await self._live.insert([event], session=session)


def _is_so(
    conversation: Document, state: HandState, pause: timedelta | None, now: datetime
) -> bool:
    """Whether there is nothing to change; a pause of so many minutes begins anew each time."""
    automation = automation_of(conversation, now)
    if state == "active":
        return automation.state == "active" and not person_has(conversation, now)
    endless = automation.state == "human" and automation.paused_until is None
    return endless and pause is None
