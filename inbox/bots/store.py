"""The collections `bots` and `accounts`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from pymongo import ReturnDocument

from inbox.bots.errors import AccountMoves
from inbox.bots.health.store import to_health
from inbox.bots.model import Account, Bot, NewAccount, SplitSettings, UnknownAccount
from inbox.mongo.client import Document, Mongo, Session

_MOST_UNKNOWN = 200


class BotStore:
    """Bots. Every change of one goes through `change`, so that its version grows."""

    def __init__(self, mongo: Mongo) -> None:
        self._bots = mongo["bots"]
        self._tokens = mongo["tokens"]

    async def insert(self, bot: Bot, *, session: Session) -> None:
        document = {"_id": bot.id, **asdict(bot), "member_ids": list(bot.member_ids)}
        del document["id"]
        await self._bots.insert_one(document, session=session)

    async def get(self, bot_id: str, *, session: Session | None = None) -> Bot | None:
        document = await self._bots.find_one({"_id": bot_id}, session=session)
        return _to_bot(document) if document is not None else None

    async def change(
        self, bot_id: str, values: Mapping[str, Any], *, session: Session
    ) -> Bot | None:
        """Set fields and raise the version; the bot as it is now, None when there is none."""
        document = await self._bots.find_one_and_update(
            {"_id": bot_id},
            {"$inc": {"version": 1}} | ({"$set": dict(values)} if values else {}),
            return_document=ReturnDocument.AFTER,
            session=session,
        )
        return _to_bot(document) if document is not None else None

    async def delete(self, bot_id: str, *, session: Session) -> None:
        """Delete a bot and the API tokens that acted for it."""
        await self._bots.delete_one({"_id": bot_id}, session=session)
        await self._tokens.delete_many({"bot_id": bot_id}, session=session)

    async def page(
        self, *, ids: Iterable[str] | None, after: tuple[str, str] | None, limit: int
    ) -> list[Bot]:
        """By name, then id: all (None), or those of `ids`. Bots are few: no index."""
        query: Document = {} if ids is None else {"_id": {"$in": sorted(ids)}}
        if after is not None:
            name, bot_id = after
            following = [{"name": {"$gt": name}}, {"name": name, "_id": {"$gt": bot_id}}]
            query = {"$and": [query, {"$or": following}]}
        cursor = self._bots.find(query).sort([("name", 1), ("_id", 1)]).limit(limit)
        return [_to_bot(document) async for document in cursor]


class AccountStore:
    """Channel accounts by their key, so that one is in one bot at most."""

    def __init__(self, mongo: Mongo) -> None:
        self._accounts = mongo["accounts"]
        self._journal = mongo["webhook_journal"]

    async def insert(
        self,
        account: NewAccount,
        bot_id: str,
        sealed: bytes | None,
        *,
        now: datetime,
        session: Session,
    ) -> None:
        """Connect an account; `sealed` are its credentials, encrypted."""
        document: Document = {
            "_id": account.key,
            "channel": account.channel,
            "account_id": account.account_id,
            "bot_id": bot_id,
            "name": account.name,
            "created_at": now,
            "health": {"state": "ok", "at": now},
        }
        if account.simulated:
            document["simulated"] = True
        if account.granted_by is not None:
            document["granted_by"] = account.granted_by
        if sealed is not None:
            document["credentials"] = sealed
        await self._accounts.insert_one(document, session=session)

    async def known(self, keys: Iterable[str], *, session: Session) -> frozenset[str]:
        """Those of `keys` that are connected already."""
        query = {"_id": {"$in": list(keys)}}
        cursor = self._accounts.find(query, {"_id": 1}, session=session)
        return frozenset([document["_id"] async for document in cursor])

    async def of_bots(
        self, bot_ids: Sequence[str], *, session: Session | None = None
    ) -> dict[str, list[Account]]:
        """The accounts of each of these bots, by name; index (bot_id)."""
        accounts: dict[str, list[Account]] = {bot_id: [] for bot_id in bot_ids}
        query = {"bot_id": {"$in": list(bot_ids)}}
        cursor = self._accounts.find(query, session=session).sort([("name", 1), ("_id", 1)])
        async for document in cursor:
            accounts[document["bot_id"]].append(_to_account(document))
        return accounts

    async def update(
        self, bot_id: str, key: str, values: Mapping[str, Any], *, session: Session
    ) -> bool:
        """Set fields of an account of this bot; False when it has no such account."""
        updated = await self._accounts.update_one(
            {"_id": key, "bot_id": bot_id}, {"$set": dict(values)}, session=session
        )
        return updated.matched_count == 1

    async def delete(self, bot_id: str, key: str, *, session: Session) -> Account | None:
        """Take an account out of this bot; None when it has no such account.

        Raises:
            AccountMoves: its conversations are still on their way into this bot.
        """
        moving = {"_id": key, "bot_id": bot_id, "move": {"$exists": True}}
        if await self._accounts.find_one(moving, {"_id": 1}, session=session) is not None:
            raise AccountMoves
        document = await self._accounts.find_one_and_delete(
            {"_id": key, "bot_id": bot_id}, session=session
        )
        return _to_account(document) if document is not None else None

    async def sealed_credentials(self, key: str) -> bytes | None:
        """What an account's credentials were sealed to; None when it has none."""
        document = await self._accounts.find_one({"_id": key}, {"credentials": 1})
        return document.get("credentials") if document is not None else None

    async def unknown(self) -> list[UnknownAccount]:
        """Accounts whose webhooks are parked because they are in no bot, the latest first.

        Index (parked.account, _id) finds the parked entries.
        """
        stages: list[Document] = [
            {"$match": {"parked": {"$exists": True}, "parked.account": {"$gt": ""}}},
            {"$project": {"received_at": 1, "account": "$parked.accounts"}},
            {"$unwind": "$account"},
            {
                "$group": {
                    "_id": {"channel": "$account.channel", "account_id": "$account.account_id"},
                    "count": {"$sum": 1},
                    "first_at": {"$min": "$received_at"},
                    "last_at": {"$max": "$received_at"},
                }
            },
            {"$sort": {"last_at": -1, "_id": 1}},
            {"$limit": _MOST_UNKNOWN},
        ]
        return [
            UnknownAccount(
                channel=group["_id"]["channel"],
                account_id=group["_id"]["account_id"],
                count=group["count"],
                first_at=group["first_at"],
                last_at=group["last_at"],
            )
            async for group in await self._journal.aggregate(stages)
        ]


def _to_bot(document: Document) -> Bot:
    split = document.get("split", {})
    return Bot(
        id=document["_id"],
        name=document["name"],
        member_ids=tuple(document["member_ids"]),
        crm_sync=document["crm_sync"],
        split=SplitSettings(split.get("enabled", False), split.get("visibility", "own_unassigned")),
        created_at=document["created_at"],
        version=document["version"],
        field_versions=document.get("field_versions", {}),
    )


def _to_account(document: Document) -> Account:
    return Account(
        id=document["_id"],
        channel=document["channel"],
        account_id=document["account_id"],
        bot_id=document["bot_id"],
        name=document["name"],
        health=to_health(document["health"]),
        since=document["health"].get("at") or document["created_at"],
        moved=document["move"]["moved"] if "move" in document else None,
    )
