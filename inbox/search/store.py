"""Finds customers and messages by their words, newest first, as far as the actor may see them.

The index (tok, -time, -_id) holds each word's documents newest first. The rarest word of a query
is walked; its documents are looked at for the other words, and what is left for visibility. Every
key that is read counts, so the work is bounded whatever is asked for.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inbox.conversations.visibility import visible
from inbox.mongo.client import Collection, Document, Mongo
from inbox.search.tokens import FIELD, Term
from inbox.staff.model import Actor

MOST_KEYS = 5000
"""Keys of the index that one search reads; beyond them its answer is partial."""
_PROBE = 100
"""Keys of each word that are read to see which is the rarest."""
_FIRST_BATCH = 50
_GROWTH = 4
"""While nothing was found, each batch is so many times as large as the one before."""
_MARGIN = 1.25
_LARGEST_BATCH = 2000

Place = tuple[datetime, str]
"""(time, id) of the document before."""
Visible = Callable[[Sequence[Document]], Awaitable[Sequence[Document]]]


@dataclass(frozen=True, slots=True)
class Found:
    """Documents, newest first; the place after which to go on; whether the search gave up."""

    documents: list[Document]
    place: Place | None
    partial: bool


class SearchStore:
    """Quick search over `customers` and `messages`."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def messages(
        self,
        terms: Sequence[Term],
        actor: Actor,
        *,
        bot_id: str | None,
        after: Place | None,
        limit: int,
    ) -> Found:
        """Messages with all these words, each with its conversation as `conversation`."""

        async def seen(found: Sequence[Document]) -> Sequence[Document]:
            ids = {"_id": {"$in": sorted({one["conversation_id"] for one in found})}}
            threads = await self._threads(ids, actor, bot_id)
            by_id = {thread["_id"]: thread for thread in threads}
            return [
                {**one, "conversation": by_id[one["conversation_id"]]}
                for one in found
                if one["conversation_id"] in by_id
            ]

        walk = _Walk(self._mongo["messages"], "at", ("conversation_id",), terms)
        found = await walk.run(seen, after, limit)
        fields = ("text", "edit.text", "author", "direction", "internal", "removed_at")
        return await self._with(found, "messages", fields)

    async def customers(
        self,
        terms: Sequence[Term],
        actor: Actor,
        *,
        bot_id: str | None,
        after: Place | None,
        limit: int,
    ) -> Found:
        """Customers with all these words, each with its newest visible `conversation`, if any."""

        async def seen(found: Sequence[Document]) -> Sequence[Document]:
            if actor.sees_every_bot and bot_id is None:
                return found
            ids = {"customer_id": {"$in": [one["_id"] for one in found]}}
            theirs = {one["customer_id"] for one in await self._threads(ids, actor, bot_id)}
            return [one for one in found if one["_id"] in theirs]

        found = await _Walk(self._mongo["customers"], "created_at", (), terms).run(
            seen, after, limit
        )
        fields = ("name", "phones", "emails", "note", "identities.name", "identities.channel")
        found = await self._with(found, "customers", fields)
        ids = {"customer_id": {"$in": [one["_id"] for one in found.documents]}}
        threads = await self._threads(ids, actor, bot_id)
        newest = sorted(threads, key=lambda one: (one["last"]["at"], one["_id"]))
        by_customer = {one["customer_id"]: one for one in newest}
        for one in found.documents:
            one["conversation"] = by_customer.get(one["_id"])
        return found

    async def names(self, customer_ids: Sequence[str]) -> dict[str, str | None]:
        """Names of customers by their ids."""
        ids = {"_id": {"$in": sorted(set(customer_ids))}}
        found = self._mongo["customers"].find(ids, {"name": 1})
        return {one["_id"]: one.get("name") async for one in found}

    async def _threads(self, query: Document, actor: Actor, bot_id: str | None) -> list[Document]:
        """Conversations in which something was said and that the actor may see."""
        of_bot = {} if bot_id is None else {"bot_id": bot_id}
        shown = {"last.at": {"$type": "date"}}
        fields = {"customer_id": 1, "bot_id": 1, "channel": 1, "last.at": 1}
        both = {"$and": [query, shown, of_bot, visible(actor)]}
        return await self._mongo["conversations"].find(both, fields).to_list()

    async def _with(self, found: Found, collection: str, fields: Sequence[str]) -> Found:
        """The documents of a page with what is shown of them."""
        ids = {"_id": {"$in": [one["_id"] for one in found.documents]}}
        details = self._mongo[collection].find(ids, dict.fromkeys(fields, 1))
        by_id = {one["_id"]: one async for one in details}
        whole = [{**one, **by_id[one["_id"]]} for one in found.documents if one["_id"] in by_id]
        return Found(whole, found.place, found.partial)


