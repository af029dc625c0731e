"""Accounts as Getfly tells them, made records of ours; and edits of ours made bodies of requests.

Source: https://developer.getfly.vn/en/docs/6.1/account/list
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from crm_sync.connectors.errors import CrmAway, RecordGone
from crm_sync.connectors.getfly.client import GetflyApi, Row
from crm_sync.connectors.getfly.codes import Codes
from crm_sync.connectors.getfly.groups import Groups
from crm_sync.connectors.getfly.metadata import CODE, GROUPS, MANAGER, Described, Metadata
from crm_sync.connectors.getfly.users import user_id
from crm_sync.connectors.getfly.values import from_getfly, ids_of, time_of, to_getfly
from crm_sync.connectors.model import Edit, RemoteRecord, Value

_LIST = "/api/v6/accounts"
_ALWAYS = ("id", CODE, "created_at", "updated_at")
_CUSTOM = ("custom_fields", "detail_custom_fields")
"""The list tells fields of administrators by the first name, the feed of changes by the other."""
_MANAGER = "mgr_email"


class Records:
    """Reads and writes accounts. `url` leads a person to one, with "{id}" in it."""

    def __init__(self, api: GetflyApi, metadata: Metadata, codes: Codes, url: str) -> None:
        self._api = api
        self._metadata = metadata
        self._groups = Groups(api)
        self._codes = codes
        self._url = url

    async def rows(
        self, filters: Mapping[str, str], fields: Collection[str], most: int | None = None
    ) -> list[Row]:
        """`filters` by "name" or "name:operator"."""
        query = {f"filtering[{name}]": value for name, value in filters.items()}
        query["fields"] = await self.columns(fields, _CUSTOM[0])
        return await self._api.rows(_LIST, query, most=most)

    async def columns(self, fields: Collection[str], custom: str = _CUSTOM[1]) -> str:
        """What to ask for, so that `records` can tell the fields. `custom` depends on the path."""
        known = await self._metadata.known()
        asked = [known[name] for name in fields if name in known]
        names = {_MANAGER if one.field.name == MANAGER else one.field.name for one in asked}
        names -= {one.field.name for one in asked if one.custom}
        names |= {custom for one in asked if one.custom}
        return ",".join([*_ALWAYS, *sorted(names - set(_ALWAYS))])

    async def row(self, record_id: str, fields: Collection[str]) -> Row:
        """Raises RecordGone."""
        id_ = number(record_id)
        rows = await self.rows({"id": str(id_)}, fields)
        for row in rows:
            if id_of(row) == id_:
                return row
        if rows:  # then every answer would be another account
            raise CrmAway("filter_by_id_ignored")
        raise RecordGone("no_such_account")

    async def of_external_id(self, external_id: str, fields: Collection[str]) -> list[Row]:
        filters = {f"{CODE}:contains": self._codes.of(external_id)}
        rows = await self.rows(filters, fields)
        return [row for row in rows if self._codes.is_of(str(row.get(CODE)), external_id)]

    async def of_code(self, code: str, fields: Collection[str]) -> Row | None:
        rows = await self.rows({CODE: code}, fields)
        return next((row for row in rows if row.get(CODE) == code), None)

    async def write(self, id_: int, body: Mapping[str, Any]) -> None:
        """Raises RecordGone, InvalidValue."""
        await self._api.call("PUT", f"{_LIST}/{id_}", body=body)

    def body(self, values: Mapping[str, Value], known: Mapping[str, Described]) -> dict[str, Any]:
        """What to write, but for tags and the manager. Raises InvalidValue."""
        body: dict[str, Any] = {}
        custom: dict[str, Any] = {}
        for name, value in values.items():
            if name != MANAGER:
                target = custom if known[name].custom else body
                target[name] = to_getfly(name, value, known[name])
        return body | ({"custom_fields": custom} if custom else {})

    async def ids_in(self, edit: Edit, row: Row | None) -> dict[str, Any]:
        """What is written as ids: the manager, and the groups of the account in `row`."""
        found: dict[str, Any] = {}
        if MANAGER in edit.values:
            email = edit.values[MANAGER]
            found[MANAGER] = await user_id(self._api, MANAGER, str(email)) if email else None
        if row is not None and touches_groups(edit):
            now = ids_of(row.get(GROUPS))
            add, remove = edit.add_tags.get(GROUPS, ()), edit.remove_tags.get(GROUPS, ())
            groups = await self._groups.changed(now, add, remove)
            found |= {GROUPS: groups} if groups != now else {}
        return found

    async def records(self, rows: Sequence[Row], fields: Collection[str]) -> list[RemoteRecord]:
        """With names of groups, looked up once."""
        known = await self._metadata.known()
        asked = {name: known[name] for name in fields if name in known}
        groups = {id_ for row in rows for id_ in ids_of(row.get(GROUPS))}
        names = await self._groups.names(groups if GROUPS in asked else ())
        return [
            RemoteRecord(
                id=str(id_of(row)),
                values={name: _value(row, one, names) for name, one in asked.items()},
                external_id=self._codes.external_id(str(row.get(CODE) or "")),
                changed_at=time_of(row),
                url=self.url_of(id_of(row)),
            )
            for row in rows
        ]

    def url_of(self, id_: int) -> str:
        return self._url.replace("{id}", str(id_))


def number(record_id: str) -> int:
    """Raises RecordGone: Getfly never had such an account."""
    if not (record_id.isascii() and record_id.isdigit()):
        raise RecordGone("not_an_id")
    return int(record_id)


def id_of(row: Row) -> int:
    """The documents of the feed call it either way."""
    return int(row.get("id") or row.get("account_id") or 0)


def touches_groups(edit: Edit) -> bool:
    return bool(edit.add_tags.get(GROUPS) or edit.remove_tags.get(GROUPS))


def custom_of(row: Row) -> Mapping[str, Any]:
    """Fields of administrators; where there are none, PHP tells an empty list."""
    found: Any = next((row[name] for name in _CUSTOM if row.get(name)), {})
    return found if isinstance(found, dict) else {}


def _value(row: Row, described: Described, names: Mapping[int, str]) -> Value:
    name = described.field.name
    if name == GROUPS:
        return tuple(names[id_] for id_ in ids_of(row.get(name)) if id_ in names)
    if name == MANAGER:
        return str(row.get(_MANAGER) or "").lower() or None
    return from_getfly((custom_of(row) if described.custom else row).get(name), described)
