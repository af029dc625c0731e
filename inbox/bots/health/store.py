"""`accounts.health`: every change of it is made here, together with the news of it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inbox.bots.credentials.model import WORKING, Health
from inbox.clock import Clock
from inbox.conversations.model import Channel
from inbox.live.model import live_event
from inbox.mongo.client import Document, Mongo, Session

_MOST_CONVERSATIONS = 10_000
"""Whose held messages are counted, of one account; more than that is "many" in any case."""


@dataclass(frozen=True, slots=True)
class TroubledAccount:
    """An account that somebody should look after; `since` is when its trouble began."""

    id: str
    bot_id: str
    channel: Channel
    account_id: str
    name: str
    health: Health
    since: datetime
    subscription_lost: bool = False


class HealthStore:
    """Field `health` of `accounts`: {state, reason?, platform_code?, ends_at?, at, tried_at?}."""

    def __init__(self, mongo: Mongo, clock: Clock) -> None:
        self._mongo = mongo
        self._clock = clock

    async def mark(self, account_key: str, health: Health) -> bool:
        """Say how an account is; whether that was news. `at` stays when it is nothing new.

        Open inboxes hear of it in the same transaction.
        """
        return await self._change({"_id": account_key, "$or": _differs(health)}, health)

    async def mark_working(self, account_key: str, proves: Collection[str] | None = None) -> bool:
        """It works: what kept it from working is over. A mere warning stays as it is.

        `proves`: only troubles with one of these reasons are over; None: all.
        """
        query: Document = {"_id": account_key, "health.state": {"$nin": [*WORKING, None]}}
        if proves is not None:
            query["health.reason"] = {"$in": list(proves)}
        return await self._change(query, Health("ok"))

    async def mark_warning(
        self, account_key: str, warning: Health | None, reasons: Collection[str]
    ) -> bool:
        """What an account that works is warned of; None ends a warning with one of `reasons`."""
        query: Document = {"_id": account_key, "health.state": {"$in": [*WORKING, None]}}
        if warning is not None:
            query["$or"] = _differs(warning)
            return await self._change(query, warning)
        query["health.reason"] = {"$in": list(reasons)}
        return await self._change(query, Health("ok"))

    async def troubled(self, bot_ids: Collection[str] | None) -> list[TroubledAccount]:
        """Accounts in any trouble of all bots (None) or of these. Accounts are few: no index."""
        lost = {"subscription.state": "failed"}
        query: Document = {"$or": [{"health.state": {"$nin": ["ok", None]}}, lost]}
        if bot_ids is not None:
            query["bot_id"] = {"$in": sorted(bot_ids)}
        fields = (
            "bot_id",
            "channel",
            "account_id",
            "name",
            "health",
            "subscription.state",
            "created_at",
        )
        cursor = self._mongo["accounts"].find(query, dict.fromkeys(fields, 1))
        return [_to_troubled(one) async for one in cursor.sort([("name", 1), ("_id", 1)])]

    async def channels(self) -> Sequence[Channel]:
        """Channels of which an account is connected."""
        query = {"bot_id": {"$type": "string"}, "simulated": {"$ne": True}}
        found: list[Channel] = await self._mongo["accounts"].distinct("channel", query)
        return found

    async def held(self, account_keys: Iterable[str]) -> dict[str, int]:
        """How many messages wait for each of these accounts.

        Indexes (delivery.due_at) and (conversation_id, seq), which hold only what is on its way.
        """
        return {key: await self._held(key) for key in account_keys}

    async def _held(self, account_key: str) -> int:
        on_their_way = {"account_key": account_key, "delivery.due_at": {"$exists": True}}
        cursor = self._mongo["conversations"].find(on_their_way, {"_id": 1})
        ids = [one["_id"] async for one in cursor.limit(_MOST_CONVERSATIONS)]
        if not ids:
            return 0
        held = {"conversation_id": {"$in": ids}, "pending": True}
        return await self._mongo["messages"].count_documents(held)

    async def _change(self, query: Document, health: Health) -> bool:
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

        return await self._mongo.transaction(work)


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


def to_health(document: Document) -> Health:
    """The health of an account; one from before it was kept works."""
    return Health(
        document.get("state", "ok"),
        document.get("reason"),
        document.get("platform_code"),
        document.get("ends_at"),
    )


def _to_troubled(document: Document) -> TroubledAccount:
    health = document.get("health", {})
    return TroubledAccount(
        document["_id"],
        document["bot_id"],
        document["channel"],
        document["account_id"],
        document["name"],
        to_health(health),
        health.get("at") or document["created_at"],
        document.get("subscription", {}).get("state") == "failed",
    )
