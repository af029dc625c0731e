"""The connector of HubSpot: what it does is what HubSpot's documentation says of version 3.

HubSpot's batch upsert keeps our customers' contacts single; see keys.py.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from crm_sync.connectors.errors import CrmAway, InvalidValue
from crm_sync.connectors.http import JsonClient
from crm_sync.connectors.hubspot.changes import Changed
from crm_sync.connectors.hubspot.client import HubSpot, HubSpotAccount
from crm_sync.connectors.hubspot.failures import Conflict, error_in
from crm_sync.connectors.hubspot.finding import Finder
from crm_sync.connectors.hubspot.keys import Keys
from crm_sync.connectors.hubspot.metadata import KEY, Metadata
from crm_sync.connectors.hubspot.notes import Notes
from crm_sync.connectors.hubspot.records import (
    CONTACTS,
    Contact,
    Records,
    changed_at,
    checked_id,
    same,
)
from crm_sync.connectors.model import (
    Asked,
    Changes,
    Edit,
    Place,
    RemoteField,
    RemoteRecord,
    Written,
)

NAMES = frozenset({"firstname", "lastname"})
"""Of a contact that was there already they are left alone: people correct them."""
_TRIES = 4


class HubSpotConnector:
    """A `Connector` (model.py). `instance` tells our external ids from another inbox's."""

    def __init__(
        self, account: HubSpotAccount, instance: str, *, http: JsonClient | None = None
    ) -> None:
        self._hubspot = HubSpot(account, http)
        self._keys = Keys(self._hubspot, instance)
        self._metadata = Metadata(self._hubspot)
        self._records = Records(self._hubspot, self._keys, self._metadata)
        self._finder = Finder(self._hubspot, self._records)
        self._notes = Notes(self._hubspot, instance)
        self._changed = Changed(self._hubspot)

    async def check(self) -> None:
        """Also makes our own property of contacts, if it is missing.

        Raises:
            AuthRefused: no such token, a scope is missing, or that property cannot be used.
        """
        await self._hubspot.get(CONTACTS, {"limit": "1"})
        await self._keys.check()

    async def fields(self) -> Mapping[str, RemoteField]:
        return await self._metadata.read()

    async def find(self, asked: Asked, fields: Collection[str]) -> Sequence[RemoteRecord]:
        known = await self._metadata.known(fields)
        found = {str(one["id"]): one for one in await self._finder.find(asked, known, fields)}
        ours: Contact | None = None
        if asked.external_id is not None:
            ours = await self._records.of_key(self._keys.of(asked.external_id), fields)
        if ours is not None:
            found[str(ours["id"])] = ours
        in_order = [found[id_] for id_ in sorted(found, key=int)]
        return [
            replace(one, external_id=asked.external_id)
            if ours is not None and one.id == str(ours["id"])
            else one
            for one in await self._records.records(in_order, fields)
        ]

    async def get(self, record_id: str, fields: Collection[str]) -> RemoteRecord:
        await self._metadata.known(fields)
        contact = await self._records.contact(record_id, fields)
        return (await self._records.records([contact], fields))[0]

    async def create(self, external_id: str, edit: Edit) -> Written:
        return await _until_tags_hold(edit, lambda: self._create(self._keys.of(external_id), edit))

    async def _create(self, key: str, edit: Edit) -> Written:
        """Of those who make the same contact at once one wins; the others find it then."""
        known = await self._metadata.checked(edit)
        now = await self._records.of_key(key, edit.add_tags)
        for _ in range(_TRIES):
            try:
                if now is not None:
                    return await self._write(now, edit, key)
                properties = await self._records.properties_of(edit, known, None)
                return _written(await self._upsert(key, properties))
            except Conflict as conflict:
                if now is None and KEY not in conflict.fields:
                    now = await self._of_conflict(conflict, key, edit)
                elif KEY in conflict.fields:
                    now = await self._records.of_key(key, edit.add_tags)
                else:
                    raise
        raise CrmAway("made_by_another_at_once")

    async def _upsert(self, key: str, properties: Mapping[str, str]) -> Contact:
        """Raises Conflict: a contact has this e-mail address, or was just made with our key."""
        one = {"idProperty": KEY, "id": key, "properties": {**properties, KEY: key}}
        told = await self._hubspot.post(f"{CONTACTS}/batch/upsert", {"inputs": [one]})
        if (error := error_in(told)) is not None:
            raise error
        if not told.get("results"):
            raise CrmAway("no_contact_in_the_answer")
        made: Contact = told["results"][0]
        return made

    async def _of_conflict(self, conflict: Conflict, key: str, edit: Edit) -> Contact:
        """The contact that has our customer's e-mail address, and no other customer's key.

        Raises:
            InvalidValue: it is another customer's.
        """
        if conflict.existing is None:
            raise conflict
        existing = await self._records.contact(conflict.existing, edit.add_tags)
        if existing["properties"].get(KEY) not in (None, "", key):
            raise InvalidValue("another_customer_has_it", fields=conflict.fields)
        return existing

    async def _write(self, now: Contact, edit: Edit, key: str) -> Written:
        """Into a contact that was there already, and is our customer's by `key`."""
        values = {name: value for name, value in edit.values.items() if name not in NAMES}
        return await self._patch(str(now["id"]), replace(edit, values=values), now, key)

    async def update(self, record_id: str, edit: Edit) -> Written:
        checked_id(record_id)
        return await _until_tags_hold(edit, lambda: self._update(record_id, edit))

    async def _update(self, record_id: str, edit: Edit) -> Written:
        await self._metadata.checked(edit)
        tags = {*edit.add_tags, *edit.remove_tags}
        now: Contact | None = None
        if tags or edit.is_empty:
            now = await self._records.contact(record_id, tags)
        return await self._patch(record_id, edit, now)

    async def _patch(
        self, record_id: str, edit: Edit, now: Contact | None, key: str | None = None
    ) -> Written:
        """`now` is needed for tags, which HubSpot only takes together."""
        known = await self._metadata.checked(edit)
        properties = await self._records.properties_of(edit, known, now)
        if key is not None:
            properties[KEY] = key
        if not properties and now is not None:
            return _written(now)
        path = f"{CONTACTS}/{record_id}"
        contact = await self._hubspot.patch(path, {"properties": properties})
        return _written(same(record_id, contact))

    async def note(self, record_id: str, note_id: str, text: str, at: datetime) -> str:
        await self._records.contact(record_id, ())  # HubSpot would make a note of nobody
        return await self._notes.put(record_id, note_id, text, at)

    async def changed_since(
        self, place: Place, fields: Collection[str], *, limit: int = 100
    ) -> Changes:
        hits, reached, more = await self._changed.page(place, limit)
        await self._metadata.known(fields)
        contacts = await self._records.read([one.id for one in hits], fields)
        found = await self._records.records([*contacts.values()], fields)
        at = {one.id: one.at for one in hits}  # in their order, whatever has happened since
        told = tuple(replace(one, changed_at=at[one.id]) for one in found)
        return Changes(told, reached, more)

    async def close(self) -> None:
        await self._hubspot.close()


async def _until_tags_hold(edit: Edit, write: Callable[[], Awaitable[Written]]) -> Written:
    """An option of ours that another's list of options has overwritten is made again."""
    for _ in range(_TRIES - 1):
        try:
            return await write()
        except InvalidValue as wrong:
            if not wrong.fields or not wrong.fields <= edit.add_tags.keys():
                raise
    return await write()


def _written(contact: Contact) -> Written:
    return Written(str(contact["id"]), contact.get("url"), changed_at(contact))
