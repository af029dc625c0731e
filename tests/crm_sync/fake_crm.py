"""A CRM in memory that behaves: keeps records, refuses values, forgets to answer, goes away."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import Literal

from crm_sync.connectors.errors import CrmError, CrmUncertain, InvalidValue, RecordGone
from crm_sync.connectors.model import (
    Asked,
    Changes,
    Edit,
    Place,
    RemoteField,
    RemoteRecord,
    Value,
    Written,
)
from inbox.clock import Clock

TAGS = "chat_tags"
FIELDS: Mapping[str, RemoteField] = {
    one.name: one
    for one in (
        RemoteField("name", "Tên", "text"),
        RemoteField("phone", "Điện thoại", "phone"),
        RemoteField("email", "E-mail", "email"),
        RemoteField("note", "Ghi chú", "text"),
        RemoteField(TAGS, "Chat tags", "tags"),
        RemoteField("owner", "Chủ", "user"),
    )
}
REFUSED = "+84999999999"
"""A number that this CRM does not take."""


@dataclass
class FakeCrm:
    """Implements `Connector`. `faults` are for the next writes in their order: an error is raised
    and nothing is done, "lost" does it and does not answer. `written` are the keys of each write.
    """

    clock: Clock
    records: dict[str, RemoteRecord] = field(default_factory=dict)
    faults: list[CrmError | Literal["lost"] | None] = field(default_factory=list)
    down: CrmError | None = None
    calls: int = 0
    written: list[set[str]] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def check(self) -> None:
        self._asked()

    async def fields(self) -> Mapping[str, RemoteField]:
        self._asked()
        return FIELDS

    async def find(self, asked: Asked, fields: Collection[str]) -> Sequence[RemoteRecord]:
        self._asked()
        return [one for one in self.records.values() if _fits(one, asked)]

    async def get(self, record_id: str, fields: Collection[str]) -> RemoteRecord:
        self._asked()
        return self._record(record_id)

    async def create(self, external_id: str, edit: Edit) -> Written:
        fault = self._fault()
        known = [one for one in self.records.values() if one.external_id == external_id]
        id_ = known[0].id if known else str(next(self._numbers))
        self.records.setdefault(id_, RemoteRecord(id_, {}, external_id))
        self._write(id_, edit)
        return self._answer(id_, fault)

    async def update(self, record_id: str, edit: Edit) -> Written:
        fault = self._fault()
        self._record(record_id)
        self._write(record_id, edit)
        return self._answer(record_id, fault)

    async def note(self, record_id: str, note_id: str, text: str, at: datetime) -> str:
        self._asked()
        return note_id

    async def changed_since(
        self, place: Place, fields: Collection[str], *, limit: int = 100
    ) -> Changes:
        self._asked()
        return Changes((), place)

    async def close(self) -> None:
        return

    def add(self, record_id: str, **values: Value) -> None:
        """Somebody makes a record in the CRM itself."""
        self.records[record_id] = RemoteRecord(record_id, values)

    def value(self, record_id: str, name: str) -> Value:
        return self.records[record_id].values.get(name)

    def _asked(self) -> None:
        self.calls += 1
        if self.down is not None:
            raise self.down

    def _fault(self) -> Literal["lost"] | None:
        self._asked()
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, CrmError):
            raise fault
        return fault

    def _answer(self, id_: str, fault: Literal["lost"] | None) -> Written:
        if fault == "lost":
            raise CrmUncertain("no answer")
        return Written(id_, f"https://crm.example/{id_}", self.clock.now())

    def _record(self, record_id: str) -> RemoteRecord:
        if record_id not in self.records:
            raise RecordGone
        return self.records[record_id]

    def _write(self, id_: str, edit: Edit) -> None:
        if edit.values.get("phone") == REFUSED:
            raise InvalidValue("not a number of ours", fields=["phone"], reference="ref-1")
        self.written.append({*edit.values, *edit.add_tags, *edit.remove_tags})
        values = {**self.records[id_].values, **edit.values}
        for name in {*edit.add_tags, *edit.remove_tags}:
            had = values.get(name) or ()
            kept = {*had} - {*edit.remove_tags.get(name, ())} | {*edit.add_tags.get(name, ())}
            values[name] = tuple(sorted(kept))
        self.records[id_] = replace(self.records[id_], values=values)


def _fits(record: RemoteRecord, asked: Asked) -> bool:
    return (
        (asked.external_id is not None and record.external_id == asked.external_id)
        or record.values.get("phone") in asked.phones
        or record.values.get("email") in asked.emails
    )
