"""Conversations with messages to send; every change of state of a part is one transaction."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo import ReturnDocument

from inbox.bots.credentials.model import WORKING
from inbox.clock import Clock
from inbox.conversations.delivery.steps import Wait, next_step
from inbox.conversations.parts import part_at, set_part
from inbox.conversations.sheet import Document, Tracked
from inbox.conversations.telling import message_event
from inbox.conversations.window import DEFAULT_RULES, WindowRules
from inbox.mongo.client import Mongo, Session
from inbox.mongo.due import Claimed, DueWork, Pace

TRIED_EVERY = timedelta(minutes=5)
"""One message tries an unusable account this often; the others wait."""


class LeaseLost(Exception):
    """Somebody else delivers this conversation now."""


@dataclass(slots=True)
class Subject:
    """What a transaction may change: a message and its conversation."""

    message: Tracked
    conversation: Tracked


class DeliveryStore:
    """Collection `conversations`, path `delivery`, and the messages on their way.

    Whoever posts a message writes the conversation, and so does every transaction here that
    depends on what is on its way: they collide instead of missing each other.
    """

    def __init__(
        self,
        mongo: Mongo,
        clock: Clock,
        *,
        pace: Pace | None = None,
        rules: WindowRules = DEFAULT_RULES,
    ) -> None:
        self._mongo = mongo
        self._clock = clock
        self._rules = rules
        self._ailing: set[str] = set()
        """Accounts that were seen to be unusable and are being tried."""
        self.lease = (pace or Pace()).lease
        self.due = DueWork(mongo, "conversations", "delivery", clock, pace=pace)

    async def on_their_way(
        self, conversation_id: str, *, session: Session | None = None
    ) -> list[Document]:
        """Messages whose parts may still change, in order; index (conversation_id, seq)."""
        query = {"conversation_id": conversation_id, "pending": True}
        return await self._mongo["messages"].find(query, session=session).sort("seq", 1).to_list()

    async def begin(self, claimed: Claimed, message_id: str, n: int) -> Subject | None:
        """Mark a part as being sent, durably, under a lease of full length.

        None when it is not queued any more (cancelled).

        Raises:
            LeaseLost: the conversation is not ours any more; nothing was marked.
        """

        async def work(session: Session) -> Subject | None:
            now = self._clock.now()
            until = now + self.lease
            conversation = await self._mongo["conversations"].find_one_and_update(
                {
                    "_id": claimed.id,
                    "delivery.token": claimed.token,
                    "delivery.fence": claimed.fence,
                },
                {"$set": {"delivery.due_at": until, "delivery.lease_until": until}},
                return_document=ReturnDocument.AFTER,
                session=session,
            )
            if conversation is None:
                raise LeaseLost
            document = await self._mongo["messages"].find_one({"_id": message_id}, session=session)
            if document is None:
                return None
            subject = _subject(document, conversation)
            part = part_at(subject.message, n)
            if part is None or part["state"] != "queued":
                return None
            attempts = part["attempts"] + 1
            set_part(
                subject.message,
                n,
                state="sending",
                token=claimed.token,
                at=now,
                attempts=attempts,
                retry_at=None,
                error=None,
            )
            await self._write(subject, session)
            return subject

        return await self._mongo.transaction(work)

    async def change(self, message_id: str, work: Callable[[Subject], None]) -> None:
        """Let `work` change a message and its conversation, and tell; it may run several times."""

        async def change(session: Session) -> None:
            document = await self._mongo["messages"].find_one({"_id": message_id}, session=session)
            if document is None or "parts" not in document:  # erased meanwhile
                return
            conversation = await self._mongo["conversations"].find_one(
                {"_id": document["conversation_id"]}, session=session
            )
            if conversation is None:
                return
            subject = _subject(document, conversation)
            work(subject)
            await self._write(subject, session)

        await self._mongo.transaction(change)

    async def _write(self, subject: Subject, session: Session) -> None:
        message, conversation = subject.message, subject.conversation
        for name, one in (("messages", message), ("conversations", conversation)):
            if update := one.update():
                await self._mongo[name].update_one({"_id": one.id}, update, session=session)
        if message.changed or conversation.changed:
            event = message_event(
                "message_changed",
                message.document,
                conversation.document,
                self._clock.now(),
                self._rules,
            )
            await self._mongo["live_events"].insert_one(event, session=session)

    async def release(
        self, claimed: Claimed, *, not_before: datetime | None = None, error: str | None = None
    ) -> bool:
        """Give the conversation back until there is something to do; False while there is.

        `not_before`: nothing is done earlier, whatever waits. What is posted meanwhile is seen:
        posting writes the conversation, and one of the two transactions is repeated.
        """

        async def work(session: Session) -> bool:
            messages = await self.on_their_way(claimed.id, session=session)
            step = next_step(messages, self._clock.now())
            if not_before is None and not isinstance(step, Wait):
                return False
            at = step.until if isinstance(step, Wait) else None
            at = max((one for one in (at, not_before) if one is not None), default=None)
            update: Document = {"$unset": {"delivery": 1}}
            if at is not None:
                cleared = {"delivery.token": 1, "delivery.lease_until": 1}
                update = {"$set": {"delivery.due_at": at, "delivery.error": error}}
                update["$unset"] = cleared
            await self._mongo["conversations"].update_one(
                {"_id": claimed.id, "delivery.token": claimed.token}, update, session=session
            )
            return True

        return await self._mongo.transaction(work)

    async def quoted(self, message_id: str) -> str | None:
        """The platform's id of a message that is quoted; None when it has none."""
        document = await self._mongo["messages"].find_one(
            {"_id": message_id}, {"external_id": 1, "parts.external_id": 1}
        )
        if document is None:
            return None
        ids = [document.get("external_id")]
        ids += [part.get("external_id") for part in document.get("parts", ())]
        return next((id_ for id_ in ids if id_ is not None), None)

    async def account_rests_until(self, account_key: str) -> datetime | None:
        """Until when nothing may be sent from an account; None: send now.

        An unusable account is tried by one message every five minutes, so that it comes back by
        itself when the platform changes its mind; connecting it again wakes everything at once.
        """
        now = self._clock.now()
        account = await self._mongo["accounts"].find_one({"_id": account_key}, {"health": 1})
        if account is None:
            return now + TRIED_EVERY
        health = account.get("health") or {}
        if health.get("state", "ok") in WORKING:
            return None
        self._ailing.add(account_key)
        last = health.get("tried_at") or health["at"]
        if now < last + TRIED_EVERY:
            waits: datetime = last + TRIED_EVERY
            return waits
        ours = await self._mongo["accounts"].update_one(
            {"_id": account_key, "health.at": health["at"], "health.tried_at": _same(health)},
            {"$set": {"health.tried_at": now}},
        )
        return None if ours.modified_count else now + TRIED_EVERY

    def is_tried(self, account_key: str) -> bool:
        """Whether a message tries an account that was seen to be unusable."""
        return account_key in self._ailing

    def tried(self, account_key: str) -> None:
        """It went out, and that is noted."""
        self._ailing.discard(account_key)

    async def wake_account(self, account_key: str) -> None:
        """Let the messages of an account go out at once; called by `Healing` alone."""
        now = self._clock.now()
        await self._mongo["conversations"].update_many(
            {
                "delivery.due_at": {"$gt": now},
                "delivery.token": {"$exists": False},
                "account_key": account_key,
            },
            {"$set": {"delivery.due_at": now}},
        )
        self.due.wake()


def _subject(message: Document, conversation: Document) -> Subject:
    return Subject(
        Tracked(message["_id"], message, stored=True),
        Tracked(conversation["_id"], conversation, stored=True),
    )


def _same(health: Document) -> Any:
    return health.get("tried_at", {"$exists": False})
