"""The collection `audit`: insert only."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bson import ObjectId

from inbox.mongo.client import Document, Mongo, Session
from inbox.staff.audit.model import AuditEntry, AuditFilter
from inbox.staff.model import Actor


class AuditStore:
    """Who changed what; values that are secret are never given to it."""

    def __init__(self, mongo: Mongo) -> None:
        self._audit = mongo["audit"]

    async def record(
        self,
        actor: Actor | None,
        action: str,
        target: tuple[str, str],
        *,
        at: datetime,
        changes: Mapping[str, Any] | None = None,
        session: Session | None = None,
    ) -> None:
        """Keep one entry, in the transaction that makes the change.

        Args:
            actor: who did it; None is the system itself.
            action: past tense, as "staff_created".
            target: kind and id of what was changed, as ("staff", "...").
            at: when.
            changes: by field, `{"before": ..., "after": ...}` or what else tells the change.
            session: of the transaction.
        """
        await self._audit.insert_one(
            {
                "_id": str(ObjectId()),  # grows, so what happened in one millisecond stays in order
                "at": at,
                "actor": None
                if actor is None
                else {
                    "id": actor.id,
                    "name": actor.name,
                    "kind": actor.kind,
                    "address": actor.address,
                },
                "action": action,
                "target": {"kind": target[0], "id": target[1]},
                "changes": dict(changes or {}),
            },
            session=session,
        )

    async def page(
        self, wanted: AuditFilter, *, after: tuple[datetime, str] | None, limit: int
    ) -> list[AuditEntry]:
        """Newest first; `after` is (at, id) of the last one seen.

        Index (-at, -_id), behind the actor, the target or the action when one is asked for.
        """
        equal = {
            "actor.id": wanted.actor_id,
            "target.id": wanted.target_id,
            "action": wanted.action,
        }
        query: Document = {name: value for name, value in equal.items() if value is not None}
        time: Document = {} if wanted.since is None else {"$gte": wanted.since}
        if after is not None:
            at, entry_id = after
            time["$lte"] = at
            query["$or"] = [{"at": {"$lt": at}}, {"_id": {"$lt": entry_id}}]
        if time:
            query["at"] = time
        cursor = self._audit.find(query).sort([("at", -1), ("_id", -1)]).limit(limit)
        return [
            AuditEntry(
                id=document["_id"],
                at=document["at"],
                actor_id=(document["actor"] or {}).get("id"),
                actor_name=(document["actor"] or {}).get("name"),
                address=(document["actor"] or {}).get("address"),
                action=document["action"],
                target_kind=document["target"]["kind"],
                target_id=document["target"]["id"],
                changes=document["changes"],
            )
            async for document in cursor
        ]
