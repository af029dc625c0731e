"""The collection `canned_replies`."""

from collections.abc import Collection

from inbox.canned.model import CannedReply, shortcut_key
from inbox.mongo.client import Document, Mongo, Session


class CannedStore:
    """`{_id, bot_id, shortcut, key, text, updated_at}`; (bot_id, key) is unique."""

    def __init__(self, mongo: Mongo) -> None:
        self._replies = mongo["canned_replies"]

    async def of_bots(self, bot_ids: Collection[str] | None) -> list[CannedReply]:
        """Those of these bots (None: of every bot) and those of all bots, by shortcut."""
        query: Document = {}
        if bot_ids is not None:
            query = {"bot_id": {"$in": [None, *bot_ids]}}
        return [
            _reply(one) async for one in self._replies.find(query).sort([("key", 1), ("_id", 1)])
        ]

    async def get(self, reply_id: str, *, session: Session | None = None) -> CannedReply | None:
        found = await self._replies.find_one({"_id": reply_id}, session=session)
        return None if found is None else _reply(found)

    async def taken(self, reply: CannedReply, *, session: Session) -> bool:
        """Whether another reply of the same bot has the shortcut."""
        query = {
            "bot_id": reply.bot_id,
            "key": shortcut_key(reply.shortcut),
            "_id": {"$ne": reply.id},
        }
        return await self._replies.find_one(query, {"_id": 1}, session=session) is not None

    async def save(self, reply: CannedReply, *, session: Session) -> None:
        document = {
            "bot_id": reply.bot_id,
            "shortcut": reply.shortcut,
            "key": shortcut_key(reply.shortcut),
            "text": reply.text,
            "updated_at": reply.updated_at,
        }
        await self._replies.update_one(
            {"_id": reply.id}, {"$set": document}, upsert=True, session=session
        )

    async def delete(self, reply_id: str, *, session: Session) -> None:
        await self._replies.delete_one({"_id": reply_id}, session=session)


def _reply(document: Document) -> CannedReply:
    return CannedReply(
        id=document["_id"],
        bot_id=document["bot_id"],
        shortcut=document["shortcut"],
        text=document["text"],
        updated_at=document["updated_at"],
    )
