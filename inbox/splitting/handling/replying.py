"""What an answer to a customer changes: who cared last, who takes part, whose it is."""

from inbox.clock import Clock
from inbox.conversations.sheet import Document, Tracked
from inbox.mongo.client import Mongo, Session
from inbox.splitting.documents import config_from
from inbox.splitting.handling.changes import FIELDS, after_reply
from inbox.splitting.handling.store import HandlingStore
from inbox.splitting.presence.store import PresenceStore


class Carers:
    """Plugged into the store of replies (`AfterReply`): bots, scripts and echoes change nothing."""

    def __init__(
        self, mongo: Mongo, store: HandlingStore, presence: PresenceStore, clock: Clock
    ) -> None:
        self._mongo = mongo
        self._store = store
        self._presence = presence
        self._clock = clock

    async def within(self, thread: Tracked, message: Document, session: Session) -> None:
        """Note who cared, and give the conversation by the bot's options."""
        staff_id = _writer(message)
        if staff_id is None:
            return
        bot_id = thread.get("bot_id")
        bot = await self._mongo["bots"].find_one({"_id": bot_id}, {"split": 1}, session=session)
        config = config_from(bot_id or "", (bot or {}).get("split") or {})
        handled = after_reply(dict(thread.document), staff_id, self._clock.now(), config)
        if handled is not None:
            (after,) = await self._store.note([handled], session)
            for name in FIELDS:
                thread.put(name, after.get(name))
        taking_part = thread.get("participant_ids") or []
        if staff_id not in taking_part:
            thread.put("participant_ids", [*taking_part, staff_id])
        thread.put("last_carer_id", staff_id)

    async def done(self, message: Document) -> None:
        """Who answers is at work: a break that came by itself is over."""
        staff_id = _writer(message)
        if staff_id is not None:
            await self._presence.note_reply(staff_id, self._clock.now())


def _writer(message: Document) -> str | None:
    author = message["author"]
    return author.get("id") if author["kind"] == "staff" else None
