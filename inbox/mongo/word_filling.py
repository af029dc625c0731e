"""Gives what was stored before there was a search the words by which it is found."""

from collections.abc import Callable, Mapping
from typing import Any

import pymongo
from pymongo import UpdateOne

from inbox.mongo.client import Mongo
from inbox.search.tokens import FIELD, customer_tokens, message_tokens

BATCH = 1000
_PATIENCE_S = 600
"""On a machine that has more to do, a batch may wait."""
_REPLACED_INDEX = "name_key"

_Tokens = Callable[[Mapping[str, Any]], list[str]]
_PARTS: tuple[tuple[str, _Tokens, tuple[str, ...]], ...] = (
    ("customers", customer_tokens, ("name", "identities.name", "phones", "emails", "note")),
    ("messages", message_tokens, ("text", "edit.text", "at", "removed_at")),
)
"""Collections, how their tokens are made, and from which fields."""


async def fill_words(mongo: Mongo) -> None:
    """Give every customer and message its tokens, in batches by id.

    After a crash it goes on after the last batch that was done. Whatever is written meanwhile
    has its tokens already, and keeps them.
    """
    for collection, tokens, fields in _PARTS:
        await _fill(mongo, collection, tokens, fields)
    if _REPLACED_INDEX in await mongo["customers"].index_information():
        await mongo["customers"].drop_index(_REPLACED_INDEX)


async def _fill(mongo: Mongo, collection: str, tokens: _Tokens, fields: tuple[str, ...]) -> None:
    marks, mark = mongo["service_marks"], {"_id": f"words:{collection}"}
    last: str = (await marks.find_one(mark) or {}).get("done_to", "")
    while True:
        with pymongo.timeout(_PATIENCE_S):
            found = mongo[collection].find({"_id": {"$gt": last}}, dict.fromkeys(fields, 1))
            batch = await found.sort("_id", 1).limit(BATCH).to_list()
            if not batch:
                return
            updates = [
                UpdateOne({"_id": one["_id"], FIELD: {"$exists": False}}, {"$set": {FIELD: words}})
                for one in batch
                if (words := tokens(one))
            ]
            if updates:
                await mongo[collection].bulk_write(updates, ordered=False)
            last = batch[-1]["_id"]
            await marks.update_one(mark, {"$set": {"done_to": last}}, upsert=True)
