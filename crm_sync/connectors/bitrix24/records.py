"""Contacts as Bitrix24 tells them, made records of ours; and edits of ours made fields of it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from crm_sync.connectors.bitrix24.client import Webhook
from crm_sync.connectors.bitrix24.metadata import CONTACT, NAME, Described, Metadata
from crm_sync.connectors.bitrix24.multifields import TYPES, changes_of, first_of, rows_of
from crm_sync.connectors.bitrix24.tags import Tags
from crm_sync.connectors.bitrix24.users import Users
from crm_sync.connectors.bitrix24.values import from_bitrix, plain, time_of, to_bitrix
from crm_sync.connectors.errors import InvalidValue
from crm_sync.connectors.model import Edit, RemoteRecord, Value, Written

Item = Mapping[str, Any]
PAGE = 50
"""How many a list tells at most: https://apidocs.bitrix24.com/api-reference/crm/universal/crm-item-list.html"""
_NAME_MAX = 50
"""https://apidocs.bitrix24.com/api-reference/crm/field-length-limits.html"""


class Records:
    """Reads and writes contacts. `originator` is what the records of this inbox come from."""

    def __init__(self, webhook: Webhook, metadata: Metadata, url: str, originator: str) -> None:
        self._webhook = webhook
        self._metadata = metadata
        self._url = url.rstrip("/")
        self._originator = originator
        self._users = Users(webhook)
        self._tags = Tags(webhook, metadata)

    async def item(self, id_: int) -> Item:
        """Raises RecordGone."""
        told = await self._webhook.call("crm.item.get", entityTypeId=CONTACT, id=id_)
        return _item(told)

    async def items(self, filter_: Mapping[str, Any], *order: str) -> list[Item]:
        """The first 50 by `order`. Phones are told with all fields only."""
        told = await self._webhook.call(
            "crm.item.list",
            entityTypeId=CONTACT,
            select=["*"],
            filter=filter_,
            order=dict.fromkeys(order, "ASC"),
        )
        found: list[Item] = told["items"]
        return found

    async def of_origin(self, external_id: str) -> list[Item]:
        """The oldest first; nothing in Bitrix24 keeps it one."""
        origin = {f"={name}": value for name, value in self.origin(external_id).items()}
        return await self.items(origin, "id")

    def origin(self, external_id: str) -> dict[str, str]:
        return {"originatorId": self._originator, "originId": external_id}

    async def add(self, external_id: str, edit: Edit, known: Mapping[str, Described]) -> Item:
        """Without a salesperson it is that of the webhook's user."""
        filled = {name: value for name, value in edit.values.items() if value}
        edit = Edit(filled, edit.add_tags)
        fields = self.origin(external_id) | await self._fields({}, edit, known)
        told = await self._webhook.call("crm.item.add", entityTypeId=CONTACT, fields=fields)
        return _item(told)

    async def write(
        self, id_: int, edit: Edit, known: Mapping[str, Described], origin: Mapping[str, str]
    ) -> Item:
        """The record as it is then. `origin` may be empty. Raises RecordGone, InvalidValue.

        What nobody changes Bitrix24 does not save. Emptied fields go another way: of lists of
        several values `crm.item.update` says that they are empty, and keeps them, as users of
        https://github.com/bitrix-tools/b24-rest-docs report and its maintainers confirm.
        """
        item = await self.item(id_) if _needs_item(edit) else {}
        fields = {**origin, **await self._fields(item, edit, known)}
        emptied = {known[name].upper: fields.pop(name) for name in _emptied(fields)}
        if fields:
            told = await self._webhook.call(
                "crm.item.update", entityTypeId=CONTACT, id=id_, fields=fields
            )
            item = _item(told)
        if emptied:
            await self._webhook.call("crm.contact.update", id=id_, fields=emptied)
        return await self.item(id_) if emptied or not item else item

    async def delete(self, id_: int) -> None:
        """Raises RecordGone."""
        await self._webhook.call("crm.item.delete", entityTypeId=CONTACT, id=id_)

    async def _fields(
        self, item: Item, edit: Edit, known: Mapping[str, Described]
    ) -> dict[str, Any]:
        """`item` is the record as it is, if phones, e-mails or tags are among the changes."""
        fields: dict[str, Any] = {}
        rows: dict[str, Any] = {}
        for name, value in edit.values.items():
            if name in TYPES:
                rows |= changes_of(name, rows_of(item, name), plain(name, value))
            else:
                fields[name] = await self._value(name, value, known[name])
        if rows:
            fields["fm"] = rows
        return fields | await self._tag_fields(item, edit, known)

    async def _value(self, name: str, value: Value, described: Described) -> Any:
        text = plain(name, value)
        if described.field.kind == "user":
            if text is None:  # nobody can take the last one away, there or here
                raise InvalidValue("somebody_is_responsible", fields=(name,))
            return await self._users.id_of(name, text)
        if text is None:
            return ""
        return to_bitrix(name, text[:_NAME_MAX] if name == NAME else text, described)

    async def _tag_fields(
        self, item: Item, edit: Edit, known: Mapping[str, Described]
    ) -> dict[str, Any]:
        fields = {}
        for name in sorted({*edit.add_tags, *edit.remove_tags}):
            raw = item.get(name) or []
            add, remove = edit.add_tags.get(name, ()), edit.remove_tags.get(name, ())
            value = await self._tags.changed(known[name], raw, add, remove)
            if value != raw:
                fields[name] = value
        return fields

    async def records(
        self, items: Sequence[Item], fields: Collection[str], known: Mapping[str, Described]
    ) -> list[RemoteRecord]:
        """With the addresses of users, each looked up once."""
        asked = {name: known[name] for name in fields if name in known}
        emails = await self._users.emails(_users_in(items, asked))
        return [self._record(item, asked, emails) for item in items]

    def _record(
        self, item: Item, asked: Mapping[str, Described], emails: Mapping[int, str]
    ) -> RemoteRecord:
        ours = item.get("originatorId") == self._originator
        return RemoteRecord(
            id=str(item["id"]),
            values=_values(item, asked, emails),
            external_id=(item.get("originId") or None) if ours else None,
            changed_at=time_of(item["updatedTime"]),
            url=self._url_of(item),
        )

    def written(self, item: Item, edit: Edit) -> Written:
        """What is not in the answer has been removed meanwhile."""
        names = {*edit.values, *edit.add_tags, *edit.remove_tags} - TYPES.keys()
        dropped = tuple(sorted(names - item.keys()))
        if dropped:
            self._metadata.forget()
        return Written(str(item["id"]), self._url_of(item), time_of(item["updatedTime"]), dropped)

    def _url_of(self, item: Item) -> str:
        return f"{self._url}/crm/contact/details/{item['id']}/"


