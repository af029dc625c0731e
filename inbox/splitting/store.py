"""The configuration of splitting, its ledger and its receipts in the database."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from pymongo import ReplaceOne, ReturnDocument, UpdateOne

from inbox.ids import random_id
from inbox.mongo.client import Document, Mongo, Session
from inbox.splitting.documents import (
    config_document,
    config_from,
    ledger_document,
    ledger_from,
    receipt_document,
    receipt_from,
    rule_document,
    rule_from,
)
from inbox.splitting.model import LedgerEntry, PoolEntry, Receipt, Rule, SplitConfig

CATCH_ALL_NAME = "Mặc định"
LAST = 1_000_000
"""The position of the catch-all: behind every rule with a condition."""


def catch_all_id(bot_id: str) -> str:
    """The catch-all of a bot exists whether or not somebody has changed and so stored it."""
    return f"default-{bot_id}"


class SplitStore:
    """`bots.split` (settings), `split_rules`, `split_ledger` and `receipts`."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self._bots = mongo["bots"]
        self._rules = mongo["split_rules"]
        self._ledger = mongo["split_ledger"]
        self._receipts = mongo["receipts"]

    async def config(self, bot_id: str, *, session: Session | None = None) -> SplitConfig | None:
        """The settings of a bot and its rules as they were written; None without such a bot."""
        bot = await self._bots.find_one({"_id": bot_id}, {"split": 1}, session=session)
        if bot is None:
            return None
        found = self._rules.find({"bot_id": bot_id}, session=session)
        return with_rules(bot, [rule_from(one) async for one in found])

    async def for_deciding(
        self, bot_id: str, *, session: Session | None = None
    ) -> tuple[SplitConfig, tuple[str, ...]] | None:
        """The configuration with every pool filled in, and the members of the bot.

        An empty pool means every member, whoever that is by now.
        """
        fields = {"split": 1, "member_ids": 1}
        bot = await self._bots.find_one({"_id": bot_id}, fields, session=session)
        if bot is None:
            return None
        found = self._rules.find({"bot_id": bot_id}, session=session)
        config = with_rules(bot, [rule_from(one) async for one in found])
        members = tuple(bot.get("member_ids", ()))
        everybody = tuple(PoolEntry(member) for member in members)
        rules = tuple(rule if rule.pool else replace(rule, pool=everybody) for rule in config.rules)
        return replace(config, rules=rules), members

    async def splitting_bots(self) -> list[str]:
        """The bots whose splitting is on. Bots are few: no index."""
        found = self._bots.find({"split.enabled": True}, {"_id": 1}).sort("_id", 1)
        return [bot["_id"] async for bot in found]

    async def auto_away_after(self) -> dict[str, int]:
        """After how many minutes without an answer people of each splitting bot go away."""
        found = self._bots.find({"split.enabled": True}, {"split.auto_away_after_min": 1})
        return {bot["_id"]: bot["split"].get("auto_away_after_min", 10) async for bot in found}

    async def save_settings(
        self, before: SplitConfig, after: SplitConfig, *, session: Session
    ) -> None:
        """Store what differs. The version of the bot grows too: open inboxes read it anew."""
        old, new = config_document(before), config_document(after)
        sets = {f"split.{name}": value for name, value in new.items() if old[name] != value}
        sets["split.version"] = before.version + 1
        await self._bots.update_one(
            {"_id": after.bot_id}, {"$set": sets, "$inc": {"version": 1}}, session=session
        )

    async def touch(self, bot_id: str, *, session: Session) -> None:
        """A rule has changed: whoever keeps the configuration in memory reads it anew.

        Two changes at once collide here, so that the order of the rules stays one.
        """
        await self._bots.update_one(
            {"_id": bot_id}, {"$inc": {"split.rules_version": 1}}, session=session
        )

    async def save_rule(self, rule: Rule, *, session: Session) -> None:
        document = rule_document(rule)
        document["_id"] = rule.id
        await self._rules.replace_one(
            {"_id": rule.id, "bot_id": rule.bot_id}, document, upsert=True, session=session
        )

    async def delete_rule(self, rule: Rule, *, session: Session) -> None:
        """Delete a rule and its ledger; receipts stay, they name it by its name."""
        await self._rules.delete_one({"_id": rule.id}, session=session)
        await self._ledger.delete_many({"_id.rule_id": rule.id}, session=session)

    async def move_rules(self, ids: Sequence[str], *, session: Session) -> None:
        """Give the rules their places in this order."""
        writes = [
            UpdateOne({"_id": id_}, {"$set": {"position": place}})
            for place, id_ in enumerate(ids, start=1)
        ]
        if writes:
            await self._rules.bulk_write(writes, session=session)

    async def ledger(
        self, bot_id: str, *, session: Session | None = None
    ) -> dict[tuple[str, str], LedgerEntry]:
        """Every entry of a bot by (rule id, staff id); index (bot_id)."""
        found = self._ledger.find({"bot_id": bot_id}, session=session)
        entries = [ledger_from(one) async for one in found]
        return {(entry.rule_id, entry.staff_id): entry for entry in entries}

    async def save_ledger(self, entries: Collection[LedgerEntry], *, session: Session) -> None:
        """Store entries, in the transaction that assigns."""
        writes = [
            ReplaceOne({"_id": document["_id"]}, document, upsert=True)
            for document in map(ledger_document, entries)
        ]
        if writes:
            await self._ledger.bulk_write(writes, ordered=False, session=session)

    async def add_receipts(self, receipts: Sequence[Receipt], *, session: Session) -> list[str]:
        """Keep receipts, in the transaction of what they explain; their ids in order."""
        documents = [{"_id": random_id(), **receipt_document(one)} for one in receipts]
        if documents:
            await self._receipts.insert_many(documents, session=session)
        return [document["_id"] for document in documents]

    async def receipts(
        self, conversation_id: str, *, after: tuple[datetime, str] | None, limit: int
    ) -> list[tuple[str, Receipt]]:
        """Up to `limit`, newest first, with their ids; index (conversation_id, -at, -_id)."""
        query: Document = {"conversation_id": conversation_id}
        if after is not None:
            at, id_ = after
            query["$or"] = [{"at": {"$lt": at}}, {"at": at, "_id": {"$lt": id_}}]
        found = self._receipts.find(query).sort([("at", -1), ("_id", -1)]).limit(limit)
        return [(one["_id"], receipt_from(one)) async for one in found]

    async def receipts_by_id(self, ids: Collection[str]) -> dict[str, Receipt]:
        found = self._receipts.find({"_id": {"$in": list(ids)}})
        return {one["_id"]: receipt_from(one) async for one in found}

    async def shifts(self, staff_ids: Collection[str]) -> dict[str, Document]:
        """The schedules of those who have one of their own."""
        found = self._mongo["staff_shifts"].find({"_id": {"$in": list(staff_ids)}})
        return {one["_id"]: one["schedule"] async for one in found}

    async def save_shift(
        self, staff_id: str, schedule: Mapping[str, Any] | None, *, session: Session
    ) -> Document | None:
        """Give somebody a schedule of their own, or (None) the bot's hours; what was before."""
        shifts = self._mongo["staff_shifts"]
        if schedule is None:
            before = await shifts.find_one_and_delete({"_id": staff_id}, session=session)
        else:
            before = await shifts.find_one_and_update(
                {"_id": staff_id},
                {"$set": {"schedule": dict(schedule)}},
                upsert=True,
                return_document=ReturnDocument.BEFORE,
                session=session,
            )
        return None if before is None else before["schedule"]


def with_rules(bot: Document, rules: Sequence[Rule]) -> SplitConfig:
    """The configuration of a bot; without a stored catch-all with the one that every bot has."""
    known = list(rules)
    if all(rule.when is not None for rule in known):
        known.append(
            Rule(id=catch_all_id(bot["_id"]), bot_id=bot["_id"], position=LAST, name=CATCH_ALL_NAME)
        )
    return config_from(bot["_id"], bot.get("split", {}), tuple(known))
