"""Writes messages of ours: each post, retry and cancellation is one transaction with its event."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from inbox.clock import Clock
from inbox.conversations.automation import PAUSE_AFTER_REPLY, after_reply
from inbox.conversations.folding import refresh_last, settle
from inbox.conversations.previewing import preview
from inbox.conversations.replying.model import Reply
from inbox.conversations.sheet import Document, Tracked
from inbox.conversations.telling import message_event
from inbox.conversations.visibility import people_of, visible
from inbox.conversations.window import DEFAULT_RULES, WindowRules
from inbox.errors import NotAllowed, NotFound
from inbox.ids import message_key
from inbox.live.model import People
from inbox.media.copying.model import mark_waiting, objects_in, waiting
from inbox.media.garbage.store import StoredObjects
from inbox.mongo.client import Mongo, Session
from inbox.mongo.due import due
from inbox.search.tokens import FIELD, message_tokens
from inbox.signals.model import Signal
from inbox.signals.store import SignalStore
from inbox.staff.model import Actor

Within = Callable[[Session], Awaitable[None]]
"""What else is written in a transaction; it may run several times."""

_CLOCKS_DIFFER = timedelta(minutes=1)
"""A platform's clock may be ahead: an answer is still shown after what it answers."""


@dataclass(slots=True)
class Open:
    """A conversation inside a transaction, and what an answer to it must know.

    `answers`: it goes under a comment, `quoted`, which is the customers' newest where nobody says
    which. `comment` is the one that is to be answered privately, `answered` whether it was before.
    """

    conversation: Tracked
    now: datetime
    quoted: Document | None = None
    answers: bool = False
    comment: Document | None = None
    answered: bool = False


class AfterReply(Protocol):
    """What else an answer of a person to a customer changes."""

    async def within(self, thread: Tracked, message: Document, session: Session) -> None:
        """Change the conversation in the transaction of its new message; may run several times."""

    async def done(self, message: Document) -> None:
        """The message is stored."""


