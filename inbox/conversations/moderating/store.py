"""Writes what was done to a comment: one transaction with its audit entry and its live event."""

from collections.abc import Callable
from datetime import timedelta

from inbox.clock import Clock
from inbox.conversations.facts import put_hidden, put_reaction, put_removed
from inbox.conversations.folding import refresh_last
from inbox.conversations.sheet import Document, Tracked
from inbox.conversations.telling import message_event
from inbox.conversations.visibility import visible
from inbox.conversations.window import DEFAULT_RULES, WindowRules
from inbox.errors import NotAllowed, NotFound
from inbox.mongo.client import Mongo, Session
from inbox.staff.audit.store import AuditStore
from inbox.staff.model import Actor

BY_ACCOUNT = "account"
"""Under which name a reaction of the account itself is kept."""
_LIKE = "like"
_TICK = timedelta(milliseconds=1)


class ModerationStore:
    """Comments and what staff did to them, once the platform has done it."""

    def __init__(self, mongo: Mongo, clock: Clock, rules: WindowRules = DEFAULT_RULES) -> None:
        self._mongo = mongo
        self._clock = clock
        self._rules = rules
        self._audit = AuditStore(mongo)

    async def message(self, message_id: str, actor: Actor) -> tuple[Document, Document]:
        """A message and its conversation.

        Raises:
            NotFound; NotAllowed: the actor may not see it.
        """
        return await self._read(message_id, actor, None)

    async def _read(
        self, message_id: str, actor: Actor, session: Session | None
    ) -> tuple[Document, Document]:
        message = await self._mongo["messages"].find_one(
            {"_id": message_id, "at": {"$type": "date"}}, session=session
        )
        if message is None:
            raise NotFound
        query = {"$and": [{"_id": message["conversation_id"]}, visible(actor)]}
        conversation = await self._mongo["conversations"].find_one(query, session=session)
        if conversation is None:
            raise NotAllowed
        return message, conversation

    async def hidden(
        self, message_id: str, actor: Actor, *, hidden: bool
    ) -> tuple[Document, Document]:
        """It is hidden now, or shown; later than whatever the platform has told of it."""

        def work(message: Tracked) -> None:
            told = message.get("hidden")
            at = self._clock.now() if told is None else max(self._clock.now(), told["at"] + _TICK)
            put_hidden(message, {"value": hidden, "at": at})

        action = "comment_hidden" if hidden else "comment_shown"
        return await self._change(message_id, actor, action, work)

    async def liked(
        self, message_id: str, actor: Actor, *, liked: bool
    ) -> tuple[Document, Document]:
        def work(message: Tracked) -> None:
            told = (message.get("reactions") or {}).get(BY_ACCOUNT)
            at = self._clock.now() if told is None else max(self._clock.now(), told["at"] + _TICK)
            put_reaction(message, BY_ACCOUNT, {"emoji": _LIKE if liked else None, "at": at})

        action = "comment_liked" if liked else "comment_unliked"
        return await self._change(message_id, actor, action, work)

    async def removed(self, message_id: str, actor: Actor) -> tuple[Document, Document]:
        def work(message: Tracked) -> None:
            put_removed(message, self._clock.now())

        return await self._change(message_id, actor, "comment_removed", work)

    async def _change(
        self, message_id: str, actor: Actor, action: str, work: Callable[[Tracked], None]
    ) -> tuple[Document, Document]:
        async def change(session: Session) -> tuple[Document, Document]:
            message, conversation = await self._read(message_id, actor, session)
            tracked = Tracked(message_id, message, stored=True)
            thread = Tracked(conversation["_id"], conversation, stored=True)
            work(tracked)
            await self._audit.record(
                actor, action, ("message", message_id), at=self._clock.now(), session=session
            )
            if tracked.changed:
                refresh_last(thread, tracked)
                for name, one in (("messages", tracked), ("conversations", thread)):
                    if update := one.update():
                        await self._mongo[name].update_one({"_id": one.id}, update, session=session)
                event = message_event(
                    "message_changed",
                    tracked.document,
                    thread.document,
                    self._clock.now(),
                    self._rules,
                )
                await self._mongo["live_events"].insert_one(event, session=session)
            return tracked.document, thread.document

        return await self._mongo.transaction(change)
