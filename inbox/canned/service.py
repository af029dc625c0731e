"""Looking after canned replies, and filling one in for a conversation."""

from dataclasses import replace

from inbox.canned.model import CannedReply, PlaceholderUnknown, ShortcutTaken
from inbox.canned.store import CannedStore
from inbox.clock import Clock
from inbox.conversations.reading.store import ConversationReads
from inbox.customers.masking import Masking
from inbox.errors import NotAllowed, NotFound
from inbox.ids import random_id
from inbox.mongo.client import Mongo, Session
from inbox.placeholders import filled, given_name, unknown_placeholders
from inbox.staff.audit.store import AuditStore
from inbox.staff.model import Actor


class CannedReplies:
    """Leaders write those of their bots, admins also those of all bots; everybody uses them."""

    def __init__(
        self,
        mongo: Mongo,
        conversations: ConversationReads,
        clock: Clock,
        masking: Masking | None = None,
    ) -> None:
        """Without `masking` everybody reads phones and e-mail addresses in full."""
        self._masking = masking or Masking()
        self._mongo = mongo
        self._store = CannedStore(mongo)
        self._conversations = conversations
        self._audit = AuditStore(mongo)
        self._clock = clock

    async def all(self, actor: Actor) -> list[CannedReply]:
        """Those that the actor may use, by shortcut."""
        return await self._store.of_bots(None if actor.sees_every_bot else actor.bot_ids)

    async def create(
        self, actor: Actor, bot_id: str | None, shortcut: str, text: str
    ) -> CannedReply:
        """Raises NotAllowed, ShortcutTaken, PlaceholderUnknown."""
        reply = CannedReply(
            id=random_id(),
            bot_id=bot_id,
            shortcut=shortcut,
            text=text,
            updated_at=self._clock.now(),
        )
        _check(actor, reply)

        async def work(session: Session) -> None:
            await self._save(None, reply, actor, session)

        await self._mongo.transaction(work)
        return reply

    async def edit(
        self, actor: Actor, reply_id: str, shortcut: str | None, text: str | None
    ) -> CannedReply:
        """Raises NotFound, NotAllowed, ShortcutTaken, PlaceholderUnknown."""

        async def work(session: Session) -> CannedReply:
            before = await self._get(reply_id, session)
            after = replace(
                before,
                shortcut=shortcut if shortcut is not None else before.shortcut,
                text=text if text is not None else before.text,
            )
            _check(actor, after)
            if after == before:
                return before
            after = replace(after, updated_at=self._clock.now())
            await self._save(before, after, actor, session)
            return after

        return await self._mongo.transaction(work)

    async def delete(self, actor: Actor, reply_id: str) -> None:
        """Raises NotFound, NotAllowed."""

        async def work(session: Session) -> None:
            before = await self._get(reply_id, session)
            _check_rights(actor, before.bot_id)
            await self._store.delete(reply_id, session=session)
            await self._record(actor, "canned_reply_deleted", before, None, session)

        await self._mongo.transaction(work)

    async def filled_in(self, actor: Actor, reply_id: str, conversation_id: str) -> str:
        """The text for the customer of this conversation, to be sent by the actor.

        Raises:
            NotFound, NotAllowed: of the conversation, or the reply is not one of its bot.
        """
        conversation = await self._conversations.get(conversation_id, actor)
        reply = await self._store.get(reply_id)
        if reply is None or reply.bot_id not in (None, conversation["bot_id"]):
            raise NotFound
        customer = await self._mongo["customers"].find_one(
            {"_id": conversation.get("customer_id")}, {"name": 1, "phones": 1, "emails": 1}
        )
        bot = await self._mongo["bots"].find_one({"_id": conversation["bot_id"]}, {"name": 1})
        known = self._masking.customer(customer or {}, actor)
        return filled(
            reply.text,
            {
                "name": known.get("name"),
                "given_name": given_name(known.get("name")),
                "phone": next(iter(known.get("phones", [])), None),
                "email": next(iter(known.get("emails", [])), None),
                "agent": actor.name,
                "shop": (bot or {}).get("name"),
            },
        )

    async def _get(self, reply_id: str, session: Session) -> CannedReply:
        reply = await self._store.get(reply_id, session=session)
        if reply is None:
            raise NotFound
        return reply

    async def _save(
        self, before: CannedReply | None, after: CannedReply, actor: Actor, session: Session
    ) -> None:
        if await self._store.taken(after, session=session):
            raise ShortcutTaken
        await self._store.save(after, session=session)
        action = "canned_reply_created" if before is None else "canned_reply_edited"
        await self._record(actor, action, before, after, session)

    async def _record(
        self,
        actor: Actor,
        action: str,
        before: CannedReply | None,
        after: CannedReply | None,
        session: Session,
    ) -> None:
        either = after or before
        assert either is not None
        changes = {
            name: {"before": getattr(before, name, None), "after": getattr(after, name, None)}
            for name in ("shortcut", "text")
            if getattr(before, name, None) != getattr(after, name, None)
        }
        await self._audit.record(
            actor,
            action,
            ("canned_reply", either.id),
            at=self._clock.now(),
            changes=changes,
            session=session,
        )


def _check(actor: Actor, reply: CannedReply) -> None:
    _check_rights(actor, reply.bot_id)
    for wrong in unknown_placeholders(reply.text):
        raise PlaceholderUnknown(wrong.name)


def _check_rights(actor: Actor, bot_id: str | None) -> None:
    allowed = actor.at_least("admin") if bot_id is None else actor.sees_bot(bot_id)
    if not allowed:
        raise NotAllowed