class ReplyStore:
    """Messages of ours and what they change in their conversations."""

    def __init__(
        self,
        mongo: Mongo,
        clock: Clock,
        rules: WindowRules = DEFAULT_RULES,
        *,
        after_reply: AfterReply | None = None,
        pause: timedelta = PAUSE_AFTER_REPLY,
        signals: SignalStore | None = None,
    ) -> None:
        """`pause`: how long automations are silent after an answer of a person."""
        self._after_reply = after_reply
        self._pause = pause
        self._signals = signals or SignalStore(mongo, clock)
        self._mongo = mongo
        self._clock = clock
        self._rules = rules
        self._objects = StoredObjects(mongo)

    async def message(self, message_id: str) -> Document | None:
        return await self._mongo["messages"].find_one({"_id": message_id, "at": {"$type": "date"}})

    async def has_account(self, account_key: str) -> bool:
        found = await self._mongo["accounts"].find_one({"_id": account_key}, {"_id": 1})
        return found is not None

    async def conversation(self, conversation_id: str, actor: Actor | None) -> Document:
        """The conversation, if the actor may see it; None is the service itself.

        Raises:
            NotFound, NotAllowed.
        """
        return await self._conversation(conversation_id, actor, None)

    async def _conversation(
        self, conversation_id: str, actor: Actor | None, session: Session | None
    ) -> Document:
        conversations = self._mongo["conversations"]
        document = await conversations.find_one({"_id": conversation_id}, session=session)
        if document is None:
            raise NotFound
        if actor is None:
            return document
        seen = {"$and": [{"_id": conversation_id}, visible(actor)]}
        if await conversations.find_one(seen, {"_id": 1}, session=session) is None:
            raise NotAllowed
        return document

    async def post(
        self,
        message_id: str,
        conversation_id: str,
        reply: Reply,
        make: Callable[[Open], Document],
        *,
        within: Within | None = None,
    ) -> tuple[Document, Document, bool]:
        """Store the message that `make` makes of the conversation, unless it is there already.

        `make` may raise to refuse, changes the conversation's own fields, and runs several times.
        So may `within`, which is awaited after everything about a new message was written.
        The message, its conversation, and whether it is new.
        """

        async def work(session: Session) -> tuple[Document, Document, bool]:
            kept = await self._mongo["messages"].find_one({"_id": message_id}, session=session)
            conversation = await self._conversation(conversation_id, None, session)
            if kept is not None:
                return kept, conversation, False
            thread = Tracked(conversation_id, conversation, stored=True)
            opened = Open(thread, self._time(conversation))
            await self._open(opened, reply, session)
            thread.put("seq", thread.get("seq") + 1)
            message = {"_id": message_id, **make(opened), "seq": thread.get("seq")}
            message |= self._work_of(message)
            await self._mongo["messages"].insert_one(message, session=session)
            tracked = Tracked(message_id, message, stored=True)
            people_before = people_of(thread.document)
            if not message["internal"]:
                _show_as_last(thread, tracked)
                self.wake(thread)
                await self._heed(thread, message, session)
            await self._save(thread, session)
            if opened.comment is not None:
                await self._link(opened.comment, message_id, thread, session)
            await self._tell("message_received", tracked, thread, session, people_before)
            if within is not None:
                await within(session)
            return message, thread.document, True

        message, thread, is_new = await self._mongo.transaction(work)
        if is_new and _is_answer(message):
            self._signals.due.wake()
            if self._after_reply is not None:
                await self._after_reply.done(message)
        return message, thread, is_new

    async def _heed(self, thread: Tracked, message: Document, session: Session) -> None:
        """What an answer of a person changes besides: automations are silent for a while."""
        if not _is_answer(message):
            return
        self._silence(thread)
        if self._after_reply is not None:
            await self._after_reply.within(thread, message, session)
        if not thread.get("automated") or thread.get("customer_id") is None:
            return
        signal = Signal(
            kind="staff_wrote",
            at=message["at"],
            customer_id=thread.get("customer_id"),
            bot_id=thread.get("bot_id"),
            conversation_id=thread.id,
            message_id=message["_id"],
        )
        await self._signals.add([signal], session=session)

    def _silence(self, thread: Tracked) -> None:
        """After the newest answer, of those that were not taken back."""
        replied_at = thread.get("last_out_at")
        thread.put("automation", after_reply(thread.get("automation"), replied_at, self._pause))

    def _work_of(self, message: Document) -> Document:
        """What is to be done with a message besides: its files copied, its words found."""
        fields: Document = {}
        if waiting(message.get("attachments")):
            fields["copying"] = due(self._clock.now())
        if tokens := message_tokens(message):
            fields[FIELD] = tokens
        return fields

    async def _open(self, opened: Open, reply: Reply, session: Session) -> None:
        if reply.reply_to is not None:
            opened.quoted = await self._in_thread(opened, reply.reply_to, session)
        opened.answers = not reply.internal and opened.conversation.get("kind") == "comment"
        if opened.answers and not reply.private and reply.reply_to is None:
            opened.quoted = await self._newest_comment(opened.conversation.id, session)
        if reply.private:
            thread = opened.conversation
            root = message_key(
                thread.get("channel"), thread.get("account_id"), thread.get("external_id")
            )
            opened.comment = opened.quoted or await self._in_thread(opened, root, session)
        if opened.comment is not None:
            answers = opened.conversation.get("private_replies") or {}
            answer = answers.get(opened.comment["_id"])
            opened.answered = answer is not None and not await self._has_failed(answer, session)

    async def _has_failed(self, message_id: str, session: Session) -> bool:
        """Only what certainly did not arrive makes room for another; it may have moved away."""
        failed = {"_id": message_id, "status": "failed"}
        found = await self._mongo["messages"].find_one(failed, {"_id": 1}, session=session)
        return found is not None

    async def _newest_comment(self, conversation_id: str, session: Session) -> Document | None:
        """The newest comment of a customer; index (conversation_id, -at, -seq)."""
        return await self._mongo["messages"].find_one(
            {
                "conversation_id": conversation_id,
                "at": {"$type": "date"},
                "direction": "in",
                "removed_at": {"$exists": False},
            },
            sort=[("at", -1), ("seq", -1)],
            session=session,
        )

    async def _in_thread(self, opened: Open, message_id: str, session: Session) -> Document | None:
        thread = {"conversation_id": opened.conversation.id, "at": {"$type": "date"}}
        return await self._mongo["messages"].find_one(
            {"_id": message_id, **thread}, session=session
        )

    def _time(self, conversation: Document) -> datetime:
        """Now, by our clock; but after what was said last, if the platform's is a little ahead."""
        now = self._clock.now()
        last = conversation.get("last")
        if last is not None and now <= last["at"] <= now + _CLOCKS_DIFFER:
            after: datetime = last["at"] + timedelta(milliseconds=1)
            return after
        return now

    def wake(self, thread: Tracked) -> None:
        """Have the conversation delivered soon; whoever holds it looks again before it lets go."""
        now = self._clock.now()
        delivery = thread.get("delivery")
        if delivery is None:
            thread.put("delivery", due(now))
        elif "token" not in delivery and delivery.get("due_at", now) >= now:
            thread.put("delivery", {**delivery, "due_at": now})

    async def _link(
        self, comment: Document, message_id: str, thread: Tracked, session: Session
    ) -> None:
        """The comment shows that it is being answered privately."""
        tracked = Tracked(comment["_id"], comment, stored=True)
        answer = {"message_id": message_id, "conversation_id": thread.id}
        tracked.put("private_answer", answer)
        await self._mongo["messages"].update_one(
            {"_id": tracked.id}, tracked.update(), session=session
        )
        await self._tell("message_changed", tracked, thread, session)

    async def change(
        self, message_id: str, actor: Actor, work: Callable[[Tracked, Tracked], None]
    ) -> tuple[Document, Document]:
        """Let `work` change a message of ours and its conversation; both, as they are then.

        Raises:
            NotFound: there is no such message of ours; NotAllowed: the actor may not see it.
        """

        async def change(session: Session) -> tuple[Document, Document]:
            document = await self._mongo["messages"].find_one(
                {"_id": message_id, "at": {"$type": "date"}}, session=session
            )
            if document is None:
                raise NotFound
            conversation = await self._conversation(document["conversation_id"], actor, session)
            message = Tracked(message_id, document, stored=True)
            thread = Tracked(conversation["_id"], conversation, stored=True)
            objects = objects_in(message.get("attachments"))
            work(message, thread)
            if "attachments" in message.changed:
                mark_waiting(message, self._clock.now())
                loose = objects - objects_in(message.get("attachments"))
                await self._objects.let_go(loose, self._clock.now(), session=session)
            if message.changed:
                message.put(FIELD, message_tokens(message.document) or None)
                await self._mongo["messages"].update_one(
                    {"_id": message_id}, message.update(), session=session
                )
                refresh_last(thread, message)
                if "removed_at" in message.changed:
                    await self._count_replies_again(thread, session)
                await self._save(thread, session)
                await self._tell("message_changed", message, thread, session)
            return message.document, thread.document

        return await self._mongo.transaction(change)

    async def _count_replies_again(self, thread: Tracked, session: Session) -> None:
        """A reply was taken back: who waits since when follows from those that are left."""
        replies = {
            "conversation_id": thread.id,
            "at": {"$type": "date"},
            "direction": "out",
            "author.kind": "staff",
            "internal": False,
            "cancelled": {"$ne": True},
        }
        reply = await self._mongo["messages"].find_one(
            replies, {"at": 1}, sort=[("at", -1)], session=session
        )
        replied_at = reply["at"] if reply else None
        inbound = {"conversation_id": thread.id, "direction": "in", "at": {"$type": "date"}}
        if replied_at is not None:
            inbound["at"] = {"$gt": replied_at}
        first = await self._mongo["messages"].find_one(
            inbound, {"at": 1}, sort=[("at", 1)], session=session
        )
        thread.put("last_out_at", replied_at)
        self._silence(thread)
        settle(thread, first["at"] if first else None)

    async def _save(self, thread: Tracked, session: Session) -> None:
        if update := thread.update():
            await self._mongo["conversations"].update_one(
                {"_id": thread.id}, update, session=session
            )

    async def _tell(
        self,
        type_: str,
        message: Tracked,
        thread: Tracked,
        session: Session,
        people_before: People | None = None,
    ) -> None:
        event = message_event(
            type_,  # type: ignore[arg-type]
            message.document,
            thread.document,
            self._clock.now(),
            self._rules,
            people_before=people_before,
        )
        await self._mongo["live_events"].insert_one(event, session=session)


def _is_answer(message: Document) -> bool:
    """Whether a person says it to the customer."""
    return bool(message["by_human"]) and not message["internal"]


def _show_as_last(thread: Tracked, message: Tracked) -> None:
    last = thread.get("last")
    if last is None or (message.get("at"), message.id) > (last["at"], last["message_id"]):
        thread.put("last", preview(message))
