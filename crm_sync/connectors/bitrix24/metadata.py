"""The fields of a contact, as `crm.item.fields` describes them.

Source: https://apidocs.bitrix24.com/api-reference/crm/universal/crm-item-fields.html
"""

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from crm_sync.connectors.bitrix24.client import Webhook
from crm_sync.connectors.errors import InvalidValue, MappingBroken
from crm_sync.connectors.model import Edit, FieldKind, RemoteField

CONTACT = 3
"""Its entityTypeId."""
NAME, PHONE, EMAIL, COMMENTS = "name", "phone", "email", "comments"
_MULTIFIELDS = {
    PHONE: RemoteField(PHONE, "Phone", "phone"),
    EMAIL: RemoteField(EMAIL, "E-mail", "email"),
}
"""Rows of `fm`, of which these names tell the first."""
_KINDS: Mapping[str, FieldKind] = {
    "string": "text",
    "text": "text",
    "url": "text",
    "date": "date",
    "integer": "number",
    "double": "number",
    "enumeration": "choice",
    "user": "user",
}
_TAGS = frozenset({"enumeration", "string"})
"""Of these several are tags: a list of options, or texts as they are."""
_NOBODYS = frozenset({"id", "fm", "originatorId", "originId", "originVersion"})
"""What we find records by is ours."""


@dataclass(frozen=True, slots=True)
class Described:
    """A field, its name in upper case, and its options: the ids by their names, the oldest first
    where people have two of one name.
    """

    field: RemoteField
    upper: str
    options: Mapping[str, int] = dataclasses.field(default_factory=dict)
    names: Mapping[int, str] = dataclasses.field(default_factory=dict)
    is_list: bool = False

    def name_of(self, raw: Any) -> str | None:
        """Of an option by its id, which some portals tell as text."""
        return self.names.get(int(raw)) if str(raw).isdecimal() else None


class Metadata:
    """Fields by name, remembered until one is missed: what Bitrix24 does not know it drops, and
    says that all is well. Lists are read each time: people rename their options, and the ids stay.
    """

    def __init__(self, webhook: Webhook) -> None:
        self._webhook = webhook
        self._known: Mapping[str, Described] | None = None

    async def read(self) -> Mapping[str, Described]:
        """As they are now."""
        told = await self._webhook.call("crm.item.fields", entityTypeId=CONTACT)
        found = {
            name: described
            for name, one in told["fields"].items()
            if name not in _NOBODYS and (described := _described(name, one)) is not None
        }
        rows = {name: Described(one, name.upper()) for name, one in _MULTIFIELDS.items()}
        self._known = found | rows
        return self._known

    async def known(self, names: Collection[str] = ()) -> Mapping[str, Described]:
        """As they were last read, or anew if one of `names` was not there then, or is a list."""
        known = self._known
        if known is None or any(name not in known or known[name].is_list for name in names):
            return await self.read()
        return known

    def forget(self) -> None:
        """Something is not as it was described."""
        self._known = None

    async def checked(self, edit: Edit) -> Mapping[str, Described]:
        """The fields, when the edit can be written into them.

        Raises:
            MappingBroken: fields that are not there, are read-only, or of another kind.
            InvalidValue: choices that are not there.
        """
        tags = {*edit.add_tags, *edit.remove_tags}
        names = {*edit.values, *tags}
        known = await self.known(names)
        broken = {
            name
            for name in names
            if name not in known
            or known[name].field.read_only
            or (known[name].field.kind == "tags") != (name in tags)  # tags are never replaced
        }
        if broken:
            raise MappingBroken("no_such_field_or_read_only", fields=broken)
        if wrong := _wrong_choices(edit, known):
            raise InvalidValue("no_such_choice", fields=wrong)
        return known


def _wrong_choices(edit: Edit, known: Mapping[str, Described]) -> set[str]:
    return {
        name
        for name, value in edit.values.items()
        if value
        and name in known
        and (choices := known[name].field.choices) is not None
        and value not in choices
    }


def _described(name: str, told: Mapping[str, Any]) -> Described | None:
    """None for what no field of ours can be mapped to."""
    kind = _KINDS.get(told["type"])
    if told.get("isMultiple"):
        kind = "tags" if told["type"] in _TAGS else None
    if kind is None:
        return None
    names = {int(one["ID"]): str(one["VALUE"]) for one in told.get("items") or ()}
    options = {label: id_ for id_, label in sorted(names.items(), reverse=True)}
    is_list = told["type"] == "enumeration"
    remote = RemoteField(
        name=name,
        label=told.get("title") or name,
        kind=kind,
        read_only=bool(told.get("isReadOnly") or told.get("isImmutable")),
        choices=tuple(dict.fromkeys(names.values())) if kind == "choice" else None,
    )
    return Described(remote, told.get("upperName") or name, options, names, is_list)
