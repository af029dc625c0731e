"""The collection `crm_forgetting {_id, connection, customer_id, record_id?, external_ids, synced,
wrote, work: due}`.

A row lives until the record is emptied; it holds hashes, ids and tags, no value of the customer.
Without `record_id` the record was about to be made: it is looked for by our ids.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from crm_sync.mapping.synced import Synced
from crm_sync.mirroring.model import mirrored_from, synced_document
from crm_sync.mirroring.store import part_of
from inbox.clock import Clock
from inbox.mongo.client import Document, Mongo, Session
from inbox.mongo.due import Claimed, DueWork, Pace, due


class ForgettingStore:
    """Records that are to be emptied, of the connections that want it."""

    def __init__(
        self,
        mongo: Mongo,
        clock: Clock,
        connections: Collection[str],
        *,
        pace: Pace | None = None,
    ) -> None:
        self._rows = mongo["crm_forgetting"]
        self._customers = mongo["customers"]
        self._connections = frozenset(connections)
        self._clock = clock
        self.due = DueWork(mongo, "crm_forgetting", "work", clock, pace=pace)

    async def add(self, connection: str, customer: Mapping[str, Any], *, session: Session) -> None:
        """Every record that the customer has there, in the transaction that erases them."""
        if connection not in self._connections:
            return
        part = part_of(customer, connection)
        wrote = [{"field": one["field"], "hash": one["hash"]} for one in part.get("wrote") or ()]
        row = {
            "connection": connection,
            "customer_id": customer["_id"],
            "external_ids": [customer["_id"], *customer.get("merged_from", ())],
            "wrote": wrote,
            "work": due(self._when_nobody_writes(part)),
        }
        if "link" in part:
            mine = {"record_id": part["link"]["id"], "synced": part.get("synced") or []}
            await self._add({**row, **mine}, session)
        elif wrote:
            await self._add({**row, "synced": []}, session)
        for one in part.get("merged") or ():
            behind = {"record_id": one["id"], "synced": one["synced"], "wrote": []}
            await self._add({**row, **behind}, session)

    async def add_record(
        self, connection: str, customer_id: str, record_id: str, synced: Mapping[str, Synced]
    ) -> None:
        """One that was written while its customer was being erased."""
        if connection in self._connections:
            row: Document = {
                "connection": connection,
                "customer_id": customer_id,
                "external_ids": [customer_id],
                "record_id": record_id,
                "synced": synced_document(synced),
                "wrote": [],
                "work": due(self._clock.now()),
            }
            await self._add(row, None)

    async def owner(self, connection: str, record_id: str) -> Mapping[str, Any] | None:
        """A customer who has the record by now; index (crm.<connection>.link.id)."""
        return await self._customers.find_one({f"crm.{connection}.link.id": record_id})

    def _when_nobody_writes(self, part: Mapping[str, Any]) -> datetime:
        """A worker that has begun may write until its lease ends."""
        now = self._clock.now()
        until: datetime = (part.get("work") or {}).get("lease_until") or now
        return max(now, until)

    async def _add(self, row: Document, session: Session | None) -> None:
        id_ = f"{row['connection']}:{row.get('record_id') or '?' + row['customer_id']}"
        await self._rows.update_one({"_id": id_}, {"$set": row}, upsert=True, session=session)

    async def done(self, claimed: Claimed) -> None:
        await self._rows.delete_one({"_id": claimed.id, "work.token": claimed.token})


def synced_of(row: Mapping[str, Any]) -> Mapping[str, Synced]:
    """What we wrote into the record, by the names of its fields."""
    return mirrored_from({"synced": row["synced"]}).synced
