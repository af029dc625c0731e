"""Reads of conversations and messages; every read of a conversation carries `visible(actor)`."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from inbox.conversations.reading.listing import COUNT_GROUP, NEWEST_FIRST, UNCARED, Query
from inbox.conversations.reading.media import BlockKind, MediaPlace, media_items, media_query
from inbox.conversations.visibility import visible
from inbox.errors import NotAllowed, NotFound
from inbox.mongo.client import Document, Mongo, Session
from inbox.staff.model import Actor

MOST_CUSTOMERS = 1000
"""A search that matches more customers walks the list instead of naming them all."""
MOST_WALKED = 2000
"""Conversations of one batch of such a walk."""
_WITHOUT_WORDS = {"tok": 0}
"""What a message is found by is as long as the message, and nobody is shown it."""
_SHOWN: Query = {"at": {"$type": "date"}}
"""A placeholder (a fact that came before its message) has no `at`."""

ListPlace = tuple[datetime, str]
"""(time, id) of the row before: `last.at` of a conversation, `at` of a message."""
MessagePlace = tuple[datetime, int]
"""(at, seq) of a message of one thread."""


class ConversationReads:
    """Conversations as one actor may see them."""

    def __init__(self, mongo: Mongo) -> None:
        self._conversations = mongo["conversations"]
        self._messages = mongo["messages"]
        self._customers = mongo["customers"]

    async def page(
        self,
        query: Query,
        customers: Query | None,
        *,
        actor: Actor,
        after: ListPlace | None,
        limit: int,
    ) -> list[Document]:
        """Up to `limit` conversations, newest first; index (status or bot_id, -last.at, -_id).

        `customers` is what their customer must match. A few matching customers are named in the
        query; when there are many, the list is walked, for then a match is never far.
        """
        wanted = [query, visible(actor)]
        if customers is None:
            return await self._newest({"$and": [*wanted, *_after(after)]}, limit)
        ids = await self._customer_ids(customers)
        if len(ids) <= MOST_CUSTOMERS:
            theirs = {"customer_id": {"$in": ids}}
            return await self._newest({"$and": [*wanted, theirs, *_after(after)]}, limit)
        return await self._walk({"$and": wanted}, customers, after, limit)

    async def _newest(self, query: Query, limit: int) -> list[Document]:
        return await self._conversations.find(query).sort(NEWEST_FIRST).limit(limit).to_list()

    async def _customer_ids(self, query: Query) -> list[str]:
        cursor = self._customers.find(query, {"_id": 1}).limit(MOST_CUSTOMERS + 1)
        return [customer["_id"] async for customer in cursor]

    async def _walk(
        self, query: Query, customers: Query, after: ListPlace | None, limit: int
    ) -> list[Document]:
        """Batch by batch: a lookup of each customer by itself costs mongod ten times as much."""
        ids: list[str] = []
        size = 4 * limit
        while len(ids) < limit:
            here = {"$and": [query, *_after(after)]}
            found = self._conversations.find(here, {"customer_id": 1, "last.at": 1})
            batch = await found.sort(NEWEST_FIRST).limit(size).to_list()
            matching = await self._matching([one.get("customer_id") for one in batch], customers)
            ids += [one["_id"] for one in batch if one.get("customer_id") in matching]
            if len(batch) < size:
                break
            after = (batch[-1]["last"]["at"], batch[-1]["_id"])
            size = min(2 * size, MOST_WALKED)
        return await self._newest({"_id": {"$in": ids[:limit]}}, limit)

    async def _matching(self, ids: Iterable[str | None], customers: Query) -> set[str]:
        """Those of these customers that match; looked at one by one, whatever index there is."""
        these = {"_id": {"$in": sorted({id_ for id_ in ids if id_ is not None})}}
        found = self._customers.find({"$and": [these, customers]}, {"_id": 1}, hint="_id_")
        return {one["_id"] async for one in found}

    async def uncared_groups(
        self, actor: Actor, *, bot_id: str | None, customers: Query | None = None
    ) -> list[Document]:
        """Uncared conversations counted by status, kind, channel and assignee.

        `customers` is what their customer must match; named or looked up as in `page`.
        """
        wanted = [UNCARED, {"last.at": {"$type": "date"}}, visible(actor)]
        if bot_id is not None:
            wanted.append({"bot_id": bot_id})
        further: list[Document] = []
        if customers is not None:
            ids = await self._customer_ids(customers)
            if len(ids) <= MOST_CUSTOMERS:
                wanted.append({"customer_id": {"$in": ids}})
            else:
                further = _of_customers(customers)
        steps = [{"$match": {"$and": wanted}}, *further, {"$group": COUNT_GROUP}]
        return await (await self._conversations.aggregate(steps)).to_list()

    async def get(
        self, conversation_id: str, actor: Actor, *, session: Session | None = None
    ) -> Document:
        """The conversation.

        Raises:
            NotFound: there is none.
            NotAllowed: the actor may not see it.
        """
        found = await self._conversations.find_one(
            {"$and": [{"_id": conversation_id}, visible(actor)]}, session=session
        )
        if found is not None:
            return found
        exists = await self._conversations.find_one(
            {"_id": conversation_id}, {"_id": 1}, session=session
        )
        raise NotAllowed if exists else NotFound

    async def customers(
        self, ids: Iterable[str | None], *, session: Session | None = None
    ) -> dict[str, Document]:
        """The customers of a page by id, in one query."""
        wanted = sorted({id_ for id_ in ids if id_ is not None})
        if not wanted:
            return {}
        cursor = self._customers.find(
            {"_id": {"$in": wanted}}, {"name": 1, "identities": 1, "tag_ids": 1}, session=session
        )
        return {customer["_id"]: customer async for customer in cursor}

    async def customer_of(self, conversation: Document) -> Document | None:
        """The whole customer of a conversation that was read, None while there is none."""
        customer_id = conversation.get("customer_id")
        if customer_id is None:
            return None
        return await self._customers.find_one({"_id": customer_id})

    async def visible_ids(self, customer_id: str, actor: Actor) -> list[str]:
        """Ids of the conversations of a customer, of every channel, that the actor may see."""
        query = {"$and": [{"customer_id": customer_id}, visible(actor)]}
        return [found["_id"] async for found in self._conversations.find(query, {"_id": 1})]

    async def message(self, message_id: str, conversation_id: str) -> Document:
        """A message of this conversation.

        Raises:
            NotFound: it is not one.
        """
        found = await self._messages.find_one(
            {"_id": message_id, "conversation_id": conversation_id, **_SHOWN}
        )
        if found is None:
            raise NotFound
        return found

    async def older(
        self, conversation_id: str, before: MessagePlace | None, limit: int
    ) -> list[Document]:
        """Messages before a place, newest first; index (conversation_id, -at, -seq)."""
        query: Query = {"conversation_id": conversation_id, **_SHOWN}
        if before is not None:
            at, seq = before
            query["at"] = {"$lte": at}
            query["$or"] = [{"at": {"$lt": at}}, {"seq": {"$lt": seq}}]
        return (
            await self._messages.find(query, _WITHOUT_WORDS)
            .sort({"at": -1, "seq": -1})
            .limit(limit)
            .to_list()
        )

    async def newer(self, conversation_id: str, after: MessagePlace, limit: int) -> list[Document]:
        """Messages after a place, oldest first; the same index, read backwards."""
        at, seq = after
        query: Query = {
            "conversation_id": conversation_id,
            "at": {"$gte": at},
            "$or": [{"at": {"$gt": at}}, {"seq": {"$gt": seq}}],
        }
        return (
            await self._messages.find(query, _WITHOUT_WORDS)
            .sort({"at": 1, "seq": 1})
            .limit(limit)
            .to_list()
        )

    async def media(
        self,
        conversation_ids: list[str],
        kind: BlockKind | None,
        *,
        after: MediaPlace | None,
        limit: int,
    ) -> list[tuple[MediaPlace, dict[str, Any]]]:
        """Up to `limit` media items over several threads with their places, newest first."""
        found: list[tuple[MediaPlace, dict[str, Any]]] = []
        while len(found) < limit:
            messages = await self._with_attachments(conversation_ids, kind, after, limit + 1)
            found.extend(media_items(messages, kind, after=after))
            if len(messages) <= limit:
                break
            last = messages[-1]  # some may be of another kind than their channel says: go on
            after = MediaPlace(last["at"], last["_id"], len(last["attachments"]))
        return found[:limit]

    async def _with_attachments(
        self,
        conversation_ids: list[str],
        kind: BlockKind | None,
        after: MediaPlace | None,
        limit: int,
    ) -> list[Document]:
        """The message at `after` is included: it may hold more than its page had room for."""
        query: Query = {
            "conversation_id": {"$in": conversation_ids},
            "removed_at": {"$exists": False},
            **_SHOWN,
            **media_query(kind),
        }
        if after is not None:
            query["at"] = {"$lte": after.at}
            query["$or"] = [{"at": {"$lt": after.at}}, {"_id": {"$lte": after.message_id}}]
        fields = {"attachments": 1, "conversation_id": 1, "at": 1, "direction": 1}
        found = self._messages.find(query, fields)
        return await found.sort({"at": -1, "_id": -1}).limit(limit).to_list()

    async def with_media(
        self, message_ids: Iterable[str], conversation_ids: list[str]
    ) -> dict[str, Document]:
        """Those of the messages that are in these threads, by id, with what their files need."""
        query: Query = {
            "_id": {"$in": list(message_ids)},
            "conversation_id": {"$in": conversation_ids},
            **_SHOWN,
        }
        found = self._messages.find(query, {"attachments": 1, "removed_at": 1, "at": 1})
        return {message["_id"]: message async for message in found}


def _after(place: ListPlace | None) -> list[Query]:
    """What stands behind a place of the list."""
    if place is None:
        return []
    at, id_ = place
    return [{"last.at": {"$lte": at}}, {"$or": [{"last.at": {"$lt": at}}, {"_id": {"$lt": id_}}]}]


def _of_customers(query: Query) -> list[Document]:
    """Steps that let through what has such a customer; they leave `found` behind."""
    return [
        {
            "$lookup": {
                "from": "customers",
                "localField": "customer_id",
                "foreignField": "_id",
                "pipeline": [{"$match": query}, {"$project": {"_id": 1}}],
                "as": "found",
            }
        },
        {"$match": {"found.0": {"$exists": True}}},
    ]
