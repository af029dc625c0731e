"""Reads what is parked in `customers.crm.<connection>.parked`; index (...parked.at), partial."""

from datetime import datetime

from crm_sync.mirroring.marking import path_of
from crm_sync.mirroring.model import ParkedClass, parked_from
from crm_sync.parking.model import ParkedPage, ParkedPlace, ParkedRow
from inbox.mongo.client import Document, Mongo


class ParkedStore:
    """Of one connection. What is parked is rare, so a page may look at all of it."""

    def __init__(self, mongo: Mongo, connection: str) -> None:
        self._customers = mongo["customers"]
        self._path = path_of(connection)

    async def page(
        self, kind: ParkedClass | None, *, after: ParkedPlace | None, limit: int
    ) -> ParkedPage:
        """Rows of a kind, or of all, newest first."""
        stages = [
            *self._rows(kind),
            *([{"$match": _comes_after(after)}] if after is not None else []),
            {"$sort": {"row.at": -1, "_id": 1, "number": 1}},
            {"$limit": limit + 1},
        ]
        found = await (await self._customers.aggregate(stages)).to_list()
        rows = [ParkedRow(one["_id"], one["number"], parked_from(one["row"])) for one in found]
        more = len(rows) > limit
        return ParkedPage(rows[:limit], rows[limit - 1].place if more else None)

    async def counts(self) -> dict[ParkedClass, int]:
        """How many rows there are of each kind that there is."""
        stages = [*self._rows(None), {"$group": {"_id": "$row.kind", "count": {"$sum": 1}}}]
        found = await (await self._customers.aggregate(stages)).to_list()
        return {one["_id"]: one["count"] for one in found}

    async def customers(
        self, kind: ParkedClass | None, until: datetime, *, after: str, limit: int
    ) -> list[str]:
        """The next customers by id of whom something was parked at `until` or before."""
        row: Document = {"at": {"$lte": until}} | ({"kind": kind} if kind is not None else {})
        query = {
            f"{self._path}.parked.at": {"$exists": True},
            f"{self._path}.parked": {"$elemMatch": row},
            "_id": {"$gt": after},
        }
        found = self._customers.find(query, {"_id": 1}).sort("_id", 1).limit(limit)
        return [one["_id"] async for one in found]

    def _rows(self, kind: ParkedClass | None) -> list[Document]:
        parked = f"{self._path}.parked"
        of_kind: Document = {f"{parked}.kind": kind} if kind is not None else {}
        return [
            {"$match": {f"{parked}.at": {"$exists": True}} | of_kind},
            {"$project": {"row": f"${parked}"}},
            {"$unwind": {"path": "$row", "includeArrayIndex": "number"}},
            *([{"$match": {"row.kind": kind}}] if kind is not None else []),
        ]


def _comes_after(place: ParkedPlace) -> Document:
    same: Document = {"row.at": place.at}
    return {
        "$or": [
            {"row.at": {"$lt": place.at}},
            same | {"_id": {"$gt": place.customer_id}},
            same | {"_id": place.customer_id, "number": {"$gt": place.number}},
        ]
    }
