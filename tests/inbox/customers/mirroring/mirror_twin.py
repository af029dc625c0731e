"""A mirror that behaves: marks as a real one must, and pushes to a CRM that keeps records."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from inbox.clock import Clock
from inbox.customers.mirroring.cards import CardReason, CrmCard
from inbox.mongo.client import Mongo, Session
from inbox.mongo.due import DueWork, Pace, due

MAPPED = {"phones": "phone", "emails": "email", "note": "note", "tag_ids": "chat_tags"}


@dataclass
class CrmStub:
    """Records by customer id, and every call with the keys that it wrote."""

    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[dict[str, Any]] = field(default_factory=list)
    is_down: bool = False

    def upsert(self, customer_id: str, values: dict[str, Any]) -> None:
        if self.is_down:
            raise ConnectionError
        self.calls.append(values)
        self.records.setdefault(customer_id, {"owner": "untouched"}).update(values)


class MirrorTwin:
    """Implements `Mirror`. What is marked is `crm.twin.{rev, dirty: {field: rev}, push: due}`."""

    connection = "twin"

    def __init__(self, mongo: Mongo, clock: Clock, crm: CrmStub) -> None:
        self._mongo = mongo
        self._crm = crm
        self.woken = 0
        pace = Pace(lease=timedelta(seconds=30))
        self._due = DueWork(mongo, "customers", "crm.twin.push", clock, pace=pace)

    def mark(
        self, customer: Mapping[str, Any], fields: Collection[str], now: datetime
    ) -> dict[str, Any]:
        mapped = [name for name in fields if name in MAPPED]
        if not mapped:
            return {}
        state = customer.get("crm", {}).get("twin", {})
        revision = state.get("rev", 0) + 1
        marks: dict[str, Any] = {f"crm.twin.dirty.{name}": revision for name in mapped}
        marks["crm.twin.rev"] = revision
        if "push" not in state:
            marks["crm.twin.push"] = due(now)
        return marks

    def wake(self) -> None:
        self.woken += 1

    def merge(self, survivor: Mapping[str, Any], loser: Mapping[str, Any]) -> dict[str, Any]:
        return {}

    def part(
        self, survivor: Mapping[str, Any], before: Mapping[str, Any], loser: Mapping[str, Any]
    ) -> dict[str, Any]:
        return {}

    def restore(
        self, survivor: Mapping[str, Any], loser: Mapping[str, Any], now: datetime
    ) -> dict[str, Any]:
        return {}

    async def erase(self, customer: Mapping[str, Any], *, session: Session) -> None:
        self._crm.records.pop(customer["_id"], None)

    async def card(self, customer: Mapping[str, Any]) -> CrmCard:
        record = self._crm.records.get(customer["_id"])
        if record is None:
            return CrmCard(connection=self.connection, id=None, state="unlinked")
        waits = "push" in customer.get("crm", {}).get("twin", {})
        if self._crm.is_down:
            id_, away = f"crm-{customer['_id']}", CardReason("crm_away", "CRM nghỉ.", "Away.")
            return CrmCard(connection=self.connection, id=id_, state="synced", reason=away)
        return CrmCard(
            connection=self.connection,
            id=f"crm-{customer['_id']}",
            name=customer.get("name"),
            phone=record.get("phone"),
            email=record.get("email"),
            chat_tags=tuple(record.get("chat_tags", ())),
            url=f"https://crm.example/records/{customer['_id']}",
            state="waiting" if waits else "synced",
        )

    async def push(self, *, meanwhile: Any = None) -> int:
        """Push what is due: the current state of the marked fields, whatever was edited when."""
        pushed = 0
        for claimed in await self._due.claim(10):
            state, document = claimed.document["crm"]["twin"], claimed.document
            values = {MAPPED[name]: await self._value(document, name) for name in state["dirty"]}
            try:
                self._crm.upsert(claimed.id, values)
            except ConnectionError:
                await self._due.retry(claimed, "down", after=timedelta(0))
                continue
            if meanwhile is not None:
                await meanwhile()
            await self._settle(claimed.id, claimed.token, state["rev"])
            pushed += 1
        return pushed

    async def _value(self, document: Mapping[str, Any], name: str) -> Any:
        if name == "tag_ids":
            found = self._mongo["tags"].find({"_id": {"$in": document.get("tag_ids", [])}})
            return sorted([tag["name"] async for tag in found])
        value = document.get(name)
        return value[0] if isinstance(value, list) and value else value or None

    async def _settle(self, customer_id: str, token: str, revision: int) -> None:
        """Clean, unless something was marked while it was pushed: then it stays due."""
        held = {"_id": customer_id, "crm.twin.push.token": token}
        customers = self._mongo["customers"]
        done = await customers.update_one(
            {**held, "crm.twin.rev": revision},
            {"$unset": {"crm.twin.push": 1, "crm.twin.dirty": 1}},
        )
        if not done.modified_count:
            again = {"crm.twin.push.due_at": datetime.fromtimestamp(0).astimezone()}
            await customers.update_one(held, {"$set": again, "$unset": {"crm.twin.push.token": 1}})
