"""The collection `crm_connections {_id: name, paused?, failures, rests_until?, probe_until?,
fields_off: [{field, reason}], checked?: {mapping: fingerprint, at}}`.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from pymongo import ReturnDocument

from crm_sync.connections.model import Connection, Paused, Permit, failed, worked
from inbox.clock import Clock
from inbox.mongo.client import Document, Mongo, Session

PROBE_WITHIN = timedelta(seconds=60)
"""How long one process may take to find out whether the CRM is back."""


class ConnectionStore:
    """One breaker for all processes: five failures of four workers are five, not twenty."""

    def __init__(self, mongo: Mongo, clock: Clock) -> None:
        self._mongo = mongo
        self._connections = mongo["crm_connections"]
        self._clock = clock

    async def get(self, name: str) -> Connection:
        """How it is; one that nobody has written to is well."""
        return _connection(name, await self._connections.find_one({"_id": name}))

    async def allowed(self, name: str, most: int) -> int:
        """How many customers this process may push now: `most`, one as a probe, or none."""
        return (await self.permit(name, most)).most

    async def permit(self, name: str, most: int) -> Permit:
        """As `allowed`; a probe that ends without a verdict (`note`) is to be given back."""
        connection, now = await self.get(name), self._clock.now()
        if connection.is_well:
            return Permit(most)
        if not connection.may_probe(now):
            return Permit(0)
        free = {"$or": [{"probe_until": {"$exists": False}}, {"probe_until": {"$lte": now}}]}
        got = await self._connections.find_one_and_update(
            {"_id": name, "rests_until": {"$lte": now}, "paused": {"$exists": False}, **free},
            {"$set": {"probe_until": now + PROBE_WITHIN}},
            return_document=ReturnDocument.AFTER,
        )
        return Permit(0) if got is None else Permit(1, got["probe_until"])

    async def give_back(self, name: str, permit: Permit) -> None:
        """Somebody else may find out. Nothing happens when there was a verdict, or no probe."""
        if permit.probe is not None:
            await self._connections.update_one(
                {"_id": name, "probe_until": permit.probe}, {"$unset": {"probe_until": ""}}
            )

    async def note(self, name: str, *, ok: bool) -> Connection:
        """What became of a call; the connection as it is then.

        While all is well there is nothing to write, and reading takes no transaction.
        """
        if ok and worked(now := await self.get(name)) == now:
            return now

        async def work(session: Session) -> Connection:
            found = await self._connections.find_one({"_id": name}, session=session)
            before = _connection(name, found)
            after = worked(before) if ok else failed(before, self._clock.now())
            if after != before:
                await self._write(after, session)
            return after

        return await self._mongo.transaction(work)

    async def pause(self, name: str, code: str) -> bool:
        """Its credentials were refused. False when it was paused already: told once."""
        paused = {"code": code, "at": self._clock.now()}
        done = await self._connections.update_one(
            {"_id": name, "paused": None}, {"$set": {"paused": paused}}, upsert=False
        )
        if done.matched_count:
            return True
        try_new = await self._connections.update_one(
            {"_id": name}, {"$setOnInsert": {"paused": paused}}, upsert=True
        )
        return try_new.upserted_id is not None

    async def resume(self, name: str) -> None:
        """Somebody has given it new credentials, or says that it works."""
        gone = ("paused", "rests_until", "probe_until")
        await self._connections.update_one(
            {"_id": name}, {"$unset": dict.fromkeys(gone, ""), "$set": {"failures": 0}}
        )

    async def switch_off(self, name: str, fields: Mapping[str, str]) -> None:
        """Fields of the CRM that it does not know or take, by reason; a later call replaces all."""
        rows = [{"field": one, "reason": reason} for one, reason in sorted(fields.items())]
        await self._connections.update_one(
            {"_id": name}, {"$set": {"fields_off": rows}}, upsert=True
        )

    async def checked(self, name: str, off: Mapping[str, str], mapping: str, now: datetime) -> bool:
        """The mapping was compared with the CRM's fields; `mapping` is its fingerprint.

        Whether it is another one than last time.
        """
        await self.switch_off(name, off)
        before = await self._connections.find_one_and_update(
            {"_id": name}, {"$set": {"checked": {"mapping": mapping, "at": now}}}
        )
        known: str | None = ((before or {}).get("checked") or {}).get("mapping")
        return known != mapping

    async def switch_off_more(self, name: str, fields: Collection[str], reason: str) -> None:
        """Fields that a call has just failed by; `switch_off` looks at all of them anew."""
        known = (await self.get(name)).fields_off
        await self.switch_off(name, {**known, **dict.fromkeys(fields, reason)})

    async def _write(self, connection: Connection, session: Session) -> None:
        times = {"rests_until": connection.rests_until, "probe_until": connection.probe_until}
        update: Document = {
            "$set": {
                "failures": connection.failures,
                **{name: at for name, at in times.items() if at is not None},
            }
        }
        if gone := [name for name, at in times.items() if at is None]:
            update["$unset"] = dict.fromkeys(gone, "")
        await self._connections.update_one(
            {"_id": connection.name}, update, upsert=True, session=session
        )


def _connection(name: str, document: Document | None) -> Connection:
    found = document or {}
    paused = found.get("paused")
    rests_until: datetime | None = found.get("rests_until")
    return Connection(
        name,
        Paused(paused["code"], paused["at"]) if paused else None,
        found.get("failures", 0),
        rests_until,
        found.get("probe_until"),
        {one["field"]: one["reason"] for one in found.get("fields_off") or ()},
    )
