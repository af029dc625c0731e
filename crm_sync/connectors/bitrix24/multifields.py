"""Phones and e-mail addresses: rows of `fm`, each with its id.

A value that is sent without a row's id becomes another row, on every sync. So rows are read first.
The field `phone` is the first row of phones, as Bitrix24 shows it; the other rows are of people.
Source: https://apidocs.bitrix24.com/api-reference/crm/universal/crm-item-update.html
"""

from collections.abc import Mapping, Sequence
from typing import Any

from crm_sync.connectors.bitrix24.metadata import EMAIL, PHONE
from inbox.customers.phones import phones_in

Row = Mapping[str, Any]
TYPES = {PHONE: "PHONE", EMAIL: "EMAIL"}
_NEW = {PHONE: "MOBILE", EMAIL: "WORK"}
"""The `valueType` of a row that we add; one that is there keeps its own."""
_ADDED = {PHONE: "n0", EMAIL: "n1"}
"""Such a key adds a row, an id changes one."""


def rows_of(item: Mapping[str, Any], name: str) -> list[Row]:
    """`{id, typeId, valueType, value}`, the oldest first."""
    rows = [one for one in item.get("fm") or () if one["typeId"] == TYPES[name]]
    return sorted(rows, key=lambda one: int(one["id"]))


def first_of(item: Mapping[str, Any], name: str) -> str | None:
    rows = rows_of(item, name)
    return str(rows[0]["value"]) or None if rows else None


def changes_of(name: str, rows: Sequence[Row], value: str | None) -> dict[str, Row]:
    """What to send as `fm`, by row, so that `value` is the first one; None deletes the first.

    A value that another row has already changes places with the first: no number is there twice
    then, and none is lost. One that is the same but for its spelling stays as people wrote it.
    """
    type_id = TYPES[name]
    if value is None:
        return {str(one["id"]): {"typeId": type_id, "value": ""} for one in rows[:1]}
    if not rows:
        return {_ADDED[name]: {"typeId": type_id, "valueType": _NEW[name], "value": value}}
    first, *others = rows
    if is_same(name, first["value"], value):
        return {}
    changes = {str(first["id"]): _changed(first, value)}
    for other in others:
        if is_same(name, other["value"], value):
            return changes | {str(other["id"]): _changed(other, first["value"])}
    return changes


def _changed(row: Row, value: str) -> Row:
    return {"typeId": row["typeId"], "valueType": row["valueType"], "value": value}


def is_same(name: str, one: str, other: str) -> bool:
    return spelled(name, one) == spelled(name, other)


def spelled(name: str, value: str) -> str:
    """A value in the one spelling by which two are compared."""
    if name == PHONE:
        return next(iter(phones_in(value)), value.strip())
    return value.strip().lower()