class _Walk:
    """One search through the index (tok, -newest, -_id) of a collection.

    `fields` are read of what has all words, besides its time and its id.
    """

    def __init__(
        self, collection: Collection, newest: str, fields: Sequence[str], terms: Sequence[Term]
    ) -> None:
        self._collection = collection
        self._newest = newest
        self._hint = f"{FIELD}_-{newest}_-_id"
        self._fields = fields
        self._terms = terms
        self._left = MOST_KEYS

    async def run(self, seen: Visible, after: Place | None, limit: int) -> Found:
        """Up to `limit` documents after a place; `seen` drops those that are not visible."""
        first = await self._rarest(after)
        shown: list[Document] = []
        size = max(_FIRST_BATCH, limit + 1)
        while self._left > 0:
            wanted = min(size, self._left)
            batch = await self._batch(first, after, wanted)
            self._left -= len(batch)
            if hits := [one for one in batch if one["hit"]]:
                shown += await seen(hits)
            if len(shown) > limit:
                return Found(shown[:limit], self._place(shown[limit - 1]), partial=False)
            if len(batch) < wanted:
                return Found(shown, None, partial=False)
            after = self._place(batch[-1])
            size = self._next_size(size, len(shown), limit + 1)
        return Found(shown, after, partial=True)

    def _next_size(self, size: int, shown: int, wanted: int) -> int:
        """As many as are likely to bring what is still wanted; reading documents is what costs."""
        if shown == 0:
            return min(size * _GROWTH, _LARGEST_BATCH)
        read = MOST_KEYS - self._left
        likely = int(_MARGIN * (wanted - shown) * read / shown)
        return min(max(likely, _FIRST_BATCH), _LARGEST_BATCH)

    def _place(self, document: Document) -> Place:
        return document[self._newest], document["_id"]

    async def _rarest(self, after: Place | None) -> Term:
        """The word that is rarest from here on: fewest keys, or the longest time for as many."""
        if len(self._terms) == 1:
            return self._terms[0]
        probes = await asyncio.gather(*(self._probe(term, after) for term in self._terms))
        self._left -= sum(count for count, _ in probes)
        ranks = [(count, oldest, n) for n, (count, oldest) in enumerate(probes)]
        return self._terms[min(ranks)[2]]

    async def _probe(self, term: Term, after: Place | None) -> tuple[int, float]:
        """How many keys a word has, up to _PROBE, and how far back they reach; index alone."""
        query: Document = {FIELD: {"$in": list(term.keys)}}
        if after is not None:
            query[self._newest] = {"$lte": after[0]}
        found = self._collection.find(query, {"_id": 0, self._newest: 1}, hint=self._hint)
        keys = await found.sort(self._order()).limit(_PROBE).to_list()
        return len(keys), keys[-1][self._newest].timestamp() if keys else 0.0

    async def _batch(self, first: Term, after: Place | None, size: int) -> list[Document]:
        """The next `size` documents of a word; `hit` says whether they have the others too."""
        word: Document = {FIELD: {"$in": list(first.keys)}}
        if after is None:
            return await self._read(word, first, size)
        at, id_ = after
        same_time = {**word, self._newest: at, "_id": {"$lt": id_}}
        found = await self._read(same_time, first, size, {"_id": -1})
        if len(found) < size:
            older = {**word, self._newest: {"$lt": at}}
            found += await self._read(older, first, size - len(found))
        return found

    async def _read(
        self, query: Document, first: Term, size: int, order: dict[str, int] | None = None
    ) -> list[Document]:
        """`order` is that of the index, where the time is not the same for all."""
        tests = [_has(term) for term in self._terms if term is not first]
        tests += [_begins(term) for term in self._terms if term.beginning is not None]
        fields = {self._newest: 1, **dict.fromkeys(self._fields, 1)}
        steps: list[Document] = [
            {"$match": query},
            {"$sort": order or self._order()},
            {"$limit": size},
            {"$project": {**fields, "hit": {"$and": tests} if tests else {"$literal": True}}},
        ]
        return await (await self._collection.aggregate(steps, hint=self._hint)).to_list()

    def _order(self) -> dict[str, int]:
        return {self._newest: -1, "_id": -1}


def _has(term: Term) -> Document:
    return {"$or": [{"$in": [key, f"${FIELD}"]} for key in term.keys]}


def _begins(term: Term) -> Document:
    """The stored beginnings are shorter than what was asked for."""
    assert term.beginning is not None
    start: Any = {"$substrCP": ["$$one", 0, len(term.beginning)]}
    same = {"$map": {"input": f"${FIELD}", "as": "one", "in": {"$eq": [start, term.beginning]}}}
    return {"$anyElementTrue": [same]}
