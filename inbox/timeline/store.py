"""Reads the collection `interactions`."""

from collections.abc import Sequence
from datetime import datetime

from inbox.mongo.client import Document, Mongo
from inbox.timeline.kinds import HIDDEN

Place = tuple[datetime, str]
"""(at, id) of the row before."""


class TimelineStore:
    """The timeline of a customer, newest first."""

    def __init__(self, mongo: Mongo) -> None:
        self._interactions = mongo["interactions"]

    async def page(
        self,
        customer_ids: Sequence[str],
        *,
        conversation_ids: Sequence[str],
        types: Sequence[str] | None,
        after: Place | None,
        limit: int,
    ) -> list[Document]:
        """Up to `limit` rows; index (customer_id, -at, -_id).

        `customer_ids` are the customer's own id and those of the records merged into it. Rows of
        other conversations than `conversation_ids` are left out; rows that belong to no
        conversation (an edit of the customer) are in. Without `types` all but the hidden ones;
        index (customer_id, type, -at, -_id) where there are few of the types.
        """
        query: Document = {
            "customer_id": {"$in": list(customer_ids)},
            "conversation_id": {"$in": [None, *conversation_ids]},
        }
        query["type"] = {"$nin": list(HIDDEN)} if types is None else {"$in": list(types)}
        if after is not None:
            at, id_ = after
            query["at"] = {"$lte": at}
            query["$or"] = [{"at": {"$lt": at}}, {"_id": {"$lt": id_}}]
        found = self._interactions.find(query)
        return await found.sort({"at": -1, "_id": -1}).limit(limit).to_list()
