"""Contacts as HubSpot tells them, made records of ours; and edits of ours made properties."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from crm_sync.connectors.errors import CrmAway, InvalidValue, MappingBroken, RecordGone
from crm_sync.connectors.hubspot.client import HubSpot
from crm_sync.connectors.hubspot.keys import Keys
from crm_sync.connectors.hubspot.metadata import KEY, Metadata
from crm_sync.connectors.hubspot.owners import Owners
from crm_sync.connectors.hubspot.tags import Tags, values_in
from crm_sync.connectors.hubspot.values import from_hubspot, time_of, to_hubspot
from crm_sync.connectors.model import Edit, RemoteField, RemoteRecord, Value

CONTACTS = "/crm/v3/objects/contacts"
CHANGED = "lastmodifieddate"
"""The property that searches go by. It has milliseconds."""
ALWAYS = (KEY, CHANGED)
"""Properties that are asked for with every record."""
BATCH = 100
"""The most inputs of one batch."""
_ID = re.compile(r"[0-9]{1,19}")

Contact = Mapping[str, Any]
"""`{id, properties: {name: text or null}, createdAt, updatedAt, archived, url}`."""


class Records:
    """Reads contacts, and tells what to write into them."""

    def __init__(self, hubspot: HubSpot, keys: Keys, metadata: Metadata) -> None:
        self._hubspot = hubspot
        self._keys = keys
        self._metadata = metadata
        self._owners = Owners(hubspot)
        self._tags = Tags(hubspot)

    async def contact(self, record_id: str, fields: Collection[str]) -> Contact:
        """Raises RecordGone: also when it was merged, which HubSpot answers with the survivor."""
        path = f"{CONTACTS}/{checked_id(record_id)}"
        return same(record_id, await self._hubspot.get(path, _asked(fields)))

    async def of_key(self, key: str, fields: Collection[str]) -> Contact | None:
        """By our own property. Unlike a search this sees what was written a moment ago."""
        await self._keys.prepare()
        try:
            return await self._of_key(key, fields)
        except (InvalidValue, MappingBroken):  # somebody has deleted the property meanwhile
            await self._keys.check()
            return await self._of_key(key, fields)

    async def _of_key(self, key: str, fields: Collection[str]) -> Contact | None:
        query = {**_asked(fields), "idProperty": KEY}
        try:
            return await self._hubspot.get(f"{CONTACTS}/{quote(key, safe='')}", query)
        except RecordGone:
            return None

    async def read(self, ids: Sequence[str], fields: Collection[str]) -> dict[str, Contact]:
        """Those that are still there, by id, as they are now."""
        found: dict[str, Contact] = {}
        for start in range(0, len(ids), BATCH):
            inputs = [{"id": one} for one in ids[start : start + BATCH]]
            body = {"properties": list(dict.fromkeys([*ALWAYS, *fields])), "inputs": inputs}
            told = await self._hubspot.post(f"{CONTACTS}/batch/read", body)
            found |= {str(one["id"]): one for one in told.get("results") or ()}
        return {id_: found[id_] for id_ in ids if id_ in found}

    async def properties_of(
        self, edit: Edit, known: Mapping[str, RemoteField], now: Contact | None
    ) -> dict[str, str]:
        """What to write into the contact that is `now`, or into a new one.

        Raises:
            InvalidValue: a person or a tag that is not there, or a text that is too long.
        """
        found: dict[str, str] = {}
        for name, value in edit.values.items():
            if known[name].kind == "user" and isinstance(value, str) and value:
                found[name] = await self._owners.id_of(name, value)
            else:
                found[name] = to_hubspot(name, value)
        has = now["properties"] if now is not None else {}
        for name in sorted({*edit.add_tags, *edit.remove_tags}):
            add, remove = edit.add_tags.get(name, ()), edit.remove_tags.get(name, ())
            found[name] = await self._tags.written(name, has.get(name), add, remove)
        return found

    async def records(
        self, contacts: Sequence[Contact], fields: Collection[str]
    ) -> list[RemoteRecord]:
        """With names of tags and addresses of owners, each looked up once."""
        known = await self._metadata.known()
        asked = {name: known[name] for name in fields if name in known}
        names = {
            name: await self._names(one, [contact["properties"].get(name) for contact in contacts])
            for name, one in asked.items()
        }
        return [self._record(one, asked, names) for one in contacts]

    async def _names(
        self, field: RemoteField, raws: Sequence[str | None]
    ) -> Mapping[str, str | None]:
        """Of tags and owners by what HubSpot stores; of other kinds nothing."""
        name, given = field.name, {raw for raw in raws if raw}
        if field.kind == "tags" and given:
            return await self._tags.labels(name)
        if field.kind == "user" and given:
            return await self._owners.emails(name, given)
        return {}

    def _record(
        self,
        contact: Contact,
        asked: Mapping[str, RemoteField],
        names: Mapping[str, Mapping[str, str | None]],
    ) -> RemoteRecord:
        properties = contact["properties"]
        return RemoteRecord(
            id=str(contact["id"]),
            values={
                name: _value(properties.get(name), one, names[name]) for name, one in asked.items()
            },
            external_id=self._keys.external_id_in(properties.get(KEY)),
            changed_at=changed_at(contact),
            archived=bool(contact.get("archived")),
            url=contact.get("url"),
        )


def changed_at(contact: Contact) -> datetime:
    return time_of(contact["properties"].get(CHANGED) or contact["updatedAt"])


def checked_id(record_id: str) -> str:
    """Ids become part of paths. Raises RecordGone: it never was one of HubSpot's."""
    if not _ID.fullmatch(record_id):
        raise RecordGone("no_such_id")
    return record_id


def same(record_id: str, contact: Contact) -> Contact:
    """Raises RecordGone: this is the contact that the one was merged into."""
    if not isinstance(contact.get("properties"), dict):
        raise CrmAway("no_contact_in_the_answer")
    if str(contact["id"]) != record_id:
        raise RecordGone("merged", into=str(contact["id"]))
    return contact


def _asked(fields: Collection[str]) -> dict[str, str]:
    return {"properties": ",".join(dict.fromkeys([*ALWAYS, *fields]))}


def _value(raw: str | None, field: RemoteField, names: Mapping[str, str | None]) -> Value:
    if field.kind == "tags":
        return tuple(names.get(value) or value for value in values_in(raw))
    if field.kind == "user":
        return names.get(raw) if raw else None
    return from_hubspot(raw, field.kind)
