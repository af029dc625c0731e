"""The connector of Odoo: what it does is what Odoo 11 was seen to do, and 16 where it differs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from crm_sync.connectors.errors import AuthRefused, InvalidValue, RecordGone
from crm_sync.connectors.http import JsonClient
from crm_sync.connectors.model import (
    Asked,
    Changes,
    Edit,
    Place,
    RemoteField,
    RemoteRecord,
    Written,
)
from crm_sync.connectors.odoo.changes import ChangedIds
from crm_sync.connectors.odoo.client import JsonRpc, OdooAccount, OdooTransport
from crm_sync.connectors.odoo.finding import CANDIDATES_MAX, domain_of, fields_of, is_meant
from crm_sync.connectors.odoo.loading import QUIET, Loader
from crm_sync.connectors.odoo.metadata import PARTNER, Described, Metadata
from crm_sync.connectors.odoo.records import CUSTOMER, Records, Row
from crm_sync.connectors.odoo.values import as_html, time_of, time_text

NAME = "name"
"""Of a partner that was there already it is left alone: people correct it."""


class OdooConnector:
    """A `Connector` (model.py). `instance` tells our external ids from another inbox's."""

    def __init__(
        self, account: OdooAccount, instance: str, *, http: JsonClient | None = None
    ) -> None:
        self._odoo: OdooTransport = JsonRpc(account, http)
        self._loader = Loader(self._odoo, instance)
        self._metadata = Metadata(self._odoo)
        self._records = Records(self._odoo, self._loader, self._metadata, account.url)
        self._changed = ChangedIds(self._odoo)

    async def check(self) -> None:
        await self._odoo.sign_in()
        name = (await self._metadata.read()).get(NAME)
        if name is None or name.field.read_only:  # then every field is so
            raise AuthRefused("may_not_write_partners")

    async def fields(self) -> Mapping[str, RemoteField]:
        return {name: one.field for name, one in (await self._metadata.read()).items()}

    async def find(self, asked: Asked, fields: Collection[str]) -> Sequence[RemoteRecord]:
        known = await self._metadata.known(fields)
        phones, emails = fields_of(known, "phone"), fields_of(known, "email")
        candidates = await self._candidates(domain_of(asked, phones, emails))
        rows = {
            row["id"]: row
            for row in await self._records.rows(candidates, {*fields, *phones, *emails})
            if is_meant(row, asked, phones, emails)
        }
        ours = await self._of_external_id(asked.external_id)
        rows |= {row["id"]: row for row in await self._records.rows(ours, fields)}
        found = await self._records.records([rows[id_] for id_ in sorted(rows)], fields)
        return [
            replace(one, external_id=asked.external_id) if int(one.id) in ours else one
            for one in found  # looked up or not: it was found by it
        ]

    async def _of_external_id(self, external_id: str | None) -> list[int]:
        if external_id is None:
            return []
        found = await self._records.of_external_id(external_id)
        return [] if found is None else [found]

    async def _candidates(self, domain: list[Any]) -> list[int]:
        if not domain:
            return []
        found = await self._odoo.call(
            PARTNER,
            "search_read",  # the arguments of `search` have other names since 17
            domain=domain,
            fields=["id"],
            limit=CANDIDATES_MAX,
            order="id",
            context=QUIET,
        )
        return [row["id"] for row in found]

    async def get(self, record_id: str, fields: Collection[str]) -> RemoteRecord:
        await self._metadata.known(fields)
        row = await self._records.row(_id(record_id), fields)
        return (await self._records.records([row], fields))[0]

    async def create(self, external_id: str, edit: Edit) -> Written:
        known = await self._metadata.checked(edit)
        if not edit.values.get(NAME):
            raise InvalidValue("name_missing", fields=(NAME,))
        values = await self._records.values_of(edit, known)
        name = self._loader.name_of(CUSTOMER, external_id)
        cells = dict(_cell(field, value, known[field]) for field, value in values.items())
        id_ = await self._loader.find_or_make(PARTNER, name, cells)
        row = await self._records.row(id_, values)
        changes = _unlike(values, row, known) | await self._records.tags_of(edit, known)
        if changes:
            await self._records.write(id_, changes)
        return await self._written(id_, values)

    async def update(self, record_id: str, edit: Edit) -> Written:
        known = await self._metadata.checked(edit)
        id_ = _id(record_id)
        values = await self._records.values_of(edit, known)
        changes = values | await self._records.tags_of(edit, known)
        if changes:
            await self._records.write(id_, changes)
        return await self._written(id_, changes)

    async def _written(self, id_: int, names: Collection[str]) -> Written:
        """Reads back: a field that was removed meanwhile is missing in what Odoo 11 tells."""
        row = await self._records.row(id_, names)
        dropped = tuple(sorted(set(names) - row.keys()))
        if dropped:
            self._metadata.forget()
        url = await self._records.url_of(id_)
        return Written(str(id_), url, time_of(row["write_date"]), dropped)

    async def note(self, record_id: str, note_id: str, text: str, at: datetime) -> str:
        id_ = _id(record_id)
        await self._records.row(id_, ())  # Odoo would write to the wall of nobody
        cells = {
            "model": PARTNER,
            "res_id": str(id_),
            "body": as_html(text),
            "message_type": "comment",
            "subtype_id/id": "mail.mt_note",
            "date": time_text(at),
        }
        name = self._loader.name_of("note", note_id)
        return str(await self._loader.make_or_change("mail.message", name, cells))

    async def changed_since(
        self, place: Place, fields: Collection[str], *, limit: int = 100
    ) -> Changes:
        ids, reached, more = await self._changed.page(place, limit)
        rows = {row["id"]: row for row in await self._records.rows(ids, fields)}
        told = [rows[id_] for id_ in ids if id_ in rows]  # but for what was deleted just now
        return Changes(tuple(await self._records.records(told, fields)), reached, more)

    async def close(self) -> None:
        await self._odoo.close()


def _id(record_id: str) -> int:
    """Raises RecordGone: Odoo never had such a record."""
    if not (record_id.isascii() and record_id.isdigit()):
        raise RecordGone("not_an_id")
    return int(record_id)


def _cell(name: str, value: Any, described: Described) -> tuple[str, str]:
    """The column and the cell of a `load`: everything is text there."""
    column = f"{name}/.id" if described.field.kind == "user" else name
    return column, "" if value is False else str(value)


def _unlike(values: Row, row: Row, known: Mapping[str, Described]) -> Row:
    """What an earlier call, or people, have put there and is to be otherwise now."""
    return {
        name: value
        for name, value in values.items()
        if name != NAME and name in row and _plain(row[name], known[name]) != value
    }


def _plain(raw: Any, described: Described) -> Any:
    if described.field.kind == "user":
        return raw[0] if raw else False
    return raw
