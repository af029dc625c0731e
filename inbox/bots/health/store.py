"""`accounts.health`: every change of it is made here, together with the news of it."""

from typing import Any

from inbox.bots.credentials.model import WORKING, Health
from inbox.clock import Clock
from inbox.live.model import live_event
from inbox.mongo.client import Document, Mongo, Session


class HealthStore:
    """Field `health` of `accounts`: {state, reason?, platform_code?, ends_at?, at, tried_at?}."""

    def __init__(self, mongo: Mongo, clock: Clock) -> None:
        self._mongo = mongo
        self._clock = clock

    async def mark(
        self,
        account_key: str,
        health: Health,
        *,
        found: Health | None = None,
        session: Session | None = None,
    ) -> bool:
        """Say how an account is; whether that was news. `at` stays when it is nothing new.

        `found`: only if the account still is as it was found. Open inboxes hear of it in the
        same transaction.
        """
        query: Document = {"_id": account_key, "$or": _differs(health)}
        if found is not None:
            query |= {"health.state": found.state, "health.reason": found.reason}
        return await self._change(query, health, session)

    async def mark_working(self, account_key: str) -> bool:
        """It works: whatever kept it from working is over. A mere warning stays as it is."""
        query = {"_id": account_key, "health.state": {"$nin": [*WORKING, None]}}
        return await self._change(query, Health("ok"), None)

    async def _change(self, query: Document, health: Health, session: Session | None) -> bool:
        now = self._clock.now()
        document = {"state": health.state, "at": now} | _details(health)

        async def work(session: Session) -> bool:
            before = await self._mongo["accounts"].find_one_and_update(
                query, {"$set": {"health": document}}, session=session
            )
            if before is None:
                return False
            bot_id = before["bot_id"]
            event = live_event(type="bot_changed", at=now, bot_id=bot_id, data={"bot_id": bot_id})
            await self._mongo["live_events"].insert_one(event, session=session)
            return True

        return await (self._mongo.transaction(work) if session is None else work(session))


def _details(health: Health) -> Document:
    found: dict[str, Any] = {
        "reason": health.reason,
        "platform_code": health.platform_code,
        "ends_at": health.ends_at,
    }
    return {name: value for name, value in found.items() if value is not None}


def _differs(health: Health) -> list[Document]:
    """Conditions, of which one holds when this is news; the platform's number alone is none."""
    told: dict[str, Any] = {
        "state": health.state,
        "reason": health.reason,
        "ends_at": health.ends_at,
    }
    return [{f"health.{name}": {"$ne": value}} for name, value in told.items()]
