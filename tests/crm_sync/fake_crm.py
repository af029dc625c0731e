"""A CRM in memory that behaves: keeps records, refuses values, forgets to answer, goes away."""

from collections.abc import Callable, Collection, Mapping, Sequence
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
        RemoteField("words", "Từ khoá", "text"),
        RemoteField("city", "Nơi ở", "text"),
        RemoteField("born", "Ngày sinh", "text"),
        RemoteField("groups", "Nhóm", "tags"),
    )
}
REFUSED = "+84999999999"
"""A number that this CRM does not take."""
Fault = CrmError | Literal["lost"] | None


@dataclass
class FakeCrm:
    """Implements `Connector`. `faults` are for the next writes in their order: an error is raised
    and nothing is done, "lost" does it and does not answer. `written` are the keys of each write.

    `longest` are fields of which it cuts what is longer, and `deaf` those that it does not keep,
    both without a word. `reached` is told where each call is, and may raise.
    """

    clock: Clock
    records: dict[str, RemoteRecord] = field(default_factory=dict)
    notes: dict[str, dict[str, str]] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    down: CrmError | None = None
    longest: dict[str, int] = field(default_factory=dict)
    deaf: set[str] = field(default_factory=set)
    reached: Callable[[str], None] = lambda _: None
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
        return [_with(one, fields) for one in self.records.values() if _fits(one, asked)]

    async def get(self, record_id: str, fields: Collection[str]) -> RemoteRecord:
        self._asked()
        found = _with(self._record(record_id), fields)
        self.reached("read")
        return found

    async def create(self, external_id: str, edit: Edit) -> Written:
        fault = self._fault()
        known = [one for one in self.records.values() if one.external_id == external_id]
        id_ = known[0].id if known else str(next(self._numbers))
        self.records.setdefault(id_, RemoteRecord(id_, {}, external_id))
        return self._written(id_, edit, fault)

    async def update(self, record_id: str, edit: Edit) -> Written:
        fault = self._fault()
        self._record(record_id)
        return self._written(record_id, edit, fault)

    async def note(self, record_id: str, note_id: str, text: str, at: datetime) -> str:
        fault = self._fault()
        self._record(record_id)
        self.notes.setdefault(record_id, {})[note_id] = text
        self._answer(record_id, fault)
        return note_id

    async def changed_since(
        self, place: Place, fields: Collection[str], *, limit: int = 100
    ) -> Changes:
        self._asked()
        later = [one for one in self.records.values() if _place(one) > _after(place)]
        page = tuple(_with(one, fields) for one in sorted(later, key=_place)[:limit])
        if len(later) > limit:
            return Changes(page, Place(_place(page[-1])[0], page[-1].id), more=True)
        return Changes(page, Place(_place(page[-1])[0]) if page else place)

    async def close(self) -> None:
        return

    def add(self, record_id: str, **values: Value) -> None:
        """Somebody makes a record in the CRM itself."""
        self.records[record_id] = RemoteRecord(record_id, values, changed_at=self._second())

    def edit_as_person(self, record_id: str, **values: Value) -> None:
        self._change(record_id, values)

    def archive(self, record_id: str) -> None:
        self._change(record_id, {}, archived=True)

    def delete(self, record_id: str) -> None:
        del self.records[record_id]

    def merge(self, record_id: str, into: str) -> None:
        """A person merges a record into another one, which stays as it is."""
        self.delete(record_id)
        self.merged[record_id] = into

    def dated(self, record_id: str, at: datetime) -> RemoteRecord:
        """A record as if it had been changed at another time."""
        return replace(self.records[record_id], changed_at=at)

    def value(self, record_id: str, name: str) -> Value:
        return self.records[record_id].values.get(name)

    def _asked(self) -> None:
        self.calls += 1
        if self.down is not None:
            raise self.down

    def _fault(self) -> Fault:
        self._asked()
        self.reached("writing")
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, CrmError):
            raise fault
        return fault

    def _written(self, id_: str, edit: Edit, fault: Fault) -> Written:
        if edit.values.get("phone") == REFUSED:
            raise InvalidValue("not a number of ours", fields=["phone"], reference="ref-1")
        self.written.append({*edit.values, *edit.add_tags, *edit.remove_tags})
        values = {name: self._kept(name, value) for name, value in edit.values.items()}
        for name in {*edit.add_tags, *edit.remove_tags}:
            had = self.value(id_, name) or ()
            kept = {*had} - {*edit.remove_tags.get(name, ())} | {*edit.add_tags.get(name, ())}
            values[name] = tuple(sorted(kept))
        self._change(id_, {name: one for name, one in values.items() if name not in self.deaf})
        return self._answer(id_, fault)

    def _kept(self, name: str, value: Value) -> Value:
        most = self.longest.get(name)
        return value[:most] if isinstance(value, str) else value

    def _answer(self, id_: str, fault: Fault) -> Written:
        self.reached("written")
        if fault == "lost":
            raise CrmUncertain("no answer")
        return Written(id_, f"https://crm.example/{id_}", self._second())

    def _record(self, record_id: str) -> RemoteRecord:
        if record_id not in self.records:
            raise RecordGone(into=self.merged.get(record_id))
        return self.records[record_id]

    def _change(self, id_: str, values: Mapping[str, Value], *, archived: bool = False) -> None:
        before = self.records[id_]
        after = {**before.values, **values}
        at = self._second()
        self.records[id_] = replace(before, values=after, archived=archived, changed_at=at)

    def _second(self) -> datetime:
        """CRMs tell no more of the time than its second."""
        return self.clock.now().replace(microsecond=0)


def _fits(record: RemoteRecord, asked: Asked) -> bool:
    return (
        (asked.external_id is not None and record.external_id == asked.external_id)
        or record.values.get("phone") in asked.phones
        or record.values.get("email") in asked.emails
    )


def _with(record: RemoteRecord, fields: Collection[str]) -> RemoteRecord:
    return replace(record, values={name: record.values.get(name) for name in fields})


def _place(record: RemoteRecord) -> tuple[datetime, int, str]:
    """Numbers in their order, though they are text."""
    assert record.changed_at is not None, "every record was made at some time"
    return record.changed_at, len(record.id), record.id


def _after(place: Place) -> tuple[datetime, int, str]:
    return place.at, len(place.record_id), place.record_id
