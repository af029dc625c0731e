"""Partners as Odoo tells them, made records of ours; and edits of ours made values of Odoo's."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from crm_sync.connectors.errors import CrmError, RecordGone
from crm_sync.connectors.model import Edit, RemoteRecord, Value
from crm_sync.connectors.odoo.client import OdooTransport
from crm_sync.connectors.odoo.failures import NotPermitted
from crm_sync.connectors.odoo.loading import QUIET, Loader
from crm_sync.connectors.odoo.metadata import PARTNER, Described, Metadata
from crm_sync.connectors.odoo.tags import Tags
from crm_sync.connectors.odoo.users import Users
from crm_sync.connectors.odoo.values import from_odoo, time_of, to_odoo

Row = dict[str, Any]
CUSTOMER = "cust"
"""The kind that external ids of customers begin with."""


class Records:
    """Reads and writes partners."""

    def __init__(self, odoo: OdooTransport, loader: Loader, metadata: Metadata, url: str) -> None:
        self._odoo = odoo
        self._loader = loader
        self._metadata = metadata
        self._url = url.rstrip("/")
        self._users = Users(odoo)
        self._tags: dict[str, Tags] = {}

    async def rows(self, ids: Sequence[int], fields: Collection[str]) -> list[Row]:
        """Of those that are still there, archived ones too."""
        if not ids:
            return []
        known = await self._metadata.known()
        names = ["active", "write_date", *(name for name in fields if name in known)]
        found: list[Row] = await self._odoo.call(
            PARTNER,
            "search_read",
            domain=[["id", "in", list(ids)]],
            fields=names,
            context=QUIET,
        )
        return found

    async def row(self, id_: int, fields: Collection[str]) -> Row:
        """Raises RecordGone."""
        rows = await self.rows([id_], fields)
        if not rows:
            raise RecordGone(f"partner {id_}")
        return rows[0]

    async def write(self, id_: int, values: Mapping[str, Any]) -> None:
        """Raises RecordGone, InvalidValue, MappingBroken."""
        await self._odoo.call(PARTNER, "write", ids=[id_], vals=dict(values), context=QUIET)

    async def values_of(self, edit: Edit, known: Mapping[str, Described]) -> Row:
        """What to write, but for the tags. Raises InvalidValue."""
        found: Row = {}
        for name, value in edit.values.items():
            described = known[name]
            if described.field.kind == "user" and isinstance(value, str) and value:
                found[name] = await self._users.id_of(name, value)
            else:
                found[name] = to_odoo(name, value, described)
        return found

    async def tags_of(self, edit: Edit, known: Mapping[str, Described]) -> Row:
        """The commands that add and remove tags."""
        names = {*edit.add_tags, *edit.remove_tags}
        return {
            name: await self._tags_in(known[name]).commands(
                edit.add_tags.get(name, ()), edit.remove_tags.get(name, ())
            )
            for name in sorted(names)
        }

    def _tags_in(self, described: Described) -> Tags:
        model = described.relation
        assert model is not None, "tags point to a model"
        if model not in self._tags:
            self._tags[model] = Tags(self._odoo, self._loader, model)
        return self._tags[model]

    async def records(self, rows: Sequence[Row], fields: Collection[str]) -> list[RemoteRecord]:
        """With names of tags, sign-ins of users and our external ids, each looked up once."""
        known = await self._metadata.known()
        asked = {name: known[name] for name in fields if name in known}
        names = await self._tag_names(rows, asked)
        logins = await self._users.logins(_users_in(rows, asked))
        external = await self._external_ids([row["id"] for row in rows])
        return [
            RemoteRecord(
                id=str(row["id"]),
                values={
                    name: _value(row[name], one, names.get(one.relation or "", {}), logins)
                    for name, one in asked.items()
                    if name in row
                },
                external_id=external.get(row["id"]),
                changed_at=time_of(row["write_date"]),
                archived=not row["active"],
                url=await self.url_of(row["id"]),
            )
            for row in rows
        ]

    async def _tag_names(
        self, rows: Iterable[Row], asked: Mapping[str, Described]
    ) -> dict[str, Mapping[int, str]]:
        found: dict[str, Mapping[int, str]] = {}
        for name, one in asked.items():
            if one.field.kind == "tags" and one.relation is not None:
                ids = {id_ for row in rows for id_ in row.get(name) or ()}
                found[one.relation] = {
                    **found.get(one.relation, {}),
                    **await self._tags_in(one).names(ids),
                }
        return found

    async def _external_ids(self, ids: Sequence[int]) -> Mapping[int, str]:
        """Ours, of those that have one. Without the right to look they are not told."""
        if not ids:
            return {}
        domain = [
            ["model", "=", PARTNER],
            ["module", "=", self._loader.module],
            ["res_id", "in", list(ids)],
        ]
        try:
            found = await self._odoo.call(
                "ir.model.data", "search_read", domain=domain, fields=["name", "res_id"]
            )
        except NotPermitted:
            return {}
        return {one["res_id"]: one["name"].removeprefix(f"{CUSTOMER}_") for one in found}

    async def of_external_id(self, external_id: str) -> int | None:
        """By `load`, which whoever may make partners may use; reading external ids often is not
        permitted. Without a name no new one can be made of it.
        """
        name = self._loader.name_of(CUSTOMER, external_id)
        try:
            return await self._loader.find_or_make(PARTNER, name, {})
        except CrmError as error:
            if error.code in _NOT_THERE:
                return None
            raise

    async def url_of(self, id_: int) -> str:
        """Leads to the form of the partner, through the sign-in of Odoo if need be."""
        if await self._odoo.version() >= _NEW_ADDRESSES:
            return f"{self._url}/odoo/{PARTNER}/{id_}"
        return f"{self._url}/mail/view?model={PARTNER}&res_id={id_}"


_NEW_ADDRESSES = 18
_NOT_THERE = frozenset({"crm_invalid_value"})


def _users_in(rows: Iterable[Row], asked: Mapping[str, Described]) -> set[int]:
    names = [name for name, one in asked.items() if one.field.kind == "user"]
    return {row[name][0] for row in rows for name in names if row.get(name)}


def _value(
    raw: Any, described: Described, names: Mapping[int, str], logins: Mapping[int, str]
) -> Value:
    if described.field.kind == "tags":
        return tuple(names[id_] for id_ in raw or () if id_ in names)
    if described.field.kind == "user":
        return logins.get(raw[0]) if raw else None
    return from_odoo(raw)
