"""What is known of accounts while they are watched: `account_traffic`, and `accounts.probe`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo import UpdateOne

from channels.watching.model import Day, ProbedAccount, Watched
from inbox.conversations.model import Channel
from inbox.ids import hash_id
from inbox.mongo.client import Document, Mongo
from inbox.ports import AccountRef

DAYS_KEPT = 7
_DAYS_FORGOTTEN = 7
"""How many days before those kept are looked for to be forgotten; more were a week's outage."""


@dataclass(slots=True)
class Heard:
    """Webhooks of one account since they were written last."""

    first: datetime
    last: datetime
    count: int = 1
    longest: timedelta = timedelta()

    def add(self, at: datetime) -> None:
        self.longest = max(self.longest, at - self.last)
        self.last = max(self.last, at)
        self.count += 1


class WatchStore:
    """Collections `account_traffic {_id: account key, heard_at, days, ...}` and `accounts`."""

    def __init__(self, mongo: Mongo) -> None:
        self._accounts = mongo["accounts"]
        self._traffic = mongo["account_traffic"]
        self._events = mongo["account_events"]

    async def add_heard(self, heard: Mapping[str, Heard]) -> None:
        """Add what was heard by account key; the days before the last week are forgotten."""
        if heard:
            writes = [
                UpdateOne({"_id": key}, _adding(one), upsert=True) for key, one in heard.items()
            ]
            await self._traffic.bulk_write(writes, ordered=False)

    async def watched(self, channels: Sequence[Channel]) -> list[Watched]:
        """The accounts of these channels that have credentials. Accounts are few: no index."""
        query: Document = {
            "channel": {"$in": list(channels)},
            "bot_id": {"$type": "string"},
            "credentials": {"$exists": True},
        }
        cursor = self._accounts.find(query, _REF | {"subscription": 1, "created_at": 1}).sort(
            "_id", 1
        )
        accounts = await cursor.to_list()
        found = self._traffic.find({"_id": {"$in": [one["_id"] for one in accounts]}})
        traffic = {one["_id"]: one async for one in found}
        return [_watched(one, traffic.get(one["_id"], {})) for one in accounts]

    async def mark_subscribed(self, account_key: str, at: datetime) -> None:
        """A look has found the account subscribed."""
        await self._traffic.update_one(
            {"_id": account_key}, {"$max": {"subscribed_at": at}}, upsert=True
        )

    async def mark_covered(self, account_key: str, until: datetime) -> None:
        """Whatever was missed before is in a recorded gap."""
        await self._traffic.update_one(
            {"_id": account_key}, {"$max": {"covered_until": until}}, upsert=True
        )

    async def note_event(
        self, account: AccountRef, type_: str, at: datetime, data: Mapping[str, Any]
    ) -> None:
        """Something that happened to an account; the same at the same moment is noted once."""
        id_ = hash_id("account_event", account.key, type_, at.isoformat())
        event = {
            "account_key": account.key,
            "channel": account.channel,
            "account_id": account.account_id,
            "type": type_,
            "at": at,
            "data": dict(data),
            "subjects": [],
        }
        await self._events.update_one({"_id": id_}, {"$setOnInsert": event}, upsert=True)

    async def count_probed(self, channels: Sequence[Channel]) -> int:
        """How many accounts are probed at all."""
        return await self._accounts.count_documents(_probed(channels))

    async def to_probe(
        self, channels: Sequence[Channel], now: datetime, *, limit: int
    ) -> list[ProbedAccount]:
        """Accounts whose probe is due, those that waited longest first."""
        query = {**_probed(channels), "probe.next_at": {"$not": {"$gt": now}}}
        cursor = self._accounts.find(query, _REF | {"credentials": 1})
        return [
            ProbedAccount(_ref(one), one["credentials"])
            async for one in cursor.sort([("probe.next_at", 1), ("_id", 1)]).limit(limit)
        ]

    async def has_credentials(self, account_key: str, sealed: bytes) -> bool:
        """Whether nobody has connected the account anew since."""
        query = {"_id": account_key, "credentials": sealed}
        return await self._accounts.find_one(query, {"_id": 1}) is not None

    async def mark_probed(
        self, account_key: str, outcome: str, *, at: datetime, next_at: datetime
    ) -> None:
        """How a probe ended, and when the next one is due."""
        probe = {"at": at, "outcome": outcome, "next_at": next_at}
        await self._accounts.update_one({"_id": account_key}, {"$set": {"probe": probe}})


_REF = {"channel": 1, "account_id": 1}


def _probed(channels: Sequence[Channel]) -> Document:
    return {"channel": {"$in": list(channels)}, "credentials": {"$exists": True}}


def _ref(document: Document) -> AccountRef:
    return AccountRef(document["_id"], document["channel"], document["account_id"])


def _adding(heard: Heard) -> list[Document]:
    """A pipeline: the silence before the first of these counts too."""
    day = heard.last.date()
    path = f"days.{day.isoformat()}"
    before_ms = {"$subtract": [heard.first, {"$ifNull": ["$heard_at", heard.first]}]}
    longest_s = [
        f"${path}.longest_s",
        heard.longest.total_seconds(),
        {"$divide": [before_ms, 1000]},
    ]
    old = range(DAYS_KEPT + 1, DAYS_KEPT + 1 + _DAYS_FORGOTTEN)
    return [
        {
            "$set": {
                f"{path}.count": {"$add": [{"$ifNull": [f"${path}.count", 0]}, heard.count]},
                f"{path}.longest_s": {"$max": longest_s},
                "heard_at": {"$max": ["$heard_at", heard.last]},
            }
        },
        {"$unset": [f"days.{(day - timedelta(days=ago)).isoformat()}" for ago in old]},
    ]


def _watched(account: Document, traffic: Document) -> Watched:
    """Who connected an account has looked as well (channels/facebook/subscribing.py)."""
    subscription = account.get("subscription", {})
    looks = [traffic.get("subscribed_at")]
    if subscription.get("state") == "ok":
        looks.append(subscription.get("checked_at"))
    return Watched(
        _ref(account),
        account["created_at"],
        traffic.get("heard_at"),
        max((at for at in looks if at is not None), default=None),
        traffic.get("covered_until"),
        {
            name: Day(day["count"], day["longest_s"])
            for name, day in traffic.get("days", {}).items()
        },
    )
