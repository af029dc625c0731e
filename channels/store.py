"""What ingest keeps besides messages: which accounts are connected, when nothing was received."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pymongo import UpdateOne

from inbox.ids import hash_id
from inbox.mongo.client import Mongo
from inbox.mongo.due import due

_INGEST = "ingest"


@dataclass(frozen=True, slots=True)
class ConnectedAccount:
    """A page, Instagram account or OA that belongs to a bot.

    `splits`: whether that bot splits; `triggers`: whether a message may begin a script there.
    `answering`: whether an automation answers first there, `hand_back_after` of it.
    """

    key: str
    channel: str
    account_id: str
    bot_id: str
    splits: bool = False
    triggers: bool = False
    answering: bool = False
    hand_back_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """An interval in which an account's events may have been missed. UTC."""

    account_key: str
    start: datetime
    end: datetime


class IngestStore:
    """Collections `accounts` (read), `account_gaps` and `service_marks`."""

    def __init__(self, mongo: Mongo) -> None:
        self._accounts = mongo["accounts"]
        self._bots = mongo["bots"]
        self._automations = mongo["automations"]
        self._gaps = mongo["account_gaps"]
        self._marks = mongo["service_marks"]

    async def connected_accounts(self) -> list[ConnectedAccount]:
        """All of them: some thousands at the most."""
        splitting = set(await self._bots.distinct("_id", {"split.enabled": True}))
        triggering = set(await self._bots.distinct("_id", {"script_triggers": True}))
        answering = {
            one["bot_id"]: one.get("hand_back_after_s")
            async for one in self._automations.find(
                {"answers": True, "enabled": True}, {"bot_id": 1, "hand_back_after_s": 1}
            )
        }
        cursor = self._accounts.find(
            {"bot_id": {"$type": "string"}}, {"channel": 1, "account_id": 1, "bot_id": 1}
        )
        return [
            ConnectedAccount(
                one["_id"],
                one["channel"],
                one["account_id"],
                one["bot_id"],
                one["bot_id"] in splitting,
                one["bot_id"] in triggering,
                one["bot_id"] in answering,
                _seconds(answering.get(one["bot_id"])),
            )
            async for one in cursor
        ]

    async def keep_gaps(self, gaps: Sequence[Gap], *, reason: str, now: datetime) -> None:
        """Keep each interval and make its back-fill due. Repeating it changes nothing.

        One that was read back already and turns out to be longer is due once more.
        """
        if not gaps:
            return
        await self._gaps.bulk_write(
            [
                UpdateOne(
                    {"_id": hash_id("gap", gap.account_key, gap.start.isoformat())},
                    {
                        "$max": {"to": gap.end},
                        "$setOnInsert": {
                            "account_key": gap.account_key,
                            "from": gap.start,
                            "reason": reason,
                            "backfill": due(now),
                        },
                    },
                    upsert=True,
                )
                for gap in gaps
            ],
            ordered=False,
        )
        ids = [hash_id("gap", gap.account_key, gap.start.isoformat()) for gap in gaps]
        longer = {"_id": {"$in": ids}, "$expr": {"$gt": ["$to", "$filled_to"]}}
        await self._gaps.update_many(
            {**longer, "filled_to": {"$exists": True}, "backfill": {"$exists": False}},
            {"$set": {"backfill": due(now)}, "$unset": {"filled_at": 1, "filled_to": 1}},
        )

    async def alive_at(self) -> datetime | None:
        """When a process could last write; None before the first start."""
        mark = await self._marks.find_one({"_id": _INGEST})
        return None if mark is None else mark["alive_at"]

    async def mark_alive(self, now: datetime) -> None:
        await self._marks.update_one({"_id": _INGEST}, {"$max": {"alive_at": now}}, upsert=True)


def _seconds(number: int | None) -> timedelta | None:
    return None if number is None else timedelta(seconds=number)
