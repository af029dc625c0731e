"""Conversations with messages to send; every change of state of a part is one transaction."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo import UpdateOne

from inbox import metrics
from inbox.bots.credentials.model import WORKING
from inbox.clock import Clock
from inbox.conversations.delivery.steps import next_step
from inbox.conversations.delivery.turns import (
    Lost,
    Next,
    Subject,
    Turn,
    Writes,
    holds,
    subject_of,
)
from inbox.conversations.sheet import Document
from inbox.conversations.telling import message_event
from inbox.conversations.window import DEFAULT_RULES, WindowRules
from inbox.mongo.client import Mongo, Session
from inbox.mongo.due import Claimed, DueWork, Pace

TRIED_EVERY = timedelta(minutes=5)
"""One message tries an unusable account this often; the others wait."""
_MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class Waiting:
    """Messages that have not ended yet, by status: queued, sending, uncertain.

    `oldest_at` is when the first of those that are queued was written.
    """

    by_status: Mapping[str, int]
    oldest_at: datetime | None = None


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

    async def take_turns(self, turns: Sequence[Turn]) -> list[Next]:
        """What each of these conversations does next, in one transaction for all of them.

        A part whose turn it is is marked as being sent, durably, under a lease of full length; a
        conversation with nothing to do now is given back until there is. Posting writes the
        conversation too, so what is posted meanwhile is seen or makes one of both repeat.
        """
        ids = [turn.claimed.id for turn in turns]

        async def work(session: Session) -> list[Next]:
            conversations = await self._by_id("conversations", ids, session)
            messages = await self._on_their_way(ids, session)
            working = await self._working(conversations.values(), session)
            sheet = Writes(self._clock.now(), self.lease)
            found: list[Next] = []
            for turn in turns:
                conversation = conversations.get(turn.claimed.id)
                if conversation is None or not holds(turn.claimed, conversation):
                    found.append(Lost())
                    continue
                step = next_step(messages.get(turn.claimed.id, ()), sheet.now)
                may_send = turn.tries or conversation["account_key"] in working
                found.append(sheet.take(turn, conversation, step, may_send=may_send))
            await self._write_turns(sheet, session)
            return found

        return await self._mongo.transaction(work)

    async def _by_id(
        self, collection: str, ids: Collection[str], session: Session
    ) -> dict[str, Document]:
        cursor = self._mongo[collection].find({"_id": {"$in": list(ids)}}, session=session)
        return {document["_id"]: document async for document in cursor}

    async def _on_their_way(
        self, conversation_ids: Collection[str], session: Session
    ) -> dict[str, list[Document]]:
        """Messages whose parts may still change, in order; index (conversation_id, seq)."""
        query = {"conversation_id": {"$in": list(conversation_ids)}, "pending": True}
        found: dict[str, list[Document]] = {}
        async for message in self._mongo["messages"].find(query, session=session).sort("seq", 1):
            found.setdefault(message["conversation_id"], []).append(message)
        return found

    async def _working(self, conversations: Iterable[Document], session: Session) -> set[str]:
        """Keys of their accounts that can send."""
        keys = {conversation["account_key"] for conversation in conversations}
        query = {"_id": {"$in": list(keys)}, "health.state": {"$in": [*WORKING, None]}}
        cursor = self._mongo["accounts"].find(query, {"_id": 1}, session=session)
        return {account["_id"] async for account in cursor}

    async def _write_turns(self, sheet: Writes, session: Session) -> None:
        begun = [one.subject for one in sheet.begun]
        for name, updates in (
            (
                "messages",
                [UpdateOne({"_id": one.message.id}, one.message.update()) for one in begun],
            ),
            (
                "conversations",
                [UpdateOne({"_id": id_}, one) for id_, one in sheet.conversations.items()],
            ),
        ):
            if updates:
                await self._mongo[name].bulk_write(updates, ordered=False, session=session)
        events = [
            message_event(
                "message_changed",
                one.message.document,
                one.conversation.document,
                sheet.now,
                self._rules,
            )
            for one in begun
        ]
        if events:
            await self._mongo["live_events"].insert_many(events, session=session)

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
            subject = subject_of(document, conversation)
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

    async def release(self, claimed: Claimed, *, not_before: datetime, error: str) -> None:
        """Give the conversation back: nothing is done with it before that, whatever waits."""
        await self._mongo["conversations"].update_one(
            {"_id": claimed.id, "delivery.token": claimed.token},
            {
                "$set": {"delivery.due_at": not_before, "delivery.error": error},
                "$unset": {"delivery.token": 1, "delivery.lease_until": 1},
            },
        )

    async def waiting(self) -> Waiting:
        """How much is on its way; of the conversations that fell due first if they are many."""
        conversations = self._mongo["conversations"].find(
            {"delivery.due_at": {"$type": "date"}}, {"_id": 1}
        )
        due_first = conversations.sort("delivery.due_at", 1).limit(_MOST_COUNTED)
        ids = [one["_id"] async for one in due_first]
        statuses = {"$in": ["queued", "sending", "uncertain"]}
        groups = await self._mongo["messages"].aggregate(
            [
                {"$match": {"conversation_id": {"$in": ids}, "pending": True, "status": statuses}},
                {
                    "$group": {
                        "_id": "$status",
                        "count": {"$sum": 1},
                        "oldest_at": {"$min": "$at"},
                    }
                },
            ]
        )
        found = {one["_id"]: one async for one in groups}
        by_status = {status: one["count"] for status, one in found.items()}
        return Waiting(by_status, found.get("queued", {}).get("oldest_at"))

    async def measure(self) -> None:
        """Tell the metrics how much is on its way."""
        waiting, now = await self.waiting(), self._clock.now()
        for status in ("queued", "sending", "uncertain"):
            metrics.messages_waiting.labels(status).set(waiting.by_status.get(status, 0))
        age = now - waiting.oldest_at if waiting.oldest_at is not None else timedelta(0)
        metrics.oldest_queued_seconds.set(age.total_seconds())

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


def _same(health: Document) -> Any:
    return health.get("tried_at", {"$exists": False})
