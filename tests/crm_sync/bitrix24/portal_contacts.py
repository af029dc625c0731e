"""The contacts of the test portal, `crm.item.*`: what is kept, refused, ignored and told.

Shapes and codes are those of https://apidocs.bitrix24.com; what the documentation does not say is
after its published source and the answers of its maintainers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.crm_sync.bitrix24.portal_clock import PortalClock
from tests.crm_sync.bitrix24.portal_fields import (
    LENGTHS,
    NOT_WRITTEN,
    SYSTEM,
    UserField,
    described_system,
    in_order,
)
from tests.crm_sync.bitrix24.portal_text import normalized

PAGE = 50
BOSS, BOT = 1, 7
"""Users: a person, and the one of our webhook."""
Item = dict[str, Any]
Params = Mapping[str, Any]


class Refused(Exception):
    """`{"error": code, "error_description": text}`."""

    def __init__(self, code: str, text: str = "", status: int = 400) -> None:
        super().__init__(code)
        self.code, self.text, self.status = code, text, status


@dataclass(frozen=True)
class Listed:
    """A page of 50, and what is beside `result` then."""

    result: Any
    total: int
    next: int | None


def listed(rows: list[Any], start: int, wrap: Callable[[list[Any]], Any]) -> Listed:
    after = start + PAGE
    return Listed(wrap(rows[start:after]), len(rows), after if after < len(rows) else None)


@dataclass
class Contacts:
    clock: PortalClock = field(default_factory=PortalClock)
    items: dict[int, Item] = field(default_factory=dict)
    user_fields: list[UserField] = field(default_factory=list)
    _last_id: int = 0

    def new_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def fields(self, _params: Params) -> Any:
        return {
            "fields": described_system() | {one.name: one.described() for one in self.user_fields}
        }

    def get(self, params: Params) -> Any:
        return {"item": self._told(self.found(params["id"]))}

    def add(self, params: Params) -> Any:
        return {"item": self._told(self.make(params["fields"], BOT))}

    def update(self, params: Params) -> Any:
        item = self.found(params["id"])
        fields = params["fields"]
        kept = {  # a list of several values cannot be emptied here, though the answer says so
            name: value
            for name, value in fields.items()
            if not (value in ([], "") and self._is_multiple(name))
        }
        self.write(item, kept, BOT)
        said = {name: None for name in fields if name not in kept}
        return {"item": self._told(item) | said}

    def delete(self, params: Params) -> Any:
        del self.items[self.found(params["id"])["id"]]
        return []

    def list_items(self, params: Params) -> Listed:
        rows = [
            one for one in self.items.values() if self._matches(one, params.get("filter") or {})
        ]
        for name, way in reversed((params.get("order") or {}).items()):
            rows.sort(key=lambda one: _sortable(one.get(name)), reverse=way.upper() == "DESC")
        select = params.get("select") or ["*"]
        told = [self._told(one, select) for one in rows]
        return listed(told, params.get("start") or 0, lambda page: {"items": page})

    def found(self, id_: Any) -> Item:
        if int(id_) not in self.items:
            raise Refused("NOT_FOUND", "Element not found")
        return self.items[int(id_)]

    def make(self, fields: Params, user: int) -> Item:
        now = self.clock.text()
        item: Item = {
            **dict.fromkeys(SYSTEM),
            **{one.name: [] if one.multiple else None for one in self.user_fields},
            "id": self.new_id(),
            "createdTime": now,
            "updatedTime": now,
            "createdBy": user,
            "assignedById": user,
            "opened": "Y",
            "fm": [],
        }
        self.write(item, fields, user)
        self.items[item["id"]] = item
        return item

    def write(self, item: Item, fields: Params, user: int) -> None:
        """What it does not know it ignores; if nothing is different nothing is saved."""
        before = {**item, "fm": [dict(row) for row in item["fm"]]}
        for name, value in fields.items():
            if name == "fm":
                self._write_rows(item, value)
            elif name in item and name not in NOT_WRITTEN | {"fm"}:
                item[name] = self._kept(name, value)
        if item != before or "updatedBy" not in before or before["updatedBy"] is None:
            item |= {"updatedTime": self.clock.text(), "updatedBy": user}

    def _kept(self, name: str, value: Any) -> Any:
        if value in ("", None, []):
            return [] if self._is_multiple(name) else None
        if len(str(value)) > LENGTHS.get(name, 10**6):
            raise Refused("CRM_FIELD_ERROR_VALUE_NOT_VALID", f'Invalid value for field "{name}"')
        options = next((one for one in self.user_fields if one.name == name), None)
        if options is not None and options.type == "enumeration":
            values = value if options.multiple else [value]
            if not isinstance(values, Sequence):
                raise Refused("100", "Expected iterable value for multiple field")
            return [int(one) for one in values] if options.multiple else int(value)
        return normalized(value) if name == "comments" else value

    def _write_rows(self, item: Item, rows: Mapping[str, Params]) -> None:
        """A key that is the id of no row adds one; an empty value deletes the row."""
        for key, row in rows.items():
            known = next((one for one in item["fm"] if str(one["id"]) == key), None)
            if known is None and row.get("value"):
                new = {"valueType": row.get("valueType", "WORK"), "value": row["value"]}
                item["fm"].append({"id": self.new_id(), **new, "typeId": row["typeId"]})
            elif known is not None and not row.get("value"):
                item["fm"].remove(known)
            elif known is not None:
                known |= {k: v for k, v in row.items() if k in ("value", "valueType")}

    def _told(self, item: Item, select: Any = ("*",)) -> Item:
        """Rows are told with everything only: they are no field."""
        if "*" in select:
            return {**item, "fm": [dict(row) for row in item["fm"]], "entityTypeId": 3}
        return {name: item[name] for name in {"id", *select} if name in item and name != "fm"}

    def _is_multiple(self, name: str) -> bool:
        return any(one.name == name and one.multiple for one in self.user_fields)

    def _matches(self, item: Item, filter_: Params) -> bool:
        return all(self._matches_one(item, key, wanted) for key, wanted in filter_.items())

    def _matches_one(self, item: Item, key: str, wanted: Any) -> bool:
        prefix, name = in_order(key)
        if name not in item or name == "fm":
            raise Refused(
                "INVALID_ARG_VALUE", f"Invalid filter: field '{name}' is not allowed in filter"
            )
        have = _sortable(item[name])
        if prefix == "@":
            return have in [_sortable(one) for one in wanted]
        return _COMPARE[prefix](have, _sortable(wanted))


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "": lambda have, wanted: bool(have == wanted),
    "=": lambda have, wanted: bool(have == wanted),
    ">": lambda have, wanted: bool(have > wanted),
    ">=": lambda have, wanted: bool(have >= wanted),
    "<": lambda have, wanted: bool(have < wanted),
}


def _sortable(value: Any) -> Any:
    """Times as moments, whatever offset they are written with."""
    if isinstance(value, str) and value[4:5] == "-" and "T" in value:
        return datetime.fromisoformat(value)
    return value
