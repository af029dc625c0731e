"""The links of a connection, and its last report: `crm_connections.<name>.reconciled`."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict
from typing import Any

from crm_sync.backfilling.model import Wanted
from crm_sync.backfilling.store import ReachStore
from crm_sync.mirroring.marking import path_of
from crm_sync.mirroring.model import mirrored_from
from crm_sync.reconciling.model import Linked, Report
from inbox.mongo.client import Mongo


class ReconciledStore:
    """Of all connections."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self._customers = mongo["customers"]
        self._connections = mongo["crm_connections"]

    async def count_linked(self, connection: str) -> int:
        """Index (crm.<connection>.link.id)."""
        link = f"{path_of(connection)}.link.id"
        return await self._customers.count_documents({link: {"$exists": True}})

    async def count_unlinked(self, connection: str) -> int:
        """Whom a back-fill would reach."""
        return await ReachStore(self._mongo, connection).count(Wanted())

    async def links(self, connection: str) -> AsyncIterator[Linked]:
        """Every link of a customer with whom nothing is being done, batch by batch."""
        path = path_of(connection)
        parts = {f"{path}.{name}": 1 for name in ("link", "dirty", "work.due_at", "parked")}
        async for one in self._customers.find({f"{path}.link.id": {"$exists": True}}, parts):
            part = one["crm"][connection]
            known = mirrored_from(part)
            if known.link is not None and "work" not in part and not known.is_given_up:
                yield Linked(one["_id"], known.link.record_id)

    async def keep(self, connection: str, report: Report) -> None:
        """The last report replaces the one before."""
        await self._connections.update_one(
            {"_id": connection}, {"$set": {"reconciled": _document(report)}}, upsert=True
        )

    async def last(self, connection: str) -> Report | None:
        """None: it was never compared to the end."""
        found = await self._connections.find_one({"_id": connection}, {"reconciled": 1})
        document = (found or {}).get("reconciled")
        return _report(document) if document is not None else None


def _document(report: Report) -> dict[str, Any]:
    """Fields as a list: their names have dots, which would nest."""
    fields = [{"field": name, "count": count} for name, count in sorted(report.fields.items())]
    return {**asdict(report), "fields": fields, "examples": list(report.examples)}


def _report(document: Mapping[str, Any]) -> Report:
    fields = {one["field"]: one["count"] for one in document["fields"]}
    return Report(**{**document, "fields": fields, "examples": tuple(document["examples"])})
