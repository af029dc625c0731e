"""Reads what came in to a bot lately, for rehearsals; writes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import get_args

from inbox.conversations.model import ConversationStatus
from inbox.mongo.client import Document, Mongo
from inbox.splitting.documents import schedule_from
from inbox.splitting.model import Person, PoolEntry, SplitConfig
from inbox.splitting.rehearsal.recording import History, Visit, recorded, visits_of
from inbox.splitting.rehearsing import Recorded, Rostered
from inbox.splitting.store import SplitStore

MOST_CONVERSATIONS = 50_000
"""That are read, those with the newest messages first."""
_TOGETHER = 500
_LONGEST_TEXT = 500
"""Characters of a first message in which keywords are looked for."""
_KINDS = ("inbox", "comment")
_FIELDS = (
    "account_key",
    "channel",
    "created_at",
    "customer_id",
    "kind",
    "last.at",
    "status",
    "status_at",
)


@dataclass(frozen=True, slots=True)
class Stored:
    """Everything that came in from `since` on; `cut`: the time before it was too much to read."""

    arrivals: list[Recorded]
    since: datetime
    cut: bool


class RehearsalStore:
    """Collections `conversations`, `receipts`, `messages` and `customers`, read in portions."""

    def __init__(self, mongo: Mongo, most: int = MOST_CONVERSATIONS) -> None:
        self._mongo = mongo
        self._conversations = mongo["conversations"]
        self._split = SplitStore(mongo)
        self._most = most

    async def arrivals(self, bot_id: str, since: datetime, until: datetime) -> Stored:
        """Index (bot_id, status, -last.at, -_id): nothing came in after its last message."""
        visits: list[Visit] = []
        read, last = 0, None
        while read < self._most:
            portion = await self._portion(bot_id, since, last, min(_TOGETHER, self._most - read))
            visits += await self._visits(portion, since, until)
            read += len(portion)
            if len(portion) < _TOGETHER and read < self._most:
                return Stored(await self._recorded(bot_id, visits), since, cut=False)
            last = portion[-1] if portion else last
        begins: datetime = last["last"]["at"] if last is not None else since
        kept = [visit for visit in visits if visit.at >= begins]
        return Stored(await self._recorded(bot_id, kept), begins, cut=True)

    async def roster(self, config: SplitConfig, members: Sequence[str]) -> list[Rostered]:
        """Whom the rules may give to, as they are now; loads begin at nothing."""
        named = {entry.staff_id for rule in config.rules for entry in rule.pool}
        named |= {rule.fallback_staff_id for rule in config.rules if rule.fallback_staff_id}
        ids = sorted(named | set(members))
        shifts = await self._split.shifts(ids)
        found = self._mongo["staff"].find({"_id": {"$in": ids}}).sort([("name", 1), ("_id", 1)])
        return [
            Rostered(
                Person(
                    id=one["_id"],
                    name=one["name"],
                    active=one["active"],
                    member=one["_id"] in members or one["role"] in ("owner", "admin"),
                    receiving=one.get("receiving", True),
                ),
                schedule_from(shifts[one["_id"]]) if one["_id"] in shifts else None,
            )
            async for one in found
        ]

    async def names(self, ids: Sequence[str]) -> dict[str, str]:
        found = self._mongo["staff"].find({"_id": {"$in": list(ids)}}, {"name": 1})
        return {one["_id"]: one["name"] async for one in found}

    async def members(self, bot_id: str) -> tuple[str, ...]:
        bot = await self._mongo["bots"].find_one({"_id": bot_id}, {"member_ids": 1})
        return tuple((bot or {}).get("member_ids", ()))

    async def _portion(
        self, bot_id: str, since: datetime, after: Document | None, limit: int
    ) -> list[Document]:
        query: Document = {
            "bot_id": bot_id,
            "status": {"$in": list(get_args(ConversationStatus))},
            "last.at": {"$gte": since},
        }
        if after is not None:
            at = after["last"]["at"]
            query["last.at"] = {"$gte": since, "$lte": at}
            query["$or"] = [{"last.at": {"$lt": at}}, {"_id": {"$lt": after["_id"]}}]
        found = self._conversations.find(query, dict.fromkeys(_FIELDS, 1))
        return await found.sort([("last.at", -1), ("_id", -1)]).limit(limit).to_list()

    async def _visits(
        self, portion: Sequence[Document], since: datetime, until: datetime
    ) -> list[Visit]:
        """The visits of these conversations, with their first messages and answers."""
        split = [one for one in portion if one["kind"] in _KINDS]
        receipts: dict[str, list[Document]] = {}
        query = {"conversation_id": {"$in": [one["_id"] for one in split]}}
        fields = dict.fromkeys(("conversation_id", "kind", "at", "round", "chosen"), 1)
        async for one in self._mongo["receipts"].find(query, fields).sort([("at", 1), ("_id", 1)]):
            receipts.setdefault(one["conversation_id"], []).append(one)
        visits = [
            visit
            for one in split
            for visit in visits_of(one, receipts.get(one["_id"], ()), since, until)
        ]
        await self._add_messages([one for one in visits if one.receipt_id is None], "conversations")
        await self._add_messages([one for one in visits if one.receipt_id is not None], "receipts")
        return visits

    async def _add_messages(self, visits: Sequence[Visit], collection: str) -> None:
        """The message that each visit began with, and the first answer to it.

        A conversation begins with its first message, whenever that was written; it is reopened
        by the newest one at the time of the receipt. Index (conversation_id, -at, -seq).
        """
        begins = collection == "conversations"
        ids = [one.conversation["_id"] if begins else one.receipt_id for one in visits]
        if not ids:
            return
        came: Document = {"direction": "in"}
        if not begins:
            came["$expr"] = {"$lte": ["$at", "$$at"]}
        answered = {
            "direction": "out",
            "author.kind": "staff",
            "internal": {"$ne": True},
            "$expr": {"$gte": ["$at", "$$at"]},
        }
        steps: list[Document] = [
            {"$match": {"_id": {"$in": ids}}},
            _message("_id" if begins else "conversation_id", "first", came, 1 if begins else -1),
            _message("_id" if begins else "conversation_id", "answer", answered, 1),
            {"$project": {"first": 1, "answer": 1}},
        ]
        cursor = await self._mongo[collection].aggregate(steps)
        found = {one["_id"]: one async for one in cursor}
        for id_, visit in zip(ids, visits, strict=True):
            lists = found.get(id_, {"first": (), "answer": ()})
            visit.first = next(iter(lists["first"]), None)
            visit.answer = next(iter(lists["answer"]), None)

    async def _recorded(self, bot_id: str, visits: list[Visit]) -> list[Recorded]:
        history = History(visits)
        ids = sorted({id_ for one in visits if (id_ := one.conversation.get("customer_id"))})
        customers: dict[str, Document] = {}
        others: dict[str, list[Document]] = {}
        known = dict.fromkeys(("tag_ids", "attributes", "owner_id"), 1)
        fields = dict.fromkeys(("customer_id", "created_at", "last_carer_id", "last_out_at"), 1)
        for start in range(0, len(ids), _TOGETHER):
            together = {"$in": ids[start : start + _TOGETHER]}
            async for one in self._mongo["customers"].find({"_id": together}, known):
                customers[one["_id"]] = one
            query = {"customer_id": together, "bot_id": bot_id}
            async for one in self._conversations.find(query, fields):
                others.setdefault(one["customer_id"], []).append(one)
        return list(recorded(replace(history, customers=customers, others=others)))


def with_pools(config: SplitConfig, members: Sequence[str]) -> SplitConfig:
    """An empty pool means every member."""
    everybody = tuple(PoolEntry(member) for member in members)
    rules = tuple(rule if rule.pool else replace(rule, pool=everybody) for rule in config.rules)
    return replace(config, rules=rules)


def _message(local: str, name: str, query: Document, order: int) -> Document:
    """The first message of a conversation, in that order, that is as the query says."""
    text = {"$substrCP": [{"$ifNull": ["$text", ""]}, 0, _LONGEST_TEXT]}
    return {
        "$lookup": {
            "from": "messages",
            "localField": local,
            "foreignField": "conversation_id",
            "let": {"at": "$created_at" if local == "_id" else "$at"},
            "pipeline": [
                {"$match": {"at": {"$type": "date"}, **query}},
                {"$sort": {"at": order, "seq": order}},
                {"$limit": 1},
                {"$project": {"at": 1, "author": 1, "referral": 1, "post_id": 1, "text": text}},
            ],
            "as": name,
        }
    }
