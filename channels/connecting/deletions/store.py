"""The collection `data_deletions`: what users of our app asked Meta to have deleted here."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from inbox.mongo.client import Document, Mongo, Session

DeletionState = Literal["erasing", "needs_admin", "done"]


@dataclass(frozen=True, slots=True)
class Deletion:
    """One request. `code` is what the person and Meta know it by; `user` is sealed while an admin
    still has to look for the person, and forgotten after.
    """

    code: str
    requested_at: datetime
    state: DeletionState
    sealed_user: bytes | None
    done_at: datetime | None = None


class DeletionStore:
    """Requests by code, and by the hash of what Meta signed, so that a repeat is the same one."""

    def __init__(self, mongo: Mongo) -> None:
        self._deletions = mongo["data_deletions"]
        self._customers = mongo["customers"]
        self._erasures = mongo["erasures"]

    async def request(self, request_hash: str, sealed_user: bytes, *, now: datetime) -> Deletion:
        """Keep a request; the one that is there already when it comes again."""
        await self._deletions.update_one(
            {"_id": request_hash},
            {
                "$setOnInsert": {
                    "code": secrets.token_urlsafe(12),
                    "requested_at": now,
                    "state": "needs_admin",
                    "user": sealed_user,
                }
            },
            upsert=True,
        )
        document = await self._deletions.find_one({"_id": request_hash})
        assert document is not None, "requests are never deleted"
        return _to_deletion(document)

    async def erasing(self, code: str, erasure_ids: Collection[str]) -> None:
        """The person was found: these erasures do the rest, and nobody needs to look."""
        await self._deletions.update_one(
            {"code": code, "state": "needs_admin"},
            {
                "$set": {"state": "erasing", "erasure_ids": sorted(erasure_ids)},
                "$unset": {"user": 1},
            },
        )

    async def find(self, code: str) -> Deletion | None:
        """A request; it is done once its erasures are. Index (code)."""
        document = await self._deletions.find_one({"code": code})
        if document is None:
            return None
        if document["state"] == "erasing" and not await self._is_erasing(document):
            document["state"] = "done"
        return _to_deletion(document)

    async def open(self, *, limit: int) -> list[Deletion]:
        """Those that wait for an admin, the oldest first. They are few: no index."""
        cursor = self._deletions.find({"state": "needs_admin"}).sort("requested_at", 1)
        return [_to_deletion(one) async for one in cursor.limit(limit)]

    async def close(self, code: str, *, now: datetime, session: Session) -> bool:
        """An admin has looked and done what there was to do; who it was is forgotten."""
        done = await self._deletions.update_one(
            {"code": code, "state": "needs_admin"},
            {"$set": {"state": "done", "done_at": now}, "$unset": {"user": 1}},
            session=session,
        )
        return done.matched_count == 1

    async def known(self, identity_ids: Collection[str]) -> list[str]:
        """Those of `identity_ids` that a customer has. Index (identities.id)."""
        wanted = list(identity_ids)
        found = await self._customers.distinct("identities.id", {"identities.id": {"$in": wanted}})
        return sorted(set(found) & set(wanted))

    async def _is_erasing(self, document: Document) -> bool:
        query = {"_id": {"$in": document["erasure_ids"]}, "done_at": {"$exists": False}}
        return await self._erasures.find_one(query, {"_id": 1}) is not None


def _to_deletion(document: Document) -> Deletion:
    return Deletion(
        document["code"],
        document["requested_at"],
        document["state"],
        document.get("user"),
        document.get("done_at"),
    )
