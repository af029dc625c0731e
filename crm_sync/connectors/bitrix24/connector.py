"""The connector of Bitrix24, by an inbound webhook."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from crm_sync.connectors.bitrix24.changes import ChangedItems
from crm_sync.connectors.bitrix24.client import Bitrix24Account, Webhook
from crm_sync.connectors.bitrix24.creating import Creator
from crm_sync.connectors.bitrix24.finding import Finder
from crm_sync.connectors.bitrix24.metadata import NAME, Metadata
from crm_sync.connectors.bitrix24.notes import Notes
from crm_sync.connectors.bitrix24.records import Records
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


class Bitrix24Connector:
    """A `Connector` (model.py). `instance` tells our records from another inbox's."""

    def __init__(
        self, account: Bitrix24Account, instance: str, *, http: JsonClient | None = None
    ) -> None:
        originator = f"inbox-{instance}"
        self._webhook = Webhook(account, http)
        self._metadata = Metadata(self._webhook)
        self._records = Records(self._webhook, self._metadata, account.url, originator)
        self._creator = Creator(self._records, account.user_id)
        self._finder = Finder(self._webhook, self._records)
        self._notes = Notes(self._webhook, originator)
        self._changed = ChangedItems(self._webhook, self._records)

    async def check(self) -> None:
        try:
            fields = await self._metadata.read()
        except InvalidValue as denied:  # the user may not read contacts
            raise AuthRefused(denied.detail) from None
        if NAME not in fields or fields[NAME].field.read_only:
            raise AuthRefused("may_not_write_contacts")

    async def fields(self) -> Mapping[str, RemoteField]:
        return {name: one.field for name, one in (await self._metadata.read()).items()}

    async def find(self, asked: Asked, fields: Collection[str]) -> Sequence[RemoteRecord]:
        known = await self._metadata.known(fields)
        return await self._records.records(await self._finder.find(asked), fields, known)

    async def get(self, record_id: str, fields: Collection[str]) -> RemoteRecord:
        id_ = _id(record_id)
        known = await self._metadata.known(fields)
        item = await self._records.item(id_)
        return (await self._records.records([item], fields, known))[0]

    async def create(self, external_id: str, edit: Edit) -> Written:
        known = await self._metadata.checked(edit)
        if not edit.values.get(NAME):
            raise InvalidValue("name_missing", fields=(NAME,))
        item = await self._creator.find_or_make(external_id, edit, known)
        return self._records.written(item, edit)

    async def update(self, record_id: str, edit: Edit) -> Written:
        id_ = _id(record_id)
        known = await self._metadata.checked(edit)
        return self._records.written(await self._records.write(id_, edit, known, {}), edit)

    async def note(self, record_id: str, note_id: str, text: str, at: datetime) -> str:  # noqa: ARG002 a comment has the time at which it is made
        id_ = _id(record_id)
        await self._records.item(id_)  # comments on nobody are not refused by every portal
        return str(await self._notes.put(id_, note_id, text))

    async def changed_since(
        self, place: Place, fields: Collection[str], *, limit: int = 100
    ) -> Changes:
        known = await self._metadata.known(fields)
        items, reached, more = await self._changed.page(place, limit)
        records = await self._records.records(items, fields, known)
        return Changes(tuple(records), reached, more)

    async def close(self) -> None:
        await self._webhook.close()


def _id(record_id: str) -> int:
    """Raises RecordGone: Bitrix24 never had such a record."""
    if not (record_id.isascii() and record_id.isdigit()):
        raise RecordGone("not_an_id")
    return int(record_id)