def _item(told: Mapping[str, Any]) -> Item:
    item: Item = told["item"]
    return item


def _needs_item(edit: Edit) -> bool:
    """Also when nothing is changed, or emptied only: whether it is there at all must be known."""
    sets = any(value and name not in TYPES for name, value in edit.values.items())
    by_row = any(name in TYPES for name in edit.values)
    return by_row or bool(edit.add_tags or edit.remove_tags) or not sets


def _emptied(fields: Mapping[str, Any]) -> list[str]:
    return [name for name, value in fields.items() if value in ("", [])]


def _users_in(items: Iterable[Item], asked: Mapping[str, Described]) -> set[int]:
    names = [name for name, one in asked.items() if one.field.kind == "user"]
    return {int(item[name]) for item in items for name in names if item.get(name)}


def _values(
    item: Item, asked: Mapping[str, Described], emails: Mapping[int, str]
) -> dict[str, Value]:
    """Without what the record does not tell, and users whom we may not read."""
    values: dict[str, Value] = {}
    for name, described in asked.items():
        if name in TYPES:
            values[name] = first_of(item, name)
        elif name not in item:
            continue
        elif described.field.kind != "user":
            values[name] = from_bitrix(name, item[name], described)
        elif not item[name]:
            values[name] = None
        elif (email := emails.get(int(item[name]))) is not None:
            values[name] = email
    return values
