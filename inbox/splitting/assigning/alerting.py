"""Tells chosen staff of customers who wait for too long: once each time that one waits."""

from datetime import datetime, timedelta

from inbox.clock import Clock
from inbox.mongo.client import Document, Mongo, Session
from inbox.splitting.assigning.outcome import waits_since
from inbox.splitting.assigning.queues import NOT_ALERTED, Queues
from inbox.splitting.assigning.store import Confirm
from inbox.splitting.model import Alert
from inbox.splitting.store import SplitStore
from inbox.staff.notices.model import NewNotice
from inbox.staff.notices.store import PersonalNotices

_AT_ONCE = 100
"""Customers per bot and sweep."""


class Alerts:
    """`conversations.alerted_for` is the `waiting_since` that was told, with its notices."""

    def __init__(self, mongo: Mongo, queues: Queues, clock: Clock) -> None:
        self._mongo = mongo
        self._conversations = mongo["conversations"]
        self._queues = queues
        self._clock = clock
        self._split = SplitStore(mongo)
        self._notices = PersonalNotices(mongo)

    async def tell(self, bot_id: str, confirm: Confirm) -> int:
        """Tell of whoever has just waited for too long; how many customers.

        Whether or not the bot splits. Exactly once: what marks the conversation also tells.
        """
        config = await self._split.config(bot_id)
        alert = config.alert if config is not None else None
        if alert is None:
            return 0
        before = self._clock.now() - timedelta(minutes=alert.after_min)
        found = await self._queues.unalerted(bot_id, before=before, limit=_AT_ONCE)
        due = [one["_id"] for one in found if _is_due(one, before)]
        if not due:
            return 0

        async def work(session: Session) -> int:
            return await self._tell(due, alert, before, confirm, session)

        return await self._mongo.transaction(work)

    async def _tell(
        self, ids: list[str], alert: Alert, before: datetime, confirm: Confirm, session: Session
    ) -> int:
        query = {"_id": {"$in": ids}, "status": "open", **NOT_ALERTED}
        cursor = self._conversations.find(query, session=session)
        found = [one async for one in cursor if _is_due(one, before)]
        if not found:
            return 0
        await confirm(session)
        for one in found:
            await self._conversations.update_one(
                {"_id": one["_id"]},
                {"$set": {"alerted_for": one["waiting_since"]}},
                session=session,
            )
        cursor = self._mongo["staff"].find(
            {"_id": {"$in": list(alert.staff_ids)}, "active": True}, {"_id": 1}, session=session
        )
        staff = sorted([one["_id"] async for one in cursor])
        notices = [_notice(one, staff_id) for one in found for staff_id in staff]
        await self._notices.add(notices, at=self._clock.now(), session=session)
        return len(found)


def _is_due(conversation: Document, before: datetime) -> bool:
    since = waits_since(conversation)
    return since is not None and since <= before


def _notice(conversation: Document, staff_id: str) -> NewNotice:
    since: datetime = conversation["waiting_since"]
    return NewNotice(
        staff_id=staff_id,
        kind="uncared",
        bot_id=conversation["bot_id"],
        conversation_id=conversation["_id"],
        data={"waiting_since": since.isoformat()},
    )
