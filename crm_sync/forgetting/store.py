"""The collection `crm_forgetting {_id, connection, customer_id, record_id, synced, work: due}`.

A row lives until the record is emptied; it holds hashes and ids, no value of the customer.
"""

from collections.abc import Collection, Mapping, Sequence
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
        self._connections = frozenset(connections)
        self._clock = clock
        self.due = DueWork(mongo, "crm_forgetting", "work", clock, pace=pace)

    async def add(self, connection: str, customer: Mapping[str, Any], *, session: Session) -> None:
        """Every record that the customer has there, in the transaction that erases them."""
        if connection not in self._connections:
            return
        part = part_of(customer, connection) or {}
        links = [part["link"]["id"]] if "link" in part else []
        records = [(id_, part.get("synced") or []) for id_ in links]
        records += [(one["id"], one["synced"]) for one in part.get("merged") or ()]
        for record_id, synced in records:
            await self._add(connection, customer["_id"], record_id, synced, session)

    async def add_record(
        self, connection: str, customer_id: str, record_id: str, synced: Mapping[str, Synced]
    ) -> None:
        """One that was written while its customer was being erased."""
        if connection in self._connections:
            rows = synced_document(synced)
            await self._add(connection, customer_id, record_id, rows, None)

    async def _add(
        self,
        connection: str,
        customer_id: str,
        record_id: str,
        synced: Sequence[Mapping[str, Any]],
        session: Session | None,
    ) -> None:
        row: Document = {
            "connection": connection,
            "customer_id": customer_id,
            "record_id": record_id,
            "synced": list(synced),
            "work": due(self._clock.now()),
        }
        await self._rows.update_one(
            {"_id": f"{connection}:{record_id}"}, {"$set": row}, upsert=True, session=session
        )

    async def done(self, claimed: Claimed) -> None:
        await self._rows.delete_one({"_id": claimed.id, "work.token": claimed.token})


def synced_of(row: Mapping[str, Any]) -> Mapping[str, Synced]:
    """What we wrote into the record, by the names of its fields."""
    return mirrored_from({"synced": row["synced"]}).synced
