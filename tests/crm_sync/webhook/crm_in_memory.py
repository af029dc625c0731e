"""A CRM in memory, of the kind that people write themselves: fields, tags, notes, an archive."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from inbox.clock import FixedClock
from inbox.customers.phones import phones_in

FIELDS: list[dict[str, Any]] = [
    {"name": "name", "label": "Tên", "kind": "text"},
    {"name": "phone", "label": "Điện thoại", "kind": "phone"},
    {"name": "email", "label": "E-mail", "kind": "email"},
    {"name": "note", "label": "Ghi chú", "kind": "text"},
    {"name": "chat_tags", "label": "Nhãn", "kind": "tags"},
    {"name": "rank", "label": "Hạng", "kind": "choice", "choices": ["gold", "silver"]},
    {"name": "debt", "label": "Công nợ", "kind": "number", "read_only": True},
    {"name": "photo", "label": "Ảnh", "kind": "binary"},
]
RANKS = frozenset({"gold", "silver"})
WRITTEN = frozenset({"name", "phone", "email", "note", "rank"})
TAGS = "chat_tags"


class Refused(Exception):
    """Answered with this status and body."""

    def __init__(self, status: int, **body: Any) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


@dataclass
class Row:
    id: int
    external_id: str | None
    changed_at: datetime
    values: dict[str, str | None] = field(default_factory=dict)
    tags: list[int] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)
    archived: bool = False


class Crm:
    """Its time stands still unless a test moves it, so that everything has the same moment."""

    def __init__(self, clock: FixedClock) -> None:
        self.clock = clock
        self.rows: dict[int, Row] = {}
        self.tags: dict[int, str] = {}
        self._numbers = count(1)

    def row(self, crm_id: str) -> Row:
        found = {str(row.id): row for row in self.rows.values()}.get(crm_id)
        if found is None:
            raise Refused(404, code="record_gone")
        return found

    def of_external_id(self, external_id: str | None) -> Row | None:
        known = [one for one in self.rows.values() if one.external_id == external_id]
        return known[0] if external_id is not None and known else None

    def make(self, external_id: str | None, values: Mapping[str, str | None]) -> Row:
        row = Row(next(self._numbers), external_id, self.clock.now(), dict(values))
        self.rows[row.id] = row
        return row

    def create(self, told: Mapping[str, Any]) -> Row:
        _check(told)
        row = self.of_external_id(told["external_id"])
        if row is None:
            row = self.make(told["external_id"], told["initial"])
        return self._write(row, told)

    def update(self, told: Mapping[str, Any]) -> Row:
        row = self.row(told["crm_id"])
        _check(told)
        return self._write(row, told)

    def _write(self, row: Row, told: Mapping[str, Any]) -> Row:
        row.values |= told["values"]
        removed = set(told["remove_tags"].get(TAGS, ()))
        row.tags = [one for one in row.tags if self.tags[one] not in removed]
        for name in told["add_tags"].get(TAGS, ()):
            self.tag(row, name)
        row.changed_at = self.clock.now()
        return row

    def tag(self, row: Row, name: str) -> None:
        known = [one for one, label in self.tags.items() if label == name]
        id_ = known[0] if known else next(self._numbers)
        self.tags[id_] = name
        if id_ not in row.tags:
            row.tags.append(id_)

    def find(self, told: Mapping[str, Any]) -> list[Row]:
        phones, emails = set(told["phones"]), {one.lower() for one in told["emails"]}
        return [
            row
            for row in self.rows.values()
            if (told["external_id"] is not None and row.external_id == told["external_id"])
            or phones & set(phones_in(row.values.get("phone") or ""))
            or (row.values.get("email") or "").lower() in emails
        ]

    def changes(self, since: datetime, after: str | None) -> list[Row]:
        """In the order (time, id), from a time on, or behind a record of it."""
        rows = sorted(self.rows.values(), key=lambda row: (row.changed_at, row.id))
        place = (since, int(after)) if after is not None else (since, -1)
        return [row for row in rows if (row.changed_at, row.id) > place]

    def told(self, row: Row, fields: Collection[str]) -> dict[str, Any]:
        every: dict[str, Any] = {name: row.values.get(name) for name in WRITTEN}
        every[TAGS] = [self.tags[one] for one in row.tags]
        return {
            "crm_id": row.id,
            "external_id": row.external_id,
            "values": {name: every[name] for name in fields if name in every},
            "changed_at": row.changed_at.isoformat(),
            "archived": row.archived,
            "url": f"https://crm.shop.vn/khach/{row.id}",
            "branch": "Đà Nẵng",
        }


def _check(told: Mapping[str, Any]) -> None:
    values = {**told.get("initial", {}), **told["values"]}
    tags = {*told["add_tags"], *told["remove_tags"]}
    errors = [{"field": name, "code": "unknown_field"} for name in sorted(values.keys() - WRITTEN)]
    errors += [{"field": name, "code": "unknown_field"} for name in sorted(tags - {TAGS})]
    if values.get("rank") is not None and values["rank"] not in RANKS:
        refused = f"{values['rank']} is no rank"
        errors.append({"field": "rank", "code": "no_such_choice", "message": refused})
    if errors:
        raise Refused(422, errors=errors)
