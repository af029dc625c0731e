"""The connector of Getfly: what it relies on stands in the package's own docstring."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from crm_sync.connectors.errors import (
    AuthRefused,
    CrmAway,
    CrmError,
    CrmUncertain,
    InvalidValue,
    RecordGone,
)
from crm_sync.connectors.getfly.changes import Feed
from crm_sync.connectors.getfly.client import GetflyAccount, GetflyApi, Row
from crm_sync.connectors.getfly.codes import GENERATIONS_MAX, Codes
from crm_sync.connectors.getfly.failures import NotPermitted
from crm_sync.connectors.getfly.finding import CANDIDATES_MAX, filters_of, is_meant
from crm_sync.connectors.getfly.metadata import (
    CODE,
    EMAIL,
    GROUPS,
    NAME,
    PHONE,
    Described,
    Metadata,
)
from crm_sync.connectors.getfly.notes import Notes
from crm_sync.connectors.getfly.records import Records, custom_of, id_of, number, touches_groups
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

_CREATE = "/api/v6.1/account"
_RECORD_PATH = "/#/crm/view_account/{id}"
"""Where Getfly's own pages show an account; not documented, so it can be told otherwise."""


class GetflyConnector:
    """A `Connector` (model.py). `instance` tells our accounts from another inbox's, `record_url`
    is where people find an account, with "{id}" in it.
    """

    def __init__(
        self,
        account: GetflyAccount,
        instance: str,
        *,
        http: JsonClient | None = None,
        record_url: str | None = None,
    ) -> None:
        self._api = GetflyApi(account, http)
        self._codes = Codes(instance)
        self._metadata = Metadata(self._api)
        url = record_url or f"{account.url.rstrip('/')}{_RECORD_PATH}"
        self._records = Records(self._api, self._metadata, self._codes, url)
        self._notes = Notes(self._api, instance)
        self._feed = Feed(self._api)

    async def check(self) -> None:
        try:
            await self._metadata.read()
        except NotPermitted as refused:
            raise AuthRefused(refused.detail) from None
        except RecordGone:
            raise CrmAway("no_such_api") from None

    async def fields(self) -> Mapping[str, RemoteField]:
        return {name: one.field for name, one in (await self._metadata.read()).items()}

    async def find(self, asked: Asked, fields: Collection[str]) -> Sequence[RemoteRecord]:
        columns = {*fields, PHONE, EMAIL}
        rows: dict[int, Row] = {}
        for filters in filters_of(asked):
            told = await self._records.rows(filters, columns, CANDIDATES_MAX)
            rows |= {id_of(row): row for row in told if is_meant(row, asked)}
        ours: dict[int, Row] = {}
        if asked.external_id is not None:
            told = await self._records.of_external_id(asked.external_id, columns)
            ours = {id_of(row): row for row in told}
        rows |= ours
        found = await self._records.records([rows[id_] for id_ in sorted(rows)], fields)
        return [
            replace(one, external_id=asked.external_id) if int(one.id) in ours else one
            for one in found
        ]

    async def get(self, record_id: str, fields: Collection[str]) -> RemoteRecord:
        await self._metadata.known(fields)
        row = await self._records.row(record_id, fields)
        return (await self._records.records([row], fields))[0]

    async def create(self, external_id: str, edit: Edit) -> Written:
        """Written before it is looked for: the code keeps it one, and mostly it is not there."""
        known = await self._metadata.checked(edit)
        if not edit.values.get(NAME):
            raise InvalidValue("name_missing", fields=(NAME,))
        row = await self._made(external_id, edit, known)
        record = (await self._records.records([row], edit.values))[0]
        unlike = {
            name: value
            for name, value in edit.values.items()
            if name != NAME and record.values[name] != (value or None)  # people correct names
        }
        changed = replace(edit, values=unlike)
        body = self._records.body(unlike, known) | await self._records.ids_in(changed, row)
        if body:
            await self._records.write(id_of(row), body)
        return await self._written(record.id, edit.values, known)

    async def _made(self, external_id: str, edit: Edit, known: Mapping[str, Described]) -> Row:
        """The account of that customer, new or not; of a deleted one comes a next generation."""
        columns = {*edit.values, GROUPS}
        values = self._records.body(edit.values, known)
        for generation in range(1, GENERATIONS_MAX + 1):
            code = self._codes.of(external_id, generation)
            refused = await self._refused({CODE: code, **values})
            row = await self._records.of_code(code, columns)
            if row is not None:
                return row
            if refused is None:
                raise CrmUncertain("made_and_not_there")
            if CODE not in refused.fields:
                raise refused
        raise CrmError("deleted_too_often")

    async def _refused(self, body: Mapping[str, Any]) -> InvalidValue | None:
        try:
            await self._api.call("POST", _CREATE, body=body)
        except InvalidValue as refused:
            return refused
        return None

    async def update(self, record_id: str, edit: Edit) -> Written:
        known = await self._metadata.checked(edit)
        id_ = number(record_id)
        row = await self._records.row(record_id, (GROUPS,)) if touches_groups(edit) else None
        values = self._records.body(edit.values, known)
        body = values | await self._records.ids_in(edit, row)
        if body:
            await self._records.write(id_, body)
        return await self._written(record_id, edit.values, known)

    async def _written(
        self, record_id: str, values: Mapping[str, Any], known: Mapping[str, Described]
    ) -> Written:
        """Reads back: a field that was removed meanwhile may be dropped without a word."""
        row = await self._records.row(record_id, values)
        custom = custom_of(row)
        dropped = tuple(
            sorted(
                name
                for name, value in values.items()
                if known[name].custom and value and name not in custom
            )
        )
        if dropped:
            self._metadata.forget()
        record = (await self._records.records([row], ()))[0]
        return Written(record.id, record.url, record.changed_at, dropped)

    async def note(self, record_id: str, note_id: str, text: str, at: datetime) -> str:  # noqa: ARG002
        """With the time of writing: Getfly takes no other."""
        id_ = number(record_id)
        return await self._notes.write(id_, note_id, text)

    async def changed_since(
        self, place: Place, fields: Collection[str], *, limit: int = 100
    ) -> Changes:
        await self._metadata.known(fields)
        columns = await self._records.columns(fields)
        rows, reached, more = await self._feed.page(place, columns, limit)
        return Changes(tuple(await self._records.records(rows, fields)), reached, more)

    async def close(self) -> None:
        await self._api.close()
